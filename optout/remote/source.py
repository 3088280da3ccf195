"""What the user named (hf://, https:// or s3://) → the files there, listed or by name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import quote

from optout.errors import DatasetError
from optout.remote import bucket, hub, web
from optout.remote.address import (
    fixed_part,
    has_pattern,
    hub_address,
    inside,
    path_of,
    scheme_of,
)
from optout.remote.file import RemoteFile
from optout.remote.session import Session, require_extra

_LISTING = ("hf", "s3")  # where folders can be listed
_MANY = 20  # files; so many looks take a while
_SMALL = 16 * 2**20  # bytes of a file that is read whole, such as a manifest


class Place(Protocol):
    """A kind of remote place: a repository, a bucket, a web server."""

    def file(self, path: str) -> RemoteFile:
        """The file at `path`, as in the address."""

    def paths(self, folder: str) -> list[str]:
        """The paths of all files below `folder`, sorted. Raises DatasetError."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One file of a listing."""

    file: RemoteFile
    name: str  # relative to the folder named, or to the fixed part of the pattern
    folders: tuple[str, ...]  # the names above it, nearest first
    called: str  # what its data set is called where nothing better is known


@dataclass(frozen=True, slots=True)
class Source:
    """A remote folder, such as an index."""

    address: str  # as named, without a slash at its end
    session: Session

    def file(self, relative: str) -> RemoteFile:
        """The file `relative` below the folder. Raises DatasetError for a path that leads out."""
        name = inside(relative)
        if scheme_of(self.address) not in _LISTING:
            name = quote(name)
        return open_file(f"{self.address}/{name}", self.session)

    def read(self, relative: str, most: int = _SMALL) -> bytes:
        """All bytes of a small file. Raises DatasetError where it cannot be read."""
        return self.file(relative).whole(most)


def open_source(address: str, session: Session) -> Source:
    """The folder at `address`; nothing is asked for yet. Raises DatasetError for a bad address."""
    _place(address, session)
    if scheme_of(address) not in _LISTING and "?" in address:
        raise DatasetError(
            f"{address} cannot be a folder: what follows its question mark is for one file",
            "name the folder alone",
        )
    return Source(address.rstrip("/"), session)


def open_file(address: str, session: Session) -> RemoteFile:
    """The file at `address`, the same object each time. Raises DatasetError for a bad address."""
    found = session.files.get(address)
    if found is None:
        found = _place(address, session).file(_path(address))
        found = session.files.setdefault(address, found)
    return found


def files_under(address: str, session: Session, suffixes: Sequence[str]) -> list[Listed]:
    """The files with one of `suffixes` that a file, folder or pattern names, sorted by path.

    Raises DatasetError where there are none, or they cannot be listed.
    """
    place, path = _place(address, session), _path(address)
    patterned = scheme_of(address) in _LISTING and has_pattern(path)
    if not patterned and _has(path, suffixes):
        file = open_file(address, session)
        return [Listed(file, file.name, _folders(address, path), file.stem)]
    if patterned:
        root, fits = fixed_part(path), _pattern(path)
    else:
        root, fits = f"{path.rstrip('/')}/" if path else "", None
    found = [
        _listed(address, place, session, root, one)
        for one in sorted(place.paths(root))
        if _has(one, suffixes) and (fits.fullmatch(one) if fits else _shown(one, root))
    ]
    if not found:
        raise DatasetError(
            f"no data set file ({', '.join(suffixes)}) is at {address}", "check the address"
        )
    if len(found) > _MANY:
        session.tell(f"{len(found):,} files at {address}: first a look at the end of each")
    return found


def _listed(address: str, place: Place, session: Session, root: str, path: str) -> Listed:
    file = place.file(path)
    file = session.files.setdefault(file.address, file)
    name, folders = path.removeprefix(root), _folders(address, path)
    return Listed(file, name, folders, folders[name.count("/")])


def _place(address: str, session: Session) -> Place:
    require_extra()
    scheme = scheme_of(address)
    if scheme == "hf":
        return hub.place(address, session)
    if scheme == "s3":
        return bucket.place(address, session)
    return web.place(address, session)


def _path(address: str) -> str:
    """The path of an address in its repository or bucket, or on its server."""
    if scheme_of(address) == "hf":
        return hub_address(address).path
    return path_of(address)


def _folders(address: str, path: str) -> tuple[str, ...]:
    """The folders above a file, nearest first, then the repository and its owner, or the bucket."""
    if scheme_of(address) == "hf":
        above = hub_address(address).repo.split("/")
    else:
        above = [address.partition("://")[2].partition("/")[0]]
    return tuple(reversed([*above, *path.split("/")[:-1]]))


def _has(path: str, suffixes: Sequence[str]) -> bool:
    return path.lower().endswith(tuple(suffixes))


def _shown(path: str, root: str) -> bool:
    return not any(part.startswith((".", "_")) for part in path.removeprefix(root).split("/"))


def _pattern(path: str) -> re.Pattern[str]:
    from fsspec.utils import glob_translate

    try:
        return re.compile(glob_translate(path))
    except (ValueError, re.error) as error:
        raise DatasetError(f"{path[:200]!r} is no pattern of file names", "check it") from error

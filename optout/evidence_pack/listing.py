"""Files of a pack ↔ manifest.json: name, size and SHA-256 of each, and what differs from it."""

from __future__ import annotations

import hashlib
import json
import re
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from optout.errors import CaseError

MANIFEST = "manifest.json"
FORMAT = 1
# What somebody else may put beside the manifest to date it.
STAMPS = ("manifest.json.tsr", "manifest.json.ots")
MOST_FILES = 10_000
MOST_BYTES = 4 * 2**30  # of all files together; a zip can promise more than it holds
_MAX_MANIFEST = 16 * 2**20
_CHUNK = 2**20
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Verified:
    """What was compared. `problems` is empty when every file is as listed."""

    files: int
    manifest_sha256: str
    stamps: tuple[str, ...]  # time stamps beside the manifest, not checked here
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Member:
    """A file of a folder or zip."""

    name: str
    size: int
    path: Path | zipfile.ZipInfo


def manifest_bytes(head: dict[str, Any], files: dict[str, bytes]) -> bytes:
    """manifest.json for `files`: `head`, then each file in the order of names."""
    listed = [
        {"name": name, "size": len(body), "sha256": hashlib.sha256(body).hexdigest()}
        for name, body in sorted(files.items())
    ]
    text = json.dumps({"format": FORMAT, **head, "files": listed}, indent=2, ensure_ascii=True)
    return f"{text}\n".encode("ascii")


def verify(path: Path) -> Verified:
    """Compare a pack (its folder or zip) with its own manifest.

    Raises CaseError when it is no pack, or made by a newer optout.
    """
    with _opened(path) as pack:
        members = pack.members()
        if sum(member.size for member in members.values()) > MOST_BYTES:
            raise CaseError(f"{path} is larger than any pack", "name what optout evidence wrote")
        manifest = members.pop(MANIFEST, None)
        if manifest is None or manifest.size > _MAX_MANIFEST:
            raise _no_pack(path)
        with pack.open(manifest) as file:
            body = file.read(_MAX_MANIFEST + 1)
        listed = _listed(path, body)
        stamps = tuple(name for name in STAMPS if members.pop(name, None))
        problems = [*pack.problems, *_differences(pack, members, listed)]
    return Verified(len(listed), hashlib.sha256(body).hexdigest(), stamps, tuple(problems))


def _differences(
    pack: _Folder | _Zip, members: dict[str, _Member], listed: dict[str, Any]
) -> Iterator[str]:
    for name in sorted(listed.keys() | members.keys()):
        if name not in listed:
            yield f"{name} is not listed"
        elif name not in members:
            yield f"{name} is missing"
        else:
            said, member = listed[name], members[name]
            if member.size != said.get("size"):
                yield f"{name} was changed: {member.size} bytes, not {said.get('size')}"
            elif pack.sha256(member) != said.get("sha256"):
                yield f"{name} was changed"


def _listed(path: Path, body: bytes) -> dict[str, Any]:
    """The entries of a manifest by name."""
    try:
        manifest = json.loads(body)
        version, files = manifest["format"], manifest["files"]
        found = {entry["name"]: entry for entry in files}
        well = all(isinstance(n, str) and _SHA256.fullmatch(e["sha256"]) for n, e in found.items())
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _no_pack(path) from error
    if not isinstance(version, int) or not well or len(found) != len(files):
        raise _no_pack(path)
    if version > FORMAT:
        raise CaseError(f"{path.name} was made by a newer optout", "update optout, then try again")
    return found


@contextmanager
def _opened(path: Path) -> Iterator[_Folder | _Zip]:
    if path.is_dir():
        yield _Folder(path)
        return
    try:
        with zipfile.ZipFile(path) as archive:
            yield _Zip(archive)
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError, ValueError) as error:
        raise _no_pack(path) from error


class _Folder:
    """A pack as a folder. Links are not followed: a pack holds none."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.problems: list[str] = []

    def members(self) -> dict[str, _Member]:
        found: dict[str, _Member] = {}
        for path in sorted(self._folder.rglob("*")):
            mode = path.lstat().st_mode
            name = path.relative_to(self._folder).as_posix()
            if stat.S_ISREG(mode):
                found[name] = _Member(name, path.lstat().st_size, path)
            elif not stat.S_ISDIR(mode):
                self.problems.append(f"{name} is not a plain file")
            if len(found) > MOST_FILES:
                raise _no_pack(self._folder)
        return found

    def open(self, member: _Member) -> BinaryIO:
        assert isinstance(member.path, Path)
        return member.path.open("rb")

    def sha256(self, member: _Member) -> str:
        with self.open(member) as file:
            return _digest(file, member.size)


class _Zip:
    """A pack as a zip, read without unpacking; a member that is larger than it says is changed."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self.problems: list[str] = []

    def members(self) -> dict[str, _Member]:
        entries = [entry for entry in self._archive.infolist() if not entry.is_dir()]
        if len(entries) > MOST_FILES:
            raise zipfile.BadZipFile("too many files")
        found: dict[str, _Member] = {}
        tops = {entry.filename.partition("/")[0] for entry in entries if "/" in entry.filename}
        # A pack's files lie in one folder, unless somebody packed them without it.
        prefix = f"{tops.pop()}/" if len(tops) == 1 and MANIFEST not in self._names() else ""
        for entry in entries:
            name = entry.filename.removeprefix(prefix)
            if name in found:
                self.problems.append(f"{name} is there twice")
            if not entry.filename.startswith(prefix):
                name = f"../{entry.filename}"
            found[name] = _Member(name, entry.file_size, entry)
        return found

    def open(self, member: _Member) -> BinaryIO:
        assert isinstance(member.path, zipfile.ZipInfo)
        return self._archive.open(member.path)  # type: ignore[return-value]

    def sha256(self, member: _Member) -> str:
        try:
            with self.open(member) as file:
                return _digest(file, member.size)
        except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError, OSError):
            return ""  # broken: a changed byte shows itself in the zip's own checks as well

    def _names(self) -> list[str]:
        return self._archive.namelist()


def _digest(file: BinaryIO, size: int) -> str:
    """SHA-256 of a file, of no more than its size and one byte."""
    digest, left = hashlib.sha256(), size + 1
    while left > 0 and (chunk := file.read(min(_CHUNK, left))):
        digest.update(chunk)
        left -= len(chunk)
    return digest.hexdigest()


def _no_pack(path: Path) -> CaseError:
    return CaseError(
        f"{path} is no evidence pack: it has no readable {MANIFEST}",
        "name the folder or zip that optout evidence wrote",
    )

"""Data files and artists → a source of rows: each file searched by a task of Ray.

What ties is decided there, by the same code as in a search on one machine; only rows that tie
travel, and they are put together here, in the order of the files.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from optout import __version__
from optout.cluster.session import Cluster, require_seen
from optout.cluster.tasks import Unreachable, refuse_other, remote, result
from optout.datasets import DataFile
from optout.errors import DatasetError
from optout.matching.artist import Artist
from optout.matching.finished import question
from optout.matching.look import Look, Row
from optout.matching.raw import RawFiles
from optout.matching.scan import search
from optout.matching.sieve import Sieve
from optout.matching.source import FileCount, Reading
from optout.matching.wanted import wanted
from optout.remote import Session
from optout.remote.session import Traffic


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a search looks for, as tasks hear of it."""

    key: str
    artists: Any  # where Ray keeps them: one copy on each machine
    captions: bool
    cache: str  # limit of the cache of remote files, in bytes
    revisions: dict[str, str]  # so that all files of a repository are of one state
    version: str


@dataclass(frozen=True, slots=True)
class _Answer:
    count: FileCount
    rows: list[Row]
    traffic: Traffic


class RayFiles:
    """Data files, each searched by a worker: a Source for scan.py."""

    def __init__(self, artists: Sequence[Artist], captions: bool, session: Session) -> None:
        import ray

        self._session = session
        self._task = remote(_search_file)
        key = question(artists, captions)
        kept = ray.put(list(artists))
        cache = str(session.cache.limit)
        self._asked = _Asked(key, kept, captions, cache, dict(session.revisions), __version__)

    def rows(self, file: DataFile, count: FileCount, reading: Reading) -> Iterator[list[Row]]:
        """The rows of `file` that tie to one of the artists. Raises DatasetError for damage."""
        sent = _sent(file)
        try:
            answer: _Answer = result(self._task.remote(self._asked, sent, str(file.path)))
        except DatasetError as error:
            # As the user named the file.
            message = error.message.replace(str(sent.path), str(file.path))
            raise DatasetError(message, error.hint) from error
        found = answer.count
        count.rows, count.null_urls = found.rows, found.null_urls
        count.skipped, count.examples = found.skipped, found.examples
        self._session.add(answer.traffic)
        reading(count.rows)
        yield answer.rows

    def whole(self, file: DataFile, rows: Sequence[Row]) -> list[Row]:
        """These rows: they came in all columns."""
        return list(rows)


def require_files(cluster: Cluster, files: Sequence[DataFile]) -> None:
    """Raises ClusterError where a machine does not see the first local file."""
    local = [file.path for file in files if isinstance(file.path, Path)]
    if local and len(cluster.nodes) > 1:
        require_seen(cluster, local[0])


def _sent(file: DataFile) -> DataFile:
    """A file as it can travel: a connection cannot, and a worker may stand in another folder."""
    return replace(file, path=file.path.absolute() if isinstance(file.path, Path) else Path())


def _search_file(asked: _Asked, file: DataFile, place: str) -> _Answer:
    """In a worker: search one file, which a remote address names where its path is empty."""
    from optout.remote.source import open_file

    refuse_other(asked.version)
    sieve, look = _prepared(asked.key, asked.artists, asked.captions)
    afar = file.path == Path()
    with Session(asked.cache) as session:
        session.revisions.update(asked.revisions)
        if afar:
            file = replace(file, path=open_file(place, session))
        try:
            with closing(RawFiles(sieve, 1, session)) as source:
                found = search(source, file, look, lambda rows: None)
        except DatasetError as error:
            raise (Unreachable(error.message, error.hint) if afar else error) from None
        count = replace(found.count, file=replace(file, path=Path()))
        return _Answer(count, [row for row, _ in found.rows], session.traffic)


@lru_cache(maxsize=1)
def _prepared(key: str, artists: Any, captions: bool) -> tuple[Sieve, Look]:
    """What every file of a search needs, made once in each worker."""
    import ray

    known: list[Artist] = ray.get(artists)
    return Sieve(wanted(known, captions)), Look(known, captions)

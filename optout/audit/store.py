"""What sites answered, kept in one SQLite file: site files and image answers, the latest of each.

A copy that may not be reused any more stays as a record, so that an audit can be repeated offline.
Commits are small and survive a kill; several audits may share the file.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from optout.errors import OptoutError
from optout.readers.subject import Hop

VERSION = 1  # of the file; a higher one is refused
BUSY_SECONDS = 30.0  # how long one audit waits for another's commit

_SCHEMA = """
CREATE TABLE IF NOT EXISTS {name}.site_files (
    url TEXT PRIMARY KEY, origin TEXT NOT NULL, kind TEXT NOT NULL, final_url TEXT, outcome TEXT,
    reason TEXT, status INTEGER, observed_at INTEGER NOT NULL, fresh_until INTEGER NOT NULL,
    etag TEXT, last_modified TEXT, body BLOB
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS {name}.answers (
    url TEXT PRIMARY KEY, observed_at INTEGER NOT NULL, reason TEXT, hops TEXT NOT NULL
) WITHOUT ROWID;
"""
_TIMES = slice(7, 9)  # fields of Copy that are times
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Copy:
    """A site file as last answered. `fresh_until` says how long it may be used."""

    url: str
    origin: str
    kind: str
    final_url: str
    outcome: str
    reason: str
    status: int | None
    observed_at: datetime
    fresh_until: datetime
    etag: str = ""
    last_modified: str = ""
    body: bytes | None = None

    @property
    def works(self) -> bool:
        """Whether the site itself said something: no server error, no failure on the way."""
        answered = self.outcome in ("fetched", "too_large") and self.status is not None
        return answered and self.status is not None and self.status < 500


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of asking for one image."""

    url: str
    observed_at: datetime
    reason: str  # why there is no answer, or not the whole one; else empty
    hops: tuple[Hop, ...]


class Store:
    """The records in one database of a connection."""

    def __init__(self, connection: sqlite3.Connection, name: str = "store") -> None:
        self.connection = connection
        self.name = name

    @classmethod
    def attach(cls, connection: sqlite3.Connection, path: Path | None) -> Store:
        """The file at `path`, made where there is none; None is one for this connection alone.

        Raises OptoutError where it is no such file or of a newer optout.
        """
        with told(path):
            connection.execute("ATTACH ? AS store", ["" if path is None else str(path)])
            version = connection.execute("PRAGMA store.user_version").fetchone()[0]
            if version > VERSION:
                raise OptoutError(f"{path} was written by a newer optout", "update optout")
            connection.execute("PRAGMA store.journal_mode = WAL")
            connection.execute("PRAGMA store.synchronous = NORMAL")
            connection.executescript(_SCHEMA.format(name="store"))
            connection.execute(f"PRAGMA store.user_version = {VERSION}")
        return cls(connection)

    def site_file(self, url: str) -> Copy | None:
        """The copy of a site file, however old."""
        row = self.connection.execute(
            "SELECT url, origin, kind, final_url, outcome, reason, status, observed_at, "
            "fresh_until, etag, last_modified, body FROM store.site_files WHERE url = ?",
            [url],
        ).fetchone()
        return None if row is None else _copy(row)

    def keep_site_files(self, copies: Iterable[Copy]) -> None:
        """Put copies in the place of older ones."""
        self.connection.executemany(
            "INSERT OR REPLACE INTO store.site_files VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            map(_fields, copies),
        )

    def keep_answers(self, answers: Iterable[Answer]) -> None:
        """Put answers in the place of older ones."""
        self.connection.executemany(
            "INSERT OR REPLACE INTO store.answers VALUES (?, ?, ?, ?)",
            [(a.url, micros(a.observed_at), a.reason, _packed(a)) for a in answers],
        )


def _fields(copy: Copy) -> list[Any]:
    return [micros(v) if isinstance(v, datetime) else v for v in astuple(copy)]


def _copy(row: tuple[Any, ...]) -> Copy:
    """The copy of a row, whose columns are the record's fields."""
    fields = list(row)
    fields[_TIMES] = map(moment, fields[_TIMES])
    return Copy(*fields)


def unpacked(url: str, observed_at: int, reason: str, hops: str) -> Answer:
    """An answer from its row."""
    if hops == _PLAIN:
        return Answer(url, moment(observed_at), reason, (Hop(url, 200),))
    made = tuple(
        Hop(hop_url or url, status, tuple((name, value) for name, value in lines))
        for hop_url, status, lines in json.loads(hops)
    )
    return Answer(url, moment(observed_at), reason, made)


_PLAIN = '[["", 200, []]]'  # what most images answer


def _packed(answer: Answer) -> str:
    hops = [["" if h.url == answer.url else h.url, h.status, h.headers] for h in answer.hops]
    return json.dumps(hops)


def micros(moment: datetime) -> int:
    """Microseconds since 1970."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def moment(stored: int) -> datetime:
    """The time that `micros` stands for."""
    return _EPOCH + timedelta(microseconds=stored)


@contextmanager
def told(path: Any) -> Iterator[None]:
    """Trouble with a database file as an OptoutError."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        if "locked" in str(error):
            raise OptoutError(
                "another audit of the same list is at work", "wait for it, or stop it"
            ) from error
        raise OptoutError(
            f"{path} cannot be used: {error}", "name another folder with --cache, or free space"
        ) from error

"""The rows of a list, kept in SQLite while an audit goes on: what to ask, what was asked.

Memory does not grow with the list, and an audit that was killed goes on where it was.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from crawler.urls import clean, origin
from optout.audit.store import BUSY_SECONDS, Answer, Store, micros, moment, told, unpacked

_SCHEMA = """
CREATE TABLE IF NOT EXISTS state (started_at INTEGER NOT NULL, rows INTEGER);
CREATE TABLE IF NOT EXISTS origins (
    id INTEGER PRIMARY KEY, origin TEXT NOT NULL UNIQUE, done INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS rows (
    n INTEGER PRIMARY KEY, file TEXT NOT NULL, row INTEGER NOT NULL, text TEXT,
    address TEXT, origin INTEGER
);
"""
_PAGE = 512  # addresses taken from the disk at a time
_BATCH = 4096  # rows judged at a time

# (file, row number, text of the address or None)
Line = tuple[str, int, str | None]


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the list, and what its address answered, where that is known."""

    file: str
    number: int
    text: str | None  # as it stands there
    address: str | None  # in clean form; None where it is no http(s) address
    answer: Answer | None


class Work:
    """One audit's rows. `started_at` is when the audit began, before any interruption."""

    def __init__(self, path: Path | None, store: Path | None, now: datetime) -> None:
        """Open or begin the work kept at `path`, with the answers at `store`.

        None is a file that goes with the connection. Raises OptoutError where another process is
        at work on it.
        """
        self.path = path
        with told(path):
            self.connection = sqlite3.connect(
                "" if path is None else path, timeout=BUSY_SECONDS, isolation_level=None
            )
        try:
            with told(path):
                self._open(now)
            self.store = Store.attach(self.connection, store)
        except BaseException:
            self.connection.close()
            raise

    def _open(self, now: datetime) -> None:
        run = self.connection.execute
        # Kept by this process until it ends, whatever ends it. No waiting: it would be for hours.
        run("PRAGMA busy_timeout = 0")
        run("PRAGMA main.locking_mode = EXCLUSIVE")
        run("PRAGMA main.journal_mode = WAL")
        run("PRAGMA main.synchronous = NORMAL")
        self.connection.executescript(_SCHEMA)
        begin = "INSERT INTO state SELECT ?, NULL WHERE NOT EXISTS (SELECT 1 FROM state)"
        run(begin, [micros(now)])
        run(f"PRAGMA busy_timeout = {int(BUSY_SECONDS * 1000)}")
        started, self.rows = run("SELECT started_at, rows FROM state").fetchone()
        self.started_at = moment(started)
        self.resumed = self.rows is not None

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that the block writes, or nothing of it."""
        self.connection.execute("BEGIN")
        try:
            yield
        except BaseException:
            self.connection.rollback()
            raise
        self.connection.execute("COMMIT")

    def fill(self, batches: Iterable[list[Line]]) -> None:
        """Take in the list, unless that was done before. All of it or nothing counts."""
        if self.rows is not None:
            return
        count = 0
        with self.transaction():
            for batch in batches:
                count += self._add(batch, count)
            self.connection.execute("CREATE INDEX rows_of_origin ON rows (origin)")
            self.connection.execute("UPDATE state SET rows = ?", [count])
        self.rows = count

    def _add(self, batch: list[Line], count: int) -> int:
        addresses = [clean(text) if text else None for _, _, text in batch]
        places = [origin(address) if address else None for address in addresses]
        ids = self._origin_ids(sorted({place for place in places if place}))
        self.connection.executemany(
            "INSERT INTO rows VALUES (?, ?, ?, ?, ?, ?)",
            (
                (n, file, row, _storable(text, address), address, ids.get(place or ""))
                for n, ((file, row, text), address, place) in enumerate(
                    zip(batch, addresses, places, strict=True), count
                )
            ),
        )
        return len(batch)

    def _origin_ids(self, places: list[str]) -> dict[str, int]:
        run = self.connection
        run.executemany(
            "INSERT OR IGNORE INTO origins (origin) VALUES (?)", ((place,) for place in places)
        )
        select = "SELECT id FROM origins WHERE origin = ?"
        return {place: run.execute(select, [place]).fetchone()[0] for place in places}

    def origins(self) -> Iterator[tuple[int, str]]:
        """(id, origin) of those not finished, in the order in which the list first names them."""
        last = 0
        select = "SELECT id, origin FROM origins WHERE id > ? AND NOT done ORDER BY id LIMIT ?"
        while page := self.connection.execute(select, [last, _PAGE]).fetchall():
            yield from page
            last = page[-1][0]

    def addresses(self, origin_id: int) -> Iterator[str]:
        """Addresses of an origin that have no answer from this audit, in the order of the list.

        One that stands in the list again may come again.
        """
        last = -1
        select = (
            "SELECT n, address FROM rows WHERE origin = ? AND n > ? AND NOT EXISTS (SELECT 1 "
            "FROM store.answers AS a WHERE a.url = address AND a.observed_at >= ?) "
            "ORDER BY n LIMIT ?"
        )
        begun = micros(self.started_at)
        while page := self.connection.execute(select, [origin_id, last, begun, _PAGE]).fetchall():
            yield from dict.fromkeys(address for _, address in page)
            last = page[-1][0]

    def counts(self) -> tuple[int, int, int]:
        """(origins, of these finished, rows at finished origins)."""
        run = self.connection.execute
        total, done = run("SELECT count(*), coalesce(sum(done), 0) FROM origins").fetchone()
        select = "SELECT count(*) FROM rows WHERE origin IN (SELECT id FROM origins WHERE done)"
        return total, done, run(select).fetchone()[0] if done else 0

    def rows_at(self, origin_id: int) -> int:
        """How many rows name an address of the origin."""
        select = "SELECT count(*) FROM rows WHERE origin = ?"
        count: int = self.connection.execute(select, [origin_id]).fetchone()[0]
        return count

    def finished(self, origin_ids: Iterable[int]) -> None:
        """All that there is to ask of these origins has been asked and kept."""
        self.connection.executemany(
            "UPDATE origins SET done = 1 WHERE id = ?", ((i,) for i in origin_ids)
        )

    def judged(self, *, answers: bool) -> Iterator[list[Row]]:
        """All rows in the order of the list, some at a time, with their answers if wanted."""
        columns = "a.observed_at, a.reason, a.hops" if answers else "NULL, NULL, NULL"
        join = "LEFT JOIN store.answers AS a ON a.url = address" if answers else ""
        select = (
            f"SELECT file, row, text, address, {columns} FROM rows {join} "  # noqa: S608
            "WHERE n >= ? AND n < ? ORDER BY n"
        )
        for first in range(0, self.rows or 0, _BATCH):
            found = self.connection.execute(select, [first, first + _BATCH])
            yield [_row(fields) for fields in found]

    def close(self, *, done: bool = False) -> None:
        """Let go of the files; `done` removes the rows, whose verdicts have been written."""
        self.connection.close()
        if done and self.path:
            for name in (self.path, *(Path(f"{self.path}{end}") for end in ("-wal", "-shm"))):
                with suppress(FileNotFoundError):
                    name.unlink()


def _storable(text: str | None, address: str | None) -> str | None:
    """The text where it says more than the address; SQLite holds no half surrogates."""
    if text is None or text == address:
        return None
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _row(fields: tuple[Any, ...]) -> Row:
    file, number, text, address, *answer = fields
    known = unpacked(address, *answer) if address and answer[0] is not None else None
    return Row(file, number, address if text is None else text, address, known)

"""A raw data file → its rows that pass the sieve: read once, each needed column once.

The first of the sources that scan.py draws rows from. Addresses (captions and hashes where any are
wanted) are streamed through the sieve, several parts of a file at a time; the other columns are
read of those rows alone that tie to somebody.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from optout.database import connect, quoted, relation
from optout.datasets import DataFile
from optout.datasets.columns import ROW
from optout.datasets.text import batches
from optout.datasets.view import view_sql
from optout.errors import DatasetError, OptoutError
from optout.matching.look import Row
from optout.matching.sieve import Sieve
from optout.matching.source import FileCount, Reading
from optout.remote import RemoteFile, Session, attach

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

_SIEVED = 122_880  # rows sieved at a time, as many as the database has in a row group of its own
_PART = 500_000  # rows of a part of a file, at least
_MEMORY = 2  # gigabytes for all connections: what a scan holds must not grow with the data


@dataclass(frozen=True, slots=True)
class _Part:
    """Rows of one file that one worker reads: whole row groups."""

    first: int
    last: int

    def of(self, file: DataFile) -> str:
        # Square brackets and stars in a file's own name are no pattern.
        # Folders may be called anything: "url=x" is a name, not a column.
        return (
            f"read_parquet([{quoted(_literal(str(file.path)))}], "
            "file_row_number = true, hive_partitioning = false, binary_as_string = true) "
            f"WHERE {ROW} BETWEEN {self.first} AND {self.last}"
        )


class RawFiles:
    """Data files, each read whole; for the threads of one search. Close it when that is done."""

    def __init__(self, sieve: Sieve, workers: int = 0, session: Session | None = None) -> None:
        """So many parts are read at once; 0 for one on each processor. Remote files are read
        through `session`."""
        self._sieve = sieve
        self._session = session
        workers = workers or os.cpu_count() or 1
        self._pool = ThreadPoolExecutor(workers)
        self._connections: SimpleQueue[duckdb.DuckDBPyConnection] = SimpleQueue()
        for _ in range(workers):
            self._connections.put(self._connection(workers))
        self._workers = workers

    def close(self) -> None:
        """Stop what is under way."""
        self._pool.shutdown(cancel_futures=True)
        for _ in range(self._workers):
            self._connections.get().close()

    def rows(self, file: DataFile, count: FileCount, reading: Reading) -> Iterator[list[Row]]:
        """The rows of `file` that pass, in order. Raises DatasetError for damage."""
        before = _stamp(file)
        with _told(file):
            work = self._of_parts if file.columns.format == "parquet" else self._of_text
            for batch, read in work(file):
                count.rows += read
                reading(count.rows)
                yield batch
        if _stamp(file) != before:
            raise DatasetError(
                f"{file.path} was changed while it was searched", "search again when it is complete"
            )

    def whole(self, file: DataFile, rows: Sequence[Row]) -> list[Row]:
        """These rows of `file` in all columns. Raises DatasetError for damage."""
        if not rows or file.columns.format != "parquet":
            return list(rows)
        with _told(file):
            parts = [
                (part, found)
                for part in _parts(file)
                if (found := [r for r in rows if part.first <= r["dataset_row"] <= part.last])
            ]
            done = [self._pool.submit(self._completed, file, *one) for one in parts]
            return [row for future in done for row in future.result()]

    def _of_parts(self, file: DataFile) -> Iterator[tuple[list[Row], int]]:
        """The rows of each part that pass, and how many it has."""
        done: list[Future[tuple[list[Row], int]]] = [
            self._pool.submit(self._sieved, file, part) for part in _parts(file)
        ]
        try:
            for future in done:
                yield future.result()
        finally:
            for future in done:
                future.cancel()

    def _sieved(self, file: DataFile, part: _Part) -> tuple[list[Row], int]:
        rows: list[Row] = []
        read = 0
        with self._borrowed() as connection:
            for batch in _read(connection, "searched", view_sql(file, part.of(file), ROW)):
                places = self._sieve.passing(batch)
                rows += batch.take(_numbers(places)).to_pylist() if len(places) else []
                read += batch.num_rows
        return rows, read

    def _completed(self, file: DataFile, part: _Part, rows: Sequence[Row]) -> list[Row]:
        numbers = ", ".join(str(int(row["dataset_row"])) for row in rows)
        view = view_sql(file, f"{part.of(file)} AND {ROW} IN ({numbers})", ROW)
        with self._borrowed() as connection:
            others = _rows(connection, view)
        return [_joined(row, other) for row, other in zip(rows, others, strict=True)]

    def _of_text(self, file: DataFile) -> Iterator[tuple[list[Row], int]]:
        # The batches of a text file carry our own column names already.
        names = {name: name for name in file.columns.names}
        plain = replace(file, columns=replace(file.columns, names=names))
        view = view_sql(plain, "text_rows", "dataset_row")
        for table in batches(file.path, file.columns):
            with self._borrowed() as connection:
                yield self._of_table(connection, table, view), table.num_rows

    def _of_table(
        self, connection: duckdb.DuckDBPyConnection, table: pa.Table, view: str
    ) -> list[Row]:
        first = table["dataset_row"][0].as_py() if table.num_rows else 0
        connection.register("text_rows", table)
        rows: list[Row] = []
        for batch in _read(connection, "searched", view):
            rows += batch.take(_numbers(self._sieve.passing(batch))).to_pylist()
        kept = table.take(_numbers([row["dataset_row"] - first for row in rows]))
        connection.register("text_rows", kept)
        others = _rows(connection, view)
        connection.unregister("text_rows")
        return [_joined(row, other) for row, other in zip(rows, others, strict=True)]

    @contextmanager
    def _borrowed(self) -> Iterator[duckdb.DuckDBPyConnection]:
        connection = self._connections.get()
        try:
            yield connection
        finally:
            self._connections.put(connection)

    def _connection(self, workers: int) -> duckdb.DuckDBPyConnection:
        connection = connect()
        # Decoding on one thread costs less than the same on two; the workers are the threads.
        connection.execute("SET threads = 1")
        if self._session is not None and self._session.files:
            attach(connection, self._session)
        connection.execute(f"SET memory_limit = '{_MEMORY * 1000 // workers}MB'")
        for name in ("captions", "hashes", "phashes"):
            value = bool(getattr(self._sieve.wanted, name))
            connection.execute(f"SET VARIABLE {name} = $1", [value])
        return connection


def _read(connection: duckdb.DuckDBPyConnection, query: str, view: str) -> Iterator[pa.RecordBatch]:
    connection.execute(f"CREATE OR REPLACE TEMP VIEW dataset AS {view}")
    yield from relation(connection, query).to_arrow_reader(_SIEVED)


def _rows(connection: duckdb.DuckDBPyConnection, view: str) -> list[Row]:
    return [row for batch in _read(connection, "survivors", view) for row in batch.to_pylist()]


def _joined(row: Row, other: Row) -> Row:
    """What was read first and what was read then; each column was read once."""
    return {**row, **{name: value for name, value in other.items() if value is not None}}


def _parts(file: DataFile) -> list[_Part]:
    """The file in parts of whole row groups."""
    import pyarrow.parquet as pq

    place = file.path.open("rb") if isinstance(file.path, RemoteFile) else file.path
    metadata = pq.read_metadata(place)
    parts: list[_Part] = []
    first = end = 0
    for group in range(metadata.num_row_groups):
        end += metadata.row_group(group).num_rows
        if end - first >= _PART:
            parts.append(_Part(first, end - 1))
            first = end
    return [*parts, _Part(first, end - 1)] if end > first else parts


def _numbers(places: Any) -> pa.Array:
    import pyarrow as pa

    return pa.array(places, pa.int64())


@contextmanager
def _told(file: DataFile) -> Iterator[None]:
    """Say in a sentence what is wrong with a file."""
    try:
        yield
    except (OptoutError, MemoryError, RecursionError):
        raise
    except Exception as error:
        # Of what goes wrong in a remote file, the database passes on no more than a text.
        told = isinstance(file.path, RemoteFile) and file.path.session.failure
        if told:
            raise told from error
        # The database and Arrow each have a tree of errors of their own for a damaged file.
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DatasetError(
            f"{file.path} cannot be read: {reason}", "load the file again"
        ) from error


def _literal(path: str) -> str:
    return "".join(f"[{char}]" if char in "*?[" else char for char in path)


def _stamp(file: DataFile) -> tuple[int, int]:
    if isinstance(file.path, RemoteFile):
        return file.path.size, 0  # that one changes is noticed with every part
    try:
        found = file.path.stat()
    except OSError as error:
        raise DatasetError(
            f"{file.path} cannot be read: {error.strerror}", "load the file again"
        ) from error
    return found.st_size, found.st_mtime_ns

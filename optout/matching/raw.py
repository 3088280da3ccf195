"""A raw data file → its rows that pass the sieve: read once, each needed column once.

The first of the sources that scan.py draws rows from. Addresses (captions and hashes where any are
wanted) are streamed through the sieve; of the rows that pass the other columns are read then.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from optout.database import quoted, relation
from optout.datasets import DataFile
from optout.datasets.columns import ROW
from optout.datasets.text import batches
from optout.datasets.view import view_sql
from optout.errors import DatasetError, OptoutError
from optout.matching.look import Row
from optout.matching.sieve import Sieve
from optout.matching.source import FileCount, Reading

if TYPE_CHECKING:
    import duckdb
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    Places = npt.NDArray[np.int64]

_SIEVED = 122_880  # rows sieved at a time, as many as the database has in a row group of its own
_BATCH = 16_384  # rows handed on at a time
_LISTED = 20_000  # so many row numbers are named in the query; more are joined


class RawFiles:
    """Data files, each read whole."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, sieve: Sieve) -> None:
        """`connection` is this source's own: it makes views and sets variables there."""
        self._connection = connection
        self._sieve = sieve
        for name in ("captions", "hashes"):
            value = bool(getattr(sieve.wanted, name))
            connection.execute(f"SET VARIABLE {name} = $1", [value])

    def rows(self, file: DataFile, count: FileCount, reading: Reading) -> Iterator[list[Row]]:
        """The rows of `file` that pass, in order, in batches. Raises DatasetError for damage."""
        before = _stamp(file)
        try:
            parts = self._of_parquet if file.columns.format == "parquet" else self._of_text
            yield from parts(file, count, reading)
        except (OptoutError, MemoryError, RecursionError):
            raise
        except Exception as error:
            # The database and Arrow each have a tree of errors of their own for a damaged file.
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise DatasetError(
                f"{file.path} cannot be read: {reason}", "load the file again"
            ) from error
        if _stamp(file) != before:
            raise DatasetError(
                f"{file.path} was changed while it was searched", "search again when it is complete"
            )

    def _of_parquet(
        self, file: DataFile, count: FileCount, reading: Reading
    ) -> Iterator[list[Row]]:
        # Square brackets and stars in a file's own name are no pattern.
        # Folders may be called anything: "url=x" is a name, not a column.
        source = (
            f"read_parquet([{quoted(_literal(str(file.path)))}], "
            "file_row_number = true, hive_partitioning = false, binary_as_string = true)"
        )
        passed: list[Places] = []
        for batch in self._read("searched", view_sql(file, source, ROW), _SIEVED):
            places = self._sieve.passing(batch)
            if len(places):
                passed.append(batch.column("dataset_row").to_numpy()[places])
            count.rows += batch.num_rows
            reading(count.rows)
        if passed:
            yield from self._full(view_sql(file, self._only(source, passed), ROW))

    def _of_text(self, file: DataFile, count: FileCount, reading: Reading) -> Iterator[list[Row]]:
        # The batches of a text file carry our own column names already.
        names = {name: name for name in file.columns.names}
        plain = replace(file, columns=replace(file.columns, names=names))
        view = view_sql(plain, "text_rows", "dataset_row")
        for table in batches(file.path, file.columns):
            self._connection.register("text_rows", table)
            passed = [
                batch.column("dataset_row").to_numpy()[self._sieve.passing(batch)]
                for batch in self._read("searched", view, _SIEVED)
            ]
            first = table["dataset_row"][0].as_py() if table.num_rows else 0
            self._connection.register("text_rows", _taken(table, passed, first))
            yield from self._full(view)
            count.rows += table.num_rows
            reading(count.rows)

    def _only(self, source: str, passed: list[Places]) -> str:
        """`source`, but of these rows alone: few are named, so that the rest is passed over."""
        import numpy as np
        import pyarrow as pa

        numbers = np.concatenate(passed)
        if len(numbers) <= _LISTED:
            wanted = ", ".join(map(str, numbers.tolist()))
        else:
            self._connection.register("passed_rows", pa.table({"number": numbers}))
            wanted = "SELECT number FROM passed_rows"
        return f"(SELECT * FROM {source} WHERE {ROW} IN ({wanted}))"  # noqa: S608  # our own numbers

    def _full(self, view: str) -> Iterator[list[Row]]:
        for batch in self._read("survivors", view, _BATCH):
            yield batch.to_pylist()

    def _read(self, query: str, view: str, rows: int) -> Iterator[pa.RecordBatch]:
        self._connection.execute(f"CREATE OR REPLACE TEMP VIEW dataset AS {view}")
        yield from relation(self._connection, query).to_arrow_reader(rows)


def _taken(table: pa.Table, passed: list[Places], first: int) -> pa.Table:
    import numpy as np
    import pyarrow as pa

    return table.take(pa.array(np.concatenate(passed) - first if passed else [], pa.int64()))


def _literal(path: str) -> str:
    return "".join(f"[{char}]" if char in "*?[" else char for char in path)


def _stamp(file: DataFile) -> Any:
    try:
        found = file.path.stat()
    except OSError as error:
        raise DatasetError(
            f"{file.path} cannot be read: {error.strerror}", "load the file again"
        ) from error
    return found.st_size, found.st_mtime_ns

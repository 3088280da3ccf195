"""One data file → a view that reads it in a single pass, whatever its format."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from optout.database import quoted
from optout.datasets.columns import ROW
from optout.datasets.files import DataFile
from optout.datasets.text import batches
from optout.datasets.view import view_sql
from optout.errors import DatasetError, OptoutError

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

_TEXT_ROWS = "text_rows"
NO_ROOM = re.compile(r"No space left|max_temp_directory_size|[Oo]ut of [Mm]emory")


def no_room(when: str) -> DatasetError:
    """The database found no room for what it cannot hold in memory."""
    return DatasetError(
        f"no room left to work in {when}",
        "free some space where temporary files go (TMPDIR), then try again",
    )


@contextmanager
def opened(connection: duckdb.DuckDBPyConnection, file: DataFile) -> Iterator[None]:
    """In the block the view `dataset` shows `file` in the columns of optout/datasets/view.py.

    A text file can be read once only: its rows pass through and are not kept. Raises DatasetError
    naming the file for whatever is wrong with it, or when there is no room to work in.
    """
    try:
        connection.execute(f"CREATE OR REPLACE TEMP VIEW dataset AS {_view(connection, file)}")
        yield
    except (OptoutError, MemoryError, RecursionError, OSError):
        raise
    except Exception as error:
        # The database and Arrow each have a tree of errors of their own for a damaged file.
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        if NO_ROOM.search(reason):
            raise no_room(f"while reading {file.path}") from error
        raise DatasetError(
            f"{file.path} cannot be read: {reason}", "load the file again"
        ) from error
    finally:
        connection.execute("DROP VIEW IF EXISTS dataset")
        connection.unregister(_TEXT_ROWS)


def _view(connection: duckdb.DuckDBPyConnection, file: DataFile) -> str:
    if file.columns.format == "parquet":
        # Stars in a file's own name are no pattern, and a folder "url=x" is no column.
        source = (
            f"read_parquet([{quoted(_literal(str(file.path)))}], "
            "file_row_number = true, hive_partitioning = false, binary_as_string = true)"
        )
        return view_sql(file, source, ROW)
    connection.register(_TEXT_ROWS, _reader(file))
    # The batches of a text file carry our own column names already.
    names = {name: name for name in file.columns.names}
    plain = replace(file, columns=replace(file.columns, names=names))
    return view_sql(plain, _TEXT_ROWS, "dataset_row")


def _reader(file: DataFile) -> pa.RecordBatchReader:
    import pyarrow as pa

    texts = [(name, pa.string()) for name in file.columns.names]
    schema = pa.schema([("dataset_row", pa.int64()), *texts])
    rows = (batch for table in batches(file.path, file.columns) for batch in table.to_batches())
    return pa.RecordBatchReader.from_batches(schema, rows)


def _literal(path: str) -> str:
    return "".join(f"[{char}]" if char in "*?[" else char for char in path)

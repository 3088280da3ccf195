"""Rows in an order → the files of a table: Parquet in small row groups of equal size."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

T = TypeVar("T")

# Rows of a row group: what is fetched and decoded for one wanted row.
_GROUP = 1024
_BATCH = 2**17  # rows that are written while the next are sorted
_FILE_BATCHES = 16  # of one file: with two million rows it has some two hundred megabytes
_DICTIONARY = ("domain", "site", "kind", "nsfw", "license", "language")
# What is asked by hand, too: readers rule out row groups by it.
_STATISTICS = ("pos", "domain", "site", "short", "name", "part", "value", "text", "word")
_DELTA = ("pos", "file", "dataset_row")


def write_table(
    connection: duckdb.DuckDBPyConnection, select: str, table: str, to: Path, first: int = 0
) -> int:
    """Write the rows of `select`, in its order, into the new folder `to`; how many they are.

    Those of "rows" are numbered from `first`, in a column `pos` before the others.
    """
    to.mkdir(parents=True)
    reader = connection.sql(select).to_arrow_reader(_BATCH)
    done = 0
    writer: Any = None
    try:
        for number, block in enumerate(_ahead(_blocks(reader))):
            numbered = _numbered(block, first + done) if table == "rows" else block
            if number % _FILE_BATCHES == 0:
                if writer:
                    writer.close()
                writer = _writer(to / f"part-{number // _FILE_BATCHES:05}.parquet", numbered)
            if block.num_rows:
                writer.write_table(numbered, _GROUP)
            done += block.num_rows
    finally:
        if writer:
            writer.close()
    return done


def _blocks(reader: pa.RecordBatchReader) -> Iterator[pa.Table]:
    """The rows in blocks of equal size, at least one: row groups are cut at the same places."""
    import pyarrow as pa

    held: list[pa.RecordBatch] = []
    empty = True
    for batch in reader:
        held.append(batch)
        while sum(one.num_rows for one in held) >= _BATCH:
            table = pa.Table.from_batches(held)
            yield table.slice(0, _BATCH)
            held, empty = table.slice(_BATCH).to_batches(), False
    rest = pa.Table.from_batches(held, reader.schema)
    if empty or rest.num_rows:
        yield rest


def _ahead(source: Iterator[T]) -> Iterator[T]:
    """The same, each made while the one before is used."""
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(next, source, None)
        while (one := coming.result()) is not None:
            coming = pool.submit(next, source, None)
            yield one


def _numbered(block: pa.Table, first: int) -> pa.Table:
    import numpy as np
    import pyarrow as pa

    pos = pa.array(np.arange(first, first + block.num_rows))
    return block.add_column(0, "pos", pos)


def _writer(path: Path, block: pa.Table) -> Any:
    import pyarrow.parquet as pq

    names = block.column_names
    delta = {name: "DELTA_BINARY_PACKED" for name in names if name in _DELTA}
    return pq.ParquetWriter(
        path,
        block.schema,
        compression="zstd",
        compression_level=1,
        use_dictionary=[name for name in names if name in _DICTIONARY],
        column_encoding=delta or None,
        write_statistics=[name for name in names if name in _STATISTICS],
        store_schema=False,
    )

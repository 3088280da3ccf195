"""Sorted runs of a table → the same table in pieces, each made for itself, by whomever.

A run is a sorted part of a table in files of its own. All values that fall between two cuts make a
piece, whichever runs they are in; pieces in the order of their cuts are the table.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from optout.database import parquet_view, quoted, relation
from optout.index.layout import KEYS, TABLES
from optout.index.rows import piece, write_numbered
from optout.index.writing import write_table as write_sorted

if TYPE_CHECKING:
    import duckdb

# From a first value up to, without, a last one; None for no end.
Between = tuple[str, str | None]


def ordered_by(table: str) -> str:
    """The column that a table is sorted by first, and cut by."""
    return KEYS[table][0]


def sample(connection: duckdb.DuckDBPyConnection, table: str, files: Sequence[str]) -> list[str]:
    """Some values of `ordered_by` in a run, at even distances."""
    if not files:
        return []
    source = ", ".join(map(quoted, files))
    connection.execute(
        f'CREATE OR REPLACE TEMP VIEW run AS SELECT "{ordered_by(table)}" AS value, '  # noqa: S608
        f"file_row_number AS place FROM read_parquet([{source}], file_row_number = true, "
        "hive_partitioning = false)"
    )
    return [value for (value,) in relation(connection, "index_sample").fetchall()]


def cuts(samples: Iterable[Sequence[str]], pieces: int) -> list[Between]:
    """Bounds that share the values out evenly, judged by samples of all runs.

    >>> cuts([["a", "c", "e"], ["b", "d", "f"]], 2)
    [('', 'd'), ('d', None)]
    """
    values = sorted(value for run in samples for value in run)
    at = range(0, len(values), max(1, -(-len(values) // pieces)))
    bounds = sorted({values[place] for place in at[1:]} - {"", *values[:1]})
    return list(zip(["", *bounds], [*bounds, None], strict=True))


def rows_between(
    connection: duckdb.DuckDBPyConnection, files: Sequence[str], between: Between
) -> int:
    """How many rows of the runs' `files` are in a piece."""
    parquet_view(connection, "rows", files, {"domain": "VARCHAR"})
    counted = f"SELECT count(*) FROM ({piece(*between, order=False)})"  # noqa: S608
    [(number,)] = connection.execute(counted).fetchall()
    return int(number)


def write_rows(
    connection: duckdb.DuckDBPyConnection,
    files: Sequence[str],
    columns: Sequence[str],
    between: Between,
    to: Path,
    *,
    position: int,
) -> None:
    """Write a piece of the table of rows into the folder `to`; its first row is at `position`."""
    parquet_view(connection, "rows", files, TABLES["rows"])
    write_numbered(connection, piece(*between), columns, position, to)


def write_table(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    files: Sequence[str],
    between: Between,
    to: Path,
) -> None:
    """Write a piece of another table into the folder `to`."""
    parquet_view(connection, "runs", files, TABLES[table])
    # These may be texts of strangers.
    connection.execute("SET VARIABLE first = $1", [between[0]])
    connection.execute("SET VARIABLE last = $1", [between[1]])
    key, names = ordered_by(table), ", ".join(f'"{name}"' for name in TABLES[table])
    until = f" AND \"{key}\" < getvariable('last')" if between[1] is not None else ""
    within = f"\"{key}\" >= getvariable('first'){until}"
    select = f"SELECT {names} FROM runs WHERE {within} ORDER BY {names}"  # noqa: S608
    write_sorted(connection, select, table, to)

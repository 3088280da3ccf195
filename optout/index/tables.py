"""Rows of an index → its other tables, each sorted by what it is asked for."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from optout.database import parquet_view, relation
from optout.identity.rules import rules
from optout.index.bounds import bounds_name, write_bounds
from optout.index.hosts import covered_domains
from optout.index.layout import BOUNDS, ROWS, TABLES, key
from optout.index.odd import FOUND, write_found
from optout.index.work import Steps
from optout.index.writing import write_table
from queries import read as read_query

if TYPE_CHECKING:
    import duckdb

# How long each table takes, in parts of the time for the rows.
WEIGHTS = {"places": 0.2, "names": 0.2, "parts": 0.3, "hashes": 0.1, "bounds": 0.05}


def files_of(folder: Path) -> list[str]:
    """The files of a table, in order."""
    return [str(file) for file in sorted(folder.glob("part-*.parquet"))]


def rows_of(folder: Path) -> int:
    """How many rows the files of a table have."""
    import pyarrow.parquet as pq

    return sum(pq.read_metadata(file).num_rows for file in files_of(folder))


def write_tables(
    connection: duckdb.DuckDBPyConnection,
    rows: Sequence[str],
    out: Path,
    state: Path,
    steps: Steps,
) -> None:
    """Write every table that comes of files of `rows`; finished ones stay as they are."""
    parquet_view(connection, "rows", rows, ROWS)
    _find_odd(connection, state)
    connection.execute("SET VARIABLE stem_starts = $1", [rules().stems.starts.pattern])
    _register_covered(connection, sorted(covered_domains()))
    for table in list(TABLES)[1:]:
        if not (out / table).is_dir():
            with steps.step(table, connection):
                _write(connection, table, out, state)
        if table == "places":
            parquet_view(connection, table, files_of(out / table), TABLES[table])


def add_bounds(out: Path, state: Path, steps: Steps) -> None:
    """Write the table of bounds, when all others are there."""
    if (out / BOUNDS).is_dir():
        return
    with steps.step(BOUNDS):
        partial = fresh(state / f".{BOUNDS}.partial")
        files = [(Path(file), table) for table in TABLES for file in files_of(out / table)]
        with ThreadPoolExecutor() as pool:
            for done in [
                pool.submit(write_bounds, *one, partial / bounds_name(one[0])) for one in files
            ]:
                done.result()
        partial.rename(out / BOUNDS)


def _register_covered(connection: duckdb.DuckDBPyConnection, domains: Sequence[str]) -> None:
    import pyarrow as pa

    keys = sorted(key(domain, 2) for domain in domains)
    connection.register("covered_domains", pa.table({"domain": pa.array(keys, pa.string())}))


def _find_odd(connection: duckdb.DuckDBPyConnection, state: Path) -> None:
    done = state / "odd"
    if not done.is_dir():
        partial = fresh(state / ".odd.partial")
        write_found(connection, partial)
        partial.rename(done)
    for table, column in FOUND.items():
        columns = {"pos": "BIGINT", column: "VARCHAR"}
        parquet_view(connection, table, [str(done / f"{table}.parquet")], columns)


def _write(connection: duckdb.DuckDBPyConnection, table: str, out: Path, state: Path) -> None:
    partial = fresh(state / f".{table}.partial")
    query = read_query(f"index_{table}")
    write_table(connection, query, table, partial / "to")
    (partial / "to").rename(out / table)


def fresh(folder: Path) -> Path:
    """An empty folder of that name."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def source_counts(connection: duckdb.DuckDBPyConnection) -> dict[int, int]:
    """Rows of the view `rows` by source file."""
    return dict(relation(connection, "index_source_rows").fetchall())

"""Rows of an index → its other tables, each sorted by what it is asked for."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from optout.database import parquet_view, relation, write_sorted
from optout.identity.rules import rules
from optout.index.hosts import covered_domains
from optout.index.layout import CAPTION_TABLES, ROWS, TABLES, key
from optout.index.odd import FOUND, write_found
from optout.index.work import Steps
from queries import read as read_query

if TYPE_CHECKING:
    import duckdb

# Rows of a row group: what a reader fetches and decodes for one wanted row.
GROUP, NARROW_GROUP = 4096, 8192
MEGABYTES = 256  # of one file
# How long each table takes, in parts of the time for the rows.
WEIGHTS = {"places": 0.2, "names": 0.2, "parts": 0.3, "hashes": 0.1, "texts": 0.4, "words": 2.0}


def files_of(folder: Path) -> list[str]:
    """The files of a table, in order."""
    return [str(file) for file in sorted(folder.glob("part-*.parquet"))]


def numbered(folder: Path, first: int = 0) -> list[Path]:
    """Give the files that the database wrote the names of an index, in their order."""
    found = sorted(folder.glob("data_*.parquet"), key=lambda f: int(f.stem.partition("_")[2]))
    return [
        file.rename(folder / f"part-{number:05}.parquet")
        for number, file in enumerate(found, first)
    ]


def write_tables(
    connection: duckdb.DuckDBPyConnection, out: Path, state: Path, captions: bool, steps: Steps
) -> None:
    """Write every table but the rows, which are there; finished ones stay as they are."""
    parquet_view(connection, "rows", files_of(out / "rows"), ROWS)
    _find_odd(connection, state)
    connection.execute("SET VARIABLE stem_starts = $1", [rules().stems.starts.pattern])
    _register_covered(connection, sorted(covered_domains()))
    tables = [*TABLES, *(CAPTION_TABLES if captions else ())]
    for table in tables[1:]:
        if not (out / table).is_dir():
            with steps.step(table, connection):
                _write(connection, table, out, state)
        if table == "places":
            parquet_view(connection, table, files_of(out / table), TABLES[table])


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
    write_sorted(connection, query, partial / "to", group=NARROW_GROUP, megabytes=MEGABYTES)
    numbered(partial / "to")
    (partial / "to").rename(out / table)


def fresh(folder: Path) -> Path:
    """An empty folder of that name."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def source_counts(connection: duckdb.DuckDBPyConnection) -> dict[int, int]:
    """Rows of the view `rows` by source file."""
    return dict(relation(connection, "index_source_rows").fetchall())

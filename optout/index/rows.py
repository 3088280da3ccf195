"""Data files, or the rows of several indexes → sorted rows, in memory that does not grow.

A run is a sorted table of some files. Several runs are merged place by place: each piece reads just
its own row groups of every run, since runs are sorted.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from optout.database import parquet_view, quoted, relation
from optout.datasets import DataFile
from optout.index.hosts import encoders, wrappers
from optout.index.layout import ALWAYS, ROWS
from optout.index.sources import damaged, dataset_view
from optout.index.tables import files_of, fresh, rows_of
from optout.index.work import Steps, full
from optout.index.writing import write_table
from queries import read as read_query

if TYPE_CHECKING:
    import duckdb


def write_run(
    connection: duckdb.DuckDBPyConnection,
    files: Sequence[tuple[int, DataFile]],
    columns: Sequence[str],
    run: Path,
) -> None:
    """Sort the rows of numbered `files` into the folder `run`. Raises DatasetError for damage."""
    partial = fresh(run.with_name(f".{run.name}.partial"))
    connection.execute("SET VARIABLE encoders = $1", [encoders()])
    connection.execute("SET VARIABLE wrappers = $1", [wrappers()])
    dataset_view(connection, files, partial)
    try:
        write_numbered(connection, read_query("index_rows"), columns, 0, partial / "to")
    except Exception as failed:
        # The database does not always say which of many files it could not read.
        error = None if full(failed) else damaged(connection, files, partial)
        raise error or failed from None
    (partial / "to").rename(run)


def columns_of(files: Sequence[DataFile]) -> list[str]:
    """The columns an index of `files` has: those that are always there, and what a file holds."""
    found = {name for file in files for name in file.columns.names}
    found |= {f"file_{side}" for side in ("width", "height") if found & {side, f"original_{side}"}}
    return [name for name in ROWS if name in found or name in ALWAYS]


def columns_together(folders: Sequence[Path]) -> list[str]:
    """The columns of an index made of these tables of rows."""
    import pyarrow.parquet as pq

    found: set[str] = set()
    for folder in folders:
        found |= set(pq.read_schema(files_of(folder)[0]).names)
    return [name for name in ROWS if name in found]


def join_runs(
    connection: duckdb.DuckDBPyConnection,
    out: Path,
    state: Path,
    runs: Sequence[tuple[int, Path]],
    *,
    columns: Sequence[str],
    most: int,
    steps: Steps,
) -> None:
    """Put `runs` (number of its first source, its folder) together as the table of rows, `most`
    at a time."""
    if len(runs) == 1 and runs[0][1].parent == state:
        runs[0][1].rename(out / "rows")
        return
    found = [(first, files_of(folder)) for first, folder in runs]
    pieces = max(1, -(-sum(rows_of(folder) for _, folder in runs) // most))
    with steps.step("merging", connection):
        folders = merge_runs(connection, found, columns, pieces, state)
    whole = state / ".rows.partial"
    whole.mkdir(exist_ok=True)
    number = len(files_of(whole))
    for folder in folders:
        for file in files_of(folder):
            Path(file).rename(whole / f"part-{number:05}.parquet")
            number += 1
    whole.rename(out / "rows")


def merge_runs(
    connection: duckdb.DuckDBPyConnection,
    runs: Sequence[tuple[int, Sequence[str]]],
    columns: Sequence[str],
    pieces: int,
    state: Path,
) -> list[Path]:
    """Merge runs (number of its first source file, its files) into folders of sorted pieces."""
    selects = []
    for number, (first, files) in enumerate(runs):
        parquet_view(connection, f"run_{number}", files, ROWS)
        shifted = f"SELECT * REPLACE (file + {first} AS file) FROM run_{number}"  # noqa: S608
        selects.append(shifted)
    body = " UNION ALL ".join(selects)
    connection.execute(f"CREATE OR REPLACE TEMP VIEW rows AS {body}")
    connection.execute("SET VARIABLE pieces = $1", [pieces])
    cuts = [cut for (cut,) in relation(connection, "index_bounds").fetchall() if cut]
    bounds = ["", *cuts, None]
    folders, position = [], 0
    for number in range(len(bounds) - 1):
        folder = state / f"piece-{number:05}"
        if not folder.is_dir():
            partial = fresh(state / ".piece.partial")
            select = piece(bounds[number] or "", bounds[number + 1])
            write_numbered(connection, select, columns, position, partial / "to")
            (partial / "to").rename(folder)
        folders.append(folder)
        position += rows_of(folder)
    return folders


def piece(first: str, last: str | None, *, order: bool = True) -> str:
    """SQL for the sorted rows of the view `rows` from domain `first` up to, without, `last`."""
    until = f" AND domain < {quoted(last)}" if last is not None else ""
    select = f"SELECT * FROM rows WHERE domain >= {quoted(first)}{until}"  # noqa: S608
    return select + (" ORDER BY domain, site, file, dataset_row" if order else "")


def write_numbered(
    connection: duckdb.DuckDBPyConnection,
    query: str,
    columns: Sequence[str],
    first: int,
    to: Path,
) -> int:
    """Write sorted rows to the folder `to`, numbered from `first`; how many they are."""
    kept = ", ".join(f'"{name}"' for name in columns if name != "pos")
    select = f"SELECT {kept} FROM ({query})"  # noqa: S608
    return write_table(connection, select, "rows", to, first)

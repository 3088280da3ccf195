"""What one worker does for an index: sort a file, sample a run, write a piece, hash a file.

What each leaves is whole or absent; one that is there already stays as it is, so a task
that is tried again, or a build that goes on, does nothing twice.
"""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optout.cluster.tasks import refuse_other
from optout.database import bounded, parquet_view
from optout.datasets import DataFile
from optout.index import pieces
from optout.index.bounds import write_bounds
from optout.index.counts import unread
from optout.index.finish import table_file
from optout.index.layout import ROWS, Source, TableFile
from optout.index.pieces import Between
from optout.index.plan import for_database
from optout.index.rows import write_run
from optout.index.sources import refuse_changed
from optout.index.tables import fresh, source_counts, write_tables
from optout.index.work import Steps, told

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True, slots=True)
class Build:
    """What all tasks of a build know."""

    out: Path
    state: Path  # a folder that every machine sees
    columns: tuple[str, ...]  # of the table of rows
    memory: str
    version: str
    spilling: bool  # the rows are more than the memory can sort


@contextmanager
def _working(build: Build) -> Iterator[tuple[duckdb.DuckDBPyConnection, Path]]:
    """A connection, and a folder of this attempt alone: a lost worker may not yet be dead."""
    refuse_other(build.version)
    own = fresh(build.state / "tries" / f"{socket.gethostname()}-{os.getpid()}")
    with told(build.out):
        connection = bounded(for_database(build.memory), 1, own / "spill", spilling=build.spilling)
        try:
            yield connection, own
        finally:
            connection.close()
            shutil.rmtree(own, ignore_errors=True)


def _made(build: Build, to: Path, write: Callable[[duckdb.DuckDBPyConnection, Path], None]) -> None:
    if to.exists():
        return
    with _working(build) as (connection, own):
        write(connection, own / "made")
        to.parent.mkdir(exist_ok=True)
        try:
            (own / "made").rename(to)
        except OSError:
            if not to.exists():  # else an earlier try, taken for lost, has finished
                raise


def sort_file(build: Build, number: int, file: DataFile, source: Source, run: Path) -> None:
    """Sort the rows of one source file into the folder `run`. Raises DatasetError for damage."""

    def write(connection: duckdb.DuckDBPyConnection, to: Path) -> None:
        write_run(connection, [(number, file)], build.columns, to)
        refuse_changed([source])

    _made(build, run, write)


def count_file(build: Build, number: int, files: Sequence[str]) -> tuple[int, dict[str, Any]]:
    """Rows of a source file's run, and what it holds that is no address."""
    with _working(build) as (connection, _):
        parquet_view(connection, "rows", files, ROWS)
        return source_counts(connection).get(number, 0), unread(connection).get(number, {})


def sample(build: Build, table: str, files: Sequence[str]) -> list[str]:
    """Some of the values that a run is sorted by."""
    with _working(build) as (connection, _):
        return pieces.sample(connection, table, files)


def rows_between(build: Build, files: Sequence[str], between: Between) -> int:
    """How many rows there are between two cuts."""
    with _working(build) as (connection, _):
        return pieces.rows_between(connection, files, between)


def write_rows(
    build: Build, files: Sequence[str], between: Between, position: int, piece: Path
) -> None:
    """Write the rows between two cuts, from all runs, to the folder `piece`."""

    def write(connection: duckdb.DuckDBPyConnection, to: Path) -> None:
        pieces.write_rows(connection, files, build.columns, between, to, position=position)

    _made(build, piece, write)


def table_runs(build: Build, rows: Sequence[str], run: Path) -> None:
    """Write what some files of rows give to every other table, as folders in the folder `run`."""

    def write(connection: duckdb.DuckDBPyConnection, to: Path) -> None:
        to.mkdir()
        write_tables(connection, rows, to, to, Steps(None, {}))

    _made(build, run, write)


def write_table(
    build: Build, table: str, files: Sequence[str], between: Between, piece: Path
) -> None:
    """Write what is between two cuts of a table, from all runs, to the folder `piece`."""

    def write(connection: duckdb.DuckDBPyConnection, to: Path) -> None:
        pieces.write_table(connection, table, files, between, to)

    _made(build, piece, write)


def write_bounds_of(build: Build, file: Path, to: Path) -> None:
    """Write where the row groups of one finished file begin."""
    _made(build, to, lambda _, made: write_bounds(file, file.parent.name, made))


def describe(path: Path) -> TableFile:
    """One finished file, with its hash."""
    return table_file(path)

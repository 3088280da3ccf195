"""A DuckDB connection over a case: observations and derived tables as views.

The only module that opens DuckDB. User values are bound as variables, never pasted
into SQL text; file names that must stand in SQL go through `quoted`.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from crawler.records import FORMAT, SCHEMAS
from optout.case import Case, read_summary
from optout.errors import CaseError, DatasetError
from optout.runs import current_runs
from optout.tables import DERIVED
from queries import read as read_query


def connect() -> duckdb.DuckDBPyConnection:
    """A private in-memory database: UTC, no extension is fetched from anywhere."""
    connection = duckdb.connect(
        ":memory:",
        config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"},
    )
    connection.execute("SET TimeZone = 'UTC'")
    # It would be drawn on stdout, in the middle of the data.
    connection.execute("SET enable_progress_bar = false")
    return connection


def quoted(text: str) -> str:
    """A SQL string literal. Only for places where DuckDB takes no bound value (views)."""
    return "'" + text.replace("'", "''") + "'"


def open_case(case: Case, only: Collection[str] = SCHEMAS) -> duckdb.DuckDBPyConnection:
    """Views over everything the case holds.

    For each relation of `crawler.records`: `<name>` (all runs) and `current_<name>` (the runs
    that say how things are now: optout.runs). For each file in matches/ and looked_at/: `<name>`
    (absent files give no view). `only` names the relations needed, where a few are enough.
    Raises CaseError when a run was written by a newer optout or is not readable.
    """
    connection = connect()
    _add_case(connection, case, only)
    return connection


@contextmanager
def case_within(
    connection: duckdb.DuckDBPyConnection, case: Case, only: Collection[str]
) -> Iterator[None]:
    """The views of open_case() for the relations `only` at `connection`, for the time of a block.

    Without those of matches/ and looked_at/. For many cases one after the other: to open a database
    anew costs more than a small case.
    """
    connection.execute("CREATE SCHEMA one_case")
    connection.execute("USE one_case")
    try:
        _add_runs(connection, case, only)
        yield
    finally:
        connection.execute("USE main")
        connection.execute("DROP SCHEMA one_case CASCADE")


def _add_case(
    connection: duckdb.DuckDBPyConnection, case: Case, only: Collection[str] = SCHEMAS
) -> None:
    _add_runs(connection, case, only)
    for folder in (case.matches, case.looked_at):
        for file in sorted(folder.glob("*.parquet")):
            _derived(connection, file)


def open_matches(case: Case) -> duckdb.DuckDBPyConnection:
    """Views over matches/ alone; of files that are absent, empty tables.

    For questions that need no observations: nothing of a case's runs is opened.
    """
    connection = connect()
    for name, schema in DERIVED.items():
        file = case.matches / f"{name}.parquet"
        if file.is_file():
            _derived(connection, file)
        connection.register(f"_empty_{name}", schema.empty_table())
        connection.execute(f'CREATE VIEW IF NOT EXISTS "{name}" AS SELECT * FROM "_empty_{name}"')
    return connection


def _derived(connection: duckdb.DuckDBPyConnection, file: Path) -> None:
    """A view over a file of matches/; a damaged one gives none, since it can be made again."""
    try:
        source = f"read_parquet({quoted(str(file))}, hive_partitioning = false)"
        connection.execute(f'CREATE OR REPLACE VIEW "{file.stem}" AS SELECT * FROM {source}')
    except duckdb.Error:
        connection.execute(f'DROP VIEW IF EXISTS "{file.stem}"')


def relation(
    connection: duckdb.DuckDBPyConnection, query: str, **variables: Any
) -> duckdb.DuckDBPyRelation:
    """Run queries/<query>.sql with `variables` reachable in it by getvariable('name')."""
    for name, value in variables.items():
        connection.execute(f"SET VARIABLE {name} = $1", [value])
    return connection.sql(read_query(query))


def dictionaries(result: duckdb.DuckDBPyRelation) -> list[dict[str, Any]]:
    """All rows of a result as dictionaries, in order. Times come with their zone (UTC)."""
    # Through Arrow: DuckDB's own fetch of times with a zone needs a further package.
    rows: list[dict[str, Any]] = result.to_arrow_table().to_pylist()
    return rows


def _add_runs(connection: duckdb.DuckDBPyConnection, case: Case, only: Collection[str]) -> None:
    connection.execute(
        "CREATE TABLE runs (run_id VARCHAR, source VARCHAR, finished_at TIMESTAMPTZ, "
        "summary VARCHAR, is_current BOOLEAN)"
    )
    folders = case.runs()
    summaries = [read_summary(folder) for folder in folders]
    current = current_runs(summaries)
    for folder, summary in zip(folders, summaries, strict=True):
        if summary.get("format", FORMAT) > FORMAT:
            raise CaseError(
                f"{folder.name} was written by a newer optout (format {summary['format']})",
                "update optout, then try again",
            )
        run_id = summary["run_id"]
        connection.execute(
            "INSERT INTO runs VALUES (?, ?, ?, ?, ?)",
            [
                run_id,
                summary["source"],
                summary["finished_at"],
                json.dumps(summary),
                run_id in current,
            ],
        )
    for name, schema in SCHEMAS.items():
        if name not in only:
            continue
        _run_view(connection, name, schema, [f / f"{name}.parquet" for f in folders])


def _run_view(
    connection: duckdb.DuckDBPyConnection, name: str, schema: Any, files: list[Path]
) -> None:
    present = [file for file in files if file.is_file()]
    if present:
        names = ", ".join(quoted(str(file)) for file in present)
        options = "union_by_name = true, hive_partitioning = false"
        body = f"SELECT * FROM read_parquet([{names}], {options})"
    else:
        connection.register(f"_empty_{name}", schema.empty_table())
        body = f"SELECT * FROM _empty_{name}"
    _view(connection, name, body)
    _view(
        connection,
        f"current_{name}",
        f"SELECT * FROM {name} WHERE run_id IN (SELECT run_id FROM runs WHERE is_current)",
    )


def locate(connection: duckdb.DuckDBPyConnection, case: Case) -> None:
    """Views `located_<name>`: each relation of all runs, with where each row stands.

    `file` is the run's folder and the file in it, `file_row` the zero-based row.
    """
    for name in SCHEMAS:
        files = [f / f"{name}.parquet" for f in case.runs() if (f / f"{name}.parquet").is_file()]
        if files:
            names = ", ".join(quoted(str(file)) for file in files)
            options = "union_by_name = true, hive_partitioning = false, filename = '_file'"
            body = (
                "SELECT * EXCLUDE (_file, file_row_number), file_row_number AS file_row, "
                "array_to_string(string_split(_file, '/')[-2:], '/') AS file "
                f"FROM read_parquet([{names}], {options}, file_row_number = true)"
            )
        else:
            body = f"SELECT *, '' AS file, 0::BIGINT AS file_row FROM {name}"
        _view(connection, f"located_{name}", body)


def _view(connection: duckdb.DuckDBPyConnection, name: str, body: str) -> None:
    try:
        connection.execute(f'CREATE OR REPLACE VIEW "{name}" AS {body}')
    except duckdb.Error as error:
        raise CaseError(
            f"cannot read {name} of this case: {str(error).splitlines()[0]}",
            "restore the file named, or move its folder out of the case",
        ) from error


def bounded(
    memory: str, threads: int | None, spill: Path, *, spilling: bool = False
) -> duckdb.DuckDBPyConnection:
    """A connection for work larger than memory: at most `memory` ("4GB"), the rest in `spill`.

    `spilling`: it is known beforehand that the rest will be much.
    """
    connection = connect()
    try:
        connection.execute(f"SET memory_limit = {quoted(memory)}")
    except duckdb.Error as error:
        connection.close()
        raise DatasetError(f"{memory!r} is no size", "write for example --memory 4GB") from error
    connection.execute(f"SET temp_directory = {quoted(str(spill))}")
    if threads:
        connection.execute(f"SET threads = {int(threads)}")
    if spilling:
        # Else a sort keeps all in memory as long as it can, and then has too little left to spill:
        # DuckDB 1.5.5 with 4 GB fails so with 15 million rows. This sorts in small runs from the
        # beginning, for a fifth more time.
        connection.execute("SET debug_force_external = true")
    # Tables are written in the order of their query.
    connection.execute("SET preserve_insertion_order = true")
    # Values of a join that a scan may look for one by one in the boundaries of row groups.
    connection.execute("SET dynamic_or_filter_threshold = 20000")
    return connection


def parquet_view(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    files: Sequence[str],
    columns: Mapping[str, str],
) -> None:
    """A view `name` over Parquet files with just `columns` (name → type); absent ones are NULL."""
    if files:
        listed = ", ".join(map(quoted, files))
        source = f"read_parquet([{listed}], hive_partitioning = false)"
        present = set(connection.sql(f"SELECT * FROM {source} LIMIT 0").columns)
    else:
        source, present = "(SELECT 1) WHERE false", set()
    fields = ", ".join(
        f'"{column}"' if column in present else f'CAST(NULL AS {kind}) AS "{column}"'
        for column, kind in columns.items()
    )
    connection.execute(f'CREATE OR REPLACE TEMP VIEW "{name}" AS SELECT {fields} FROM {source}')

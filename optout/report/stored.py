"""One of a case's tables → its rows as dictionaries, one at a time.

Names and order of the columns are those of docs/records.md and stay the same.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optout.case import Case
from optout.errors import CaseError
from optout.report.damage import damage_told
from optout.report.decided import hosts_said

if TYPE_CHECKING:
    import duckdb

Row = dict[str, Any]

_LINE_COLUMNS = ("line", "agents", "key", "value")  # of the lines of robots.txt only
_BATCH = 5_000
_MEMORY = "512MB"  # for sorting; larger tables are sorted on disk


def pages(case: Case, all_runs: bool = False) -> Iterator[Row]:
    """Every page address, by address. The other functions here read the same way."""
    return _stream(case, "show_pages", all_runs)


def images(case: Case, all_runs: bool = False) -> Iterator[Row]:
    """Every mention of an image with what became of it, by page and place in it."""
    return _stream(case, "show_images", all_runs)


def signals(case: Case, all_runs: bool = False) -> Iterator[Row]:
    """Every raw signal: header lines, metas, files; then robots.txt line by line."""
    for row in _stream(case, "signals", all_runs):
        yield row | dict.fromkeys(_LINE_COLUMNS)
    yield from _robots_lines(case)


def matches(case: Case, all_runs: bool = False) -> Iterator[Row]:
    """Every match, strongest first. Raises CaseError when none has been looked for."""
    if not (case.matches / "matches.parquet").is_file():
        raise CaseError(
            f"no data set has been searched for {case.folder} yet",
            "optout match --dataset FILE   (optout datasets says how to get one)",
        )
    return _stream(case, "show_matches", all_runs, **hosts_said(case))


def captures(case: Case, all_runs: bool = False) -> Iterator[Row]:
    """For each match the captures of an archive that show a tag with its address."""
    from optout.database import open_case
    from optout.history.sightings import sightings

    if not (case.matches / "matches.parquet").is_file():
        return
    with damage_told(case), open_case(case) as connection:
        yield from map(_plain_row, sightings(connection))


def requests(case: Case, all_runs: bool = False) -> Iterator[Row]:
    """Every row of the latest request lists (of all dates with `all_runs`)."""
    dates = sorted(p for p in case.requests.glob("*") if p.is_dir() and p.name[:1].isdigit())
    if not dates:
        raise CaseError(f"no requests have been written for {case.folder} yet", "optout requests")
    for day in dates if all_runs else dates[-1:]:
        for file in sorted(day.glob("*/requests.jsonl")):
            for row in _json_lines(file):
                yield {"written_on": day.name, "folder": file.parent.name, **_plain_row(row)}


def coverage(case: Case, all_runs: bool = False) -> Iterator[Row]:
    """Run by run how many pages, images and files were not seen, and why; then how many of its
    images a LAION-type pipeline could have captured, and why not the others."""
    from optout.database import open_case
    from optout.report import coverage as covered

    with damage_told(case), open_case(case) as connection:
        chosen = "FROM runs SELECT run_id WHERE is_current OR $1 ORDER BY run_id"
        for (run_id,) in connection.execute(chosen, [all_runs]).fetchall():
            seen = covered.coverage(connection, [run_id])
            for row in covered.flat(seen):
                yield {"run_id": run_id, "partial": seen.partial} | row


def changes(case: Case, all_runs: bool = False) -> Iterator[Row]:
    """What is new or gone since the run before: matches, hosts, signals; and what was asked."""
    from optout.second_run import flat, second_run_of

    found = second_run_of(case)
    yield from flat(found) if found else ()


TABLES: dict[str, Callable[[Case, bool], Iterator[Row]]] = {
    "coverage": coverage,
    "pages": pages,
    "images": images,
    "signals": signals,
    "matches": matches,
    "captures": captures,
    "requests": requests,
    "changes": changes,
}


def _stream(case: Case, query: str, all_runs: bool, **variables: Any) -> Iterator[Row]:
    """Rows in batches, so that memory does not grow with the table."""
    from optout.database import open_case, relation

    with (
        damage_told(case),
        tempfile.TemporaryDirectory(prefix="optout-") as folder,
        open_case(case) as connection,
    ):
        _bound(connection, Path(folder))
        rows = relation(connection, query, all_runs=all_runs, **variables)
        for batch in rows.to_arrow_reader(_BATCH):
            yield from map(_plain_row, batch.to_pylist())


def _bound(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Sort within `_MEMORY`, the rest in files under `folder`."""
    from optout.database import quoted

    # DuckDB draws its own progress bar on stdout after two seconds, amid the data.
    connection.execute("SET enable_progress_bar = false")
    connection.execute(f"SET memory_limit = '{_MEMORY}'")
    connection.execute(f"SET temp_directory = {quoted(str(folder))}")


def _plain_row(row: Row) -> Row:
    return {name: _plain(value) for name, value in row.items()}


def _plain(value: Any) -> Any:
    """Times as ISO 8601 in UTC; numbers that are none (NaN) as nothing."""
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return None if value != value else value  # noqa: PLR0124 (only NaN differs from itself)


def _robots_lines(case: Case) -> Iterator[Row]:
    from optout.database import open_case
    from optout.readers.site import robots_rows

    with damage_told(case), open_case(case) as connection:
        for row in robots_rows(connection):
            yield _plain_row(row)


def _json_lines(file: Path) -> Iterator[Row]:
    """The records of requests.jsonl after the first, which names the schema's version."""
    with file.open(encoding="utf-8") as lines:
        for count, line in enumerate(lines, 1):
            try:
                row = json.loads(line)
            except ValueError as error:
                raise CaseError(
                    f"line {count} of {file} is not JSON", "write the lists again: optout requests"
                ) from error
            if count > 1 and isinstance(row, dict):
                yield row

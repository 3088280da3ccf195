"""`optout show`: print one of the case's tables."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import click

from optout.commands.options import case_option, json_option, note, the_case

if TYPE_CHECKING:
    from optout.case import Case
    from optout.report.stored import Row

# What fits on a screen; --json and --csv print every column.
COLUMNS = {
    "coverage": ["what", "addresses", "words", "example"],
    "pages": ["url", "outcome", "status", "title", "reason"],
    "images": ["image_url", "page_url", "alt", "tag", "status"],
    "signals": ["signal", "url", "raw"],
    "matches": [],  # a few lines each: formats.match_block
    "captures": ["match_id", "captured_at", "page_url", "raw", "robots_words"],
    "requests": ["folder", "kind", "match_url", "dataset", "dataset_row"],
    "changes": ["change", "what", "where", "last_seen", "since"],
}
SCREEN = 100  # rows of a table for people, unless --limit says otherwise


@click.command("show")
@click.argument("table", type=click.Choice(list(COLUMNS)))
@case_option
@json_option
@click.option("--csv", "as_csv", is_flag=True, help="CSV with every column, formula-safe.")
@click.option("--all-runs", is_flag=True, help="Every run (or date), not only the latest.")
@click.option("--limit", type=click.IntRange(min=0), help="At most so many rows; 0 for all.")
def command(
    table: str,
    case_folder: Path | None,
    as_json: bool,
    as_csv: bool,
    all_runs: bool,
    limit: int | None,
) -> None:
    """Print the coverage, pages, images, signals, matches, requests or changes of a case.

    A table for reading shows the first 100 rows and some columns; --json and --csv give
    every row and every column. A row of captures says that an archived page shows a tag with the
    address of a match (see: optout history); a row of changes what is new or gone since the
    run before.

    \b
    Example:
      optout show images
      optout show coverage
      optout show matches --csv > matches.csv
    """
    if as_json and as_csv:
        raise click.UsageError("choose --json or --csv, not both")
    from optout.report.formats import csv_lines, json_lines
    from optout.report.stored import TABLES

    case = the_case(case_folder)
    rows = TABLES[table](case, all_runs)
    if as_json or as_csv:
        chosen = islice(rows, limit) if limit else rows
        out = sys.stdout.buffer  # UTF-8 whatever the machine's settings
        for line in (json_lines if as_json else csv_lines)(chosen):
            out.write(line.encode("utf-8", "replace"))
    else:
        captures = TABLES["captures"](case, False) if table == "matches" else ()
        _print_table(table, rows, SCREEN if limit is None else limit, captures)
    _note_partial(case)


def _note_partial(case: Case) -> None:
    """Numbers of a partial crawl are labelled so, on stderr, beside the data."""
    from optout.commands.crawl_outcome import PARTIAL
    from optout.database import open_case
    from optout.report.coverage import current
    from optout.report.damage import damage_told

    with damage_told(case), open_case(case) as connection:
        if current(connection).partial:
            note(f"{PARTIAL} (why: optout show coverage)")


def _print_table(table: str, rows: Iterator[Row], limit: int, captures: Iterable[Row] = ()) -> None:
    from rich.console import Console

    from optout.report import formats

    shown = list(islice(rows, limit)) if limit else list(rows)
    if not shown:
        note(f"no {table} in this case")
        return
    if table == "matches":
        seen: dict[str, list[Row]] = {}
        for capture in captures:
            seen.setdefault(capture["match_id"], []).append(capture)
        for row in shown:
            block = formats.match_block(row, seen.get(row["match_id"], ()))
            sys.stdout.buffer.write(f"{block}\n\n".encode("utf-8", "replace"))
        sys.stdout.flush()
    else:
        Console().print(formats.table(table, COLUMNS[table], shown))
    if next(rows, None) is not None:
        note(f"the first {limit} rows; all of them: optout show {table} --limit 0, --json or --csv")

"""`optout ledger`: when each signal was first and last seen, what changed, and what is unknown."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from optout.commands.options import case_option, in_this_case, json_option, note, the_case, wrote
from optout.errors import CaseError

if TYPE_CHECKING:
    from optout.case import Case

SCREEN = 40  # lines of the table, unless --limit says otherwise
_COLUMNS = ["host", "signal", "seen", "now", "changes", "gaps"]
_MOST_PROBLEMS = 20  # told one by one


@click.command("ledger")
@case_option
@json_option
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Export JSON lines.")
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), help="Write a page.")
@click.option(
    "--check",
    "checked",
    is_flag=False,
    flag_value="",
    metavar="[FILE]",
    help="Compute every hash anew, of an exported ledger too.",
)
@click.option("--limit", type=click.IntRange(min=0), default=SCREEN, help="Lines; 0 for all.")
def command(
    case_folder: Path | None,
    as_json: bool,
    out: Path | None,
    html: Path | None,
    checked: str | None,
    limit: int,
) -> None:
    """Show from all runs when each signal was first and last seen, what changed, and the gaps.

    A run that could not see a signal says “unknown”, never “removed”.

    \b
    Example:
      optout ledger --out ledger.jsonl --html ledger.html
      optout ledger --check ledger.jsonl
    """
    case = the_case(case_folder)
    if checked is not None:
        if as_json or out or html:
            raise click.UsageError("--check stands alone")
        _check(case, Path(checked) if checked else None)
        return
    if not case.runs():
        raise CaseError(f"{case.folder} has no finished run yet", "optout crawl")
    if as_json:
        _print_json(case)
    _write(case, out, html)
    if not (as_json or out or html):
        _print_table(case, limit)


def _check(case: Case, exported: Path | None) -> None:
    from optout.commands.options import printable
    from optout.ledger import check

    found = check(case, exported)
    for text in found.unknown:
        note(f"unknown · {printable(text)}")
    for text in found.problems[:_MOST_PROBLEMS]:
        note(f"changed · {printable(text)}")
    if found.problems:
        more = len(found.problems) - 1
        raise CaseError(
            printable(found.problems[0]) + (f" (and {more} more)" if more else ""),
            "compare with a copy of the case; what was changed is no evidence any more",
        )
    click.echo(f"as recorded: {found.files} files of runs, {found.records} raw records")


def _print_json(case: Case) -> None:
    from optout.ledger import export_lines

    for line in export_lines(case):
        sys.stdout.write(line)


def _write(case: Case, out: Path | None, html: Path | None) -> None:
    from optout.ledger import export, write_page

    if out:
        periods, digest = export(case, out)
        note(f"{periods} periods · SHA-256 of the file: {digest}")
        wrote(out, f"optout ledger --check {out}")
    if html:
        write_page(case, html)
        wrote(html, "open it in your browser")


def _print_table(case: Case, limit: int) -> None:
    from rich.console import Console

    from optout.ledger import groups, open_ledger
    from optout.report import formats

    with open_ledger(case) as connection:
        found = groups(connection)
        shown = list(islice(found, limit) if limit else found)
        more = next(found, None) is not None
    if shown:
        Console().print(formats.table("ledger", _COLUMNS, map(_line, shown)))
    if more:
        note(f"the first {limit} lines; all of them: optout ledger --limit 0, --json or --html")
    note("next: " + in_this_case("optout ledger --out ledger.jsonl --html ledger.html"))


def _line(group: dict[str, Any]) -> dict[str, Any]:
    places, subject = group["places"], group["subject"]
    where = "" if subject == "site" else f", {places} {subject}{'s' if places > 1 else ''}"
    return {
        "host": group["origin"],
        "signal": group["signal"] + where,
        "seen": _span(group),
        "now": "archived" if group["archived"] else group["periods"][-1]["state"],
        "changes": group["changes"] or "",
        "gaps": group["gaps"] or "",
    }


def _span(group: dict[str, Any]) -> str:
    days: Iterator[str] = (f"{group[end]:%Y-%m-%d}" for end in ("first_seen", "last_seen"))
    if group["first_seen"] is None:
        return "never"
    return " – ".join(dict.fromkeys(days))

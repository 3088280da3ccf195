"""`optout lint`: traps in what a site says to crawlers, each with its fix."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from optout.case import Case
from optout.commands.crawl import case_for, crawl_and_tell, crawl_options
from optout.commands.options import json_option, not_yours, note, printable, the_case
from optout.errors import CaseError

if TYPE_CHECKING:
    from optout.lint.run import Finding
    from optout.protect.own_hosts import Controls

LOST = 3  # exit code with --exit-code


@click.command("lint")
@click.argument("site", required=False)
@click.option(
    "--case",
    "case_folder",
    type=click.Path(path_type=Path),
    help="The case folder (default: this folder, else ./optout-case).",
)
@json_option
@click.option("--exit-code", is_flag=True, help="Exit with 3 when something loses protection.")
@crawl_options
def command(
    site: str | None, case_folder: Path | None, as_json: bool, exit_code: bool, **chosen: Any
) -> int:
    """Find the traps in what your site says to crawlers, and the lines that mend them.

    \b
    Example:
      optout lint https://mira.example
      optout lint --case mira --json
    Looks at the latest scan of the case. A SITE that the case has not read yet is scanned first,
    with the options below; otherwise nothing is fetched.
    """
    from crawler.urls import place_of
    from optout.commands.lint_text import as_object, as_text, counted, scanned_on
    from optout.lint.run import lint_case
    from optout.protect.own_hosts import controls

    case = the_case(case_folder) if site is None else _read(site, case_folder, chosen)
    if not case.runs():
        raise CaseError(f"{case.folder} holds no scan yet", "optout crawl, or optout lint SITE")
    linted, mine = lint_case(case), controls(case)
    found = linted.findings
    if as_json:
        for one in found:
            click.echo(
                json.dumps(as_object(one) | {"mine": _is_mine(one, mine)}, ensure_ascii=False)
            )
    elif found:
        click.echo(f"{scanned_on(linted.scanned_at)}\n\n{as_text(found)}")
    for place in dict.fromkeys(place_of(one.host) for one in found if not _is_mine(one, mine)):
        note(printable(not_yours(place)))
    note(f"{counted(found)}, {scanned_on(linted.scanned_at)} · next: {_next(bool(found))}")
    lost = any(one.check.severity == "loses protection" for one in found)
    return LOST if exit_code and lost else 0


def _is_mine(one: Finding, mine: Controls) -> bool:
    """Whether the artist can mend it; what is on no host is in their own files."""
    return not one.host or mine(f"{one.host}/")


def _read(site: str, folder: Path | None, chosen: dict[str, Any]) -> Case:
    """The case of a site, with a scan that holds it."""
    from optout.crawling import site_root

    case = case_for(folder, (site,), chosen)
    if not _holds(case, site_root(site)):
        crawl_and_tell(case, chosen)
    return case


def _holds(case: Case, root: str) -> bool:
    """Whether the latest scan of `case` asked for this site."""
    from crawler.urls import origin
    from optout.database import dictionaries, open_case, relation
    from optout.report.damage import damage_told

    with damage_told(case), open_case(case) as connection:
        pages = dictionaries(relation(connection, "lint_pages"))
    return any(origin(row["url"]) == origin(root) for row in pages)


def _next(found: bool) -> str:
    return (
        "mend what loses protection (optout protect writes such files), then optout crawl"
        if found
        else "optout run"
    )

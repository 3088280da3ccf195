"""`optout history`: what a public archive kept of the artist's pages, and when."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from optout.case import DEFAULT_FOLDER, FILE, Case, create_case, find_case, load_case
from optout.commands.options import case_option, json_option, note, print_json, wrote
from optout.errors import CaseError

if TYPE_CHECKING:
    from optout.history import HistoryResult

_SHOWN = 5  # captures named that could not be read


def _digits(ctx: click.Context, parameter: click.Parameter, value: str | None) -> str:
    """A year, month or day → its digits."""
    if not value:
        return ""
    if not re.fullmatch(r"(?:19|20)\d{2}(?:-(?:0[1-9]|1[0-2])(?:-[0-3]\d)?)?", value, re.ASCII):
        raise click.BadParameter("write a year, month or day: 2016, 2016-05 or 2016-05-31")
    return value.replace("-", "")


@click.command("history")
@click.argument("sites", nargs=-1, metavar="[SITE]...")
@case_option
@json_option
@click.option(
    "--crawl",
    "crawls",
    multiple=True,
    metavar="NAME",
    help="Ask this crawl of the archive only, such as CC-MAIN-2016-07; repeat for more.",
)
@click.option(
    "--from",
    "first",
    callback=_digits,
    metavar="DATE",
    help="Captures from this year, month or day.",
)
@click.option(
    "--to", "last", callback=_digits, metavar="DATE", help="Captures up to this date, inclusive."
)
@click.option(
    "--max-captures",
    type=click.IntRange(1, 100_000),
    default=1000,
    show_default=True,
    help="Records fetched in one run.",
)
@click.option(
    "--max-versions",
    type=click.IntRange(1, 1000),
    default=4,
    show_default=True,
    help="Versions fetched of one page, spread over its time.",
)
@click.option("--subdomains", is_flag=True, help="Hosts below the sites, too.")
@click.option(
    "--table", is_flag=True, help="Ask the archive's columnar index for robots.txt, too (slow)."
)
@click.option(
    "--table-paths",
    default="",
    metavar="PATH",
    help="The list of that index's files: a file, or a path on the data server ({crawl} stands "
    "for the crawl's name).",
)
@click.option("--index", default="", metavar="URL", help="The archive's index server.")
@click.option("--data", default="", metavar="URL", help="The archive's data server.")
@click.option(
    "--delay",
    type=click.FloatRange(min=0),
    default=1.0,
    show_default=True,
    help="Seconds between two questions to the archive.",
)
def command(
    sites: tuple[str, ...],
    case_folder: Path | None,
    as_json: bool,
    crawls: tuple[str, ...],
    first: str,
    last: str,
    max_captures: int,
    max_versions: int,
    subdomains: bool,
    table: bool,
    table_paths: str,
    index: str,
    data: str,
    delay: float,
) -> None:
    """Read your sites' old pages and robots.txt in Common Crawl, so that lost addresses are found.

    Without SITE your sites and hosts are looked up. Without --crawl, --from and --to the crawls of
    2014 to 2022 and the newest are asked. With --json one capture per line: kind, url, captured_at,
    crawl, status, outcome, reason, digest, sha256, read, filename, offset, length, key.

    \b
    Example:
      optout history https://mira.example
      optout history old-site.example --from 2012 --to 2018-06
    A run that was stopped or killed goes on with the next `optout history`.
    """
    from optout.history import HistoryOptions, archive_for, read_history

    _check(crawls, first, last)
    case = _case(case_folder, sites)
    archive = archive_for(case, index=index, data=data, table_paths=table_paths)
    options = HistoryOptions(
        crawls=crawls,
        first=first,
        last=last,
        versions=max_versions,
        most=max_captures,
        subdomains=subdomains,
        table=table,
        pause=delay,
        tell=lambda text: note(_plain(text)),
    )
    _tell(case, read_history(case, sites, archive, options), as_json=as_json)


def _check(crawls: tuple[str, ...], first: str, last: str) -> None:
    """Raise BadParameter for a name that is no crawl, and for a span that ends before it begins."""
    from optout.history.index import is_crawl

    for name in crawls:
        if not is_crawl(name):
            raise click.BadParameter(f"{name[:60]!r} is no name of a crawl", param_hint="--crawl")
    if first and last and first[: len(last)] > last[: len(first)]:
        raise click.BadParameter("it lies after --to", param_hint="--from")


def _tell(case: Case, result: HistoryResult, *, as_json: bool) -> None:
    if as_json:
        _print_json(result)
    else:
        _print(case, result)
    _notes(result)
    if result.run:
        wrote(result.run, "optout match --dataset SPEC")


def _case(folder: Path | None, sites: tuple[str, ...]) -> Case:
    """The case; with a site and none yet, a new one."""
    from optout.crawling import site_root

    roots = [site_root(site) for site in sites]
    try:
        case = load_case(find_case(folder))
    except CaseError:
        place = folder or Path(DEFAULT_FOLDER)
        if not roots or (place / FILE).exists():
            raise
        note(f"made a case in {place}")
        return create_case(place, roots)
    return case


def _print_json(result: HistoryResult) -> None:
    print_json(result.captures)


def _print(case: Case, result: HistoryResult) -> None:
    places = ", ".join(result.summary["places"])
    asked = f"{result.crawls} {'crawl' if result.crawls == 1 else 'crawls'}"
    if not result.named:
        click.echo(f"no capture of {_plain(places)} in the {asked} asked")
        return
    if not result.run:
        click.echo(f"nothing new: all {result.known:,} captures chosen are recorded already")
        return
    counts = _counts(case, result)
    click.echo(
        f"pages: {counts['pages']:,} addresses in {counts['page_captures']:,} captures"
        + _span(counts["first_page"], counts["last_page"])
    )
    click.echo(
        f"robots.txt: {counts['robots_captures']:,} captures, {counts['robots_texts']:,} texts"
        + _span(counts["first_robots"], counts["last_robots"])
    )
    click.echo(
        f"image addresses: {counts['images']:,}, of them {counts['images_lost']:,} "
        "that nothing else in this case names"
    )
    _print_signals(case)


def _print_signals(case: Case) -> None:
    from optout.database import open_case
    from optout.history import known_archive
    from optout.history.told import MOST, signals_then

    with open_case(case) as connection:
        lines = list(signals_then(connection, known_archive().reader))
    if lines:
        click.echo("archived, not what your sites say now:")
    for line in lines[:MOST]:
        click.echo(f"  {_plain(line)}")
    if len(lines) > MOST:
        click.echo(f"  and {len(lines) - MOST:,} more")


def _span(first: Any, last: Any) -> str:
    if first is None:
        return ""
    return f", {first:%Y-%m-%d}" + (f" to {last:%Y-%m-%d}" if last != first else "")


def _counts(case: Case, result: HistoryResult) -> dict[str, Any]:
    from optout.database import dictionaries, open_case, relation

    run_id = result.run.name.removeprefix("run=") if result.run else ""
    with open_case(case) as connection:
        return dictionaries(relation(connection, "history_counts", run_id=run_id))[0]


def _notes(result: HistoryResult) -> None:
    if not result.named:
        note("that says nothing about the data sets: an archive keeps a part of the web's pages")
    if result.known:
        note(f"{result.known:,} captures were recorded before and were not fetched again")
    failed = [one for one in result.captures if one["outcome"] == "failed"]
    for reason, count in Counter(one["reason"] for one in failed).most_common(_SHOWN):
        note(f"{count:,} could not be read: {_plain(reason)}")
    for cut in result.summary["cut_short"]:
        many = f": {cut['count']:,} captures" if cut["count"] else ""
        note(f"{_plain(cut['reason'])}{many}")
    if result.summary["crawls_absent"]:
        note(f"unknown to the index: {_plain(', '.join(result.summary['crawls_absent']))}")
    if result.summary["odd_lines"]:
        note(f"{result.summary['odd_lines']:,} lines of the index could not be used")


def _plain(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text)

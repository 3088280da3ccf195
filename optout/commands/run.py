"""`optout run`: crawl, match, requests and report in one go."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from optout.case import Case
from optout.commands.crawl import case_for, crawl_and_tell, crawl_options
from optout.commands.options import note, printable, wrote
from optout.errors import OptoutError, RequestError

if TYPE_CHECKING:
    from crawler.progress import Listener
    from optout.matching.scan import Progress

CHANGED = 3  # exit code with --exit-code
_SHOWN = 10  # destinations named one by one

OBTAIN = """\
  no data set was named, so none was searched; your sites were read all the same
  to search the one that can be had today (Re-LAION-5B): optout datasets says how to get it,
  then: optout match --dataset FOLDER"""


@click.command("run")
@click.argument("sites", nargs=-1, metavar="SITE...")
@click.option(
    "--case",
    "case_folder",
    type=click.Path(path_type=Path),
    help="The case folder (default: this folder, else ./optout-case).",
)
@click.option(
    "--dataset",
    "specs",
    multiple=True,
    metavar="SPEC",
    help="File, folder, pattern or known name to search; repeat for more.",
)
@click.option("--thumbnails", is_flag=True, help="Small pictures in the report (--keep-images).")
@click.option("--exit-code", is_flag=True, help="Exit with 3 when matches or signals changed.")
@crawl_options
def command(
    sites: tuple[str, ...],
    case_folder: Path | None,
    specs: tuple[str, ...],
    thumbnails: bool,
    exit_code: bool,
    **chosen: Any,
) -> int:
    """Do everything in one go: scan your sites, search data sets, write requests and the report.

    \b
    Example:
      optout run https://mira.example --dataset relaion/part-*.parquet
    Without --dataset it reads your sites and says how to get the metadata to search. A step that
    fails is told, and the others go on. Writes observations/, matches/, requests/ and report.html
    in the case folder. Run it again whenever you like: it adds a dated scan and never changes
    an earlier one.
    """
    from optout.pipeline import snapshot

    check_datasets(specs)
    case = case_for(case_folder, sites, chosen)
    specs = specs or case.datasets
    before = snapshot(case) if exit_code else None
    failed = all_steps(case, specs, chosen, thumbnails=thumbnails)
    wrote(case.report if case.report.is_file() else case.folder, "open it in your browser")
    if failed:
        return 1
    return CHANGED if exit_code and snapshot(case) != before else 0


def all_steps(
    case: Case,
    specs: Sequence[str],
    chosen: dict[str, Any],
    *,
    thumbnails: bool = False,
    look: Callable[[Case], object] | None = None,
    on_crawl: Listener | None = None,
    on_search: Progress | None = None,
) -> tuple[str, ...]:
    """Crawl, match, requests, report; the titles of the steps that failed.

    With `look` the addresses found are looked at after the search. `on_crawl` and `on_search`
    hear how far it is; without them the crawl shows it itself.
    """
    from optout.pipeline import Step, run_steps
    from optout.report import write_report

    search: Callable[[], object] = lambda: _match(case, specs, on_search)  # noqa: E731
    steps = [
        Step("reading your sites", lambda: _crawl(case, chosen, on_crawl)),
        Step("searching the data sets", search if specs else lambda: note(OBTAIN)),
        *([Step("comparing pictures", lambda: look(case))] if look else ()),
        Step("writing request lists", lambda: _requests(case)),
        Step("writing the report", lambda: write_report(case, thumbnails=thumbnails)),
    ]
    failed = run_steps(steps, note)
    _compare(case)
    return failed


def _compare(case: Case) -> None:
    """Say what is new or gone since the run before; nothing after a first run."""
    from optout.second_run import second_run_of

    try:
        found = second_run_of(case)
    except OptoutError:
        return  # the step that met it has told it
    if found is None:
        return
    since = (found.since or found.searched_since)[:10]
    note(f"since {since}: {printable(', '.join(found.sentences) or 'nothing is new or gone')}")
    for line in found.asked:
        note(f"left out of new lists · {printable(line)}")


def check_datasets(specs: Sequence[str]) -> None:
    """Find a mistyped data set before the sites are read. Raises DatasetError."""
    if specs:
        from optout.datasets.files import resolve

        resolve(specs, unreadable=[])  # a damaged file among others is told by the search


def _crawl(case: Case, chosen: dict[str, Any], on_crawl: Listener | None) -> None:
    from optout.commands.crawl_outcome import tell_changes

    crawl_and_tell(case, chosen, listener=on_crawl)
    tell_changes(case)


def _match(case: Case, specs: Sequence[str], on_search: Progress | None) -> None:
    from optout.commands.match import refuse_damaged
    from optout.matching import match_case
    from optout.remote import Session

    with Session(tell=note) as session:
        found = match_case(case, specs, progress=on_search, session=session).data
    if session.traffic:
        note(f"  {session.traffic}")
    by_strength = ", ".join(
        f"{count} {strength.replace('_', ' ')}"
        for strength, count in found["by_strength"].items()
        if count
    )
    note(
        f"  {found['matches']} of {found['rows']:,} rows are tied to you"
        + (f": {by_strength}" if by_strength else "")
    )
    note(f"  {found['images_not_listed']} of {found['images']} images are not listed there")
    for words, count in (
        ("rows skipped, with no address where one should be", found["skipped"]),
        ("rows without any address", found["null_urls"]),
        ("rows found that do not fit what the address serves now", found["contradictions"]),
    ):
        if count:
            note(f"  {words}: {count}")
    for left_out in found["not_searched"]:
        note(f"  not searched for: {left_out['host']}, {left_out['advice']}")
    refuse_damaged(found)


def _requests(case: Case) -> None:
    from optout.requests import write_requests

    try:
        summary = write_requests(case)
    except RequestError as nothing:
        if (case.matches / "summary.json").is_file():
            raise
        # Without a search there may be nothing to ask for; that is no failure.
        note(f"  {nothing.message}")
        return
    for place in summary.written[:_SHOWN]:
        host = f" {place.host}" if place.host else ""
        note(f"  {place.name}{host}: {place.rows} {place.unit} · {place.effect}")
    if len(summary.written) > _SHOWN:
        note(f"  and {len(summary.written) - _SHOWN} more in {summary.folder}")
    waiting = sum(summary.waiting.values())
    if waiting:
        note(f"  {waiting} rows wait for your word: optout show matches, optout confirm")

"""`optout members match`, `requests`, `report`: one step for many members."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from optout.commands.match import note_gone, refuse_damaged
from optout.commands.members import chosen_members, every, member_options, today
from optout.commands.options import (
    json_option,
    no_dataset,
    note,
    plural,
    print_json,
    printable,
    ray_option,
    the_cluster,
    the_index,
    wrote,
)

if TYPE_CHECKING:
    from optout.cluster import Cluster
    from optout.members.register import Member, Organisation
    from optout.members.writing import Written

_SHOWN = 20
_CASES = 100  # between two words on how many were gathered or written: seconds


index_option = click.option(
    "--index",
    metavar="PLACE",
    help="Ask an index (a folder or an address) instead of the files.",
)


def refuse_both(specs: Sequence[str], index: str | None, ray_address: str | None) -> None:
    """Raises UsageError for an index beside what it takes the place of."""
    if specs and index:
        raise click.UsageError("name data files or an index, not both")
    if ray_address and index:
        raise click.UsageError("an index answers at once, by itself: leave --ray out")


@click.command("match")
@member_options
@click.option("--dataset", "specs", multiple=True, metavar="SPEC", help="Metadata; repeatable.")
@index_option
@ray_option
@json_option
def command_match(
    folder: Path | None,
    statuses: tuple[str, ...],
    numbers: tuple[str, ...],
    specs: tuple[str, ...],
    index: str | None,
    ray_address: str | None,
    as_json: bool,
) -> int:
    """Search data sets for all members in one pass; the matches go into each member's case.

    With --json one member per line: number, matches, by_strength. Ends with 1 when a case could
    not be read; the others are searched for all the same.

    \b
    Example:
      optout members match --dataset relaion/
    """
    organisation, members = chosen_members(folder, statuses, numbers)
    refuse_both(specs, index, ray_address)
    with the_cluster(ray_address) as cluster:
        failed = match(organisation, members, specs, index=index, as_json=as_json, cluster=cluster)
    wrote(organisation.cases, "optout members requests")
    return 1 if failed else 0


def match(
    organisation: Organisation,
    members: Sequence[Member],
    specs: Sequence[str],
    *,
    index: str | None = None,
    as_json: bool = False,
    cluster: Cluster | None = None,
) -> int:
    """Search, and say what was found; the number of cases that could not be read.

    Raises DatasetError, after all is told, where data files could not be searched.
    """
    from optout.members.matching import match_members
    from optout.remote import Session

    if not specs and not index:
        raise no_dataset("search")
    tell, shown = every(1), [-1]
    of_cases = every(_CASES)
    words = {"gathered": "members gathered", "written": "members' matches written"}

    def progress(done: int, files: int, rows: int) -> None:
        if done != shown[0]:
            shown[0] = done
            tell(done, files, f"files · {rows:,} rows")

    with Session(tell=note) as session:
        found = match_members(
            organisation,
            members,
            specs,
            index=the_index(index, session) if index else None,
            progress=progress,
            tell=lambda what, done, of: of_cases(done, of, words[what]),
            session=session,
            cluster=cluster,
        )
    if as_json:
        lines = (
            {"number": n, "matches": s.data["matches"], "by_strength": s.data["by_strength"]}
            for n, s in sorted(found.summaries.items())
        )
        print_json(lines)
    with_rows = sum(1 for summary in found.summaries.values() if summary.data["matches"])
    note(f"rows were found for {with_rows:,} of {plural(len(found.summaries), 'member')}")
    note_gone(found.summaries.values())
    for number, why in list(found.failed.items())[:_SHOWN]:
        note(printable(f"left out: {number}: {why}"))
    for summary in list(found.summaries.values())[:1]:
        refuse_damaged(summary.data)  # the same files for every member
    return len(found.failed)


@click.command("requests")
@member_options
def command_requests(
    folder: Path | None, statuses: tuple[str, ...], numbers: tuple[str, ...]
) -> int:
    """Write the request lists and letters of every member whose mandate is in force.

    Members without a mandate, with one that has ended or does not cover requests, and members no
    longer in the members file are named and left out. Nothing is sent. Ends with 1 when a case
    could not be read.

    \b
    Example:
      optout members requests
    """
    organisation, members = chosen_members(folder, statuses, numbers)
    failed = requests(organisation, members)
    wrote(organisation.cases, "optout members report")
    return 1 if failed else 0


def requests(organisation: Organisation, members: Sequence[Member]) -> int:
    """Write request lists, and say who was left out; the number of cases that failed."""
    from optout.members.writing import write_all_requests

    tell = every(100)
    results = write_all_requests(
        organisation, members, today=today(), tell=lambda done, of, _: tell(done, of, "members")
    )
    without = [one for one in results if one.outcome == "no_mandate"]
    for one in without[:_SHOWN]:
        note(printable(f"no requests for {one.number}: {one.reason}"))
    if len(without) > _SHOWN:
        note(f"and for {len(without) - _SHOWN:,} more (optout members list says why)")
    return _summed(results, "request lists")


@click.command("report")
@member_options
def command_report(folder: Path | None, statuses: tuple[str, ...], numbers: tuple[str, ...]) -> int:
    """Write report.html into every member's case.

    Ends with 1 when a case could not be read; the others are written all the same.

    \b
    Example:
      optout members report
    """
    organisation, members = chosen_members(folder, statuses, numbers)
    failed = report(organisation, members)
    wrote(organisation.cases, "optout members statistics")
    return 1 if failed else 0


def report(organisation: Organisation, members: Sequence[Member]) -> int:
    """Write reports; the number of cases that failed."""
    from optout.members.writing import write_reports

    tell = every(100)
    results = write_reports(
        organisation, members, tell=lambda done, of, _: tell(done, of, "members")
    )
    return _summed(results, "reports")


def _summed(results: Sequence[Written], noun: str) -> int:
    failed = [one for one in results if one.outcome == "failed"]
    for one in failed[:_SHOWN]:
        note(printable(f"left out: {one.number}: {one.reason}"))
    nothing = [one for one in results if one.outcome == "nothing"]
    for one in nothing[:_SHOWN]:
        note(printable(f"nothing to ask for: {one.number}{': ' if one.reason else ''}{one.reason}"))
    if len(nothing) > _SHOWN:
        note(f"and for {len(nothing) - _SHOWN:,} more")
    counts = Counter(one.outcome for one in results)
    text = f"{noun} of {plural(counts['written'], 'member')}"
    if counts["nothing"]:
        text += f" · nothing to ask for: {counts['nothing']:,}"
    if counts["no_mandate"]:
        text += f" · without a mandate: {counts['no_mandate']:,}"
    note(text)
    return len(failed)

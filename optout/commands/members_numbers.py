"""`optout members statistics` and `remove`: numbers that name nobody; one member's data deleted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from optout.commands.members import (
    chosen_members,
    every,
    folder_option,
)
from optout.commands.options import json_option, note, plural, print_json, printable, wrote

if TYPE_CHECKING:
    from optout.members.removal import Removed
    from optout.members.statistics import Line

_HOSTS = 20  # hosts on the screen


@click.command("statistics")
@click.option("--status", "statuses", multiple=True, help="Members with this status, or all.")
@folder_option
@json_option
def command_statistics(folder: Path | None, statuses: tuple[str, ...], as_json: bool) -> None:
    """Count over all members: matches, rows by strength, edition and host, signals; no small cell.

    Cells that rest on fewer than 5 members are not shown, nor as many others as it takes that
    nothing shown tells how few they are. Writes statistics.json and statistics.csv. With --json one
    cell per line: table, cell, value, why, members_at_least.

    \b
    Example:
      optout members statistics
    """
    from dataclasses import asdict

    from optout.members.statistics import METHOD, statistics, write

    organisation, _ = chosen_members(folder, statuses, ())
    tell = every(500)
    result = statistics(organisation, statuses, tell=lambda done, of: tell(done, of, "members"))
    path = write(organisation, result)
    if as_json:
        print_json(asdict(line) for line in result.lines)
    else:
        _print(result.lines)
    note(METHOD)
    for number, why in result.failed.items():
        note(printable(f"left out: {number}: {why}"))
    wrote(path)


def _print(lines: Sequence[Line]) -> None:
    from optout.report.formats import clean

    shown = [one for one in lines if one.table != "rows_by_host"]
    shown += [one for one in lines if one.table == "rows_by_host"][:_HOSTS]
    table = ""
    for one in shown:
        if one.table != table:
            table = one.table
            click.echo(clean(table.replace("_", " ")))
        value = one.why if one.value is None else f"{one.value:,}"
        least = f"  (at least {one.members_at_least:,} members)" if one.members_at_least else ""
        click.echo(f"  {clean(one.cell):<40} {value:>14}{least}")


@click.command("remove")
@click.argument("number")
@folder_option
@click.option("--yes", is_flag=True, help="Do not ask.")
def command_remove(number: str, folder: Path | None, yes: bool) -> None:
    """Delete everything of one member from the organisation's folder, and say what is left.

    Deletes the case (observations, matches, decisions, requests, report), the row of the register,
    the lists that name the member, and what an unfinished search has found for all members, which
    then begins anew; statistics are computed anew. A removal that was broken off is finished by the
    same command.

    \b
    Example:
      optout members remove 00123
    """
    from optout.members import removal
    from optout.members.choosing import choose
    from optout.members.register import alone, find_organisation

    organisation = find_organisation(folder)
    with alone(organisation):
        if removal.unfinished(organisation) == number:
            done = removal.finish(organisation)
            assert done
        else:
            removal.finish(organisation)
            [member] = choose(organisation, numbers=[number])
            if not yes:
                where = organisation.case_folder(member)
                sure = click.confirm(f"delete member {member.number} and {where}?", err=True)
                if not sure:
                    note("nothing was deleted")
                    return
            done = removal.remove(organisation, member)
    _tell(done)


def _tell(done: Removed) -> None:
    note(
        f"deleted of member {printable(done.number)}: the case with {plural(done.runs, 'crawl')}"
        f"{', its matches' if done.matches else ''}{', its decisions' if done.decisions else ''}"
        f"{', its requests' if done.requests else ''}; the row of the register; broken_rows.csv "
        "and conflicts.csv, which the next import makes anew"
        f"{'; what an unfinished search had found for all members' if done.search else ''}"
        f"{'; the statistics were computed anew' if done.statistics else ''}"
    )
    note("left, and not in this program's hands:")
    if done.requests:
        note(f"  what was sent of the requests of {', '.join(done.requests)} is with others")
    note("  the members file itself: while it names the member, an import brings the member back")
    note("  backups and copies of the folder, and statistics that were published before")

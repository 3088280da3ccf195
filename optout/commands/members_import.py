"""`optout members import` and `list`: the members file → cases and register; the register."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from optout.commands.members import (
    changing,
    chosen_members,
    every,
    folder_option,
    member_options,
    today,
)
from optout.commands.options import json_option, note, plural, printable, wrote

if TYPE_CHECKING:
    from optout.members.importing import Imported
    from optout.members.register import Member

_SHOWN = 20
_IMPORT = (
    click.option(
        "--dates",
        "date_order",
        type=click.Choice(["day-first", "month-first"]),
        help="How 04/11/2025 is meant; without it such a row is set apart.",
    ),
    click.option("--society", default="", help="The organisation's name, for letters."),
    click.option("--allow-private", is_flag=True, help="Take sites on private addresses."),
)


def import_options(command: Any) -> Any:
    """How a members file is read, for both commands that read one."""
    for option in reversed(_IMPORT):
        command = option(command)
    return folder_option(command)


@click.command("import")
@click.argument("members_file", type=click.Path(path_type=Path))
@import_options
def command_import(
    members_file: Path,
    folder: Path | None,
    date_order: str | None,
    society: str,
    allow_private: bool,
) -> int:
    """Read a members file: one case per member; broken rows are listed and the others go on.

    Run it again with a newer file: what changed there is changed in the cases, decisions stay, and
    members no longer named are listed, not deleted. Writes broken_rows.csv and conflicts.csv.
    Ends with 1 when rows were broken; the others are imported all the same.

    \b
    Example:
      optout members import members.csv --folder society/
    """
    done = read_file(members_file, folder, date_order, society, allow_private)
    return 1 if done.broken else 0


def read_file(
    members_file: Path,
    folder: Path | None,
    date_order: str | None,
    society: str,
    allow_private: bool,
) -> Imported:
    """Import, and say what came of it."""
    from optout.members.importing import import_members
    from optout.members.reading import Rules
    from optout.members.register import DEFAULT_FOLDER, Organisation

    organisation = Organisation(folder or Path(DEFAULT_FOLDER))
    tell = every(1000)
    with changing(organisation):
        done = import_members(
            members_file,
            organisation,
            today=today(),
            rules=Rules((date_order or "").partition("-")[0], allow_private),
            society=society,
            progress=lambda number, of: tell(number, of, "members"),
        )
    _tell(done)
    wrote(organisation.register, "optout members crawl")
    return done


def _tell(done: Imported) -> None:
    table = done.table
    note(f"read as {table.encoding}, cells separated by {_mark(table.delimiter)}")
    if table.ignored:
        note(f"columns not used: {printable(', '.join(table.ignored))[:300]}")
    note(
        f"{plural(len(done.new), 'new member')}, {len(done.changed):,} changed, "
        f"{done.unchanged:,} unchanged"
    )
    for one in done.broken[:_SHOWN]:
        column = f", column {one.column}" if one.column else ""
        note(printable(f"broken: line {one.line}{column}: {one.reason}"))
    _more(done.broken, "broken_rows.csv")
    if done.removed:
        listed = ", ".join(done.removed[:_SHOWN])
        note(
            f"no longer in the file, kept and left out of requests: {printable(listed)}"
            + (" …" if len(done.removed) > _SHOWN else "")
        )
    for conflict in done.conflicts[:_SHOWN]:
        members = ", ".join(conflict.members[:5]) + (" …" if len(conflict.members) > 5 else "")
        note(printable(f"look at: {conflict.what} {conflict.value} is claimed by {members}"))
    _more(done.conflicts, "conflicts.csv")


def _more(found: tuple[Any, ...], name: str) -> None:
    if len(found) > _SHOWN:
        note(f"and {len(found) - _SHOWN:,} more: {name}")


def _mark(delimiter: str) -> str:
    return {"\t": "tabs"}.get(delimiter, f'"{delimiter}"')


@click.command("list")
@member_options
@json_option
def command_list(
    folder: Path | None, statuses: tuple[str, ...], numbers: tuple[str, ...], as_json: bool
) -> None:
    """Print the members, their mandates, and how far each case is.

    With --json one member per line: number, names, sites, accounts, languages, status, listed,
    mandate_from, mandate_until, mandate_scope, no_mandate (why no request may be written, or ""),
    crawls, matches (rows found, null before a search), requests (days), folder.

    \b
    Example:
      optout members list --status active --json
    """
    from optout.report.formats import clean, json_lines

    organisation, members = chosen_members(folder, statuses, numbers)
    for member in members:
        row = _row(member, organisation.case_folder(member))
        if as_json:
            click.echo("".join(json_lines([row])), nl=False)
            continue
        names = clean("; ".join(member.names)) or "-"
        found = "not searched" if row["matches"] is None else plural(row["matches"], "row")
        mandate = row["no_mandate"] or "mandate in force"
        click.echo(
            f"{clean(member.number)}  {names}  {clean(member.status)} · {clean(mandate)} · "
            f"{plural(row['crawls'], 'crawl')} · {found}"
        )


def _row(member: Member, folder: Path) -> dict[str, Any]:
    return {
        "number": member.number,
        "names": list(member.names),
        "sites": list(member.sites),
        "accounts": [f"{one.platform}:{one.name}" for one in member.accounts],
        "languages": list(member.languages),
        "status": member.status,
        "listed": member.listed,
        "mandate_from": member.mandate_from and member.mandate_from.isoformat(),
        "mandate_until": member.mandate_until and member.mandate_until.isoformat(),
        "mandate_scope": member.mandate_scope,
        "no_mandate": member.no_mandate(today()),
        "crawls": sum(1 for _ in (folder / "observations").glob("run=*")),
        "matches": _matches(folder),
        "requests": sorted(path.name for path in (folder / "requests").glob("2*")),
        "folder": str(folder),
    }


def _matches(folder: Path) -> int | None:
    import json

    try:
        return int(json.loads((folder / "matches" / "summary.json").read_text("utf-8"))["matches"])
    except (OSError, ValueError, KeyError, TypeError):
        return None

"""`optout register`: what became of each request, and when an answer is due."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crawler.whole import whole
from optout.commands.options import (
    Decorator,
    case_option,
    json_option,
    note,
    printable,
    the_case,
    wrote,
)
from optout.errors import RequestError

if TYPE_CHECKING:
    from optout.register import Standing

_COLUMNS = ["requests", "destination", "kind", "status", "status_since", "due_on", "due_because"]
# As optout/register/statuses.toml has them; a test compares, since a help must load nothing.
_STATUSES = (
    *("drafted", "approved", "sent", "acknowledged", "answered", "refused", "escalated"),
    "withdrawn",
)


def _day(ctx: click.Context, parameter: click.Parameter, value: datetime | None) -> date | None:
    return value.date() if value else None


def _day_option(name: str, words: str) -> Decorator:
    kind = click.DateTime(["%Y-%m-%d"])
    return click.option(name, type=kind, callback=_day, metavar="DATE", help=words)


@click.group("register", invoke_without_command=True)
@click.pass_context
def command(context: click.Context) -> None:
    """Keep what became of each request: sent, answered, refused, and when an answer is due.

    A request is named by its id (r-…) or by its folder in requests/, such as laion. Nothing is
    sent by this, and nothing that was entered is ever changed: the last word counts. Writes
    register.db in the case folder, and keeps in sent/ what was sent.

    \b
    Example:
      optout register set sent laion --on 2026-11-22
      optout register list --due 2026-12-31
      optout register set refused laion --text "they name the research exception"
    """
    if context.invoked_subcommand is None:
        context.invoke(list_)


@command.command("list")
@click.argument("requests", nargs=-1, metavar="[REQUEST]...")
@_day_option("--due", "Only those that are open and due by DATE.")
@case_option
@json_option
def list_(
    requests: tuple[str, ...] = (),
    due: date | None = None,
    case_folder: Path | None = None,
    as_json: bool = False,
) -> None:
    """Show where requests stand, those that are due first.

    Requests that stand alike are one line; --json prints one object per request, with the
    fields of docs/guides/register.md.

    \b
    Example:
      optout register list --due 2026-12-31
    """
    from optout.register import named, standings
    from optout.register.export import rows
    from optout.report.formats import json_lines

    case = the_case(case_folder)
    found = standings(case, due=due)
    if requests:
        wanted = {one.request_id for one in named(case, requests)}
        found = [one for one in found if one.request.request_id in wanted]
    if as_json:
        sys.stdout.writelines(json_lines(rows(found)))
    else:
        _print(found, due)


def _print(found: Sequence[Standing], due: date | None) -> None:
    from rich.console import Console

    from optout.register.export import piles
    from optout.report.formats import table

    if not found:
        empty = f"nothing is due by {due}" if due else "nothing has been entered yet"
        note(f"{empty} · next: optout register set sent REQUEST")
        return
    Console().print(table("register", _COLUMNS, piles(found)))
    for one in found:
        for entry in one.entries[-3:] if len(found) == 1 else ():
            note(f"  {entry.happened_on} {entry.status or 'note'}: {printable(entry.text[:500])}")


@command.command("set")
@click.argument("status", type=click.Choice(_STATUSES))
@click.argument("requests", nargs=-1, required=True, metavar="REQUEST...")
@_day_option("--on", "The day it happened (default: today).")
@_day_option("--due", "When you expect an answer, in place of the usual time.")
@click.option("--text", default="", help="Their reason or your remark; refused needs one.")
@case_option
def set_(
    status: str,
    requests: tuple[str, ...],
    on: date | None,
    due: date | None,
    text: str,
    case_folder: Path | None,
) -> None:
    """Enter what became of requests; of sent ones a copy of the letters is kept.

    \b
    Example:
      optout register set sent laion --on 2026-11-22
    """
    from optout.register import set_status, standings
    from optout.register.database import path_of
    from optout.register.sent import keep

    case = the_case(case_folder)
    chosen = _chosen(case_folder, requests)
    set_status(case, chosen, status, text, on=on, due=due)
    for folder in keep(case, chosen) if status == "sent" else []:
        note(f"kept as it was sent: {folder}")
    ids = {one.request_id for one in chosen}
    for due_on, why in _due([one for one in standings(case) if one.request.request_id in ids]):
        note(f"due on {due_on}: {why}")
    wrote(path_of(case), "optout register list")


def _due(found: Sequence[Standing]) -> list[tuple[str, str]]:
    return sorted({(one.due_on, one.due_because) for one in found if one.due_on})


@command.command("note")
@click.argument("text")
@click.argument("requests", nargs=-1, required=True, metavar="REQUEST...")
@case_option
def note_(text: str, requests: tuple[str, ...], case_folder: Path | None) -> None:
    """Keep a remark with requests.

    \b
    Example:
      optout register note "they asked for a copy of my passport" laion-gdpr
    """
    from optout.register import note as keep_note
    from optout.register.database import path_of

    case = the_case(case_folder)
    keep_note(case, _chosen(case_folder, requests), text)
    wrote(path_of(case), "optout register list")


@command.command("add")
@click.option("--to", required=True, help="Whom it goes to.")
@click.option("--kind", default="courtesy_removal", show_default=True, help="Its kind.")
@click.option("--about", required=True, help="The address it is about, or a few words.")
@click.option("--text", default="", help="Your remark.")
@case_option
def add_(to: str, kind: str, about: str, text: str, case_folder: Path | None) -> None:
    """Enter a request that was written elsewhere, and print its id.

    \b
    Example:
      optout register add --to "Pin board" --about https://board.example/123.jpg
    """
    from optout.register import add
    from optout.register.database import path_of
    from optout.requests.recipients import kinds

    if kind not in kinds():
        raise RequestError(f"{kind[:60]!r} is no kind of request", f"one of {', '.join(kinds())}")
    case = the_case(case_folder)
    one = add(case, to, kind, about, text)
    click.echo(one.request_id)
    wrote(path_of(case), f"optout register set sent {one.request_id}")


@command.command("export")
@click.option("--json", "as_json", is_flag=True, help="JSON lines in place of CSV.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write to this file.")
@case_option
def export_(as_json: bool, out: Path | None, case_folder: Path | None) -> None:
    """Print or write every request with all that was entered, as CSV that is safe to open.

    \b
    Example:
      optout register export --out register.csv
    """
    from optout.register import standings
    from optout.register.export import rows
    from optout.report.formats import csv_lines, json_lines

    found = rows(standings(the_case(case_folder)))
    lines = json_lines(found) if as_json else csv_lines(found)
    data = (line.encode("utf-8", "replace") for line in lines)
    if out is None:
        sys.stdout.buffer.writelines(data)
        return
    with whole(out) as beside, beside.open("wb") as file:
        file.write(b"" if as_json else "\ufeff".encode())
        file.writelines(data)
    wrote(out)


def _chosen(case_folder: Path | None, words: tuple[str, ...]) -> list[Any]:
    """The requests named, in requests/ or (those that lists no longer hold) in the register."""
    from optout.register import named, standings

    case = the_case(case_folder)
    known = {one.request.request_id: one.request for one in standings(case)}
    found = {word: known[word] for word in words if word in known}
    rest = tuple(word for word in words if word not in known)
    return [*found.values(), *(named(case, rest) if rest else ())]

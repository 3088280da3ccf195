"""`optout requests`: write the lists and letters."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from optout.commands.options import case_option, json_option, note, printable, the_case, wrote

if TYPE_CHECKING:
    from optout.case import Case
    from optout.requests import RequestSummary

_SHOWN = 20  # hosts of reposts named one by one for people


@click.command("requests")
@case_option
@json_option
@click.option(
    "--shows-me",
    is_flag=True,
    help="The pictures or their addresses show me: write the data-protection letter as well.",
)
@click.option("--exit-code", is_flag=True, help="Exit with 3 when other requests than last time.")
def command(case_folder: Path | None, as_json: bool, shows_me: bool, exit_code: bool) -> int:
    """Write request lists and letters, one folder per destination; nothing is sent.

    Rows at your addresses and with your files enter by themselves; leads and captions only
    after optout confirm. Writes requests/<date of the last run>/ in the case folder. --json
    prints destination_id, name, kind, host, unit, rows, effect, effect_source, confidence, checked,
    publishes and folder of each destination, and why where there is none.

    \b
    Example:
      optout requests
    """
    from optout.requests import write_requests

    case = the_case(case_folder)
    summary = write_requests(case, shows_me=shows_me)
    (_print_json if as_json else _print)(summary)
    _notes(summary)
    _note_asked(case)
    if summary.written:
        wrote(summary.folder, "read README.txt in each folder, then optout report")
    return 3 if exit_code and summary.changed else 0


def _print(summary: RequestSummary) -> None:
    for place in summary.written[:_SHOWN]:
        host = f" {place.host}" if place.host else ""
        click.echo(
            f"{place.name}{host}: {place.rows} {place.unit} · "
            f"{place.effect} ({place.effect_source}) · "
            f"contact {place.confidence} (checked {place.checked}) · {place.folder}"
        )
    if len(summary.written) > _SHOWN:
        click.echo(f"and {len(summary.written) - _SHOWN} more in {summary.folder}")
    for _, name, why in summary.left_out:
        click.echo(f"{name}: nothing written, {why}")


def _note_asked(case: Case) -> None:
    """What recipients have already: new lists leave it out."""
    from optout.register.again import told

    for line in told(case):
        note(f"left out · {printable(line)}")


def _print_json(summary: RequestSummary) -> None:
    for place in summary.written:
        click.echo(json.dumps(asdict(place) | {"folder": str(place.folder)}))
    for destination_id, name, why in summary.left_out:
        click.echo(
            json.dumps({"destination_id": destination_id, "name": name, "rows": 0, "why": why})
        )


def _notes(summary: RequestSummary) -> None:
    from optout.requests.plain import clean

    if not summary.searched:
        note("no data set has been searched: optout match --dataset SPEC")
    if summary.waiting:
        piles = ", ".join(
            f"{count} {strength.replace('_', ' ')}" for strength, count in summary.waiting.items()
        )
        note(
            f"waiting for your word: {piles} · see them with: optout show matches · then: "
            "optout confirm MATCH_ID, optout reject MATCH_ID or --host HOST"
        )
    for dataset, rows in summary.no_destination:
        note(
            f"no destination known for {rows} row{'s' if rows != 1 else ''} of {clean(dataset)} "
            "(is it a known data set? optout match --dataset NAME=FILE)"
        )
    for host, why in summary.domains_left_out:
        note(f"not in domains.txt: {host}, {why}")
    for publishes in dict.fromkeys(p.publishes for p in summary.written if p.publishes):
        note(f"careful: {publishes}")
    if summary.written and summary.no_contact:
        note('letters have [brackets] to fill in: set "names" and "contact" in optout.toml')
    if summary.kept:
        note(f"your edited set of the same date is kept in {summary.kept}")

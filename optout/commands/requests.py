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
@click.option(
    "--shows-me-in", multiple=True, metavar="MATCH_ID", help="Only this one does; repeat for more."
)
@click.option(
    "--to", multiple=True, metavar="NAME[:KIND]", help="Another destination; repeat for more."
)
@click.option(
    "--declare",
    multiple=True,
    metavar="NOTICE",
    help="I make the statements in NOTICE/DRAFT.txt for its entries; recorded with the date.",
)
@click.option("--language", default="", metavar="CODE", help="Of the letters: en, de, fr or yours.")
@click.option("--list", "listing", is_flag=True, help="Show every destination; write nothing.")
@click.option("--exit-code", is_flag=True, help="Exit with 3 when other requests than last time.")
def command(
    case_folder: Path | None,
    as_json: bool,
    shows_me: bool,
    shows_me_in: tuple[str, ...],
    to: tuple[str, ...],
    declare: tuple[str, ...],
    language: str,
    listing: bool,
    exit_code: bool,
) -> int:
    """Write request lists and letters, one folder per destination; nothing is sent.

    Rows at your addresses and with your files enter by themselves; leads and captions only
    after optout confirm. A takedown notice needs your own statements: it stays a draft until you
    --declare it. Writes requests/<date of the last run>/ in the case folder. --json prints
    destination_id, name, kind, host, unit, rows, effect, effect_source, confidence, checked,
    publishes, language, draft, missing and folder of each destination, and why where there is
    none.

    \b
    Example:
      optout requests
      optout requests --list
      optout requests --to common-crawl --language de
    """
    from optout.requests import write_requests

    case = the_case(case_folder)
    if listing:
        _list(case, as_json)
        return 0
    summary = write_requests(
        case, shows_me=shows_me, shown_in=shows_me_in, to=to, declare=declare, language=language
    )
    (_print_json if as_json else _print)(summary)
    _notes(summary)
    _note_asked(case)
    if summary.written:
        wrote(summary.folder, "read README.txt in each folder, then optout report")
    return 3 if exit_code and summary.changed else 0


def _list(case: Case, as_json: bool) -> None:
    from optout.requests.own import recipients_of

    for one in recipients_of(case).values():
        about = {
            "destination_id": one.id,
            "name": one.name,
            "role": one.role,
            "kinds": list(one.kinds),
            "channel": one.channel,
            "address": one.address,
            "by_default": one.by_default,
            "effect": one.effect,
            "effect_note": one.effect_note,
            "effect_source": one.effect_source,
            "confidence": one.confidence,
            "checked": one.checked.isoformat(),
            "publishes": one.publishes_note,
        }
        if as_json:
            click.echo(json.dumps(about))
        else:
            kinds = ", ".join(one.kinds) if one.files != "none" else "nothing to prepare"
            click.echo(
                f"{one.id}{'*' if one.by_default else ''}: {one.name} · {kinds} · "
                f"{one.effect} ({one.effect_source}) · "
                f"contact {one.confidence} (checked {one.checked})"
            )
    if not as_json:
        note("* written by default; another one with: optout requests --to NAME[:KIND]")


def _print(summary: RequestSummary) -> None:
    for place in summary.written[:_SHOWN]:
        host = f" {place.host}" if place.host else ""
        draft = "draft, your own statement is missing · " if place.draft else ""
        click.echo(
            f"{place.name}{host}: {place.rows} {place.unit} · {draft}"
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
    _missing(summary)
    if summary.kept:
        note(f"your edited set of the same date is kept in {summary.kept}")


def _missing(summary: RequestSummary) -> None:
    """Drafts and blanks, each with what fills it."""
    for place in summary.written:
        if place.draft:
            note(
                f"draft: read {place.folder / 'DRAFT.txt'}, then: "
                f"optout requests --declare {place.folder.name}"
            )
    if summary.written and summary.no_contact:
        note('letters have [brackets] to fill in: set "names" and "contact" in optout.toml')
    keys = sorted({key for place in summary.written for key in place.missing} - {"name", "contact"})
    if keys:
        note(f"some letters ask for more under [artist] in optout.toml: {', '.join(keys)}")

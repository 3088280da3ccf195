"""`optout signals`: what one address tells crawlers."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from optout.commands.options import case_option, json_option, note, printable, the_case
from optout.errors import FetchError

if TYPE_CHECKING:
    from optout.check import Check
    from optout.readers.prose import Prose
    from optout.readers.subject import Subject
    from optout.readers.table import Reader

MOST_LINES = 40  # of signals printed for one address; --json prints all


@click.command("signals")
@click.argument("urls", nargs=-1, metavar="[URL]...")
@json_option
@click.option("--effect", is_flag=True, help="Who reads, misreads or passes over each signal.")
@case_option
@click.option(
    "--i-own-this-site",
    "owned",
    multiple=True,
    metavar="HOST",
    help="Fetch from HOST even if its robots.txt asks us not to; repeat for more.",
)
@click.option("--allow-private", is_flag=True, help="Follow redirects to private addresses too.")
@click.option("--all-readers", is_flag=True, help="Ask every known reader, not only the main five.")
def command(
    urls: tuple[str, ...],
    as_json: bool,
    effect: bool,
    case_folder: Path | None,
    owned: tuple[str, ...],
    allow_private: bool,
    all_readers: bool,
) -> None:
    """Show every opt-out signal of pages or images and what AI crawlers make of it.

    With --effect every known reader is asked, and the image's file is read too. Without an
    address that is done for all that the case has seen, and nothing is fetched.

    \b
    Example:
      optout signals https://your-site.example/images/harbour.jpg
      optout signals --effect
    """
    if not urls and not effect:
        raise click.UsageError("name an address, or add --effect for the whole case")
    if not urls:
        _show_case(case_folder, as_json)
        return
    from crawler.urls import origin
    from optout.check import absolute
    from optout.readers.table import readers, reported

    addresses = [(text, absolute(text)) for text in dict.fromkeys(urls)]
    of = readers() if all_readers or effect else reported()
    failures = _ask(addresses, of, _Asking(as_json, effect, owned, allow_private))
    if failures:
        raise _error(failures, len(addresses))
    note(f"next: optout run {origin(addresses[0][1] or '')}")


@dataclass(frozen=True, slots=True)
class _Asking:
    """How addresses are asked for and shown."""

    as_json: bool
    effect: bool
    owned: tuple[str, ...]
    allow_private: bool


_Failure = tuple[str, str, str]  # address, outcome, reason


def _ask(
    addresses: Sequence[tuple[str, str | None]], of: Sequence[Reader], how: _Asking
) -> list[_Failure]:
    """Ask for each address and print what it says; those that gave no answer."""
    from crawler.policy import Reach
    from optout.check import Sites, check, started_at

    started = started_at(address for _, address in addresses if address)
    sites = Sites(Reach(started, how.allow_private), how.owned)
    failures = []
    for text, address in addresses:
        if address is None:
            failures.append((text, "failed", "it is no http(s) address"))
            continue
        note(f"asking {address}")
        found = check(address, sites, of, whole=how.effect)
        click.echo(_told(found, how), nl=False)
        if found.outcome in ("failed", "private_address"):
            failures.append((address, found.outcome, found.reason))
        elif found.outcome == "robots_disallowed":
            note(f"{found.reason}; if the site is yours, add --i-own-this-site")
    return failures


def _told(found: Check, how: _Asking) -> str:
    if how.effect:
        return _effects([found.subject], found.prose, how.as_json)
    if how.as_json:
        return json.dumps(as_object(found), ensure_ascii=False) + "\n"
    return as_text(found) + "\n"


def _show_case(case_folder: Path | None, as_json: bool) -> None:
    from optout.database import open_case
    from optout.readers.prose import prose_of
    from optout.readers.site import subjects

    with open_case(the_case(case_folder)) as connection:
        prose = prose_of(connection)
        click.echo(_effects(subjects(connection), prose, as_json), nl=False)
    note("next: optout signals URL --effect")


def _effects(subjects: Iterable[Subject], prose: Sequence[Prose], as_json: bool) -> str:
    """The effect matrix of all known readers, and what is context beside it, as lines."""
    from optout.commands.signal_effects import effect_lines, effect_object
    from optout.commands.signal_prose import prose_lines, prose_object
    from optout.readers.effect import MOST, effects
    from optout.readers.table import readers

    rows = effects(subjects, readers())
    if len(rows) == MOST:
        note(f"only the first {MOST} different lines are looked at")
    if as_json:
        objects = [*map(effect_object, rows), *map(prose_object, prose)]
        lines = [json.dumps(one, ensure_ascii=False) for one in objects]
    else:
        beside = prose_lines(prose)
        lines = effect_lines(rows) + (["", *beside] if beside else [])
    return "".join(f"{line}\n" for line in lines)


def as_object(found: Check) -> dict[str, Any]:
    """The JSON form: names that stay."""
    from optout.commands.signal_prose import prose_object

    return {
        "url": found.url,
        "final_url": found.final_url,
        "status": found.status,
        "outcome": found.outcome,
        "reason": found.reason,
        "fetched_at": found.fetched_at.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "signals": [asdict(signal) for signal in found.signals],
        "verdicts": [
            {
                "reader": reader.name,
                "purpose": verdict.purpose,
                "verdict": verdict.value,
                "signal": verdict.signal,
                "where": verdict.where,
                "line": verdict.line,
                "raw": verdict.raw,
                "why": verdict.why,
                "clause": verdict.clause,
                "basis": verdict.basis,
                "source": reader.source,
                "checked": reader.checked.isoformat(),
            }
            for reader, verdict in found.verdicts
        ],
        "prose": [prose_object(one) for one in found.prose],
    }


def as_text(found: Check) -> str:
    """For people: the answer, the signals by place, a line per reader, and what is context."""
    from optout.commands.signal_prose import prose_lines

    answer = f"answered {found.status}" if found.status else f"not fetched: {found.reason}"
    lines = [found.url, f"  {answer}, {found.fetched_at:%Y-%m-%d %H:%M:%S} UTC"]
    if found.final_url != found.url:
        lines.append(f"  redirected to {found.final_url}")
    lines += ["", *_signal_lines(found), "", "what readers make of it"]
    width = max(16, *(len(reader.name) for reader, _ in found.verdicts))
    before = None
    for reader, verdict in found.verdicts:
        name, before = ("" if reader is before else reader.name), reader
        purpose = f"{verdict.purpose}: " if verdict.purpose else ""
        lines.append(f"  {name:<{width}} {verdict.value:<11} {purpose}{verdict.why}")
        if verdict.raw:
            lines.append(f"{'':{width + 15}}{verdict.raw.strip()}")
    beside = prose_lines(found.prose)
    return "\n".join([*map(printable, lines), *(["", *beside] if beside else [])]) + "\n"


def _signal_lines(found: Check) -> list[str]:
    """Each raw line once, under the place where it stands."""
    if not found.signals:
        return ["no opt-out signal found"]
    raws = list(dict.fromkeys((s.signal, s.where, s.line, s.raw) for s in found.signals))
    lines = []
    place = ("", "")
    for signal, where, number, raw in raws[:MOST_LINES]:
        if (signal, where) != place:
            place = (signal, where)
            lines.append(f"{signal} · {where}")
        lines.append(f"  {'' if number is None else number:>4}  {raw.strip()}")
    more = len(raws) - MOST_LINES
    return [*lines, f"  and {more} more (--json prints all)"] if more > 0 else lines


def _error(failures: list[tuple[str, str, str]], asked: int) -> FetchError:
    told = "; ".join(f"{printable(url)} was not fetched: {reason}" for url, _, reason in failures)
    private = any(outcome == "private_address" for _, outcome, _ in failures)
    hint = "check the address and try again later"
    if private:
        hint = "add --allow-private if this is an address of your own network"
    return FetchError(told if asked == 1 else f"{len(failures)} of {asked}: {told}", hint)

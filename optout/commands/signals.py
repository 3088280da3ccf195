"""`optout signals`: what one address tells crawlers."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from optout.commands.options import json_option, note
from optout.errors import FetchError

if TYPE_CHECKING:
    from optout.check import Check

MOST_LINES = 40  # of signals printed for one address; --json prints all


@click.command("signals")
@click.argument("urls", nargs=-1, required=True, metavar="URL...")
@json_option
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
    owned: tuple[str, ...],
    allow_private: bool,
    all_readers: bool,
) -> None:
    """Show every opt-out signal of pages or images and what AI crawlers make of it.

    \b
    Example:
      optout signals https://your-site.example/images/harbour.jpg
    """
    from crawler.policy import Reach
    from crawler.urls import origin
    from optout.check import Sites, absolute, check, started_at
    from optout.readers.table import readers, reported

    addresses = [(text, absolute(text)) for text in dict.fromkeys(urls)]
    started = started_at(address for _, address in addresses if address)
    sites = Sites(Reach(started, allow_private), owned)
    of = readers() if all_readers else reported()
    failures = []
    for text, address in addresses:
        if address is None:
            failures.append((text, "failed", "it is no http(s) address"))
            continue
        note(f"asking {address}")
        found = check(address, sites, of)
        said = json.dumps(as_object(found), ensure_ascii=False) if as_json else as_text(found)
        click.echo(said)
        if found.outcome in ("failed", "private_address"):
            failures.append((address, found.outcome, found.reason))
        elif found.outcome == "robots_disallowed":
            note(f"{found.reason}; if the site is yours, add --i-own-this-site")
    if failures:
        raise _error(failures, len(addresses))
    note(f"next: optout run {origin(addresses[0][1] or '')}")


def as_object(found: Check) -> dict[str, Any]:
    """The JSON form: names that stay."""
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
    }


def as_text(found: Check) -> str:
    """For people: the answer, the signals by place, a line per reader."""
    answer = f"answered {found.status}" if found.status else f"not fetched: {found.reason}"
    lines = [found.url, f"  {answer}, {found.fetched_at:%Y-%m-%d %H:%M:%S} UTC"]
    if found.final_url != found.url:
        lines.append(f"  redirected to {found.final_url}")
    lines += ["", *_signal_lines(found), "", "what readers make of it"]
    width = max(16, *(len(reader.name) for reader, _ in found.verdicts))
    for reader, verdict in found.verdicts:
        lines.append(f"  {reader.name:<{width}} {verdict.value:<11} {verdict.why}")
        if verdict.raw:
            lines.append(f"{'':{width + 15}}{verdict.raw.strip()}")
    return "\n".join(map(printable, lines)) + "\n"


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


def printable(text: str) -> str:
    """Text of strangers, safe for a terminal: control characters are shown, not obeyed.

    >>> printable("a\\x1b[31mb")
    'a\\\\x1b[31mb'
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _error(failures: list[tuple[str, str, str]], asked: int) -> FetchError:
    told = "; ".join(f"{printable(url)} was not fetched: {reason}" for url, _, reason in failures)
    private = any(outcome == "private_address" for _, outcome, _ in failures)
    hint = "check the address and try again later"
    if private:
        hint = "add --allow-private if this is an address of your own network"
    return FetchError(told if asked == 1 else f"{len(failures)} of {asked}: {told}", hint)

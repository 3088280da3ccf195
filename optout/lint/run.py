"""Seen → findings: every check asked, alike ones told once, the worst first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from string import Template

from crawler.urls import origin
from optout.case import Case
from optout.lint.seen import Seen
from optout.lint.table import SEVERITIES, Check, Found, checks, functions

MAX_RAW = 500  # characters shown of a line; strangers write long ones
_MAX_WORD = 300
_Key = tuple[str, int | None, str, tuple[tuple[str, str], ...]]


@dataclass(frozen=True, slots=True)
class Finding:
    """A check that holds somewhere."""

    check: Check
    host: str  # scheme, host and port of the first place
    url: str  # the first place
    line: int | None
    raw: str
    effect: str
    fix: str
    places: int  # addresses where the same was found
    scanned_at: datetime | None = None  # when its host was last asked for anything


@dataclass(frozen=True, slots=True)
class Linted:
    """The findings of a case, and when its latest scan ended."""

    findings: tuple[Finding, ...]
    scanned_at: datetime | None


def lint_case(case: Case) -> Linted:
    """The findings of a case's latest observations.

    Raises CaseError where a file of the case is damaged.
    """
    from optout.database import open_case
    from optout.lint.gather import gather
    from optout.report.damage import damage_told

    with damage_told(case), open_case(case) as connection:
        seen = gather(connection, case)
        return Linted(tuple(findings(seen)), seen.scanned.get(""))


def findings(seen: Seen) -> list[Finding]:
    """All findings: by severity, then in the order of the table, then as they were met."""
    order = {severity: number for number, severity in enumerate(SEVERITIES)}
    table = sorted(checks().values(), key=lambda check: order[check.severity])
    found = (one for check in table for one in _alike(check, functions()[check.id](seen)))
    latest = seen.scanned.get("")
    return [replace(one, scanned_at=seen.scanned.get(one.host, latest)) for one in found]


def _alike(check: Check, found: Iterator[Found]) -> Iterator[Finding]:
    """The same line of the same host is one finding, however many addresses have it."""
    first: dict[_Key, Found] = {}
    places: dict[_Key, set[str]] = {}
    for one in found:
        key = (_host(one.url), one.line, one.raw, tuple(one.words.items()))
        first.setdefault(key, one)
        places.setdefault(key, set()).add(one.url)
    for key, one in first.items():
        yield _finding(check, one, len(places[key]))


def _finding(check: Check, found: Found, places: int) -> Finding:
    words = {name: _short(text, _MAX_WORD) for name, text in found.words.items()}
    return Finding(
        check=check,
        host=_host(found.url),
        url=found.url,
        line=found.line,
        raw=_short(found.raw.strip(), MAX_RAW),
        effect=Template(check.effect).safe_substitute(words).strip(),
        fix=Template(check.fix).safe_substitute(words).strip(),
        places=places,
    )


def _host(url: str) -> str:
    return origin(url) if url.startswith("http") else ""


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"

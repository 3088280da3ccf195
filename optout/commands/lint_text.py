"""Findings → text for people, and objects with names that stay."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from optout.commands.options import printable
from optout.lint.run import Finding
from optout.lint.table import SEVERITIES

MOST = 12  # places of one check that are printed; --json prints all


def as_object(finding: Finding) -> dict[str, Any]:
    """The JSON form."""
    check = finding.check
    return {
        "check": check.id,
        "severity": check.severity,
        "title": check.title,
        "host": finding.host or None,
        "url": finding.url,
        "line": finding.line,
        "raw": finding.raw,
        "places": finding.places,
        "scanned_at": _moment(finding.scanned_at),
        "effect": finding.effect,
        "explanation": check.explanation,
        "fix": finding.fix,
        "source": check.source,
        "checked": check.checked.isoformat(),
    }


def as_text(found: Sequence[Finding]) -> str:
    """Grouped by severity, the worst first; each check is explained once.

    Texts of strangers are made harmless for a terminal.
    """
    blocks = []
    for severity in SEVERITIES:
        here = [one for one in found if one.check.severity == severity]
        if here:
            blocks.append(f"{severity.upper()} ({len(here)})")
            by_check = groupby(here, lambda one: one.check)
            blocks += ["\n".join(_lines(list(group))) for _, group in by_check]
    return "\n\n".join(blocks)


def scanned_on(at: datetime | None) -> str:
    """When the findings were true: nothing was asked since.

    >>> scanned_on(datetime(2026, 11, 21, 10, 15))
    'as scanned on 2026-11-21 (UTC)'
    """
    return f"as scanned on {at:%Y-%m-%d} (UTC)" if at else "as scanned on an unknown day"


def _moment(at: datetime | None) -> str | None:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z") if at else None


def counted(found: Sequence[Finding]) -> str:
    """How many of what.

    >>> counted([])
    'no findings'
    """
    if not found:
        return "no findings"
    counts = {s: sum(one.check.severity == s for one in found) for s in SEVERITIES}
    told = ", ".join(f"{count} {severity}" for severity, count in counts.items() if count)
    return f"{len(found)} finding{'s' if len(found) != 1 else ''}: {told}"


def _lines(group: list[Finding]) -> Iterator[str]:
    check = group[0].check
    yield f"{check.id}  {check.title}"
    yield f"     {check.explanation}"
    for number, one in enumerate(group[:MOST]):
        # The fix once, where it is the same for all.
        again = number and one.fix == group[number - 1].fix
        yield from _place(one, with_fix=not again)
    if len(group) > MOST:
        yield f"     and {len(group) - MOST} more (--json prints all)"


def _place(one: Finding, *, with_fix: bool) -> Iterator[str]:
    line = f", line {one.line}" if one.line is not None else ""
    more = f" and {one.places - 1:,} more" if one.places > 1 else ""
    yield printable(f"   · {one.url}{line}{more}")
    if one.raw:
        yield printable(f"       {one.raw}")
    yield printable(f"     {one.effect}")
    if with_fix:
        first, *rest = one.fix.splitlines() or [""]
        yield printable(f"     fix: {first}")
        yield from (printable(f"          {line}".rstrip()) for line in rest)

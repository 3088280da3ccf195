"""A plan of requests → the plan without what its recipients already have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from optout.case import Case
from optout.register.standing import Standing, asked_already

if TYPE_CHECKING:
    from optout.requests.plan import Plan, RequestList

Identify = Callable[["RequestList", str], str]  # a list and its row's match id, or its domain


def not_again(case: Case, planned: Plan, identify: Identify) -> Plan:
    """`planned` without requests that the register says were sent (and not withdrawn since).

    A list of which nothing is left stands among the empty ones, with the day it was asked.
    Raises CaseError when the register cannot be read.
    """
    known = asked_already(case)
    if not known:
        return planned
    lists, empty = [], list(planned.empty)
    for asked in planned.lists:
        left, had = _left(asked, known, identify)
        if left.rows or (left.domains and not asked.rows):
            lists.append(left)
        else:
            empty.append((asked.recipient, already(had)))
    return replace(planned, lists=tuple(lists), empty=tuple(empty))


def already(had: Iterable[Standing]) -> str:
    """When requests were sent, in words.

    >>> already([])
    'already asked'
    """
    days = Counter(one.happened_on("sent") for one in had)
    told = ", ".join(f"on {day} ({count})" for day, count in sorted(days.items()))
    return f"already asked {told}".rstrip()


def told(case: Case) -> list[str]:
    """One line per recipient that was asked: what new lists leave out. Raises CaseError."""
    by_name: dict[str, list[Standing]] = {}
    for one in asked_already(case).values():
        by_name.setdefault(one.request.destination, []).append(one)
    return [f"{name}: {already(had)}" for name, had in sorted(by_name.items())]


def _left(
    asked: RequestList, known: dict[str, Standing], identify: Identify
) -> tuple[RequestList, list[Standing]]:
    """What is left of a list, and what was asked before."""
    subjects = [row["match_id"] for row in asked.rows] or list(asked.domains)
    had = {s: known[i] for s in subjects if (i := identify(asked, s)) in known}
    if asked.rows:
        rows = tuple(row for row in asked.rows if row["match_id"] not in had)
        return replace(asked, rows=rows), list(had.values())
    domains = tuple(domain for domain in asked.domains if domain not in had)
    return replace(asked, domains=domains), list(had.values())

"""Captures that an index names → which records are fetched, each body once, in which order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass

from crawler.urls import host_of, target
from optout.history.captures import PAGE, ROBOTS, Capture
from optout.history.place import Place


@dataclass(frozen=True, slots=True)
class Group:
    """Captures of one body; the first is fetched and stands for the others."""

    captures: tuple[Capture, ...]  # oldest first

    @property
    def first(self) -> Capture:
        return self.captures[0]


@dataclass(frozen=True, slots=True)
class Plan:
    """What to fetch, and how many captures are left out by which limit."""

    groups: tuple[Group, ...]
    left_out: tuple[tuple[str, int, tuple[str, ...]], ...] = ()  # reason, count, examples


def within(captures: Iterable[Capture], place: Place, first: str, last: str) -> list[Capture]:
    """Those from timestamps `first` to `last` (any prefix of 14 digits) and of the place's time."""
    since = place.since.strftime("%Y%m%d") if place.since else ""
    until = place.until.strftime("%Y%m%d") if place.until else ""
    return [
        one
        for one in captures
        if max(first, since) <= one.timestamp
        and all(not end or one.timestamp[: len(end)] <= end for end in (last, until))
    ]


def plan(
    captures: Iterable[Capture], *, versions: int, most: int, known: Container[str] = ()
) -> Plan:
    """Group `captures` by their body and put them in order.

    Of each page at most `versions` bodies, spread over the time it was captured; of all at most
    `most` records, robots.txt first, then the oldest of every page, then their newest. A body of
    which every capture is `known` (by key) is not in the plan and takes no room in it.
    """
    found = sorted({one.key: one for one in captures}.values(), key=_order)
    ranks = _ranks(found, versions)
    groups = _grouped((one for one in found if _body(one) in ranks), known)
    ordered = sorted(groups, key=lambda group: (ranks[_body(group.first)], _order(group.first)))
    spare = [one for one in found if _body(one) not in ranks]
    beyond = [one for group in ordered[most:] for one in group.captures]
    reasons = (
        (f"more than {versions} versions of a page", spare),
        (f"more than {most} records", beyond),
    )
    left_out = tuple(
        (reason, len(rest), tuple(one.url for one in rest[:3])) for reason, rest in reasons if rest
    )
    return Plan(tuple(ordered[:most]), left_out)


def _order(one: Capture) -> tuple[str, str, str]:
    return one.timestamp, one.url, one.key


def _body(one: Capture) -> str:
    """Names the bytes: the index's digest, else the record itself."""
    return f"{one.kind} {one.digest or one.key}"


def _grouped(captures: Iterable[Capture], known: Container[str]) -> list[Group]:
    groups: dict[str, list[Capture]] = defaultdict(list)
    for one in captures:
        groups[_body(one)].append(one)
    return [Group(tuple(g)) for g in groups.values() if any(one.key not in known for one in g)]


def _ranks(captures: Sequence[Capture], versions: int) -> dict[str, int]:
    """Chosen bodies and their turn: 0 for robots.txt, 1 for the oldest of a page, and so on."""
    pages: dict[tuple[str, str], dict[str, None]] = defaultdict(dict)
    ranks = {_body(one): 0 for one in captures if one.kind == ROBOTS}
    for one in captures:
        if one.kind == PAGE:
            where = host_of(one.url).removeprefix("www."), target(one.url)
            pages[where].setdefault(_body(one))
    for bodies in pages.values():
        for rank, body in enumerate(_spread(list(bodies), versions), 1):
            ranks[body] = min(rank, ranks.get(body, rank))
    return ranks


def _spread(items: Sequence[str], most: int) -> list[str]:
    """At most so many of `items`: the first, the last, then those between at even distances.

    >>> _spread(list("abcdefg"), 3)
    ['a', 'g', 'd']
    """
    if len(items) > most > 1:
        items = [items[round(i * (len(items) - 1) / (most - 1))] for i in range(most)]
    kept = list(items[:most])
    return kept[:1] + kept[:0:-1][:1] + kept[1:-1]

"""TDM reservations in header lines and metas → declarations, and which of all is in force.

TDM Reservation Protocol, W3C Community Group Final Report of 10 May 2024. 1 is reserved, 0 not
reserved; anything else is an error, and an error says nothing ("unset").
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from crawler.signals.path_pattern import PathPattern
from crawler.signals.robots_meta import Meta

MAX_RAW = 4096  # characters kept of one entry or line


@dataclass(frozen=True, slots=True)
class Declaration:
    """One entry of the file, one header line or one meta."""

    source: str  # file, header or meta
    position: int  # of the entry, line or meta, counted from 0
    raw: str
    reservation: int | None  # 1 or 0 by the specification; None is unset
    policy: str | None = None  # an address; ignored where nothing is reserved
    # What somebody who forgives a mistake would read, such as 1 of a "1" in quotes.
    lenient: int | None = None
    location: str | None = None  # the pattern, as written; of an entry of the file only
    pattern: PathPattern | None = field(default=None, repr=False, compare=False)
    line: int | None = None  # where an entry begins in the file, counted from 1
    column: int | None = None
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class InForce:
    """What holds after all sources were read, and which declarations said it."""

    reservation: int | None
    policy: str | None
    decided_by: Declaration | None


def parse_header(reservations: Sequence[str], policies: Sequence[str] = ()) -> list[Declaration]:
    """One declaration per tdm-reservation line ("TDM Header Field").

    Lines that contradict each other say nothing: the specification names no winner.

    >>> [one.reservation for one in parse_header(["1"], ["https://example.org/policy.json"])]
    [1]
    """
    return _beside("header", [(n, line, line) for n, line in enumerate(reservations)], policies)


def parse_metas(metas: Iterable[Meta]) -> list[Declaration]:
    """One declaration per tdm-reservation meta ("TDM Metadata in HTML Content").

    It speaks for the page. Pictures that the page shows are not covered (technique note).

    >>> [one.raw for one in parse_metas([Meta(3, "TDM-Reservation", "1")])]
    ['1']
    """
    texts, policies = [], []
    for meta in metas:
        name = meta.name.strip().lower()
        if name == "tdm-reservation":
            texts.append((meta.position, meta.content, meta.raw or meta.content))
        elif name == "tdm-policy":
            policies.append(meta.content)
    return _beside("meta", texts, policies)


def in_force(*sources: Iterable[Declaration]) -> InForce:
    """What holds, from the outermost source to the innermost ("Processing priority").

    Pass the file's choice, then header, then metas: a later one supersedes, an absent or wrong
    value resets nothing.

    >>> outer, inner = parse_header(["1"]), parse_metas([Meta(0, "tdm-reservation", "yes")])
    >>> in_force(outer, inner).decided_by.source
    'header'
    """
    decided_by = policy = None
    for source in sources:
        for one in source:
            decided_by = one if one.reservation is not None else decided_by
            policy = policy if one.policy is None else one.policy
    reservation = decided_by.reservation if decided_by else None
    if reservation != 1:
        policy = None
    return InForce(reservation, policy, decided_by)


def policy_of(value: Any, reservation: int | None) -> tuple[str | None, list[str]]:
    """The address of a policy, and what is wrong with it; beside 0 it is ignored."""
    if value is None or reservation == 0:
        return None, []
    if not isinstance(value, str) or not value.strip():
        return None, ["tdm-policy is no address"]
    return value.strip(), []


def number_of(text: str) -> int | None:
    """The reservation that a text says; None where it says none."""
    return {"0": 0, "1": 1}.get(text.strip(" \t"))


def _beside(
    source: str, texts: list[tuple[int, str, str]], policies: Sequence[str]
) -> list[Declaration]:
    """Declarations of (position, value, raw); values and policies stand side by side."""
    found = []
    if not texts:
        return [_policy_alone(source, line) for line in policies[:1]]
    values = {number_of(text) for _, text, _ in texts}
    contradict = {0, 1} <= values
    for number, (position, text, raw) in enumerate(texts):
        value = number_of(text)
        faults = [] if value is not None else ["tdm-reservation is neither 0 nor 1"]
        if contradict:
            faults.append("another one beside it says the opposite")
        beside = policies[min(number, len(policies) - 1)] if policies else None
        policy, policy_faults = policy_of(beside, value)
        strict = None if contradict else value
        found.append(
            Declaration(
                source=source,
                position=position,
                raw=raw[:MAX_RAW],
                reservation=strict,
                policy=policy if strict == 1 else None,
                lenient=value if value is not None else _repeated(text),
                faults=(*faults, *policy_faults),
            )
        )
    return found


def _policy_alone(source: str, line: str) -> Declaration:
    """A policy without a reservation beside it: it may belong to one of an outer source."""
    policy, faults = policy_of(line, None)
    faults = ["tdm-policy stands without tdm-reservation", *faults]
    return Declaration(source, 0, line[:MAX_RAW], None, policy, faults=tuple(faults))


def _repeated(text: str) -> int | None:
    """The value of lines that were joined on the way ("1, 1"), where they agree."""
    values = {number_of(part) for part in text[:MAX_RAW].split(",")}
    return values.pop() if len(values) == 1 else None

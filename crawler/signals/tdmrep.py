"""TDM reservations (tdmrep.json, header lines, metas) → declarations, and which one is in force.

TDM Reservation Protocol, W3C Community Group Final Report of 10 May 2024. 1 is reserved, 0 not
reserved; anything else is an error, and an error says nothing ("unset").
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from crawler.signals import json_array
from crawler.signals.path_pattern import PathPattern, path_pattern, target_octets
from crawler.signals.robots_meta import Meta

MAX_BYTES = 512 * 2**10  # of tdmrep.json; what is longer says nothing
_MAX_RAW = 4096  # characters kept of one entry


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
class File:
    """A tdmrep.json. With a fault in the whole, its entries are kept but say nothing."""

    entries: tuple[Declaration, ...] = ()
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """The entry of a file for one target: by the specification, and as many read it."""

    first: Declaration | None  # "the most specific match is the first in sequence"
    longest: Declaration | None  # as in robots.txt, to which a note of the specification points

    @property
    def differ(self) -> bool:
        """Whether the two readings come to different reservations."""
        values = [one.reservation if one else None for one in (self.first, self.longest)]
        return values[0] != values[1]


@dataclass(frozen=True, slots=True)
class InForce:
    """What holds after all sources were read, and which declarations said it."""

    reservation: int | None
    policy: str | None
    decided_by: Declaration | None
    policy_by: Declaration | None


def parse_file(body: bytes) -> File:
    """Entries of /.well-known/tdmrep.json, each with its own faults ("TDM File").

    >>> file = parse_file(b'[{"location": "/a", "tdm-reservation": "1"}]')
    >>> file.entries[0].reservation, file.entries[0].lenient, file.entries[0].faults
    (None, 1, ('tdm-reservation is text',))
    """
    if len(body) > MAX_BYTES:
        return File((), f"longer than {MAX_BYTES} bytes")
    found = json_array.read(body)
    fault = found.fault
    if not fault and not found.is_array:
        fault = "one object, where an array is asked for"
    entries = [_entry(number, element) for number, element in enumerate(found.elements)]
    if fault:
        entries = [replace(one, reservation=None, policy=None) for one in entries]
    return File(tuple(entries), fault)


def choose(file: File, target: str) -> Choice:
    """The entries of `file` for a path and query, the wrong ones left out.

    >>> file = parse_file(b'[{"location": "/", "tdm-reservation": 0},'
    ...                   b' {"location": "/art/", "tdm-reservation": 1}]')
    >>> choose(file, "/art/a.jpg").first.reservation, choose(file, "/art/a.jpg").differ
    (0, True)
    """
    octets = target_octets(target)
    matching = [
        (entry.pattern.octets, entry)
        for entry in file.entries
        if entry.reservation is not None and entry.pattern and entry.pattern.covers(octets)
    ]
    if not matching:
        return Choice(None, None)
    longest = max(matching, key=lambda pair: pair[0])  # the first of its length
    return Choice(matching[0][1], longest[1])


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

    >>> file = parse_file(b'[{"location": "/", "tdm-reservation": 1}]').entries
    >>> in_force(file, parse_header(["yes"])).decided_by.source
    'file'
    """
    decided_by = policy_by = None
    for source in sources:
        for one in source:
            decided_by = one if one.reservation is not None else decided_by
            policy_by = one if one.policy is not None else policy_by
    reservation = decided_by.reservation if decided_by else None
    if reservation != 1:
        policy_by = None
    return InForce(reservation, policy_by.policy if policy_by else None, decided_by, policy_by)


def _entry(number: int, element: json_array.Element) -> Declaration:
    blank = Declaration(
        source="file",
        position=number,
        raw=element.raw[:_MAX_RAW],
        reservation=None,
        line=element.line,
        column=element.column,
    )
    fields = element.value
    if not isinstance(fields, dict):
        return replace(blank, faults=("no object",))
    faults = [f"{key} is given twice" for key in element.repeated]
    location, pattern, place_faults = _location(fields)
    strict, lenient, value_faults = _json_reservation(fields)
    policy, policy_faults = _policy(fields.get("tdm-policy"), lenient)
    if place_faults:
        strict = None
    return replace(
        blank,
        reservation=strict,
        lenient=lenient,
        policy=policy if strict == 1 else None,
        location=location,
        pattern=pattern,
        faults=(*faults, *place_faults, *value_faults, *policy_faults),
    )


def _location(fields: dict[str, Any]) -> tuple[str | None, PathPattern | None, list[str]]:
    location = fields.get("location")
    if not isinstance(location, str):
        fault = "location is missing" if location is None else "location is no text"
        return None, None, [fault]
    pattern = path_pattern(location.encode("utf-8", "surrogatepass"))
    faults = [] if pattern else ['location begins with neither "/" nor "*"']
    return location, pattern, faults


def _json_reservation(fields: dict[str, Any]) -> tuple[int | None, int | None, list[str]]:
    if "tdm-reservation" not in fields:
        return None, None, ["tdm-reservation is missing"]
    value = fields["tdm-reservation"]
    if isinstance(value, bool):
        return None, int(value), ["tdm-reservation is true or false"]
    if isinstance(value, str):
        return None, _number(value), ["tdm-reservation is text"]
    if isinstance(value, (int, float)) and value in (0, 1):
        return int(value), int(value), []
    return None, None, ["tdm-reservation is neither 0 nor 1"]


def _policy(value: Any, reservation: int | None) -> tuple[str | None, list[str]]:
    if value is None or reservation == 0:
        return None, []
    if not isinstance(value, str) or not value.strip():
        return None, ["tdm-policy is no address"]
    return value.strip(), []


def _number(text: str) -> int | None:
    return {"0": 0, "1": 1}.get(text.strip(" \t"))


def _beside(
    source: str, texts: list[tuple[int, str, str]], policies: Sequence[str]
) -> list[Declaration]:
    """Declarations of (position, value, raw); values and policies stand side by side."""
    found = []
    if not texts:
        return [_policy_alone(source, line) for line in policies[:1]]
    values = {_number(text) for _, text, _ in texts}
    contradict = values == {0, 1}
    for number, (position, text, raw) in enumerate(texts):
        value = _number(text)
        faults = [] if value is not None else ["tdm-reservation is neither 0 nor 1"]
        if contradict:
            faults.append("another one beside it says the opposite")
        beside = policies[min(number, len(policies) - 1)] if policies else None
        policy, policy_faults = _policy(beside, value)
        strict = None if contradict else value
        found.append(
            Declaration(
                source=source,
                position=position,
                raw=raw[:_MAX_RAW],
                reservation=strict,
                policy=policy if strict == 1 else None,
                lenient=value if value is not None else _repeated(text),
                faults=(*faults, *policy_faults),
            )
        )
    return found


def _policy_alone(source: str, line: str) -> Declaration:
    """A policy without a reservation beside it: it may belong to one of an outer source."""
    policy, faults = _policy(line, None)
    faults = ["tdm-policy stands without tdm-reservation", *faults]
    return Declaration(source, 0, line[:_MAX_RAW], None, policy, faults=tuple(faults))


def _repeated(text: str) -> int | None:
    """The value of lines that were joined on the way ("1, 1"), where they agree."""
    values = {_number(part) for part in text[:_MAX_RAW].split(",")}
    return values.pop() if len(values) == 1 else None

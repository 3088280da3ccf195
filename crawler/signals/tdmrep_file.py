"""Bytes of a tdmrep.json → its entries, and those that speak of one address.

TDM Reservation Protocol, W3C Community Group Final Report of 10 May 2024, "TDM File on the Origin
Server". Header lines, metas and which source supersedes which: tdmrep.py.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from crawler.signals import json_array
from crawler.signals.path_pattern import PathPattern, path_pattern, target_octets
from crawler.signals.tdmrep import MAX_RAW, Declaration, number_of, policy_of

MAX_BYTES = 512 * 2**10  # of the file; what is longer says nothing


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


def _entry(number: int, element: json_array.Element) -> Declaration:
    blank = Declaration(
        source="file",
        position=number,
        raw=element.raw[:MAX_RAW],
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
    policy, policy_faults = policy_of(fields.get("tdm-policy"), lenient)
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
        return None, number_of(value), ["tdm-reservation is text"]
    if isinstance(value, (int, float)) and value in (0, 1):
        return int(value), int(value), []
    return None, None, ["tdm-reservation is neither 0 nor 1"]

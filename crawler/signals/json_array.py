"""Bytes of a JSON array → its elements one by one, each with its raw text and place.

json.loads gives all or nothing, and no places; here what stands before a mistake is kept.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

MAX_ELEMENTS = 10_000
_SPACE = re.compile(r"[ \t\r\n]*")  # RFC 8259, 2


@dataclass(frozen=True, slots=True)
class Element:
    """One element: its value, and the text it was read from."""

    value: Any
    raw: str
    line: int  # of its first character, counted from 1
    column: int
    repeated: tuple[str, ...] = ()  # names given twice in it; the last value was taken


@dataclass(frozen=True, slots=True)
class Array:
    """What was read. With a fault, the elements before it."""

    elements: tuple[Element, ...] = ()
    is_array: bool = True  # false where the file is one object, then the only element
    fault: str = ""


def read(body: bytes) -> Array:
    """Read the array in `body`; never raises.

    >>> found = read(b'[{"a": 1},\\n {"b": 2}, oops]')
    >>> [(one.raw, one.line, one.column) for one in found.elements], found.fault
    ([('{"a": 1}', 1, 2), ('{"b": 2}', 2, 2)], 'no JSON at line 2, column 12')
    """
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        return Array(fault="no UTF-8 text")
    places = _Places(text)
    start = _skip(text, 0)
    if not text.startswith("[", start):
        element, _ = _element(text, start, places)
        if element is None or not isinstance(element.value, dict):
            return Array(fault="no JSON array")
        return Array((element,), is_array=False)
    elements: list[Element] = []
    at = _skip(text, start + 1)
    if text.startswith("]", at):
        return _ended(elements, text, at + 1, places)
    while len(elements) < MAX_ELEMENTS:
        element, end = _element(text, at, places)
        if element is None:
            return Array(tuple(elements), fault=f"no JSON at {places.words(at)}")
        elements.append(element)
        at = _skip(text, end)
        if text.startswith("]", at):
            return _ended(elements, text, at + 1, places)
        if not text.startswith(",", at):
            return Array(tuple(elements), fault=f"no JSON at {places.words(at)}")
        at = _skip(text, at + 1)
    return Array(tuple(elements), fault=f"more than {MAX_ELEMENTS} entries")


class _Places:
    """Offset → line and column, asked for in ascending order, so the text is read once."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at, self.line, self.line_start = 0, 1, 0

    def of(self, offset: int) -> tuple[int, int]:
        self.line += self.text.count("\n", self.at, offset)
        newline = self.text.rfind("\n", self.at, offset)
        if newline >= 0:
            self.line_start = newline + 1
        self.at = offset
        return self.line, offset - self.line_start + 1

    def words(self, offset: int) -> str:
        line, column = self.of(offset)
        return f"line {line}, column {column}"


def _ended(elements: list[Element], text: str, at: int, places: _Places) -> Array:
    rest = _skip(text, at)
    fault = f"text after the array at {places.words(rest)}" if rest < len(text) else ""
    return Array(tuple(elements), fault=fault)


def _element(text: str, at: int, places: _Places) -> tuple[Element | None, int]:
    repeated: list[str] = []

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        counts = Counter(name for name, _ in found)
        repeated.extend(name for name, count in counts.items() if count > 1)
        return dict(found)

    decoder = json.JSONDecoder(object_pairs_hook=pairs)
    try:
        value, end = decoder.raw_decode(text, at)
    except (ValueError, RecursionError):  # no JSON; numbers of thousands of digits; deep nesting
        return None, at
    line, column = places.of(at)
    return Element(value, text[at:end], line, column, tuple(repeated)), end


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at

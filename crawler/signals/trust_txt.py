"""Bytes of a trust.txt → its datatrainingallowed lines (JournalList, April 2024)."""

from __future__ import annotations

from dataclasses import dataclass

from crawler.signals.vocabulary import UNKNOWN, Value, words

MAX_BYTES = 512 * 2**10
_NAME = "datatrainingallowed"


@dataclass(frozen=True, slots=True)
class Directive:
    """One datatrainingallowed line. It speaks for the whole site."""

    line: int  # counted from 1
    raw: str
    written: str  # the value as written
    value: Value
    fault: str = ""


def parse(body: bytes) -> list[Directive]:
    """Its datatrainingallowed lines, in order; lines of other names are about other things.

    >>> [(one.line, one.value) for one in parse(b"# trust\\nDataTrainingAllowed = No # none")]
    [(2, 'disallowed')]
    >>> parse(b"<html>datatrainingallowed=no</html>")
    []
    """
    text = body[:MAX_BYTES].decode("utf-8-sig", "replace")
    if text.lstrip().startswith("<"):
        return []  # a page of that address, not the file
    found = []
    for number, raw in enumerate(text.splitlines(), 1):
        name, equals, written = (part.strip() for part in raw.partition("#")[0].partition("="))
        if equals and name.lower() == _NAME:
            value, fault = _read(written)
            found.append(Directive(number, raw[:4096], written[:4096], value, fault))
    return found


def _read(written: str) -> tuple[Value, str]:
    known = words("trust_txt").get(written.lower())
    if known is None:
        return UNKNOWN, "neither yes nor no"
    value: Value = known["reads"]
    return value, ""

"""A date as an office wrote it → the day it means, or why it could mean more than one."""

from __future__ import annotations

import re
from datetime import date

_ISO = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ]00:00(?::00(?:\.0+)?)?Z?)?")
_OTHER = re.compile(r"(\d{1,2})([./-])\s?(\d{1,2})\2\s?(\d{4})(?: 00:00(?::00)?)?")
_SHORT_YEAR = re.compile(r"\d{1,2}[./-]\s?\d{1,2}[./-]\s?\d{2}")
_SERIAL = re.compile(r"\d{5}(?:[.,]0+)?")


def read_date(text: str, order: str = "") -> date:
    """The day `text` names. Raises ValueError with one sentence.

    Year first, or day first with dots (DIN 5008 and its like); with slashes or hyphens only where
    one of the two can be no month, unless `order` ("day" or "month") says which comes first.

    >>> read_date("04.11.2025"), read_date("25/12/2025")
    (datetime.date(2025, 11, 4), datetime.date(2025, 12, 25))
    >>> read_date("04/11/2025")
    Traceback (most recent call last):
    ValueError: '04/11/2025' can be 4 November or 11 April; write 2025-11-04
    """
    text = text.strip()
    if found := _ISO.fullmatch(text):
        return _day(text, *map(int, found.groups()))
    if found := _OTHER.fullmatch(text):
        first, mark, second, year = found.groups()
        order = "day" if mark == "." else order
        month, day = _ordered(text, (int(first), int(second)), int(year), order)
        return _day(text, int(year), month, day)
    if _SHORT_YEAR.fullmatch(text):
        raise ValueError(f"{text!r} has a year of two digits; write it like 2025-11-04")
    if _SERIAL.fullmatch(text):
        raise ValueError(f"{text!r} is a spreadsheet's number of a day; write it like 2025-11-04")
    raise ValueError(f"{text[:40]!r} is no date; write it like 2025-11-04")


def _ordered(text: str, written: tuple[int, int], year: int, order: str) -> tuple[int, int]:
    """Month and day of two numbers. Raises ValueError where both orders give a day."""
    first, second = written
    if order == "day":
        return second, first
    if order == "month" or first == second:
        return first, second
    if first <= 12 and second <= 12:
        one, other = date(year, second, first), date(year, first, second)
        raise ValueError(
            f"{text!r} can be {one.day} {one:%B} or {other.day} {other:%B}; write {one.isoformat()}"
        )
    return (second, first) if first > 12 else (first, second)


def _day(text: str, year: int, month: int, day: int) -> date:
    try:
        found = date(year, month, day)
    except ValueError:
        raise ValueError(f"there is no such day as {text!r}") from None
    if not 1900 <= year <= 2200:
        raise ValueError(f"{text!r} lies in the year {year}")
    return found

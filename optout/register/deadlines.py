"""deadlines.toml, the kind of a request and a day → the day an answer is due, and why then."""

from __future__ import annotations

import tomllib
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib import resources

_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Deadline:
    """One entry, as deadlines.toml explains its keys."""

    kinds: tuple[str, ...]
    since: str
    working: bool
    legal: bool
    basis: str
    source: str
    checked: date
    months: int = 0
    days: int = 0

    def due(self, day: date) -> date:
        """The last day of the period that begins with `day`.

        >>> deadline("gdpr_erasure").due(date(2027, 1, 31)), deadline("gdpr_access").due(date(
        ...     2026, 11, 21))
        (datetime.date(2027, 3, 1), datetime.date(2026, 12, 21))
        """
        end = _months_later(day, self.months) + timedelta(self.days)
        if self.working and end.weekday() >= _SATURDAY:
            end += timedelta(7 - end.weekday())
        return end


def deadline(kind: str) -> Deadline:
    """The entry for a kind of request; the last one fits every other."""
    return next(one for one in deadlines() if kind in one.kinds or not one.kinds)


@cache
def deadlines() -> tuple[Deadline, ...]:
    """Every entry, in the order of the table."""
    text = (resources.files(__package__) / "deadlines.toml").read_text("utf-8")
    entries = tomllib.loads(text)["deadline"]
    return tuple(Deadline(**(entry | {"kinds": tuple(entry["kinds"])})) for entry in entries)


def _months_later(day: date, months: int) -> date:
    """The same day of a later month, or that month's last (Regulation 1182/71, Article 3(2)(c))."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))

"""Dates that header lines name → moments, and how long a server asks to be left alone."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def moment(text: str) -> datetime | None:
    """The moment of an HTTP date (RFC 9110, 5.6.7), in UTC where it names no zone; else None.

    >>> moment("Wed, 21 Oct 2015 07:28:00 GMT").isoformat(), moment("soon")
    ('2015-10-21T07:28:00+00:00', None)
    """
    try:
        found = parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def asked_wait(text: str, now: datetime | None = None) -> float | None:
    """Seconds that a Retry-After asks for, in either of its forms (RFC 9110, 10.2.3).

    >>> asked_wait("120"), asked_wait("soon")
    (120.0, None)
    """
    text = text.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    until = moment(text)
    if until is None:
        return None
    return max((until - (now or datetime.now(UTC))).total_seconds(), 0.0)

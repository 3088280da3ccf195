"""Header lines of a site file's answer → how long the copy may be used (RFC 9111, RFC 9309).

Not a library's: the ceiling of a day, and a copy that goes on while the site is unreachable, are
rules of robots.txt, and everything recorded stays recorded whatever may be reused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

MOST = timedelta(hours=24)  # RFC 9309, 2.4
UNREACHABLE = timedelta(days=30)  # RFC 9309, 2.3.1.4: its example of "a reasonably long period"
HEADERS = frozenset(
    {"age", "cache-control", "date", "etag", "expires", "last-modified", "location"}
)
_DIRECTIVE = re.compile(r'([\w-]+)(?:\s*=\s*(?:"([^"]*)"|([^\s,]*)))?')


def fresh_until(headers: Mapping[str, str], status: int | None, seen: datetime) -> datetime:
    """Until when an answer seen at `seen` may be used without asking again.

    `headers` have lower-case names, repeated lines joined by commas. What says nothing is good for
    a day; an error of the server, or no answer (None), for no time at all.

    >>> from datetime import UTC
    >>> seen = datetime(2026, 11, 21, tzinfo=UTC)
    >>> str(fresh_until({"cache-control": "max-age=3600", "age": "600"}, 200, seen) - seen)
    '0:50:00'
    """
    if status is None or status >= 500 or status == 429:
        return seen
    lifetime = _lifetime(headers)
    if lifetime is None:
        return seen + MOST
    used = timedelta(seconds=_seconds(headers.get("age", "")) or 0)
    return seen + min(max(lifetime - used, timedelta()), MOST)


def _lifetime(headers: Mapping[str, str]) -> timedelta | None:
    """What the answer grants, in the order of RFC 9111, 4.2.1; None where it says nothing."""
    said = _directives(headers.get("cache-control", ""))
    if "no-store" in said or "no-cache" in said:
        return timedelta()
    if "max-age" in said:  # one that cannot be read counts as stale (4.2.1)
        return timedelta(seconds=_seconds(said["max-age"]) or 0)
    if "expires" not in headers:
        return None
    expires, date = _moment(headers["expires"]), _moment(headers.get("date", ""))
    return expires - date if expires and date else timedelta()


def _directives(line: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, quoted, plain in _DIRECTIVE.findall(line):
        found.setdefault(name.lower(), quoted or plain)
    return found


def _seconds(text: str) -> int | None:
    text = text.strip()
    # Nine digits are thirty years; more need not be told apart.
    return int(text[:9]) if text.isascii() and text.isdigit() else None


def _moment(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError, OverflowError):
        return None
    return moment if moment.tzinfo else None

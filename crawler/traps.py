"""Addresses that never end: calendars, filters, folders within themselves."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_REPEATED = re.compile(r"(/[^/]+)(?:/[^/]+)?\1(?:/[^/]+)?\1(?:/|$)")  # /a/a/a or /a/b/a/b/a
_DIGITS = re.compile(r"\d+")


class Traps:
    """Counts pages of one pattern that in a row brought no new image.

    Only pages found on a page of the same pattern count, and only they are left out: a calendar
    leads from month to month, while works named in a sitemap or an index do not lead to
    themselves.
    """

    def __init__(self, limit: int) -> None:
        """`limit` pages are read before the rest of a pattern is left out; 0 switches it off."""
        self.limit = limit
        self._barren: dict[str, int] = {}

    def page_read(self, url: str, found_on: str | None, new_images: int) -> None:
        pattern = _grown(url, found_on)
        if pattern is not None:
            self._barren[pattern] = 0 if new_images else self._barren.get(pattern, 0) + 1

    def reason(self, url: str, found_on: str | None) -> str | None:
        """Why a page looks like a trap by what was read so far; None when it does not."""
        pattern = _grown(url, found_on)
        if not self.limit or pattern is None or self._barren.get(pattern, 0) < self.limit:
            return None
        return f"looks like a trap: {self.limit} pages like {pattern} in a row brought no new image"


def _grown(url: str, found_on: str | None) -> str | None:
    """The pattern of a page that was found on a page of the same pattern."""
    pattern = page_pattern(url)
    if pattern is None or found_on is None or page_pattern(found_on) != pattern:
        return None
    return pattern


def repeats(url: str) -> bool:
    """Whether the path repeats itself, as endless relative links make it.

    >>> repeats("https://a.example/x/y/x/y/x/"), repeats("https://a.example/2019/2019/fox")
    (True, False)
    """
    return bool(_REPEATED.search(urlsplit(url).path))


def page_pattern(url: str) -> str | None:
    """The address with numbers and query values blanked; None when nothing in it varies.

    >>> page_pattern("https://a.example/events/2031/05/?day=3")
    '/events/#/#/?day'
    """
    parts = urlsplit(url)
    path = _DIGITS.sub("#", parts.path)
    if not parts.query:
        return path if path != parts.path else None
    keys = sorted({_DIGITS.sub("#", pair.partition("=")[0]) for pair in parts.query.split("&")})
    return f"{path}?{'&'.join(keys)}"

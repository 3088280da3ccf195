"""Addresses → what they answer now, every exchange kept, under the fetch policy and robots.txt.

Each address is asked for once, a host no faster than the pause allows, all within a budget.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from urllib.parse import urlsplit

from crawler.policy import (
    MAX_PAGE_BYTES,
    MAX_REDIRECTS,
    MAX_ROBOTS_REDIRECTS,
    MAX_SITE_FILE_BYTES,
    Reach,
)
from crawler.site_files import Asked
from crawler.urls import host_of, origin
from optout.fetch import fetch
from optout.fetched import Exchange, Fetched
from optout.obeyed import keeps_out, robots_of
from optout.readers.verdicts import SiteFile

MOST_BYTES = 128 * 2**20  # of all answers of one pack together
PAUSE = 1.0  # seconds between two requests to a host
Now = Callable[[], datetime]


@dataclass(slots=True)
class Looking:
    """One sitting of looking at addresses."""

    reach: Reach
    now: Now
    owned: frozenset[str] = frozenset()  # hosts whose robots.txt is recorded and not obeyed
    refused: frozenset[str] = frozenset()  # addresses never asked for, by a redirect neither
    pause: float = PAUSE
    most_bytes: int = MOST_BYTES
    exchanges: list[Exchange] = field(default_factory=list)
    answers: dict[str, Fetched] = field(default_factory=dict)  # by address asked for
    files: dict[str, list[Fetched]] = field(default_factory=dict)  # site files by origin
    _robots: dict[str, SiteFile] = field(default_factory=dict)
    _asked: Asked = field(default_factory=Asked)
    _last: dict[str, float] = field(default_factory=dict)  # host → when it was last asked

    def look(self, url: str, max_bytes: int = MAX_PAGE_BYTES) -> Fetched:
        """What `url` (in clean form) answers; trouble of any kind is an outcome with a reason."""
        if url not in self.answers:
            self.answers[url] = self._fetch(url, max_bytes, obey=True)
        return self.answers[url]

    def site_files(self, urls: Iterable[str]) -> None:
        """robots.txt and the files beside it of every origin of `urls` that answers at all."""
        for place in dict.fromkeys(map(origin, urls)):
            if self._rules(place).rules is None or place not in self.files:
                continue
            for task in self._asked.files_of(place):
                self.files[place].append(self._fetch(task.url, task.cap, obey=True))

    def obey(self, url: str) -> tuple[str, str] | None:
        """Why robots.txt keeps us from `url`; hosts the user owns are not obeyed."""
        if url in self.refused:
            return "out_of_scope", "it leads to an address that is not looked at"
        place = origin(url)
        file = self._rules(place)
        if file.outcome != "private_address" and host_of(url).rstrip(".") in self.owned:
            return None
        return keeps_out(file, url)

    def _rules(self, place: str) -> SiteFile:
        if place not in self._robots:
            most = MAX_ROBOTS_REDIRECTS
            got = self._fetch(f"{place}/robots.txt", MAX_SITE_FILE_BYTES, redirects=most)
            self.files[place] = [got]
            self._robots[place] = robots_of(got)
        return self._robots[place]

    def _fetch(
        self, url: str, max_bytes: int, *, obey: bool = False, redirects: int = MAX_REDIRECTS
    ) -> Fetched:
        left = self.most_bytes - sum(len(one.body) for one in self.exchanges)
        if left <= 0:
            return Fetched(url, "too_large", "the pack is full", observed_at=self.now())
        got = fetch(
            url,
            self.reach,
            max_bytes=min(max_bytes, left),
            obey=lambda hop: self._turn(hop, obey),
            witness=self._witness,
            max_redirects=redirects,
        )
        return replace(got, observed_at=self.now())

    def _turn(self, url: str, obey: bool) -> tuple[str, str] | None:
        """Wait until the host may be asked again, unless it may not be asked at all."""
        refused = self.obey(url) if obey else None
        if refused is None:
            host = urlsplit(url).hostname or ""
            wait = self._last.get(host, 0.0) + self.pause - time.monotonic()
            if host in self._last and wait > 0:
                time.sleep(wait)
            self._last[host] = time.monotonic()
        return refused

    def _witness(self, exchange: Exchange) -> None:
        exchange.at = self.now()
        self.exchanges.append(exchange)

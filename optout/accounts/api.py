"""A platform's public API → decoded answers, one question at a time, never in haste."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

from crawler.http_date import asked_wait
from crawler.policy import Reach, started_private
from optout.errors import FetchError
from optout.fetch import fetch
from optout.fetched import Fetched

_TRIES = 5
_FIRST_WAIT = 5.0  # seconds after a first refusal that names no time; doubled each time
_PATIENCE = 900.0  # a longer wait than this is left to the user
_LATER = frozenset({429, 500, 502, 503, 504})
_SHOWN = 200  # characters of a server's own words

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Answer:
    """One answered question: what the JSON says, and when (UTC)."""

    data: Any
    at: datetime


class Api:
    """One server, asked politely: keeps the time of the last question."""

    def __init__(
        self,
        base_url: str,
        *,
        pause: float,
        tell: Tell = lambda text: None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`pause` is in seconds, from one question to the next. A private `base_url` is allowed:
        the user named it. Raises FetchError where it is no address.
        """
        self.base_url = base_url.rstrip("/")
        self.host = _host(self.base_url)
        self._reach = Reach(started=started_private([self.host]))
        self._pause, self._tell, self._sleep = pause, tell, sleep
        self._last: float | None = None
        self._answered = False

    def ask(self, path: str, **parameters: str | int) -> Answer:
        """What the server answers to GET `path`?`parameters`.

        Waits where the server asks for it (RFC 9110, 10.2.3) and tries again a few times.
        Raises FetchError when no usable answer comes, with the server's own words.
        """
        url = f"{self.base_url}{path}?{urlencode(parameters)}"
        for tries in range(_TRIES):
            self._breathe()
            fetched = fetch(url, self._reach)
            if not self._try_again(fetched):
                break
            if tries < _TRIES - 1:
                self._wait(_asked_wait(fetched), _FIRST_WAIT * 2**tries)
        self._answered = True
        return self._read(fetched)

    def _breathe(self) -> None:
        now = time.monotonic()
        left = 0.0 if self._last is None else self._last + self._pause - now
        if left > 0:
            self._sleep(left)
        self._last = time.monotonic()

    def _try_again(self, fetched: Fetched) -> bool:
        # A server that never answered is more likely misspelt than down.
        failed = fetched.outcome == "failed" and self._answered
        return failed or (fetched.outcome == "fetched" and fetched.status in _LATER)

    def _wait(self, asked: float | None, otherwise: float) -> None:
        seconds = otherwise if asked is None else asked
        if seconds > _PATIENCE:
            raise FetchError(
                f"{self.host} asks to be left alone for {seconds / 60:.0f} minutes",
                "try again after that; nothing of this account was recorded",
            )
        self._tell(f"{self.host} asks for a pause: {seconds:.0f} seconds")
        self._sleep(seconds)

    def _read(self, fetched: Fetched) -> Answer:
        if fetched.outcome != "fetched":
            raise FetchError(
                f"{self.host} cannot be read: {fetched.reason}",
                "check the server's name, or try again later",
            )
        data = _decoded(fetched.body)
        if fetched.status != 200:
            words = _its_words(data)
            raise FetchError(
                f"{self.host} answered {fetched.status}" + (f": {words}" if words else ""),
                "check the account in optout.toml, or try again later",
            )
        if data is None:
            raise FetchError(
                f"{self.host} answered with something that is not JSON",
                "check that it is a server of this platform",
            )
        return Answer(data, fetched.observed_at)


def _host(base_url: str) -> str:
    try:
        parts = urlsplit(base_url)
        if parts.scheme in ("http", "https") and parts.hostname and not parts.query:
            return parts.hostname
    except ValueError:
        pass
    raise FetchError(
        f"{base_url[:80]!r} is not the address of a server", "write it like https://host.example"
    )


def _decoded(body: bytes) -> Any:
    """The JSON of an answer; None where it is none."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _its_words(data: Any) -> str:
    """What the server says about an error, made fit for a terminal."""
    if not isinstance(data, dict):
        return ""
    words = next((data[k] for k in ("message", "error") if isinstance(data.get(k), str)), "")
    return "".join(char if char.isprintable() else " " for char in words)[:_SHOWN]


def _asked_wait(fetched: Fetched) -> float | None:
    """Seconds that the answer's Retry-After asks for."""
    return asked_wait(fetched.hops[-1].value("retry-after") or "") if fetched.hops else None

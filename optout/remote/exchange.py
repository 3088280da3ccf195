"""One question → its answer: redirects under the fetch policy, patience, every byte counted."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpcore
import httpx

from crawler.http_date import asked_wait
from crawler.policy import MAX_REDIRECTS, TIMEOUT, USER_AGENT, Reach, refusal, started_private
from crawler.urls import resolve
from optout.errors import DatasetError
from optout.fetched import REDIRECTS, Reply, by_name
from optout.network import Network, NoAddress
from optout.remote.session import Headers, Start, Traffic, origin
from optout.trouble import TROUBLE, trouble

TRIES = 6  # of one exchange; a half-read answer goes on where it broke off
_FIRST_WAIT = 1.0  # seconds, doubled each time: half a minute in all
_PATIENCE = 330.0  # a longer wait is left to the user; the Hub counts over five minutes
_SECONDS = 600.0  # for one whole answer
_FOREVER = 10**9  # seconds; each exchange has its own time
_CONNECTIONS = 16
# Trouble before a host's first answer that is more likely a wrong name than a bad moment.
_FINAL = (httpcore.ConnectError, httpcore.UnsupportedProtocol, NoAddress, UnicodeError)
LATER = frozenset({408, 429, 500, 502, 503, 504})
_HEADERS = (("User-Agent", USER_AGENT), ("Accept", "*/*"), ("Accept-Encoding", "identity"))
_GOES_ON = "run the same command again: what was read is in the cache"

T = TypeVar("T")


class _Later(Exception):
    """The server asks to come back; `wait` in seconds where it says when."""

    def __init__(self, status: int, wait: float | None) -> None:
        super().__init__(f"it answered {status}")
        self.wait = wait


class Door:
    """Connections to whatever servers are asked. Safe to use from several threads; close it."""

    def __init__(
        self,
        traffic: Traffic,
        tell: Callable[[str], None],
        sleep: Callable[[float], None],
    ) -> None:
        self._traffic, self._tell, self._sleep = traffic, tell, sleep
        self._lock = threading.Lock()
        self._started: set[str] = set()
        self._answered: set[str] = set()  # hosts: their silence later is a bad moment
        self._network = Network(Reach(), time.monotonic() + _FOREVER)
        self._pool = httpcore.ConnectionPool(
            httpx.create_ssl_context(), max_connections=_CONNECTIONS, network_backend=self._network
        )

    def close(self) -> None:
        """Give up the connections."""
        self._pool.close()

    def begin_at(self, url: str) -> None:
        """The user named the host of `url`: it may be a private one."""
        host = _hostname(url)
        with self._lock:
            if host not in self._started:
                self._started.add(host)
                allowed = self._network.reach.started | started_private([host])
                self._network.reach = Reach(allowed)

    def is_private(self, url: str) -> bool:
        """Whether `url` is on a private host that the user named."""
        return _hostname(url) in self._network.reach.started

    def ask(
        self,
        begin: Callable[[], Start],
        name: str,
        read: Callable[[Reply, Start], T],
        headers: Callable[[], Headers],
    ) -> T:
        """What `read` makes of the answer that the redirects from `begin()` lead to, and of that.

        `read` gets any answer but redirects and those that say "later". It may be called again
        when an answer breaks off; then `begin` and `headers` are asked again too. `name` is what
        messages call the file. Raises DatasetError when no whole answer comes.
        """
        for tries in range(TRIES):
            start = begin()
            chain, wait = [start.url], None
            try:
                return self._follow(start, chain, read, headers())
            except _Later as later:
                reason, wait = str(later), later.wait
            except TROUBLE as error:
                outcome, reason = trouble(error)
                if outcome == "private_address":
                    raise _leads_to_private(name, reason) from error
                if isinstance(error, _FINAL) and _hostname(chain[-1]) not in self._answered:
                    break
            if tries < TRIES - 1:
                self._wait(chain[-1], reason, _FIRST_WAIT * 2**tries if wait is None else wait)
        raise DatasetError(
            f"{name} cannot be read: {_host(chain[-1])} · {reason}",
            _GOES_ON if self._answered else "check the address and the network",
        )

    def _follow(
        self,
        start: Start,
        chain: list[str],
        read: Callable[[Reply, Start], T],
        headers: Headers,
    ) -> T:
        for _ in range(MAX_REDIRECTS + 1):
            url = chain[-1]
            self._check(url)
            secret = start.secret if origin(url) == origin(start.url) else ()
            with self._exchange(url, (*secret, *headers)) as answer:
                self._answered.add(_hostname(url))
                found = by_name(answer.headers)
                location = found.get("location")
                if answer.status not in REDIRECTS or not location:
                    return read(self._reply(url, answer, found), start)
            chain.append(_next(url, location))
        raise DatasetError(
            f"{_host(start.url)} redirects more than {MAX_REDIRECTS} times", "check the address"
        )

    def _reply(self, url: str, answer: httpcore.Response, headers: dict[str, str]) -> Reply:
        if answer.status in LATER:
            raise _Later(answer.status, _asked_wait(headers))
        if headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
            raise DatasetError(
                f"{_host(url)} compresses its answers although it was asked not to",
                "load the file by other means, then name the file",
            )
        return Reply(url, answer.status, headers, self._counted(answer))

    def _counted(self, answer: httpcore.Response) -> Iterator[bytes]:
        until = time.monotonic() + _SECONDS
        for chunk in answer.iter_stream():
            with self._lock:
                self._traffic.fetched += len(chunk)
            yield chunk
            if time.monotonic() > until:
                raise httpcore.ReadTimeout("a trickle")

    def _exchange(self, url: str, headers: Headers) -> Any:
        with self._lock:
            self._traffic.requests += 1
        sent = [("Host", urlsplit(url).netloc), *_HEADERS, *headers]
        timeouts = dict.fromkeys(("connect", "read", "write", "pool"), TIMEOUT)
        return self._pool.stream("GET", url, headers=sent, extensions={"timeout": timeouts})

    def _check(self, url: str) -> None:
        problem = refusal(url, self._network.reach)
        if problem:
            raise _leads_to_private(_host(url), problem)

    def _wait(self, url: str, reason: str, seconds: float) -> None:
        if seconds > _PATIENCE:
            raise DatasetError(
                f"{_host(url)} asks to be left alone for {seconds / 60:.0f} minutes",
                f"wait, then {_GOES_ON}",
            )
        self._tell(f"{_host(url)}: {reason}; next try in {seconds:.0f} seconds")
        self._sleep(seconds)


def _asked_wait(headers: dict[str, str]) -> float | None:
    """Seconds to wait by Retry-After, else by RateLimit, as the Hub sends it: `"api";r=0;t=55`.

    https://huggingface.co/docs/hub/rate-limits (checked 2026-11-21)
    """
    found = re.search(r";\s*t=([0-9]{1,6})", headers.get("ratelimit", ""))
    asked = asked_wait(headers.get("retry-after", ""))
    return float(found[1]) if asked is None and found else asked


def _next(url: str, location: str) -> str:
    found = resolve(url, location)
    if not found:
        raise DatasetError(f"{_host(url)} redirects to no http(s) address", "check the address")
    if url.startswith("https:") and not found.startswith("https:"):
        raise DatasetError(
            f"{_host(url)} redirects from https to an address that is not encrypted",
            "load the file by other means, then name the file",
        )
    return found


def _leads_to_private(name: str, reason: str) -> DatasetError:
    return DatasetError(
        f"{name} leads elsewhere: {reason}",
        "a private address is asked only where you name it yourself",
    )


def _host(url: str) -> str:
    return urlsplit(url).netloc


def _hostname(url: str) -> str:
    return (urlsplit(url).hostname or "").lower()

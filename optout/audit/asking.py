"""Addresses → what they answered, for many hosts at once, under the fetch policy.

The asynchronous sister of optout/fetch.py; hops, outcomes and words are the same. A pool per
host, since httpx's engine looks through all connections of a pool for every request.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

import httpcore
import httpx

from crawler.policy import TIMEOUT, address_refusal, refusal
from crawler.urls import host_of, place_of, resolve
from optout.audit.exchange import Stop, Wish, asked_to_wait, body_of, request
from optout.audit.network import Network
from optout.fetched import REDIRECTS, Fetched, FetchedHop, kept
from optout.trouble import TROUBLE, trouble

_PLACES_OPEN = 64  # hosts whose connections are kept while nobody asks them
_BROKEN = (httpcore.ReadError, httpcore.WriteError, httpcore.RemoteProtocolError)

# Given the next address: None to go on, else (outcome, reason).
Obey = Callable[[str], Awaitable[tuple[str, str] | None]]


@dataclass(slots=True)
class Place:
    """A host and port, its connections, and whose turn it is."""

    pool: httpcore.AsyncConnectionPool
    turn: asyncio.Semaphore
    users: int = 0
    failures: int = 0  # exchanges without an answer, in a row
    trouble: str = ""  # why, of the last


@dataclass(slots=True)
class Asker:
    """Asks politely: at most `per_host` exchanges with a host at a time, `at_once` altogether."""

    network: Network
    now: Callable[[], datetime]
    per_host: int
    at_once: int
    seconds: float = TIMEOUT  # for one exchange
    tls: ssl.SSLContext = field(default_factory=httpx.create_ssl_context)
    exchanges: int = 0  # how many there were
    _places: OrderedDict[str, Place] = field(default_factory=OrderedDict)
    _turn: asyncio.Semaphore = field(init=False)

    def __post_init__(self) -> None:
        self._turn = asyncio.Semaphore(self.at_once)

    async def ask(self, url: str, wish: Wish, obey: Obey | None = None) -> Fetched:
        """Ask for `url` (in clean form) and follow its redirects.

        Trouble of any kind is an outcome with its reason, never an exception.
        """
        hops: list[FetchedHop] = []
        body, truncated = b"", False
        outcome, reason = "fetched", ""
        try:
            next_: str | None = url
            while next_:
                await self._check(next_, obey)
                body, truncated = await self._exchange(next_, wish, hops)
                next_ = self._next(hops, wish)
        except Stop as stop:
            outcome, reason = stop.args
        if truncated:
            outcome, reason = "too_large", f"the body is larger than {wish.max_bytes} bytes"
        return Fetched(url, outcome, reason, tuple(hops), body, truncated, self.now())

    @asynccontextmanager
    async def at(self, url: str) -> AsyncIterator[Place]:
        """The host of `url`; its connections are kept while the block runs."""
        name = place_of(url)
        place = self._places.pop(name, None) or self._new_place()
        self._places[name] = place
        place.users += 1
        try:
            yield place
        finally:
            place.users -= 1
            if len(self._places) > _PLACES_OPEN:
                await self._close_idle()

    async def close(self) -> None:
        """Close every connection."""
        for place in self._places.values():
            await place.pool.aclose()
        self._places.clear()
        self.network.close()

    async def _check(self, url: str, obey: Obey | None) -> None:
        host = host_of(url)
        private = address_refusal(host, host, self.network.reach)
        if private:
            raise Stop("private_address", private)
        problem = refusal(url, self.network.reach)
        if problem:
            raise Stop("failed", problem)
        refused = await obey(url) if obey else None
        if refused:
            raise Stop(*refused)

    def _next(self, hops: list[FetchedHop], wish: Wish) -> str | None:
        location = hops[-1].value("location") if hops[-1].status in REDIRECTS else None
        if location is None:
            return None
        if len(hops) > wish.max_redirects:
            raise Stop("failed", f"it redirects more than {wish.max_redirects} times")
        url = resolve(hops[-1].url, location)
        if url is None:
            raise Stop("failed", "it redirects to no http(s) address")
        return url

    async def _exchange(self, url: str, wish: Wish, hops: list[FetchedHop]) -> tuple[bytes, bool]:
        """One exchange, asked a second time where a connection broke or the server is busy."""
        async with self.at(url) as place:
            for last in (False, True):
                try:
                    wait, answer = await self._in_turn(place, url, wish, hops, last)
                except TROUBLE as error:
                    if last or not isinstance(error, _BROKEN):
                        outcome, place.trouble = trouble(error)
                        place.failures += 1
                        raise Stop(outcome, place.trouble) from error
                else:
                    place.failures = 0
                    if wait is None:
                        return answer
                    await asyncio.sleep(wait)
        raise AssertionError("the second exchange is the last")

    async def _in_turn(
        self, place: Place, url: str, wish: Wish, hops: list[FetchedHop], last: bool
    ) -> tuple[float | None, tuple[bytes, bool]]:
        """Wait for our turn, then ask; the clock runs from then."""
        async with place.turn, self._turn:
            self.exchanges += 1
            try:
                async with asyncio.timeout(self.seconds):
                    return await self._once(place, url, wish, hops, last)
            except TimeoutError as error:
                raise httpcore.ReadTimeout("deadline") from error

    async def _once(
        self, place: Place, url: str, wish: Wish, hops: list[FetchedHop], last: bool
    ) -> tuple[float | None, tuple[bytes, bool]]:
        """(seconds to wait before asking again, body and whether there was more)."""
        answer = await place.pool.handle_async_request(request(url, wish))
        try:
            wait = None if last else asked_to_wait(answer)
            if wait is not None:
                return wait, (b"", False)
            hop = FetchedHop(url, answer.status, "", kept(answer.headers, wish.headers))
            body = await body_of(answer, wish, hop)
            hops.append(hop)
            return None, body
        finally:
            await answer.aclose()

    def _new_place(self) -> Place:
        pool = httpcore.AsyncConnectionPool(
            self.tls, max_connections=self.per_host, http2=True, network_backend=self.network
        )
        return Place(pool, asyncio.Semaphore(self.per_host))

    async def _close_idle(self) -> None:
        idle = [name for name, place in self._places.items() if not place.users]
        for name in idle[: len(self._places) - _PLACES_OPEN]:
            await self._places.pop(name).pool.aclose()

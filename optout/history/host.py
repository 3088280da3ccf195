"""One server of an archive → its answers: one connection, one question at a time, in no haste."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import urlsplit

import httpcore
import httpx

from crawler.http_date import asked_wait
from crawler.policy import TIMEOUT, USER_AGENT, Reach
from optout.errors import FetchError
from optout.fetched import Reply, by_name
from optout.network import Network
from optout.trouble import TROUBLE, trouble

TRIES = 5
_FIRST_WAIT = 5.0  # seconds after a first refusal that names no time; doubled each time
_PATIENCE = 900.0  # a longer wait than this is left to the user
_SECONDS = 600.0  # for one whole answer
# The archive answers 403 when it is asked too much, as others answer 429.
_LATER = frozenset({403, 429, 500, 502, 503, 504})
_HEADERS = (("User-Agent", USER_AGENT), ("Accept", "*/*"), ("Accept-Encoding", "identity"))
GOES_ON = "what was gathered is kept: the same command goes on where it stopped"

T = TypeVar("T")


@dataclass(slots=True)
class Pace:
    """How fast an archive is asked, over all its servers; keeps the time of the last question."""

    pause: float = 1.0  # seconds from one question to the next
    tell: Callable[[str], None] = lambda text: None
    sleep: Callable[[float], None] = time.sleep
    last: float | None = field(default=None, init=False)

    def breathe(self) -> None:
        """Wait until the next question may be asked."""
        left = 0.0 if self.last is None else self.last + self.pause - time.monotonic()
        if left > 0:
            self.sleep(left)
        self.last = time.monotonic()


class _Later(Exception):
    """The server asks to come back; `wait` in seconds where it says when."""

    def __init__(self, status: int, wait: float | None) -> None:
        super().__init__(f"it answered {status}")
        self.wait = wait


class Host:
    """A server the user configured. Its address may be private; no other is ever connected to."""

    def __init__(self, base_url: str, pace: Pace) -> None:
        """`base_url` has been checked. Use as a context manager, which closes the connection."""
        parts = urlsplit(base_url)
        self.base_url, self.pace = base_url, pace
        self.name = parts.netloc
        self._network = Network(Reach(frozenset({(parts.hostname or "").lower()})), 0.0)
        self._pool = httpcore.ConnectionPool(
            httpx.create_ssl_context(), max_connections=1, network_backend=self._network
        )
        self._answered = False

    def __enter__(self) -> Host:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.close()

    def ask(
        self, path: str, read: Callable[[Reply], T], headers: tuple[tuple[str, str], ...] = ()
    ) -> T:
        """What `read` makes of the answer to GET `base_url`/`path`.

        `read` gets any answer but those that say "later"; it may be called again when an answer
        breaks off. Raises FetchError when no whole answer comes, or it leads elsewhere.
        """
        for tries in range(TRIES):
            self.pace.breathe()
            wait = None
            try:
                return self._once(path, read, headers)
            except _Later as later:
                reason, wait = str(later), later.wait
            except TROUBLE as error:
                _, reason = trouble(error)
                if not self._answered:  # more likely misspelt, or no network, than busy
                    break
            if tries < TRIES - 1:
                self._wait(reason, _FIRST_WAIT * 2**tries if wait is None else wait)
        hint = GOES_ON if self._answered else "check the network and the server's address"
        raise FetchError(f"{self.name} cannot be asked: {reason}", f"try again later; {hint}")

    def _once(
        self, path: str, read: Callable[[Reply], T], headers: tuple[tuple[str, str], ...]
    ) -> T:
        self._network.deadline = time.monotonic() + _SECONDS
        timeouts = dict.fromkeys(("connect", "read", "write", "pool"), TIMEOUT)
        sent = [("Host", self.name), *_HEADERS, *headers]
        url = f"{self.base_url}/{path}"
        with self._pool.stream("GET", url, headers=sent, extensions={"timeout": timeouts}) as got:
            self._answered = True
            reply = Reply(url, got.status, by_name(got.headers), got.iter_stream())
            self._refuse(reply)
            return read(reply)

    def _refuse(self, reply: Reply) -> None:
        """Answers that are the same trouble whatever was asked for."""
        if reply.status in _LATER:
            raise _Later(reply.status, asked_wait(reply.headers.get("retry-after", "")))
        if 300 <= reply.status < 400:
            raise FetchError(
                f"{self.name} sends us elsewhere: {reply.headers.get('location', '')[:120]!r}",
                "only the servers you name are asked: name that one with --index or --data",
            )
        if reply.headers.get("content-encoding", "identity").strip().lower() != "identity":
            raise FetchError(
                f"{self.name} compresses its answers although it was asked not to",
                "ask another server: --index and --data",
            )

    def _wait(self, reason: str, seconds: float) -> None:
        if seconds > _PATIENCE:
            raise FetchError(
                f"{self.name} asks to be left alone for {seconds / 60:.0f} minutes",
                f"try again after that; {GOES_ON}",
            )
        self.pace.tell(f"{self.name}: {reason}; next try in {seconds:.0f} seconds")
        self.pace.sleep(seconds)

"""What one command reads from afar: its traffic, its cache, its files, its first failure."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from optout.errors import DatasetError, OptoutError
from optout.fetched import Reply
from optout.remote.cache import Cache

if TYPE_CHECKING:
    from optout.remote.exchange import Door
    from optout.remote.file import RemoteFile

Headers = tuple[tuple[str, str], ...]
T = TypeVar("T")


@dataclass(slots=True)
class Traffic:
    """What a session asked for. Bytes are those of bodies, as they came over the network."""

    requests: int = 0
    fetched: int = 0
    cached: int = 0  # bytes that were in the cache instead

    def __bool__(self) -> bool:
        return bool(self.requests or self.cached)

    def __str__(self) -> str:
        text = f"fetched {_size(self.fetched)} in {self.requests:,} requests"
        return text + (f" · {_size(self.cached)} more from the cache" if self.cached else "")


@dataclass(frozen=True, slots=True)
class Start:
    """Where an exchange begins; `secret` header lines go to the origin of `url` and no other."""

    url: str
    secret: Headers = ()


class Session:
    """All that one command reads from afar. Safe to use from several threads; close it.

    `limit` bounds the cache on disk, e.g. "500 MB"; None is OPTOUT_CACHE_LIMIT, else 2 GB.
    `tell` hears of what takes long. Raises DatasetError for a limit that cannot be read.
    """

    def __init__(
        self,
        limit: str | None = None,
        tell: Callable[[str], None] = lambda text: None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.traffic = Traffic()
        self.cache = Cache(limit)
        self.files: dict[str, RemoteFile] = {}  # by address
        self.revisions: dict[str, str] = {}  # what a name of a revision stood for, at first
        self.signer: Any = None  # of addresses in buckets
        self.held = 0  # bytes of files that are held whole in memory
        self.failure: OptoutError | None = None  # the first that a read inside the database met
        self.tell, self._sleep = tell, sleep
        self._lock = threading.Lock()

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give up the connections and bring the cache under its limit."""
        if "door" in self.__dict__:
            self.door.close()
        self.cache.prune()

    @cached_property
    def door(self) -> Door:
        """Made when first used: a search of local files needs no network."""
        from optout.remote.exchange import Door

        return Door(self.traffic, self.tell, self._sleep)

    def ask(
        self,
        begin: Callable[[], Start],
        name: str,
        read: Callable[[Reply, Start], T],
        headers: Callable[[], Headers] = tuple,
    ) -> T:
        """What `read` makes of an answer: see `optout.remote.exchange.Door.ask`."""
        return self.door.ask(begin, name, read, headers)

    def from_cache(self, size: int) -> None:
        """Count bytes that need not be asked for."""
        with self._lock:
            self.traffic.cached += size

    def add(self, traffic: Traffic) -> None:
        """Count what was read elsewhere for this command."""
        with self._lock:
            self.traffic.requests += traffic.requests
            self.traffic.fetched += traffic.fetched
            self.traffic.cached += traffic.cached

    def remembering(self, read: Callable[[], T]) -> T:
        """What `read` gives. Its error is kept: the database passes on no more than a text."""
        try:
            return read()
        except OptoutError as error:
            with self._lock:
                self.failure = self.failure or error
            raise


def require_extra() -> None:
    """Raises DatasetError, naming the extra to install, where remote files cannot be read."""
    missing = [name for name in ("fsspec", "botocore") if find_spec(name) is None]
    if missing:
        raise DatasetError(
            f"files at hf://, https:// and s3:// cannot be read: {missing[0]} is not installed",
            'install it: pip install ".[remote]" in the folder of the program; '
            "or load the files and name their folder",
        )


def origin(url: str) -> tuple[str, str, int | None]:
    """Scheme, host and port of `url`: whom a secret may be told."""
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme.lower(), (parts.hostname or "").lower(), port


def _size(number: int) -> str:
    if number < 1000:
        return f"{number} bytes"
    return f"{number / 1e6:,.2f} MB" if number < 10**9 else f"{number / 1e9:,.2f} GB"

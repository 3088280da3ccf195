"""Where bytes are → ranges of them, each checked: what was asked for, and of one version."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

from optout.errors import DatasetError
from optout.fetched import Reply
from optout.remote.session import Headers, Session, Start, origin

_HEAD = 4096  # asked for first: it shows what the file is, how long, and whether parts are given
_WHOLE = 64 * 2**20  # bytes of a file that is held in memory where a server gives no parts
_WHOLE_IN_ALL = 256 * 2**20
_FRESH = 1800.0  # seconds that a signed address is used; they expire, mostly after an hour
_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,15})-([0-9]{1,15})/([0-9]{1,15})", re.ASCII)
_EMPTY = re.compile(r"bytes \*/0", re.ASCII)
_EXPIRED = frozenset({401, 403, 404, 410})  # what an outlived signed address answers

# Given an answer that is no file: what to tell the user.
Explain = Callable[[int, dict[str, str]], DatasetError]


class _Expired(Exception):
    """The address that a redirect led to has outlived its signature."""


class Ranges:
    """The bytes of one remote file. Every method raises DatasetError for whatever goes wrong."""

    def __init__(
        self,
        session: Session,
        address: str,
        begin: Callable[[], Start],
        explain: Explain,
        pinned: str | None,
    ) -> None:
        self._session, self._address, self._explain = session, address, explain
        self._begin, self._pinned = begin, pinned
        self._final: Start | None = None  # where redirects led
        self._found_at = 0.0
        self._size = 0
        self._version: tuple[str | None, str | None] = (None, None)  # ETag, Last-Modified

    def look(self) -> tuple[int, bytes]:
        """Size of the file and its first bytes: all, where its server gives no parts."""
        head = b""

        def read(reply: Reply) -> None:
            nonlocal head
            head = self._looked(reply)

        self._ask(lambda: 0, _HEAD - 1, read)
        return self._size, head

    def fetch(self, first: int, end: int) -> bytes:
        """The bytes from `first` up to `end`, from the cache or the network; look first."""
        key = self._key(first, end)
        kept = self._session.cache.get(key, end - first) if key else None
        if kept is not None:
            self._session.from_cache(len(kept))
            return kept
        got = bytearray()

        def read(reply: Reply) -> None:
            self._check(reply, first + len(got), end)
            # What came before an answer broke off is kept: only the rest is asked for again.
            for chunk in reply.chunks:
                got.extend(chunk)
                if len(got) > end - first:
                    break
            if len(got) != end - first:
                raise self._another_part()

        self._ask(lambda: first + len(got), end - 1, read)
        if key:
            self._session.cache.put(key, bytes(got))
        return bytes(got)

    def _looked(self, reply: Reply) -> bytes:
        self._version = _version(reply)
        if reply.status == 416 and _EMPTY.fullmatch(reply.headers.get("content-range", "").strip()):
            self._size = 0
            return b""
        if reply.status == 200:
            body = self._all(reply)
            self._size = len(body)
            return body
        if reply.status != 206:
            raise self._explain(reply.status, reply.headers)
        first, last, self._size = self._content_range(reply)
        body = reply.first(_HEAD + 1)
        if first or last != min(_HEAD, self._size) - 1 or len(body) != last + 1:
            raise self._another_part()
        return body

    def _all(self, reply: Reply) -> bytes:
        """A server that gives no parts: a small file is read whole, a large one is refused."""
        length = reply.headers.get("content-length", "")
        most = min(_WHOLE, _WHOLE_IN_ALL - self._session.held)
        body = b"" if length.isdigit() and int(length) > most else reply.first(most + 1)
        if (length.isdigit() and int(length) > most) or len(body) > most:
            raise DatasetError(
                f"the server of {self._address} gives only whole files, not parts, and it is large",
                "load it, then name the file",
            )
        self._session.held += len(body)
        return body

    def _check(self, reply: Reply, first: int, end: int) -> None:
        """Whether an answer is the part asked for, of the file as it was at first."""
        if reply.status not in (200, 206, 416):
            raise self._explain(reply.status, reply.headers)
        if not self._pinned and _version(reply) != self._version:
            raise self._changed()
        if reply.status != 206:
            raise self._another_part()
        start, last, size = self._content_range(reply)
        if size != self._size:
            raise self._changed()
        if (start, last) != (first, end - 1):
            raise self._another_part()

    def _content_range(self, reply: Reply) -> tuple[int, int, int]:
        found = _CONTENT_RANGE.fullmatch(reply.headers.get("content-range", "").strip())
        first, last, size = (int(number) for number in found.groups()) if found else (0, 0, 0)
        if not first <= last < size:
            raise self._another_part()
        return first, last, size

    def _ask(self, first: Callable[[], int], last: int, read: Callable[[Reply], None]) -> None:
        """`read` the answer to the bytes `first()` to `last`. A redirect is followed once, then
        its target is asked, until that is too old."""

        def begin() -> Start:
            if self._final and time.monotonic() - self._found_at > _FRESH:
                self._final = None
            return self._final or self._begin()

        def known(reply: Reply, start: Start) -> None:
            if reply.url != start.url:
                secret = start.secret if origin(reply.url) == origin(start.url) else ()
                self._final, self._found_at = Start(reply.url, secret), time.monotonic()
            elif self._final and reply.status in _EXPIRED:
                self._final = None
                raise _Expired
            read(reply)

        def headers() -> Headers:
            return (("Range", f"bytes={first()}-{last}"),)

        try:
            self._session.ask(begin, self._address, known, headers)
        except _Expired:
            self._session.ask(begin, self._address, known, headers)

    @property
    def identity(self) -> str | None:
        """What names the file's bytes for good; None where the server says nothing that would."""
        etag, modified = self._version
        strong = etag if etag and not etag.startswith("W/") else modified
        named = self._pinned or strong
        return f"{self._address}\n{named}\n{self._size}" if named else None

    def _key(self, first: int, end: int) -> str | None:
        """What names these bytes for good."""
        return f"{self.identity}\n{first}-{end}" if self.identity else None

    def _changed(self) -> DatasetError:
        return DatasetError(
            f"{self._address} has changed while it was read",
            "run the same command again: it reads it anew",
        )

    def _another_part(self) -> DatasetError:
        return DatasetError(
            f"the server of {self._address} gave another part of the file than was asked for",
            "try again later, or load the file and name it",
        )


def _version(reply: Reply) -> tuple[str | None, str | None]:
    return reply.headers.get("etag"), reply.headers.get("last-modified")

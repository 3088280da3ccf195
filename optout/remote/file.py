"""A remote file → its bytes, by ranges: only the parts that somebody reads."""

from __future__ import annotations

import io
import re
import threading
import time
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Any, Literal, overload

from optout.errors import DatasetError
from optout.remote.address import path_of
from optout.remote.session import Reply, Session, Start, origin

_HEAD = 4096  # asked for first: it shows what the file is, how long, and whether parts are given
_TAIL = 64 * 2**10  # a Parquet file's footer is mostly in it
_LONGEST_FOOTER = 256 * 2**20
_WHOLE = 64 * 2**20  # bytes of a file that is held in memory where a server gives no parts
_WHOLE_IN_ALL = 256 * 2**20
_BLOCK = 4 * 2**20  # read at a time where a text file is read from its beginning
_FRESH = 1800.0  # seconds that a signed address is used; they expire, mostly after an hour
_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,15})-([0-9]{1,15})/([0-9]{1,15})", re.ASCII)
_EMPTY = re.compile(r"bytes \*/0", re.ASCII)
_EXPIRED = frozenset({401, 403, 404, 410})  # what an outlived signed address answers

# Given an answer that is no file: what to tell the user.
Explain = Callable[[int, dict[str, str]], DatasetError]


class _Expired(Exception):
    """The address that a redirect led to has outlived its signature."""


class RemoteFile:
    """One file. Nothing is asked before something is read. Safe to use from several threads.

    Every read raises DatasetError for whatever goes wrong. A file that changes while it is read is
    noticed, by its ETag, its Last-Modified or its size.
    """

    def __init__(
        self,
        session: Session,
        address: str,
        begin: Callable[[], Start],
        explain: Explain,
        pinned: str | None = None,
    ) -> None:
        """`pinned` names the bytes for good, e.g. a commit; else what the server says of them."""
        self.session, self.address, self.explain = session, address, explain
        path = PurePosixPath(path_of(address))
        self.name, self.suffix, self.stem = path.name, path.suffix, path.stem
        self._begin, self._pinned = begin, pinned
        self._lock = threading.RLock()
        self._final: Start | None = None  # where redirects led
        self._found_at = 0.0
        self._size: int | None = None
        self._version: tuple[str | None, str | None] = (None, None)  # ETag, Last-Modified
        self._head, self._tail, self._tail_start = b"", b"", 0

    def __str__(self) -> str:
        return self.address

    @property
    def size(self) -> int:
        """Bytes of the file."""
        with self._lock:
            if self._size is None:
                self._look()
            assert self._size is not None
            return self._size

    def part(self, first: int, length: int) -> bytes:
        """The bytes from `first` on, `length` of them or as many as there are."""
        end = min(first + length, self.size)
        if end <= first:
            return b""
        if end <= len(self._head):
            return self._head[first:end]
        if self.suffix.lower() != ".parquet":
            return self._fetched(first, end)
        footer, start = self._footer()
        if start >= end:
            return self._fetched(first, end)
        if first >= start:
            return footer[first - start : end - start]
        return self._fetched(first, start) + footer[: end - start]

    def whole(self, most: int) -> bytes:
        """All bytes of a small file. Raises DatasetError when there are more than `most`."""
        if self.size > most:
            raise DatasetError(
                f"{self} is larger than such a file can be ({self.size:,} bytes)",
                "check the address",
            )
        return self.part(0, self.size)

    @overload
    def open(self, mode: Literal["rb"]) -> io.BufferedIOBase: ...

    @overload
    def open(
        self,
        mode: Literal["r"] = "r",
        encoding: str = "utf-8",
        errors: str | None = None,
        newline: str | None = None,
    ) -> io.TextIOWrapper: ...

    def open(
        self,
        mode: str = "r",
        encoding: str = "utf-8",
        errors: str | None = None,
        newline: str | None = None,
    ) -> io.BufferedIOBase | io.TextIOWrapper:
        """Like `pathlib.Path.open`, for reading; bytes are not read ahead, text is."""
        if mode == "rb":
            return Reader(self)
        # Its reads may be short, as those of a raw file.
        buffered = io.BufferedReader(Reader(self), _BLOCK)
        return io.TextIOWrapper(buffered, encoding, errors, newline)

    # --- the first look ---

    def _look(self) -> None:
        self._ask(lambda: 0, _HEAD - 1, self._looked)

    def _looked(self, reply: Reply) -> None:
        if reply.status == 416 and _EMPTY.fullmatch(reply.headers.get("content-range", "").strip()):
            self._size = 0
        elif reply.status == 206:
            first, last, size = _content_range(self, reply)
            body = reply.first(_HEAD + 1)
            if first or last != min(_HEAD, size) - 1 or len(body) != last + 1:
                raise _another_part(self)
            self._head, self._size = body, size
        elif reply.status == 200:
            self._hold_all(reply)
        else:
            raise self.explain(reply.status, reply.headers)
        self._version = _version(reply)

    def _hold_all(self, reply: Reply) -> None:
        """A server that gives no parts: a small file is read whole, a large one is refused."""
        length = reply.headers.get("content-length", "")
        most = min(_WHOLE, _WHOLE_IN_ALL - self.session.held)
        body = b"" if length.isdigit() and int(length) > most else reply.first(most + 1)
        if (length.isdigit() and int(length) > most) or len(body) > most:
            raise DatasetError(
                f"the server of {self} gives only whole files, not parts, and it is large",
                "load it, then name the file",
            )
        self.session.held += len(body)
        self._size, self._head = len(body), body
        self._tail, self._tail_start = body, 0

    def _footer(self) -> tuple[bytes, int]:
        """The end of the file with the whole Parquet footer, if it has one; where that begins."""
        with self._lock:
            if not self._tail:
                self._tail_start = max(0, self.size - _TAIL)
                self._tail = self._fetched(self._tail_start, self.size)
                begin = self._footer_start()
                if begin < self._tail_start:
                    # Whole blocks, since the database also reads in such.
                    begin -= begin % _TAIL
                    self._tail = self._fetched(begin, self._tail_start) + self._tail
                    self._tail_start = begin
            return self._tail, self._tail_start

    def _footer_start(self) -> int:
        """Where the Parquet footer begins; the end of the file where there is none that fits."""
        if self._tail[-4:] != b"PAR1" or len(self._tail) < 12:
            return self.size
        length = int.from_bytes(self._tail[-8:-4], "little") + 8
        if length > _LONGEST_FOOTER:
            raise DatasetError(
                f"{self} is damaged: its Parquet footer would be {length:,} bytes long",
                "tell its publisher",
            )
        return self.size - length if length < self.size else self.size

    # --- parts ---

    def _fetched(self, first: int, end: int) -> bytes:
        key = self._key(first, end)
        kept = self.session.cache.get(key, end - first) if key else None
        if kept is not None:
            self.session.from_cache(len(kept))
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
                raise _another_part(self)

        self._ask(lambda: first + len(got), end - 1, read)
        if key:
            self.session.cache.put(key, bytes(got))
        return bytes(got)

    def _check(self, reply: Reply, first: int, end: int) -> None:
        """Whether an answer is the part asked for, of the file as it was at first."""
        if reply.status not in (200, 206, 416):
            raise self.explain(reply.status, reply.headers)
        if not self._pinned and _version(reply) != self._version:
            raise _changed(self)
        if reply.status != 206:
            raise _another_part(self)
        start, last, size = _content_range(self, reply)
        if size != self._size:
            raise _changed(self)
        if (start, last) != (first, end - 1):
            raise _another_part(self)

    def _ask(self, first: Callable[[], int], last: int, read: Callable[[Reply], None]) -> None:
        """`read` the answer to the bytes `first()` to `last`; redirects are followed once."""

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

        def headers() -> tuple[tuple[str, str], ...]:
            return (("Range", f"bytes={first()}-{last}"),)

        try:
            self.session.ask(begin, str(self), known, headers)
        except _Expired:
            self.session.ask(begin, str(self), known, headers)

    def _key(self, first: int, end: int) -> str | None:
        """What names these bytes for good; None where the server says nothing that would."""
        etag, modified = self._version
        strong = etag if etag and not etag.startswith("W/") else modified
        validator = self._pinned or strong
        return f"{self.address}\n{validator}\n{self._size}\n{first}-{end}" if validator else None


class Reader(io.BufferedIOBase):
    """A remote file to seek and read in; every thread has its own place in it.

    The database seeks and reads in two steps, from several threads.
    """

    def __init__(self, file: RemoteFile) -> None:
        super().__init__()
        self.file, self._place = file, threading.local()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return getattr(self._place, "at", 0)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = 0
        if whence != io.SEEK_SET:
            base = self.file.size if whence == io.SEEK_END else self.tell()
        self._place.at = max(0, base + offset)
        return self.tell()

    def read(self, size: int | None = -1) -> bytes:
        at = self.tell()
        left = max(0, self.file.size - at)
        data = self.file.part(at, left if size is None or size < 0 else min(size, left))
        self._place.at = at + len(data)
        return data

    def readinto(self, buffer: Any) -> int:
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def _content_range(file: RemoteFile, reply: Reply) -> tuple[int, int, int]:
    found = _CONTENT_RANGE.fullmatch(reply.headers.get("content-range", "").strip())
    if not found:
        raise _another_part(file)
    first, last, size = (int(number) for number in found.groups())
    if not first <= last < size:
        raise _another_part(file)
    return first, last, size


def _version(reply: Reply) -> tuple[str | None, str | None]:
    return reply.headers.get("etag"), reply.headers.get("last-modified")


def _changed(file: RemoteFile) -> DatasetError:
    return DatasetError(
        f"{file} has changed while it was read", "run the same command again: it reads it anew"
    )


def _another_part(file: RemoteFile) -> DatasetError:
    return DatasetError(
        f"the server of {file} gave another part of the file than was asked for",
        "try again later, or load the file and name it",
    )

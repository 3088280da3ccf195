"""A remote file → its bytes, by ranges: only the parts that somebody reads."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Any, Literal, overload

from optout.errors import DatasetError
from optout.remote.address import path_of
from optout.remote.ranges import Explain, Ranges
from optout.remote.session import Session, Start

_TAIL = 64 * 2**10  # a Parquet file's footer is mostly in it
_LONGEST_FOOTER = 256 * 2**20
_BLOCK = 4 * 2**20  # read at a time where a text file is read from its beginning


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
        self.session, self.address = session, address
        path = PurePosixPath(path_of(address))
        self.name, self.suffix, self.stem = path.name, path.suffix, path.stem
        self._ranges = Ranges(session, address, begin, explain, pinned)
        self._lock = threading.RLock()
        self._size: int | None = None
        self._head, self._tail, self._tail_start = b"", b"", 0

    def __str__(self) -> str:
        return self.address

    @property
    def size(self) -> int:
        """Bytes of the file."""
        with self._lock:
            if self._size is None:
                self._size, self._head = self._ranges.look()
            return self._size

    @property
    def identity(self) -> str | None:
        """What names the bytes for good (address, version, size), None where nothing does."""
        return self._ranges.identity if self.size else None

    def part(self, first: int, length: int) -> bytes:
        """The bytes from `first` on, `length` of them or as many as there are."""
        end = min(first + length, self.size)
        if end <= first:
            return b""
        known = self._head[first:end]
        return known + self._beyond_head(first + len(known), end)

    def _beyond_head(self, first: int, end: int) -> bytes:
        if first == end:
            return b""
        if self.suffix.lower() != ".parquet":
            return self._ranges.fetch(first, end)
        footer, start = self._footer()
        if start >= end:
            return self._ranges.fetch(first, end)
        if first >= start:
            return footer[first - start : end - start]
        return self._ranges.fetch(first, start) + footer[: end - start]

    def exact(self, first: int, length: int) -> bytes:
        """As part(), of a file whose footer nobody will read: just these bytes."""
        end = min(first + length, self.size)
        known = self._head[first:end]
        begin = first + len(known)
        return known + (self._ranges.fetch(begin, end) if begin < end else b"")

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

    def _footer(self) -> tuple[bytes, int]:
        """The end of the file with the whole Parquet footer, if it has one; where that begins."""
        with self._lock:
            if not self._tail:
                self._tail_start = max(0, self.size - _TAIL)
                self._tail = self._ranges.fetch(self._tail_start, self.size)
                begin = self._footer_start()
                if begin < self._tail_start:
                    # Whole blocks, since the database also reads in such.
                    begin -= begin % _TAIL
                    self._tail = self._ranges.fetch(begin, self._tail_start) + self._tail
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

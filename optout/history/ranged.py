"""A file on an archive's data server → something that pyarrow can seek and read in.

Only the bytes asked for are fetched, by HTTP ranges; how many in all is bounded.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable

from optout.errors import FetchError
from optout.fetched import Reply
from optout.history.host import Host

_TAIL = 64 * 2**10  # fetched first: a Parquet file's footer is mostly in it
_BLOCK = 64 * 2**10  # least that is asked for at a time
_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,15})-([0-9]{1,15})/([0-9]{1,15})", re.ASCII)
MAX_BYTES = 512 * 2**20  # of one file


class RangeError(FetchError):
    """The server gave other bytes than those asked for, or none."""


def fetch_range(host: Host, path: str, asked: str, most: int) -> tuple[bytes, int, int]:
    """(bytes, first, size of the file) of the range `asked` (as in RFC 9110, 14.1.2).

    Raises RangeError where the answer is not that range, whole and no longer than `most`.
    """

    def read(reply: Reply) -> tuple[bytes, int, int]:
        found = _CONTENT_RANGE.fullmatch(reply.headers.get("content-range", "").strip())
        if reply.status != 206 or not found:
            raise RangeError(f"it answered {reply.status} when asked for a part of the file")
        first, last, size = (int(number) for number in found.groups())
        if not first <= last < size or last - first >= most:
            raise RangeError("it names another part of the file than was asked for")
        body = reply.first(last - first + 2)
        if len(body) != last - first + 1:
            raise RangeError("the part of the file is cut short, or longer than it says")
        return body, first, size

    return host.ask(path, read, (("Range", f"bytes={asked}"),))


class RangedFile(io.RawIOBase):
    """A remote file, read-only. Raises RangeError from reads, also beyond `MAX_BYTES` in all."""

    def __init__(self, host: Host, path: str) -> None:
        super().__init__()
        self._host, self._path = host, path
        self._held, self._start, self.size = fetch_range(host, path, f"-{_TAIL}", _TAIL)
        self._at, self.fetched = 0, len(self._held)
        if self._start + len(self._held) != self.size:
            raise RangeError("it did not give the end of the file")

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def read(self, size: int | None = -1) -> bytes:
        left = max(0, self.size - self._at)
        wanted = left if size is None or size < 0 else min(size, left)
        data = self._part(self._at, wanted) if wanted else b""
        self._at += len(data)
        return data

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def _part(self, first: int, length: int) -> bytes:
        inside = first - self._start
        if inside >= 0 and inside + length <= len(self._held):
            return self._held[inside : inside + length]
        asked = min(max(length, _BLOCK), self.size - first)
        if self.fetched + asked > MAX_BYTES:
            raise RangeError("more of the file is needed than is read of one file")
        got, start, _ = fetch_range(self._host, self._path, f"{first}-{first + asked - 1}", asked)
        if start != first or len(got) != asked:
            raise RangeError("it gave another part of the file than was asked for")
        self._held, self._start = got, first
        self.fetched += asked
        return got[:length]


Open = Callable[[str], RangedFile]

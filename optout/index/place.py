"""Where an index is, on this machine or elsewhere → bytes of its files, only those needed."""

from __future__ import annotations

import io
from bisect import bisect_right
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from optout.errors import DatasetError

if TYPE_CHECKING:
    from optout.remote import Source

Range = tuple[int, int]  # where bytes begin, and how many

_GAP = 8 * 2**10  # bytes that are fetched in vain rather than asking again, as Arrow does too
_MOST = 8 * 2**20  # bytes fetched at a time
_REQUESTS = 8  # at once
_SMALL = 64 * 2**20  # bytes of a file that is read whole


class Place(Protocol):
    """A folder with the files of an index."""

    def read(self, name: str) -> bytes:
        """All bytes of a small file. Raises OSError or DatasetError."""

    def open(self, name: str, ranges: Sequence[Range]) -> Any:
        """A file for pyarrow to read, of which just `ranges` will be read. Raises as read()."""


class Folder:
    """An index on this machine."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self, name: str) -> bytes:
        """All bytes of a file."""
        return (self._path / name).read_bytes()

    def open(self, name: str, ranges: Sequence[Range]) -> Any:
        """The file, mapped into memory: what is not read is not loaded."""
        import pyarrow as pa

        return pa.memory_map(str(self._path / name))


class Address:
    """An index at hf://, https:// or s3://."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def read(self, name: str) -> bytes:
        """All bytes of a small file."""
        file = self._source.file(name)
        if file.size > _SMALL:
            raise DatasetError(f"{file} is too large for what it is", "tell its publisher")
        return file.exact(0, file.size)

    def open(self, name: str, ranges: Sequence[Range]) -> Any:
        """The file, with the bytes of `ranges`; several are fetched at once."""
        import pyarrow as pa

        file = self._source.file(name)
        size, wanted = file.size, joined(ranges)
        with ThreadPoolExecutor(_REQUESTS) as pool:
            held = list(pool.map(lambda one: file.exact(*one), wanted))
        return pa.PythonFile(_Held([first for first, _ in wanted], held, size), mode="r")


def joined(ranges: Sequence[Range]) -> list[Range]:
    """Ranges that are asked for together: neighbours as one, unless that would be long.

    >>> joined([(90000, 10), (4, 10), (20, 5)])
    [(4, 21), (90000, 10)]
    """
    found: list[Range] = []
    for begin, size in sorted(ranges):
        if found:
            first, length = found[-1]
            end = max(first + length, begin + size)
            if begin - first - length <= _GAP and end - first <= _MOST:
                found[-1] = (first, end - first)
                continue
        found.append((begin, size))
    return found


class _Held(io.RawIOBase):
    """Some parts of a file. Reading outside of them is an OSError."""

    def __init__(self, begins: Sequence[int], parts: Sequence[bytes], size: int) -> None:
        super().__init__()
        self._begins, self._parts, self._size, self._at = begins, parts, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def read(self, size: int | None = -1) -> bytes:
        wanted = self._size - self._at if size is None or size < 0 else size
        place = bisect_right(self._begins, self._at) - 1
        offset = self._at - self._begins[place] if place >= 0 else 0
        found = self._parts[place][offset : offset + wanted] if place >= 0 else b""
        if len(found) < wanted:
            raise OSError("the file is not as its index says")
        self._at += len(found)
        return found

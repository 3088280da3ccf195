"""A table of an index and what is looked for → the few row groups that may hold it, decoded."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import accumulate
from typing import TYPE_CHECKING

from optout.index.bounds import Bounds, holding, reaching, read_bounds
from optout.index.footer import only
from optout.index.layout import BOUNDS, TableFile
from optout.index.place import Place

if TYPE_CHECKING:
    import pyarrow as pa

_AT_ONCE = 256  # row groups of a file that are decoded together
_PIECES_AT_ONCE = 4  # of so many, from one file or several
_FILES_AT_ONCE = 8
Group = tuple[int, int]  # number of the file, number of its row group


class Table:
    """One table; safe to use from several threads. What was once looked at is kept.

    Its methods raise DatasetError, or what pyarrow raises for damaged files.
    """

    def __init__(self, place: Place, name: str, files: Sequence[TableFile]) -> None:
        self._place, self._name, self._files = place, name, files
        self._starts = list(accumulate((file.rows for file in files), initial=0))
        self._bounds: dict[int, Bounds] = {}
        self._lock = threading.Lock()

    def with_keys(self, ranges: Sequence[tuple[str, str]]) -> list[Group]:
        """Row groups that may hold keys from first to last of one of the ranges."""
        files = reaching([file.first for file in self._files], ranges) if ranges else []
        return [
            (file, group)
            for file, bounds in self._of(files)
            for group in reaching(bounds.firsts, ranges)
        ]

    def with_rows(self, positions: Iterable[int]) -> list[Group]:
        """Row groups that hold the rows at these places of the table."""
        by_file: dict[int, list[int]] = {}
        for position in positions:
            [file] = holding(self._starts, [position])
            by_file.setdefault(file, []).append(position - self._starts[file])
        return [
            (file, group)
            for file, bounds in self._of(sorted(by_file))
            for group in holding(bounds.starts, by_file[file])
        ]

    def read(
        self, groups: Iterable[Group], columns: Sequence[str] | None = None
    ) -> Iterator[tuple[list[range], pa.Table]]:
        """The rows of row groups, and which places of the table these are; many in pieces."""
        by_file: dict[int, list[int]] = {}
        for file, group in sorted(set(groups)):
            by_file.setdefault(file, []).append(group)
        pieces = [
            (file, bounds, by_file[file][first : first + _AT_ONCE])
            for file, bounds in self._of(list(by_file))
            for first in range(0, len(by_file[file]), _AT_ONCE)
        ]
        with ThreadPoolExecutor(_PIECES_AT_ONCE) as pool:
            for first in range(0, len(pieces), _PIECES_AT_ONCE):
                some = pieces[first : first + _PIECES_AT_ONCE]
                read = pool.map(lambda one: self._read(one[0], one[1], one[2], columns), some)
                yield from zip([self._places(*one) for one in some], read, strict=True)

    def _places(self, file: int, bounds: Bounds, groups: Sequence[int]) -> list[range]:
        start = self._starts[file]
        return [range(start + bounds.starts[g], start + bounds.starts[g + 1]) for g in groups]

    def _read(
        self, file: int, bounds: Bounds, groups: Sequence[int], columns: Sequence[str] | None
    ) -> pa.Table:
        import pyarrow.parquet as pq

        about = [bounds.about[group] for group in groups]
        ranges = [*about, *(bounds.data[group] for group in groups)]
        with self._place.open(self._files[file].file, ranges) as source:
            described = []
            for begin, size in about:
                source.seek(begin)
                described.append(source.read(size))
            metadata = only(bounds.head, described, bounds.tail)
            # Of an address only these ranges are held; nothing between them may be asked for.
            with pq.ParquetFile(source, metadata=metadata, pre_buffer=False) as opened:
                return opened.read(columns=list(columns) if columns else None)

    def _of(self, files: Sequence[int]) -> list[tuple[int, Bounds]]:
        """Files and their bounds, those not yet known loaded."""
        with self._lock:
            new = [file for file in files if file not in self._bounds]
            if new:
                with ThreadPoolExecutor(_FILES_AT_ONCE) as pool:
                    self._bounds.update(zip(new, pool.map(self._load, new), strict=True))
            return [(file, self._bounds[file]) for file in files]

    def _load(self, file: int) -> Bounds:
        import pyarrow as pa

        number = self._files[file].file.rpartition("-")[2]
        data = self._place.read(f"{BOUNDS}/{self._name}-{number}")
        return read_bounds(pa.BufferReader(data))

"""A file of a table → where each of its row groups begins; and row groups of a table by key.

The table of bounds has one small file for each file of the other tables.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optout.index.footer import split
from optout.index.layout import KEYS

if TYPE_CHECKING:
    import pyarrow as pa

# Bytes of one row group, and of its description: of so few rows it is never so long.
_LARGEST, _LONGEST = 256 * 2**20, 2**20
# All keys that begin so come before the text with this sign behind it.
_LAST = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class Bounds:
    """The row groups of one file, in order."""

    firsts: list[str]  # key of the first row
    starts: list[int]  # rows before it in the file, and of all
    data: list[tuple[int, int]]  # where it stands in the file, and how many bytes
    about: list[tuple[int, int]]  # where its description stands
    head: bytes  # of the footer, before and behind the descriptions
    tail: bytes


def begins_with(text: str) -> tuple[str, str]:
    """The range of all keys that begin with `text`."""
    return text, text + _LAST


def reaching(firsts: Sequence[str], ranges: Iterable[tuple[str, str]]) -> list[int]:
    """Which of sorted pieces may hold keys of `ranges` (first, last), if they begin so.

    >>> reaching(["a", "c", "c", "f"], [("c", "d")]), reaching(["b"], [("a", "a")])
    ([0, 1, 2], [])
    """
    found: set[int] = set()
    for first, last in ranges:
        # A piece may end with the key that the next one begins with.
        begin = max(bisect_left(firsts, first) - 1, 0)
        found.update(range(begin, bisect_right(firsts, last)))
    return sorted(found)


def holding(starts: Sequence[int], positions: Iterable[int]) -> list[int]:
    """Which of pieces that begin at `starts` hold these positions."""
    return sorted({bisect_right(starts, position) - 1 for position in positions})


def bounds_name(file: Path) -> str:
    """How the bounds of a table's file are called.

    >>> bounds_name(Path("rows/part-00003.parquet"))
    'rows-00003.parquet'
    """
    return f"{file.parent.name}-{file.name.rpartition('-')[2]}"


def write_bounds(path: Path, table: str, to: Path) -> None:
    """Look where the row groups of a file are, and write it down. Raises OSError."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    footer, start = _footer(path)
    parts = split(footer)
    with pq.ParquetFile(path) as opened:
        about = opened.metadata
        groups = [about.row_group(number) for number in range(about.num_row_groups)]
        begins = [_begin(group.column(0)) for group in groups]
        rows = [group.num_rows for group in groups]
        firsts = _firsts(opened, KEYS[table], rows)
    columns = [
        firsts,
        rows,
        begins,
        [end - begin for begin, end in zip(begins, [*begins, start][1:], strict=True)],
        [start + begin for begin, _ in parts.groups],
        [end - begin for begin, end in parts.groups],
    ]
    schema = _schema().with_metadata({"head": parts.head, "tail": parts.tail})
    pq.write_table(pa.table(columns, schema=schema), to, compression="zstd")


def _schema() -> pa.Schema:
    import pyarrow as pa

    numbers = ("rows", "data", "data_size", "about", "about_size")
    return pa.schema([("first", pa.string()), *((name, pa.int64()) for name in numbers)])


def read_bounds(file: Any) -> Bounds:
    """The bounds in an open file. Raises ValueError, or what pyarrow does, for a damaged one."""
    import pyarrow.parquet as pq

    table = pq.read_table(file)
    columns = {name: table[name].to_pylist() for name in table.column_names}
    if max(columns["data_size"], default=0) > _LARGEST:
        raise ValueError("a row group is too large")
    if max(columns["about_size"], default=0) > _LONGEST:
        raise ValueError("the description of a row group is too long")
    about = table.schema.metadata
    return Bounds(
        columns["first"],
        [0, *accumulate(columns["rows"])],
        list(zip(columns["data"], columns["data_size"], strict=True)),
        list(zip(columns["about"], columns["about_size"], strict=True)),
        about[b"head"],
        about[b"tail"],
    )


def _footer(path: Path) -> tuple[bytes, int]:
    """The footer of a Parquet file, and where it begins."""
    with path.open("rb") as file:
        end = file.seek(-8, 2)
        length = int.from_bytes(file.read(4), "little")
        start = file.seek(end - length)
        return file.read(length), start


def _begin(column: Any) -> int:
    """Where the first column of a row group begins."""
    pages = (column.dictionary_page_offset, column.data_page_offset)
    return int(min(page for page in pages if page))


def _firsts(file: Any, keys: Sequence[str], rows: Sequence[int]) -> pa.Array:
    """The key of the first row of each row group."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not rows:
        return pa.array([], pa.string())
    table = file.read(columns=list(keys))
    places = pa.array(list(accumulate(rows[:-1], initial=0)))
    found = [table[key].take(places).combine_chunks() for key in keys]
    return pc.binary_join_element_wise(*found, "")

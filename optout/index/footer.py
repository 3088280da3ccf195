"""The footer of a Parquet file ↔ the descriptions of its row groups, each by itself.

A table of rows has very many small row groups, and a lookup needs few of them: with the place of
each description only these are read and decoded, not a footer of many megabytes. The footer is
Thrift's compact protocol (parquet.thrift: FileMetaData; field 4 is the list of row groups).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

_ROW_GROUPS = 4
_STRUCT = 12
_LONG_LIST = 15  # so many elements or more are counted behind the header


@dataclass(frozen=True, slots=True)
class Footer:
    """What is common to all row groups, and where in the footer each is described."""

    head: bytes  # all before the list of row groups
    groups: tuple[tuple[int, int], ...]  # from, to: bytes of the footer
    tail: bytes


def split(footer: bytes) -> Footer:
    """The parts of a footer. Raises ValueError or IndexError for one that is damaged."""
    at, field = 0, 0
    while footer[at]:
        begin, kind = at, footer[at] & 15
        field, at = _field(footer, at, field)
        if field == _ROW_GROUPS:
            _, number, at = _list(footer, at)
            groups = []
            for _ in range(number):
                end = _skip(footer, at, _STRUCT)
                groups.append((at, end))
                at = end
            return Footer(footer[:begin], tuple(groups), footer[at:])
        at = _skip(footer, at, kind)
    raise ValueError("no row groups")


def only(head: bytes, groups: Sequence[bytes], tail: bytes) -> Any:
    """The metadata (pyarrow) of a file that has just these row groups."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    # The header of a field that follows field 3, a list; then how many structs are in it.
    count = bytes([0x19, 0xF0 | _STRUCT]) + _varint_bytes(len(groups))
    thrift = head + count + b"".join(groups) + tail
    whole = b"PAR1" + thrift + len(thrift).to_bytes(4, "little") + b"PAR1"
    return pq.read_metadata(pa.BufferReader(whole))


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7


def _varint_bytes(value: int) -> bytes:
    found = bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    return bytes([*found, value])


def _field(data: bytes, at: int, before: int) -> tuple[int, int]:
    """The number of a field that begins at `at`, and where its value does."""
    step = data[at] >> 4
    if step:
        return before + step, at + 1
    number, at = _varint(data, at + 1)
    return number >> 1 ^ -(number & 1), at


def _list(data: bytes, at: int) -> tuple[int, int, int]:
    """Kind and number of a list's elements, and where the first is."""
    kind, number = data[at] & 15, data[at] >> 4
    at += 1
    if number == _LONG_LIST:
        number, at = _varint(data, at)
    return kind, number, at


def _skip(data: bytes, at: int, kind: int) -> int:
    """Where the value of a field ends that begins at `at`."""
    if kind == _STRUCT:
        while data[at]:
            inner = data[at] & 15
            at = at + 1 if data[at] >> 4 else _varint(data, at + 1)[1]
            at = _skip(data, at, inner)
        return at + 1
    if kind in (4, 5, 6):  # whole numbers
        while data[at] > 127:
            at += 1
        return at + 1
    if kind == 8:  # texts
        length, at = _varint(data, at)
        return at + length
    if kind in (9, 10):
        inner, number, at = _list(data, at)
        for _ in range(number):
            at = at + 1 if inner in (1, 2) else _skip(data, at, inner)
        return at
    if kind in (1, 2):  # truth values stand in the header
        return at
    if kind in (3, 7):
        return at + (1 if kind == 3 else 8)
    raise ValueError(f"unknown kind {kind}")

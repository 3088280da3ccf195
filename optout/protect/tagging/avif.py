"""AVIF bytes → the same with another XMP item (ISO/IEC 14496-12, 8.11; XMP as `mime` item).

The packet is put behind what is there; the table of places grows and the places behind it move.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from optout.protect.tagging.jpeg import CREDENTIALS
from optout.protect.tagging.values import FileProblem

_TYPE = b"application/rdf+xml"
_C2PA = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
_UNREADABLE = "its AVIF boxes cannot be read"

Extent = tuple[int, int]  # offset from the start of the file (or as the method says), length


@dataclass(frozen=True, slots=True)
class _Box:
    kind: bytes
    body: bytes
    start: int = 0
    end: int = 0

    @property
    def written(self) -> bytes:
        return (len(self.body) + 8).to_bytes(4) + self.kind + self.body


@dataclass(frozen=True, slots=True)
class _Item:
    """Where the bytes of an item lie (iloc)."""

    number: int
    method: int  # 0: in the file
    source: int  # data reference; 0: this file
    extents: tuple[Extent, ...]


def rewrite(data: bytes, change: Callable[[bytes | None], bytes]) -> bytes:
    """Put `change(present packet)` behind the file and let its XMP item point there."""
    boxes = list(_boxes(data, 0, len(data)))
    kinds = [box.kind for box in boxes]
    if any(box.kind == b"uuid" and box.body[:16] == _C2PA for box in boxes):
        raise FileProblem(CREDENTIALS)
    if kinds.count(b"meta") != 1 or b"moov" in kinds:
        raise FileProblem("it is an animated or unusual AVIF file, which is left alone")
    meta = boxes[kinds.index(b"meta")]
    parts = {box.kind: box for box in _boxes(meta.body, 4, len(meta.body))}
    if not {b"iloc", b"iinf", b"pitm"} <= parts.keys():
        raise FileProblem(_UNREADABLE)
    items = _items(parts[b"iloc"].body)
    known = _xmp_item(parts[b"iinf"].body)
    packet = change(_bytes_of(data, items, known) if known is not None else None)
    data = _cleared(data, items, known)
    number = known if known is not None else max([*_numbers(parts[b"iinf"].body), 0]) + 1
    if known is None:
        parts[b"iinf"] = _Box(b"iinf", _with_entry(parts[b"iinf"].body, number))
        parts[b"iref"] = _Box(b"iref", _with_reference(parts, number))
    head, tail = _ended(data[: meta.start], data[meta.end :], boxes[-1], meta)

    def placed(by: int, place: int) -> bytes:
        moved = [_moved(item, meta.end, by) for item in items if item.number != number]
        mine = _Item(number, 0, 0, ((place, len(packet)),))
        parts[b"iloc"] = _Box(b"iloc", _written(sorted([*moved, mine], key=lambda i: i.number)))
        inside = meta.body[:4] + b"".join(part.written for part in parts.values())
        return _Box(b"meta", inside).written

    by = len(placed(0, 0)) - (meta.end - meta.start)
    place = len(data) + by + 8
    return head + placed(by, place) + tail + _Box(b"mdat", packet).written


def _boxes(data: bytes, start: int, end: int) -> Iterator[_Box]:
    while start < end:
        size = int.from_bytes(data[start : start + 4])
        head = 8
        if size == 1:
            size, head = int.from_bytes(data[start + 8 : start + 16]), 16
        elif size == 0:
            size = end - start
        if size < head or start + size > end:
            raise FileProblem("it is cut short")
        yield _Box(
            data[start + 4 : start + 8], data[start + head : start + size], start, start + size
        )
        start += size


def _ended(head: bytes, tail: bytes, last: _Box, meta: _Box) -> tuple[bytes, bytes]:
    """A last box that reaches "to the end of the file" gets a size, since something follows."""
    place = last.start - meta.end
    if place >= 0 and tail[place : place + 4] == b"\0\0\0\0":
        size = last.end - last.start
        if size >= 2**32:
            raise FileProblem("it is too large")
        tail = tail[:place] + size.to_bytes(4) + tail[place + 4 :]
    return head, tail


class _Reader:
    """Big-endian numbers, one after the other."""

    def __init__(self, data: bytes, place: int = 0) -> None:
        self.data, self.place = data, place

    def take(self, size: int) -> int:
        if self.place + size > len(self.data):
            raise FileProblem(_UNREADABLE)
        self.place += size
        return int.from_bytes(self.data[self.place - size : self.place])


def _items(body: bytes) -> list[_Item]:
    """iloc (8.11.3), versions 0 to 2."""
    version, read = body[0] if body else 9, _Reader(body, 4)
    if version > 2:
        raise FileProblem(_UNREADABLE)
    sizes = read.take(2)
    offset, length, base, index = (sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15, sizes & 15)
    wide = 4 if version == 2 else 2
    found = []
    for _ in range(read.take(wide)):
        number = read.take(wide)
        method = read.take(2) & 15 if version else 0
        source, start = read.take(2), read.take(base)
        extents = []
        for _ in range(read.take(2)):
            if version and read.take(index):
                raise FileProblem(_UNREADABLE)
            extents.append((start + read.take(offset), read.take(length)))
        found.append(_Item(number, method, source, tuple(extents)))
    if any(not size for item in found for _, size in item.extents):
        raise FileProblem(_UNREADABLE)
    return found


def _written(items: list[_Item]) -> bytes:
    """iloc, version 1 (2 where a number needs it), offsets and lengths of 8 and 4 bytes."""
    wide = 4 if items[-1].number > 0xFFFF else 2
    out = bytes([2 if wide == 4 else 1, 0, 0, 0, 0x84, 0x00]) + len(items).to_bytes(wide)
    for item in items:
        out += item.number.to_bytes(wide) + item.method.to_bytes(2) + item.source.to_bytes(2)
        out += len(item.extents).to_bytes(2)
        out += b"".join(place.to_bytes(8) + size.to_bytes(4) for place, size in item.extents)
    return out


def _moved(item: _Item, behind: int, by: int) -> _Item:
    """The item after everything from `behind` on moved; what lies in a box of its own stays."""
    if item.method or item.source:
        return item
    extents = tuple((at + by if at >= behind else at, size) for at, size in item.extents)
    return replace(item, extents=extents)


def _entries(body: bytes) -> Iterator[_Box]:
    yield from _boxes(body, 6 if body[:1] == b"\0" else 8, len(body))


def _numbers(body: bytes) -> list[int]:
    return [
        int.from_bytes(entry.body[4 : 8 if entry.body[:1] == b"\3" else 6])
        for entry in _entries(body)
    ]


def _xmp_item(body: bytes) -> int | None:
    """Number of the item that holds the packet, from iinf (8.11.6)."""
    entries = zip(_numbers(body), _entries(body), strict=True)
    found = [n for n, entry in entries if b"mime" in entry.body[:16] and _TYPE in entry.body]
    if len(found) > 1:
        raise FileProblem("it holds two XMP packets, and readers differ on which one counts")
    return found[0] if found else None


def _with_entry(body: bytes, number: int) -> bytes:
    wide = 2 if body[:1] == b"\0" else 4
    count = int.from_bytes(body[4 : 4 + wide]) + 1
    version, size = (3, 4) if number > 0xFFFF else (2, 2)
    entry = bytes([version, 0, 0, 0]) + number.to_bytes(size) + b"\0\0mime\0" + _TYPE + b"\0"
    return body[:4] + count.to_bytes(wide) + body[4 + wide :] + _Box(b"infe", entry).written


def _with_reference(parts: dict[bytes, _Box], number: int) -> bytes:
    """iref (8.11.12) with "describes the primary item" for the new one."""
    pitm = parts[b"pitm"].body
    primary = int.from_bytes(pitm[4:])
    body = parts[b"iref"].body if b"iref" in parts else b"\0\0\0\0"
    wide = 2 if body[:1] == b"\0" else 4
    if wide == 2 and max(number, primary) > 0xFFFF:
        raise FileProblem(_UNREADABLE)
    link = number.to_bytes(wide) + (1).to_bytes(2) + primary.to_bytes(wide)
    return body + _Box(b"cdsc", link).written


def _cleared(data: bytes, items: list[_Item], number: int | None) -> bytes:
    """Without the old packet, so that no program that searches the bytes finds what it said."""
    for item in items:
        for at, size in item.extents if item.number == number else ():
            data = data[:at] + b"\0" * size + data[at + size :]
    return data


def _bytes_of(data: bytes, items: list[_Item], number: int) -> bytes:
    for item in items:
        if item.number == number:
            if item.method or item.source:
                raise FileProblem("its XMP packet lies in an unusual place")
            if any(at + size > len(data) for at, size in item.extents):
                raise FileProblem("it is cut short")
            return b"".join(data[at : at + size] for at, size in item.extents)
    raise FileProblem(_UNREADABLE)

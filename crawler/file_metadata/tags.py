"""TIFF tags, Photoshop resources and IPTC datasets → the packets among them.

TIFF 6.0, section 2; Exif 2.32, 4.6; Adobe Photoshop File Formats, Image Resource Section;
IPTC IIM 4.2, chapters 3 and 6.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from crawler.file_metadata.packet import Damaged, Order, Packet, Source

_ORDERS: dict[bytes, Order] = {b"II": "little", b"MM": "big"}
_UNITS = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
_SIMPLE = {700: "xmp", 0x8298: "exif_copyright", 0xCD41: "c2pa"}
_IIM, _RESOURCES = 33723, 34377
EXIF = b"Exif\0\0"


@dataclass(frozen=True, slots=True)
class _Block:
    """A TIFF structure: offsets in it count from `base`."""

    source: Source
    base: int
    end: int
    order: Order
    place: str

    def number(self, at: int, size: int) -> int:
        if at + size > self.end:
            raise Damaged(f"{self.place or 'the file'} points beyond its end")
        return self.source.number(at, size, self.order)


def tiff(source: Source) -> Iterator[Packet]:
    """Packets of a TIFF file."""
    return _tags(source, 0, len(source.data), "")


def exif(source: Source, at: int, end: int, place: str) -> Iterator[Packet]:
    """Packets of an Exif block between two offsets, with or without its `Exif` mark."""
    start = at + len(EXIF) if source.data.startswith(EXIF, at) else at
    return _told(_tags(source, start, end, place), place)


def _tags(source: Source, base: int, end: int, place: str) -> Iterator[Packet]:
    order = _ORDERS.get(source.data[base : base + 2])
    if order is None or source.number(base + 2, 2, order) != 42:
        raise Damaged(f"{place or 'the file'} does not begin as TIFF does")
    block, seen = _Block(source, base, end, order, place), set[int]()
    at = block.number(base + 4, 4)
    while at and at not in seen:  # directories are a chain, which may be made a ring
        seen.add(at)
        first = base + at + 2
        count = block.number(base + at, 2)
        for entry in range(first, first + 12 * count, 12):
            yield from _value(block, entry, block.number(entry, 2))
        at = block.number(first + 12 * count, 4)


def _value(block: _Block, entry: int, tag: int) -> Iterator[Packet]:
    if tag not in _SIMPLE and tag not in (_IIM, _RESOURCES):
        return
    place = f"{block.place} tag {tag}".strip()
    size = _UNITS.get(block.number(entry + 2, 2), 1) * block.number(entry + 4, 4)
    at = entry + 8 if size <= 4 else block.base + block.number(entry + 8, 4)
    if tag in _SIMPLE:
        yield block.source.packet(_SIMPLE[tag], place, at, size, block.end)
    elif tag == _IIM:
        yield from _iim(block.source, at, min(at + size, block.end), place)
    else:
        yield from _resources(block.source, at, min(at + size, block.end), place)


def resources(source: Source, at: int, end: int, place: str) -> Iterator[Packet]:
    """Packets of Photoshop's image resources."""
    return _told(_resources(source, at, end, place), place)


def _told(found: Iterator[Packet], place: str) -> Iterator[Packet]:
    """Damage inside one block is told; what follows the block is still read."""
    try:
        yield from found
    except Damaged as problem:
        yield Packet("not_read", place, problem=str(problem))


def _resources(source: Source, at: int, end: int, place: str) -> Iterator[Packet]:
    """IPTC's datasets are resource 0x0404."""
    while at + 12 <= end and source.piece(at, 4) == b"8BIM":
        which = source.number(at + 4, 2)
        # A counted name, padded to an even length.
        named = at + 6 + (source.number(at + 6, 1) + 2) // 2 * 2
        size = source.number(named, 4)
        if which == 0x0404:
            yield from _iim(source, named + 4, min(named + 4 + size, end), f"{place} 8BIM 0404")
        at = named + 4 + (size + 1) // 2 * 2


def _iim(source: Source, at: int, end: int, place: str) -> Iterator[Packet]:
    """The copyright notices (2:116) of IPTC datasets."""
    while at + 5 <= end and source.number(at, 1) == 0x1C:
        dataset, size, start = source.piece(at + 1, 2), source.number(at + 3, 2), at + 5
        if size & 0x8000:  # an extended dataset: how long its length is
            length = size & 0x7FFF
            if length > 8:
                raise Damaged(f"{place} holds a dataset of impossible length")
            size, start = source.number(start, length), start + length
        if dataset == b"\x02\x74":
            yield source.packet("iptc_copyright", f"{place} 2:116", start, size, end)
        at = start + size

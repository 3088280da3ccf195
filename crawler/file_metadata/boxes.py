"""An AVIF or HEIF file → its packets: items of its meta box, boxes with a UUID.

ISO/IEC 14496-12, 8.11 (meta, iinf, iloc); ISO/IEC 23008-12, annex A; C2PA 2.1, A.5.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from crawler.file_metadata.jumbf import box_kind
from crawler.file_metadata.packet import MAX_PACKET, Damaged, Packet, Source
from crawler.file_metadata.tags import exif

_C2PA = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
_XMP = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
_XMP_TYPE = b"application/rdf+xml"


@dataclass(frozen=True, slots=True)
class _Box:
    name: bytes
    start: int  # of its content
    end: int


@dataclass(frozen=True, slots=True)
class _Item:
    """Where an item lies: (offset, length) of its extents, counted from the start of a box."""

    extents: list[tuple[int, int]]
    in_idat: bool


def boxes(source: Source) -> Iterator[Packet]:
    """Packets of a file made of boxes."""
    for box in _children(source, 0, len(source.data)):
        if box.name == b"meta":
            yield from _meta(source, box)
        elif box.name == b"uuid" and source.data.startswith(_C2PA, box.start):
            yield from _c2pa(source, box)
        elif box.name == b"uuid" and source.data.startswith(_XMP, box.start):
            yield source.packet("xmp", "uuid", box.start + 16, box.end - box.start - 16)


def _children(source: Source, at: int, end: int) -> Iterator[_Box]:
    while at < end:
        size, name, start = source.number(at, 4), source.piece(at + 4, 4), at + 8
        if size == 1:
            size, start = source.number(at + 8, 8), at + 16
        stop = end if size == 0 else at + size
        if not start <= stop <= end:
            raise Damaged(f"the box at byte {at} does not fit into the file")
        yield _Box(name, start, stop)
        at = stop


def _c2pa(source: Source, box: _Box) -> Iterator[Packet]:
    """Version and flags, a purpose that ends with NUL, an offset, then the manifest store."""
    start = box.start + 20
    purpose = source.data[start : min(start + 64, box.end)].partition(b"\0")[0]
    if purpose == b"manifest":
        at = start + len(purpose) + 1 + 8
        kind = box_kind(source.data[at : at + 64])
        yield source.packet(kind, "uuid", at, max(0, box.end - at))


def _meta(source: Source, meta: _Box) -> Iterator[Packet]:
    inside = {box.name: box for box in _children(source, meta.start + 4, meta.end)}
    if b"iinf" not in inside or b"iloc" not in inside:
        return
    kinds = dict(_wanted(source, inside[b"iinf"]))
    file = _Box(b"", 0, len(source.data))
    for which, item in _locations(source, inside[b"iloc"], kinds):
        base = inside.get(b"idat", file) if item.in_idat else file
        yield from _item(source, kinds[which], item, base)


def _wanted(source: Source, iinf: _Box) -> Iterator[tuple[int, bytes]]:
    """Number and type of the items that hold XMP or Exif."""
    head = 6 if source.number(iinf.start, 1) == 0 else 8
    for box in _children(source, iinf.start + head, iinf.end):
        version = source.number(box.start, 1)
        if box.name != b"infe" or version < 2:
            continue
        size = 2 if version == 2 else 4
        at = box.start + 4 + size + 2
        kind = source.piece(at, 4)
        texts = source.data[at + 4 : min(at + 1000, box.end)].split(b"\0")
        if kind == b"Exif" or (kind == b"mime" and texts[1:2] == [_XMP_TYPE]):
            yield source.number(box.start + 4, size), kind


def _locations(source: Source, iloc: _Box, wanted: dict[int, bytes]) -> Iterator[tuple[int, _Item]]:
    """Number and place of the wanted items (iloc, versions 0 to 2)."""
    version, sizes = source.number(iloc.start, 1), source.number(iloc.start + 4, 2)
    offset_size, length_size, base_size = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15
    index_size = sizes & 15 if version else 0
    wide = 4 if version == 2 else 2
    at = iloc.start + 6 + wide
    step = index_size + offset_size + length_size
    for _ in range(source.number(iloc.start + 6, wide)):
        which, at = source.number(at, wide), at + wide
        method, at = (source.number(at, 2) & 15, at + 2) if version else (0, at)
        base, at = source.number(at + 2, base_size), at + 2 + base_size
        count, at = source.number(at, 2), at + 2
        if which in wanted and method < 2 and step:
            extents = []
            for one in range(at + index_size, at + step * count, step):
                offset = base + source.number(one, offset_size)
                extents.append((offset, source.number(one + offset_size, length_size)))
            yield which, _Item(extents, method == 1)
        at += step * count


def _item(source: Source, kind: bytes, item: _Item, base: _Box) -> Iterator[Packet]:
    kept, size = bytearray(), 0
    for offset, length in item.extents:
        held = length or max(0, base.end - base.start - offset)  # 0: all that there is
        size += held
        start = base.start + offset
        kept += source.data[start : min(start + min(held, MAX_PACKET - len(kept)), base.end)]
    at = base.start + item.extents[0][0] if item.extents else 0
    problem = "the file ends inside it" if len(kept) < min(size, MAX_PACKET) else None
    if kind == b"mime":
        yield Packet("xmp", "mime item", at, size, bytes(kept), problem)
        return
    source.spend(len(kept) // 100)
    inside = Source(bytes(kept), source.reads)
    begin = 4 + inside.number(0, 4)  # an offset to the TIFF header comes first
    for one in exif(inside, begin, len(kept), "Exif item"):
        whole = len(item.extents) == 1 and one.offset is not None
        yield replace(one, offset=at + (one.offset or 0) if whole else None)
    source.reads = inside.reads

"""A JPEG file → its packets: segments up to the image data, split ones put together.

ITU-T T.81, annex B; XMP part 3, 1.1.3; C2PA 2.1, A.3.1 (APP11, ISO/IEC 19566-5, annex D).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from crawler.file_metadata.jumbf import box_kind
from crawler.file_metadata.packet import MAX_PACKET, Damaged, Packet, Source
from crawler.file_metadata.tags import EXIF, exif, resources

_MARKER = re.compile(rb"\xff([^\x00\xff])", re.DOTALL)
_NO_LENGTH = {0x01, *range(0xD0, 0xD9)}  # TEM, RSTn, SOI stand alone
_LAST = (0xDA, 0xD9)  # the image data begins, the file ends
_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_MORE_XMP = b"http://ns.adobe.com/xmp/extension/\0"
_PHOTOSHOP = b"Photoshop 3.0\0"


@dataclass(frozen=True, slots=True)
class _Part:
    """One segment of a packet that needs several."""

    order: int  # its offset in the packet, or its running number
    start: int  # in the file
    end: int
    whole: int = 0  # size of the packet, as this segment says


@dataclass(slots=True)
class _Split:
    """Parts of split packets: XMP by its GUID, boxes by their instance number."""

    xmp: dict[bytes, list[_Part]] = field(default_factory=dict)
    boxes: dict[int, list[_Part]] = field(default_factory=dict)


def jpeg(source: Source) -> Iterator[Packet]:
    """Packets of a JPEG file, those that one segment holds first."""
    split, damage = _Split(), None
    try:
        yield from _segments(source, split)
    except Damaged as problem:
        damage = problem  # what was collected is still worth giving out
    for digest, parts in split.xmp.items():
        yield _joined_xmp(digest, source.data, sorted(parts, key=lambda one: one.order))
    for parts in split.boxes.values():
        yield _joined_box(source.data, sorted(parts, key=lambda one: one.order))
    if damage:
        raise damage


def _segments(source: Source, split: _Split) -> Iterator[Packet]:
    at = 2
    while True:
        # What stands before a marker is skipped, as decoders do.
        marker = _MARKER.search(source.data, at)
        if marker is None:
            raise Damaged("the file ends before its image data")
        source.spend(1)
        code, at = marker[1][0], marker.end()
        if code in _LAST:
            return
        if code in _NO_LENGTH:
            continue
        size = source.number(at, 2)
        if at + size > len(source.data) or size < 2:
            raise Damaged(f"the segment at byte {at - 2} does not fit into the file")
        yield from _segment(code, source, at + 2, at + size, split)
        at += size


def _segment(code: int, source: Source, at: int, end: int, split: _Split) -> Iterator[Packet]:
    data = source.data
    if code == 0xE1 and data.startswith(_XMP, at, end):
        yield source.packet("xmp", "APP1", at + len(_XMP), end - at - len(_XMP))
    elif code == 0xE1 and data.startswith(_MORE_XMP, at, end):
        _take_xmp(source, at + len(_MORE_XMP), end, split)
    elif code == 0xE1 and data.startswith(EXIF, at, end):
        yield from exif(source, at, end, "APP1")
    elif code == 0xED and data.startswith(_PHOTOSHOP, at, end):
        yield from resources(source, at + len(_PHOTOSHOP), end, "APP13")
    elif code == 0xEB and data.startswith(b"JP", at, end) and end - at >= 16:
        part = _Part(source.number(at + 4, 4), at + 8, end)
        split.boxes.setdefault(source.number(at + 2, 2), []).append(part)


def _take_xmp(source: Source, at: int, end: int, split: _Split) -> None:
    """A GUID, the size of the whole, the place of this part in it, the part."""
    if end - at >= 40:
        part = _Part(source.number(at + 36, 4), at + 40, end, source.number(at + 32, 4))
        split.xmp.setdefault(source.data[at : at + 32], []).append(part)


def _joined_xmp(digest: bytes, data: bytes, parts: list[_Part]) -> Packet:
    """The GUID of extended XMP is the MD5 of the whole (XMP part 3, 1.1.3.1)."""
    ends = [0, *(one.order + one.end - one.start for one in parts)]
    whole = [one.order for one in parts] == ends[:-1] and ends[-1] == parts[0].whole
    found = _joined("xmp", "APP1 extension", data, parts, 0, whole=whole)
    if found.problem or found.truncated() or _md5(found.data or b"") == digest.upper():
        return found
    return replace(found, problem="it has not the digest that it names")


def _md5(data: bytes) -> bytes:
    return hashlib.md5(data, usedforsecurity=False).hexdigest().upper().encode()


def _joined_box(data: bytes, parts: list[_Part]) -> Packet:
    first = parts[0].start
    long = data[first : first + 4] == b"\0\0\0\1"  # the size follows the type, in 8 bytes
    header = 16 if long else 8
    size = int.from_bytes(data[first + 8 : first + 16] if long else data[first : first + 4], "big")
    held = sum(one.end - one.start for one in parts) - header * (len(parts) - 1)
    kind = box_kind(data[first : parts[0].end])
    return _joined(kind, "APP11", data, parts, header, whole=size == held)


def _joined(
    kind: str, place: str, data: bytes, parts: list[_Part], header: int, *, whole: bool
) -> Packet:
    """Every segment repeats the `header` bytes of the first, where they count."""
    kept, size, skip = bytearray(), 0, 0
    for one in parts:
        start = min(one.start + skip, one.end)
        size += one.end - start
        kept += data[start : min(one.end, start + MAX_PACKET - len(kept))]
        skip = header
    problem = None if whole else "its parts do not make a whole"
    return Packet(kind, place, parts[0].start, size, bytes(kept), problem)

"""PNG, WebP, GIF and SVG files → their packets.

PNG third edition, 11.3; XMP part 3, 1.1; WebP container specification; C2PA 2.1, A.3.
"""

from __future__ import annotations

import binascii
import zlib
from collections.abc import Iterator
from dataclasses import replace

from crawler.file_metadata.jumbf import box_kind
from crawler.file_metadata.packet import MAX_PACKET, Damaged, Packet, Source
from crawler.file_metadata.tags import EXIF, exif, resources

_XMP_KEY = b"XML:com.adobe.xmp"
_PROFILE = b"Raw profile type "  # how ImageMagick and old ExifTool store what PNG had no place for
_TEXTS = (b"tEXt", b"zTXt", b"iTXt")
_MAX_KEY = 80  # bytes; PNG allows 79 and the NUL
_UNPACKING = 5_000  # reads that one decompression counts as
_JPEG_XMP = b"http://ns.adobe.com/xap/1.0/\0"
# GIF: from the application extension to the trailer that XMP ends with; SVG: its RDF.
_GIF = (b"\x21\xff\x0bXMP DataXMP", b"\x01\xff\xfe\xfd")
_SVG = (b"<rdf:RDF", b"</rdf:RDF>")


def png(source: Source) -> Iterator[Packet]:
    """Packets of a PNG file."""
    at = 8
    while (name := source.piece(at + 4, 4)) != b"IEND":
        size = source.number(at, 4)
        at += 8
        if name == b"caBX":
            yield source.packet(box_kind(source.data[at : at + 64]), "caBX", at, size)
        elif name == b"eXIf":
            yield from exif(source, at, at + size, "eXIf")
        elif name in _TEXTS:
            yield from _text(name.decode(), source, at, at + size)
        at += size + 4


def webp(source: Source) -> Iterator[Packet]:
    """Packets of a WebP file."""
    at, end = 12, 8 + source.number(4, 4, "little")
    while at + 8 <= end:
        name, size = source.piece(at, 4), source.number(at + 4, 4, "little")
        at += 8
        if name == b"XMP ":
            yield source.packet("xmp", "XMP", at, size)
        elif name == b"EXIF":
            yield from exif(source, at, at + size, "EXIF")
        elif name == b"C2PA":
            yield source.packet(box_kind(source.data[at : at + 64]), "C2PA", at, size)
        at += size + size % 2


def gif(source: Source) -> Iterator[Packet]:
    """XMP of a GIF file."""
    for at, end in _between(source.data, *_GIF):
        start = at + len(_GIF[0])
        yield source.packet("xmp", "application extension", start, end - start)


def svg(source: Source) -> Iterator[Packet]:
    """RDF of an SVG file, whether inside an XMP packet or not."""
    for at, end in _between(source.data, *_SVG):
        yield source.packet("xmp", "rdf:RDF", at, end + len(_SVG[1]) - at)


def _between(data: bytes, start: bytes, end: bytes) -> Iterator[tuple[int, int]]:
    """Offsets of a mark and of the one that ends what it begins."""
    at = data.find(start)
    while at >= 0:
        stop = data.find(end, at)
        if stop < 0:
            raise Damaged(f"the file ends at byte {len(data)}, inside its metadata")
        yield at, stop
        at = data.find(start, stop)


def _text(chunk: str, source: Source, at: int, end: int) -> Iterator[Packet]:
    key, nul, _ = source.data[at : min(at + _MAX_KEY, end)].partition(b"\0")
    if not nul or not (key == _XMP_KEY or key.startswith(_PROFILE)):
        return
    place = f"{chunk} {key.decode('latin-1')}"
    start, packed = _start_of(chunk, source.data, at + len(key) + 1, end)
    if start < 0:
        yield Packet("not_read", place, at, problem="the chunk does not hold what it must")
        return
    if key == _XMP_KEY and not packed:
        yield source.packet("xmp", place, start, end - start)
        return
    source.spend(_UNPACKING)
    text, problem = _unpacked(source.data[start:end]) if packed else (source.data[start:end], None)
    if key == _XMP_KEY:
        size = None if problem or len(text) > MAX_PACKET else len(text)
        yield Packet("xmp", place, start, size, text[:MAX_PACKET], problem)
    elif problem:
        yield Packet("not_read", place, start, problem=problem)
    else:
        # Offsets in the decoded text say nothing of the file.
        yield from (replace(one, offset=start) for one in _profile(text[:MAX_PACKET], place))


def _start_of(chunk: str, data: bytes, at: int, end: int) -> tuple[int, bool]:
    """Where a chunk's text begins after its key (below 0: nowhere), and whether it is packed."""
    if chunk == "tEXt":
        return at, False
    if chunk == "zTXt":
        return at + 1, True
    language = data.find(b"\0", at + 2, end)
    translated = data.find(b"\0", language + 1, end) if language >= 0 else -1
    return translated + 1 if translated >= 0 else -1, data[at : at + 1] == b"\1"


def _unpacked(packed: bytes) -> tuple[bytes, str | None]:
    """Text decompressed, at most one byte more than is kept, and what went wrong."""
    try:
        return zlib.decompressobj().decompress(packed, MAX_PACKET + 1), None
    except zlib.error as error:
        return b"", f"it cannot be decompressed ({error})"[:200]


def _profile(text: bytes, place: str) -> Iterator[Packet]:
    """Packets of a raw profile: its name, its length and hexadecimal digits, each on a line."""
    name, _, rest = text.lstrip(b"\n").partition(b"\n")
    try:
        content = binascii.unhexlify(rest.partition(b"\n")[2].translate(None, b" \r\n"))
    except binascii.Error:
        yield Packet("not_read", place, problem="the profile is not hexadecimal")
        return
    inside = Source(content)
    if content.startswith(EXIF):
        yield from exif(inside, 0, len(content), place)
    elif content.startswith(b"8BIM"):
        yield from resources(inside, 0, len(content), place)
    elif name.strip() in (b"xmp", b"APP1"):
        start = len(_JPEG_XMP) if content.startswith(_JPEG_XMP) else 0
        yield inside.packet("xmp", place, start, len(content) - start)

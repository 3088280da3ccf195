"""Bytes of a JPEG, PNG or WebP file → the XMP and EXIF blocks in it, in file order.

Walked here and not by Pillow: it drops extended XMP, does not see what stands behind the pixels
of a PNG, decodes a PNG to look for EXIF, and gives a WebP memory for all pixels that it claims.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Callable, Iterator
from typing import NamedTuple

MAX_BLOCK = 8 * 2**20  # bytes of one block, after decompression
_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_EXTENDED = b"http://ns.adobe.com/xmp/extension/\0"  # XMP Specification Part 3, 1.1.3.1
_EXIF = b"Exif\0\0"
_KEYWORD = b"XML:com.adobe.xmp\0"
_PIXELS = (0xDA, 0xD9)  # start of scan, end of image


class Block(NamedTuple):
    """One block, or what is wrong with one; then `content` is empty."""

    kind: str  # xmp or exif
    content: bytes
    fault: str = ""


def jpeg(body: bytes) -> Iterator[Block]:
    """APP1 segments before the first scan; the portions of extended XMP put together."""
    portions: dict[bytes, dict[int, bytes]] = {}
    lengths: dict[bytes, int] = {}
    for marker, segment in _segments(body):
        if marker != 0xE1:
            continue
        if segment.startswith(_XMP):
            yield Block("xmp", segment[len(_XMP) :])
        elif segment.startswith(_EXIF):
            yield Block("exif", segment[len(_EXIF) :])
        elif segment.startswith(_EXTENDED):
            at = len(_EXTENDED)
            digest = segment[at : at + 32]
            length, offset = struct.unpack_from(">II", segment, at + 32)
            portions.setdefault(digest, {})[offset] = segment[at + 40 :]
            lengths[digest] = length
    for digest, parts in portions.items():
        yield _extended(digest, lengths[digest], parts)


def png(body: bytes) -> Iterator[Block]:
    """iTXt chunks with XMP's keyword and eXIf chunks, before or behind the pixels (PNG 3, 11.3)."""
    at = 8
    while at + 8 <= len(body):
        size, kind = struct.unpack_from(">I4s", body, at)
        if kind == b"IEND":
            return
        content = body[at + 8 : at + 8 + size] if kind in (b"iTXt", b"eXIf") else b""
        if kind == b"eXIf":
            yield Block("exif", content)
        elif content.startswith(_KEYWORD):
            compressed = content[len(_KEYWORD) : len(_KEYWORD) + 1] == b"\1"
            text = content[len(_KEYWORD) + 2 :].split(b"\0", 2)[-1]
            yield _inflated(text) if compressed else Block("xmp", text)
        at += 12 + size


def webp(body: bytes) -> Iterator[Block]:
    """Chunks "XMP " and "EXIF" of the RIFF container (WebP Container Specification)."""
    kinds = {b"XMP ": "xmp", b"EXIF": "exif"}
    at = 12
    while at + 8 <= len(body):
        kind, size = struct.unpack_from("<4sI", body, at)
        if kind in kinds:
            yield Block(kinds[kind], body[at + 8 : at + 8 + size].removeprefix(_EXIF))
        at += 8 + size + size % 2


WALKERS: dict[str, Callable[[bytes], Iterator[Block]]] = {
    "image/jpeg": jpeg,
    "image/png": png,
    "image/webp": webp,
}


def _segments(body: bytes) -> Iterator[tuple[int, bytes]]:
    """(marker, content) of a JPEG up to its pixels (ITU-T T.81, B.1.1)."""
    at = 2
    while at + 4 <= len(body) and body[at] == 0xFF:
        marker = body[at + 1]
        if marker == 0xFF:  # fill byte
            at += 1
        elif marker in _PIXELS:
            return
        elif 0xD0 <= marker <= 0xD8 or marker == 0x01:
            at += 2  # a marker without a length
        else:
            (size,) = struct.unpack_from(">H", body, at + 2)
            yield marker, body[at + 4 : at + 2 + size]
            at += 2 + max(size, 2)


def _extended(digest: bytes, length: int, parts: dict[int, bytes]) -> Block:
    whole = b"".join(part for _, part in sorted(parts.items()))
    if len(whole) != length or length > MAX_BLOCK:
        return Block("xmp", b"", "extended XMP is not whole")
    if hashlib.md5(whole, usedforsecurity=False).hexdigest().upper().encode() != digest:
        return Block("xmp", b"", "extended XMP has not the digest that it names")
    return Block("xmp", whole)


def _inflated(text: bytes) -> Block:
    stream = zlib.decompressobj()
    try:
        whole = stream.decompress(text, MAX_BLOCK)
    except zlib.error:
        return Block("xmp", b"", "a compressed packet is damaged")
    if stream.unconsumed_tail:
        return Block("xmp", b"", f"a compressed packet is longer than {MAX_BLOCK} bytes")
    return Block("xmp", whole)

"""WebP bytes → the same with another XMP chunk (WebP container specification)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from optout.protect.tagging.jpeg import CREDENTIALS
from optout.protect.tagging.values import FileProblem

_HAS_XMP, _HAS_ALPHA = 0x04, 0x10


def rewrite(data: bytes, change: Callable[[bytes | None], bytes]) -> bytes:
    """Put `change(present packet)` in place of the present chunk, or at the end.

    The simple form of the file, which has no room for metadata, becomes the extended one.
    """
    chunks = list(_chunks(data))
    names = [name for name, _ in chunks]
    if b"C2PA" in names:
        raise FileProblem(CREDENTIALS)
    if names.count(b"XMP ") > 1:
        raise FileProblem("it holds two XMP packets, and readers differ on which one counts")
    packet = change(dict(chunks).get(b"XMP "))
    if names[:1] != [b"VP8X"]:
        chunks.insert(0, (b"VP8X", _extended(chunks)))
    first = chunks[0][1]
    chunks[0] = b"VP8X", bytes([first[0] | _HAS_XMP]) + first[1:]
    if b"XMP " in names:
        chunks = [(name, packet if name == b"XMP " else body) for name, body in chunks]
    else:
        chunks.append((b"XMP ", packet))
    body = b"WEBP" + b"".join(
        name + len(body).to_bytes(4, "little") + body + b"\0" * (len(body) % 2)
        for name, body in chunks
    )
    return b"RIFF" + len(body).to_bytes(4, "little") + body


def _extended(chunks: list[tuple[bytes, bytes]]) -> bytes:
    """The body of a VP8X chunk for a picture in the simple form."""
    name, body = chunks[0] if chunks else (b"", b"")
    if name == b"VP8L" and len(body) >= 5 and body[0] == 0x2F:
        bits = int.from_bytes(body[1:5], "little")
        width, height = bits & 0x3FFF, bits >> 14 & 0x3FFF  # each less one
        flags = _HAS_ALPHA if bits >> 28 & 1 else 0
    elif name == b"VP8 " and body[3:6] == b"\x9d\x01\x2a" and len(body) >= 10:
        width = (int.from_bytes(body[6:8], "little") & 0x3FFF) - 1
        height = (int.from_bytes(body[8:10], "little") & 0x3FFF) - 1
        flags = 0
    else:
        raise FileProblem("its WebP chunks cannot be read")
    if width < 0 or height < 0:
        raise FileProblem("its WebP chunks cannot be read")
    return bytes([flags, 0, 0, 0]) + width.to_bytes(3, "little") + height.to_bytes(3, "little")


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """(name, body) of each chunk; what lies behind the file's own size is no part of it."""
    end = 8 + int.from_bytes(data[4:8], "little")
    if end > len(data):
        raise FileProblem("it is cut short")
    place = 12
    while place + 8 <= end:
        size = int.from_bytes(data[place + 4 : place + 8], "little")
        if place + 8 + size > end:
            raise FileProblem("it is cut short")
        yield data[place : place + 4], data[place + 8 : place + 8 + size]
        place += 8 + size + size % 2

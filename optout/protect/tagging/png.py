"""PNG bytes → the same with another XMP chunk (XMP part 3, 1.1.5). Nothing else moves."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator

from optout.protect.tagging.jpeg import CREDENTIALS
from optout.protect.tagging.values import FileProblem
from optout.protect.tagging.xmp import MOST

_KEYWORD = b"XML:com.adobe.xmp\0"
_PLAIN = _KEYWORD + b"\0\0\0\0"  # not compressed; no language, no translated keyword


def rewrite(data: bytes, change: Callable[[bytes | None], bytes]) -> bytes:
    """Put `change(present packet)` in place of the present chunk, or behind the first one."""
    chunks = list(_chunks(data))
    if any(kind == b"caBX" for kind, _, _ in chunks):
        raise FileProblem(CREDENTIALS)
    found = [
        (a, b) for kind, a, b in chunks if kind == b"iTXt" and data[a + 8 :].startswith(_KEYWORD)
    ]
    if len(found) > 1:
        raise FileProblem("it holds two XMP packets, and readers differ on which one counts")
    if found:
        start, end = found[0]
        packet = change(_text(data[start + 8 : end - 4]))
    else:
        start = end = chunks[0][2]  # behind IHDR
        packet = change(None)
    body = b"iTXt" + _PLAIN + packet
    chunk = (len(body) - 4).to_bytes(4) + body + zlib.crc32(body).to_bytes(4)
    return data[:start] + chunk + data[end:]


def _text(body: bytes) -> bytes:
    """The text of an iTXt chunk, unpacked no further than a packet may be long."""
    flags, rest = body[len(_KEYWORD) : len(_KEYWORD) + 2], body[len(_KEYWORD) + 2 :]
    text = rest.partition(b"\0")[2].partition(b"\0")[2]
    if flags[:1] == b"\0":
        return text
    unpack = zlib.decompressobj()
    try:
        packet = unpack.decompress(text, MOST)
    except zlib.error as error:
        raise FileProblem("its XMP packet cannot be unpacked") from error
    if unpack.unconsumed_tail:
        raise FileProblem(f"its XMP packet is larger than {MOST} bytes")
    return packet


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """(type, start, end) of each chunk up to the end mark."""
    place = 8
    while place + 12 <= len(data):
        end = place + 12 + int.from_bytes(data[place : place + 4])
        kind = data[place + 4 : place + 8]
        if end > len(data):
            break
        yield kind, place, end
        if kind == b"IEND":
            return
        place = end
    raise FileProblem("it is cut short")

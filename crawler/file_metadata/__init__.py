"""Bytes of an image → the packets of metadata that can carry a signal, raw and bounded.

The container is walked; no pixel is decoded, nothing is interpreted, no bytes raise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from crawler.file_metadata.boxes import boxes
from crawler.file_metadata.chunks import gif, png, svg, webp
from crawler.file_metadata.jpeg import jpeg
from crawler.file_metadata.packet import Damaged, Packet, Source
from crawler.file_metadata.tags import tiff

__all__ = ["MAX_PACKETS", "MAX_TOTAL", "Packet", "read"]

MAX_PACKETS = 32  # of one file; real ones hold a handful
MAX_TOTAL = 4 * 2**20  # bytes kept of all packets of one file
_WALKS: dict[str, Callable[[Source], Iterator[Packet]]] = {
    "image/jpeg": jpeg,
    "image/png": png,
    "image/webp": webp,
    "image/tiff": tiff,
    "image/avif": boxes,
    "image/heic": boxes,
    "image/gif": gif,
    "image/svg+xml": svg,
}


def read(body: bytes, media_type: str | None) -> list[Packet]:
    """Every packet of a file, in the order found; `media_type` as its first bytes say.

    One of the kind `none` where there is nothing. A `not_read` says what could not be looked at.

    >>> [one.kind for one in read(b"GIF89a", "image/gif")]
    ['none']
    >>> [(one.kind, one.problem) for one in read(b"BM", "image/bmp")]
    [('not_read', 'no packets are looked for in image/bmp')]
    """
    walk = _WALKS.get(media_type or "")
    if walk is None:
        told = f"no packets are looked for in {media_type or 'bytes of an unknown type'}"
        return [Packet("not_read", problem=told)]
    found: list[Packet] = []
    left = MAX_TOTAL
    try:
        for one in walk(Source(body)):
            if len(found) == MAX_PACKETS:
                raise Damaged(f"only the first {MAX_PACKETS} packets were kept")
            kept = (one.data or b"")[:left]
            left -= len(kept)
            found.append(one if one.data is None else replace(one, data=kept))
    except Damaged as problem:
        found.append(Packet("not_read", problem=str(problem)))
    return found or [Packet("none")]

"""Packets of an image file, as the crawl keeps them → XMP that can be read, rights fields."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from crawler.file_metadata.packet import Packet

# Rights fields outside XMP, by the kind of their packet (EXIF 2.32, 4.6.5; IPTC-IIM 4.2, 2:116).
_FIELDS = {"exif_copyright": "EXIF Copyright", "iptc_copyright": "IIM 2:116"}


@dataclass(frozen=True, slots=True)
class Field:
    """A rights field outside XMP, as context: prose is no reservation."""

    name: str  # EXIF Copyright or IIM 2:116
    text: str


@dataclass(frozen=True, slots=True)
class ImageMetadata:
    """What an image file holds. Where `not_read` says why not, absence means nothing."""

    packets: tuple[bytes, ...] = ()  # XMP, in file order
    fields: tuple[Field, ...] = ()
    not_read: str = ""  # why the file, or the rest of it, was not read
    faults: tuple[str, ...] = ()  # of packets that are left out


def read(packets: Iterable[Packet]) -> ImageMetadata:
    """What can be read of a file's packets; a damaged or cut one is left out and told.

    >>> read([Packet("xmp", "APP1", 4, 9, b"<x/>"), Packet("not_read", problem="no JPEG")])
    ImageMetadata(packets=(), fields=(), not_read='no JPEG', faults=('xmp in APP1: it is cut',))
    """
    known = list(packets)
    xmp = [one for one in known if one.kind == "xmp" and one.data]
    return ImageMetadata(
        packets=tuple(one.data or b"" for one in xmp if not _fault(one)),
        fields=tuple(
            Field(_FIELDS[one.kind], text)
            for one in known
            if one.kind in _FIELDS and (text := _text(one.data or b""))
        ),
        not_read="; ".join(one.problem or "" for one in known if one.kind == "not_read"),
        faults=tuple(f"xmp in {one.place}: {_fault(one)}" for one in xmp if _fault(one)),
    )


def _fault(packet: Packet) -> str:
    return packet.problem or ("it is cut" if packet.truncated() else "")


def _text(data: bytes) -> str:
    return data[:4096].decode("utf-8", "replace").strip(" \0")

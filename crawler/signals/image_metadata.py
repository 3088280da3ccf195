"""Bytes of an image file → the XMP packets and rights fields in it. No pixel is decoded.

JPEG, PNG, WebP, TIFF and AVIF. What a file claims about its sizes is not believed.
"""

from __future__ import annotations

import io
import struct
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from PIL import features
from PIL.Image import Exif
from PIL.IptcImagePlugin import getiptcinfo

from crawler.signals.image_containers import MAX_BLOCK, WALKERS, Block
from crawler.sniff import sniff

MAX_BLOCKS = 32  # of one file; a real one has two or three
_COPYRIGHT = 0x8298  # EXIF 2.32, 4.6.5
_NOTICE = (2, 116)  # IPTC-IIM 4.2, dataset 2:116
# Formats that Pillow reads here, by its module. They are asked directly, since Image.open refuses
# files that claim many pixels; their headers are read, no pixel is.
_PILLOW = {"image/jpeg": "Jpeg", "image/tiff": "Tiff", "image/avif": "Avif"}


@dataclass(frozen=True, slots=True)
class Field:
    """A rights field outside XMP, as context: prose is no reservation."""

    name: str  # EXIF Copyright or IIM 2:116
    text: str


@dataclass(frozen=True, slots=True)
class ImageMetadata:
    """What an image file holds. Where `not_read` says why not, absence means nothing."""

    media_type: str | None  # by the first bytes
    packets: tuple[bytes, ...] = ()
    fields: tuple[Field, ...] = ()
    not_read: str = ""
    faults: tuple[str, ...] = ()


def read(body: bytes) -> ImageMetadata:
    """The XMP packets, in file order, and the rights fields. `body` is the whole file.

    >>> read(b"GIF89a").not_read
    'not read because no metadata is read from image/gif'
    """
    media_type = sniff(body)
    if media_type not in WALKERS and media_type not in _PILLOW:
        return ImageMetadata(media_type, not_read=_not_read_from(media_type))
    image = _opened(body, media_type)
    blocks, faults = _blocks(body, media_type, image)
    return ImageMetadata(
        media_type,
        packets=tuple(one.content for one in blocks if one.kind == "xmp" and one.content),
        fields=(*_exif_copyright(blocks, image), *_iim_notice(image)),
        not_read=_why_not(media_type) if image is None and media_type not in WALKERS else "",
        faults=(*faults, *(one.fault for one in blocks if one.fault)),
    )


def _blocks(body: bytes, media_type: str, image: Any | None) -> tuple[list[Block], list[str]]:
    """The blocks, and what is wrong with the file; a cut file gives those before the cut."""
    blocks: list[Block] = []
    try:
        for one in WALKERS[media_type](body) if media_type in WALKERS else _held_by(image):
            blocks.append(one)
            if len(blocks) == MAX_BLOCKS:
                break
    except struct.error:
        return blocks, ["the file is cut"]
    return blocks, []


def _opened(body: bytes, media_type: str) -> Any | None:
    """Pillow's reader of the format; None where it needs none or takes the file for damaged."""
    name = _PILLOW.get(media_type)
    if name is None:
        return None
    reader = getattr(import_module(f"PIL.{name}ImagePlugin"), f"{name}ImageFile")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of damaged tags: what can be read is read
            return reader(io.BytesIO(body))
    except Exception:  # Pillow's readers raise many kinds on hostile headers
        return None


def _not_read_from(media_type: str | None) -> str:
    return f"not read because no metadata is read from {media_type or 'an unknown format'}"


def _why_not(media_type: str) -> str:
    if media_type == "image/avif" and not features.check("avif"):
        return "not read because this Pillow was built without AVIF"
    return "not read because the file is damaged"


def _held_by(image: Any | None) -> Iterator[Block]:
    """Of TIFF (tag 700) and AVIF (an item of the type application/rdf+xml)."""
    if image is None:
        return
    packet = image.info.get("xmp")
    if isinstance(packet, tuple):  # a TIFF tag of another type than bytes
        packet = b"".join(one for one in packet if isinstance(one, bytes))
    if isinstance(packet, bytes) and packet:
        yield Block("xmp", packet[:MAX_BLOCK])
    exif = image.info.get("exif")
    if isinstance(exif, bytes):
        yield Block("exif", exif)


def _exif_copyright(blocks: list[Block], image: Any | None) -> Iterator[Field]:
    """Of EXIF blocks; a TIFF has the tag itself."""
    tags = getattr(image, "tag_v2", {})
    yield from _fields("EXIF Copyright", tags.get(_COPYRIGHT))
    for block in blocks:
        if block.kind != "exif":
            continue
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                exif = Exif()
                exif.load(block.content)
                yield from _fields("EXIF Copyright", exif.get(_COPYRIGHT))
        except Exception:  # damaged EXIF is common, and this is context  # noqa: S112
            continue


def _iim_notice(image: Any | None) -> Iterator[Field]:
    """Of JPEG (Photoshop's segment) and TIFF."""
    if image is None:
        return
    try:
        found = getiptcinfo(image) or {}
    except Exception:  # likewise
        return
    yield from _fields("IIM 2:116", found.get(_NOTICE))


def _fields(name: str, value: Any) -> Iterator[Field]:
    for one in value if isinstance(value, list) else [value]:
        text = one.decode("utf-8", "replace") if isinstance(one, bytes) else one
        if isinstance(text, str) and text.strip(" \0"):
            yield Field(name, text.strip(" \0")[:4096])

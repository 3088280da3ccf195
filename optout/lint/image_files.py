"""Metadata in image files → what was found."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from urllib.parse import quote, unquote

from crawler.signals import c2pa, xmp
from optout.identity.keys import identify
from optout.lint.seen import Packet, Seen
from optout.lint.table import Found, finds

_read = lru_cache(maxsize=4096)(xmp.parse)
_TDM = "tdm:reservation"
_SHORTEST = 5  # letters of a file name by which a copy is known: 1.jpg is anybody's


def _packets(seen: Seen) -> Iterator[tuple[Packet, xmp.Packet]]:
    """XMP packets as sites serve them, read."""
    for packet in seen.packets:
        if packet.kind == "xmp" and packet.raw is not None and not packet.own:
            yield packet, _read(packet.raw)


def reserves(packet: Packet) -> xmp.DataMining | None:
    """The Data Mining value by which a packet forbids training, if it does."""
    if packet.kind != "xmp" or packet.raw is None:
        return None
    return next((one for one in _read(packet.raw).data_mining if one.value == "disallowed"), None)


def _everywhere(packet: Packet, raw: str, words: dict[str, str]) -> Iterator[Found]:
    for image in packet.images:
        yield Found(image, None, raw, words)


@finds("F01")
def stripped(seen: Seen) -> Iterator[Found]:
    """A reservation in the artist's own file that the served copy lacks."""
    own = {
        name: (image, one)
        for packet in seen.packets
        if packet.own and (one := reserves(packet))
        for image in packet.images
        if (name := _name(image))
    }
    kept = {image for p in seen.packets if not p.own and reserves(p) for image in p.images}
    # What was not read may well hold it.
    unread = {i for p in seen.packets if p.kind == "not_read" for i in p.images}
    served = {i: None for p in seen.packets if not p.own for i in p.images}
    for image in served:
        name = _name(image)
        if name in own and image not in kept and image not in unread:
            file, one = own[name]
            yield Found(image, None, one.raw, {"file": file, "code": one.code})


def _name(image: str) -> str | None:
    """The file name without the marks of a size, by which copies know each other; None if short.

    >>> _name("https://a.example/red-fox-300x200.jpg"), _name("file:2024/Red-Fox.jpg")
    ('red-fox', 'red-fox')
    """
    address = image if image.startswith("http") else f"https://own.invalid/{quote(image[5:])}"
    key = identify(address).key or ""
    name = unquote(key.rpartition("/")[2]).rpartition(".")[0].casefold()
    return name if len(name) >= _SHORTEST and not name.isdigit() else None


@finds("F02")
def says_nothing(seen: Seen) -> Iterator[Found]:
    """A Data Mining value that forbids nothing and allows nothing."""
    for packet, read in _packets(seen):
        for one in read.data_mining:
            if one.value == "unknown":
                why = "; ".join(one.faults) or "it means “not specified”"
                yield from _everywhere(packet, one.raw, {"code": one.code, "why": why})


@finds("F03")
def search_too(seen: Seen) -> Iterator[Found]:
    """DMI-PROHIBITED, which forbids search engines as well."""
    for packet, read in _packets(seen):
        for one in read.data_mining:
            if one.value == "disallowed" and one.code == "DMI-PROHIBITED":
                yield from _everywhere(packet, one.raw, {"code": one.code})


@finds("F04")
def pointing_nowhere(seen: Seen) -> Iterator[Found]:
    """A value that points to a text which is not in the file."""
    for packet, read in _packets(seen):
        for one in read.data_mining:
            missing = [fault for fault in one.faults if fault.endswith("is missing")]
            if missing:
                yield from _everywhere(packet, one.raw, {"code": one.code, "why": missing[0]})


@finds("F05")
def not_for_pictures(seen: Seen) -> Iterator[Found]:
    """A TDM reservation in the XMP of a picture."""
    for packet, read in _packets(seen):
        for one in read.context:
            if one.name == _TDM:
                yield from _everywhere(packet, one.raw, {})


@finds("F06")
def damaged(seen: Seen) -> Iterator[Found]:
    """An XMP packet that cannot be read."""
    for packet, read in _packets(seen):
        if read.fault:
            yield from _everywhere(packet, "", {"why": read.fault})


@finds("F07")
def invalid_credentials(seen: Seen) -> Iterator[Found]:
    """Content Credentials that reserve and do not validate; of images that the scan kept."""
    signed = {image for packet in seen.packets if packet.kind == "c2pa" for image in packet.images}
    for picture in seen.pictures:
        if picture.kept is None or picture.url not in signed:
            continue
        try:
            body = picture.kept.read_bytes()
        except OSError:
            continue
        found = c2pa.read(body)
        said = [one for one in found.entries if one.value == "disallowed"]
        if said and found.state == "Invalid":
            words = {"why": ", ".join(found.problems[:5]) or "it does not validate"}
            yield Found(picture.url, None, f"{said[0].key}: {said[0].use}", words)


@finds("F08")
def contradicting(seen: Seen) -> Iterator[Found]:
    """Two Data Mining values in one file that contradict each other."""
    for packet, read in _packets(seen):
        if {"allowed", "disallowed"} <= {one.value for one in read.data_mining}:
            raw = " · ".join(one.code for one in read.data_mining)
            yield from _everywhere(packet, raw, {})

"""Metadata packets of an image file → the statements in them; why a file says nothing."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from crawler.signals import c2pa, image_metadata, xmp
from crawler.signals.c2pa import Credentials
from crawler.signals.vocabulary import words
from optout.readers.statement import FILE, Reservation, joined
from optout.readers.subject import Subject


def in_files(subject: Subject) -> Iterator[Reservation]:
    """PLUS Data Mining in XMP, then the training-mining assertions of Content Credentials."""
    for packet in image_metadata.read(subject.packets or ()).packets:
        yield from _data_mining(packet, subject)
    for found in credentials(subject):
        yield from _assertions(found, subject)


def credentials(subject: Subject) -> list[Credentials]:
    """Read from the whole file where it was at hand, else from its manifest stores."""
    if subject.credentials is not None:
        return [subject.credentials]
    stores = [one for one in subject.packets or () if one.kind == "c2pa" and one.data]
    return [
        Credentials(True, not_read="not read because only its beginning was kept")
        if one.truncated()
        else _stored(one.data or b"")
        for one in stores
    ]


@lru_cache(maxsize=8)  # every reader of one image asks
def _stored(store: bytes) -> Credentials:
    return c2pa.read_store(store)


def unread(subject: Subject) -> str:
    """Why the file, or a part of it, was not read; "" where all of it was."""
    if subject.packets is None:
        return "the image's file was not looked at"
    found = image_metadata.read(subject.packets)
    return joined(found.not_read, *found.faults, *(one.not_read for one in credentials(subject)))


def _data_mining(packet: bytes, subject: Subject) -> Iterator[Reservation]:
    for one in xmp.parse(packet).data_mining:
        yield Reservation(
            family="PLUS",
            signal="XMP plus:DataMining",
            word=one.code,
            value=one.value,
            purposes=tuple(words("plus").get(one.code, {}).get("purposes", ())),
            scope=FILE,
            where=subject.final_url,
            raw=one.raw,
            line=one.line,
            observed_at=subject.observed_at,
            note=joined(*(f"{c.name}: {' '.join(c.values)}" for c in one.constraints), *one.faults),
        )


def _assertions(found: Credentials, subject: Subject) -> Iterator[Reservation]:
    """The active manifest speaks for the file; what an older one says is shown beside it."""
    state = f"validation state: {found.state or 'not checked against the picture'}"
    for one in found.entries:
        active = one.relation == "active"
        yield Reservation(
            family="C2PA",
            signal="C2PA training-mining",
            word=one.key,
            value=one.value,
            purposes=tuple(words("c2pa").get(one.key.partition(".")[2], {}).get("purposes", ())),
            scope=FILE,
            where=subject.final_url,
            raw=f"{one.assertion} {one.key}: {one.raw}",
            observed_at=subject.observed_at,
            stands=active,
            note=joined(
                state,
                *found.problems,
                one.constraint,
                "" if active else f"in a manifest that is {one.relation}",
                *one.faults,
            ),
        )

"""One fetched address → the page that it is, or the metadata of its file, as readers take them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from crawler import file_metadata
from crawler.signals import c2pa
from crawler.signals.robots_meta import Meta
from crawler.signals.rsl import LinkElement
from crawler.sniff import sniff
from optout.fetched import Fetched
from optout.readers.served import Page
from optout.readers.subject import Subject
from optout.site_texts import Links


def with_body(
    subject: Subject, got: Fetched, metas: Iterable[Meta], links: Links, *, whole: bool
) -> Subject:
    """The subject with what its own body says; `whole` where an image's file was asked for."""
    if not got.body:
        return subject
    kind = sniff(got.body)
    if kind is not None and kind.startswith("image/"):
        return _with_file(subject, got, kind) if whole and not got.truncated else subject
    page = Page(
        url=got.final_url,
        metas=tuple(metas),
        links=tuple(map(_link, links.rows)),
        observed_at=got.observed_at,
    )
    return replace(subject, pages=(page,) if page.metas or page.links else ())


def _with_file(subject: Subject, got: Fetched, kind: str) -> Subject:
    packets = tuple(file_metadata.read(got.body, kind))
    held = any(one.kind == "c2pa" for one in packets)
    return replace(subject, packets=packets, credentials=c2pa.read(got.body) if held else None)


def _link(row: dict[str, object]) -> LinkElement:
    return LinkElement(
        position=int(str(row["position"])),
        rel=str(row["name"]),
        type=str(row["type"] or ""),
        href=str(row["content"] or ""),
        raw=str(row["raw"]),
    )

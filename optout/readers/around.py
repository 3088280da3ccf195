"""A case's observations → what else was served around its images: pages, files, packets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from crawler.file_metadata.packet import Packet
from crawler.signals.robots_meta import Meta
from crawler.signals.rsl import LinkElement
from optout.readers.served import Page, TextFile, text_file
from optout.readers.subject import Subject

if TYPE_CHECKING:
    import duckdb

Row = dict[str, Any]


class Around:
    """What speaks of the images of a case, beside robots.txt and their own answers.

    Packets are read along with the images, both in the order of addresses: they may be large.
    """

    def __init__(
        self,
        query: Callable[[duckdb.DuckDBPyConnection, str], Iterator[Row]],
        connection: duckdb.DuckDBPyConnection,
    ) -> None:
        self._texts, self._documents = texts_of(query(connection, "signal_files"))
        by_image = itemgetter("image_url")
        self._pages = {
            url: tuple(pages_of(list(rows)))
            for url, rows in groupby(query(connection, "image_pages"), by_image)
        }
        self._packets = groupby(query(connection, "image_packets"), by_image)
        self._next: tuple[str, Iterator[Row]] | None = next(self._packets, None)

    def completed(self, subject: Subject) -> Subject:
        """The subject with all of it. Images must come in the order of their addresses."""
        return replace(
            subject,
            texts=self._texts,
            documents=self._documents,
            pages=self._pages.get(subject.named, ()),
            packets=self._packets_of(subject.named),
        )

    def _packets_of(self, url: str) -> tuple[Packet, ...] | None:
        while self._next is not None and self._next[0] < url:
            self._next = next(self._packets, None)
        if self._next is None or self._next[0] != url:
            return None
        return tuple(_packet(row) for row in self._next[1])


def texts_of(
    rows: Iterable[Row],
) -> tuple[dict[str, tuple[TextFile, ...]], dict[str, TextFile]]:
    """Files by origin, and licence documents by address; `rows` of signal_files.sql."""
    texts: dict[str, tuple[TextFile, ...]] = {}
    documents: dict[str, TextFile] = {}
    for row in rows:
        file = _text_file(row)
        if row["found_on"]:
            documents[file.url] = file
        else:
            texts[row["origin"]] = (*texts.get(row["origin"], ()), file)
    return texts, documents


def _text_file(row: Row) -> TextFile:
    return text_file(
        row["kind"],
        row["url"],
        outcome=row["outcome"],
        status=row["status"],
        body=row["body"],
        content_type=row["content_type"],
        reason=row["reason"],
        observed_at=row["observed_at"],
    )


def pages_of(rows: list[Row]) -> Iterator[Page]:
    """Pages with what they say; `rows` of image_pages.sql or signal_pages.sql, page by page."""
    for url, said in groupby(rows, itemgetter("page_url")):
        here = list(said)
        yield Page(
            url,
            metas=tuple(
                Meta(row["position"], row["name"] or "", row["content"] or "", row["raw"] or "")
                for row in here
                if row["kind"] == "meta"
            ),
            links=tuple(
                LinkElement(
                    row["position"], row["name"], row["type"] or "", row["content"], row["raw"]
                )
                for row in here
                if row["kind"] == "link"
            ),
            tags=tuple(row["content"] for row in here if row["kind"] == "header"),
            observed_at=here[0]["observed_at"],
        )


def _packet(row: Row) -> Packet:
    return Packet(row["kind"], row["place"], row["offset"], row["size"], row["raw"], row["problem"])

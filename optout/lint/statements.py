"""Seen → per address what stands there of training, as the project's readers list it.

The base of checks across hosts: a word about other files, or to search engines alone, is none
about a picture.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from crawler.file_metadata.packet import Packet
from crawler.signals.robots_meta import Meta
from crawler.urls import clean, origin
from optout.lint.metas import has_name
from optout.lint.robots_groups import EVERYBODY
from optout.lint.seen import Answer, Seen
from optout.readers.agents import agents
from optout.readers.reservations import reservations
from optout.readers.served import Page, TextFile, text_file
from optout.readers.statement import Reservation
from optout.readers.subject import (
    DISALLOWED,
    SiteFile,
    Subject,
    site_file,
)

TRAINING = frozenset({"generative training", "AI training", "dataset collection"})
SEARCH = "search index"
_TEXTS = ("tdmrep.json", "ai.txt", "trust.txt")


@dataclass(frozen=True, slots=True)
class Spoken:
    """One address, and the statements about training that stand for it."""

    subject: str  # page or image; host where neither was seen there
    url: str  # as named
    origin: str  # of what answered last
    said: tuple[Reservation, ...]
    answered: bool = True

    def of(self, value: str) -> tuple[Reservation, ...]:
        """Those with this value."""
        return tuple(one for one in self.said if one.value == value)

    @property
    def reserved(self) -> bool:
        """Whether something forbids training with it."""
        return bool(self.of(DISALLOWED))


@lru_cache(maxsize=1)
def spoken(seen: Seen) -> tuple[Spoken, ...]:
    """Images, then pages, then the roots of hosts of which nothing but files was seen."""
    around = _Around(seen)
    found = [*around.images(), *around.pages()]
    met = {one.origin for one in found}
    return (*found, *around.roots(met))


@lru_cache(maxsize=1)
def training_tokens() -> tuple[str, ...]:
    """Names of crawlers that gather for training, and everybody's.

    >>> "CCBot" in training_tokens(), "Googlebot" in training_tokens()
    (True, False)
    """
    return (*(a.token for a in agents() if TRAINING & set(a.purposes) and a.matchable), EVERYBODY)


def robots_files(seen: Seen) -> dict[str, SiteFile]:
    """robots.txt by origin, as readers take it."""
    return {
        file.origin: site_file(
            file.url, outcome=file.outcome, status=file.status, body=file.body, reason=file.reason
        )
        for file in seen.files
        if file.kind == "robots.txt"
    }


class _Around:
    """What was served beside the addresses of one scan."""

    def __init__(self, seen: Seen) -> None:
        self.seen = seen
        self.robots = robots_files(seen)
        self.texts: dict[str, tuple[TextFile, ...]] = {}
        for kind in _TEXTS:
            for file, text in _served(seen, kind):
                self.texts[file] = (*self.texts.get(file, ()), text)
        self.documents = {text.url: text for _, text in _served(seen, "rsl")}
        self.packets = _packets(seen)
        self.metas = _metas(seen)

    def images(self) -> Iterator[Spoken]:
        """Those that answered well, and pictures that were not asked for."""
        asked = {answer.url for answer in self.seen.answers if answer.subject == "image"}
        for answer in self.seen.answers:
            if answer.subject == "image" and answer.good:
                yield self._spoken("image", answer.url, answer)
        for picture in self.seen.pictures:
            if picture.url not in asked:
                yield self._spoken("image", picture.url, None)

    def pages(self) -> Iterator[Spoken]:
        """Those that answered well, and others whose metas were read."""
        asked = set()
        for answer in self.seen.answers:
            if answer.subject == "page" and answer.good:
                asked |= {answer.url, answer.last.url}
                yield self._spoken("page", answer.url, answer)
        for url in self.metas:
            if url not in asked:
                yield self._spoken("page", url, None)

    def roots(self, met: set[str]) -> Iterator[Spoken]:
        for file in dict.fromkeys(file.origin for file in self.seen.files):
            if file not in met:
                yield self._spoken("host", f"{file}/", None)

    def _spoken(self, kind: str, url: str, answer: Answer | None) -> Spoken:
        subject = Subject(
            url=clean(url) or url,
            hops=answer.hops if answer else (),
            site_files=self.robots,
            observed_at=answer.observed_at if answer else None,
            texts=self.texts,
            documents=self.documents,
            pages=self._own(answer.last.url if answer else url) if kind == "page" else (),
            packets=self.packets.get(url) if kind == "image" else None,
        )
        said = tuple(one for one in reservations(subject) if _of_training(one))
        return Spoken(kind, url, origin(subject.final_url), said, answer is not None)

    def _own(self, url: str) -> tuple[Page, ...]:
        return (Page(url, metas=self.metas[url]),) if url in self.metas else ()


def _served(seen: Seen, kind: str) -> Iterator[tuple[str, TextFile]]:
    """(origin, file) of a kind that was served as such."""
    for file, body in seen.kind(kind):
        yield (
            file.origin,
            text_file(
                kind,
                file.url,
                outcome="fetched",
                status=200,
                body=body,
                content_type=file.content_type,
            ),
        )


def _packets(seen: Seen) -> dict[str, tuple[Packet, ...]]:
    """Metadata by image, as sites serve it."""
    found: dict[str, tuple[Packet, ...]] = {}
    for packet in seen.packets:
        one = Packet(packet.kind, data=packet.raw, size=len(packet.raw or b""))
        for url in () if packet.own else packet.images:
            found[url] = (*found.get(url, ()), one)
    return found


def _metas(seen: Seen) -> dict[str, tuple[Meta, ...]]:
    """Metas by page, those that readers look at."""
    found: dict[str, tuple[Meta, ...]] = {}
    for meta in seen.metas:
        if has_name(meta) or meta.name.lower().startswith("tdm-"):
            found[meta.page_url] = (*found.get(meta.page_url, ()), meta.meta)
    return found


def _of_training(one: Reservation) -> bool:
    """Whether it stands, speaks of training, and to somebody who gathers for it alone."""
    trains = one.counts and not TRAINING.isdisjoint(one.purposes)
    return trains and not _gatherers().isdisjoint(one.to)


@lru_cache(maxsize=1)
def _gatherers() -> frozenset[str]:
    """Of the names those that do not search: who shuts Bing out may mean search alone."""
    searching = {a.token for a in agents() if SEARCH in a.purposes}
    return frozenset(token.lower() for token in training_tokens() if token not in searching)

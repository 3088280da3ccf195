"""Seen → who says what about training, wherever it stands: the base of checks across hosts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from crawler.signals import ai_txt, content_signal, rsl, trust_txt
from crawler.signals.vocabulary import words
from crawler.urls import origin
from optout.lint.headers import AI, directives
from optout.lint.image_files import reserves
from optout.lint.metas import robots_metas
from optout.lint.preferences import statements as usages
from optout.lint.robots_groups import EVERYBODY
from optout.lint.seen import File, Seen
from optout.lint.tdmrep import files as tdm_files
from optout.lint.tdmrep import of_header, of_metas
from optout.readers.agents import agents

ALLOWED, DISALLOWED = "allowed", "disallowed"
_TRAINING = frozenset({"generative training", "AI training", "dataset collection"})


@dataclass(frozen=True, slots=True)
class Statement:
    """One place that allows or forbids training."""

    origin: str
    family: str
    value: str
    url: str
    line: int | None
    raw: str
    # Speaks of everything at its origin, or of this one answer; False for a part of a site.
    whole: bool = True
    page_only: bool = False  # says nothing of the images of the page


@lru_cache(maxsize=1)
def statements(seen: Seen) -> tuple[Statement, ...]:
    """All of them, in a fixed order."""
    return tuple(
        one
        for read in (_robots, _signals, _usages, _tdm, _files, _headers, _metas, _packets)
        for one in read(seen)
    )


@lru_cache(maxsize=1)
def training_tokens() -> tuple[str, ...]:
    """Names of crawlers that gather for training, and everybody's.

    >>> "CCBot" in training_tokens(), "Googlebot" in training_tokens()
    (True, False)
    """
    return (*(a.token for a in agents() if _TRAINING & set(a.purposes) and a.matchable), EVERYBODY)


def _robots(seen: Seen) -> Iterator[Statement]:
    for file, robots in seen.robots():
        for token in training_tokens():
            if not robots.names(token):
                continue
            found = robots.decide(token, "/")
            if not found.allowed:
                yield _of(file, "robots.txt", DISALLOWED, found.line, found.raw)


def _signals(seen: Seen) -> Iterator[Statement]:
    table = words("content_signal")
    for file, robots in seen.robots():
        for one in content_signal.parse(robots):
            if _TRAINING & set(table.get(one.name, {}).get("purposes", ())):
                yield _of(file, "Content-Signal", one.value, one.line, one.raw)


def _usages(seen: Seen) -> Iterator[Statement]:
    table = words("content_usage")
    for url, one in usages(seen):
        for said in one.preferences:
            current = said.status == "current"
            if current and _TRAINING & set(table[said.label]["purposes"]):
                whole = one.path in (None, "/")
                place = origin(url)
                raw = one.raw
                yield Statement(place, "Content-Usage", said.value, url, one.line, raw, whole)


def _tdm(seen: Seen) -> Iterator[Statement]:
    for place, (url, file) in tdm_files(seen).items():
        for one in file.entries:
            whole = one.location in ("/", "/*", "*")
            if one.reservation is not None:
                value = _reserved(one.reservation)
                yield Statement(place, "tdmrep.json", value, url, one.line, one.raw, whole)


def _files(seen: Seen) -> Iterator[Statement]:
    for file, body in seen.kind("ai.txt"):
        for rule in ai_txt.parse(body, file.content_type).rules:
            if not rule.fault and not rule.allow:
                yield _of(file, "ai.txt", DISALLOWED, rule.line, rule.raw)
    for file, body in seen.kind("trust.txt"):
        for said in trust_txt.parse(body):
            yield _of(file, "trust.txt", said.value, said.line, said.raw)
    for file, body in seen.kind("rsl"):
        terms = (t for c in rsl.parse(body).contents for one in c.licenses for t in one.terms)
        for term in terms:
            if not term.permits and any(_trains(value) for value in term.values):
                place = origin(file.found_on or file.url)
                yield Statement(place, "RSL", DISALLOWED, file.url, term.line, term.raw)


def _trains(value: str) -> bool:
    return bool(_TRAINING & set(words("rsl").get(value, {}).get("purposes", ())))


def _headers(seen: Seen) -> Iterator[Statement]:
    for answer in seen.answers:
        if not answer.good:
            continue
        url, page = answer.last.url, answer.subject == "page"
        place = origin(url)
        for one in directives(answer):
            if one.name in AI and one.agent == "*":
                line = one.position + 1
                yield Statement(
                    place, "X-Robots-Tag", DISALLOWED, url, line, one.raw, page_only=page
                )
        for said in of_header(answer):
            if said.reservation is not None:
                value, line = _reserved(said.reservation), said.position + 1
                yield Statement(
                    place, "tdm-reservation", value, url, line, said.raw, page_only=page
                )


def _metas(seen: Seen) -> Iterator[Statement]:
    for meta, one in robots_metas(seen):
        if one.name in AI and one.agent == "*":
            url = meta.page_url
            yield Statement(
                origin(url), "meta robots", DISALLOWED, url, None, meta.raw, page_only=True
            )
    for url, found in of_metas(seen):
        for said in found:
            if said.reservation is not None:
                value = _reserved(said.reservation)
                yield Statement(
                    origin(url), "meta tdm-reservation", value, url, None, said.raw, page_only=True
                )


def _packets(seen: Seen) -> Iterator[Statement]:
    for packet in seen.packets:
        found = reserves(packet) if not packet.own else None
        for url in packet.images if found else ():
            raw = found.raw if found else ""
            yield Statement(origin(url), "PLUS Data Mining", DISALLOWED, url, None, raw)


def _of(file: File, family: str, value: str, line: int | None, raw: str) -> Statement:
    return Statement(file.origin, family, value, file.url, line, raw)


def _reserved(reservation: int) -> str:
    return DISALLOWED if reservation == 1 else ALLOWED

"""ai.txt, trust.txt and licence documents → the statements in them that speak of an image."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from crawler.signals import ai_txt, rsl, trust_txt
from crawler.signals.rsl import Content, License, Term
from crawler.signals.vocabulary import ALLOWED, DISALLOWED, UNKNOWN, Value, words
from crawler.urls import origin, resolve, target
from optout.readers.families import families
from optout.readers.in_answers import NOT_THE_IMAGES, is_own
from optout.readers.served import TextFile
from optout.readers.statement import HOST, IMAGE, PAGE, Reservation, joined
from optout.readers.subject import Subject, way

_NO_PRICE = frozenset({"", "free"})


def in_texts(subject: Subject) -> Iterator[Reservation]:
    """Files of the host that serves the image, then the licences that anything names."""
    for file in subject.texts.get(origin(subject.final_url), ()):
        if file.body is not None and file.kind == "ai.txt":
            yield from _ai_txt(file, file.body, subject)
        elif file.body is not None and file.kind == "trust.txt":
            yield from file.readings.once(_trust_txt, file, file.body)
    for url, scope, own in dict.fromkeys(_licences(subject)):
        document = subject.documents.get(url)
        if document is not None and document.body is not None:
            yield from _licence(document, document.body, subject, scope, own)


def _ai_txt(file: TextFile, body: bytes, subject: Subject) -> Iterator[Reservation]:
    """Both readings of `*.jpg`; where they come to different values it is unknown."""
    parsed = file.readings.once(ai_txt.parse, body, file.content_type)
    read = ai_txt.read(parsed, target(subject.final_url))
    says = f"as a pattern {read.as_pattern.value}, as an ending {read.as_extension.value}"
    rules = dict.fromkeys((read.as_pattern.rule, read.as_extension.rule))
    for rule in rules if read.differ else (read.as_pattern.rule,):
        if rule is not None:
            yield Reservation(
                family="ai.txt",
                signal="ai.txt",
                word="allow" if rule.allow else "disallow",
                value=UNKNOWN if read.differ else read.as_pattern.value,
                purposes=families()["ai.txt"].purposes,
                scope=HOST,
                where=file.url,
                raw=rule.raw,
                line=rule.line,
                observed_at=file.observed_at,
                note=says if read.differ else "",
            )


def _trust_txt(file: TextFile, body: bytes) -> list[Reservation]:
    return [
        Reservation(
            family="trust.txt",
            signal="trust.txt",
            word="datatrainingallowed",
            value=one.value,
            purposes=tuple(words("trust_txt").get(one.written.lower(), {}).get("purposes", ())),
            scope=HOST,
            where=file.url,
            raw=one.raw,
            line=one.line,
            observed_at=file.observed_at,
            note=one.fault,
        )
        for one in trust_txt.parse(body)
    ]


def _licences(subject: Subject) -> Iterator[tuple[str, str, bool]]:
    """Address of a licence document, how far it reaches, whether it is about the address."""
    for url in dict.fromkeys(way(subject)):
        file = subject.site_files.get(origin(url))
        if file is not None and file.rules is not None:
            for one in file.readings.once(rsl.from_robots, file.rules):
                yield one.url, HOST, True
    for hop in subject.hops:
        for one in rsl.from_header(hop.values("link")):
            yield resolve(hop.url, one.url) or one.url, IMAGE, True
    for page in subject.pages:
        for one in rsl.from_links(page.links):
            yield resolve(page.url, one.url) or one.url, PAGE, is_own(page, subject)


def _licence(
    file: TextFile, body: bytes, subject: Subject, scope: str, own: bool
) -> Iterator[Reservation]:
    """Terms of the contents that cover the address; those of the longest pattern stand."""
    document = file.readings.once(rsl.parse, body)
    url = subject.final_url
    contents = rsl.covering(document, origin(url), target(url))
    longest = contents[0].pattern.octets if contents and contents[0].pattern else 0
    for content in contents:
        longer = content.pattern is not None and content.pattern.octets < longest
        for licence in content.licenses:
            note = joined(
                "" if own else NOT_THE_IMAGES,
                _known_of(content, licence),
                "a longer pattern speaks" if longer else "",
            )
            for term in licence.terms:
                blank = _blank(file, term, scope, note)
                yield from _words(replace(blank, stands=own and not longer), licence, term)


def _blank(file: TextFile, term: Term, scope: str, note: str) -> Reservation:
    return Reservation(
        family="RSL",
        signal="RSL",
        word="",
        value=UNKNOWN,
        purposes=(),
        scope=scope,
        where=file.url,
        raw=term.raw,
        line=term.line,
        observed_at=file.observed_at,
        note=note,
    )


def _known_of(content: Content, licence: License) -> str:
    prices = ", ".join(one for one in licence.payments if one not in _NO_PRICE)
    server = "a licence must be got first" if content.server else ""
    return joined(f"for {prices}" if prices else "", server)


def _words(blank: Reservation, licence: License, term: Term) -> Iterator[Reservation]:
    """`blank` for each word of a term. What is permitted for something in return is unknown;
    who and where a term permits says nothing of what for."""
    if term.type not in ("usage", ""):
        return
    free = not any(one not in _NO_PRICE for one in licence.payments)
    for word in term.values:
        value: Value = (ALLOWED if free else UNKNOWN) if term.permits else DISALLOWED
        meant = tuple(words("rsl").get(word, {}).get("purposes", ()))
        yield replace(blank, word=word, value=value, purposes=meant)

"""X-Robots-Tag and other header lines of answers → what was found."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache

from crawler.signals import x_robots_tag
from crawler.signals.vocabulary import no_signal
from crawler.signals.x_robots_tag import KNOWN, Directive
from optout.lint.seen import Answer, Seen
from optout.lint.table import Found, checks, finds
from optout.readers.subject import DISALLOWED, Subject, Verdict
from optout.readers.table import Reader, readers
from optout.readers.verdicts import verdict

AI = frozenset({"noai", "noimageai"})
_SEARCH = frozenset({"noindex", "none"})


def directives(answer: Answer) -> tuple[Directive, ...]:
    """The X-Robots-Tag rules of the last answer."""
    return _parsed(tuple(answer.last.values("x-robots-tag")))


@lru_cache(maxsize=1024)  # most images of a site say the same
def _parsed(lines: tuple[str, ...]) -> tuple[Directive, ...]:
    return tuple(x_robots_tag.parse(lines))


def _found(answer: Answer, one: Directive, words: dict[str, str] | None = None) -> Found:
    return Found(answer.last.url, one.position + 1, one.raw, words or {})


@finds("H01")
def joined(seen: Seen) -> Iterator[Found]:
    """A rule against AI behind the name of another crawler."""
    for answer in seen.answers:
        for one in directives(answer):
            if one.ambiguous and one.name in AI | {"noml"}:
                yield _found(answer, one, {"rule": one.name, "agent": one.agent})


@finds("H02")
def missed(seen: Seen) -> Iterator[Found]:
    """noai that stands there, and that a reader of the header passes over."""
    for answer, one, found in _passed_over(seen):
        if found and ":" in one.raw:
            words = {"rule": one.name, "reader": found.reader, "why": found.why}
            yield _found(answer, one, words)


def _passed_over(seen: Seen) -> Iterator[tuple[Answer, Directive, Verdict | None]]:
    """noai said to everybody, with the verdict of a reported reader that lets the image pass."""
    of = [reader for reader in _header_readers() if reader.report]
    for answer in seen.answers:
        if answer.subject != "image" or not answer.good:
            continue
        said = [d for d in directives(answer) if d.name in AI and d.agent == "*"]
        if said:
            subject = Subject(answer.url, answer.hops)
            found = next((v for r in of if (v := verdict(r, subject)).value != DISALLOWED), None)
            yield answer, said[0], found


def _header_readers() -> list[Reader]:
    """Readers that obey noai in the header."""
    return [reader for reader in readers() if AI & set(reader.directives)]


@finds("H03")
def upper_case(seen: Seen) -> Iterator[Found]:
    """NoAI: one library compares by case."""
    for answer in seen.answers:
        for one in directives(answer):
            if one.name in AI and one.name not in one.raw:
                yield _found(answer, one, {"rule": one.name})


@finds("H04")
def not_in_search(seen: Seen) -> Iterator[Found]:
    """noindex in the header of a page, noindex or noimageindex in that of an image."""
    agents = {"*", *checks()["H04"].names}
    for answer in seen.answers:
        wanted = _SEARCH | ({"noimageindex"} if answer.subject == "image" else set())
        for one in directives(answer):
            if answer.good and one.name in wanted and one.agent in agents:
                words = _WHAT[answer.subject == "image"]
                yield _found(answer, one, {"rule": one.name} | words)


_WHAT = {
    True: {
        "what": "this picture",
        "documented": " (of an image's own answer, Google documents noindex and none)",
    },
    False: {"what": "this page", "documented": ""},
}


@finds("H05")
def unknown_rules(seen: Seen) -> Iterator[Found]:
    """noai;noimageai and noai noimageai: no rule that anybody knows."""
    for answer in seen.answers:
        for one in directives(answer):
            if one.name not in KNOWN and any(word in one.name for word in ("noai", "noimageai")):
                yield _found(answer, one, {"rule": one.name})


@finds("H06")
def weaker_beside(seen: Seen) -> Iterator[Found]:
    """noarchive with nocache, which Bing reads as nocache alone."""
    for answer in seen.answers:
        said = {one.name: one for one in directives(answer)}
        if {"noarchive", "nocache"} <= said.keys():
            yield _found(answer, said["nocache"])


@finds("H07")
def for_one_agent(seen: Seen) -> Iterator[Found]:
    """noai that is said to one crawler only."""
    for answer in seen.answers:
        said = [one for one in directives(answer) if one.name in AI and not one.ambiguous]
        if said and all(one.agent != "*" for one in said):
            yield _found(answer, said[0], {"agent": said[0].agent, "rule": said[0].name})


@finds("H08")
def other_name(seen: Seen) -> Iterator[Found]:
    """Robots-Tag, the header of an expired draft."""
    for answer in seen.answers:
        for number, raw in enumerate(answer.last.values("robots-tag"), 1):
            yield Found(answer.last.url, number, raw)


@finds("H09")
def on_the_redirect(seen: Seen) -> Iterator[Found]:
    """A reservation on a redirect that the last answer lacks."""
    for answer in seen.answers:
        last = {one.name for one in directives(answer)}
        for hop in answer.hops[:-1]:
            for one in x_robots_tag.parse(hop.values("x-robots-tag")):
                if one.name in AI and not last & AI:
                    words = {"rule": one.name, "last": answer.last.url}
                    yield Found(hop.url, one.position + 1, one.raw, words)


@finds("H10")
def noml_alone(seen: Seen) -> Iterator[Found]:
    """noml without noai."""
    for answer in seen.answers:
        said = {one.name: one for one in directives(answer)}
        if "noml" in said and not AI & said.keys():
            yield _found(answer, said["noml"])


@finds("H11")
def prices(seen: Seen) -> Iterator[Found]:
    """A price for crawling."""
    for answer in seen.answers:
        for name in checks()["H11"].names:
            for number, raw in enumerate(answer.last.values(name), 1):
                why = no_signal("header", name) or "no reservation"
                yield Found(answer.last.url, number, f"{name}: {raw}", {"why": why})


@finds("H12")
def signals_in_headers(seen: Seen) -> Iterator[Found]:
    """Content-Signal as a header: it is defined for robots.txt."""
    for answer in seen.answers:
        for name in checks()["H12"].names:
            for number, raw in enumerate(answer.last.values(name), 1):
                yield Found(answer.last.url, number, f"{name}: {raw}", {"name": name})


def passed(one: Directive, at: datetime | None) -> bool | None:
    """Whether its date lies before `at`; None where there is no date that can be read.

    Without a time of observation no date counts as passed.
    """
    date = x_robots_tag.moment(one.value)
    return None if date is None else at is not None and date < at


def _dated(seen: Seen) -> Iterator[tuple[Answer, Directive, bool | None]]:
    for answer in seen.answers:
        for one in directives(answer):
            if answer.good and one.name == "unavailable_after":
                yield answer, one, passed(one, answer.observed_at)


@finds("H13")
def date_passed(seen: Seen) -> Iterator[Found]:
    """unavailable_after with a day that was over when the scan saw it."""
    for answer, one, over in _dated(seen):
        if over and one.agent in {"*", *checks()["H13"].names}:
            what = "this picture" if answer.subject == "image" else "this page"
            yield _found(answer, one, {"date": one.value, "what": what})


@finds("H14")
def no_date(seen: Seen) -> Iterator[Found]:
    """unavailable_after without a date."""
    for answer, one, over in _dated(seen):
        if over is None:
            yield _found(answer, one, {"date": one.value})

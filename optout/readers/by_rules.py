"""A reader of robots.txt, header rules and metas, and one address → its verdict, with the line why.

What such readers look for is data: `rules` and `page_rules` of readers.toml.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import product

from crawler.signals import robots_meta, x_robots_tag
from crawler.signals.x_robots_tag import Directive
from optout.readers.by_header import answer_of
from optout.readers.by_robots_txt import by_robots_txt
from optout.readers.served import Page
from optout.readers.subject import ALLOWED, DISALLOWED, UNKNOWN, Subject, Verdict, undecided
from optout.readers.table import Reader, Rule


def by_robots_txt_and_rules(reader: Reader, subject: Subject) -> Verdict:
    """robots.txt, and where it lets the reader in, the rules of its documentation.

    A rule on what may not be fetched is not seen.
    """
    found = by_robots_txt(reader, subject)
    if found.value == DISALLOWED:
        return found
    answer = answer_of(reader, subject)
    answered = not isinstance(answer, Verdict)
    own = _decided(reader, subject, _own(subject, answered), reader.rules)
    shown = _decided(reader, subject, _shown(reader, subject), reader.page_rules)
    said = [one for one in (own, shown) if one]
    if said:
        return next((one for one in said if one.value == DISALLOWED), said[0])
    return answer if isinstance(answer, Verdict) and found.value == ALLOWED else found


@dataclass(frozen=True, slots=True)
class _Said:
    """A directive, and where it was met."""

    directive: Directive
    signal: str
    where: str
    place: str  # in words
    observed_at: datetime | None
    line: int | None = None


def _own(subject: Subject, answered: bool) -> Iterator[_Said]:
    """What the answer's header lines say, then the metas of the address itself."""
    if answered:
        last, place = subject.hops[-1], "the response's X-Robots-Tag"
        yield from _tags(last.values("x-robots-tag"), last.url, place, subject.observed_at)
    for page in subject.pages:
        if page.url in (subject.url, subject.final_url):
            yield from _metas(page, "a meta of the page")


def _shown(reader: Reader, subject: Subject) -> Iterator[_Said]:
    """What pages say that show the image, as far as the reader may fetch them."""
    for page in subject.pages if reader.page_rules else ():
        if page.url in (subject.url, subject.final_url):
            continue
        there = Subject(page.url, site_files=subject.site_files)
        if by_robots_txt(reader, there).value != DISALLOWED:
            yield from _metas(page, f"a meta of {page.url}, which shows it,")
            place = f"X-Robots-Tag of {page.url}, which shows it,"
            yield from _tags(page.tags, page.url, place, page.observed_at)


def _tags(
    lines: Sequence[str], where: str, place: str, observed_at: datetime | None
) -> Iterator[_Said]:
    for one in x_robots_tag.parse(lines):
        yield _Said(one, "X-Robots-Tag", where, place, observed_at, one.position + 1)


def _metas(page: Page, place: str) -> Iterator[_Said]:
    for one in robots_meta.parse(page.metas):
        yield _Said(one, "meta robots", page.url, place, page.observed_at)


def _decided(
    reader: Reader, subject: Subject, met: Iterator[_Said], rules: Sequence[Rule]
) -> Verdict | None:
    """What the first of the rules says that was met."""
    said = list(met)
    # What is clearly said to it counts before what may be said to somebody else.
    for addressed, rule in product((True, False), rules):
        for one in said:
            if one.directive.name != rule.name or _to(reader, one.directive) is not addressed:
                continue
            if (addressed or one.directive.ambiguous) and _holds(rule, one):
                return _verdict(reader, subject, rule, one, addressed=addressed)
    return None


def _to(reader: Reader, directive: Directive) -> bool:
    return directive.agent in reader.names


def _holds(rule: Rule, one: _Said) -> bool:
    """Whether the rule's date has passed, where it has one; a date not read is passed over.

    Without a time of observation it may have passed.
    """
    if rule.when != "past":
        return True
    date = x_robots_tag.moment(one.directive.value)
    return date is not None and (one.observed_at is None or date < one.observed_at)


def _verdict(
    reader: Reader, subject: Subject, rule: Rule, one: _Said, *, addressed: bool
) -> Verdict:
    value, why = rule.value, f"{one.place} says {rule.name}: {rule.means}"
    if not addressed:
        value = UNKNOWN
        why = f"it is not clear whether {rule.name} is said to {one.directive.agent} alone"
    elif rule.when and one.observed_at is None:
        value, why = UNKNOWN, f"{why}; when it was seen is not known"
    found = undecided(reader, subject, value, one.where, why)
    return replace(
        found,
        signal=one.signal,
        line=one.line,
        raw=one.directive.raw,
        observed_at=one.observed_at or subject.observed_at,
    )

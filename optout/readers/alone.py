"""A subject and one statement of it → the subject as it would be if nothing else were said.

What a reader makes of a line is asked of the line itself: a neighbour that says the same, or the
opposite, would answer in its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from crawler.urls import origin, target
from optout.readers.by_robots_txt import addressed
from optout.readers.statement import Reservation
from optout.readers.subject import ALLOWED, DISALLOWED, Hop, Subject, Verdict, site_file, way
from optout.readers.table import Reader
from optout.readers.verdicts import METHODS

# Header lines that say where an answer leads and what it carries.
_KEPT = ("location", "content-type")
OBEYS, OTHERS, PASSES = "obeys", "others", "passes"


def alone(subject: Subject, one: Reservation) -> Subject:
    """The subject with this statement only; of files, all of the file."""
    if one.signal.startswith("robots.txt"):
        return replace(subject, hops=_hops(subject, None), pages=())
    if one.signal.lower() in ("x-robots-tag", "tdm-reservation", "content-usage"):
        hops = _hops(subject, one)
        return replace(
            subject, hops=hops, site_files={}, pages=(), texts={}, packets=None, credentials=None
        )
    if one.signal.startswith("meta "):
        pages = tuple(
            replace(
                page, metas=tuple(m for m in page.metas if one.raw in (m.raw, m.content)), tags=()
            )
            for page in subject.pages
            if page.url == one.where
        )
        return replace(subject, hops=_hops(subject, None), site_files={}, pages=pages, texts={})
    return subject


def _hops(subject: Subject, one: Reservation | None) -> tuple[Hop, ...]:
    return tuple(
        replace(
            hop,
            headers=(
                *((name, value) for name, value in hop.headers if name.lower() in _KEPT),
                *(_lines(one) if one and hop.url == one.where else ()),
            ),
        )
        for hop in subject.hops
    )


def _lines(one: Reservation) -> tuple[tuple[str, str], ...]:
    """The header line; those of X-Robots-Tag before it are empty, so that it keeps its number."""
    before = (one.line or 1) - 1 if one.signal == "X-Robots-Tag" else 0
    return ((one.signal, ""),) * before + ((one.signal, one.raw),)


def hears(reader: Reader, one: Reservation, subject: Subject) -> str:
    """Whether a line of robots.txt is said to the reader: OBEYS, OTHERS, or PASSES if to nobody."""
    file = next((file for file in subject.site_files.values() if file.url == one.where), None)
    rules = file.read_as(reader.dialect) if file else None
    if rules is None or one.line is None:
        return OTHERS
    mine = {line.line for line in rules.group_lines(addressed(reader, rules))}
    if one.signal != "robots.txt":  # a preference: to whom, is all there is to ask
        return OBEYS if one.line in mine else OTHERS
    asked = (url for url in way(subject) if origin(url) == origin(one.where))
    if not _knows(reader, one.raw, next(asked, subject.final_url)):
        return PASSES
    if one.line in mine:
        return OBEYS
    return OTHERS if any(line.line == one.line and line.agents for line in rules.lines) else PASSES


def overruled(reader: Reader, one: Reservation, subject: Subject, found: Sequence[Verdict]) -> str:
    """Which other line of robots.txt decides for the reader, in words; "" where this one does.

    RFC 9309, 2.2.2: the longest rule of all its groups, of equally long ones an Allow.
    """
    if any(v.value != ALLOWED and v.line in (one.line, None) for v in found):
        return ""
    file = next((file for file in subject.site_files.values() if file.url == one.where), None)
    rules = file.read_as(reader.dialect) if file else None
    asked = (url for url in way(subject) if origin(url) == origin(one.where))
    if rules is None:
        return ""
    decided = rules.decide(addressed(reader, rules), target(next(asked, subject.final_url)))
    if decided.line in (one.line, None):
        return ""
    return f"line {decided.line} ({decided.raw.strip()}) decides for it (RFC 9309, 2.2.2)"


@lru_cache(maxsize=4096)
def _knows(reader: Reader, raw: str, url: str) -> bool:
    """Whether the reader takes this line for a rule that forbids the address.

    Its parser is asked with a file that holds nothing else, said to everybody.
    """
    place = origin(url)
    body = f"User-agent: *\n{raw}\n".encode("utf-8", "surrogatepass")
    file = site_file(f"{place}/robots.txt", outcome="fetched", status=200, body=body)
    asked = replace(reader, may_ignore="")
    found = METHODS[reader.method](asked, Subject(url, site_files={place: file}))
    return isinstance(found, Verdict) and found.value == DISALLOWED

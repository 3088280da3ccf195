"""Header lines of an image's answer, and metas of pages → the statements in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from crawler.signals import content_usage, robots_meta, x_robots_tag
from crawler.signals.vocabulary import DISALLOWED, UNKNOWN, words
from crawler.signals.x_robots_tag import Directive
from optout.readers.in_robots import usage_of
from optout.readers.served import Page
from optout.readers.statement import EVERYBODY, IMAGE, PAGE, Reservation, joined
from optout.readers.subject import Hop, Subject

NOT_THE_IMAGES = "it speaks for the page, not for the images shown there"


def in_headers(subject: Subject) -> Iterator[Reservation]:
    """X-Robots-Tag and Content-Usage lines; those of a redirect are not about the image."""
    for hop in subject.hops:
        yield from _robots_tag(hop, subject)
        statement = content_usage.parse_header(hop.values("content-usage"))
        if statement is not None:
            blank = Reservation(
                family="AIPREF",
                signal="Content-Usage",
                word="",
                value=UNKNOWN,
                purposes=(),
                scope=reach(hop),
                where=hop.url,
                raw=statement.raw,
                line=1,
                observed_at=subject.observed_at,
                stands=is_answer(hop),
                note=not_the_answer(hop),
            )
            yield from usage_of(statement, blank)


def in_pages(subject: Subject) -> Iterator[Reservation]:
    """Robots metas of the pages that show the image, or of the address itself."""
    for page in subject.pages:
        own = is_own(page, subject)
        blank = Reservation(
            family="X-Robots-Tag",
            signal="meta robots",
            word="",
            value=DISALLOWED,
            purposes=(),
            scope=PAGE,
            where=page.url,
            raw="",
            observed_at=page.observed_at,
            stands=own,
            note="" if own else NOT_THE_IMAGES,
        )
        said = robots_meta.parse(page.metas)
        yield from (found for one in said for found in _rule(one, said, blank))


def is_own(page: Page, subject: Subject) -> bool:
    """Whether the page is the address asked about, and not one that shows it."""
    return page.url in (subject.url, subject.final_url)


def is_answer(hop: Hop) -> bool:
    """Whether this response carried something: header lines are about what they come with."""
    return hop.status is not None and hop.status // 100 == 2


def reach(hop: Hop) -> str:
    """Header lines speak for what they come with: an image, or a page."""
    is_page = any("html" in value.lower() for value in hop.values("content-type"))
    return PAGE if is_page else IMAGE


def not_the_answer(hop: Hop) -> str:
    """Why header lines of this response are not about the image; "" where they are."""
    return "" if is_answer(hop) else f"it came with the status {hop.status}, not with an image"


def _robots_tag(hop: Hop, subject: Subject) -> Iterator[Reservation]:
    blank = Reservation(
        family="X-Robots-Tag",
        signal="X-Robots-Tag",
        word="",
        value=DISALLOWED,
        purposes=(),
        scope=reach(hop),
        where=hop.url,
        raw="",
        observed_at=subject.observed_at,
        stands=is_answer(hop),
        note=not_the_answer(hop),
    )
    said = x_robots_tag.parse(hop.values("x-robots-tag"))
    for one in said:
        yield from _rule(one, said, replace(blank, line=one.position + 1))


def _rule(one: Directive, beside: Sequence[Directive], blank: Reservation) -> Iterator[Reservation]:
    """`blank` for a rule that says what may not be done with the content; nothing of others."""
    known = words("x_robots").get(one.name)
    if known is None:
        return
    weaker = known.get("weaker")
    gives_way = any(
        other.name == weaker and other.agent in (one.agent, "*") for other in beside if weaker
    )
    unclear = f"it is not clear whether it is said to {one.agent} alone" if one.ambiguous else ""
    later = _not_yet(one, blank.observed_at) if known.get("when") == "past" else ""
    yield replace(
        blank,
        word=one.name,
        value=UNKNOWN if unclear or later else known.get("reads", DISALLOWED),
        purposes=tuple(known["purposes"]),
        raw=one.raw,
        to=EVERYBODY if unclear else (one.agent if one.agent != "*" else known.get("token", "*"),),
        stands=blank.stands and not gives_way,
        note=joined(blank.note, unclear, later, f"{weaker} beside it holds" if gives_way else ""),
        unclear=bool(unclear),
    )


def _not_yet(one: Directive, seen_at: datetime | None) -> str:
    """Why a rule that begins with a day does not hold; "" where that day lies before."""
    begins = x_robots_tag.moment(one.value)
    if begins is None:
        return "its date cannot be read"
    if seen_at is None:
        return "when it was seen is not known"
    return "" if begins < seen_at else "its date has not come"

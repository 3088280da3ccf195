"""A reader of robots.txt and one address → its verdict, with the line that decided."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from crawler.signals.robots_txt import Decision, RobotsTxt
from crawler.urls import origin, target
from optout.readers.subject import (
    ALLOWED,
    DISALLOWED,
    UNKNOWN,
    SiteFile,
    Subject,
    Verdict,
    undecided,
    way,
)
from optout.readers.table import Reader

if TYPE_CHECKING:
    from protego import Protego


def by_robots_txt(reader: Reader, subject: Subject) -> Verdict:
    """Every hop's origin is asked: a crawler that may not take one step does not arrive."""
    return _strictest([_ask(reader, url, subject) for url in way(subject)])


def by_protego(reader: Reader, subject: Subject) -> Verdict:
    """As the Protego package reads the text, given as Scrapy gives it.

    A status that stands for rules is read by the RFC, since Protego sees text only. It says
    yes or no and keeps no lines, so none is named.
    """
    return _strictest([_ask_protego(reader, url, subject) for url in way(subject)])


def _strictest(found: list[Verdict]) -> Verdict:
    for value in (DISALLOWED, UNKNOWN):
        for one in found:
            if one.value == value:
                return one
    return found[-1]


@dataclass(frozen=True, slots=True)
class _Place:
    """One step of the way: whose robots.txt speaks for it."""

    origin: str
    url: str
    file: SiteFile
    rules: RobotsTxt


def _ask(reader: Reader, url: str, subject: Subject) -> Verdict:
    place = _place(reader, url, subject)
    if isinstance(place, Verdict):
        return place
    token = addressed(reader, place.rules)
    decision = place.rules.decide(token, target(url))
    found = _verdict(reader, subject, place, decision, _because(token, place, decision))
    if reader.may_ignore and found.value == DISALLOWED:
        return replace(found, value=UNKNOWN, why=f"{found.why}; {reader.may_ignore}")
    return found


def _place(reader: Reader, url: str, subject: Subject) -> _Place | Verdict:
    """Where to look; or the verdict, where nothing is known."""
    place = origin(url)
    file = subject.site_files.get(place)
    rules = file.read_as(reader.dialect) if file else None
    if file is None or rules is None:
        reason = file.reason if file else "it was not asked for"
        why = f"robots.txt of {place} is not known: {reason}"
        return undecided(reader, subject, UNKNOWN, f"{place}/robots.txt", why)
    return _Place(place, url, file, rules)


def addressed(reader: Reader, rules: RobotsTxt) -> str:
    """The reader's token, or the one whose groups it obeys where it is not named itself."""
    tokens = (reader.token, *reader.instead)
    return next((token for token in tokens if rules.names(token)), reader.token)


def _verdict(
    reader: Reader, subject: Subject, place: _Place, decision: Decision, why: str
) -> Verdict:
    by_status = not decision.allowed and decision.line is None
    return Verdict(
        reader=reader.name,
        value=ALLOWED if decision.allowed else DISALLOWED,
        signal="robots.txt" if decision.line or by_status else "none",
        where=place.file.url,
        line=decision.line,
        raw=decision.raw,
        why=why,
        clause=decision.clause,
        basis=reader.basis,
        observed_at=place.file.observed_at or subject.observed_at,
    )


def _because(token: str, place: _Place, decision: Decision) -> str:
    named, status = place.origin, place.file.status
    if decision.line is not None:
        does = "allows" if decision.allowed else "forbids"
        whom = "everyone not named" if decision.group == "*" else token
        return f"line {decision.line} of robots.txt of {named} {does} it for {whom}"
    if place.rules.blanket is None:
        return f"no rule in robots.txt of {named} applies"
    if not decision.allowed:
        return f"robots.txt of {named} answered {status}, which forbids everything until it works"
    return f"robots.txt of {named} answered {status}, so no rule applies"


def _ask_protego(reader: Reader, url: str, subject: Subject) -> Verdict:
    place = _place(reader, url, subject)
    if isinstance(place, Verdict):
        return place
    version = _protego_version()
    if not version:
        why = "Protego is not installed, so it was not asked"
        return undecided(reader, subject, UNKNOWN, place.file.url, why)
    if place.rules.blanket is not None:
        decision = place.rules.blanket
        return _verdict(reader, subject, place, decision, _because("", place, decision))
    try:
        allowed = _protego(place.file.body or b"").can_fetch(url, reader.token)
    except Exception as error:  # another's parser on strangers' bytes: that it fails is an answer
        why = f"Protego {version} failed on robots.txt of {place.origin}: {type(error).__name__}"
        return undecided(reader, subject, UNKNOWN, place.file.url, why)
    decision = Decision(allowed, None, "", None, f"Protego {version}")
    says = "yes" if allowed else "no"
    why = f"Protego {version}, asked with robots.txt of {place.origin}, says {says}"
    return _verdict(reader, subject, place, decision, why)


@cache
def _protego_version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("protego")
    except PackageNotFoundError:
        return ""


@lru_cache(maxsize=64)
def _protego(body: bytes) -> Protego:
    from protego import Protego

    return Protego.parse(body.decode("utf-8-sig", "ignore"))

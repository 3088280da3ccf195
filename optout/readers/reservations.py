"""One image and what was served around it → every statement that speaks of it, of all families.

Not a legal verdict. Statements that contradict are settled by their family's own rules (`stands`);
across families by AIPREF's combination.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from crawler.signals.vocabulary import ALLOWED, DISALLOWED, UNKNOWN
from crawler.urls import origin
from optout.readers.agents import purposes
from optout.readers.families import families
from optout.readers.in_answers import in_headers, in_pages, is_answer
from optout.readers.in_files import in_files, unread
from optout.readers.in_robots import in_robots
from optout.readers.in_tdmrep import in_tdmrep
from optout.readers.in_texts import in_texts
from optout.readers.statement import Reservation
from optout.readers.subject import Subject, Verdict, undecided
from optout.readers.table import Reader

__all__ = ["Reservation", "by_reservations", "combined", "reservations"]

# Which places hold statements of which families: nothing is read that is not asked for.
_HOLDS: dict[Callable[[Subject], Iterator[Reservation]], frozenset[str]] = {
    in_robots: frozenset({"robots.txt", "Content Signals", "AIPREF", "AI control"}),
    in_headers: frozenset({"X-Robots-Tag", "AIPREF"}),
    in_pages: frozenset({"X-Robots-Tag"}),
    in_tdmrep: frozenset({"TDMRep"}),
    in_texts: frozenset({"ai.txt", "trust.txt", "RSL"}),
    in_files: frozenset({"PLUS", "C2PA"}),
}
_STRICTEST = (DISALLOWED, ALLOWED, UNKNOWN)


def reservations(subject: Subject, of: Iterable[str] | None = None) -> list[Reservation]:
    """Every statement found that speaks of the address, or of a page that shows it.

    Families in the order of families.toml; without `of`, all of them. What is no opt-out
    (crawler/signals/not_signals.toml) is none here.

    >>> from optout.readers.subject import Hop
    >>> hop = Hop("https://a.example/1.jpg", 200, (("x-robots-tag", "max-snippet: 20, noai"),))
    >>> [(one.word, one.value, one.scope) for one in reservations(Subject(hop.url, (hop,)))]
    [('noai', 'disallowed', 'image')]
    """
    wanted = set(families() if of is None else of)
    found = [
        one
        for place, held in _HOLDS.items()
        if held & wanted
        for one in place(subject)
        if one.family in wanted
    ]
    order = {name: number for number, name in enumerate(families())}
    return sorted(found, key=lambda one: order[one.family])


def combined(found: Iterable[Reservation], to: str = "*") -> dict[str, Reservation | None]:
    """Per purpose the statement that decides for a reader called `to`; None is unknown.

    Any that disallows, else any that allows, else one that leaves it open (vocab-07, "Combining
    Preferences"). A statement to somebody else, of a page only, or superseded does not count.
    """
    heard = [one for one in found if one.counts and {"*", to} & set(one.to)]
    return {
        purpose: min(
            (one for one in heard if purpose in one.purposes),
            key=lambda one: _STRICTEST.index(one.value),
            default=None,
        )
        for purpose in purposes()
    }


def by_reservations(reader: Reader, subject: Subject) -> tuple[Verdict, ...]:
    """What the reader's own families say: one verdict, or one per purpose where they differ."""
    found = combined(reservations(subject, reader.families), reader.token.lower() or "*")
    decided = [(purpose, found[purpose]) for purpose in reader.purposes]
    if len({_value(one) for _, one in decided}) == 1:
        return (_verdict(reader, subject, decided[0][1], ""),)
    return tuple(_verdict(reader, subject, one, purpose) for purpose, one in decided)


def _value(one: Reservation | None) -> str:
    return one.value if one else UNKNOWN


def _verdict(reader: Reader, subject: Subject, one: Reservation | None, purpose: str) -> Verdict:
    if one is None:
        why = f"nothing that it reads speaks of the image{_not_seen(reader, subject)}"
        found = undecided(reader, subject, UNKNOWN, subject.url, why)
        return replace(found, purpose=purpose)
    line = f"line {one.line} of " if one.line is not None else ""
    told = f"{line}{one.signal} says {one.word}"
    return Verdict(
        reader=reader.name,
        value=one.value,
        signal=one.signal,
        where=one.where,
        line=one.line,
        raw=one.raw,
        why=f"{told} ({one.note})" if one.note else told,
        clause=one.clause,
        basis=reader.basis,
        observed_at=one.observed_at,
        purpose=purpose,
    )


def _not_seen(reader: Reader, subject: Subject) -> str:
    """What the reader would have looked at and was not obtained."""
    signals = {signal for name in reader.families for signal in families()[name].signals}
    whys = [why for signal in sorted(signals) for why in _missing(signal, subject)]
    return "; ".join(["", *dict.fromkeys(whys)])


def _missing(signal: str, subject: Subject) -> Iterator[str]:
    place = origin(subject.final_url)
    if signal.startswith("robots.txt"):
        file = subject.site_files.get(place)
        if file is None or file.rules is None:
            yield f"robots.txt of {place} is not known"
    elif signal in ("Content-Usage", "tdm-reservation"):
        if not subject.hops or not is_answer(subject.hops[-1]):
            yield "the image's own response is not known"
    elif signal in ("XMP plus:DataMining", "C2PA training-mining"):
        why = unread(subject)
        if why:
            yield why
    elif signal in ("tdmrep.json", "ai.txt") and place not in subject.texts:
        yield f"{signal} of {place} was not asked for"

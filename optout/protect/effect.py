"""Files that would be put in place → what each reader makes of them: before, and after.

The verdict functions of optout/readers judge both; nothing is promised that they do not say.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache

from crawler.urls import place_of
from optout.protect.agents import SEARCH, TRAINING, search_agents
from optout.protect.reservation import says_it
from optout.protect.served import Generated, once_served
from optout.protect.situation import Situation
from optout.readers.families import looked_at
from optout.readers.table import Reader, readers
from optout.readers.verdicts import (
    ALLOWED,
    DISALLOWED,
    UNKNOWN,
    Subject,
    Verdict,
    answers,
)

# What pictures say themselves: no file beside them changes it (optout protect --images does).
_IN_PICTURES = frozenset({"XMP plus:DataMining", "C2PA training-mining"})
# Whose reason is shown: what is not as wished comes first.
_TELLING = {True: (DISALLOWED, UNKNOWN, ALLOWED), False: (ALLOWED, UNKNOWN, DISALLOWED)}
# The purposes that the tables are about, the first that a reader tells apart; "" is all it has.
_PURPOSES = {True: (SEARCH, ""), False: ("generative training", "AI training", "")}


@dataclass(frozen=True, slots=True)
class Tally:
    """How many addresses a reader may take, may not take, and what is not known."""

    allowed: int = 0
    disallowed: int = 0
    unknown: int = 0
    why: str = ""  # of the most frequent verdict that is not as wished, else of the most frequent

    @property
    def words(self) -> str:
        """In a word or two, for a table."""
        parts = ((self.allowed, "allowed"), (self.disallowed, "not allowed"))
        some = [f"{n} {word}" for n, word in (*parts, (self.unknown, "unknown")) if n]
        if len(some) == 1:
            return some[0].partition(" ")[2]
        return ", ".join(some) or "no address"

    @property
    def counts(self) -> tuple[int, int, int]:
        return self.allowed, self.disallowed, self.unknown


@dataclass(frozen=True, slots=True)
class Effect:
    """One host and reader, before and after."""

    place: str
    mine: bool
    reader: str
    operator: str
    purpose: str
    searches: bool  # being found hangs on it
    trains: bool  # it gathers for training; else it is judged by its own purpose
    basis: str
    source: str
    before: Tally
    after: Tally

    @property
    def finds(self) -> str:
        """What a search engine can do: "all", "some", "none" or "unknown" of it, as the files say
        afterwards; less than before is "lost"."""
        if self.after.allowed < self.before.allowed:
            return "lost"
        if not self.after.allowed:
            return "none" if self.after.disallowed else "unknown"
        return "some" if self.after.disallowed else "all"

    @property
    def changed(self) -> bool:
        return self.before.counts != self.after.counts


def effects(found: Situation, generated: Generated) -> tuple[Effect, ...]:
    """A row per host and reader: images for those who gather, pages and images for search.

    `generated` holds the files to put in place by host[:port]; header lines are those of
    reservations.toml on every host that the artist controls.
    """
    later = once_served(found, generated)
    before: dict[tuple[str, str], _Count] = {}
    after: dict[tuple[str, str], _Count] = {}
    for place, asking, subject in _questions(found):
        changed = later.of(subject)
        for reader in asking:
            key = place, reader.name
            before.setdefault(key, _Count()).add(_judged(reader, subject))
            after.setdefault(key, _Count()).add(_judged(reader, changed))
    mine = {host.place: host.mine for host in found.hosts}
    return tuple(
        Effect(
            place=host.place,
            mine=mine[host.place],
            reader=reader.name,
            operator=reader.operator,
            purpose=reader.purpose,
            searches=searches(reader),
            trains=not TRAINING.isdisjoint(reader.purposes),
            basis=reader.basis,
            source=reader.source,
            before=before[host.place, reader.name].tally(searches(reader)),
            after=after[host.place, reader.name].tally(searches(reader)),
        )
        for host in found.hosts
        for reader in asked()
        if (host.place, reader.name) in before
    )


@cache
def asked() -> tuple[Reader, ...]:
    """The readers of readers.toml, and the search engines that are not among them.

    Left out are ways of parsing robots.txt (for "*"), and readers of the pictures' own metadata.
    """
    known = tuple(reader for reader in readers() if _is_asked(reader))
    tokens = {reader.token.lower() for reader in known if searches(reader)}
    example = next(reader for reader in known if reader.method == "robots_txt")
    return known + tuple(
        replace(
            example,
            name=agent.token,
            token=agent.token,
            operator=agent.operator,
            purpose="search",
            purposes=(SEARCH,),
            valid_from=None,
            basis="specification",
            source="https://www.rfc-editor.org/rfc/rfc9309",
        )
        for agent in search_agents()
        if agent.token.lower() not in tokens
    )


def searches(reader: Reader) -> bool:
    """Whether being found hangs on it: one name may search, and gather as another reader."""
    return SEARCH in reader.purposes and not reader.families


def _judged(reader: Reader, subject: Subject) -> Verdict:
    """Its verdict for the purpose that the table is about; one word of it may mean another."""
    found = {one.purpose: one for one in answers(reader, subject)}
    told = (found[one] for one in _PURPOSES[searches(reader)] if one in found)
    return next(told, next(iter(found.values())))


def _is_asked(reader: Reader) -> bool:
    way_of_parsing = reader.token == "*" and not reader.families  # noqa: S105
    return not way_of_parsing and not looked_at(reader) <= _IN_PICTURES


class _Count:
    """Verdicts of one host and reader."""

    def __init__(self) -> None:
        self.values: Counter[str] = Counter()
        self.reasons: Counter[tuple[str, str]] = Counter()

    def add(self, found: Verdict) -> None:
        self.values[found.value] += 1
        self.reasons[found.value, found.why] += 1

    def tally(self, searches: bool) -> Tally:
        value = next((value for value in _TELLING[searches] if self.values[value]), ALLOWED)
        why = next((why for (v, why), _ in self.reasons.most_common() if v == value), "")
        return Tally(self.values[ALLOWED], self.values[DISALLOWED], self.values[UNKNOWN], why)


def _questions(found: Situation) -> Iterator[tuple[str, Sequence[Reader], Subject]]:
    """(host[:port], who asks, what for)."""
    places = {host.place for host in found.hosts}
    empty = places - {place_of(subject.url) for subject in found.images}
    roots = [found.subject(f"{host.origin}/") for host in found.hosts if host.place in empty]
    for subjects, of in (
        (found.images, asked()),
        # Readers of an image's own answer have nothing to go by where no image is.
        (roots, [reader for reader in asked() if reader.token and not searches(reader)]),
        (found.pages, [reader for reader in asked() if searches(reader)]),
    ):
        for subject in subjects:
            place = place_of(subject.url)
            if place in places:
                yield place, of, subject


def lacking_headers(found: Situation) -> dict[str, tuple[int, int]]:
    """Per host[:port]: how many images were served there, and how many lack a header line."""
    counts: dict[str, tuple[int, int]] = {}
    for image in found.images:
        last = image.hops[-1] if image.hops else None
        if last is None or last.status is None or last.status // 100 != 2:
            continue
        seen, lacking = counts.get(place_of(last.url), (0, 0))
        counts[place_of(last.url)] = seen + 1, lacking + (not says_it(last.headers))
    return counts

"""What is said on a site, and readers → who reads it, who misreads it, who passes over it.

A reader misreads what it looks at where its verdict contradicts the signal's own specification:
it takes what it is asked not to, or it stays away for words that ask for something else.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from crawler.signals.vocabulary import ALLOWED, DISALLOWED, UNKNOWN, status
from crawler.urls import origin
from optout.readers.alone import OBEYS, OTHERS, PASSES, alone, hears, overruled
from optout.readers.families import families, looked_at
from optout.readers.in_answers import reach
from optout.readers.reservations import reservations
from optout.readers.statement import HOST, PAGE, Reservation
from optout.readers.subject import Subject, Verdict
from optout.readers.table import Reader
from optout.readers.verdicts import answers

MISREADS, READS, UNSURE = "misreads", "reads", "unknown"
OVERRULED, NOT_FOR_IT, IGNORES = "overruled", "not for it", "ignores"
EFFECTS = (
    MISREADS,
    READS,
    UNSURE,
    OVERRULED,
    NOT_FOR_IT,
    IGNORES,
)  # of several images the first decides
EXAMPLES = 3  # images of a row whose verdicts are compared; the others are counted
MOST = 5000  # rows; a site may send another line with every answer


@dataclass(frozen=True, slots=True)
class Cell:
    """What one reader makes of one signal."""

    reader: str
    effect: str  # of EFFECTS
    why: str = ""  # one sentence, for all but `ignores`


@dataclass(frozen=True, slots=True)
class Effect:
    """One signal of a site, as it stands there."""

    host: str  # scheme, host and port
    signal: str
    raw: str
    said: tuple[Reservation, ...]  # what it says, as first met: several words may be in one text
    images: int  # that it speaks of; of a page's own words, that are shown there
    cells: tuple[Cell, ...]  # in the order of the readers asked

    def by(self, effect: str) -> tuple[Cell, ...]:
        """The readers on which it has this effect."""
        return tuple(cell for cell in self.cells if cell.effect == effect)


def effects(subjects: Iterable[Subject], of: Sequence[Reader]) -> list[Effect]:
    """One row per text found, by host, signal and text; a cell per reader, in the order given.

    Of files, texts of another line are another row: each may be said to somebody else.

    Verdicts are compared on the first EXAMPLES images of a row: a text has the same effect on
    all of them, but for a robots.txt that keeps a reader from some. At most MOST rows: texts met
    after that are left out.
    """
    rows: dict[_Key, _Row] = {}
    for subject in subjects:
        here: dict[_Key, list[Reservation]] = {}
        for one in reservations(subject):
            here.setdefault(_key(one), []).append(one)
        for key, said in here.items():
            if key in rows or len(rows) < MOST:
                rows.setdefault(key, _Row(said)).add(said, subject, of)
    return [
        Effect(host, signal, raw, tuple(row.said), row.images, row.cells(of))
        for (host, signal, raw, _), row in sorted(rows.items(), key=lambda pair: pair[0])
    ]


_Key = tuple[str, str, str, int]


def _key(one: Reservation) -> _Key:
    line = one.line if one.scope == HOST and one.line is not None else 0
    return origin(one.where), one.signal, one.raw, line


@dataclass
class _Row:
    said: list[Reservation]
    images: int = 0
    looked: int = 0
    found: dict[str, Cell] = field(default_factory=dict)

    def add(self, said: list[Reservation], subject: Subject, of: Sequence[Reader]) -> None:
        self.images += bool(subject.hops or subject.reason or subject.named) and not _is_page(
            subject
        )
        if self.looked == EXAMPLES:
            return
        self.looked += 1
        only = alone(subject, said[0])
        for reader in of:
            cell = _cell(reader, said, only)
            before = self.found.get(reader.name, cell)
            self.found[reader.name] = min(before, cell, key=_rank)

    def cells(self, of: Sequence[Reader]) -> tuple[Cell, ...]:
        return tuple(self.found[reader.name] for reader in of)


def _is_page(subject: Subject) -> bool:
    return bool(subject.hops) and reach(subject.hops[-1]) == PAGE


def _rank(cell: Cell) -> int:
    return EFFECTS.index(cell.effect)


def _cell(reader: Reader, said: list[Reservation], only: Subject) -> Cell:
    seen = [one for one in said if _looks(reader, one)]
    unread = next((o for o in said if not o.word and o.signal in looked_at(reader)), None)
    heard = [_heard(reader, one, only) for one in seen]
    if not (seen or unread) or set(heard) == {PASSES}:
        return Cell(reader.name, IGNORES)
    if not _in_its_time(reader, seen or [*said]):
        return Cell(reader.name, UNSURE, f"how it reads is known since {reader.valid_from} only")
    if not seen and unread:
        return Cell(reader.name, MISREADS, f"it looks there and cannot read it: {unread.note}")
    mine = [one for one, to in zip(seen, heard, strict=True) if to == OBEYS]
    found = answers(reader, only)
    if mine and mine[0].signal == "robots.txt":
        why = overruled(reader, mine[0], only, found)
        if why:
            return Cell(reader.name, OVERRULED, why)
    effect, why = _compared(reader, mine, seen, found)
    return Cell(reader.name, effect, why)


def _compared(
    reader: Reader, mine: list[Reservation], seen: list[Reservation], found: tuple[Verdict, ...]
) -> tuple[str, str]:
    """What the words ask of the reader, beside what it makes of them."""
    asks = {
        purpose
        for one in mine
        if one.value == DISALLOWED and (one.counts or _obeyed_all_the_same(reader, one))
        for purpose in one.purposes
        if purpose in reader.purposes
    }
    for one in found:
        concerned = asks if not one.purpose else asks & {one.purpose}
        if concerned and one.value == ALLOWED:
            return MISREADS, f"it says {one.value}, where the line asks it not to: {one.why}"
        if concerned and one.value == UNKNOWN:
            return UNSURE, one.why
        if one.value != ALLOWED and not asks and any(o.unclear for o in mine):
            return UNSURE, _unclear(one, mine)
        if one.value == DISALLOWED and not asks and _decided(one, seen):
            return MISREADS, f"it stays away, which the line does not ask of it: {one.why}"
    if all(one.unclear for one in mine):  # what may be said to others, it takes for that
        return NOT_FOR_IT, "it looks there, and the line names others"
    notes = dict.fromkeys(one.note for one in mine if one.note)
    return READS, "; ".join(notes)


def _unclear(found: Verdict, mine: list[Reservation]) -> str:
    does = "it stays away" if found.value == DISALLOWED else "what it does is not known"
    return f"{does}; {next(one.note for one in mine if one.unclear)}"


def _obeyed_all_the_same(reader: Reader, one: Reservation) -> bool:
    """Whether the reader obeys what by its family's rules does not stand: a rule that only some
    parsers read, a word of a page that its documentation takes for the images shown there."""
    of_images = one.signal == "meta robots" and one.word in {r.name for r in reader.page_rules}
    return one.signal == "robots.txt" or of_images


def _decided(found: Verdict, seen: list[Reservation]) -> bool:
    """Whether one of these statements decided; of a file, texts of other lines are others."""
    return bool(found.raw) and any(
        one.raw == found.raw and (one.scope != HOST or one.line == found.line) for one in seen
    )


def _looks(reader: Reader, one: Reservation) -> bool:
    """Whether the reader looks at such a signal, and knows the word."""
    if one.signal not in looked_at(reader):
        return False
    if one.signal in ("X-Robots-Tag", "meta robots") and not reader.families:
        rules = (*reader.rules, *(reader.page_rules if one.signal == "meta robots" else ()))
        return one.word in reader.directives or one.word in {rule.name for rule in rules}
    words = families()[one.family].words
    return not words or status(words, one.word) == "current"


def _in_its_time(reader: Reader, seen: list[Reservation]) -> bool:
    days = [one.observed_at.date() for one in seen if one.observed_at]
    return reader.valid_from is None or not days or max(days) >= reader.valid_from


def _heard(reader: Reader, one: Reservation, only: Subject) -> str:
    if one.signal.startswith("robots.txt"):
        return hears(reader, one, only)
    return OBEYS if reader.names & set(one.to) else OTHERS

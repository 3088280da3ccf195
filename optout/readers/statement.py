"""One statement that speaks of an image: what it says, for which purposes, how far, and where."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from crawler.signals.vocabulary import Value
from optout.readers.families import families

# How far a statement reaches. What a page says of itself is not said of the images it shows, so
# it stands only where the page is the address asked about.
PAGE, IMAGE, HOST, FILE = "page only", "image", "host", "file"
EVERYBODY = ("*",)


@dataclass(frozen=True, slots=True)
class Reservation:
    """One statement found. It need not be a reservation in the sense of any law."""

    family: str  # of families.toml
    signal: str  # of that family
    word: str  # e.g. noai, train-ai, DMI-PROHIBITED
    value: Value  # for the purposes
    purposes: tuple[str, ...]  # of purposes.toml
    scope: str
    where: str  # address of the file, response or page
    raw: str
    line: int | None = None  # of the file or packet; which of the header lines; from 1
    observed_at: datetime | None = None
    to: tuple[str, ...] = EVERYBODY  # names it speaks to, lower-case; () nobody
    stands: bool = True  # False where it is about the page, or its family lets another decide
    note: str = ""  # why not, or what else to know
    unclear: bool = False  # whether it is said to somebody else alone

    @property
    def clause(self) -> str:
        """Of the family's specification."""
        return families()[self.family].clause

    @property
    def counts(self) -> bool:
        """Whether it says something of the address itself, for a purpose that we know."""
        return self.stands and bool(self.purposes)


def joined(*notes: str) -> str:
    """Notes that are there, as one.

    >>> joined("", "a", "b")
    'a; b'
    """
    return "; ".join(note for note in notes if note)

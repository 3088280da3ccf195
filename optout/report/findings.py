"""Plain records of what the case's files say, as the report page needs them."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any

Row = dict[str, Any]

VERDICTS = ("allowed", "disallowed", "unknown")

MOST = 100  # rows of one list in the page; the rest is named, and stands in the case's files


@dataclass(frozen=True, slots=True)
class Listing:
    """The part of a list that the page shows, and how long the whole list is."""

    rows: tuple[Row, ...] = ()
    total: int = 0

    @property
    def more(self) -> int:
        return self.total - len(self.rows)


@dataclass(frozen=True, slots=True)
class Run:
    """One finished run, as its summary.json tells."""

    run_id: str
    source: str  # crawl, export, list, API or capture
    started_at: datetime | None
    finished_at: datetime
    current: bool  # says how things are: the counts of the page are from these
    overrides: tuple[str, ...] = ()  # hosts whose robots.txt was recorded, not obeyed


@dataclass(frozen=True, slots=True)
class SearchedFile:
    """One data set file that was read whole."""

    dataset: str
    edition: str
    file: str
    rows: int
    skipped: int  # rows whose address is none
    without_url: int


@dataclass(frozen=True, slots=True)
class Searched:
    """What the last `optout match` read, and what it left out."""

    files: tuple[SearchedFile, ...]
    skipped_rows: tuple[Row, ...] = ()  # examples: dataset, file, row, value
    left_out_hosts: tuple[Row, ...] = ()  # named, yet not searched for: host, advice
    too_common: tuple[Row, ...] = ()  # texts and file names that prove nothing: text, rows
    images: int = 0
    works: int = 0

    too_common_total: int = 0

    @property
    def shown_files(self) -> Listing:
        return Listing(tuple(asdict(f) for f in self.files[:MOST]), len(self.files))

    @property
    def datasets(self) -> int:
        return len({(f.dataset, f.edition) for f in self.files})

    @property
    def rows(self) -> int:
        return sum(f.rows for f in self.files)

    @property
    def skipped(self) -> int:
        return sum(f.skipped for f in self.files)

    @property
    def without_url(self) -> int:
        return sum(f.without_url for f in self.files)


@dataclass(frozen=True, slots=True)
class Strength:
    """All matches of one strength; the five are never mixed."""

    key: str
    label: str
    meaning: str
    matches: int = 0
    hosts: int = 0
    works: int = 0
    contradictions: int = 0
    undecided: int = 0  # not confirmed by the user
    measured: str = ""  # how often it errs, on labelled data; empty where that is not known
    computed: bool = True  # whether this version looks for it at all
    listing: Listing = field(default_factory=Listing)

    @property
    def needs_confirmation(self) -> bool:
        return self.key in {"similar_image", "lead", "caption_only"}


@dataclass(frozen=True, slots=True)
class ReaderVerdicts:
    """What one origin says to one reader, over the images there."""

    origin: str
    reader: str
    operator: str
    purpose: str
    token: str  # its name in robots.txt
    by_header: bool  # reads the header of the image's answer; else robots.txt
    allowed: int
    disallowed: int
    unknown: int
    verdict: str  # in words; the next two say what decided it most often
    deciding: str  # where, line and raw text; empty if no text decided
    why: str
    basis: str
    source: str
    checked: date
    builder: Row | None = None  # the service behind the host, if known


@dataclass(frozen=True, slots=True)
class Written:
    """One folder of request lists."""

    destination: str
    folder: str
    rows: int
    effect: str  # what usually becomes of it, in the words of the recipients' table

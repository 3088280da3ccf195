"""Report: everything on the page, gathered in `gather`, shown in `render`.

Its properties only count and pick from what it holds.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import datetime

from optout.report.changes import Changes
from optout.report.coverage import Coverage
from optout.report.findings import (
    MOST,
    VERDICTS,
    Listing,
    ReaderVerdicts,
    Row,
    Run,
    Searched,
    Strength,
    Written,
)
from optout.report.looked import Looked


@dataclass(frozen=True, slots=True)
class Report:
    """Everything on the page."""

    case_id: str
    names: tuple[str, ...]
    sites: tuple[str, ...]
    declared_hosts: tuple[str, ...]
    as_of: datetime
    version: str
    runs: tuple[Run, ...]
    crawl: Row  # the columns of queries/report_crawl.sql
    origins: Listing
    coverage: Coverage
    changes: Changes | None
    searched: Searched | None
    strengths: tuple[Strength, ...]
    rejected: int
    confirmed: int
    contradictions: int
    hosts: Listing
    works: Listing
    not_listed: Listing
    not_listed_reasons: tuple[Row, ...]
    readers: tuple[ReaderVerdicts, ...]
    effects: Listing
    page_only: Listing
    requests_date: str
    requests_folder: str
    requests: tuple[Written, ...]
    lint: int = 0  # findings of optout.lint
    first_dataset: Row | None = None  # what to search first, where none has been
    prose: Listing = field(default_factory=Listing)  # paragraphs of terms: context, no signal
    prose_note: str = ""
    looked: Looked | None = None  # what the listed addresses served
    vision_missing: str = ""  # libraries without which nothing can be compared
    copies_of: Listing = field(default_factory=Listing)  # per work: rows, addresses, hosts
    blind: Listing = field(default_factory=Listing)  # what could not be looked at
    filters: tuple[Row, ...] = ()  # published training filters and how many rows meet them
    repeated: Row = field(default_factory=dict)  # what publications say of repeated pictures
    compare_pictures: dict[str, str] = field(default_factory=dict)  # match_id → data: address
    captures: Listing = field(default_factory=Listing)  # matches that archived pages show
    thumbnails: dict[str, str] = field(default_factory=dict)  # work_id → data: address

    @property
    def who(self) -> str:
        """Whom the page is about: names, else sites, else the case's own name."""
        return ", ".join(self.names or self.sites) or self.case_id

    @property
    def columns(self) -> tuple[str, ...]:
        """Column heads of tallies by strength; "#" marks a column of numbers."""
        return tuple(f"#{strength.label}" for strength in self.strengths if strength.computed)

    @property
    def steps(self) -> tuple[str, ...]:
        from optout.report.steps import steps

        return steps(self)

    @property
    def matches(self) -> int:
        return sum(s.matches for s in self.strengths)

    @property
    def waiting(self) -> int:
        """Matches that enter no request until the user confirms them."""
        return sum(s.undecided for s in self.strengths if s.needs_confirmation)

    @property
    def ready(self) -> int:
        """Matches that may enter a request as they are, or that the user confirmed."""
        return self.matches - self.waiting

    @property
    def not_listed_outside(self) -> int:
        """Images not listed that a LAION-type pipeline could not have captured."""
        return sum(
            row["images"] for row in self.not_listed_reasons if row["in_laion_shape"] is False
        )

    @property
    def reader_totals(self) -> tuple[Row, ...]:
        """Per reader the images of all hosts, in the order of the readers' table."""
        totals: dict[str, Row] = {}
        for row in self.readers:
            total = totals.setdefault(row.reader, asdict(row) | dict.fromkeys(VERDICTS, 0))
            for value in VERDICTS:
                total[value] += getattr(row, value)
        return tuple(totals.values())

    @property
    def reader_hosts(self) -> Listing:
        """The verdicts by host."""
        hosts: dict[str, list[ReaderVerdicts]] = {}
        for row in self.readers:
            hosts.setdefault(row.origin, []).append(row)
        rows = tuple(
            {
                "origin": origin,
                "readers": rows,
                "images": max(row.allowed + row.disallowed + row.unknown for row in rows),
            }
            for origin, rows in hosts.items()
        )
        return Listing(rows[:MOST], len(rows))

    @property
    def without_header(self) -> tuple[ReaderVerdicts, ...]:
        """Hosts with images that a reader of image headers may take."""
        return tuple(row for row in self.readers if row.by_header and row.allowed)

    @property
    def without_robots(self) -> tuple[Row, ...]:
        """Hosts of images that have no robots.txt."""
        return tuple(row for row in self.origins.rows if row["images"] and row["no_robots"])

    @property
    def open_robots(self) -> tuple[Row, ...]:
        """Hosts whose robots.txt lets readers of it take images, with those readers."""
        missing = {row["origin"] for row in self.without_robots}
        found: dict[str, list[ReaderVerdicts]] = {}
        for row in self.readers:
            if not row.by_header and row.allowed and row.origin not in missing:
                found.setdefault(row.origin, []).append(row)
        return tuple(
            {
                "origin": origin,
                "readers": [row.reader for row in rows],
                "builder": rows[0].builder,
            }
            for origin, rows in found.items()
        )

    @property
    def unknown_robots(self) -> tuple[Row, ...]:
        """Hosts whose robots.txt was not obtained, each once, with the reason."""
        rows = [row for row in self.readers if not row.by_header and row.unknown]
        whys = {row.origin: row.why for row in reversed(rows)}
        return tuple(
            {"origin": row.origin, "why": whys.pop(row.origin)}
            for row in rows
            if row.origin in whys
        )

    @property
    def robots_lines(self) -> str:
        """robots.txt lines that ask every reader of robots.txt on this page to stay away."""
        tokens = dict.fromkeys(row.token for row in self.readers if row.token and not row.by_header)
        return "\n".join([*(f"User-agent: {token}" for token in tokens), "Disallow: /"])

    @property
    def earlier_runs(self) -> tuple[Run, ...]:
        failed = self.failed_since
        others = (run for run in self.runs if not run.current and run.source != "capture")
        return tuple(run for run in others if run not in failed)

    @property
    def failed_since(self) -> tuple[Run, ...]:
        """Crawls after the current one: they could read no page."""
        crawls = [run for run in self.runs if run.source == "crawl"]
        current = max((run.run_id for run in crawls if run.current), default="")
        return tuple(run for run in crawls if run.run_id > current)

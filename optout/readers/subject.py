"""What readers are asked about, and what they answer: the records of a verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from crawler.file_metadata.packet import Packet
from crawler.signals.c2pa import Credentials
from crawler.signals.robots_txt import RobotsTxt, rules_for
from crawler.urls import resolve
from optout.readers.dialects import dialects
from optout.readers.served import Page, Readings, TextFile
from optout.readers.table import Reader

ALLOWED, DISALLOWED, UNKNOWN = "allowed", "disallowed", "unknown"


@dataclass(frozen=True, slots=True)
class Hop:
    """One exchange: what was asked, what was answered."""

    url: str
    status: int | None
    headers: tuple[tuple[str, str], ...] = ()

    def values(self, name: str) -> list[str]:
        """Values of all header lines called `name` (lower-case), in the order served."""
        return [value for header, value in self.headers if header.lower() == name]


@dataclass(frozen=True, slots=True)
class SiteFile:
    """robots.txt of one origin. `rules` is None where no answer was obtained."""

    url: str
    outcome: str  # one of `crawler.records.OUTCOMES`
    status: int | None
    rules: RobotsTxt | None
    reason: str = ""  # why it was not obtained
    observed_at: datetime | None = None
    body: bytes | None = field(default=None, repr=False)
    # By dialect, each read once however many images ask.
    _readings: dict[str, RobotsTxt] = field(default_factory=dict, repr=False, compare=False)
    # What the parsers of other families make of its lines, likewise.
    readings: Readings = field(default_factory=Readings, repr=False, compare=False)

    def read_as(self, dialect: str) -> RobotsTxt | None:
        """The rules as a parser of `dialects` reads them; "" is RFC 9309 to the letter."""
        if self.rules is None or not dialect:
            return self.rules
        if dialect not in self._readings:
            self._readings[dialect] = rules_for(self.status, self.body, dialects()[dialect])
        return self._readings[dialect]


@dataclass(frozen=True, slots=True)
class Subject:
    """One address, the chain it was answered with, and what else speaks of it."""

    url: str
    hops: tuple[Hop, ...] = ()  # empty when it was not asked for
    site_files: Mapping[str, SiteFile] = field(default_factory=dict)
    reason: str = ""  # why no answer was obtained, or not the whole one
    observed_at: datetime | None = None
    pages: tuple[Page, ...] = ()  # that show it, or itself; only those with a signal
    texts: Mapping[str, tuple[TextFile, ...]] = field(default_factory=dict)  # by origin
    documents: Mapping[str, TextFile] = field(default_factory=dict)  # licences, by address
    packets: tuple[Packet, ...] | None = None  # of its file; None where that was not looked at
    credentials: Credentials | None = None  # read from the whole file, where it was at hand
    named: str = ""  # the address as observed, where that differs

    @property
    def final_url(self) -> str:
        """The address that answered last."""
        return self.hops[-1].url if self.hops else self.url


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a reader makes of one address."""

    reader: str
    value: str  # allowed, disallowed or unknown
    signal: str  # robots.txt or the header's name where one decided, else none
    where: str  # address of the file or response looked at
    line: int | None  # line of robots.txt, or which of the header's lines; from 1
    raw: str  # that line as served
    why: str  # one sentence
    clause: str
    basis: str
    observed_at: datetime | None
    purpose: str = ""  # where the reader's verdicts differ by purpose; "" is all of its purposes


def site_file(
    url: str,
    *,
    outcome: str,
    status: int | None,
    body: bytes | None,
    reason: str | None = None,
    observed_at: datetime | None = None,
) -> SiteFile:
    """A robots.txt as observed (outcomes of `crawler.records`), parsed once.

    A server that answered with an error speaks by its status; an answer that we did not get
    (our connection, our limits) says nothing about the site, so its rules stay unknown.
    """
    answered = outcome in ("fetched", "too_large") and status is not None
    rules = rules_for(status, body) if answered else None
    if rules is not None and body is None and status is not None and status < 300:
        rules = None  # the headers came, the bytes did not
    why = reason or "no answer was obtained"
    return SiteFile(url, outcome, status, rules, why, observed_at, body)


def way(subject: Subject) -> list[str]:
    """Addresses from the first to the last known, an unfollowed redirect included."""
    way = [hop.url for hop in subject.hops] or [subject.url]
    last = subject.hops[-1] if subject.hops else None
    if last and last.status is not None and 300 <= last.status < 400:
        further = [resolve(last.url, value) for value in last.values("location")[:1]]
        way += [url for url in further if url]
    return way


def undecided(reader: Reader, subject: Subject, value: str, where: str, why: str) -> Verdict:
    """A verdict that no line decided."""
    return Verdict(
        reader=reader.name,
        value=value,
        signal="none",
        where=where,
        line=None,
        raw="",
        why=why,
        clause=reader.clause,
        basis=reader.basis,
        observed_at=subject.observed_at,
    )

"""What checks look at: the latest observations of a case as plain records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from crawler.signals import robots_txt
from crawler.signals.robots_meta import Meta
from crawler.signals.robots_txt import RobotsTxt
from optout.readers.subject import Hop


@dataclass(frozen=True, slots=True)
class File:
    """A site-wide file as answered: robots.txt, tdmrep.json, ai.txt, trust.txt or a licence."""

    origin: str
    kind: str
    url: str
    status: int | None = 200
    body: bytes | None = None
    outcome: str = "fetched"
    final_url: str = ""
    content_type: str = ""
    size: int = 0  # bytes served, where more than `body` came
    truncated: bool = False
    found_on: str = ""
    reason: str = ""

    @property
    def text(self) -> bytes | None:
        """Its bytes; None where no file was served."""
        served = self.outcome in ("fetched", "too_large") and self.status is not None
        return self.body if served and self.status and self.status // 100 == 2 else None

    @property
    def is_page(self) -> bool:
        """Whether a page came in place of a file: servers answer anything with one."""
        start = (self.body or b"")[:2000].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
        return "html" in self.content_type.lower() or start.startswith((b"<!doctype", b"<html"))


@dataclass(frozen=True, slots=True)
class Answer:
    """The chain of answers to one page or image address; at least one hop."""

    subject: str  # page or image
    url: str
    hops: tuple[Hop, ...]
    observed_at: datetime | None = None

    @property
    def last(self) -> Hop:
        return self.hops[-1]

    @property
    def good(self) -> bool:
        return self.last.status is not None and self.last.status // 100 == 2


@dataclass(frozen=True, slots=True)
class PageMeta:
    """A meta element of a page."""

    page_url: str
    position: int
    name: str
    content: str
    raw: str
    in_head: bool = True
    observed_at: datetime | None = None

    @property
    def meta(self) -> Meta:
        return Meta(self.position, self.name, self.content, self.raw)


@dataclass(frozen=True, slots=True)
class Picture:
    """An image address of the scan, icons and spacers left out."""

    url: str
    pages: tuple[str, ...] = ()  # that show it
    kept: Path | None = None  # its bytes, where the scan stored them


@dataclass(frozen=True, slots=True)
class Packet:
    """Alike metadata of image files; `kind` as in crawler.records.METADATA."""

    kind: str
    raw: bytes | None
    images: tuple[str, ...]
    own: bool = False  # of the artist's own list, folder or export, not as a site served it


@dataclass(frozen=True, slots=True)
class Alts:
    """Alt texts of the pictures that pages show."""

    mentions: int = 0
    without: int = 0  # missing or empty
    example: str = ""  # a page with one


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """Everything, in a fixed order. Compared by identity."""

    files: tuple[File, ...] = ()
    answers: tuple[Answer, ...] = ()
    metas: tuple[PageMeta, ...] = ()
    pictures: tuple[Picture, ...] = ()
    packets: tuple[Packet, ...] = ()
    alts: Alts = Alts()
    pages: tuple[str, ...] = ()  # addresses of pages that were met, read or not
    # When each origin was last asked for anything; "" is the latest of all.
    scanned: Mapping[str, datetime] = field(default_factory=dict)

    def kind(self, kind: str) -> Iterator[tuple[File, bytes]]:
        """Files of a kind that were served as such, with their bytes."""
        for file in self.files:
            if file.kind == kind and file.text is not None and not file.is_page:
                yield file, file.text

    def robots(self) -> Iterator[tuple[File, RobotsTxt]]:
        """Every robots.txt that was served, as RFC 9309 reads it."""
        for file, body in self.kind("robots.txt"):
            yield file, read_robots(body)


@lru_cache(maxsize=128)
def read_robots(body: bytes) -> RobotsTxt:
    """A robots.txt, read once for all checks."""
    return robots_txt.parse(body)

"""A line of an index, as an archive's server gives it → Capture, or None where it cannot be one."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from crawler.urls import clean, target

PAGE, ROBOTS = "page", "robots.txt"
MAX_RECORD = 32 * 2**20  # compressed bytes of one record; the archive cuts bodies far earlier
_FILENAME = re.compile(r"(?!.*\.\.)[A-Za-z0-9][\w.=/-]{0,500}\.w?arc\.gz", re.ASCII)
_DIGEST = re.compile(r"(?:sha1:)?([A-Z2-7]{32})", re.ASCII)
_NUMBER = re.compile(r"[0-9]{1,15}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Capture:
    """One record of an archive: what was asked for, when, and where the answer lies."""

    kind: str  # PAGE or ROBOTS
    crawl: str
    url: str  # in clean form
    timestamp: str  # 14 digits, UTC
    status: int | None
    digest: str  # SHA-1 of the body in base 32; "" where the index gives none
    filename: str
    offset: int
    length: int

    @property
    def key(self) -> str:
        """Names the record: file and first byte."""
        return f"{self.filename}@{self.offset}"

    @property
    def moment(self) -> datetime:
        return datetime.strptime(self.timestamp, "%Y%m%d%H%M%S").replace(tzinfo=UTC)

    @property
    def observed_at(self) -> str:
        return self.moment.isoformat(timespec="seconds")

    @property
    def byte_range(self) -> str:
        """First and last byte, as HTTP counts them."""
        return f"{self.offset}-{self.offset + self.length - 1}"


def capture_of(
    entry: Mapping[str, Any], kind: str, crawl: str, ours: Callable[[str], bool]
) -> Capture | None:
    """A record named by `entry` (the fields of the CDX API), if it is whole and about our site.

    An index is a stranger's text: what is not exactly as it should be is passed over.
    """
    url = clean(str(entry.get("url", "")))
    timestamp = str(entry.get("timestamp", ""))
    filename = str(entry.get("filename", ""))
    offset, length = _number(entry.get("offset")), _number(entry.get("length"))
    if url is None or not ours(url) or not _is_time(timestamp):
        return None
    if not _FILENAME.fullmatch(filename) or offset is None or length is None:
        return None
    if not 0 < length <= MAX_RECORD:
        return None
    status = _number(entry.get("status"))
    if not _is_kind(kind, url, status, entry):
        return None
    digest = _DIGEST.fullmatch(str(entry.get("digest", "")))
    sha1 = digest[1] if digest else ""
    return Capture(kind, crawl, url, timestamp, status, sha1, filename, offset, length)


def _is_kind(kind: str, url: str, status: int | None, entry: Mapping[str, Any]) -> bool:
    if kind == ROBOTS:
        return target(url) == "/robots.txt"
    declared = f"{entry.get('mime', '')} {entry.get('mime-detected', '')}".lower()
    return status == 200 and "html" in declared


def _is_time(text: str) -> bool:
    if not re.fullmatch(r"[0-9]{14}", text, re.ASCII):
        return False
    try:
        datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return False
    return True


def _number(value: Any) -> int | None:
    text = str(value)
    return int(text) if _NUMBER.fullmatch(text) else None

"""Captures of robots.txt → what the archive's crawler was told on a day long ago.

What was not captured by then is unknown; nothing is concluded from a later text.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from crawler.urls import origin
from optout.readers.table import Reader, readers
from optout.readers.verdicts import UNKNOWN, Hop, SiteFile, Subject, site_file, verdict

if TYPE_CHECKING:
    import duckdb

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class RobotsThen:
    """A verdict on one page at one time, from the latest robots.txt captured by then."""

    verdict: str
    captured_at: datetime | None = None  # of that robots.txt
    line: int | None = None
    raw: str = ""
    why: str = ""

    @property
    def words(self) -> str:
        """One sentence.

        >>> RobotsThen("unknown").words
        'robots.txt of then was not captured'
        """
        if self.captured_at is None:
            return "robots.txt of then was not captured"
        raw = f" ({self.raw.strip()})" if self.raw else ""
        return (
            f"{self.verdict} by robots.txt as captured {self.captured_at:%Y-%m-%d}: {self.why}{raw}"
        )


class Past:
    """The captured robots.txt of every origin, in the order of their times."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, reader: str) -> None:
        """`reader` is the name in readers.toml of the archive's crawler."""
        from optout.database import dictionaries, relation

        self.reader: Reader = next(one for one in readers() if one.name == reader)
        self._files: dict[str, list[tuple[datetime, SiteFile]]] = defaultdict(list)
        for row in dictionaries(relation(connection, "capture_robots")):
            # Where it led to was another address: that answer has a capture of its own, or none.
            if row["status"] is not None and not 300 <= row["status"] < 400:
                self._files[row["origin"]].append((row["captured_at"], _file(row)))

    def at(self, page_url: str, moment: datetime) -> RobotsThen:
        """What robots.txt said of a page when it was captured."""
        place = origin(page_url)
        known = self._files.get(place, [])
        number = bisect_right([time for time, _ in known], moment)
        if not number:
            return RobotsThen(UNKNOWN)
        time, file = known[number - 1]
        subject = Subject(page_url, (Hop(page_url, 200),), {place: file}, observed_at=moment)
        found = verdict(self.reader, subject)
        return RobotsThen(found.value, time, found.line, found.raw, found.why)

    def changes(self) -> Iterator[tuple[str, RobotsThen]]:
        """(origin, verdict on its root) at each capture whose words differ from those before."""
        for place, known in sorted(self._files.items()):
            before = None
            for time, _ in known:
                then = self.at(f"{place}/", time)
                said = (then.verdict, then.raw, then.why)
                if said != before:
                    yield place, then
                before = said


def _file(row: Row) -> SiteFile:
    # An empty file has no digest of its own to be found by.
    body = b"" if row["body"] is None and row["sha256"] is None else row["body"]
    return site_file(
        row["url"],
        outcome="fetched",
        status=row["status"],
        body=body,
        observed_at=row["captured_at"],
    )

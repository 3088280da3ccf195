"""An artist and the folder of their case: who, where, which data sets, and where steps write."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from optout.errors import CaseError

VERSION = 1  # of optout.toml and the folder; a higher one is refused
FILE = "optout.toml"
DEFAULT_FOLDER = "optout-case"


@dataclass(frozen=True, slots=True)
class DeclaredHost:
    """A host (or host plus tenant path) that the artist says is theirs.

    `host` is as written: "images.mira.example", "*.mira.example" or, on a shared host,
    "cdn.shopify.com/s/files/1/0190/8574". `since` and `until` bound the time it was theirs.
    """

    host: str
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the artist's on a platform; which keys it needs says optout/accounts."""

    platform: str  # as in accounts.toml, e.g. "tumblr"
    name: str = ""
    host: str = ""  # the server, where the platform has many (Mastodon, own Bluesky server)
    id: str = ""  # what stands in image addresses instead of the name, e.g. "did:plc:…"


@dataclass(frozen=True, slots=True)
class Case:
    """One artist's folder. Paths under it are where each step writes."""

    folder: Path
    case_id: str
    created: date
    names: tuple[str, ...] = ()
    contact: str = ""  # public contact, printed in letters
    email: str = ""  # these four only where a letter's kind or recipient asks for them
    phone: str = ""
    address: str = ""  # postal
    grounds: str = ""  # of an objection under the GDPR, in the artist's own words
    language: str = ""  # of letters, e.g. "de"
    collecting_society: str = ""
    member_no: str = ""
    sites: tuple[str, ...] = ()  # absolute addresses of site roots
    hosts: tuple[DeclaredHost, ...] = ()
    accounts: tuple[Account, ...] = ()
    datasets: tuple[str, ...] = ()  # paths or names, searched when none is given
    history: tuple[tuple[str, str], ...] = ()  # another archive's servers: optout/history/archive

    @property
    def observations(self) -> Path:
        return self.folder / "observations"

    @property
    def matches(self) -> Path:
        return self.folder / "matches"

    @property
    def looked_at(self) -> Path:
        return self.folder / "looked_at"

    @property
    def requests(self) -> Path:
        return self.folder / "requests"

    @property
    def decisions(self) -> Path:
        return self.folder / "decisions.db"

    @property
    def report(self) -> Path:
        return self.folder / "report.html"

    def runs(self) -> list[Path]:
        """Folders of the finished runs, oldest first."""
        return sorted(p for p in self.observations.glob("run=*") if p.is_dir())

    def as_of(self) -> datetime:
        """The date outputs carry: end of the latest current run, else the day the case was made."""
        from optout.runs import current_runs

        summaries = [read_summary(run) for run in self.runs()]
        current = current_runs(summaries)
        ends = [s["finished_at"] for s in summaries if s["run_id"] in current]
        if ends:
            return datetime.fromisoformat(max(ends))
        return datetime(self.created.year, self.created.month, self.created.day, tzinfo=UTC)


def read_summary(run: Path) -> dict[str, Any]:
    """summary.json of a finished run. Raises CaseError when it is missing or damaged."""
    try:
        summary: dict[str, Any] = json.loads((run / "summary.json").read_text("utf-8"))
        datetime.fromisoformat(summary["finished_at"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CaseError(
            f"{run.name} in {run.parent} has no readable summary.json",
            "restore the folder from a copy, or move it out of observations/",
        ) from error
    return summary

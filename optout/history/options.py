"""How an archive is asked, and what came of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

VERSIONS = 4  # of one page
MOST = 1000  # records fetched in one run
PAUSE = 1.0  # seconds between two questions to the archive


@dataclass(frozen=True, slots=True)
class HistoryOptions:
    """What is asked for. Empty texts leave the choice to the archive's table."""

    crawls: tuple[str, ...] = ()
    first: str = ""  # earliest capture: the first digits of its time, e.g. "2014" or "20140131"
    last: str = ""  # latest capture, likewise
    versions: int = VERSIONS
    most: int = MOST
    subdomains: bool = False
    table: bool = False  # ask the columnar index for robots.txt, too
    pause: float = PAUSE
    tell: Callable[[str], None] = lambda text: None
    sleep: Callable[[float], None] = time.sleep


@dataclass(frozen=True, slots=True)
class HistoryResult:
    """What a reading left. `run` is None where nothing new was found."""

    run: Path | None
    summary: dict[str, Any]
    crawls: int  # asked
    named: int  # captures that the index named, known ones included
    known: int  # of them recorded by an earlier run

    @property
    def captures(self) -> list[dict[str, Any]]:
        """What became of each, in the order fetched; keys: docs/guides/history.md."""
        found: list[dict[str, Any]] = self.summary.get("captures", [])
        return found

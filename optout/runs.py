"""Finished runs of a case → which of them say how things are now.

A crawl is superseded by the next one that could read the site: a day on which the site was down
is kept as a record and changes nothing else. Lists, exports and the like add up. Captures of an
archive say how things were, never how they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Summary = dict[str, Any]


def readable_crawls(summaries: Sequence[Summary]) -> list[Summary]:
    """The crawls that read at least one page, oldest first; all of them where none did."""
    crawls = sorted((s for s in summaries if s["source"] == "crawl"), key=lambda s: s["run_id"])
    return [s for s in crawls if s.get("pages_read", 1)] or crawls


def current_runs(summaries: Sequence[Summary]) -> frozenset[str]:
    """Ids of the runs that say how things are now."""
    others = {s["run_id"] for s in summaries if s["source"] not in ("crawl", "capture")}
    return frozenset(others | {s["run_id"] for s in readable_crawls(summaries)[-1:]})

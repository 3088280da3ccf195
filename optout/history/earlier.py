"""Earlier runs of captures → what of an archive a case has already."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from optout.case import Case, read_summary


@dataclass(slots=True)
class Earlier:
    """Records that need not be fetched again."""

    keys: set[str] = field(default_factory=set)
    # (kind, digest) → SHA-256 of the body, and the addresses it was read as.
    bodies: dict[tuple[str, str], str] = field(default_factory=dict)
    urls: dict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))

    def add(self, line: dict[str, Any]) -> None:
        """Take in one capture as a summary names it; one that failed is tried again."""
        if line.get("outcome") not in ("fetched", "listed"):
            return
        self.keys.add(str(line.get("key")))
        body = str(line.get("kind")), str(line.get("digest"))
        if line.get("read") and line.get("sha256") and line.get("digest"):
            self.bodies[body] = str(line["sha256"])
            self.urls[body].add(str(line.get("url")))


def earlier(case: Case) -> Earlier:
    """What the finished runs hold. Raises CaseError for a damaged run."""
    found = Earlier()
    for run in case.runs():
        summary = read_summary(run)
        lines = summary.get("captures") if summary.get("source") == "capture" else None
        for line in lines if isinstance(lines, list) else ():
            if isinstance(line, dict):
                found.add(line)
    return found

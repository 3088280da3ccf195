"""A Report → what its reader can do next, in the order in which it helps.

Each step is a name; templates/next/<name>.html.j2 holds its words.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from optout.report.findings import Row
    from optout.report.page import Report


def steps(report: Report) -> tuple[str, ...]:
    """The steps that this report gives reason for."""
    reasons = {
        "no_crawl": not report.crawl["pages"] and not report.crawl["images_found"],
        "cut_short": report.coverage.partial,
        "no_dataset": report.searched is None,
        "left_out_hosts": bool(report.searched and report.searched.left_out_hosts),
        "waiting": bool(report.waiting),
        "write_requests": bool(report.ready and not report.requests),
        "requests": bool(report.requests),
        "header_missing": bool(report.without_header),
        "robots_missing": bool(report.without_robots),
        "robots_open": bool(report.open_robots),
        "robots_unknown": bool(report.unknown_robots),
        "again": True,
    }
    return tuple(name for name, holds in reasons.items() if holds)


def builder(origin: str) -> Row | None:
    """The service behind a host, as builders.toml has it.

    >>> builder("https://images.squarespace-cdn.com")["name"]
    'Squarespace'
    >>> builder("https://notwix.com") is None
    True
    """
    host = urlsplit(origin).hostname or ""
    for entry in _builders():
        if any(host == name or host.endswith("." + name) for name in entry["hosts"]):
            return entry
    return None


@cache
def _builders() -> tuple[Row, ...]:
    text = resources.files(__package__).joinpath("builders.toml").read_text("utf-8")
    return tuple(tomllib.loads(text).values())

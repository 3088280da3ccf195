"""Who made a pack, with what and when, and how this machine's clock compared with others."""

from __future__ import annotations

import platform
from collections.abc import Iterable
from datetime import UTC, datetime
from statistics import median
from typing import Any

from crawler.http_date import moment
from crawler.policy import USER_AGENT
from crawler.urls import place_of
from optout import __version__
from optout.fetched import Exchange

TIMESTAMP = (
    "none. The hashes show that nothing was changed since; they do not show when it was made. For "
    "a date that others vouch for, have manifest.json stamped and put the answer beside it as "
    "manifest.json.tsr (RFC 3161) or manifest.json.ots (OpenTimestamps)."
)


def custody(
    *, by: str, command: str, began: datetime, ended: datetime, exchanges: Iterable[Exchange]
) -> dict[str, Any]:
    """The custody log as it stands in custody.json. `by` are the user's own words."""
    return {
        "made_by": by,
        "command": command,
        "tool": f"optout {__version__}",
        "user_agent": USER_AGENT,
        "machine": f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        "began_at": _text(began),
        "ended_at": _text(ended),
        "clock": clock(exchanges),
        "independent_time_stamp": TIMESTAMP,
        "events": [
            {"at": _text(began), "who": by, "what": "began to look at the addresses"},
            {"at": _text(ended), "who": by, "what": "closed the pack"},
        ],
    }


def clock(exchanges: Iterable[Exchange]) -> dict[str, Any]:
    """How this machine's clock stood against the Date lines of the answers; seconds ahead.

    A Date line has whole seconds and is as right as the server that wrote it.
    """
    ahead: list[float] = []
    hosts: set[str] = set()
    for one in exchanges:
        said = _date(one)
        if said is not None:
            ahead.append((one.at - said).total_seconds())
            hosts.add(place_of(one.url))
    if not ahead:
        return {"answers": 0, "hosts": 0, "words": "no answer named a date to compare with"}
    low, middle, high = (round(n, 1) for n in (min(ahead), median(ahead), max(ahead)))
    return {
        "answers": len(ahead),
        "hosts": len(hosts),
        "least_ahead": low,
        "median_ahead": middle,
        "most_ahead": high,
        "words": f"compared with the Date lines of {len(ahead)} answers from {len(hosts)} hosts, "
        f"this machine's clock was {low} to {high} seconds ahead (less than 0: behind)",
    }


def _date(one: Exchange) -> datetime | None:
    values = [value for name, value in one.lines if name.lower() == b"date"]
    return moment(values[0].decode()) if values and values[0].isascii() else None


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

"""Where requests stand → rows for people and programs, in documented stable columns.

request_id, destination_id, destination, kind, host, match_id, url, written_on   which request
status, status_since, reason          what it is now, since when, what was said of it
sent_on, answered_on                  days; "" where it did not happen
due_on, due_by_law, due_because       when an answer is due, and what sets the day
notes                                 all remarks, the oldest first, each with its day
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from optout.register.standing import Standing

Row = dict[str, Any]


def rows(found: Iterable[Standing]) -> Iterator[Row]:
    """One row for each request."""
    for one in found:
        request = one.request
        yield {
            "request_id": request.request_id,
            "destination_id": request.destination_id,
            "destination": request.destination,
            "kind": request.kind,
            "host": request.host,
            "match_id": request.match_id,
            "url": request.url,
            "written_on": request.written_on,
            "status": one.status,
            "status_since": one.last.happened_on,
            "reason": one.last.text if one.last.status else "",
            "sent_on": one.happened_on("sent"),
            "answered_on": one.happened_on("answered") or one.happened_on("refused"),
            "due_on": one.due_on,
            "due_by_law": one.due_by_law,
            "due_because": one.due_because,
            "notes": [f"{e.happened_on}: {e.text}" for e in one.entries if e.text and not e.status],
        }


def piles(found: Iterable[Standing]) -> list[Row]:
    """Requests that stand alike, counted together: what a person reads."""
    counted: dict[tuple[str, ...], Row] = {}
    for row in rows(found):
        same = ("destination", "kind", "status", "status_since", "due_on", "due_because")
        pile = {name: row[name] for name in same}
        key = tuple(pile.values())
        counted.setdefault(key, {**pile, "requests": 0, "example": row["request_id"]})
        counted[key]["requests"] += 1
    return sorted(counted.values(), key=lambda p: (p["due_on"] or "9999", p["destination"]))

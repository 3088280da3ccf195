"""register.db → where each request stands: its last status, when an answer is due, the notes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from optout.case import Case
from optout.register.asked import Asked
from optout.register.database import reading
from optout.register.deadlines import deadline
from optout.register.entries import Entry, statuses


@dataclass(frozen=True, slots=True)
class Standing:
    """One request and all that was said of it, in the order of saying; it may be nothing."""

    request: Asked
    entries: tuple[Entry, ...]

    @property
    def last(self) -> Entry:
        """The entry with the status that counts now."""
        said = (one for one in reversed(self.entries) if one.status)
        return next(said, self.entries[-1] if self.entries else Entry("", "", "", "", ""))

    @property
    def status(self) -> str:
        return self.last.status or "drafted"

    @property
    def open(self) -> bool:
        return statuses()[self.status].open

    @property
    def due_on(self) -> str:
        """Day, ISO 8601, by which an answer is due; "" where none is waited for."""
        own = next((one.due_on for one in reversed(self.entries) if one.due_on), "")
        rule = deadline(self.request.kind)
        begun = self.happened_on(rule.since)
        if not self.open or self.status in ("drafted", "approved"):
            return ""
        return own or (rule.due(date.fromisoformat(begun)).isoformat() if begun else "")

    @property
    def due_because(self) -> str:
        """What sets the day that an answer is due, in words."""
        if not self.due_on:
            return ""
        if any(one.due_on for one in self.entries):
            return "the day you set"
        return deadline(self.request.kind).basis

    @property
    def due_by_law(self) -> bool:
        own = any(one.due_on for one in self.entries)
        return bool(self.due_on) and not own and deadline(self.request.kind).legal

    def happened_on(self, status: str) -> str:
        """The last day that the request came to be `status`; "" where it never did."""
        days = [one.happened_on for one in self.entries if one.status == status]
        return days[-1] if days else ""


def standings(case: Case, *, due: date | None = None) -> list[Standing]:
    """Every request of the register, by destination and id; with `due` only those that are open
    and due by that day. Raises CaseError."""
    with reading(case) as database:
        found = list(_standings(database)) if database else []
    if due is not None:
        found = [one for one in found if one.due_on and one.due_on <= due.isoformat()]
    return found


def asked_already(case: Case) -> dict[str, Standing]:
    """The requests that their recipients have, by id; new lists leave them out."""
    return {one.request.request_id: one for one in standings(case) if statuses()[one.status].asked}


def _standings(database: sqlite3.Connection) -> Iterator[Standing]:
    said: dict[str, list[Entry]] = {}
    rows = database.execute(
        "SELECT entry_request.request_id, status, happened_on, due_on, text, recorded_at "
        "FROM entry JOIN entry_request ON entry_request.entry = entry.number ORDER BY number"
    )
    for request_id, *entry in rows:
        said.setdefault(request_id, []).append(Entry(*entry))
    rows = database.execute(
        "SELECT request_id, destination_id, destination, kind, host, match_id, url, written_on, "
        "folder FROM request ORDER BY destination_id, destination, request_id"
    )
    for row in rows:
        if row[0] in said:
            yield Standing(Asked(*row), tuple(said[row[0]]))

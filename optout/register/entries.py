"""What the user says of requests → entries of register.db. Nothing is changed, only added."""

from __future__ import annotations

import hashlib
import sqlite3
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from datetime import UTC, date, datetime
from functools import cache
from importlib import resources

from optout.case import Case
from optout.errors import RequestError
from optout.register.asked import Asked
from optout.register.database import reading, writing

MOST_TEXT = 20_000  # characters of a reason or note


@dataclass(frozen=True, slots=True)
class Status:
    """One status, as statuses.toml explains its keys."""

    label: str
    open: bool
    asked: bool
    after_sent: bool
    needs_text: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that was said of a request; a note has no status."""

    status: str
    happened_on: str  # day, ISO 8601
    due_on: str  # a day of the user's own, or ""
    text: str
    recorded_at: str  # ISO 8601, UTC


@cache
def statuses() -> dict[str, Status]:
    """Every status by its name, in the order in which they usually come."""
    text = (resources.files(__package__) / "statuses.toml").read_text("utf-8")
    return {name: Status(**entry) for name, entry in tomllib.loads(text).items()}


STATUSES = (
    *("drafted", "approved", "sent", "acknowledged", "answered", "refused", "escalated"),
    "withdrawn",
)


def add(
    case: Case, to: str, kind: str, about: str, text: str = "", *, now: datetime | None = None
) -> Asked:
    """Enter a request that no list holds, as drafted; the same words give the same id.

    One that is there already keeps its status. `to`: whom it goes to; `about`: an address or a
    few words. Raises RequestError, CaseError.
    """
    if not (to.strip() and about.strip()):
        raise RequestError(
            "a request needs somebody it goes to and something it is about",
            'optout register add --to "Name" --kind KIND --about ADDRESS',
        )
    digest = hashlib.sha256("\n".join([to, kind, about]).encode("utf-8", "replace")).hexdigest()
    one = Asked(f"r-{digest[:16]}", "own", _plain(to), kind, url=_plain(about))
    moment, known = _moment(now), _is_known(case, one)
    if text.strip() or not known:
        status = "" if known else "drafted"
        _record(case, [one], Entry(status, moment[:10], "", _plain(text), moment))
    return one


def set_status(
    case: Case,
    requests: Sequence[Asked],
    status: str,
    text: str = "",
    *,
    on: date | None = None,
    due: date | None = None,
    now: datetime | None = None,
) -> None:
    """Record that `requests` are now `status`, since the day `on` (today unless said).

    `due` replaces the day of deadlines.toml. Raises RequestError where a reason is missing, the
    day is to come, or one that was not sent is said to be answered; CaseError.
    """
    known, moment = statuses()[status], _moment(now)
    day = on.isoformat() if on else moment[:10]
    if known.needs_text and not text.strip():
        raise RequestError(f"{status} needs the reason they gave", '--text "their reason"')
    if day > moment[:10]:
        raise RequestError(f"{day} has not come yet", "give the day on which it happened")
    entry = Entry(status, day, due.isoformat() if due else "", _plain(text), moment)
    _record(case, requests, entry, after_sent=known.after_sent)


def note(case: Case, requests: Sequence[Asked], text: str, *, now: datetime | None = None) -> None:
    """Keep a remark with `requests`. Raises RequestError for an empty one, CaseError."""
    if not text.strip():
        raise RequestError("the note is empty", 'optout register note "what they said" REQUEST')
    moment = _moment(now)
    _record(case, requests, Entry("", moment[:10], "", _plain(text), moment))


def _is_known(case: Case, one: Asked) -> bool:
    with reading(case) as database:
        if database is None:
            return False
        found = database.execute("SELECT 1 FROM request WHERE request_id = ?", [one.request_id])
        return found.fetchone() is not None


def _record(
    case: Case, requests: Iterable[Asked], entry: Entry, *, after_sent: bool = False
) -> None:
    chosen = {one.request_id: one for one in requests}
    with writing(case) as database:
        if after_sent:
            _refuse_unsent(database, chosen)
        database.executemany(
            "INSERT OR IGNORE INTO request (request_id, destination_id, destination, kind, host, "
            "match_id, url, written_on, folder) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [tuple(map(_plain, astuple(one))) for one in chosen.values()],
        )
        number = database.execute(
            "INSERT INTO entry (status, happened_on, due_on, text, recorded_at) "
            "VALUES (?, ?, ?, ?, ?)",
            astuple(entry),
        ).lastrowid
        database.executemany(
            "INSERT INTO entry_request (request_id, entry) VALUES (?, ?)",
            [(request_id, number) for request_id in chosen],
        )


def _refuse_unsent(database: sqlite3.Connection, chosen: dict[str, Asked]) -> None:
    rows = database.execute(
        "SELECT DISTINCT entry_request.request_id FROM entry_request "
        "JOIN entry ON entry.number = entry_request.entry WHERE entry.status = 'sent'"
    )
    unsent = sorted(chosen.keys() - {row[0] for row in rows})
    if unsent:
        raise RequestError(
            f"{unsent[0]}"
            + (f" and {len(unsent) - 1} more were" if len(unsent) > 1 else " was")
            + " never entered as sent",
            "say so first: optout register set sent REQUEST --on DATE   (nothing was recorded)",
        )


def _plain(text: str) -> str:
    """Text that SQLite can keep: no lone surrogates, no NUL, of bounded length."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", "")[:MOST_TEXT]


def _moment(now: datetime | None) -> str:
    return (now or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="seconds")

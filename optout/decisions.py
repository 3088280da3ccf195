"""What the user said (mine, not mine, licensed host) → decisions.db, and back.

An append-only log in SQLite, so that every earlier word stays and the last one counts.
Match ids are made from the data set row's name, so decisions outlive a new `optout match`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from optout import user_words
from optout.case import Case

VERSION = 1  # PRAGMA user_version of decisions.db; a higher one is refused

_SCHEMA = """
CREATE TABLE IF NOT EXISTS decision (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    about TEXT NOT NULL CHECK (about IN ('match', 'host')),
    subject TEXT NOT NULL,
    verdict TEXT NOT NULL CHECK (verdict IN ('confirmed', 'rejected', 'licensed')),
    note TEXT NOT NULL,
    decided_at TEXT NOT NULL
);
CREATE TRIGGER IF NOT EXISTS decision_stays BEFORE DELETE ON decision
BEGIN SELECT RAISE(ABORT, 'decisions are only added'); END;
CREATE TRIGGER IF NOT EXISTS decision_is_final BEFORE UPDATE ON decision
BEGIN SELECT RAISE(ABORT, 'decisions are only added'); END;
"""


@dataclass(frozen=True, slots=True)
class Decision:
    """The last word on one match (or one host)."""

    subject: str  # match id, or host
    verdict: str  # confirmed, rejected or licensed (of a host; confirmed: known)
    note: str
    decided_at: str  # ISO 8601, UTC


def confirm(
    case: Case, match_ids: Iterable[str], note: str = "", *, now: datetime | None = None
) -> None:
    """Record that the rows of `match_ids` show the artist's work. Raises CaseError."""
    _add(case, [("match", i, "confirmed") for i in match_ids], note, now)


def reject(
    case: Case, match_ids: Iterable[str], note: str = "", *, now: datetime | None = None
) -> None:
    """Record that the rows of `match_ids` do not show the artist's work. Raises CaseError."""
    _add(case, [("match", i, "rejected") for i in match_ids], note, now)


def licensed_host(case: Case, host: str, note: str = "", *, now: datetime | None = None) -> None:
    """Record that `host` may show the artist's work: no letter goes there. Raises CaseError."""
    _add(case, [("host", _host(host), "licensed")], note, now)


def known_host(case: Case, host: str, note: str = "", *, now: datetime | None = None) -> None:
    """Record that the artist knows `host` (client, agency), licensed or not. Raises CaseError."""
    _add(case, [("host", _host(host), "confirmed")], note, now)


def decisions(case: Case) -> dict[str, Decision]:
    """The last decision on every match decided on, by match id. Raises CaseError."""
    return _last_words(case, "match")


def licensed_hosts(case: Case) -> dict[str, Decision]:
    """The hosts that may show the artist's work, by host. Raises CaseError."""
    return {h: said for h, said in known_hosts(case).items() if said.verdict == "licensed"}


def known_hosts(case: Case) -> dict[str, Decision]:
    """The hosts that the artist knows, by host: verdict licensed or confirmed. Raises CaseError."""
    said = _last_words(case, "host")
    return {host: word for host, word in said.items() if word.verdict != "rejected"}


def _host(text: str) -> str:
    return text.strip().rstrip(".").lower()


def _add(
    case: Case, words: Iterable[tuple[str, str, str]], note: str, now: datetime | None
) -> None:
    at = (now or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="seconds")
    rows = [(*word, note, at) for word in dict.fromkeys(words)]
    with opened(case.decisions) as database:
        if not version_of(database):
            database.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version = 1; COMMIT;")
        database.execute("BEGIN IMMEDIATE")
        database.executemany(
            "INSERT INTO decision (about, subject, verdict, note, decided_at) "
            "VALUES (?, ?, ?, ?, ?)",
            rows,
        )
        database.execute("COMMIT")


def _last_words(case: Case, about: str) -> dict[str, Decision]:
    if not case.decisions.exists():
        return {}
    with opened(case.decisions) as database:
        if not version_of(database):
            return {}  # made, then stopped before the first decision was written
        rows = database.execute(
            "SELECT subject, verdict, note, decided_at FROM decision "
            "WHERE about = ? ORDER BY number",
            [about],
        )
        last = {row[0]: Decision(*row) for row in rows}
    return dict(sorted(last.items()))


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """An open decisions.db, checked; anything SQLite cannot do becomes one CaseError."""
    with user_words.checked(path, _connect, "your decisions", "confirm again") as database:
        # FULL: a decision that was acknowledged survives a power cut.
        database.execute("PRAGMA synchronous = FULL")
        yield database


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=user_words.BUSY_SECONDS, isolation_level=None)


def version_of(database: sqlite3.Connection) -> int:
    """The file's version; 0 when nothing was ever written to it. Raises CaseError."""
    return user_words.version_of(database, "decisions.db", VERSION)

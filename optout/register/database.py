"""register.db → an open, checked SQLite connection: what was asked, what became of it, proofs.

An append-only log, as decisions.db is: every earlier entry stays. A write-ahead log with full
synchronisation survives kill -9 and power cuts, and lets a second process read meanwhile.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from optout import user_words
from optout.case import Case

FILE = "register.db"
VERSION = 1  # PRAGMA user_version; a higher one is refused

_TABLES = {
    # A request as it was when it entered the register: lists in requests/ may go.
    "request": """
        request_id TEXT PRIMARY KEY, destination_id TEXT NOT NULL, destination TEXT NOT NULL,
        kind TEXT NOT NULL, host TEXT NOT NULL, match_id TEXT NOT NULL, url TEXT NOT NULL,
        written_on TEXT NOT NULL, folder TEXT NOT NULL""",
    # A status, or (status '') a note alone, of one request or several at once.
    "entry": """
        number INTEGER PRIMARY KEY AUTOINCREMENT, status TEXT NOT NULL, happened_on TEXT NOT NULL,
        due_on TEXT NOT NULL, text TEXT NOT NULL, recorded_at TEXT NOT NULL""",
    "entry_request": """
        request_id TEXT NOT NULL REFERENCES request, entry INTEGER NOT NULL REFERENCES entry,
        PRIMARY KEY (request_id, entry)""",
    # What a site must show, made once per host; each look for it, whatever it found.
    "token": """
        host TEXT PRIMARY KEY, token TEXT NOT NULL, made_at TEXT NOT NULL""",
    "look": """
        number INTEGER PRIMARY KEY AUTOINCREMENT, host TEXT NOT NULL, method TEXT NOT NULL,
        place TEXT NOT NULL, outcome TEXT NOT NULL, detail TEXT NOT NULL, status INTEGER,
        sha256 TEXT NOT NULL, raw BLOB NOT NULL, token TEXT NOT NULL, observed_at TEXT NOT NULL""",
}
_STAYS = """
CREATE TRIGGER IF NOT EXISTS {0}_stays BEFORE DELETE ON {0}
BEGIN SELECT RAISE(ABORT, 'the register is only added to'); END;
CREATE TRIGGER IF NOT EXISTS {0}_is_final BEFORE UPDATE ON {0}
BEGIN SELECT RAISE(ABORT, 'the register is only added to'); END;
"""
_SCHEMA = "".join(
    f"CREATE TABLE IF NOT EXISTS {name} ({columns});{_STAYS.format(name)}"
    for name, columns in _TABLES.items()
)


def path_of(case: Case) -> Path:
    """Where the register of a case is."""
    return case.folder / FILE


@contextmanager
def writing(case: Case) -> Iterator[sqlite3.Connection]:
    """A connection inside one transaction: all of it is recorded, or nothing.

    Raises CaseError when the file is damaged, locked, from a newer optout or not writable.
    """
    with _opened(path_of(case)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        # FULL: what was acknowledged survives a power cut.
        database.execute("PRAGMA synchronous = FULL")
        if not _version(database):
            database.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version = 1; COMMIT;")
        database.execute("BEGIN IMMEDIATE")
        try:
            yield database
        except BaseException:
            database.execute("ROLLBACK")
            raise
        database.execute("COMMIT")


@contextmanager
def reading(case: Case) -> Iterator[sqlite3.Connection | None]:
    """A connection for reading; None where nothing was ever recorded. Raises CaseError."""
    if not path_of(case).exists():
        yield None
        return
    with _opened(path_of(case)) as database:
        yield database if _version(database) else None


def _opened(path: Path) -> AbstractContextManager[sqlite3.Connection]:
    holds, again = "what became of your requests", "enter the answers again"
    return user_words.checked(path, _connect, holds, again)


def _connect(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=user_words.BUSY_SECONDS, isolation_level=None)
    try:
        database.execute("PRAGMA user_version").fetchone()
    except sqlite3.OperationalError:
        # A write-ahead log wants files beside it; a read-only folder without any is read as it is.
        database.close()
        if path.with_name(f"{path.name}-wal").exists():
            raise
        address = f"{path.resolve().as_uri()}?immutable=1"
        return sqlite3.connect(address, uri=True, isolation_level=None)
    except sqlite3.DatabaseError:
        database.close()
        raise
    return database


def _version(database: sqlite3.Connection) -> int:
    return user_words.version_of(database, FILE, VERSION)

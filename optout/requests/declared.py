"""The user's own statements for a notice (kinds.toml, declares) → decisions.db, and back.

A statement covers the rows that stood in the notice when it was made, and no others: when the
rows change, the notice is a draft again. Rows of the log are only added, as all decisions.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from optout.case import Case
from optout.decisions import opened, version_of

_SCHEMA = """
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS declaration (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    notice TEXT NOT NULL,
    kind TEXT NOT NULL,
    covers TEXT NOT NULL,
    statements TEXT NOT NULL,
    declared_at TEXT NOT NULL
);
CREATE TRIGGER IF NOT EXISTS declaration_stays BEFORE DELETE ON declaration
BEGIN SELECT RAISE(ABORT, 'declarations are only added'); END;
CREATE TRIGGER IF NOT EXISTS declaration_is_final BEFORE UPDATE ON declaration
BEGIN SELECT RAISE(ABORT, 'declarations are only added'); END;
COMMIT;
"""


@dataclass(frozen=True, slots=True)
class Declaration:
    """The last statement made for a notice."""

    notice: str  # name of its folder, e.g. "host_dsa_notice-repost.example"
    kind: str
    covers: str  # SHA-256 over the rows it was made for
    statements: str  # names of the statements, separated by spaces
    declared_at: str  # ISO 8601, UTC


def declare(
    case: Case,
    notice: str,
    kind: str,
    request_ids: Iterable[str],
    statements: Iterable[str],
    *,
    now: datetime | None = None,
) -> None:
    """Record that the user makes these statements for these rows. Raises CaseError."""
    at = (now or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="seconds")
    row = (notice, kind, digest(request_ids), " ".join(statements), at)
    with opened(case.decisions) as database:
        version_of(database)
        database.executescript(_SCHEMA)
        database.execute(
            "INSERT INTO declaration (notice, kind, covers, statements, declared_at) "
            "VALUES (?, ?, ?, ?, ?)",
            row,
        )


def declarations(case: Case) -> dict[str, Declaration]:
    """The last statement made for each notice, by its folder's name. Raises CaseError."""
    if not case.decisions.exists():
        return {}
    with opened(case.decisions) as database:
        version_of(database)
        there = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'declaration'"
        if not database.execute(there).fetchone()[0]:
            return {}
        rows = database.execute(
            "SELECT notice, kind, covers, statements, declared_at FROM declaration ORDER BY number"
        )
        last = {row[0]: Declaration(*row) for row in rows}
    return dict(sorted(last.items()))


def digest(request_ids: Iterable[str]) -> str:
    """SHA-256 over the ids of a notice's rows, whatever their order."""
    return hashlib.sha256("\n".join(sorted(request_ids)).encode()).hexdigest()

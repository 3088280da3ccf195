"""The user's decisions → which matches are confirmed, which rejected."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from optout.case import Case

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True, slots=True)
class Decided:
    """Match ids, sorted."""

    confirmed: tuple[str, ...] = ()
    rejected: tuple[str, ...] = ()

    def among(self, connection: duckdb.DuckDBPyConnection, ids: tuple[str, ...]) -> int:
        """How many of `ids` are matches of the case today (data sets may have changed since)."""
        count = connection.execute(
            "SELECT count(*) FROM matches WHERE list_contains(CAST($1 AS VARCHAR[]), match_id)",
            [list(ids)],
        ).fetchone()
        return int(count[0]) if count else 0


def decided(case: Case) -> Decided:
    """What the user said about matches. Raises CaseError when decisions.db is damaged."""
    from optout.decisions import decisions

    said = decisions(case)
    return Decided(
        confirmed=tuple(sorted(m for m, word in said.items() if word.verdict == "confirmed")),
        rejected=tuple(sorted(m for m, word in said.items() if word.verdict == "rejected")),
    )


def hosts_said(case: Case) -> dict[str, list[str]]:
    """The hosts that the user knows, for queries that show a place. Raises CaseError."""
    from optout.decisions import known_hosts

    said = known_hosts(case)
    licensed = [host for host, word in said.items() if word.verdict == "licensed"]
    return {"licensed_hosts": licensed, "known_hosts": list(said)}

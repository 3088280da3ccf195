"""Matches that captures of an archive show → the rows of the page's short section on the past."""

from __future__ import annotations

from typing import TYPE_CHECKING

from optout.case import Case
from optout.history.sightings import by_match
from optout.report.findings import MOST, Listing, Row

if TYPE_CHECKING:
    import duckdb

_EACH = 3  # captures shown of one match


def captures_of(
    connection: duckdb.DuckDBPyConnection, case: Case, rejected: frozenset[str]
) -> Listing:
    """One row per match that a capture shows: match_id, address, captures, first ones, span."""
    if not (case.matches / "matches.parquet").is_file():
        return Listing()
    found = by_match(connection)
    rows = [_row(match_id, seen) for match_id, seen in found.items() if match_id not in rejected]
    return Listing(tuple(rows[:MOST]), len(rows))


def _row(match_id: str, seen: list[Row]) -> Row:
    return {
        "match_id": match_id,
        "address": seen[0]["image_url"],
        "captures": len({(one["captured_at"], one["page_url"]) for one in seen}),
        "first": seen[0]["captured_at"],
        "last": seen[-1]["captured_at"],
        "shown": seen[:_EACH],
    }

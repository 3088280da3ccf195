"""A case's captures → lines for people: which signals they show, and when."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from optout.history.then import Past

if TYPE_CHECKING:
    import duckdb

MOST = 20  # lines


def signals_then(connection: duckdb.DuckDBPyConnection, reader: str) -> Iterator[str]:
    """One line per signal that any capture of the case shows, with its first and last capture.

    Of robots.txt: what `reader` made of each origin's root, whenever that changed.
    """
    from optout.database import dictionaries, relation

    past = Past(connection, reader)
    for place, then in past.changes():
        yield f"{then.captured_at:%Y-%m-%d}  {place} for {reader}: {then.words}"
    for row in dictionaries(relation(connection, "capture_signals")):
        yield f"{_span(row)}  {row['origin']}, {row['pages']} pages: {row['signal']}: {row['raw']}"


def _span(row: dict[str, Any]) -> str:
    first, last = f"{row['first_captured']:%Y-%m-%d}", f"{row['last_captured']:%Y-%m-%d}"
    return first if first == last else f"{first} to {last}"

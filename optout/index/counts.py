"""Rows of an index without a readable address → how many, and the first of each file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from optout.database import relation

if TYPE_CHECKING:
    import duckdb

_BATCH = 16384
_EXAMPLES = 10  # skipped rows that are shown of each file
_SCHEMES = ("http://", "https://")


def unread(connection: duckdb.DuckDBPyConnection) -> dict[int, dict[str, Any]]:
    """By number of the source file: null_urls, skipped, examples, counted as a search counts."""
    found: dict[int, dict[str, Any]] = {}
    for batch in relation(connection, "index_unread").to_arrow_reader(_BATCH):
        for row in batch.to_pylist():
            one = found.setdefault(row["file"], {"null_urls": 0, "skipped": 0, "examples": ()})
            if row["url"] is None:
                one["null_urls"] += 1
            elif not row["url"].strip().lower().startswith(_SCHEMES):
                one["skipped"] += 1
                if len(one["examples"]) < _EXAMPLES:
                    one["examples"] += ((row["dataset_row"], row["url"][:200]),)
    return found

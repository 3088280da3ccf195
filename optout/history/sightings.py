"""Matches and captures → for each matched row the captures whose page shows a tag with its address.

A capture shows a tag. Where the row itself came from, nobody can tell from it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import duckdb

Row = dict[str, Any]


def sightings(connection: duckdb.DuckDBPyConnection, reader: str = "") -> Iterator[Row]:
    """Rows of capture_tags.sql, by match and time, with what robots.txt said to `robots_reader`:
    `robots_then`, `robots_captured_at`, `robots_line`, `robots_raw` and all of it in words.

    `connection` is open on a case with matches; `reader` is the archive's crawler (default: that
    of the known archive).
    """
    from optout.database import relation
    from optout.history.archive import known_archive
    from optout.history.then import Past

    wanted = _wanted(connection)
    if not wanted.num_rows:
        return
    connection.register("capture_wanted", wanted)
    past = Past(connection, reader or known_archive().reader)
    for batch in relation(connection, "capture_tags").to_arrow_table().to_batches(1000):
        for row in batch.to_pylist():
            then = past.at(row["page_url"], row["captured_at"])
            yield row | {
                "robots_reader": past.reader.name,
                "robots_then": then.verdict,
                "robots_captured_at": then.captured_at,
                "robots_line": then.line,
                "robots_raw": then.raw,
                "robots_words": then.words,
            }


def by_match(connection: duckdb.DuckDBPyConnection) -> dict[str, list[Row]]:
    """The sightings of each match that has any, oldest first."""
    found: dict[str, list[Row]] = defaultdict(list)
    for row in sightings(connection):
        found[row["match_id"]].append(row)
    return dict(found)


def _wanted(connection: duckdb.DuckDBPyConnection) -> Any:
    """(match_id, image_url) for each captured address that is one of the match's addresses.

    Addresses are the same here when their lossless forms are.
    """
    import pyarrow as pa

    from optout.database import relation
    from optout.identity import identify

    captured: dict[str, list[str]] = defaultdict(list)
    for (url,) in relation(connection, "capture_images").fetchall():
        captured[identify(url).lossless or url].append(url)
    pairs = set()
    if captured:
        for match_id, *urls in relation(connection, "capture_addresses").fetchall():
            keys = {identify(url).lossless or url for url in urls if url}
            pairs |= {(match_id, url) for key in keys for url in captured.get(key, ())}
    ordered = sorted(pairs)
    return pa.table(
        {
            "match_id": pa.array([one for one, _ in ordered], pa.string()),
            "image_url": pa.array([url for _, url in ordered], pa.string()),
        }
    )

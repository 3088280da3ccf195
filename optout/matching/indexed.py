"""An index and an artist → candidates, by the same sieve and close look as a scan's."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from optout.matching.artist import Artist
from optout.matching.scan import FileCount, Look, Scan, candidates_table, survivors
from optout.matching.texts import names

if TYPE_CHECKING:
    import duckdb

    from optout.index import Index


def without_captions(artist: Artist) -> Artist:
    """The artist without what is looked for in captions alone."""
    return replace(artist, texts={}, common_texts=(), names=names(()))


def look_up(connection: duckdb.DuckDBPyConnection, index: Index, artist: Artist) -> Scan:
    """Ask `index` for `artist`; the sieve must be prepared. Raises DatasetError for damage."""
    from optout.index.lookup import candidates, prepare, readable

    look = Look(artist)
    counts = [FileCount(file) for file in index.files()]
    kept: list[dict[str, Any]] = []
    with readable(index):
        prepare(connection, index)
        for number, rows in candidates(connection, index, artist):
            connection.register("index_rows_found", rows)
            for batch in survivors(connection, "SELECT * FROM index_rows_found"):
                kept += look.at(batch, counts[number])
    for count, source in zip(counts, index.manifest.sources, strict=True):
        # Of rows without an address the index holds only the number.
        count.rows, count.null_urls = source.rows, source.null_urls
        count.skipped, count.examples = source.skipped, list(source.examples)
    return Scan(candidates_table(kept), counts)

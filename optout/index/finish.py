"""Tables that are finished → the manifest that makes an index of them."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optout import __version__
from optout.index import layout
from optout.index.layout import Manifest, Source, TableFile

if TYPE_CHECKING:
    import duckdb


def counted(connection: duckdb.DuckDBPyConnection, sources: Sequence[Source]) -> list[Source]:
    """The sources with their numbers of rows, and of rows without a readable address."""
    from optout.index.counts import unread
    from optout.index.tables import source_counts

    rows, without = source_counts(connection), unread(connection)
    return [
        replace(one, rows=rows.get(number, 0), **without.get(number, {}))
        for number, one in enumerate(sources)
    ]


def manifest_of(out: Path, sources: Sequence[Source], built: dict[str, Any]) -> Manifest:
    """What is in the folder, made of `sources`."""
    from optout.index.hosts import covered_domains

    return Manifest(
        layout.FORMAT,
        __version__,
        layout.rules_digest(),
        layout.LEVELS,
        tuple(sorted(covered_domains())),
        tuple(sources),
        {table: table_files(out, table) for table in (*layout.TABLES, layout.BOUNDS)},
        built,
    )


def table_files(out: Path, table: str) -> tuple[TableFile, ...]:
    """The files of a table as they are, with their hashes."""
    import pyarrow.parquet as pq

    def look(path: Path) -> TableFile:
        rows = pq.read_metadata(path).num_rows
        name = f"{table}/{path.name}"
        first = "" if table == layout.BOUNDS else _first(out, table, path)
        return TableFile(name, rows, path.stat().st_size, layout.digest(path), first)

    with ThreadPoolExecutor(2) as pool:
        return tuple(pool.map(look, sorted((out / table).glob("*.parquet"))))


def _first(out: Path, table: str, path: Path) -> str:
    import pyarrow.parquet as pq

    bounds = out / layout.BOUNDS / f"{table}-{path.name.rpartition('-')[2]}"
    return str(next(iter(pq.read_table(bounds)["first"].to_pylist()), ""))

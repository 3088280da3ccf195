"""Tables that are finished → the manifest that makes an index of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optout import __version__
from optout.index import layout
from optout.index.layout import Copied, Manifest, Source, TableFile

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


def manifest_of(
    sources: Sequence[Source],
    tables: dict[str, tuple[TableFile, ...]],
    built: dict[str, Any],
    copies: Iterable[Copied],
) -> Manifest:
    """What is in the folder of an index with these tables, made of `sources`."""
    from optout.index.hosts import covered_domains

    return Manifest(
        layout.FORMAT,
        __version__,
        layout.rules_digest(),
        layout.LEVELS,
        tuple(sorted(covered_domains())),
        tuple(sources),
        tables,
        built,
        tuple(copies),
    )


def all_files(out: Path) -> dict[str, tuple[TableFile, ...]]:
    """The files of every table as they are, with their hashes."""
    with ThreadPoolExecutor(2) as pool:
        return {
            table: tuple(pool.map(table_file, paths_of(out, table)))
            for table in (*layout.TABLES, layout.BOUNDS)
        }


def paths_of(out: Path, table: str) -> list[Path]:
    """Where the files of a table are, that of bounds among them, in order."""
    return sorted((out / table).glob("*.parquet"))


def table_file(path: Path) -> TableFile:
    """One file of a table as it is, with its hash."""
    import pyarrow.parquet as pq

    rows, table = pq.read_metadata(path).num_rows, path.parent.name
    first = "" if table == layout.BOUNDS else _first(path)
    return TableFile(f"{table}/{path.name}", rows, path.stat().st_size, layout.digest(path), first)


def _first(path: Path) -> str:
    import pyarrow.parquet as pq

    from optout.index.bounds import bounds_name

    bounds = path.parent.parent / layout.BOUNDS / bounds_name(path)
    return str(next(iter(pq.read_table(bounds)["first"].to_pylist()), ""))

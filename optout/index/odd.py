"""Odd rows of an index → what a close look finds in them, as files beside the tables.

These are the rows whose address a plain search would misread: another spelling of a host, encoded
letters, another address inside. Few real rows are odd; each is looked at by identify().
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optout.database import relation
from optout.identity import identify
from optout.index.hosts import file_of_key, host_of_key, parts, platform_hosts

if TYPE_CHECKING:
    import duckdb

_BATCH = 16384
FOUND = {"odd_names": "stem", "odd_places": "host", "odd_parts": "part"}  # table → its column


def write_found(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Look at every odd row of the view `rows`; write one file for each table of FOUND."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schemas = {
        table: pa.schema([(column, pa.string()), ("pos", pa.int64())])
        for table, column in FOUND.items()
    }
    with ExitStack() as open_files:
        writers = {
            table: open_files.enter_context(pq.ParquetWriter(folder / f"{table}.parquet", schema))
            for table, schema in schemas.items()
        }
        for batch in relation(connection, "index_odd").to_arrow_reader(_BATCH):
            rows = batch.to_pylist()
            found: dict[str, list[dict[str, Any]]] = {table: [] for table in FOUND}
            for row in rows:
                for table, value in _found(row["url"]):
                    # Half a surrogate pair cannot be stored.
                    text = value.encode("utf-8", "replace").decode()
                    found[table].append({FOUND[table]: text, "pos": row["pos"]})
            for table, values in found.items():
                writers[table].write_table(pa.Table.from_pylist(values, schemas[table]))


def _found(url: str) -> Iterator[tuple[str, str]]:
    """All that asked.py may ask for to find this address: each table's name and what it holds."""
    identity = identify(url)
    if identity.host is None or identity.lossless is None:
        return
    key = identity.key or ""
    domain, _, stem = (identity.candidate_key or "").partition("/")
    hosts = {identity.host, host_of_key(key), domain} | platform_hosts(key)
    yield from (("odd_places", host) for host in sorted(hosts) if host)
    yield from (("odd_parts", part) for part in sorted(parts(key) | parts(identity.lossless)))
    names = {file_of_key(key), "" if "/" in stem else stem}
    yield from (("odd_names", name) for name in sorted(names) if name)

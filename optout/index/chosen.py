"""What is asked of an index → its rows that may tie: row groups by their bounds, then exactly."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from optout.database import relation
from optout.index.bounds import begins_with
from optout.index.layout import TABLES

if TYPE_CHECKING:
    import duckdb
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from optout.index.asked import Asked
    from optout.index.table import Table

_SHORT = 7  # letters of the column `short` of names
_LONGER = 12  # by so many, longer names are told apart first
# What a search gets of a row, in this order.
_COLUMNS = ("file", "dataset_row", "url", "md5", "sha256", "caption", "sample_id", "hash", "nsfw",
            "license", "language", "phash", "similarity", "punsafe", "pwatermark", "aesthetic",
            "width", "height", "file_width", "file_height")  # fmt: skip
Ranges = list[tuple[str, str]]


def positions(
    connection: duckdb.DuckDBPyConnection, tables: dict[str, Table], asked: Asked
) -> list[int]:
    """Positions of the rows that the narrow tables tie to what is asked, in order."""
    _register_asked(connection, asked)
    names = relation(connection, "index_asked_names").to_arrow_table()
    connection.register("asked_names", names)
    starts = names["start"].to_pylist()
    exact = min(map(len, starts), default=_SHORT) >= _SHORT
    parts = set().union(*asked.parts)
    domains = asked.domains | {domain for domain, _ in asked.sites}
    wanted: dict[str, tuple[Ranges, set[str] | None]] = {
        "places": (_hosts(asked), domains),
        "names": ([begins_with(start) for start in starts], set(starts) if exact else None),
        "parts": ([(part, part) for part in sorted(parts)], parts),
        "hashes": ([(value, value) for value in sorted(asked.hashes)], asked.hashes),
    }
    for name, (ranges, values) in wanted.items():
        connection.register(name, _near(tables[name], name, ranges, values))
    found = relation(connection, "index_positions").fetchall()
    if not exact:
        found += relation(connection, "index_short_names").fetchall()
    return sorted({position for (position,) in found})


def chosen(rows: Table, asked: Asked, positions: Sequence[int]) -> pa.Table:
    """The rows on the hosts that are asked for and those at `positions`, in the source's order."""
    import pyarrow as pa

    groups = [*rows.with_keys(_hosts(asked)), *rows.with_rows(positions)]
    wanted = set(positions)
    found = [
        _filled(part.filter(pa.array(_mask(part, places, asked, wanted))))
        for places, part in rows.read(groups)
    ]
    schema = _schema()
    table = pa.concat_tables(found) if found else schema.empty_table()
    return table.sort_by([("file", "ascending"), ("dataset_row", "ascending")])


def _hosts(asked: Asked) -> Ranges:
    ranges = [begins_with(domain) for domain in sorted(asked.domains)]
    return ranges + [(domain + site, domain + site) for domain, site in sorted(asked.sites)]


def _near(table: Table, name: str, ranges: Ranges, values: set[str] | None) -> pa.Table:
    """The rows of a narrow table among which all are whose keys are in `ranges`.

    With `values` only those that have one of them in the first column, or may begin with it, when
    these are names.
    """
    import pyarrow as pa

    # Decoding is what a lookup takes its time for: `short` is the beginning of `name`.
    columns = [column for column in TABLES[name] if column != "short"]
    parts = [
        part if values is None else part.filter(_among(part[columns[0]], values, name == "names"))
        for _, part in table.read(table.with_keys(ranges), columns)
    ]
    if parts:
        return pa.concat_tables(parts)
    kinds = {"VARCHAR": pa.string(), "BIGINT": pa.int64()}
    return pa.schema([(one, kinds[TABLES[name][one]]) for one in columns]).empty_table()


def _among(column: pa.ChunkedArray, values: set[str], beginnings: bool) -> pa.ChunkedArray:
    """Where one of `values` stands, or may be the beginning of what does."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not beginnings:
        return pc.is_in(column, value_set=pa.array(sorted(values), pa.string()))
    mask = None
    for length in (_SHORT, _LONGER):
        some = {one[:length] for one in values if (len(one) >= _LONGER) == (length == _LONGER)}
        if some:
            cut = pc.utf8_slice_codeunits(column, 0, length)
            found = pc.is_in(cut, value_set=pa.array(sorted(some), pa.string()))
            mask = found if mask is None else pc.or_(mask, found)
    return mask


def _mask(
    part: pa.Table, places: Sequence[range], asked: Asked, positions: set[int]
) -> npt.NDArray[np.bool_]:
    """Which rows of `part` are wanted: by host, or by position (a row without address by none)."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    at = np.concatenate([np.arange(one.start, one.stop) for one in places])
    sites = pc.binary_join_element_wise(part["domain"], part["site"], "")
    whole = pa.array(sorted(asked.domains), pa.string())
    both = pa.array(sorted(domain + site for domain, site in asked.sites), pa.string())
    mask: npt.NDArray[np.bool_] = np.isin(at, np.fromiter(positions, np.int64, len(positions)))
    mask |= pc.is_in(part["domain"], value_set=whole).to_numpy()
    mask |= pc.is_in(sites, value_set=both).to_numpy()
    mask &= pc.is_valid(part["url"]).to_numpy()
    return mask


def _filled(part: pa.Table) -> pa.Table:
    """The columns a search gets; those that an index lacks are NULL."""
    import pyarrow as pa

    schema = _schema()
    present = set(part.column_names)
    return pa.table(
        [
            part[field.name] if field.name in present else pa.nulls(len(part), field.type)
            for field in schema
        ],
        schema=schema,
    )


def _schema() -> pa.Schema:
    import pyarrow as pa

    kinds = {"INTEGER": pa.int32(), "BIGINT": pa.int64(), "DOUBLE": pa.float64()}
    return pa.schema([(name, kinds.get(TABLES["rows"][name], pa.string())) for name in _COLUMNS])


def _register_asked(connection: duckdb.DuckDBPyConnection, asked: Asked) -> None:
    import pyarrow as pa

    sites, sets = sorted(asked.sites), sorted(sorted(some) for some in asked.parts)
    parts = [(number, part, len(some)) for number, some in enumerate(sets) for part in some]
    text, number = pa.string(), pa.int64()
    _register(connection, "asked_domains", {"domain": text}, zip(sorted(asked.domains)))
    _register(connection, "asked_stems", {"stem": text}, zip(sorted(asked.stems)))
    _register(connection, "asked_hashes", {"value": text}, zip(sorted(asked.hashes)))
    _register(connection, "asked_sites", {"domain": text, "site": text}, sites)
    kinds = {"asked": number, "part": text, "needed": number}
    _register(connection, "asked_parts", kinds, parts)


def _register(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    kinds: dict[str, Any],
    rows: Iterable[tuple[Any, ...]],
) -> None:
    import pyarrow as pa

    found = list(rows)
    columns = [[row[place] for row in found] for place in range(len(kinds))]
    connection.register(name, pa.table(columns, schema=pa.schema(kinds.items())))

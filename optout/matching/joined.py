"""What a search found, and what similar/ and looked_at/ know → the matches with all of it.

Joining again gives the same, so it is done after every search and after every look.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optout import tables
from optout.case import Case
from optout.errors import CaseError
from optout.matching.kinds import kinds

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

SAME = ("same_address", "same_image")


def joined(
    connection: duckdb.DuckDBPyConnection,
    case: Case,
    found: dict[str, pa.Table],
    *,
    fresh: bool = False,
) -> dict[str, pa.Table]:
    """The tables of matches/ by name with what else is known of their rows.

    `connection` holds the case with its `case_images` as a table. A row stays as strong as its
    strongest evidence; nothing that was found is left out. `fresh`: what was found has been joined
    with nothing yet, so that there is nothing to do where nothing else is known.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    alike = kept_table(case.folder / "similar" / "similar.parquet", tables.SIMILAR)
    looks = kept_table(case.looked_at / "comparisons.parquet", tables.COMPARISONS)
    result = dict(found)
    if alike.num_rows or looks.num_rows or not fresh:
        result |= _with(connection, found, {"similar_rows": alike, "comparisons": looks})
    evidence = result["evidence"]
    strong = evidence.filter(pc.is_in(evidence["strength"], pa.array(SAME)))
    listed = pc.is_in(found["not_listed"]["image_url"], strong["image_url"].combine_chunks())
    result["not_listed"] = found["not_listed"].filter(pc.invert(listed))
    return result


def _with(
    connection: duckdb.DuckDBPyConnection, found: dict[str, pa.Table], known: dict[str, pa.Table]
) -> dict[str, pa.Table]:
    """Evidence and matches with what is `known` beside."""
    import pyarrow as pa

    from optout.database import relation

    ranks = [
        {"kind": kind.kind, "strength": kind.strength, "place": place}
        for place, kind in enumerate(kinds().values())
    ]
    connection.register("kinds", pa.Table.from_pylist(ranks))
    connection.register("found_matches", found["matches"])
    connection.register("found_evidence", found["evidence"])
    connection.execute("DROP VIEW IF EXISTS comparisons")
    for name, table in known.items():
        connection.register(name, table)
    result = {}
    for name, schema in (("evidence", tables.EVIDENCE), ("matches", tables.MATCHES)):
        result[name] = relation(connection, f"joined_{name}").to_arrow_table().cast(schema)
        connection.register(f"joined_{name}", result[name])
    return result


def kept_table(path: Path, expected: pa.Schema) -> pa.Table:
    """A table of the case; an empty one where it is absent or damaged (it can be made again)."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.read_table(path).select(expected.names).cast(expected)
    except (OSError, pa.ArrowException, KeyError, ValueError):
        return expected.empty_table()


def join_again(connection: duckdb.DuckDBPyConnection, case: Case) -> dict[str, Any]:
    """Join after a look: matches/ is written anew, its summary with the new counts returned.

    Raises CaseError when matches/ is damaged or cannot be written.
    """
    import json

    import pyarrow as pa
    import pyarrow.parquet as pq

    from optout.matching.stored import write

    names = ("matches", "evidence", "works", "not_listed")
    try:
        found = {name: pq.read_table(case.matches / f"{name}.parquet") for name in names}
        summary = json.loads((case.matches / "summary.json").read_text("utf-8"))
    except (OSError, ValueError, pa.ArrowException) as error:
        raise CaseError(
            f"{case.matches} cannot be read", "search again: optout match --dataset FILES"
        ) from error
    result = joined(connection, case, found)
    summary |= counts(result["matches"])
    summary["images_not_listed"] = result["not_listed"].num_rows
    write(case, result, summary)
    return dict(summary)


def counts(matches: pa.Table) -> dict[str, Any]:
    """The keys of summary.json that count matches."""
    strengths = Counter(matches["strength"].to_pylist())
    return {
        "matches": matches.num_rows,
        "by_strength": {name: strengths[name] for name in tables.STRENGTHS},
        "by_place": _by_place(matches),
        "contradictions": matches.num_rows - matches["contradiction"].null_count,
    }


def _by_place(matches: pa.Table) -> dict[str, int]:
    from optout.matching.summary import PLACES

    found = Counter(matches["place"].to_pylist())
    return {name: found[name] for name in PLACES}

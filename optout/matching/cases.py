"""A case and the rows that tie to its artist → its matches/; before, the case → its artist."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from optout.case import Case
from optout.matching.joined import joined
from optout.matching.lookups import lookups
from optout.matching.stored import earlier, write
from optout.matching.summary import Beside, MatchSummary, summarise

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from optout.matching.artist import Artist
    from optout.matching.source import FileCount

# Each is computed once, in this order; later ones read earlier ones by their names.
_QUERIES = (
    "evidence_address",
    "evidence_file",
    "evidence_alike",
    "evidence_declared",
    "evidence_stem",
    "evidence_text",
    "evidence_name",
    "match_evidence",
    "match_contradictions",
    "match_rows",
    "images_not_listed",
)

_NEEDED = ("images", "image_refs", "hops")  # relations of a case that these and gather() read


def _small() -> duckdb.DuckDBPyConnection:
    """A connection for cases, one after the other: they are small, and threads would only wait."""
    from optout.database import connect

    connection = connect()
    connection.execute("SET threads = 1")
    return connection


def gathered(
    cases: Sequence[Case],
    hosts: Sequence[str] = (),
    phashes: bool = False,
    tell: Callable[[int, int], None] = lambda done, of: None,
) -> list[Artist]:
    """The artist of each case; `hosts` are declared for this search only. Raises CaseError.

    With `phashes` their kept pictures are looked for by their looks, too.
    """
    from optout.database import case_within
    from optout.matching.artist import gather

    artists = []
    with closing(_small()) as connection:
        for done, case in enumerate(cases, 1):
            with case_within(connection, case, _NEEDED):
                artists.append(gather(connection, case, hosts, phashes))
            tell(done, len(cases))
    return artists


def finish(
    cases: Sequence[tuple[Case, tuple[Artist, pa.Table], set[str]]],
    counts: Sequence[FileCount],
    beside: Beside,
    tell: Callable[[int, int], None] = lambda done, of: None,
) -> dict[str, MatchSummary]:
    """Write matches/ of each case; by case_id. A case comes with its artist, the rows that tie to
    them, and the match_ids of the search before. Raises CaseError when that cannot be written."""
    summaries = {}
    with closing(_small()) as connection:
        for done, (case, found, before) in enumerate(cases, 1):
            summaries[case.case_id] = _finish(connection, case, found, (counts, beside), before)
            tell(done, len(cases))
    return summaries


def _finish(
    connection: duckdb.DuckDBPyConnection,
    case: Case,
    found: tuple[Artist, pa.Table],
    told: tuple[Sequence[FileCount], Beside],
    before: set[str],
) -> MatchSummary:
    """What was found for one case → its matches/."""
    from optout.database import case_within
    from optout.matching.artist import read_once

    with case_within(connection, case, _NEEDED):
        read_once(connection)
        tables = joined(connection, case, _derive(connection, case, *found), fresh=True)
    summary = summarise(case, found[0], told[0], tables, told[1])
    tables |= earlier(case, summary)
    write(case, tables, summary)
    now = set(tables["matches"]["match_id"].to_pylist())
    return MatchSummary(case.matches, summary, len(now - before), len(before - now))


def _derive(
    connection: duckdb.DuckDBPyConnection, case: Case, artist: Artist, candidates: pa.Table
) -> dict[str, pa.Table]:
    """The tables of matches/ by file name, in the columns of optout/tables.py."""
    import pyarrow as pa

    from optout import tables
    from optout.database import relation
    from optout.identity.rules import guesses
    from optout.matching.alike import limits
    from optout.matching.texts import generic
    from optout.works import case_works

    works = case_works(connection)
    connection.register("candidates", candidates)
    for name, table in lookups(artist, works).items():
        connection.register(name, table)
    variables: dict[str, Any] = {
        "case_id": case.case_id,
        "most_rows": generic().most_rows,
        "guesses": sorted(guesses()),
        "differ": limits().differ,
    }
    empty = {"match_rows": tables.MATCHES, "match_evidence": tables.EVIDENCE}
    results: dict[str, pa.Table] = {name: kind.empty_table() for name, kind in empty.items()}
    # Most members of an organisation have no row at all.
    for query in _QUERIES if candidates.num_rows else ("images_not_listed",):
        results[query] = relation(connection, query, **variables).to_arrow_table()
        connection.register(query, results[query])
    rows = [{"case_id": case.case_id, **asdict(work)} for work in works]
    return {
        "matches": results["match_rows"].cast(tables.MATCHES),
        "evidence": results["match_evidence"].cast(tables.EVIDENCE),
        "works": pa.Table.from_pylist(rows, schema=tables.WORKS),
        "not_listed": results["images_not_listed"].cast(tables.NOT_LISTED),
    }

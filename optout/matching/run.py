"""A case and data sets → matches/: which rows tie to the artist, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from optout.case import Case
from optout.matching.lookups import lookups
from optout.matching.stored import earlier, previous_ids, write
from optout.matching.summary import MatchSummary, summarise

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from optout.matching.artist import Artist
    from optout.matching.scan import Progress, Scan
    from optout.remote import Session

# Each is computed once, in this order; later ones read earlier ones by their names.
_QUERIES = (
    "evidence_address",
    "evidence_file",
    "evidence_declared",
    "evidence_stem",
    "evidence_text",
    "evidence_name",
    "match_evidence",
    "match_contradictions",
    "match_rows",
    "images_not_listed",
)


def match_case(
    case: Case,
    specs: Sequence[str],
    *,
    hosts: Sequence[str] = (),
    progress: Progress | None = None,
    session: Session | None = None,
) -> MatchSummary:
    """Search the data sets that `specs` name for the case's images, hosts, texts and names.

    Writes matches/ whole or not at all. `hosts` are declared for this search only; remote files
    are read through `session`. Raises DatasetError for files that cannot be searched, CaseError
    for a case that cannot be read.
    """
    from optout.database import open_case
    from optout.datasets import resolve
    from optout.matching.artist import gather
    from optout.matching.scan import scan
    from optout.matching.wanted import prepare
    from optout.remote import Session, attach

    if session is None:
        with Session() as own:
            return match_case(case, specs, hosts=hosts, progress=progress, session=own)
    files = resolve(specs, session)
    before = previous_ids(case)
    connection = open_case(case)
    try:
        if session.files:
            attach(connection, session)
        # What a scan holds must not grow with the size of the data set.
        connection.execute("SET memory_limit = '2GB'")
        artist = gather(connection, case, hosts)
        prepare(connection, artist)
        found = scan(connection, files, artist, progress)
        tables = _derive(connection, case, artist, found)
    finally:
        connection.close()
    summary = summarise(case, artist, found.counts, tables)
    tables |= earlier(case, summary)
    write(case, tables, summary)
    return MatchSummary(
        case.matches, summary, before != set(tables["matches"]["match_id"].to_pylist())
    )


def _derive(
    connection: duckdb.DuckDBPyConnection, case: Case, artist: Artist, found: Scan
) -> dict[str, pa.Table]:
    """The tables of matches/ by file name, in the columns of optout/tables.py."""
    import pyarrow as pa

    from optout import tables
    from optout.database import relation
    from optout.identity.rules import guesses
    from optout.matching.texts import generic
    from optout.works import case_works

    works = case_works(connection)
    connection.register("candidates", found.candidates)
    for name, table in lookups(artist, works).items():
        connection.register(name, table)
    variables: dict[str, Any] = {
        "case_id": case.case_id,
        "most_rows": generic().most_rows,
        "guesses": sorted(guesses()),
    }
    results: dict[str, pa.Table] = {}
    for query in _QUERIES:
        results[query] = relation(connection, query, **variables).to_arrow_table()
        connection.register(query, results[query])
    rows = [{"case_id": case.case_id, **asdict(work)} for work in works]
    return {
        "matches": results["match_rows"].cast(tables.MATCHES),
        "evidence": results["match_evidence"].cast(tables.EVIDENCE),
        "works": pa.Table.from_pylist(rows, schema=tables.WORKS),
        "not_listed": results["images_not_listed"].cast(tables.NOT_LISTED),
    }

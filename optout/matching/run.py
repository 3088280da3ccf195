"""Cases and data sets → matches/ of each: which rows tie to the artist, and why."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from optout.case import Case
from optout.errors import CaseError
from optout.matching.joined import joined
from optout.matching.lookups import lookups
from optout.matching.stored import earlier, previous_ids, write
from optout.matching.summary import Beside, MatchSummary, summarise

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from optout.cluster import Cluster
    from optout.datasets import DataFile
    from optout.matching.artist import Artist
    from optout.matching.scan import Progress
    from optout.matching.source import FileCount, Index, Source
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
    captions: bool = True,
    index: Index | None = None,
    progress: Progress | None = None,
    session: Session | None = None,
    cluster: Cluster | None = None,
) -> MatchSummary:
    """Search the data sets that `specs` name for the case's images, hosts, texts and names.

    match_cases() for a single case.
    """
    found = match_cases(
        [case],
        specs,
        hosts=hosts,
        captions=captions,
        index=index,
        progress=progress,
        session=session,
        cluster=cluster,
    )
    return found[case.case_id]


def match_cases(
    cases: Sequence[Case],
    specs: Sequence[str],
    *,
    hosts: Sequence[str] = (),
    captions: bool = True,
    index: Index | None = None,
    progress: Progress | None = None,
    session: Session | None = None,
    cluster: Cluster | None = None,
) -> dict[str, MatchSummary]:
    """Search the data sets that `specs` name for all `cases` in one pass; by case_id.

    Writes matches/ of each case, whole or not at all; what is found for a case is the same as in a
    search for it alone. `hosts` are declared for this search only, in every case. Without
    `captions` no caption is looked at. `index` gives the rows in place of the files of `specs`.
    A file whose damage shows while it is read is left out and named in `not_read` of the summary;
    what was found in the others is kept, and the next search of the same reads that file alone.
    Remote files are read through `session`. With a `cluster` its workers read the files.
    Raises DatasetError for files that cannot be searched (also when none could be read), CaseError
    for a case that cannot be read, or two with one id.
    """
    from optout.matching.finished import FinishedFiles, question
    from optout.matching.scan import AHEAD, scan
    from optout.remote import Session

    if session is None:
        with Session() as own:
            return match_cases(
                cases,
                specs,
                hosts=hosts,
                captions=captions,
                index=index,
                progress=progress,
                session=own,
                cluster=cluster,
            )
    _refuse_namesakes(cases)
    files, twins = _files(specs, index, session)
    before = [previous_ids(case) for case in cases]
    artists = _gathered(cases, hosts)
    if not cases:
        return {}
    finished = FinishedFiles(cases[0].folder / _UNFINISHED, question(artists, captions))
    keeping = finished if len(files) > 1 and index is None else None
    with ExitStack() as stack:
        if index:
            source = index.source(artists, captions)
        elif cluster:
            source = _by_workers(cluster, files, artists, captions, session)
        else:
            source = _raw(stack, artists, captions, session)
        found = scan(
            source,
            files,
            artists,
            captions=captions,
            finished=keeping,
            progress=progress,
            ahead=2 * cluster.processors if cluster else AHEAD,
        )
    if found.damaged and not found.counts:
        raise found.damaged[0]
    beside = Beside(captions, tuple(error.message for error in found.damaged), twins)
    each = zip(cases, zip(artists, found.candidates, strict=True), before, strict=True)
    with closing(_small()) as connection:
        summaries = {
            case.case_id: _finish(connection, case, theirs, (found.counts, beside), ids)
            for case, theirs, ids in each
        }
    if not found.damaged:
        finished.forget()
    return summaries


_UNFINISHED = ".matches.unfinished"  # beside matches/ while a search goes on


def _refuse_namesakes(cases: Sequence[Case]) -> None:
    seen: dict[str, Case] = {}
    for case in cases:
        other = seen.setdefault(case.case_id, case)
        if other is not case:
            raise CaseError(
                f"{other.folder} and {case.folder} are both called {case.case_id}",
                "give one of them another case_id in its optout.toml",
            )


def _files(
    specs: Sequence[str], index: Index | None, session: Session
) -> tuple[Sequence[DataFile], tuple[tuple[str, str], ...]]:
    if index is not None:
        return index.files(), ()
    from optout.datasets import resolve
    from optout.matching.twins import without_twins

    return without_twins(resolve(specs, session))


def _raw(stack: ExitStack, artists: Sequence[Artist], captions: bool, session: Session) -> Source:
    from optout.matching.raw import RawFiles
    from optout.matching.sieve import Sieve
    from optout.matching.wanted import wanted

    return stack.enter_context(closing(RawFiles(Sieve(wanted(artists, captions)), session=session)))


def _by_workers(
    cluster: Cluster,
    files: Sequence[DataFile],
    artists: Sequence[Artist],
    captions: bool,
    session: Session,
) -> Source:
    from optout.cluster.searching import RayFiles, require_files

    require_files(cluster, files)
    return RayFiles(artists, captions, session)


def _small() -> duckdb.DuckDBPyConnection:
    """A connection for cases, one after the other: they are small, and threads would only wait."""
    from optout.database import connect

    connection = connect()
    connection.execute("SET threads = 1")
    return connection


def _gathered(cases: Sequence[Case], hosts: Sequence[str]) -> list[Artist]:
    from optout.database import case_within
    from optout.matching.artist import gather

    artists = []
    with closing(_small()) as connection:
        for case in cases:
            with case_within(connection, case):
                artists.append(gather(connection, case, hosts))
    return artists


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

    with case_within(connection, case):
        read_once(connection)
        tables = joined(connection, case, _derive(connection, case, *found))
    summary = summarise(case, found[0], told[0], tables, told[1])
    tables |= earlier(case, summary)
    write(case, tables, summary)
    now = set(tables["matches"]["match_id"].to_pylist())
    return MatchSummary(case.matches, summary, before != now)


def _derive(
    connection: duckdb.DuckDBPyConnection, case: Case, artist: Artist, candidates: pa.Table
) -> dict[str, pa.Table]:
    """The tables of matches/ by file name, in the columns of optout/tables.py."""
    import pyarrow as pa

    from optout import tables
    from optout.database import relation
    from optout.identity.rules import guesses
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

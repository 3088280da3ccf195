"""A case folder → the Report record: counts and lists from the queries, words from the tables."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from optout import tables
from optout.case import Case
from optout.lint.gather import gather as seen
from optout.lint.run import findings
from optout.readers.prose import note as prose_note
from optout.report.captures import captures_of
from optout.report.changes import changes_of
from optout.report.coverage import current
from optout.report.damage import damage_told
from optout.report.decided import Decided, decided, hosts_said
from optout.report.findings import MOST, Listing, Row, Strength
from optout.report.history import runs_of
from optout.report.looked import looked, missing
from optout.report.page import Report
from optout.report.rows import host_in_words, match_in_words
from optout.report.searched import searched
from optout.report.sites import reader_verdicts, robots_answer, signal_effects
from optout.report.unseen import blind_spots, filters
from optout.report.words import computed_strengths, measured, measured_words, words
from optout.report.written import written

if TYPE_CHECKING:
    import duckdb


def gather(case: Case) -> Report:
    """Everything the page says about `case`. Raises CaseError where the folder is damaged."""
    from optout import __version__
    from optout.database import open_case

    choices = decided(case)
    date, lists = written(case)
    with damage_told(case), open_case(case) as connection:
        _complete(connection, case)
        _remember(connection, hosts_said(case))
        strengths = _strengths(connection, case, choices)
        shown = [row["match_id"] for one in strengths for row in one.listing.rows]
        met, lines = filters(connection, shown)
        strengths = tuple(with_filters(one, lines) for one in strengths)
        return Report(
            case_id=case.case_id,
            names=case.names,
            sites=case.sites,
            declared_hosts=tuple(host.host for host in case.hosts),
            as_of=case.as_of(),
            version=__version__,
            runs=runs_of(case),
            crawl=_rows(connection, "report_crawl")[0],
            origins=_first([robots_answer(row) for row in _rows(connection, "report_sites")]),
            coverage=current(connection),
            changes=changes_of(connection, case),
            searched=searched(case),
            strengths=strengths,
            rejected=choices.among(connection, choices.rejected),
            confirmed=choices.among(connection, choices.confirmed),
            contradictions=sum(s.contradictions for s in strengths),
            hosts=_list(connection, "report_hosts", choices, host_in_words),
            works=_list(connection, "report_works", choices),
            not_listed=_list(connection, "report_not_listed", choices),
            not_listed_reasons=tuple(_rows(connection, "report_not_listed_reasons")),
            readers=reader_verdicts(connection),
            effects=_first(signal_effects(connection)),
            page_only=_list(connection, "report_page_only", choices),
            requests_date=date,
            requests_folder=f"requests/{date}/",
            requests=lists,
            lint=len(findings(seen(connection, case))),
            prose=_first(_rows(connection, "prose")),
            prose_note=prose_note(),
            first_dataset=_first_dataset(),
            looked=looked(connection, case, choices.rejected),
            vision_missing=missing(),
            copies_of=_list(connection, "report_looked_works", choices),
            blind=blind_spots(case, connection, MOST),
            filters=met,
            repeated=measured()["repeated"],
            captures=captures_of(connection, case, frozenset(choices.rejected)),
        )


def _complete(connection: duckdb.DuckDBPyConnection, case: Case) -> None:
    """Give the derived tables that the case lacks as empty ones, so that every query runs."""
    connection.execute("SET enable_progress_bar = false")  # it would be drawn on stdout
    for name, schema in tables.DERIVED.items():
        if not (case.matches / f"{name}.parquet").is_file():
            connection.register(name, schema.empty_table())
    if not (case.looked_at / "comparisons.parquet").is_file():
        connection.register("comparisons", tables.COMPARISONS.empty_table())


def _remember(connection: duckdb.DuckDBPyConnection, variables: dict[str, list[str]]) -> None:
    """Set what several queries read by getvariable."""
    for name, value in variables.items():
        connection.execute(f"SET VARIABLE {name} = $1", [value])


def _first_dataset() -> Row | None:
    """The first data set of the table that its makers still publish."""
    from optout.datasets.editions import known

    published = (asdict(dataset) for dataset in known() if not dataset.withdrawn)
    return next(published, None)


def _rows(connection: duckdb.DuckDBPyConnection, query: str, **variables: Any) -> list[Row]:
    from optout.database import dictionaries, relation

    return dictionaries(relation(connection, query, **variables))


def _first(rows: list[Row]) -> Listing:
    return Listing(tuple(rows[:MOST]), len(rows))


def _list(
    connection: duckdb.DuckDBPyConnection,
    query: str,
    choices: Decided,
    dress: Callable[[Row], Row] = dict,
) -> Listing:
    rows = _rows(connection, query, rejected=list(choices.rejected), most=MOST)
    return Listing(tuple(map(dress, rows)), rows[0]["total"] if rows else 0)


def with_filters(strength: Strength, lines: dict[str, tuple[str, ...]]) -> Strength:
    """The strength with the published filters that each of its rows shown meets."""
    rows = (row | {"filters": lines.get(row["match_id"], ())} for row in strength.listing.rows)
    return replace(strength, listing=Listing(tuple(rows), strength.listing.total))


def _strengths(
    connection: duckdb.DuckDBPyConnection, case: Case, choices: Decided
) -> tuple[Strength, ...]:
    # Likeness to a model is looked for by another command, and by no other.
    alike = (case.folder / "similar" / "similar.parquet").is_file()
    chosen = {"rejected": list(choices.rejected), "confirmed": list(choices.confirmed)}
    counts = {row.pop("strength"): row for row in _rows(connection, "report_strengths", **chosen)}
    shown: dict[str, list[Row]] = {}
    for row in _rows(connection, "report_matches", rejected=chosen["rejected"], most=MOST):
        dressed = match_in_words(row, row["match_id"] in choices.confirmed)
        shown.setdefault(row["strength"], []).append(dressed)
    return tuple(
        Strength(
            key=key,
            **words()["strength"][key],
            **counts.get(key, {}),
            measured=measured_words(key),
            computed=key in computed_strengths() and (alike or key != "similar_image"),
            listing=Listing(tuple(shown.get(key, ())), counts.get(key, {}).get("matches", 0)),
        )
        for key in tables.STRENGTHS
    )

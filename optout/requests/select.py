"""Matches, decisions and observations of a case → everything that requests are made from."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from optout import tables
from optout.case import Case
from optout.decisions import decisions, licensed_hosts
from optout.errors import CaseError
from optout.requests.hosts import Domains, OwnHosts, host_of, own_domains, own_hosts
from optout.requests.plain import clean

if TYPE_CHECKING:
    import duckdb

Row = dict[str, Any]  # the columns of queries/request_rows.sql, and `host`


@dataclass(frozen=True, slots=True)
class Material:
    """Everything a case holds that requests are made from."""

    searched: bool  # whether any data set has been searched
    searched_in: str  # what the search read, in words; "" where matches/ does not say
    rows: tuple[Row, ...]  # may enter a request, in order of data set, file and row
    counts: tuple[Row, ...]  # the columns of queries/request_waiting.sql
    own: OwnHosts
    seen: frozenset[str]  # hosts where the crawl found the artist's images
    licensed: frozenset[str]
    domains: Domains
    headers: tuple[Row, ...]  # the columns of queries/request_signals.sql
    robots: tuple[Row, ...]  # the columns of queries/request_robots.sql


def gather(case: Case) -> Material:
    """Read the case. Raises CaseError where matches, observations or decisions are damaged."""
    said = decisions(case)
    verdicts = {
        verdict: [match_id for match_id, last in said.items() if last.verdict == verdict]
        for verdict in ("confirmed", "rejected")
    }
    today = case.as_of().date()
    with _opened(case) as connection:
        rows = _rows(connection, "request_rows", **verdicts)
        seen = _rows(connection, "request_seen_origins")
        return Material(
            searched=(case.matches / "matches.parquet").is_file(),
            searched_in=_searched_in(case),
            rows=tuple(row | {"host": host_of(row["url"])} for row in rows),
            counts=tuple(_rows(connection, "request_waiting", **verdicts)),
            own=own_hosts(case, today),
            seen=frozenset(host_of(row["origin"]) for row in seen) - {""},
            licensed=frozenset(licensed_hosts(case)),
            domains=own_domains(case, today),
            headers=tuple(_rows(connection, "request_signals")),
            robots=tuple(_rows(connection, "request_robots")),
        )


def rows_of(case: Case, query: str, **variables: Any) -> list[Row]:
    """All rows of a query over the case. Raises CaseError when its files cannot be read."""
    with _opened(case) as connection:
        return _rows(connection, query, **variables)


def _searched_in(case: Case) -> str:
    """What matches/summary.json says was read; it only adds to sentences, so it may be absent."""
    try:
        said = json.loads((case.matches / "summary.json").read_text("utf-8"))
        editions = sorted({clean(f"{d['dataset']} {d['edition']}"[:80]) for d in said["datasets"]})
        return f"{said['files']:,} files with {said['rows']:,} rows of {', '.join(editions[:5])}"
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return ""


@contextmanager
def _opened(case: Case) -> Iterator[duckdb.DuckDBPyConnection]:
    from optout.database import open_case

    with open_case(case) as connection:
        for name, schema in (("matches", tables.MATCHES), ("works", tables.WORKS)):
            if not (case.matches / f"{name}.parquet").is_file():
                connection.register(name, schema.empty_table())
        yield connection


def _rows(connection: duckdb.DuckDBPyConnection, query: str, **variables: Any) -> list[Row]:
    from optout.database import dictionaries, relation

    try:
        return dictionaries(relation(connection, query, **variables))
    except Exception as error:
        # Only optout.database knows DuckDB's exceptions; a damaged file shows itself when read.
        if "duckdb" not in type(error).__module__:
            raise
        raise CaseError(
            f"the case's tables cannot be read: {str(error).splitlines()[0]}",
            "make matches/ again: optout match --dataset SPEC",
        ) from error

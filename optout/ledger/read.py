"""Observations of all runs → periods: stretches in which a signal at a place said the same."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from optout.case import Case
from optout.report.damage import damage_told

if TYPE_CHECKING:
    import duckdb

Row = dict[str, Any]

_BATCH = 2_000


@contextmanager
def open_ledger(case: Case) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with the tables `ledger_seen`, `ledger_states` and `ledger_periods`.

    Raises CaseError when a file of the case is damaged.
    """
    from optout.database import locate, open_case

    with damage_told(case), open_case(case) as connection:
        locate(connection, case)
        _observations(connection)
        derive(connection)
        yield connection


def derive(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the tables that follow from `ledger_seen` and the runs."""
    from optout.database import relation

    for table in ("ledger_states", "ledger_periods"):
        relation(connection, table).to_table(table)


def periods(connection: duckdb.DuckDBPyConnection) -> Iterator[Row]:
    """Every period, by host, subject, place, signal and number."""
    yield from _rows(
        connection.sql(
            "SELECT * FROM ledger_periods ORDER BY archived, origin, subject, place, signal, number"
        )
    )


def groups(connection: duckdb.DuckDBPyConnection) -> Iterator[Row]:
    """Entries that tell the same story on one host, together; archived ones last."""
    from optout.database import relation

    yield from _rows(relation(connection, "ledger_groups"))


def _observations(connection: duckdb.DuckDBPyConnection) -> None:
    table = _signals()
    variables = {
        "ledger_gone": table["gone"],
        "ledger_web_page": table["web_page"],
        "ledger_headers": "|".join(f"({entry['line']})" for entry in table["header"]),
        "ledger_not_metas": table["not_meta"]["names"],
    }
    _fill(connection, "ledger_elements", table["elements"], variables)
    _fill(connection, "ledger_seen", table["observations"], variables)


def _fill(
    connection: duckdb.DuckDBPyConnection, target: str, sources: list[Row], variables: Row
) -> None:
    """Make the table `target` of what the queries give whose relation is recorded."""
    from crawler.records import SCHEMAS
    from optout.database import relation

    queries = [source["query"] for source in sources if source["relation"] in SCHEMAS]
    relation(connection, queries[0], **variables).to_table(target)
    for query in queries[1:]:
        relation(connection, query, **variables).insert_into(target)


def _rows(result: duckdb.DuckDBPyRelation) -> Iterator[Row]:
    for batch in result.to_arrow_reader(_BATCH):
        yield from batch.to_pylist()


@cache
def _signals() -> Row:
    return tomllib.loads((resources.files(__package__) / "signals.toml").read_text("utf-8"))

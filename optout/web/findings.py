"""matches/ and decisions.db → counts, lists and single matches, as the page shows them."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from optout.case import Case
from optout.report.damage import damage_told
from optout.report.decided import hosts_said

if TYPE_CHECKING:
    import duckdb

Row = dict[str, Any]
PER_PAGE = 50
_SHORT, _LONG = 400, 200_000  # characters of a caption or an address: in a list, of one match


@dataclass(frozen=True, slots=True)
class Choice:
    """Which matches a list holds; an empty field takes all."""

    pile: str = ""
    strength: str = ""
    host: str | None = None  # "" is a choice: rows whose address names no host
    work: str | None = None
    folder: str | None = None
    verdict: str = ""  # waiting, certain, confirmed or rejected

    def variables(self) -> Row:
        """What queries/page_chosen.sql reads by getvariable."""
        return {
            "places": list(piles()[self.pile]) if self.pile in piles() else None,
            "strength": self.strength or None,
            "host": self.host,
            "work": self.work,
            "folder": self.folder,
            "verdict": self.verdict or None,
        }


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of a list."""

    rows: tuple[Row, ...] = ()
    total: int = 0
    number: int = 1  # of this page
    pages: int = field(default=1)


@cache
def piles() -> dict[str, tuple[str, ...]]:
    """Pile → its places, in the order in which they are shown."""
    table = tomllib.loads((resources.files(__package__) / "piles.toml").read_text("utf-8"))
    return {name: tuple(entry["places"]) for name, entry in table.items()}


def searched(case: Case) -> bool:
    """Whether any data set has been searched."""
    return (case.matches / "matches.parquet").is_file()


def counts(case: Case) -> list[Row]:
    """Per pile and strength: matches, certain, waiting, confirmed, rejected. Raises CaseError."""
    of_place = {place: pile for pile, places in piles().items() for place in places}
    with _opened(case) as connection:
        rows = _rows(connection, "page_piles")
    return [row | {"pile": of_place.get(row["place"], "others")} for row in rows]


def listing(case: Case, choice: Choice, number: int) -> Listing:
    """Page `number` of the matches chosen; the first where there is no such page."""
    with _opened(case) as connection:
        chosen, total, number = _numbered(connection, "page_chosen", choice.variables(), number)
        ids = [row["match_id"] for row in chosen]
        rows = _rows(connection, "page_matches", ids=ids, long=_SHORT)
    return _listing(rows, total, number)


def groups(case: Case, by: str, number: int) -> Listing:
    """Page `number` of the hosts, folders or works (`by`) that matches belong to."""
    with _opened(case) as connection:
        rows, total, number = _numbered(connection, "page_groups", {"group_by": by}, number)
    return _listing(rows, total, number)


def ids(case: Case, choice: Choice) -> list[str]:
    """The match ids of everything chosen."""
    with _opened(case) as connection:
        rows = _rows(connection, "page_chosen", **choice.variables(), skip=0, most=None)
    return [row["match_id"] for row in rows]


def one(case: Case, match_id: str, choice: Choice | None = None) -> Row | None:
    """A match with its reasons under `reasons`; None where the case has no such match.

    With a `choice`, `following` is the first other match of that list that waits for a word.
    """
    with _opened(case) as connection:
        found = _rows(connection, "page_matches", ids=[match_id], long=_LONG)
        if not found:
            return None
        reasons = _rows(connection, "page_evidence", match_id=match_id, long=2000)
        wanted = replace(choice or Choice(), verdict="waiting").variables()
        rows = _rows(connection, "page_chosen", **wanted, skip=0, most=2) if choice else []
    return found[0] | {
        "reasons": reasons,
        "reason_count": reasons[0]["total"] if reasons else 0,
        "following": next((r["match_id"] for r in rows if r["match_id"] != match_id), None),
    }


def kept_files(case: Case, match: Row) -> list[Row]:
    """run_id and stored_as of files kept of the artist's picture that a match names."""
    from optout.database import open_case, relation

    with damage_told(case), open_case(case, {"images"}) as connection:
        _complete(connection)
        rows = relation(
            connection, "page_kept", image_url=match["image_url"], work_id=match["work_id"]
        )
        return [dict(zip(rows.columns, row, strict=True)) for row in rows.fetchall()]


def _complete(connection: duckdb.DuckDBPyConnection) -> None:
    from optout.tables import WORKS

    if ("works",) not in connection.execute("SELECT view_name FROM duckdb_views()").fetchall():
        connection.register("works", WORKS.empty_table())


def _numbered(
    connection: duckdb.DuckDBPyConnection, query: str, variables: Row, number: int
) -> tuple[list[Row], int, int]:
    """Rows of a page of a query that gives `total`, that total, and the page's number."""
    for wanted in (max(number, 1), 1):
        skip = (wanted - 1) * PER_PAGE
        rows = _rows(connection, query, **variables, skip=skip, most=PER_PAGE)
        if rows:
            return rows, int(rows[0]["total"]), wanted
    return [], 0, 1


def _listing(rows: Sequence[Row], total: int, number: int) -> Listing:
    return Listing(tuple(rows), total, number, max(-(-total // PER_PAGE), 1))


@contextmanager
def _opened(case: Case) -> Iterator[duckdb.DuckDBPyConnection]:
    """Matches, evidence, works, and what was said of matches (`said`) and hosts."""
    from optout.database import open_matches
    from optout.decisions import decisions

    last = decisions(case)
    with damage_told(case), open_matches(case) as connection:
        connection.register("said", _said({i: word.verdict for i, word in last.items()}))
        for name, value in hosts_said(case).items():
            connection.execute(f"SET VARIABLE {name} = $1", [value])
        yield connection


def _said(verdicts: dict[str, str]) -> Any:
    import pyarrow as pa

    schema = pa.schema([("match_id", pa.string()), ("verdict", pa.string())])
    columns = [list(verdicts), list(verdicts.values())]
    return pa.table(columns, schema=schema)


def _rows(connection: duckdb.DuckDBPyConnection, query: str, **variables: Any) -> list[Row]:
    from optout.database import dictionaries, relation

    return dictionaries(relation(connection, query, **variables))

"""The latest crawl and the one before it → what is new or gone on the artist's sites."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from optout.case import Case, read_summary
from optout.report.coverage import coverage
from optout.report.findings import MOST, Listing, Row
from optout.runs import readable_crawls
from optout.second_run import SecondRun, second_run

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True, slots=True)
class Changes:
    """What differs between two crawls of the same sites."""

    since: datetime  # the end of the earlier one
    counts: dict[str, int]  # by the names of `_NAMES`, each there
    listing: Listing  # columns of run_changes.sql
    partial: bool  # one of the two did not see everything
    second: SecondRun | None  # matches, hosts and signals that are new or gone


# change in the words of run_changes.sql, whether it is of an image → name of its number
_NAMES = {
    ("new", True): "images_new",
    ("not seen again", True): "images_gone",
    ("other bytes", True): "images_changed",
    ("new", False): "signals_new",
    ("gone", False): "signals_gone",
}


def changes_of(connection: duckdb.DuckDBPyConnection, case: Case) -> Changes | None:
    """What changed since the crawl before the latest; None when the same sites were not read
    twice. Raises CaseError for an unreadable summary."""
    from optout.database import dictionaries, relation

    crawls = readable_crawls([read_summary(run) for run in case.runs()])
    after = crawls[-1] if crawls else {}
    same = [crawl for crawl in crawls[:-1] if crawl.get("sites") == after.get("sites")]
    if not same:
        return None
    ids = {"run_id": after["run_id"], "previous_id": same[-1]["run_id"]}
    rows = dictionaries(relation(connection, "run_changes", **ids))
    found = Counter(_NAMES[row["change"], row["what"] == "image"] for row in rows)
    return Changes(
        since=datetime.fromisoformat(same[-1]["finished_at"]),
        counts={name: found[name] for name in _NAMES.values()},
        listing=Listing(tuple(map(_dress, rows[:MOST])), len(rows)),
        partial=any(coverage(connection, [run_id]).partial for run_id in ids.values()),
        second=second_run(connection, case),
    )


def _dress(row: Row) -> Row:
    return row | {"raw": row["raw"] or ""}

"""A searched case → what the search could not see, and which published filters its rows meet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from optout.case import Case
from optout.errors import CaseError
from optout.report.findings import Listing, Row
from optout.report.words import label

if TYPE_CHECKING:
    import duckdb

_NAMED = 3  # works called by their titles; more are counted


def blind_spots(case: Case, connection: duckdb.DuckDBPyConnection, most: int) -> Listing:
    """Per edition and way of searching: why it was closed, and for which works."""
    from optout.matching.blind_spots import blind_spots as spots

    try:
        found = spots(case)
    except CaseError:
        return Listing()
    titles = dict(
        connection.sql(
            "SELECT work_id, min_by(title, image_url) FROM works GROUP BY work_id"
        ).fetchall()
    )
    works = len({spot.work_id for spot in found})
    groups: dict[tuple[str, str, str, str], list[str]] = {}
    for spot in found:
        groups.setdefault((spot.dataset, spot.edition, spot.way, spot.reason), []).append(
            spot.work_id
        )
    rows: list[Row] = [
        {
            "edition": edition or dataset,
            "way": label("way", way),
            "reason": reason,
            "works": len(ids),
            "all": len(ids) == works,
            "titles": [titles.get(one) or one for one in ids[:_NAMED]] if len(ids) < works else [],
        }
        for (dataset, edition, way, reason), ids in sorted(groups.items())
    ]
    return Listing(tuple(rows[:most]), len(rows))


def filters(
    connection: duckdb.DuckDBPyConnection, shown: Sequence[str]
) -> tuple[tuple[Row, ...], dict[str, tuple[str, ...]]]:
    """Per published training stage how many rows meet its filter; and the lines of `shown`."""
    from optout.lineage.filters import COLUMNS, rows_lineage, stages

    names = ("match_id", "dataset", "edition", "dataset_file", "dataset_row", "strength", *COLUMNS)
    matches = connection.sql(f"SELECT {', '.join(names)} FROM matches").to_arrow_table()  # noqa: S608
    counted: dict[tuple[str, str], Row] = {}
    lines: dict[str, list[str]] = {}
    sources = {(stage.model, stage.name): stage.source for stage in stages()}
    wanted = set(shown)
    for one in rows_lineage(connection, matches):
        row = counted.setdefault(
            (one.model, one.stage),
            {"model": one.model, "stage": one.stage, "source": sources[one.model, one.stage]}
            | dict.fromkeys(("meets", "does_not_meet", "cannot_be_told", "told"), 0),
        )
        row[one.outcome] += 1
        row["told"] += one.outcome != "cannot_be_told"
        if one.match_id in wanted and one.outcome == "meets":
            lines.setdefault(one.match_id, []).append(one.words)
    return tuple(counted.values()), {key: tuple(value) for key, value in lines.items()}

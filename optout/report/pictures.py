"""The works on the page → a thumbnail of each, from the first kept file that gives one."""

from __future__ import annotations

from collections.abc import Sequence

from optout.case import Case
from optout.report.findings import Row
from optout.report.thumbnails import thumbnail

_TRIES = 3  # kept files per work: the same picture in other sizes


def pictures(case: Case, works: Sequence[Row]) -> dict[str, str]:
    """work_id → data: address. Empty where the crawl kept no files (`--keep-images`)."""
    from optout.database import dictionaries, open_case, relation

    ids = [work["work_id"] for work in works]
    if not ids:
        return {}
    with open_case(case) as connection:
        kept = dictionaries(relation(connection, "report_kept", work_ids=ids))
    files: dict[str, list[Row]] = {}
    for row in kept:
        files.setdefault(row["work_id"], []).append(row)
    made = {work_id: _first(case, rows[:_TRIES]) for work_id, rows in files.items()}
    return {work_id: address for work_id, address in made.items() if address}


def _first(case: Case, rows: Sequence[Row]) -> str | None:
    for row in rows:
        run = case.observations / f"run={row['run_id']}"
        if address := thumbnail(run, row["stored_as"]):
            return address
    return None

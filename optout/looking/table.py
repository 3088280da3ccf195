"""Answers, verdicts and candidates → looked_at/comparisons.parquet: one row per match and look."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from crawler.whole import whole
from optout.case import Case
from optout.errors import VisionError
from optout.looking.answers import Answer, Answers
from optout.looking.chosen import Candidate
from optout.looking.comparing import NOT_LOOKED_AT, Compared
from optout.looking.journal import Record
from optout.looking.limits import limits

if TYPE_CHECKING:
    import pyarrow as pa

NO_FILE_KEPT = "no picture file of the work that the row names was kept"
NOT_YET = "not asked yet"


def comparisons(
    case: Case,
    chosen: Sequence[Candidate],
    answers: Answers,
    compared: Compared,
    held: frozenset[str],
) -> pa.Table:
    """Every look at every match, oldest first, and one row for each match never looked at.

    Looks at matches of earlier searches stay, for when those are searched again.

    `held` are the works of which a picture was there to compare with: what differs from the
    others alone says nothing about a work that was not among them.
    """
    import pyarrow as pa

    from optout.tables import COMPARISONS

    rows = [
        {"case_id": case.case_id, "match_id": one.match_id, "url": one.url, **row}
        for one in chosen
        for row in _rows(one, answers, compared, held)
    ]
    table = pa.Table.from_pylist(rows, COMPARISONS)
    return pa.concat_tables([table, _of_others(case, {one.match_id for one in chosen})])


def _of_others(case: Case, ids: set[str]) -> pa.Table:
    """What the last comparisons.parquet holds of matches that are none of today's."""
    import pyarrow as pa
    import pyarrow.compute as pc

    from optout.matching.joined import kept_table
    from optout.tables import COMPARISONS

    before = kept_table(case.looked_at / "comparisons.parquet", COMPARISONS)
    known = pc.is_in(before["match_id"], pa.array(sorted(ids), pa.string()))
    return before.filter(pc.invert(known))


def _rows(
    one: Candidate, answers: Answers, compared: Compared, held: frozenset[str]
) -> Iterator[Record]:
    looks = answers.of(one.url)
    for number, answer in enumerate(looks, 1):
        latest = number == len(looks) and not one.refused
        yield {**_look(one, answer, compared, held), "latest": latest}
    if one.refused or not looks:
        yield {"verdict": NOT_LOOKED_AT, "reason": one.refused or NOT_YET, "latest": True}


def _look(one: Candidate, answer: Answer, compared: Compared, held: frozenset[str]) -> Record:
    row: Record = {
        "looked_at": answer.observed_at,
        "outcome": answer.outcome,
        "status": answer.status,
        "final_url": answer.final_url,
        "last_modified": answer.last_modified or None,
    }
    if answer.sha256 is None:
        gone = answer.status in limits().gone
        return {**row, "verdict": "gone" if gone else NOT_LOOKED_AT, "reason": answer.reason}
    found = compared.of(answer.sha256)
    if found is None:
        return {**row, "verdict": NOT_LOOKED_AT, "reason": NOT_YET, "sha256": answer.sha256}
    if found["verdict"] == "different" and one.work_id and one.work_id not in held:
        return {**found, **row, "verdict": NOT_LOOKED_AT, "reason": NO_FILE_KEPT}
    return {**found, **row}


def write(case: Case, table: pa.Table) -> None:
    """Write looked_at/comparisons.parquet, whole or as it was. Raises VisionError."""
    import pyarrow.parquet as pq

    path = case.looked_at / "comparisons.parquet"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole(path) as beside:
            pq.write_table(table, beside, compression="zstd")
    except OSError as error:
        raise VisionError(
            f"cannot write {path}: {error.strerror or error}", "free some space, then try again"
        ) from error

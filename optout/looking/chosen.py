"""The matches of a case → which addresses to ask for, and why the others are not looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from optout.case import Case
from optout.looking.limits import limits

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True, slots=True)
class Candidate:
    """One match; `refused` says why its address is not asked for, empty where it may be."""

    match_id: str
    url: str
    work_id: str | None
    image_url: str | None
    refused: str = ""


def candidates(
    connection: duckdb.DuckDBPyConnection, case: Case, *, withdrawn: bool = False
) -> list[Candidate]:
    """Every match of the case, in the order of its rows.

    Rows of withdrawn editions are asked for only `withdrawn`; those flagged as unsafe, and those
    that the user rejected, never.
    """
    from optout.database import dictionaries, relation
    from optout.report.decided import decided

    rows = dictionaries(
        relation(
            connection,
            "looking_rows",
            punsafe=limits().punsafe,
            nsfw=list(limits().nsfw),
            rejected=list(decided(case).rejected),
        )
    )
    return [
        Candidate(
            row["match_id"],
            row["url"] or "",
            row["work_id"],
            row["image_url"],
            _refused(row, withdrawn),
        )
        for row in rows
    ]


def _refused(row: dict[str, Any], withdrawn: bool) -> str:
    if row["no_address"]:
        return "the row has no web address"
    if row["flagged"]:
        return "flagged as unsafe: never asked for"
    if row["rejected"]:
        return "you rejected the row"
    if not withdrawn and _is_withdrawn(row["dataset"], row["edition"]):
        return "its edition was withdrawn by its makers: asked for only with --withdrawn"
    return ""


def _is_withdrawn(dataset: str, edition: str) -> bool:
    from optout.datasets.editions import find

    found = find(edition or "") or find(dataset or "")
    return bool(found and found[0].withdrawn)

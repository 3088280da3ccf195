"""A case's database → Seen: the latest observations as the records that checks look at."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from optout.case import Case
from optout.lint.seen import Alts, Answer, File, Packet, PageMeta, Picture, Seen
from optout.readers.subject import Hop

if TYPE_CHECKING:
    import duckdb


def gather(connection: duckdb.DuckDBPyConnection, case: Case) -> Seen:
    """Everything the current runs of `case` saw, in the order of the queries."""
    return Seen(
        files=tuple(map(_file, _rows(connection, "lint_files"))),
        answers=tuple(map(_answer, _rows(connection, "lint_answers"))),
        metas=tuple(PageMeta(**row) for row in _rows(connection, "lint_metas")),
        pictures=tuple(_picture(row, case) for row in _rows(connection, "lint_pictures")),
        packets=tuple(map(_packet, _rows(connection, "lint_packets"))),
        alts=Alts(**_rows(connection, "lint_alts")[0]),
        pages=tuple(row["url"] for row in _rows(connection, "lint_pages")),
        scanned={row["origin"]: row["observed_at"] for row in _rows(connection, "lint_scanned")},
    )


def _rows(connection: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
    from optout.database import dictionaries, relation

    return dictionaries(relation(connection, query))


def _file(row: dict[str, Any]) -> File:
    texts = {name: value or "" for name, value in row.items() if name not in _NUMBERS}
    return File(
        **texts,
        status=row["status"],
        body=row["body"],
        size=row["size"] or 0,
        truncated=bool(row["truncated"]),
    )


_NUMBERS = ("status", "body", "size", "truncated")


def _answer(row: dict[str, Any]) -> Answer:
    hops = (
        Hop(hop["url"], hop["status"], tuple((h["name"], h["value"]) for h in hop["headers"] or ()))
        for hop in row["chain"]
    )
    return Answer(row["subject"], row["url"], tuple(hops), row["observed_at"])


def _picture(row: dict[str, Any], case: Case) -> Picture:
    kept = row["stored_as"] and case.observations / f"run={row['run_id']}" / Path(row["stored_as"])
    return Picture(row["image_url"], tuple(row["pages"] or ()), kept or None)


def _packet(row: dict[str, Any]) -> Packet:
    return Packet(row["kind"], row["raw"], tuple(row["images"]), row["own"])

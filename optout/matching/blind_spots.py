"""A searched case → what could not be looked at: per work and edition each way that was closed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optout.case import Case
from optout.errors import CaseError

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True, slots=True)
class BlindSpot:
    """One way in which a work could not be looked for in an edition.

    `way` is file_hash, perceptual_hash, embedding or text.
    """

    work_id: str
    dataset: str
    edition: str
    way: str
    reason: str


def blind_spots(case: Case) -> list[BlindSpot]:
    """Every blind spot of the last searches (matches/ and similar/), in a fixed order.

    Raises CaseError when nothing has been searched for yet.
    """
    import pyarrow as pa

    from optout.database import dictionaries, open_case, relation

    editions = _editions(case)
    with open_case(case) as connection:
        connection.register("spot_works", pa.Table.from_pylist(_works(connection), _works_schema()))
        connection.register("spot_editions", pa.Table.from_pylist(editions, _editions_schema()))
        return [BlindSpot(**row) for row in dictionaries(relation(connection, "blind_spots"))]


def _works_schema() -> Any:
    import pyarrow as pa

    flags = ("has_hash", "has_picture", "has_text")
    return pa.schema([("work_id", pa.string()), *((name, pa.bool_()) for name in flags)])


def _editions_schema() -> Any:
    import pyarrow as pa

    flags = ("hashes", "picture_hashes", "captions", "vectors", "vectors_searched")
    texts = ("dataset", "edition", "looks_compared")
    columns = [(name, pa.string()) for name in texts] + [(name, pa.bool_()) for name in flags]
    return pa.schema(columns)


def _editions(case: Case) -> list[dict[str, Any]]:
    """Every edition searched by either search; what it can be asked for as datasets.toml says."""
    from optout.datasets import find
    from optout.embeddings.stored import FOLDER

    matched = _searched(case.matches / "summary.json")
    compared = _looks_compared(case.matches / "summary.json") if matched is not None else "none"
    alike = _searched(case.folder / FOLDER / "summary.json")
    if matched is None and alike is None:
        raise CaseError("nothing has been searched for yet", "first: optout match --dataset FILES")
    found = []
    for dataset, edition in sorted({*(matched or ()), *(alike or ())}):
        known = find(dataset)
        ask = known[0].ask if known else None
        found.append(
            {
                "dataset": dataset,
                "edition": edition,
                "hashes": None if ask is None else "md5" in ask or "sha256" in ask,
                "picture_hashes": None if ask is None else "phash" in ask,
                "looks_compared": compared if (dataset, edition) in (matched or ()) else "none",
                "captions": ask is None or "caption" in ask,
                "vectors": None if ask is None else "embeddings" in ask,
                "vectors_searched": (dataset, edition) in (alike or ()),
            }
        )
    return found


def _searched(summary: Path) -> set[tuple[str, str]] | None:
    try:
        data = json.loads(summary.read_text("utf-8"))
        return {(one["dataset"], one["edition"]) for one in data["datasets"]}
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _looks_compared(summary: Path) -> str:
    """Which picture hashes the last search found; earlier searches found none."""
    return str(json.loads(summary.read_text("utf-8")).get("picture_hashes", "none"))


def _works(connection: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """What there is of each work to search with."""
    from optout.database import relation
    from optout.works import case_works

    query = relation(connection, "case_images")
    connection.execute("DROP VIEW IF EXISTS case_images")
    query.to_table("case_images")
    hashed = {url for url, *_ in relation(connection, "case_files").fetchall()}
    kept = {url for url, *_ in relation(connection, "kept_pictures").fetchall()}
    told = {url for _, url in relation(connection, "case_texts").fetchall()}
    works: dict[str, dict[str, Any]] = {}
    for work in case_works(connection):
        entry = works.setdefault(
            work.work_id,
            {"work_id": work.work_id, "has_hash": False, "has_picture": False, "has_text": False},
        )
        entry["has_hash"] |= work.image_url in hashed
        entry["has_picture"] |= work.image_url in kept
        entry["has_text"] |= work.image_url in told
    return [works[name] for name in sorted(works)]

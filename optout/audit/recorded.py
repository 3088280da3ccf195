"""A case's observations → a store, so that an audit can go by them."""

from __future__ import annotations

from typing import Any

from crawler.urls import clean
from optout.audit.store import Answer, Copy, Store
from optout.case import Case
from optout.database import open_case, relation
from optout.readers.subject import Hop

_BATCH = 1000


def load(case: Case, store: Store) -> None:
    """Put the current site files and image answers of a case into `store`. Raises CaseError."""
    connection = open_case(case)
    try:
        for batch in relation(connection, "audit_site_files").to_arrow_table().to_batches(_BATCH):
            store.keep_site_files(_copy(row) for row in batch.to_pylist())
        for batch in relation(connection, "image_answers").to_arrow_table().to_batches(_BATCH):
            store.keep_answers(_answer(row) for row in batch.to_pylist())
    finally:
        connection.close()


def _copy(row: dict[str, Any]) -> Copy:
    return Copy(
        url=row["url"],
        origin=row["origin"],
        kind=row["kind"],
        final_url=row["final_url"] or row["url"],
        outcome=row["outcome"],
        reason=row["reason"] or "",
        status=row["status"],
        observed_at=row["observed_at"],
        fresh_until=row["observed_at"],
        body=row["body"],
    )


def _answer(row: dict[str, Any]) -> Answer:
    hops = tuple(
        Hop(hop["url"], hop["status"], tuple((h["name"], h["value"]) for h in hop["headers"] or ()))
        for hop in row["chain"] or ()
    )
    url = clean(row["image_url"]) or row["image_url"]
    return Answer(url, row["observed_at"], row["reason"] or "", hops)

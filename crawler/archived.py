"""An exchange that an archive kept → the same records as a page or robots.txt fetched today.

The readers are those of the crawl; only the time, and where the bytes lie, are the archive's.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from scrapy.http import Request, Response

from crawler.pages import page_record, site_file_record
from crawler.policy import KEPT_HEADERS, MAX_PAGE_BYTES
from crawler.scope import Scope
from crawler.tasks import Task

_MAX_VALUE = 100_000  # characters of one header line kept

Rows = Iterator[tuple[str, dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Archived:
    """One exchange of long ago. `url` is in clean form, `observed_at` ISO 8601 in UTC."""

    url: str
    observed_at: str
    status: int
    headers: tuple[tuple[str, str], ...]  # as served, repeated lines kept apart
    body: bytes  # decoded
    truncated: bool = False  # the archive, or we, kept only the first part
    address: str | None = None  # IP address that answered, where the archive says it
    found_on: str | None = None  # where in the archive it lies


def page_rows(kept: Archived, note: str | None = None) -> Rows:
    """(relation, row) of an archived page: itself, its metas, image references and headers.

    `note` is added to what the row says about it.
    """
    task = _task("page", kept)
    record = page_record(task, _response(task, kept), "fetched", None, Scope((kept.url,)))
    page = record["page"] | {"depth": None}
    page["reason"] = "; ".join(words for words in (page["reason"], note) if words) or None
    page["truncated"] = page["truncated"] or kept.truncated
    yield "pages", page
    yield from (("metas", row) for row in record["metas"])
    yield from (("elements", row) for row in record["elements"])
    yield from (("prose", row) for row in record["prose"])
    for row in record["image_refs"]:
        # What a group holds changes with the page: another capture has groups of its own.
        group = f"{row['image_group']}@{kept.observed_at}"
        stamp = {"observed_at": kept.observed_at, "image_group": group}
        yield "image_refs", row | stamp
    yield from _hops("page", task)


def robots_rows(kept: Archived, note: str | None = None) -> Rows:
    """(relation, row) of an archived robots.txt: its bytes (as base64) and headers."""
    task = _task("site_file", kept)
    record = site_file_record(task, _response(task, kept), "fetched", note)
    row = record["site_file"]
    yield "site_files", row | {"truncated": row["truncated"] or kept.truncated}
    yield from _hops("site_file", task)


def unpacked(relation: str, row: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """A row as it is written to Parquet: bytes that JSON cannot hold are bytes again."""
    if relation == "site_files" and row.get("body") is not None:
        return relation, row | {"body": base64.b64decode(row["body"])}
    return relation, row


def _task(kind: str, kept: Archived) -> Task:
    task = Task(kind, kept.url, kept.url, found_on=kept.found_on)
    lines = _lines(kept)
    task.hops.append(
        {
            "hop": 0,
            "hop_url": kept.url,
            "method": "GET",
            "status": kept.status,
            "location": next((li["value"] for li in lines if li["name"] == "location"), None),
            "address": kept.address,
            "headers": lines,
            "observed_at": kept.observed_at,
        }
    )
    return task


def _response(task: Task, kept: Archived) -> Response:
    meta = {"lines": task.hops[0]["headers"], "cap": MAX_PAGE_BYTES}
    request = Request(kept.url, meta=meta)
    return Response(kept.url, status=kept.status, body=kept.body, request=request)


def _lines(kept: Archived) -> list[dict[str, str]]:
    named = ((name.strip().lower(), value[:_MAX_VALUE]) for name, value in kept.headers)
    return [{"name": name, "value": value} for name, value in named if name in KEPT_HEADERS]


def _hops(subject: str, task: Task) -> Rows:
    yield from (("hops", hop | {"subject": subject, "url": task.url}) for hop in task.hops)

"""A request list → requests.csv, urls.txt, domains.txt and requests.jsonl as bytes.

Captions and addresses come from strangers: a cell never begins as a formula, a line of
urls.txt is always one http(s) address.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterable
from typing import Any

from optout.case import Case
from optout.requests.plain import cell, plain_url
from optout.requests.recipients import Recipient
from optout.requests.select import RequestList, Row

SCHEMA = {"schema": "optout-requests", "version": 1}

CSV_COLUMNS = (
    "request_id", "destination_id", "kind", "work_id", "work_title", "author", "original_url",
    "match_url", "page_url", "host", "match_type", "match_score", "dataset", "dataset_subset",
    "dataset_file", "dataset_row", "caption", "signal_found", "signal_value",
    "signal_first_seen", "signal_last_seen", "image_sha256", "image_phash", "http_status",
    "last_modified", "captured_at", "evidence_path", "licensed_use", "personal_data", "status",
    "sent_at", "due_at", "answer", "notes",
)  # fmt: skip
# Further fields of requests.jsonl.
JSON_FIELDS = ("match_id", "sample_id", "hash", "evidence", "contradiction", "confirmed")


def records(case: Case, asked: RequestList, licensed: frozenset[str]) -> list[Row]:
    """The typed rows of a list, in its order: CSV_COLUMNS and JSON_FIELDS."""
    made = [_row_record(case, asked, row, licensed) for row in asked.rows]
    if not asked.rows:
        made = [_domain_record(case, asked, domain) for domain in asked.domains]
    return made


def requests_csv(rows: Iterable[Row]) -> bytes:
    """UTF-8 with BOM, comma, CRLF, RFC 4180; no cell is a formula."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(CSV_COLUMNS)
    writer.writerows([cell(row[column]) for column in CSV_COLUMNS] for row in rows)
    return text.getvalue().encode("utf-8-sig", "replace")


def requests_jsonl(head: dict[str, Any], rows: Iterable[Row]) -> bytes:
    """One JSON object per line, ASCII; the first names the schema's version and `head`."""
    objects = [SCHEMA | head, *rows]
    return "".join(json.dumps(o, allow_nan=False) + "\n" for o in objects).encode("ascii")


def url_lists(recipient: Recipient, urls: Iterable[str | None]) -> dict[str, bytes]:
    """urls.txt, or urls.001.txt … where the recipient limits the length or hosts of a list.

    An address that is no readable http(s) address is left out; requests.csv still has its row.
    """
    plain = sorted({p for url in urls if (p := plain_url(url))})
    batches = _batches(recipient, plain)
    if not batches:
        return {}
    names = ["urls.txt"]
    if len(batches) > 1:
        names = [f"urls.{n:03}.txt" for n in range(1, len(batches) + 1)]
    return {name: lines(batch) for name, batch in zip(names, batches, strict=True)}


def lines(texts: Iterable[str]) -> bytes:
    """One text per line, LF, UTF-8 without BOM."""
    return "".join(f"{text}\n" for text in texts).encode("utf-8")


def request_id(asked: RequestList, subject: str) -> str:
    """The same for the same row (or domain), destination and kind, whenever it is written."""
    kind = asked.recipient.kind
    name = "\n".join([asked.recipient.id, kind.id if kind else "", subject])
    return "r-" + hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:16]


def _batches(recipient: Recipient, urls: list[str]) -> list[list[str]]:
    groups: dict[str, list[str]] = {}
    for url in urls:
        key = url.split("/")[2] if recipient.one_host_per_batch else ""
        groups.setdefault(key, []).append(url)
    size = recipient.batch_cap or max(len(urls), 1)
    return [
        group[start : start + size]
        for _, group in sorted(groups.items())
        for start in range(0, len(group), size)
    ]


def _blank(case: Case, asked: RequestList, subject: str) -> Row:
    kind = asked.recipient.kind
    row: Row = dict.fromkeys(CSV_COLUMNS + JSON_FIELDS)
    return row | {
        "request_id": request_id(asked, subject),
        "destination_id": asked.recipient.id,
        "kind": kind.id if kind else None,
        "author": "; ".join(case.names) or None,
        "licensed_use": "unknown",
        "personal_data": "yes" if kind and kind.shows_me else "no",
        "status": "draft",
    }


def _domain_record(case: Case, asked: RequestList, domain: str) -> Row:
    return _blank(case, asked, domain) | {"host": domain}


def _row_record(case: Case, asked: RequestList, row: Row, licensed: frozenset[str]) -> Row:
    copied = {key: row[key] for key in (CSV_COLUMNS + JSON_FIELDS) if key in row}
    return (
        _blank(case, asked, row["match_id"])
        | copied
        | {
            "original_url": row["image_url"],
            "match_url": row["url"],
            "match_type": row["strength"],
            "dataset_subset": row["edition"],
            "licensed_use": "yes" if row["host"] in licensed else "unknown",
            "notes": _notes(row),
        }
    )


def _notes(row: Row) -> str:
    parts = ["evidence: " + ", ".join(row["evidence"] or [])]
    if row["sample_id"]:
        parts.append(f"sample id {row['sample_id']}")
    if row["confirmed"]:
        parts.append("confirmed by the sender")
    if row["contradiction"]:
        parts.append(row["contradiction"])
    return " | ".join(parts)

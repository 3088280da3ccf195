"""A request list → its records, and requests.csv and requests.jsonl as bytes.

Captions and addresses come from strangers: a cell never begins as a formula.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import chain
from typing import Any

from optout.case import Case
from optout.cells import csv_file
from optout.requests.plain import cell
from optout.requests.plan import RequestList
from optout.requests.select import Row

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


def requests_csv(rows: Iterable[Row], separator: str = ",") -> bytes:
    """UTF-8 with BOM, CRLF, RFC 4180; no cell is a formula, also where `;` and `,` are confused."""
    other = "," if separator == ";" else ";"
    cells = ([cell(row[column], other) for column in CSV_COLUMNS] for row in rows)
    return csv_file(chain([CSV_COLUMNS], cells), separator)


def requests_jsonl(head: dict[str, Any], rows: Iterable[Row]) -> bytes:
    """One JSON object per line, ASCII; the first names the schema's version and `head`."""
    objects = [SCHEMA | head, *rows]
    return "".join(json.dumps(o, allow_nan=False) + "\n" for o in objects).encode("ascii")


def _blank(case: Case, asked: RequestList, subject: str) -> Row:
    row: Row = dict.fromkeys(CSV_COLUMNS + JSON_FIELDS)
    return row | {
        "request_id": asked.request_id(subject),
        "destination_id": asked.recipient.id,
        "kind": asked.kind.id,
        "author": "; ".join(case.names) or None,
        "licensed_use": "unknown",
        "personal_data": "yes" if asked.kind.shows_me else "no",
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

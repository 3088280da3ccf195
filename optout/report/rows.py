"""Rows of the queries → the same rows with the words that the page prints beside them."""

from __future__ import annotations

from optout.report.findings import Row
from optout.report.render import number
from optout.report.words import evidence_labels, label

# The row's own fields, in the order in which a person meets them; name in the page → column.
FIELDS = {
    "sample": "sample_id",
    "hash": "hash",
    "similarity": "similarity",
    "unsafe": "punsafe",
    "watermark": "pwatermark",
    "aesthetic": "aesthetic",
    "nsfw": "nsfw",
    "license": "license",
    "language": "language",
    "md5": "md5",
    "sha256": "sha256",
    "perceptual hash": "phash",
}


def match_in_words(row: Row, confirmed: bool) -> Row:
    """A row of report_matches.sql with `where`, `fields`, `confirmed` and labelled reasons."""
    labels = evidence_labels()
    reasons = [
        reason | {"label": labels.get(reason["kind"], reason["kind"].replace("_", " "))}
        for reason in row["reasons"]
    ]
    return row | {
        "where": label("place", row["place"]),
        "fields": _fields(row),
        "reasons": reasons,
        "confirmed": confirmed,
    }


def host_in_words(row: Row) -> Row:
    """A row of report_hosts.sql with `where`: whose the host is."""
    return row | {"where": ", ".join(label("place", place) for place in row["places"] if place)}


def _fields(row: Row) -> tuple[tuple[str, str], ...]:
    size = (
        (("pixels", f"{row['width']} × {row['height']}"),) if row["width"] and row["height"] else ()
    )
    return size + tuple(
        (name, value if isinstance(value, str) else number(value))
        for name, column in FIELDS.items()
        if (value := row[column]) not in (None, "")
    )

"""Observations of a case → what each host answered and says to each reader."""

from __future__ import annotations

from typing import TYPE_CHECKING

from optout.report.findings import ReaderVerdicts, Row
from optout.report.steps import builder
from optout.report.words import label

if TYPE_CHECKING:
    import duckdb

    from optout.readers.site import ReaderRow
    from optout.readers.verdicts import Verdict


def reader_verdicts(connection: duckdb.DuckDBPyConnection) -> tuple[ReaderVerdicts, ...]:
    """One row per host and reader, hosts in alphabetical order."""
    from optout.readers.site import reader_summary

    return tuple(_verdicts(row) for row in reader_summary(connection))


def signal_effects(connection: duckdb.DuckDBPyConnection) -> list[Row]:
    """One row per text of a site that says something, with the readers by its effect on them."""
    from optout.readers.effect import MISREADS, NOT_FOR_IT, OVERRULED, READS, UNSURE, effects
    from optout.readers.site import subjects
    from optout.readers.table import readers

    named = {
        "read": READS,
        "misread": MISREADS,
        "unsure": UNSURE,
        "others": NOT_FOR_IT,
        "overruled": OVERRULED,
    }
    return [
        {
            "host": row.host,
            "signal": row.signal,
            "line": row.said[0].line,
            "raw": row.raw,
            "scope": row.said[0].scope,
            "images": row.images,
            "asked": len(row.cells),
            "passed_over": len(row.by("ignores")),
            "whys": tuple(f"{cell.reader}: {cell.why}" for cell in row.by(MISREADS)),
            **{key: tuple(c.reader for c in row.by(effect)) for key, effect in named.items()},
        }
        for row in effects(subjects(connection), readers())
    ]


def robots_answer(row: Row) -> Row:
    """A row of report_sites.sql with its robots.txt in words (`robots`, `no_robots`, `builder`)."""
    outcome, status = row["robots_outcome"], row["robots_status"]
    if outcome is None:
        words = "not asked for"
    elif outcome != "fetched" or status is None:
        words = row["robots_reason"] or label("outcome", outcome)
    elif 200 <= status < 300:
        words = f"there, {row['robots_size'] or 0:,} bytes"
    elif 400 <= status < 500:
        kind = "none" if status in (404, 410) else "not shown"
        words = f"{kind} (answered {status}), which crawlers read as “everything allowed”"
    else:
        words = f"answered {status}"
    missing = outcome == "fetched" and status is not None and 400 <= status < 500
    return row | {"robots": words, "no_robots": missing, "builder": builder(row["origin"])}


def _verdicts(row: ReaderRow) -> ReaderVerdicts:
    return ReaderVerdicts(
        origin=row.origin,
        reader=row.reader.name,
        operator=row.reader.operator,
        purpose=row.reader.purpose,
        token=row.reader.token,
        by_header=not row.reader.token,
        allowed=row.allowed,
        disallowed=row.disallowed,
        unknown=row.unknown,
        verdict=label("verdict", row.deciding.value),
        deciding=_deciding(row.deciding),
        why=row.deciding.why,
        basis=row.reader.basis,
        source=row.reader.source,
        checked=row.reader.checked,
        builder=builder(row.origin),
    )


def _deciding(verdict: Verdict) -> str:
    """The raw text that decided, with its line and place."""
    if not verdict.raw:
        return ""
    line = f", line {verdict.line}" if verdict.line is not None else ""
    return f"{verdict.where}{line}: {verdict.raw}"

"""The ledger → JSON lines, each with a hash that also covers the line before it."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crawler.whole import whole
from optout.case import Case
from optout.ledger.read import open_ledger, periods

if TYPE_CHECKING:
    import duckdb

FORMAT = 1  # of the lines; a reader refuses a higher number


def export(case: Case, path: Path) -> tuple[int, str]:
    """Write the ledger to `path`, beside and renamed; (periods in it, SHA-256 of the file)."""
    digest = hashlib.sha256()
    count = -1  # the first line is no period
    with whole(path) as beside, beside.open("wb") as out:
        for line in export_lines(case):
            count += 1
            data = line.encode("ascii")
            digest.update(data)
            out.write(data)
    return count, digest.hexdigest()


def export_lines(case: Case) -> Iterator[str]:
    """The lines of an export: first the runs it is made from, then every period.

    The same observations give the same bytes. Raises CaseError when a file is damaged.
    """
    with open_ledger(case) as connection:
        previous = ""
        for record in _records(case, connection):
            body = json.dumps(record, ensure_ascii=True, separators=(",", ":"))
            previous = chained(previous, body)
            yield f'{body[:-1]},"hash":"{previous}"}}\n'


def chained(previous: str, body: str) -> str:
    """The hash of a line: SHA-256 of the hash before (nothing for the first) and the line's own
    JSON without `hash`."""
    return hashlib.sha256(f"{previous}{body}".encode("ascii", "backslashreplace")).hexdigest()


def run_hashes(case: Case) -> dict[str, str]:
    """Run → SHA-256 of its summary, which itself holds the hashes of the run's files."""
    from crawler.writer import SUMMARY, sha256_of

    return {run.name.removeprefix("run="): sha256_of(run / SUMMARY) for run in case.runs()}


def _records(case: Case, connection: duckdb.DuckDBPyConnection) -> Iterator[dict[str, Any]]:
    counted = connection.sql("SELECT count(*) FROM ledger_periods").fetchall()
    yield {
        "kind": "ledger",
        "format": FORMAT,
        "case": case.case_id,
        "as_of": _time(case.as_of()),
        "runs": [{"run": run, "summary_sha256": value} for run, value in run_hashes(case).items()],
        "periods": counted[0][0],
    }
    for row in periods(connection):
        yield {"kind": "period"} | {name: _plain(value) for name, value in _with_raw(row).items()}


def _with_raw(row: dict[str, Any]) -> dict[str, Any]:
    """The raw bytes as text where they are text, else in base64 under a name of their own."""
    raw = row["raw"]
    try:
        row["raw"] = None if raw is None else raw.decode("utf-8")
    except UnicodeDecodeError:
        row["raw"], row["raw_base64"] = None, base64.b64encode(raw).decode("ascii")
    return row


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return _time(value)
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items() if one is not None}
    return [_plain(one) for one in value] if isinstance(value, list) else value


def _time(value: datetime) -> str:
    return value.isoformat().replace("+00:00", "Z")

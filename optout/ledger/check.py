"""A case, and perhaps an exported ledger → what is no longer as it was recorded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optout.case import Case
from optout.errors import CaseError
from optout.ledger.export import run_hashes
from optout.ledger.exported import Exported, read_export
from optout.ledger.files import check_files, check_pictures
from optout.ledger.read import open_ledger

if TYPE_CHECKING:
    import duckdb

_TEXTS = ("subject", "place", "signal", "state", "sha256", "file", "observed_at")


@dataclass(frozen=True, slots=True)
class Checked:
    """What was compared, and everything that differs, one sentence each."""

    files: int  # with the hash kept when their run was closed
    records: int  # whose hash was computed anew from what was served
    unknown: tuple[str, ...]  # what there is nothing to compare with
    problems: tuple[str, ...]


def check(case: Case, exported: Path | None = None) -> Checked:
    """Compute every hash anew: of the runs' files, of the raw records, of an exported ledger.

    Raises CaseError when `exported` is no ledger or the summary of a run cannot be read.
    """
    found = check_files(case)
    ledger = read_export(exported) if exported else None
    problems, unknown = list(found.problems), list(found.unknown)
    if ledger is not None:
        problems += [*ledger.problems, *_runs(case, ledger)]
    if not found.readable:
        unknown.append("single records: a file must be readable for that")
        return Checked(found.count, 0, tuple(unknown), tuple(problems))
    try:
        problems += check_pictures(case)
        with open_ledger(case) as connection:
            count = _bodies(connection, problems)
            count += _sightings(connection, ledger, problems) if ledger else 0
    except CaseError as error:
        if not problems:
            raise
        unknown.append(f"single records: {error.message}")
        count = 0
    return Checked(found.count, count, tuple(unknown), tuple(problems))


def _runs(case: Case, ledger: Exported) -> Iterator[str]:
    """Runs that the export was made from, as they are now."""
    now = run_hashes(case)
    for run, said in ledger.runs.items():
        if run not in now:
            yield f"run={run}, which {ledger.name} was made from, is not in the case"
        elif now[run] != said:
            yield f"run={run}/summary.json is not the one that {ledger.name} was made from"


def _bodies(connection: duckdb.DuckDBPyConnection, problems: list[str]) -> int:
    """Files of hosts whose bytes do not give the hash beside them; how many were compared."""
    from optout.database import dictionaries, relation

    for row in dictionaries(relation(connection, "ledger_bodies")):
        problems.append(f"{_place(row)}: the bytes of {row['url']} do not give their hash")
    counted = connection.sql("SELECT count(*) FROM site_files WHERE body IS NOT NULL").fetchall()
    return int(counted[0][0])


def _sightings(connection: duckdb.DuckDBPyConnection, ledger: Exported, problems: list[str]) -> int:
    """Sightings of an export that the observations do not hold any more."""
    from optout.database import dictionaries, relation

    connection.register("ledger_exported", _table(ledger))
    for row in dictionaries(relation(connection, "ledger_differences")):
        problems.append(
            f"{_place(row)} does not say any more what line {row['line']} of {ledger.name} holds: "
            f"{row['signal']} of {row['place']}"
        )
    return len(ledger.sightings)


def _place(row: dict[str, Any]) -> str:
    rows = row["file_rows"]
    return f"{row['file']}, row{'s' if len(rows) > 1 else ''} {', '.join(map(str, rows))}"


def _table(ledger: Exported) -> Any:
    import pyarrow as pa

    columns: dict[str, Any] = {
        name: pa.array([_text(one[name]) for one in ledger.sightings], pa.string())
        for name in _TEXTS
    }
    columns["line"] = pa.array([one["line"] for one in ledger.sightings], pa.int64())
    rows = [_numbers(one["rows"]) for one in ledger.sightings]
    columns["file_rows"] = pa.array(rows, pa.list_(pa.int64()))
    return pa.table(columns)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) or value is None else repr(value)


def _numbers(value: Any) -> list[int]:
    """Row numbers; what is none of these fits no row."""
    whole = value if isinstance(value, list) else []
    return [one if type(one) is int and 0 <= one < 2**63 else -1 for one in whole]

"""Derived tables ↔ the files of matches/, whole or absent."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optout.case import Case
from optout.errors import CaseError

if TYPE_CHECKING:
    import pyarrow as pa

_BESIDE, _BEFORE = ".matches.partial", ".matches.before"


def previous_ids(case: Case) -> set[str]:
    """match_id of every match of the last search; none where there was none or it is damaged."""
    _recover(case)
    path = case.matches / "matches.parquet"
    if not path.is_file():
        return set()
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return set(pq.read_table(path, columns=["match_id"])["match_id"].to_pylist())
    except (pa.ArrowException, OSError, KeyError):
        # Everything in matches/ can be computed again; a damaged set must not stop that.
        shutil.rmtree(case.matches, ignore_errors=True)
        return set()


def earlier(case: Case, summary: dict[str, Any]) -> dict[str, pa.Table]:
    """The matches to compare with, as the table `matches_before`; `before` of `summary` is set.

    Those of the last search, if the sites have been read since; else those that it was compared
    with itself. Nothing where there is none, or where files are damaged.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    from optout import tables

    try:
        last = json.loads((case.matches / "summary.json").read_text("utf-8"))
        name, before = "matches", {"date": last["date"], "files": file_names(last)}
        if last["date"] == summary["date"]:
            name, before = "matches_before", last["before"]
        found = pq.read_table(case.matches / f"{name}.parquet", columns=tables.MATCHES_BEFORE.names)
        table = found.cast(tables.MATCHES_BEFORE)
    except (pa.ArrowException, OSError, ValueError, LookupError, TypeError, AttributeError):
        return {}
    summary["before"] = before
    return {"matches_before": table}


def file_names(searched: dict[str, Any]) -> list[str]:
    """The files that a search read (its summary.json), each as data set, edition and name."""
    return [
        "\n".join(filter(None, (one["dataset"], one["edition"], file["file"])))
        for one in searched.get("datasets", [])
        for file in one.get("files", [])
    ]


def write(case: Case, tables: dict[str, pa.Table], summary: dict[str, Any]) -> None:
    """Write beside, then put in place of the last search. Raises CaseError, the last one intact."""
    import pyarrow.parquet as pq

    beside, before = case.folder / _BESIDE, case.folder / _BEFORE
    try:
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir(parents=True)
        for name, table in tables.items():
            pq.write_table(table, beside / f"{name}.parquet", compression="zstd")
        text = json.dumps(summary, ensure_ascii=False, indent=2)
        (beside / "summary.json").write_text(text + "\n", "utf-8", errors="replace")
        shutil.rmtree(before, ignore_errors=True)
        if case.matches.exists():
            case.matches.rename(before)
        beside.rename(case.matches)
    except OSError as error:
        _recover(case)
        raise CaseError(
            f"cannot write {case.matches}: {error.strerror or error}",
            "free some space or check the folder, then search again",
        ) from error
    shutil.rmtree(before, ignore_errors=True)


def _recover(case: Case) -> None:
    # A search that was killed between its two renames leaves the last result under another name.
    before: Path = case.folder / _BEFORE
    if before.is_dir() and not case.matches.exists():
        before.rename(case.matches)
    shutil.rmtree(case.folder / _BESIDE, ignore_errors=True)

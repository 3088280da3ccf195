"""The files of the runs → which are not as they were when their run was closed, and where."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from optout.case import Case, read_summary


@dataclass(slots=True)
class Files:
    """What was compared. `readable` is False when rows cannot be read any more."""

    count: int = 0
    unknown: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    readable: bool = True


def check_files(case: Case) -> Files:
    """Every file of every run against the hash in its summary, and the summaries' own chain."""
    found = Files()
    summaries = {run.name: read_summary(run) for run in case.runs()}
    for run in case.runs():
        summary = summaries[run.name]
        kept = summary.get("files")
        if isinstance(kept, dict):
            _check_run(run, kept, found)
        else:
            found.unknown.append(f"{run.name}: it was closed before hashes of files were kept")
        _check_previous(case, run.name, summary.get("previous"), found)
    return found


def _check_run(run: Path, kept: dict[str, Any], found: Files) -> None:
    from crawler.writer import file_hashes

    there = file_hashes(run)
    found.count += len(kept)
    for name, value in sorted(kept.items()):
        if name not in there:
            found.problems.append(f"{run.name}/{name} is missing")
        elif there[name] != value:
            where, readable = _where(run / name)
            found.readable = found.readable and readable
            found.problems.append(f"{run.name}/{name} was changed{where}")
    for name in sorted(there.keys() - kept.keys()):
        found.problems.append(f"{run.name}/{name} was not there when the run was closed")


def _check_previous(case: Case, run: str, previous: Any, found: Files) -> None:
    from crawler.writer import SUMMARY, sha256_of

    if not isinstance(previous, dict):
        return
    before = case.observations / f"run={previous.get('run_id')}"
    if not (before / SUMMARY).is_file():
        found.unknown.append(f"{before.name}: {run} follows it, and it is not in the case")
    elif sha256_of(before / SUMMARY) != previous.get("sha256"):
        found.problems.append(f"{before.name}/{SUMMARY} was changed after {run} was closed")


def _where(path: Path) -> tuple[str, bool]:
    """Which rows of a changed file are hit, in words, and whether all can still be read."""
    if path.suffix != ".parquet":
        return "", True
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            hit = list(_broken(file))
    except (pa.ArrowException, OSError, ValueError):
        return ", so that it cannot be read", False
    return (f", in {'; '.join(hit)}" if hit else ""), not hit


def _broken(file: Any) -> Iterator[str]:
    """Parts whose bytes do not give their checksum: a batch of rows, a column."""
    import pyarrow as pa

    start = 0
    for group in range(file.num_row_groups):
        end = start + file.metadata.row_group(group).num_rows
        for column in file.schema_arrow.names:
            try:
                file.read_row_group(group, columns=[column])
            except (pa.ArrowException, OSError, ValueError):
                rows = f"rows {start} to {end - 1}" if end - start > 1 else f"row {start}"
                yield f"{rows}, column {column}"
        start = end


def check_pictures(case: Case) -> Iterator[str]:
    """Kept image files (`--keep-images`) that are not exactly those that were recorded."""
    import pyarrow.parquet as pq

    for run in case.runs():
        table = run / "images.parquet"
        if not (run / "images").is_dir() or not table.is_file():
            continue
        rows = pq.read_table(table, columns=["stored_as", "sha256"]).to_pylist()
        kept = {number: row for number, row in enumerate(rows) if row["stored_as"] is not None}
        yield from _changed(run, kept)
        names = {row["sha256"] for row in kept.values()}
        for file in sorted((run / "images").iterdir()):
            if file.name not in names:
                yield f"{run.name}/images/{file.name} is not in images.parquet"


def _changed(run: Path, kept: dict[int, dict[str, Any]]) -> Iterator[str]:
    """Rows whose file does not hold the bytes that were recorded."""
    from crawler.writer import sha256_of

    for number, row in kept.items():
        # Its name is its hash, nothing else: no path leads out of the folder.
        file = run / "images" / (row["sha256"] or "")
        whole = (row["sha256"] or "").isalnum() and file.is_file()
        if not whole or sha256_of(file) != row["sha256"]:
            yield f"{run.name}/{row['stored_as']} is not as row {number} of images.parquet says"

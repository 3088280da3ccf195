"""Data files → an index; several indexes → one. A build that was stopped goes on where it was.

The folder holds `.build/` until all is finished: the plan, sorted runs, spilled memory. Each part
is written beside and renamed, so what is there is whole; the manifest comes last.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optout.datasets import DataFile
from optout.index import layout
from optout.index.layout import Copied, Manifest, Source
from optout.index.plan import (
    begin,
    each_once,
    finished,
    for_database,
    refuse_twice,
    rows_at_once,
    rows_in,
    runs,
    spilling,
)
from optout.index.work import Progress, Steps, told

if TYPE_CHECKING:
    import duckdb

    # Writes the table of rows into the index, by way of the folder of the build's state.
    WriteRows = Callable[[duckdb.DuckDBPyConnection, Path, Steps], None]


@dataclass(frozen=True, slots=True)
class _Work:
    """What building and merging are told alike."""

    out: Path
    memory: str
    threads: int | None
    progress: Progress | None
    copies: Sequence[Copied]
    rows: int  # about, of all


def build(
    files: Sequence[DataFile],
    out: Path,
    *,
    before: Sequence[DataFile] = (),
    memory: str = "4GB",
    threads: int | None = None,
    progress: Progress | None = None,
) -> Manifest:
    """Make an index of `files` in `out`, or go on making it.

    A file that is the copy of another is left out, also where that is one of those `before`, which
    an index to be merged with this one holds.
    Raises DatasetError for a damaged or changed file, for a folder that holds something else, and
    when the disk is full; what is finished then stays.
    """
    from optout.index.sources import source

    files, copies = each_once(files, before)
    sources = [source(file) for file in files]
    done = finished(out, sources)
    if done:
        return done
    together = runs(files, rows_at_once(memory))

    def rows(connection: duckdb.DuckDBPyConnection, state: Path, steps: Steps) -> None:
        from optout.index.rows import columns_of, join_runs, write_run
        from optout.index.sources import refuse_changed

        columns, folders = columns_of(files), []
        for number, run in enumerate(together):
            folder = state / f"run-{number:05}"
            folders.append((0, folder))
            if not folder.is_dir():
                with steps.step(f"rows {number}", connection):
                    write_run(connection, run, columns, folder)
                refuse_changed([sources[place] for place, _ in run])
        most = rows_at_once(memory)
        join_runs(connection, out, state, folders, columns=columns, most=most, steps=steps)

    whole = sum(file.size for file in files)
    weights = {
        f"rows {number}": sum(file.size for _, file in run) / whole
        for number, run in enumerate(together)
    }
    plan = {"sources": [asdict(one) for one in sources]}
    if len(together) > 1:
        weights["merging"] = 1.0
    work = _Work(out, memory, threads, progress, copies, sum(map(rows_in, files)))
    return _make(work, plan, sources, rows, weights)


def merge(
    indexes: Sequence[Path],
    out: Path,
    *,
    memory: str = "4GB",
    threads: int | None = None,
    progress: Progress | None = None,
) -> Manifest:
    """Make one index of several, the sources in their order. Raises DatasetError as `build`."""
    manifests = [layout.read_manifest(index) for index in indexes]
    sources = [one for manifest in manifests for one in manifest.sources]
    refuse_twice(sources)
    done = finished(out, sources)
    if done:
        return done

    def rows(connection: duckdb.DuckDBPyConnection, state: Path, steps: Steps) -> None:
        from optout.index.rows import columns_together, join_runs

        starts = [sum(len(m.sources) for m in manifests[:place]) for place in range(len(manifests))]
        folders = [index / "rows" for index in indexes]
        join_runs(
            connection,
            out,
            state,
            list(zip(starts, folders, strict=True)),
            columns=columns_together(folders),
            most=rows_at_once(memory),
            steps=steps,
        )

    plan = {"indexes": [asdict(one) for one in manifests]}
    copies = [one for manifest in manifests for one in manifest.same_content]
    work = _Work(out, memory, threads, progress, copies, sum(one.rows() for one in manifests))
    return _make(work, plan, sources, rows, {"merging": 1.0})


def _make(
    work: _Work,
    plan: dict[str, Any],
    sources: Sequence[Source],
    rows: WriteRows,
    weights: dict[str, float],
) -> Manifest:
    """The steps that building and merging share."""
    from optout.database import bounded
    from optout.index.finish import all_files, counted, manifest_of
    from optout.index.tables import WEIGHTS, add_bounds, files_of, write_tables

    out, state = work.out, begin(work.out, plan)
    steps = Steps(work.progress, {**weights, **WEIGHTS})
    with told(out):
        spill = spilling(work.rows, work.memory)
        memory = for_database(work.memory)
        connection = bounded(memory, work.threads, state / "spill", spilling=spill)
        try:
            if not (out / "rows").is_dir():
                rows(connection, state, steps)
            write_tables(connection, files_of(out / "rows"), out, state, steps)
            add_bounds(out, state, steps)
            sources = counted(connection, sources)
        finally:
            connection.close()
        built = {"memory": work.memory, "threads": work.threads}
        manifest = manifest_of(sources, all_files(out), built, work.copies)
        layout.write_manifest(out, manifest)
    shutil.rmtree(state, ignore_errors=True)
    return manifest

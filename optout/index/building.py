"""Data files → an index; several indexes → one. A build that was stopped goes on where it was.

The folder holds `.build/` until all is finished: the plan, sorted runs, spilled memory. Each part
is written beside and renamed, so what is there is whole; the manifest comes last.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optout import __version__
from optout.datasets import DataFile
from optout.errors import DatasetError
from optout.index import layout
from optout.index.layout import Manifest, Source, TableFile
from optout.index.work import Progress, Steps, told

if TYPE_CHECKING:
    import duckdb

_STATE = ".build"
_BYTES_A_ROW = 160  # of the memory allowed: so many rows are sorted at a time, the rest is spilled
_ROWS = "rows"


def build(
    files: Sequence[DataFile],
    out: Path,
    *,
    memory: str = "4GB",
    threads: int | None = None,
    captions: bool = False,
    progress: Progress | None = None,
) -> Manifest:
    """Make an index of `files` in `out`, or go on making it.

    Raises DatasetError for a damaged or changed file, for a folder that holds something else, and
    when the disk is full; what is finished then stays.
    """
    from optout.index.sources import refuse_changed, source

    sources = [source(file) for file in files]
    plan: dict[str, Any] = {"sources": [asdict(one) for one in sources], "captions": captions}
    done = _finished(out, plan)
    if done:
        return done
    runs = _runs(files, memory)
    columns = _columns(files)

    def rows(connection: duckdb.DuckDBPyConnection, state: Path, steps: Steps) -> None:
        from optout.index.rows import write_run

        folders = []
        for number, run in enumerate(runs):
            folder = state / f"run-{number:05}"
            folders.append(folder)
            if not folder.is_dir():
                with steps.step(f"{_ROWS} {number}", connection):
                    write_run(connection, run, columns, folder)
                refuse_changed([sources[place] for place, _ in run])
        _merged(
            connection,
            out,
            state,
            [(0, f) for f in folders],
            columns=columns,
            memory=memory,
            steps=steps,
        )

    weights = {
        f"{_ROWS} {number}": sum(file.size for _, file in run) / sum(f.size for f in files)
        for number, run in enumerate(runs)
    }
    if len(runs) > 1:
        weights["merging"] = 1.0
    return _make(
        out,
        plan,
        sources,
        rows,
        weights=weights,
        memory=memory,
        threads=threads,
        captions=captions,
        progress=progress,
    )


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
    _refuse_twice(sources)
    captions = all(set(layout.CAPTION_LEVELS) <= set(one.levels) for one in manifests)
    plan = {"indexes": [asdict(one) for one in manifests], "captions": captions}
    done = _finished(out, {"sources": [asdict(one) for one in sources], "captions": captions})
    if done:
        return done

    def rows(connection: duckdb.DuckDBPyConnection, state: Path, steps: Steps) -> None:
        starts = [sum(len(m.sources) for m in manifests[:place]) for place in range(len(manifests))]
        folders = [index / _ROWS for index in indexes]
        columns = _columns_of_files(connection, folders)
        _merged(
            connection,
            out,
            state,
            list(zip(starts, folders, strict=True)),
            columns=columns,
            memory=memory,
            steps=steps,
        )

    return _make(
        out,
        plan,
        sources,
        rows,
        weights={"merging": 1.0},
        memory=memory,
        threads=threads,
        captions=captions,
        progress=progress,
    )


def _refuse_twice(sources: Sequence[Source]) -> None:
    seen: set[tuple[str, str, str]] = set()
    for one in sources:
        name = (one.dataset, one.edition, one.name)
        if name in seen:
            raise DatasetError(
                f"{one.name} of {one.edition or one.dataset} is in more than one of these indexes",
                "merge indexes of different files",
            )
        seen.add(name)


def _make(
    out: Path,
    plan: dict[str, Any],
    sources: Sequence[Source],
    rows: Any,
    *,
    weights: dict[str, float],
    memory: str,
    threads: int | None,
    captions: bool,
    progress: Progress | None,
) -> Manifest:
    """The steps that building and merging share."""
    from optout.database import bounded
    from optout.index.tables import WEIGHTS, write_tables

    state = _begin(out, plan)
    kinds = [*layout.TABLES, *(layout.CAPTION_TABLES if captions else ())][1:]
    steps = Steps(progress, {**weights, **{kind: WEIGHTS[kind] for kind in kinds}})
    with told(out):
        connection = bounded(memory, threads, state / "spill")
        try:
            if not (out / _ROWS).is_dir():
                rows(connection, state, steps)
            write_tables(connection, out, state, captions, steps)
            sources = _counted(connection, sources)
        finally:
            connection.close()
        manifest = _manifest(out, sources, kinds, {"memory": memory, "threads": threads})
        layout.write_manifest(out, manifest)
    shutil.rmtree(state, ignore_errors=True)
    return manifest


def _finished(out: Path, plan: dict[str, Any]) -> Manifest | None:
    """The index that is there already. Raises DatasetError when it is another one."""
    if not (out / layout.MANIFEST).exists():
        return None
    manifest = layout.read_manifest(out)
    captions = set(layout.CAPTION_LEVELS) <= set(manifest.levels)
    if [_place(asdict(one)) for one in manifest.sources] != [
        _place(one) for one in plan["sources"]
    ] or (plan["captions"] and not captions):
        raise DatasetError(
            f"{out} holds an index of other files, or of an earlier state of them",
            "name another folder with --out",
        )
    return manifest


def _place(source: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(source[name] for name in ("dataset", "edition", "name", "size", "sha256"))


def _begin(out: Path, plan: dict[str, Any]) -> Path:
    """The folder of the build's state; a plan that is there must be the same."""
    state, text = out / _STATE, json.dumps({**plan, "rules": layout.rules_digest()}, indent=1)
    if state.is_dir():
        kept = state / "plan.json"
        if kept.is_file() and kept.read_text("utf-8", errors="replace") != text:
            raise DatasetError(
                f"{out} holds an unfinished index of other files, or these have changed since",
                f"name another folder with --out, or delete {out}",
            )
    elif out.is_dir() and any(out.iterdir()):
        raise DatasetError(f"{out} is not empty", "name a new folder with --out")
    state.mkdir(parents=True, exist_ok=True)
    layout.replace_text(state / "plan.json", text)
    return state


def _runs(files: Sequence[DataFile], memory: str) -> list[list[tuple[int, DataFile]]]:
    """Numbered files in groups that are sorted together."""
    most = rows_at_once(memory)
    runs: list[list[tuple[int, DataFile]]] = [[]]
    rows = 0
    for numbered in enumerate(files):
        # A text file does not say how many rows it has; each has a hundred bytes or more.
        size = numbered[1].columns.rows or numbered[1].size // 100
        if runs[-1] and rows + size > most:
            runs.append([])
            rows = 0
        runs[-1].append(numbered)
        rows += size
    return runs


_UNITS = {"": 1, "k": 1000, "m": 10**6, "g": 10**9, "t": 10**12}


def rows_at_once(memory: str) -> int:
    """How many rows are sorted together. Raises DatasetError for what is no size.

    >>> rows_at_once("4GB")
    25000000
    """
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?\s*", memory, re.I)
    if not found:
        raise DatasetError(f"{memory!r} is no size", "write for example --memory 4GB")
    return max(1, int(float(found[1]) * _UNITS[found[2].lower()] / _BYTES_A_ROW))


def _columns(files: Sequence[DataFile]) -> list[str]:
    from optout.index.rows import columns_of

    return columns_of(files)


def _columns_of_files(connection: duckdb.DuckDBPyConnection, folders: Sequence[Path]) -> list[str]:
    from optout.index.tables import files_of

    found: set[str] = set()
    for folder in folders:
        relation = connection.read_parquet(files_of(folder)[:1])
        found |= set(relation.columns)
    return [name for name in layout.ROWS if name in found]


def _merged(
    connection: duckdb.DuckDBPyConnection,
    out: Path,
    state: Path,
    runs: Sequence[tuple[int, Path]],
    *,
    columns: Sequence[str],
    memory: str,
    steps: Steps,
) -> None:
    """Put `runs` together as the table of rows."""
    from optout.index.rows import merge_runs
    from optout.index.tables import files_of

    if len(runs) == 1 and runs[0][1].parent == state:
        runs[0][1].rename(out / _ROWS)
        return
    found = [(first, files_of(folder)) for first, folder in runs]
    rows = sum(_row_count(connection, files) for _, files in found)
    pieces = max(1, -(-rows // rows_at_once(memory)))
    with steps.step("merging", connection):
        folders = merge_runs(connection, found, columns, pieces, state)
    whole = state / ".rows.partial"
    whole.mkdir(exist_ok=True)
    number = len(files_of(whole))
    for folder in folders:
        for file in files_of(folder):
            Path(file).rename(whole / f"part-{number:05}.parquet")
            number += 1
    whole.rename(out / _ROWS)


def _row_count(connection: duckdb.DuckDBPyConnection, files: Sequence[str]) -> int:
    [(rows,)] = connection.read_parquet(list(files)).count("*").fetchall()
    return int(rows)


def _counted(connection: duckdb.DuckDBPyConnection, sources: Sequence[Source]) -> list[Source]:
    """The sources with their numbers of rows, and of rows without a readable address."""
    from optout.index.counts import unread
    from optout.index.tables import source_counts

    rows, without = source_counts(connection), unread(connection)
    return [
        replace(one, rows=rows.get(number, 0), **without.get(number, {}))
        for number, one in enumerate(sources)
    ]


def _manifest(
    out: Path, sources: Sequence[Source], kinds: Sequence[str], built: dict[str, Any]
) -> Manifest:
    from optout.index.hosts import covered_domains

    captions = layout.CAPTION_LEVELS if "words" in kinds else ()
    return Manifest(
        layout.FORMAT,
        __version__,
        layout.rules_digest(),
        (*layout.LEVELS, *captions),
        tuple(sorted(covered_domains())),
        tuple(sources),
        {table: table_files(out, table) for table in (_ROWS, *kinds)},
        built,
    )


def table_files(out: Path, table: str) -> tuple[TableFile, ...]:
    """The files of a table as they are, with their hashes."""
    import pyarrow.parquet as pq

    def look(path: Path) -> TableFile:
        rows = pq.read_metadata(path).num_rows
        name = f"{table}/{path.name}"
        return TableFile(name, rows, path.stat().st_size, layout.digest(path))

    with ThreadPoolExecutor(2) as pool:
        return tuple(pool.map(look, sorted((out / table).glob("part-*.parquet"))))

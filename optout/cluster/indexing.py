"""Data files → an index, by tasks of Ray: the one that optout.index.build makes of them.

First each source file is sorted for itself. Cuts, found by samples, share the rows out in pieces,
and each piece is merged from all sorted files. The other tables go the same way: each group of
rows gives a sorted run of every table, and runs are merged piece by piece. What is finished lies
in the folder of the build, which every machine sees, so that a lost worker costs its own task and
a build that was stopped goes on.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optout import __version__
from optout.cluster import index_tasks as tasks
from optout.cluster.session import Cluster, require_seen
from optout.cluster.tasks import each
from optout.errors import ClusterError
from optout.index import layout
from optout.index.bounds import bounds_name
from optout.index.finish import manifest_of, paths_of
from optout.index.pieces import cuts
from optout.index.plan import begin, each_once, finished, rows_at_once, rows_in, size, spilling
from optout.index.rows import columns_of
from optout.index.sources import source
from optout.index.tables import files_of
from optout.index.work import told

if TYPE_CHECKING:
    from optout.datasets import DataFile
    from optout.index.layout import Manifest, Source, TableFile
    from optout.index.pieces import Between
    from optout.index.work import Progress

# Steps, and how long each takes in parts of the time for sorting the files.
_WEIGHTS = {
    "sorting files": 1.0,
    "counting": 0.1,
    "merging": 1.0,
    "sorting tables": 0.8,
    "merging tables": 0.4,
    "bounds": 0.05,
    "hashing": 0.1,
}


def build(
    files: Sequence[DataFile],
    out: Path,
    cluster: Cluster,
    *,
    before: Sequence[DataFile] = (),
    memory: str = "4GB",
    progress: Progress | None = None,
) -> Manifest:
    """Make an index of `files` in `out`, or go on making it; each task has `memory` to sort in.

    Raises DatasetError as optout.index.build, ClusterError where a machine does not see the files
    or has too little memory, and when tasks are lost again and again.
    """
    _refuse_little(cluster, memory)
    files, copies = each_once(files, before)
    sources = [source(file) for file in files]
    done = finished(out, sources)
    if done:
        return done
    state = begin(out, {"sources": [asdict(one) for one in sources]}).absolute()
    if len(cluster.nodes) > 1:
        require_seen(cluster, state)
        require_seen(cluster, Path(sources[0].path))
    spill = spilling(sum(map(rows_in, files)), memory)
    columns = tuple(columns_of(files))
    shared = tasks.Build(out.absolute(), state, columns, memory, __version__, spill)
    with told(out):
        built = _Building(shared, cluster, _Told(progress))
        counted = built.rows(files, sources)
        how = {"memory": memory, "threads": cluster.processors}
        manifest = manifest_of(counted, built.tables(), how, copies)
        layout.write_manifest(out, manifest)
    shutil.rmtree(state, ignore_errors=True)
    return manifest


def _refuse_little(cluster: Cluster, memory: str) -> None:
    if size(memory) > cluster.memory:
        raise ClusterError(
            f"no machine of the cluster has {memory} for one task, "
            f"the largest {cluster.memory / 1e9:.1f}GB for all",
            "allow less with --memory; what does not fit is sorted on disk",
        )


class _Told:
    """Shares of steps → a share of the whole."""

    def __init__(self, progress: Progress | None) -> None:
        self._progress = progress
        self._total = sum(_WEIGHTS.values())

    def step(self, name: str) -> Callable[[int, int], None]:
        names = list(_WEIGHTS)
        before = sum(_WEIGHTS[one] for one in names[: names.index(name)])

        def tell(done: int, of: int) -> None:
            if self._progress:
                share = before + _WEIGHTS[name] * done / max(of, 1)
                self._progress(name, share / self._total)

        return tell


class _Building:
    """One build: its folders, and the waves of tasks that fill them."""

    def __init__(self, build: tasks.Build, cluster: Cluster, told: _Told) -> None:
        self._build, self._told = build, told
        self._pieces = 2 * cluster.processors
        self._memory = size(build.memory)

    def rows(self, files: Sequence[DataFile], sources: Sequence[Source]) -> list[Source]:
        """Make the table of rows; the sources with what was counted in them."""
        state = self._build.state
        runs = [state / f"file-{number:05}" for number in range(len(files))]
        calls = [
            (number, replace(file, path=Path(sources[number].path)), sources[number], runs[number])
            for number, file in enumerate(files)
        ]
        self._each(tasks.sort_file, calls, "sorting files")
        each_run = [files_of(run) for run in runs]
        counted = self._each(tasks.count_file, list(enumerate(each_run)), "counting")
        total = sum(rows for rows, _ in counted)
        # So many that every worker has some.
        self._pieces = max(-(-total // rows_at_once(self._build.memory)), self._pieces)
        if not (self._build.out / "rows").is_dir():
            self._merge_rows(each_run)
        return [
            replace(one, rows=rows, **unread)
            for one, (rows, unread) in zip(sources, counted, strict=True)
        ]

    def tables(self) -> dict[str, tuple[TableFile, ...]]:
        """Make the other tables; the files of all, with their hashes."""
        out = self._build.out
        missing = [kind for kind in layout.TABLES if not (out / kind).is_dir()]
        if missing:
            self._merge_tables(missing, self._table_runs())
        if not (out / layout.BOUNDS).is_dir():
            self._add_bounds()
        kinds = (*layout.TABLES, layout.BOUNDS)
        paths = [(path,) for kind in kinds for path in paths_of(out, kind)]
        described = each(tasks.describe, paths, tell=self._told.step("hashing"))
        return {
            kind: tuple(one for one in described if one.file.startswith(f"{kind}/"))
            for kind in kinds
        }

    def _merge_rows(self, runs: Sequence[Sequence[str]]) -> None:
        samples = self._each(tasks.sample, [("rows", run) for run in runs])
        between = cuts(samples, self._pieces)
        files = [file for run in runs for file in run]
        numbers = self._each(tasks.rows_between, [(files, one) for one in between])
        starts = [sum(numbers[:place]) for place in range(len(numbers))]
        folders = self._folders("rows", between)
        calls = [(files, *one) for one in zip(between, starts, folders, strict=True)]
        self._each(tasks.write_rows, calls, "merging")
        self._put_together("rows", folders)

    def _table_runs(self) -> list[Path]:
        """Runs of all narrow tables, one for each group of files of rows."""
        groups = _groups(files_of(self._build.out / "rows"), self._pieces)
        runs = [self._build.state / f"tables-{_digest(group)}" for group in groups]
        self._each(tasks.table_runs, list(zip(groups, runs, strict=True)), "sorting tables")
        return runs

    def _merge_tables(self, kinds: Sequence[str], runs: Sequence[Path]) -> None:
        each_run = [(kind, files_of(run / kind)) for kind in kinds for run in runs]
        samples = self._each(tasks.sample, each_run)
        calls: list[tuple[Any, ...]] = []
        folders: dict[str, list[Path]] = {}
        for kind in kinds:
            theirs = [s for (name, _), s in zip(each_run, samples, strict=True) if name == kind]
            files = [file for name, found in each_run if name == kind for file in found]
            between = cuts(theirs, len(runs))
            folders[kind] = self._folders(kind, between)
            calls += [(kind, files, *one) for one in zip(between, folders[kind], strict=True)]
        self._each(tasks.write_table, calls, "merging tables")
        for kind in kinds:
            self._put_together(kind, folders[kind])

    def _add_bounds(self) -> None:
        made = self._build.state / layout.BOUNDS
        paths = [path for table in layout.TABLES for path in paths_of(self._build.out, table)]
        calls = [(path, made / bounds_name(path)) for path in paths]
        self._each(tasks.write_bounds_of, calls, "bounds")
        made.rename(self._build.out / layout.BOUNDS)

    def _folders(self, table: str, between: Sequence[Between]) -> list[Path]:
        # Named by all cuts: a build that goes on with other workers may cut elsewhere, and must
        # not take a folder for finished whose files were already put together.
        name = f"{table}-{_digest(between)}"
        return [self._build.state / f"{name}-{number:05}" for number in range(len(between))]

    def _put_together(self, table: str, folders: Sequence[Path]) -> None:
        whole = self._build.state / f".{table}-{_digest([f.name for f in folders])}"
        whole.mkdir(exist_ok=True)
        number = len(files_of(whole))
        for folder in folders:
            for file in files_of(folder):
                Path(file).rename(whole / f"part-{number:05}.parquet")
                number += 1
        whole.rename(self._build.out / table)

    def _each(
        self, function: Callable[..., Any], calls: Sequence[tuple[Any, ...]], step: str = ""
    ) -> list[Any]:
        with_build = [(self._build, *call) for call in calls]
        tell: Any = {"tell": self._told.step(step)} if step else {}
        return each(function, with_build, memory=self._memory, **tell)


def _digest(value: object) -> str:
    return sha256(repr(value).encode("utf-8", "replace")).hexdigest()[:16]


def _groups(files: Sequence[str], number: int) -> list[list[str]]:
    """Neighbouring files in at most `number` groups."""
    most = max(1, -(-len(files) // number))
    return [list(files[first : first + most]) for first in range(0, len(files), most)]

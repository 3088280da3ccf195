"""Made-up rows → what a search and an index build cost by Ray's workers, beside the plain ones.

python tests/benchmarks/cluster.py FOLDER [--workers 2] [--rounds 3]

FOLDER is what laion_shaped.py wrote with --artists 50 or more. Both sides have the same number of
processors: threads here, workers there. The start of Ray is timed by itself. What each finds or
builds must be the same. Each is run N times, and the quickest counts: the machine may have other
work.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).parents[2]))

from optout.cluster import Cluster, connected
from optout.cluster.indexing import build as build_by_tasks
from optout.cluster.searching import RayFiles
from optout.datasets import DataFile, resolve
from optout.index import build, layout
from optout.matching.raw import RawFiles
from optout.matching.scan import Scan, scan
from optout.matching.sieve import Sieve
from optout.matching.wanted import wanted
from optout.remote import Session
from tests.benchmarks.laion_shaped import read_people
from tests.benchmarks.onepass import as_searched

ARTISTS = 50
MEMORY = "2GB"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    files = resolve([str(args.folder / "rows")])
    rows = sum(file.columns.rows or 0 for file in files)
    print(f"{rows:,} rows in {len(files)} files, {args.workers} processors on each side")
    begun = time.perf_counter()
    with connected(processors=args.workers) as cluster, tempfile.TemporaryDirectory() as folder:
        print(f"Ray started in {time.perf_counter() - begun:.1f} s")
        _searches(files, rows, args, cluster)
        _builds(files, rows, args, cluster, Path(folder))


def _searches(files: list[DataFile], rows: int, args: Any, cluster: Cluster) -> None:
    artists = [as_searched(one) for one in read_people(args.folder)[:ARTISTS]]

    def plain() -> Scan:
        with closing(RawFiles(Sieve(wanted(artists, True)), args.workers)) as source:
            return scan(source, files, artists)

    def by_workers() -> Scan:
        with Session("0") as session:
            source = RayFiles(artists, True, session)
            return scan(source, files, artists, ahead=2 * args.workers)

    ours, here = _quickest(args.rounds, plain)
    theirs, there = _quickest(args.rounds, by_workers)
    assert all(a.equals(b) for a, b in zip(here.candidates, there.candidates, strict=True))
    _print(f"search, {len(artists)} artists and their texts", rows, ours, theirs, args.workers)


def _builds(files: list[DataFile], rows: int, args: Any, cluster: Cluster, folder: Path) -> None:
    def plain() -> Path:
        shutil.rmtree(folder / "plain", ignore_errors=True)
        build(files, folder / "plain", memory=MEMORY, threads=args.workers)
        return folder / "plain"

    def by_workers() -> Path:
        shutil.rmtree(folder / "tasks", ignore_errors=True)
        build_by_tasks(files, folder / "tasks", cluster, memory=MEMORY)
        return folder / "tasks"

    ours, here = _quickest(args.rounds, plain)
    theirs, there = _quickest(args.rounds, by_workers)
    for table in layout.TABLES:
        one, other = (pq.read_table(sorted((i / table).glob("*.parquet"))) for i in (here, there))
        assert one.equals(other), table
    _print("index", rows, ours, theirs, args.workers)


def _print(name: str, rows: int, ours: float, theirs: float, workers: int) -> None:
    print(
        f"{name:<40} plain {ours:7.2f} s · Ray {theirs:7.2f} s ({theirs / ours:.2f} times) · "
        f"{rows / theirs / workers:,.0f} rows/s for each worker"
    )


def _quickest(rounds: int, what: Callable[[], Any]) -> tuple[float, Any]:
    best, found = float("inf"), None
    for _ in range(rounds):
        begun = time.perf_counter()
        found = what()
        best = min(best, time.perf_counter() - begun)
    return best, found


if __name__ == "__main__":
    main()

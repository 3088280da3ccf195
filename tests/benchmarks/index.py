"""Rows → how fast an index of them is built, how large it is, and how fast it answers.

python tests/benchmarks/index.py ROWS [--memory 4GB] [--threads N] [--data DIR] [--keep DIR]

Prints rows per second and peak memory of the build, the size beside the source's, the time of a
warm lookup for one artist (3 hosts, 700 addresses) beside that of one scan on the same levels and
of a plain SQL filter, and what the same lookup fetches from a server on this machine: for the
hosts alone, and for all levels.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

import duckdb
import pyarrow.parquet as pq

ROOT = Path(__file__).parents[2]
IMAGES = 700


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rows", type=int)
    parser.add_argument("--memory", default="4GB")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--data", type=Path, help="rows made before (or to be made and kept)")
    parser.add_argument("--keep", type=Path, help="where the index goes, to be kept")
    parser.add_argument("--edition", default="laion2B-en")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data = arguments.data or Path(folder, "data")
        index = arguments.keep or Path(folder, "index")
        if not (data / "rows").is_dir():
            make = [sys.executable, str(ROOT / "tests/benchmarks/laion_shaped.py"),
                    str(arguments.rows), str(data),
                    "--files", str(max(4, arguments.rows // 5_000_000)),
                    "--artists", "3", "--first-images", str(IMAGES),
                    "--edition", arguments.edition]  # fmt: skip
            subprocess.run(make, check=True)
        print(f"DuckDB {duckdb.__version__} · {arguments.threads} threads · {arguments.memory}")
        for task in ("build", "lookup", "remote", "scan"):
            done = subprocess.run(
                [sys.executable, __file__, "0", "--data", str(data), "--keep", str(index),
                 "--memory", arguments.memory, "--threads", str(arguments.threads)],
                env={**os.environ, "INDEX_TASK": task}, check=True,
                capture_output=True, text=True,
            )  # fmt: skip
            print(done.stdout, end="", flush=True)
            RESULTS[task] = json.loads(done.stdout.splitlines()[-1])
        fast, slow = RESULTS["lookup"]["seconds"], RESULTS["scan"]["seconds"]
        print(f"a scan takes {slow / fast:,.0f} times as long as a lookup")
        print(f"a plain SQL filter {RESULTS['scan']['plain'] / fast:,.0f} times")


RESULTS: dict[str, Any] = {}


def task(name: str) -> None:
    """One measurement in a process of its own, so that its peak memory is its own."""
    parser = argparse.ArgumentParser()
    parser.add_argument("rows")
    for option in ("--data", "--keep", "--memory"):
        parser.add_argument(option)
    parser.add_argument("--threads", type=int)
    given = parser.parse_args()
    found = {"build": build, "lookup": lookup, "remote": remote, "scan": scan}[name](given)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(json.dumps({**found, "peak_gb": round(peak, 2)}))


def build(given: Any) -> dict[str, Any]:
    from optout.datasets import resolve
    from optout.index import build as build_index

    files = resolve([f"{given.data}/rows"])
    steps: dict[str, float] = {}

    def progress(step: str, share: float) -> None:
        steps.setdefault(step, round(time.monotonic() - begun, 1))

    begun = time.monotonic()
    manifest = build_index(
        files, Path(given.keep), memory=given.memory, threads=given.threads, progress=progress
    )
    took = time.monotonic() - begun
    size = sum(file.size for file in files)
    return {
        "rows": manifest.rows(),
        "seconds": round(took, 1),
        "rows_per_second": round(manifest.rows() / took),
        "size_ratio": round(manifest.bytes() / size, 3),
        "bytes_a_row": {
            table: round(sum(f.bytes for f in files) / manifest.rows(), 1)
            for table, files in manifest.tables.items()
        },
        "first_told": steps,
    }


def artist(data: str) -> Any:
    """The first invented artist, as a search sees one."""
    from optout.case import create_case
    from optout.matching.cases import gathered
    from tests.test_matching import image, observe, ref

    one = pq.read_table(f"{data}/artists.parquet").to_pylist()[0]
    with tempfile.TemporaryDirectory() as folder:
        sites = [f"https://{host}/" for host in one["hosts"]]
        case = create_case(Path(folder, "case"), sites)
        images = [{**image(each["url"]), "md5": each["md5"]} for each in one["pictures"]]
        refs = [ref(each["url"]) for each in one["pictures"]]
        observe(case, images=images, image_refs=refs)
        return gathered([case])[0]


def answers(source: Any, files: Any, who: Any) -> int:
    from optout.matching.scan import scan as search

    return int(search(source, files, [who], captions=False).candidates[0].num_rows)


def lookup(given: Any) -> dict[str, Any]:
    from optout.index import open_index

    who, index = artist(given.data), open_index(Path(given.keep))
    times = []
    for _ in range(6):
        begun = time.monotonic()
        found = answers(index.source([who], captions=False), index.files(), who)
        times.append(time.monotonic() - begun)
    return {"rows": found, "first": round(times[0], 3), "seconds": round(median(times[1:]), 4)}


def remote(given: Any) -> dict[str, Any]:
    """Requests and bytes, without a cache."""
    from dataclasses import replace

    from optout.index import open_index
    from optout.remote import Session
    from tests.harness import serving

    def respond(path: str, handler: Any) -> Any:
        file = Path(given.keep, path.removeprefix("/"))
        first, last = map(int, handler.headers["Range"].removeprefix("bytes=").split("-"))
        size = file.stat().st_size
        with file.open("rb") as opened:
            opened.seek(first)
            body = opened.read(last + 1 - first)
        lines = [("Content-Range", f"bytes {first}-{first + len(body) - 1}/{size}")]
        return 206, [*lines, ("ETag", '"1"')], body

    who = artist(given.data)
    found = {}
    few = replace(who, stems={}, hashes=frozenset(), known=who.known[:1])
    with serving(respond) as base:
        for name, one in (("hosts", few), ("all", who)):
            with Session("0") as session:
                begun = time.monotonic()
                index = open_index(base, session)
                rows = answers(index.source([one], captions=False), index.files(), one)
                found[name] = {
                    "rows": rows,
                    "requests": session.traffic.requests,
                    "megabytes": round(session.traffic.fetched / 1e6, 2),
                    "seconds": round(time.monotonic() - begun, 2),
                }
    return found


def scan(given: Any) -> dict[str, Any]:
    from optout.datasets import resolve
    from optout.matching.run import _raw
    from optout.remote import Session

    who, files = artist(given.data), resolve([f"{given.data}/rows"])
    times = []
    for _ in range(2):
        with ExitStack() as stack:
            session = stack.enter_context(Session("0"))
            begun = time.monotonic()
            found = answers(_raw(stack, [who], False, session), files, who)
            times.append(time.monotonic() - begun)
    return {"rows": found, "seconds": round(min(times), 2), "plain": round(plain(given, who), 2)}


def plain(given: Any, who: Any) -> float:
    """Hosts, whole addresses and names of files in one query, as one would write it by hand."""
    import pyarrow as pa

    connection = duckdb.connect(config={"threads": given.threads})
    known = [one.address for one in who.known]
    hosts = sorted({one.identity.host for one in who.known if one.identity.host})
    connection.register("known", pa.table({"url": known}))
    connection.register("hosts", pa.table({"host": hosts}))
    connection.register("stems", pa.table({"stem": sorted({stem[:12] for stem in who.stems})}))
    begun = time.monotonic()
    connection.execute(
        f"""SELECT count(*) FROM read_parquet('{given.data}/rows/*.parquet')
        WHERE url IN (SELECT url FROM known)
        OR split_part(url, '/', 3) IN (SELECT host FROM hosts)
        OR left(lower(parse_filename(split_part(url, '?', 1))), 12) IN (SELECT stem FROM stems)"""
    ).fetchall()
    return time.monotonic() - begun


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    if os.environ.get("INDEX_TASK"):
        task(os.environ["INDEX_TASK"])
    else:
        main()

"""The crawl against advertools' crawler and a bare Scrapy spider: CPU, wall time, peak memory.

python tests/benchmarks/crawl.py [PAGES IMAGES]: serves a generated site on loopback, runs each
crawler on it as a process of its own (delays and AutoThrottle off for all, 8 requests to the
host at a time), and prints ratios. advertools is left out, and named, where it is not installed.
"""

from __future__ import annotations

import importlib.util
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
ROUNDS = 3
FAST = ["--delay", "0", "--no-autothrottle", "--per-host", "8"]
ADVERTOOLS = """
import sys, advertools
advertools.crawl(sys.argv[1], sys.argv[2], follow_links=True, allowed_domains=["127.0.0.1"],
    custom_settings={"DOWNLOAD_DELAY": 0, "CONCURRENT_REQUESTS_PER_DOMAIN": 8,
                     "CONCURRENT_REQUESTS": 16, "LOG_LEVEL": "ERROR", "ROBOTSTXT_OBEY": False,
                     "AUTOTHROTTLE_ENABLED": False})
"""


class Cost(NamedTuple):
    """Of one process and its children: seconds of CPU, seconds, MB at the peak."""

    cpu: float
    wall: float
    memory: float


def measure(command: list[str], cwd: Path) -> Cost:
    """Run a command to its end under GNU-time-like accounting by the operating system."""
    began = time.perf_counter()
    # advertools calls the scrapy command, which lies beside this interpreter.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    process = subprocess.Popen(
        command,
        cwd=cwd,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={**os.environ, "PATH": path},
    )
    error = process.stderr.read() if process.stderr else b""
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{command} failed:\n{error.decode()[-2000:]}")
    return Cost(
        usage.ru_utime + usage.ru_stime, time.perf_counter() - began, usage.ru_maxrss / 1024
    )


def serve(pages: int, images: int) -> tuple[subprocess.Popen[bytes], str]:
    server = subprocess.Popen(
        [sys.executable, str(HERE / "site.py"), str(pages), str(images)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert server.stdout
    return server, f"http://127.0.0.1:{int(server.stdout.readline())}/"


def ours(url: str, *options: str) -> Cost:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "optout", "crawl", url, "--case", "case", *FAST, *options]
        return measure(command, Path(folder))


def bare(url: str, *options: str) -> Cost:
    return measure([sys.executable, str(HERE / "bare_spider.py"), url, *options], HERE)


def advertools(url: str) -> Cost:
    with tempfile.TemporaryDirectory() as folder:
        return measure([sys.executable, "-c", ADVERTOOLS, url, "out.jsonl"], Path(folder))


def medians(runs: list[Callable[[], Cost]]) -> list[Cost]:
    """Each run in turn, round after round, so that a drifting machine is fair; medians."""
    costs: list[list[Cost]] = [[] for _ in runs]
    for _ in range(ROUNDS):
        for position, run in enumerate(runs):
            costs[position].append(run())
    return [Cost(*(statistics.median(c[i] for c in cost) for i in range(3))) for cost in costs]


def show(name: str, mine: Cost, other: Cost) -> None:
    print(
        f"{name}: CPU {mine.cpu:.1f}/{other.cpu:.1f} s = {mine.cpu / other.cpu:.2f}, "
        f"wall {mine.wall / other.wall:.2f}, memory {mine.memory:.0f}/{other.memory:.0f} MB "
        f"= {mine.memory / other.memory:.2f}"
    )


def main(pages: int, images: int) -> None:
    server, url = serve(pages, images)
    print(f"site of {pages} pages and {images} images, medians of {ROUNDS} rounds")
    runs = [lambda: ours(url, "--pages-only"), lambda: bare(url)]
    if importlib.util.find_spec("advertools"):
        runs.append(lambda: advertools(url))
    else:
        print("advertools is not installed: left out (pip install '.[bench]')")
    mine, spider, *peer = medians(runs)
    show("(a) pages only / bare spider", mine, spider)
    for cost in peer:
        show("(a) pages only / advertools", mine, cost)
    mine, spider = medians([lambda: ours(url), lambda: bare(url, "images")])
    show("(b) with images / bare spider hashing images", mine, spider)
    large = mine
    server.communicate(b"")
    server, url = serve(pages // 4, images // 4)
    small = ours(url)
    server.communicate(b"")
    print(
        f"memory at {pages // 4} pages {small.memory:.0f} MB, at {pages} pages "
        f"{large.memory:.0f} MB = {large.memory / small.memory:.2f}"
    )


if __name__ == "__main__":
    main(*(int(a) for a in sys.argv[1:3])) if len(sys.argv) > 2 else main(2000, 20_000)

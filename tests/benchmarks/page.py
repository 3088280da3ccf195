"""How fast the page answers with 200 and with 20,000 matches, and what memory it takes.

    python tests/benchmarks/page.py

Asks a real server on 127.0.0.1 for every page, 15 times each, and prints medians in milliseconds,
their ratio, and the server's memory before and after.
"""

from __future__ import annotations

import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx

sys.path.insert(0, str(Path(__file__).parents[2]))
from optout.decisions import confirm
from tests.request_case import crawled, make_case, match, matched

SIZES = (200, 20_000)
ROUNDS = 15
STRENGTHS = ("same_address", "same_image", "lead", "caption_only")
PLACES = ("own_site", "declared", "own_account", "elsewhere")
PAGES = {
    "who": "/who",
    "where": "/where",
    "check": "/check",
    "results": "/results",
    "list, first page": "/results/list",
    "list, chosen": "/results/list?pile=others&strength=lead",
    "list, last page": "/results/list?page=4",
    "groups by host": "/results/groups?by=host",
    "groups by folder": "/results/groups?by=folder",
    "groups by work": "/results/groups?by=work",
    "compare": "/compare/m-0000000000000007",
    "told": "/told",
    "letters": "/letters",
}


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        found = {size: measure(Path(folder) / str(size), size) for size in SIZES}
    few, many = (found[size][0] for size in SIZES)
    print(f"{'page':<20}{SIZES[0]:>8}{SIZES[1]:>8}{'ratio':>8}")
    for name in PAGES:
        print(f"{name:<20}{few[name]:>8.0f}{many[name]:>8.0f}{many[name] / few[name]:>8.2f}")
    for size in SIZES:
        before, after = found[size][1]
        print(f"memory, {size} matches: {before:.0f} MB after one round, {after:.0f} MB at the end")


def measure(folder: Path, size: int) -> tuple[dict[str, float], tuple[float, float]]:
    """Medians in milliseconds by page, and megabytes after the first and the last round."""
    case = make_case(folder)
    crawled(case)
    rows = [
        match(
            n,
            strength=STRENGTHS[n % 4],
            place=PLACES[n // 4 % 4],
            url=f"https://host{n % 977}.example/a/{n % 31}/{n}.jpg",
            caption=f"picture number {n} of a fox in the snow " * 4,
            work_id=f"w-{n % 500:016x}",
        )
        for n in range(size)
    ]
    matched(case, rows)
    confirm(case, [row["match_id"] for row in rows[::3]])
    server = subprocess.Popen(
        [sys.executable, "-m", "optout", "serve", "--case", str(folder), "--no-browser"],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert server.stdout
        start = server.stdout.readline().strip()
        base = re.sub(r"/start/.*", "", start)
        with httpx.Client(base_url=base, timeout=120, trust_env=False) as client:
            client.get(start)
            times = {name: [asked(client, path)] for name, path in PAGES.items()}
            before = memory(server.pid)
            for _ in range(ROUNDS):
                for name, path in PAGES.items():
                    times[name].append(asked(client, path))
            after = memory(server.pid)
    finally:
        server.terminate()
        server.wait(20)
    return {name: statistics.median(all_[1:]) for name, all_ in times.items()}, (before, after)


def asked(client: httpx.Client, path: str) -> float:
    """Milliseconds until the whole page is here."""
    before = time.perf_counter()
    answer = client.get(path)
    assert answer.status_code == 200, (path, answer.status_code, answer.text[:300])
    return (time.perf_counter() - before) * 1000


def memory(pid: int) -> float:
    """Megabytes the process holds in memory."""
    status = Path(f"/proc/{pid}/status").read_text("utf-8")
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found
    return int(found[1]) / 1024


if __name__ == "__main__":
    main()

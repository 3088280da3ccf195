"""Measured rates and a price → hours and cost for a whole data set, as docs/guides/cluster.md has.

python tests/benchmarks/cluster_plan.py [FILE.toml]

Work grows with the rows and is shared by the workers; disks and network are taken to keep up.
"""

from __future__ import annotations

import math
import sys
import tomllib
from pathlib import Path
from typing import Any

DATA = Path(__file__).with_suffix(".toml")


def main() -> None:
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else DATA
    print(plan(tomllib.loads(path.read_text("utf-8"))), end="")


def plan(data: dict[str, Any]) -> str:
    """The table of the plan, in Markdown."""
    rows, machine, machines = data["rows"], data["machine"], data["plan"]["machines"]
    workers = machine["processors"] * machines
    lines = [
        f"| {rows:,} rows on {machines} × {machine['name']} ({workers} workers) "
        f"| rows/s of a worker | worker hours | hours | {machine['currency']} |",
        "|---|---|---|---|---|",
    ]
    for name, text in (("search", "one search for 50 artists"), ("index", "the index, once")):
        rate = data["measured"][name]
        worker_hours = rows / rate / 3600
        hours = worker_hours / workers
        cost = hours * machines * machine["price"]
        lines.append(
            f"| {text} | {rate:,} | {worker_hours:,.1f} | {hours:,.2f} | {math.ceil(cost):,} |"
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()

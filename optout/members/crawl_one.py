"""One member's crawl in a process of its own: what to do on stdin, how it goes on stdout.

One JSON object in (case, gate, options, new_run); lines of JSON out: progress, then the outcome.
When stdin closes, the process that asked is gone, and the crawl stops; it can go on later.
"""

from __future__ import annotations

import io
import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optout.errors import OptoutError

if TYPE_CHECKING:
    from crawler.progress import Snapshot


def main() -> int:
    """Crawl as asked; 0 finished, 1 a problem told, 130 stopped."""
    # Without a buffer: a thread that waits at one keeps the interpreter from ending.
    asker = io.FileIO(0)
    asked = json.loads(asker.readline())
    threading.Thread(target=_stop_with, args=(asker,), daemon=True).start()
    try:
        outcome = _crawl(asked)
    except OptoutError as error:
        outcome = {"problem": error.message, "hint": error.hint}
    _say(outcome)
    return 1 if "problem" in outcome else 0 if outcome["run"] else 130


def _crawl(asked: dict[str, Any]) -> dict[str, Any]:
    from crawler.job import CrawlOptions
    from optout.case import load_case
    from optout.crawling import crawl_case

    chosen = asked["options"]
    options = CrawlOptions(**chosen | {"owned_hosts": tuple(chosen["owned_hosts"])})
    result = crawl_case(
        load_case(Path(asked["case"])),
        options,
        _tell,
        new_run=asked["new_run"],
        gate=Path(asked["gate"]),
    )
    if result.run is None:
        return {"run": None}
    outcomes = result.summary["outcomes"]
    pages = result.summary["pages_read"]
    return {
        "run": result.run.name,
        "pages": pages,
        "images": outcomes.get("images", {}).get("fetched", 0),
        # Why none could be read: what became of most.
        "why": "" if pages else _commonest(outcomes.get("pages", {})),
    }


def _commonest(outcomes: dict[str, int]) -> str:
    return max(outcomes, key=lambda outcome: outcomes[outcome], default="no_answer")


def _tell(snapshot: Snapshot) -> None:
    _say({"pages": snapshot.pages, "images": snapshot.images})


def _say(message: dict[str, Any]) -> None:
    try:
        sys.stdout.write(json.dumps(message) + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        os.kill(os.getpid(), signal.SIGINT)


def _stop_with(asker: io.FileIO) -> None:
    while asker.read(1):
        pass
    os.kill(os.getpid(), signal.SIGINT)


if __name__ == "__main__":
    sys.exit(main())

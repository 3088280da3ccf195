"""The child process of long work on one case, telling .page/<work>.json how far it is.

A check is `optout run`, a pack is `optout evidence`. Started by optout.web.job, which hands over
the lock; it is held until this process ends.
"""

from __future__ import annotations

import io
import signal
import sys
import time
from contextlib import redirect_stderr
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from optout.case import Case, load_case
from optout.errors import OptoutError
from optout.pipeline import Snapshot, snapshot
from optout.web import job
from optout.web.shown import visible

if TYPE_CHECKING:
    from crawler.progress import Snapshot as Progress

_EVERY = 0.4  # seconds between two states on disk


class _Told(io.TextIOBase):
    """What the steps say on stderr, line by line, and their counts → the state on disk."""

    def __init__(self, folder: Path, work: str) -> None:
        import os

        self.folder, self.work = folder, work
        self.state = replace(job.read(folder, work), pid=os.getpid())
        self._open = ""
        self._saved = 0.0
        self.save()

    def write(self, text: str) -> int:
        *lines, self._open = (self._open + text).split("\n")
        for line in lines:
            self.state = job.with_line(self.state, line)
        if lines:
            self.save()
        return len(text)

    def crawled(self, far: Progress) -> None:
        """How far the crawl is, as it goes."""
        self.counts(asdict(far) | {"eta": far.eta()})

    def searched(self, files_done: int, files: int, rows: int) -> None:
        """How far the search is, as it goes."""
        self.counts({"files_done": files_done, "files": files, "rows": rows})

    def step(self, number: int, total: int, title: str) -> None:
        """The step that begins; its title may hold text of strangers."""
        self.state = replace(self.state, step=number, steps=total, title=visible(title))
        self.save()

    def counts(self, counts: dict[str, object]) -> None:
        self.state = replace(self.state, counts=counts)
        if time.monotonic() - self._saved >= _EVERY:
            self.save()

    def save(self) -> None:
        self._saved = time.monotonic()
        job.save(self.folder, self.state, self.work)

    def end(self, outcome: str, failed: tuple[str, ...] = ()) -> None:
        now = datetime.now(UTC).isoformat(timespec="seconds")
        self.state = replace(self.state, outcome=outcome, failed=failed, ended=now, counts={})
        self.save()


def main(folder: Path, work: str) -> None:
    """Work until done, stopped or broken; the last state says which."""
    # A shell may have told us to ignore it; here it is how the page says stop.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    told = _Told(folder, work)
    with redirect_stderr(told):
        try:
            failed = _WORK[work](load_case(folder), told)
            told.end(job.FAILED if failed else job.DONE, failed)
        except (KeyboardInterrupt, click.exceptions.Exit, click.Abort):
            told.end(job.STOPPED)
        except OptoutError as error:
            told.write(f"{error.message}\n{error.hint}\n")
            told.end(job.FAILED, (told.state.title,))
        except BaseException:
            told.end(job.BROKEN)
            raise


def news(before: Snapshot, after: Snapshot) -> dict[str, int]:
    """How many rows and signals came and went."""
    return {
        "rows_new": len(after.matches - before.matches),
        "rows_gone": len(before.matches - after.matches),
        "signals_new": len(after.signals - before.signals),
        "signals_gone": len(before.signals - after.signals),
    }


def _check(case: Case, told: _Told) -> tuple[str, ...]:
    """All steps and what they changed; titles of those that failed."""
    from optout.commands.run import all_steps
    from optout.web.engine import crawl_choices

    before = snapshot(case) if case.runs() else None
    chosen = crawl_choices(told.state.choices)
    failed = all_steps(case, case.datasets, chosen, on_crawl=told.crawled, on_search=told.searched)
    if before:
        told.state = replace(told.state, news=news(before, snapshot(case)))
    return failed


def _pack(case: Case, told: _Told) -> tuple[str, ...]:
    from optout.web.packs import make

    name = make(case, job.PackChoices(**told.state.choices), told.step)
    told.state = replace(told.state, made=name)
    return ()


_WORK = {job.CHECK: _check, job.PACK: _pack}


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])

"""Snapshots of a running crawl → one live line on stderr, or a line now and then."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from optout.commands.options import note

if TYPE_CHECKING:
    from crawler.progress import Listener, Snapshot

_PLAIN_EVERY = 15.0  # seconds between lines where there is no terminal


@contextmanager
def live() -> Iterator[Listener]:
    """A listener that shows how far the crawl is while the block runs."""
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    console = Console(stderr=True)
    if not console.is_terminal:
        last = [time.monotonic()]

        def plain(snapshot: Snapshot) -> None:
            if time.monotonic() - last[0] >= _PLAIN_EVERY:
                last[0] = time.monotonic()
                note(line(snapshot))

        yield plain
        return
    with Live(Text("starting …"), console=console, refresh_per_second=4, transient=True) as view:
        yield lambda snapshot: view.update(Text(line(snapshot)))


def line(snapshot: Snapshot) -> str:
    """One line: what is done, what waits, how fast, how long still.

    >>> from crawler.progress import Snapshot
    >>> line(Snapshot(30, 70, 2, 5, 20, 5_000_000, 10.0))
    'pages 30 (+5 known) · images 70 (+20) · hosts 2 · 10.0/s · 5 MB · about 2 s left'
    """
    rate = (snapshot.pages + snapshot.images) / snapshot.seconds if snapshot.seconds else 0.0
    eta = snapshot.eta()
    left = "" if eta is None else f" · about {_time(eta)} left"
    return (
        f"pages {snapshot.pages} (+{snapshot.pages_waiting} known) · "
        f"images {snapshot.images} (+{snapshot.images_waiting}) · hosts {snapshot.hosts} · "
        f"{rate:.1f}/s · {snapshot.bytes // 1_000_000} MB{left}"
    )


def _time(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"

"""Counters of a running crawl → calls of a listener, a few times a second at most."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from crawler.frontier import Frontier

_EVERY = 0.5  # seconds


@dataclass(frozen=True, slots=True)
class Snapshot:
    """How far a crawl is."""

    pages: int
    images: int
    hosts: int
    pages_waiting: int
    images_waiting: int
    bytes: int
    seconds: float

    def eta(self) -> float | None:
        """Seconds left for what is known to wait, at the rate so far; None while unknown."""
        done, left = self.pages + self.images, self.pages_waiting + self.images_waiting
        return self.seconds * left / done if done > 20 and self.seconds > 2 else None


Listener = Callable[[Snapshot], None]


class Progress:
    """What the spider counts, and when it was last told."""

    def __init__(self, frontier: Frontier, listener: Listener | None) -> None:
        self.pages = self.images = self.bytes = 0
        self._frontier, self._listener = frontier, listener
        self._began = time.monotonic()
        self._before = 0.0
        self._told = 0.0

    def seconds(self) -> float:
        """Seconds spent on this run, in earlier sessions too."""
        return time.monotonic() - self._began + self._before

    def spent(self, seconds: float, size: int) -> None:
        """What an earlier session had spent when it wrote a record."""
        self._before, self.bytes = max(self._before, seconds), max(self.bytes, size)

    def snapshot(self) -> Snapshot:
        pages, images = self._frontier.waiting()
        return Snapshot(
            self.pages,
            self.images,
            self._frontier.hosts(),
            pages,
            images,
            self.bytes,
            self.seconds(),
        )

    def tick(self) -> None:
        """Tell the listener, unless it was told just now."""
        now = time.monotonic()
        if self._listener is not None and now - self._told >= _EVERY:
            self._told = now
            self._listener(self.snapshot())

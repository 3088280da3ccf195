"""Addresses that a run has met → whether one is new."""

from __future__ import annotations

from collections import defaultdict


class Seen:
    """What a run has met, by kind. 64-bit hashes: an address costs 60 bytes, not 300."""

    def __init__(self) -> None:
        self._kinds: dict[str, set[int]] = defaultdict(set)
        self._announced: set[int] = set()  # images named by a file, not yet seen in a page

    def has(self, kind: str, url: str) -> bool:
        """Whether the address has been met."""
        return hash(url) in self._kinds[kind]

    def first(self, kind: str, url: str) -> bool:
        """Whether the address is met for the first time now."""
        known = self._kinds[kind]
        before = len(known)
        known.add(hash(url))
        return len(known) > before

    def count(self, kind: str) -> int:
        """How many addresses of the kind have been met."""
        return len(self._kinds[kind])

    def announce(self, url: str) -> None:
        """A file named this image: the first page that shows it still finds it new."""
        self._announced.add(hash(url))

    def announced(self, url: str) -> bool:
        """Whether a file named this image and no page has shown it so far; asked by a page."""
        known = hash(url) in self._announced
        self._announced.discard(hash(url))
        return known

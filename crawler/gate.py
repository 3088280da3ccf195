"""Hosts that several crawls of one machine ask → one crawl at a time asks a host, at one pace.

A file that the crawls share holds one place per host: a lock, and the time before which nobody
asks again. The system gives a lock back when a process dies, so a killed crawl blocks nobody.
The file holds no host name: a place is found by a hash, and two hosts that share one only wait for
each other.
"""

from __future__ import annotations

import hashlib
import os
import struct
import time
from pathlib import Path

from crawler.lock import give_part, take_part

_PLACES = 65_536
_SIZE = struct.calcsize("<d")
_LONGEST_PAUSE = 600.0  # seconds; a clock that was set back must not close a host for long


class Gate:
    """One crawl's view of the shared file. Not for threads: the locks are the process's."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        self._held: dict[int, int] = {}  # place → requests of ours under way there

    def enter(self, host: str) -> bool:
        """Whether `host` may be asked now; until `leave`, no other crawl may."""
        place = _place(host)
        if place in self._held:
            self._held[place] += 1
            return True
        if not take_part(self._fd, place * _SIZE, _SIZE):
            return False
        written = os.pread(self._fd, _SIZE, place * _SIZE)
        free_at = struct.unpack("<d", written)[0] if len(written) == _SIZE else 0.0
        if 0 < free_at - time.time() <= _LONGEST_PAUSE:
            self._unlock(place)
            return False
        self._held[place] = 1
        return True

    def leave(self, host: str, pause: float) -> None:
        """An exchange with `host` is over; nobody asks it again for `pause` seconds."""
        place = _place(host)
        if place not in self._held:
            return
        self._held[place] -= 1
        if self._held[place]:
            return
        del self._held[place]
        if pause > 0:
            free_at = struct.pack("<d", time.time() + min(pause, _LONGEST_PAUSE))
            os.pwrite(self._fd, free_at, place * _SIZE)
        self._unlock(place)

    def close(self) -> None:
        """Give everything back."""
        os.close(self._fd)

    def _unlock(self, place: int) -> None:
        give_part(self._fd, place * _SIZE, _SIZE)


def _place(host: str) -> int:
    digest = hashlib.blake2b(host.encode("utf-8", "replace"), digest_size=4).digest()
    return int.from_bytes(digest) % _PLACES

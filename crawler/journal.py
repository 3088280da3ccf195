"""Records of a running crawl → an append-only file that survives a kill at any moment.

One JSON object per line. A line is written whole, so a reader drops at most the last one
(after a power cut or a full disk).
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from crawler.lock import held
from crawler.whole import append_whole

FILE = "journal.jsonl"
_SYNC_EVERY = 5.0  # seconds; what a power cut may cost


class JournalBusy(Exception):
    """Another process is crawling this case."""


@contextmanager
def alone(observations: Path) -> Iterator[None]:
    """Hold the case's observations for this process. Raises JournalBusy when another has them."""
    observations.mkdir(parents=True, exist_ok=True)
    with held(observations / ".lock") as ours:
        if not ours:
            raise JournalBusy(str(observations))
        yield


class Journal:
    """Open for appending; use as a context manager."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE
        self._fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        self._drop_torn_line()
        self._synced = time.monotonic()

    def write(self, kind: str, record: dict[str, Any]) -> None:
        """Append one record. Raises OSError (disk full) with the file left whole."""
        line = json.dumps({"kind": kind, **record}, separators=(",", ":"), ensure_ascii=True)
        append_whole(self._fd, line.encode("ascii") + b"\n")
        if time.monotonic() - self._synced > _SYNC_EVERY:
            os.fsync(self._fd)
            self._synced = time.monotonic()

    def close(self) -> None:
        os.fsync(self._fd)
        os.close(self._fd)

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _drop_torn_line(self) -> None:
        """Cut the file after its last line end."""
        size = os.fstat(self._fd).st_size
        end = size
        while end > 0:
            start = max(0, end - 65536)
            at = os.pread(self._fd, end - start, start).rfind(b"\n")
            if at >= 0:
                end = start + at + 1
                break
            end = start
        if end != size:
            os.ftruncate(self._fd, end)


# What a line of each kind must hold; anything else is damage.
_SHAPES: dict[str, dict[str, type]] = {
    "page": {
        "page": dict,
        "hops": list,
        "metas": list,
        "image_refs": list,
        "links": list,
        "redirected": bool,
        "new_images": int,
    },
    "image": {"image": dict, "hops": list},
    "site_file": {"site_file": dict, "hops": list},
    "sitemap": {"url": str, "pages": list, "further": list},
    "file": {
        "what": str,
        "url": str,
        "observed_at": str,
        "depth": int,
        "image_refs": list,
        "links": list,
        "asks": list,
    },
    "rendered": {
        "page_url": str,
        "observed_at": str,
        "depth": int,
        "image_refs": list,
        "links": list,
        "routes": list,
    },
}


def entries(folder: Path) -> Iterator[dict[str, Any]]:
    """The records of a journal, in order. A line that is damaged is passed over: its address
    is then asked for again."""
    try:
        file = (folder / FILE).open("rb")
    except FileNotFoundError:
        return
    with file:
        for line in file:
            try:
                entry = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if _is_whole(entry):
                yield entry


def _is_whole(entry: Any) -> bool:
    if not isinstance(entry, dict) or not isinstance(entry.get("spent"), list):
        return False
    shape = _SHAPES.get(entry.get("kind", ""))
    return shape is not None and all(isinstance(entry.get(k), t) for k, t in shape.items())

"""Records of a running crawl → an append-only file that survives a kill at any moment.

One JSON object per line. A line is written whole, so a reader drops at most the last one
(after a power cut or a full disk). The file is locked: two crawls never share it.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FILE = "journal.jsonl"
_SYNC_EVERY = 5.0  # seconds; what a power cut may cost


class JournalBusy(Exception):
    """Another process is writing this journal."""


class Journal:
    """Open for appending; use as a context manager."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE
        self._fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._fd)
            raise JournalBusy(str(self.path)) from error
        self._drop_torn_line()
        self._synced = time.monotonic()

    def write(self, kind: str, record: dict[str, Any]) -> None:
        """Append one record. Raises OSError (disk full) with the file left whole."""
        line = json.dumps({"kind": kind, **record}, separators=(",", ":"), ensure_ascii=True)
        data = line.encode("ascii") + b"\n"
        end = os.fstat(self._fd).st_size
        try:
            while data:
                data = data[os.write(self._fd, data) :]
        except OSError:
            os.ftruncate(self._fd, end)
            raise
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


def entries(folder: Path) -> Iterator[dict[str, Any]]:
    """The records of a journal, in order; a line that is not JSON (disk damage) is passed over."""
    try:
        file = (folder / FILE).open("rb")
    except FileNotFoundError:
        return
    with file:
        for line in file:
            try:
                yield json.loads(line)
            except ValueError:
                continue

"""Records ↔ a file of JSON lines that is only ever added to.

A process that is killed leaves at most one torn line at the end, which is not read.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from optout.errors import VisionError

Record = dict[str, Any]


def read(path: Path) -> Iterator[Record]:
    """Every whole record, oldest first; lines that are none are passed over."""
    if not path.is_file():
        return
    with path.open("rb") as lines:
        for line in lines:
            try:
                record = json.loads(line)
            except ValueError:
                continue
            if isinstance(record, dict):
                yield record


def add(path: Path, record: Record) -> None:
    """Add one record and have it on the disk. Raises VisionError where that cannot be done."""
    line = json.dumps(record, ensure_ascii=True, sort_keys=True).encode() + b"\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab+") as file:
            end = file.seek(0, os.SEEK_END)
            if end:
                file.seek(end - 1)
                line = line if file.read(1) == b"\n" else b"\n" + line
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise VisionError(
            f"cannot write {path}: {error.strerror or error}",
            "free some space; the next look goes on where this one ended",
        ) from error

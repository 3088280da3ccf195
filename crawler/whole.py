"""What shall stand in a file → the file, whole or as it was: written beside, then renamed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_LONGEST = 60  # characters of a name that the name beside repeats; systems take 255 bytes


@contextmanager
def whole(path: Path, *, lasting: bool = False) -> Iterator[Path]:
    """A place beside `path` to write to, put in place of `path` when the block ends.

    After an error nothing of it stays. `lasting` has the disk hold it first, for what cannot be
    made again: a loss of power then leaves the old file or the new one. Raises OSError.
    """
    beside = path.with_name(f".{path.name[:_LONGEST]}.partial")
    try:
        yield beside
        if lasting:
            _sync(beside)
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def write_whole(path: Path, content: bytes | str, *, lasting: bool = False) -> None:
    """Put `content` (text as UTF-8; what UTF-8 cannot hold becomes "?") in place of a file.

    `lasting` as for `whole`. Raises OSError, the file as it was.
    """
    data = content if isinstance(content, bytes) else content.encode("utf-8", "replace")
    with whole(path, lasting=lasting) as beside:
        beside.write_bytes(data)


def append_whole(fd: int, data: bytes | memoryview) -> None:
    """Append all of `data` to an open file, or nothing. Raises OSError (disk full)."""
    end = os.fstat(fd).st_size
    left = memoryview(data)
    try:
        while left:
            left = left[os.write(fd, left) :]
    except OSError:
        os.ftruncate(fd, end)
        raise


def _sync(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)

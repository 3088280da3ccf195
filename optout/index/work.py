"""Long database work: progress while it goes on, and its failures as sentences."""

from __future__ import annotations

import errno
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from optout.errors import DatasetError, OptoutError

if TYPE_CHECKING:
    import duckdb

# What is being done, and how much of the whole is done (0 to 1).
Progress = Callable[[str, float], None]
_PAUSE = 0.5  # seconds between two looks at the database's own progress


class Steps:
    """Steps of known weight, told as shares of the whole."""

    def __init__(self, progress: Progress | None, weights: dict[str, float]) -> None:
        self._progress = progress
        self._weights = weights
        self._done = 0.0

    @contextmanager
    def step(
        self, name: str, connection: duckdb.DuckDBPyConnection | None = None
    ) -> Iterator[None]:
        """One step; with a connection its progress is told while it goes on."""
        over = threading.Event()
        watch = threading.Thread(target=self._watch, args=(name, connection, over), daemon=True)
        if self._progress and connection is not None:
            watch.start()
        try:
            yield
        finally:
            over.set()
            if watch.ident:
                watch.join()
        self._done += self._weights.get(name, 0)
        self._tell(name, 0)

    def _watch(
        self, name: str, connection: duckdb.DuckDBPyConnection, over: threading.Event
    ) -> None:
        while not over.wait(_PAUSE):
            self._tell(name, max(connection.query_progress(), 0) / 100)

    def _tell(self, name: str, share: float) -> None:
        if self._progress:
            total = sum(self._weights.values()) or 1
            done = self._done + share * self._weights.get(name, 0)
            self._progress(name, min(done / total, 1))


# How the database and the system say that the disk, or the room for spilling, is full.
_FULL = ("No space left", "File too large", "Disk quota exceeded", "max_temp_directory_size")
_MEMORY = "OutOfMemoryException"


def full(error: Exception) -> bool:
    """Whether an error of the database says that memory or the disk is full."""
    return type(error).__name__ == _MEMORY or any(word in str(error) for word in _FULL)


@contextmanager
def told(out: Path) -> Iterator[None]:
    """Failures of the disk and of memory as DatasetError; what is finished in `out` stays."""
    try:
        yield
    except OptoutError:
        raise
    except (MemoryError, RecursionError):
        raise
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise
        raise _full(out) from error
    except Exception as error:
        # The database has a tree of errors of its own.
        text = str(error)
        if type(error).__module__.partition(".")[0] not in ("duckdb", "_duckdb", "pyarrow"):
            raise
        if any(word in text for word in _FULL):
            raise _full(out) from error
        if type(error).__name__ == _MEMORY:
            raise DatasetError(
                "the memory allowed is too little for this index",
                "allow more with --memory, or fewer --threads, then build on",
            ) from error
        raise DatasetError(
            f"{out} cannot be built: {text.splitlines()[0] if text else type(error).__name__}",
            "build on with the same command; what is finished stays",
        ) from error


def _full(out: Path) -> DatasetError:
    free = shutil.disk_usage(out).free // 2**20
    return DatasetError(
        f"no room left where {out} is written ({free:,} MB free)",
        "make room, then build on with the same command; what is finished stays",
    )

"""An open file → held by one program, or by several that only look.

The only module that knows how the system locks. A lock ends with the process that has it, however
that ends, so a killed program blocks nobody.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

_TAKEN = (BlockingIOError, PermissionError)  # systems differ in what they call it


@contextmanager
def held(path: Path, *, shared: bool = False) -> Iterator[bool]:
    """Whether this process has the file at `path`, made where it is not, until the block ends.

    `shared` for work that others may do beside it, but nobody who wants the file alone.
    Raises OSError where the file cannot be made or the system has no locks.
    """
    fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        yield take(fd, shared=shared)
    finally:
        os.close(fd)


def take(fd: int, *, shared: bool = False) -> bool:
    """Whether the whole open file is now this process's and its children's, until they close it.

    Raises OSError where the system has no locks.
    """
    locks = _locks()
    try:
        locks.flock(fd, (locks.LOCK_SH if shared else locks.LOCK_EX) | locks.LOCK_NB)
    except _TAKEN:
        return False
    return True


def take_part(fd: int, first: int, length: int) -> bool:
    """Whether `length` bytes of the open file from `first` on are now this process's alone."""
    locks = _locks()
    try:
        locks.lockf(fd, locks.LOCK_EX | locks.LOCK_NB, length, first)
    except _TAKEN:
        return False
    return True


def give_part(fd: int, first: int, length: int) -> None:
    """Give back what `take_part` took."""
    locks = _locks()
    locks.lockf(fd, locks.LOCK_UN, length, first)


def _locks() -> ModuleType:
    try:
        import fcntl
    except ImportError as error:
        raise OSError(
            errno.ENOSYS,
            "this system has no file locks as optout needs them: "
            "use Linux or macOS, on Windows inside WSL",
        ) from error
    return fcntl

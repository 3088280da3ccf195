"""SQLite files that hold what a user said → an open, checked connection; trouble in words."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from optout.errors import CaseError

BUSY_SECONDS = 10.0  # how long a second process waits for the first


@contextmanager
def checked(
    path: Path, connect: Callable[[Path], sqlite3.Connection], holds: str, again: str
) -> Iterator[sqlite3.Connection]:
    """What `connect` opens, its pages checked; anything SQLite cannot do is one CaseError.

    `holds` says what the file holds, `again` what to do where there is no copy of it.
    """
    try:
        with closing(connect(path)) as database:
            if database.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
                raise sqlite3.DatabaseError("its pages do not fit together")
            yield database
    except sqlite3.OperationalError as error:
        raise CaseError(
            f"cannot use {path}: {error}",
            "close other programs that use it, check that the folder may be written to",
        ) from error
    except sqlite3.DatabaseError as error:
        raise CaseError(
            f"{path}, which holds {holds}, is damaged: {error}",
            f"restore it from a copy, or move it away and {again}",
        ) from error


def version_of(database: sqlite3.Connection, name: str, most: int) -> int:
    """The version of the file `name`; 0 when nothing was ever written to it.

    Raises CaseError where it is higher than `most`.
    """
    version = int(database.execute("PRAGMA user_version").fetchone()[0])
    if version > most:
        raise CaseError(
            f"{name} has version {version}; this optout reads up to {most}",
            "use the newer optout that wrote it",
        )
    return version

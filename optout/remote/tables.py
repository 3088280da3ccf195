"""A session → a file system of the database: read_parquet('https://…') reads through the door."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from optout.remote.file import Reader
from optout.remote.session import Session, require_extra
from optout.remote.source import open_file

if TYPE_CHECKING:
    import duckdb

_LITERAL = re.compile(r"\[([*?\[])\]")
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


def attach(connection: duckdb.DuckDBPyConnection, session: Session) -> None:
    """Let `connection` read addresses of hf://, https:// and s3:// through `session`.

    Not by DuckDB's httpfs: that is not there for every version, follows redirects to private
    addresses, keeps nothing on disk, and its count of requests is not ours to check.
    Raises DatasetError when the extra is not installed.
    """
    require_extra()
    connection.register_filesystem(_file_system(session))


def _file_system(session: Session) -> Any:
    from fsspec.spec import AbstractFileSystem

    class Remote(AbstractFileSystem):  # type: ignore[misc]  # fsspec has no types
        """What the database asks of a file system, for reading single files."""

        protocol = ("hf", "https", "http", "s3")
        cachable = False

        def glob(self, path: str, **_: Any) -> list[str]:
            # Files are listed before they are named in SQL; there, no name is a pattern.
            return [_literal(path)]

        def open(self, path: str, mode: str = "rb", **_: Any) -> Any:
            return session.remembering(lambda: _Reader(open_file(path, session)))

        def info(self, path: str, **_: Any) -> dict[str, Any]:
            size = session.remembering(lambda: open_file(path, session).size)
            return {"name": path, "size": size, "type": "file"}

        def modified(self, path: str) -> datetime:
            # A file that changes is an error of its own; the database need not ask.
            return _NEVER

        def exists(self, path: str, **_: Any) -> bool:
            return True

        def isfile(self, path: str) -> bool:
            return True

        def isdir(self, path: str) -> bool:
            return False

    return Remote()


class _Reader(Reader):
    def read(self, size: int | None = -1) -> bytes:
        return self.file.session.remembering(lambda: super(_Reader, self).read(size))


def _literal(path: str) -> str:
    """A name in which brackets stand around what would be a pattern → the name."""
    return _LITERAL.sub(r"\1", path)

"""A database that works through whole data sets in bounded memory."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from optout.datasets.opened import NO_ROOM, no_room
from optout.errors import OptoutError

if TYPE_CHECKING:
    import duckdb

MEMORY = "2GB"  # what the database may hold; more goes to temporary files

Function = Callable[[Any], "str | None"]


@contextmanager
def workspace(functions: Mapping[str, Function]) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with `functions` of one text in SQL, and server_host and server_domain.

    What it cannot hold goes to a folder of its own among the temporary files, gone at the end.
    """
    from optout.database import connect, quoted

    with tempfile.TemporaryDirectory(prefix="optout-") as folder, connect() as connection:
        connection.execute(f"SET memory_limit = {quoted(MEMORY)}")
        connection.execute(f"SET temp_directory = {quoted(folder)}")
        connection.execute("SET preserve_insertion_order = false")
        for name, function in {"server_host": _host, "server_domain": _domain, **functions}.items():
            _register(connection, name, function)
        try:
            yield connection
        except OptoutError:
            raise
        except Exception as error:
            if NO_ROOM.search(str(error)):
                raise no_room("while counting") from error
            raise


def _register(connection: duckdb.DuckDBPyConnection, name: str, function: Function) -> None:
    import pyarrow as pa

    def many(values: Any) -> Any:
        return pa.array([function(value) for value in values.to_pylist()], pa.string())

    connection.create_function(  # type: ignore[call-overload]
        name, many, ["VARCHAR"], "VARCHAR", type="arrow", null_handling="special"
    )


def _host(server: str | None) -> str:
    from optout.identity import identify

    return (identify(f"//{server}").host or "") if server else ""


def _domain(host: str | None) -> str:
    from optout.identity import registered_domain

    return (registered_domain(host) or host) if host else ""

"""Many addresses → a table of their keys, by the one definition of identify().

Python and the database get the same answers because the database asks Python: `register` gives a
connection the function url_key(); `keys_of_many` shares the work among processes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from optout.identity.keys import Identity, identify

if TYPE_CHECKING:
    from multiprocessing.pool import AsyncResult, Pool

    import duckdb
    import pyarrow as pa

COLUMNS = ("url", "key", "level", "rule", "candidate_key")
_ROWS = 20_000  # a share of work: some megabytes, a second or less


def record(identity: Identity) -> tuple[str, str | None, int | None, str | None, str | None]:
    """What is told of one address, in the order of COLUMNS."""
    return (
        identity.url,
        identity.key,
        identity.level,
        identity.rule,
        identity.candidate_key,
    )


def keys(urls: pa.Array) -> pa.Table:
    """One row for each of `urls` (strings, nulls allowed), in order; columns as in COLUMNS."""
    import pyarrow as pa

    rows = [_row(url) for url in urls.to_pylist()]
    columns = zip(*rows, strict=True) if rows else ((),) * len(COLUMNS)
    types = (pa.string(), pa.string(), pa.int8(), pa.string(), pa.string())
    arrays = [pa.array(values, kind) for values, kind in zip(columns, types, strict=True)]
    return pa.table(arrays, names=list(COLUMNS))


def _row(url: str | None) -> tuple[str | None, str | None, int | None, str | None, str | None]:
    return (None,) * 5 if url is None else record(identify(url))


def keys_of_many(urls: Iterable[pa.Array], processes: int) -> Iterator[pa.Table]:
    """keys() of arrays as they come, in order, by `processes` at once; memory stays flat."""
    if processes < 2:
        yield from map(keys, urls)
        return
    from multiprocessing import get_context

    # "spawn": the calling process may have threads, of the database for one.
    with get_context("spawn").Pool(processes) as pool:
        yield from _in_order(pool, _shares(urls), ahead=2 * processes)


def _in_order(pool: Pool, shares: Iterator[pa.Array], ahead: int) -> Iterator[pa.Table]:
    """Results in the order of `shares`, of which so many are under way at a time."""
    under_way: deque[AsyncResult[pa.Table]] = deque()
    for share in shares:
        under_way.append(pool.apply_async(keys, (share,)))
        if len(under_way) >= ahead:
            yield under_way.popleft().get()
    while under_way:
        yield under_way.popleft().get()


def _shares(urls: Iterable[pa.Array]) -> Iterator[pa.Array]:
    for array in urls:
        for start in range(0, len(array), _ROWS):
            yield array.slice(start, _ROWS)


def register(connection: duckdb.DuckDBPyConnection) -> None:
    """Give the database url_key(url): a struct of key, level, rule and candidate_key."""
    connection.create_function(  # type: ignore[call-overload]
        "url_key", _url_key, ["VARCHAR"], _STRUCT, type="arrow", null_handling="special"
    )


_STRUCT = "STRUCT(key VARCHAR, level TINYINT, rule VARCHAR, candidate_key VARCHAR)"


def _url_key(urls: Any) -> Any:  # the database reads annotations and imports what they name
    import pyarrow as pa

    table = keys(urls)
    names = list(COLUMNS[1:])
    return pa.StructArray.from_arrays([table[n].combine_chunks() for n in names], names=names)

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
_ROWS = 10_000  # a share of work: a megabyte, a quarter of a second


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
    return _beside(urls, _answers(urls))


def _answers(urls: pa.Array) -> pa.Table:
    """COLUMNS but for the first."""
    import pyarrow as pa

    # Lists of texts, not of records: those the garbage collector would go through again and again.
    texts, levels, names, candidate_keys = [], [], [], []
    for url in urls.to_pylist():
        found = _NOTHING if url is None else identify(url)
        texts.append(found.key)
        levels.append(found.level)
        names.append(found.rule)
        candidate_keys.append(found.candidate_key)
    columns = (texts, levels, names, candidate_keys)
    types = (pa.string(), pa.int8(), pa.string(), pa.string())
    arrays = [pa.array(values, kind) for values, kind in zip(columns, types, strict=True)]
    return pa.table(arrays, names=list(COLUMNS[1:]))


_NOTHING = Identity("", None, None, None, None, None, None)


def _beside(urls: pa.Array, answers: pa.Table) -> pa.Table:
    return answers.add_column(0, COLUMNS[0], urls.cast("string"))


def keys_of_many(urls: Iterable[pa.Array], processes: int) -> Iterator[pa.Table]:
    """keys() of arrays as they come, in order, by `processes` at once; memory stays flat."""
    shares = _shares(urls)
    if processes < 2:
        yield from map(keys, shares)
        return
    from multiprocessing import get_context

    # "spawn": the calling process may have threads, of the database for one.
    with get_context("spawn").Pool(processes) as pool:
        yield from _in_order(pool, shares, ahead=2 * processes)


def _in_order(pool: Pool, shares: Iterator[pa.Array], ahead: int) -> Iterator[pa.Table]:
    """Results in the order of `shares`, of which so many are under way at a time."""
    under_way: deque[tuple[pa.Array, AsyncResult[pa.Table]]] = deque()
    for share in shares:
        # The addresses stay here: only the answers come back.
        under_way.append((share, pool.apply_async(_answers, (share,))))
        if len(under_way) >= ahead:
            yield _next(under_way)
    while under_way:
        yield _next(under_way)


def _next(under_way: deque[tuple[pa.Array, AsyncResult[pa.Table]]]) -> pa.Table:
    share, answers = under_way.popleft()
    return _beside(share, answers.get())


def _shares(urls: Iterable[pa.Array]) -> Iterator[pa.Array]:
    import pyarrow as pa

    for array in urls:
        for start in range(0, len(array), _ROWS):
            # A copy: with a mere slice the whole array would be sent to the other process.
            yield pa.concat_arrays([array.slice(start, _ROWS)])


def register(connection: duckdb.DuckDBPyConnection) -> None:
    """Give the database url_key(url): a struct of key, level, rule and candidate_key."""
    connection.create_function(  # type: ignore[call-overload]
        "url_key", _url_key, ["VARCHAR"], _STRUCT, type="arrow", null_handling="special"
    )


_STRUCT = "STRUCT(key VARCHAR, level TINYINT, rule VARCHAR, candidate_key VARCHAR)"


def _url_key(urls: Any) -> Any:  # the database reads annotations and imports what they name
    import pyarrow as pa

    answers = _answers(urls)
    return pa.StructArray.from_arrays(
        [column.combine_chunks() for column in answers.columns], names=answers.column_names
    )

"""Data files → an Exploration: each file is read once, and only counts are kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from optout.datasets import DataFile, resolve
from optout.explore.index import index_files
from optout.explore.mentioned import SEPARATOR, Mentioned
from optout.matching.twins import without_twins

if TYPE_CHECKING:
    import duckdb

MOST = 50  # lines of a list
_FOLD_AFTER = 16  # files whose counts are kept apart until they are added up

# Called after each file: files done, of how many, rows read so far.
Progress = Callable[[int, int, int], None]


@dataclass(frozen=True, slots=True)
class Bar:
    """One value (or bin) and its rows."""

    label: str
    rows: int


@dataclass(frozen=True, slots=True)
class Table:
    """One question to the data set."""

    name: str  # hosts, domains, width, height, similarity, pwatermark, punsafe, aesthetic …
    title: str
    kind: str  # "list" (most first) or "bins" (in order)
    bars: tuple[Bar, ...]
    nulls: int = 0  # rows where the column is empty
    odd: int = 0  # rows with a value that cannot be one
    without_column: int = 0  # rows of files that lack the column
    files_without: int = 0
    more: int = 0  # values not listed


@dataclass(frozen=True, slots=True)
class Source:
    """What was read of one edition."""

    dataset: str
    edition: str
    files: int
    rows: int
    bytes: int
    names: tuple[str, ...]  # of the first files, as searched


@dataclass(frozen=True, slots=True)
class Exploration:
    """All that was counted."""

    sources: tuple[Source, ...]
    rows: int
    hosts: int
    domains: int
    unreadable: int  # rows whose address names no host
    tables: tuple[Table, ...]
    names_left_out: tuple[str, ...] = ()  # too short to look for
    same_content: tuple[tuple[str, str], ...] = ()  # files left out, each with its twin


def explore(
    specs: Sequence[str],
    *,
    index: Path | None = None,
    names: Iterable[str] = (),
    most: int = MOST,
    progress: Progress | None = None,
) -> Exploration:
    """Count what `specs` (and the rows of an `index`) hold; `names` are looked for in captions.

    One pass, bounded memory. Raises DatasetError for files that cannot be read.
    """
    from optout.database import dictionaries, relation
    from optout.explore.tables import tables
    from optout.explore.work import workspace

    files, twins = without_twins(resolve(specs))
    files += index_files(index) if index else []
    mentioned = Mentioned(names)
    with workspace({"caption_names": mentioned.joined}) as connection:
        rows = _read(connection, files, progress, has_names=mentioned.any)
        connection.execute("SET VARIABLE most = $1", [most])
        relation(connection, "explore_servers").to_table("explored_servers")
        [counts] = dictionaries(relation(connection, "explore_counts"))
        found = {
            "hosts": dictionaries(relation(connection, "explore_hosts")),
            "domains": dictionaries(relation(connection, "explore_domains")),
        }
        values = dictionaries(relation(connection, "explore_values"))
    return Exploration(
        sources=tuple(_sources(files, rows)),
        rows=sum(rows),
        hosts=counts["hosts"],
        domains=counts["domains"],
        unreadable=counts["unreadable"],
        tables=tuple(tables(files, rows, found=found, counts=counts, values=values, most=most)),
        names_left_out=mentioned.left_out,
        same_content=twins,
    )


def _read(
    connection: duckdb.DuckDBPyConnection,
    files: Sequence[DataFile],
    progress: Progress | None,
    *,
    has_names: bool,
) -> list[int]:
    """Fill the table `explored`; the rows of each file."""
    from optout.database import relation
    from optout.datasets.opened import opened

    connection.execute("SET VARIABLE has_names = $1", [has_names])
    connection.execute("CREATE TABLE explored (what VARCHAR, value VARCHAR, rows BIGINT)")
    rows: list[int] = []
    for done, file in enumerate(files, 1):
        with opened(connection, file):
            relation(connection, "explore_file").insert_into("explored")
        total = "SELECT coalesce(sum(rows), 0)::BIGINT FROM explored WHERE what = 'caption'"
        rows.append(connection.execute(total).fetchall()[0][0] - sum(rows))
        if done % _FOLD_AFTER == 0:
            _fold(connection)
        if progress:
            progress(done, len(files), sum(rows))
    return rows


def _fold(connection: duckdb.DuckDBPyConnection) -> None:
    """Add up equal values, so that what is kept grows with their number, not with the files."""
    connection.execute(
        "CREATE OR REPLACE TABLE explored AS SELECT what, value, sum(rows)::BIGINT AS rows "
        "FROM explored GROUP BY what, value"
    )


def _sources(files: Sequence[DataFile], rows: Sequence[int]) -> Iterator[Source]:
    groups: dict[tuple[str, str], list[int]] = {}
    for place, file in enumerate(files):
        groups.setdefault((file.dataset, file.edition), []).append(place)
    for (dataset, edition), places in groups.items():
        yield Source(
            dataset,
            edition,
            len(places),
            sum(rows[place] for place in places),
            sum(files[place].size for place in places),
            tuple(files[place].name for place in places[:10]),
        )


def split_names(value: str) -> list[str]:
    """The names of a value as `caption_names` joined them."""
    return value.split(SEPARATOR)

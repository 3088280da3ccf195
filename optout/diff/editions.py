"""Two editions of a data set → the rows whose address only one of them has.

An address is known again in its lossless form, whatever the spelling. Of each side 8 bytes per
address are kept (a hash; of two billion addresses, one row in some ten billion is taken for another
by mistake), in temporary files where memory ends; the files are read once, the old ones twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crawler.whole import whole
from optout.datasets import DataFile, resolve

if TYPE_CHECKING:
    import duckdb

_BATCH = 16384
MOST = 50  # hosts in the summary

# Called after each file: files done, of how many (the old ones count twice), what is being done.
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two editions."""

    names: tuple[str, ...]  # data sets and editions
    files: int
    rows: int  # all of them
    readable: int  # rows with a readable address; the others are not compared
    addresses: int  # distinct


@dataclass(frozen=True, slots=True)
class Difference:
    """What the comparison of two editions found."""

    before: Side
    after: Side
    gone: int  # rows of the old edition whose address the new one has nowhere
    new: int
    hosts: tuple[dict[str, Any], ...]  # host, gone, new


def compare_editions(
    before: Sequence[str],
    after: Sequence[str],
    *,
    sink: Callable[[Iterator[dict[str, Any]]], None] | None = None,
    most: int = MOST,
    progress: Progress | None = None,
) -> Difference:
    """Compare the files that two lists of specs name.

    `sink` is given every row that is gone or new: change, dataset, edition, dataset_file,
    dataset_row, url; in that order of the files. Raises DatasetError for what cannot be read.
    """
    from optout.database import dictionaries, relation
    from optout.explore.work import workspace
    from optout.identity.lossless import lossless

    files = resolve(before), resolve(after)

    def address(url: str | None) -> str | None:
        return lossless(url) if url is not None else None

    with workspace({"lossless_address": address}) as connection:
        work = _Work(connection, files, progress)
        rows = work.read("before"), work.read("after")
        changes = work.only("gone"), work.only("new")
        connection.execute("SET VARIABLE most = $1", [most])
        hosts = dictionaries(relation(connection, "diff_hosts"))
        counted = [_counts(connection, side) for side in ("before", "after")]
        if sink is not None:
            sink(work.rows())
    sides = [
        Side(_names(found), len(found), total, *counts)
        for found, total, counts in zip(files, rows, counted, strict=True)
    ]
    return Difference(sides[0], sides[1], *changes, hosts=tuple(hosts))


def _names(files: Sequence[DataFile]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(file.edition or file.dataset for file in files))


def _counts(connection: duckdb.DuckDBPyConnection, side: str) -> tuple[int, int]:
    """Rows compared and distinct addresses of a side."""
    sql = f"SELECT count(*), count(DISTINCT address) FROM {side}"  # noqa: S608 (our own name)
    readable, addresses = connection.execute(sql).fetchall()[0]
    return readable, addresses


class _Work:
    """The database at work, and how far it is."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        files: tuple[Sequence[DataFile], Sequence[DataFile]],
        progress: Progress | None,
    ) -> None:
        self._connection, self._progress = connection, progress
        self._files = {"before": files[0], "after": files[1], "gone": files[0], "new": files[1]}
        self._done, self._of = 0, 2 * (len(files[0]) + len(files[1]))
        for side in ("before", "after"):
            connection.execute(f"CREATE TABLE {side} (address UBIGINT)")
        connection.execute(
            "CREATE TABLE differences "
            "(change VARCHAR, file INTEGER, dataset_row BIGINT, server VARCHAR, url VARCHAR)"
        )

    def read(self, side: str) -> int:
        """Keep the addresses of a side; the number of its rows."""
        from optout.database import relation
        from optout.datasets.opened import opened

        total = 0
        for file in self._files[side]:
            with opened(self._connection, file):
                if file.columns.rows is not None:
                    total += file.columns.rows
                else:
                    total += _rows(self._connection)
            with opened(self._connection, file):
                relation(self._connection, "diff_rows").project("address").insert_into(side)
            self._tell(f"reading {file.name}")
        return total

    def only(self, change: str) -> int:
        """Note the rows of one side whose address the other has nowhere; their number."""
        from optout.database import quoted, relation
        from optout.datasets.opened import opened

        other = {"gone": "after", "new": "before"}[change]
        self._connection.execute(
            f"CREATE OR REPLACE TEMP VIEW other_side AS SELECT address FROM {other}"  # noqa: S608
        )
        for place, file in enumerate(self._files[change]):
            with opened(self._connection, file):
                relation(self._connection, "diff_rows").create_view("rows_of_file", replace=True)
                found = relation(self._connection, "diff_only")
                columns = f"{quoted(change)}, {place}::INTEGER, dataset_row, server, url"
                found.project(columns).insert_into("differences")
            self._tell(f"comparing {file.name}")
        sql = "SELECT count(*) FROM differences WHERE change = $1"
        return int(self._connection.execute(sql, [change]).fetchall()[0][0])

    def rows(self) -> Iterator[dict[str, Any]]:
        """All rows that are gone, then those that are new, by file and row."""
        found = self._connection.sql(
            "SELECT change, file, dataset_row, url FROM differences "
            "ORDER BY change, file, dataset_row"
        )
        for batch in found.to_arrow_reader(_BATCH):
            for row in batch.to_pylist():
                file = self._files[row["change"]][row.pop("file")]
                yield {
                    "change": row["change"],
                    "dataset": file.dataset,
                    "edition": file.edition,
                    "dataset_file": file.name,
                    "dataset_row": row["dataset_row"],
                    "url": row["url"],
                }

    def _tell(self, words: str) -> None:
        self._done += 1
        if self._progress:
            self._progress(self._done, self._of, words)


def _rows(connection: duckdb.DuckDBPyConnection) -> int:
    return int(connection.execute("SELECT count(*) FROM dataset").fetchall()[0][0])


def write_rows(path: Path, rows: Iterator[dict[str, Any]]) -> None:
    """Rows as .csv or .jsonl, by the name of the file; whole or not at all. Raises OSError."""
    from optout.report.formats import csv_lines, json_lines

    lines = csv_lines if path.suffix.lower() == ".csv" else json_lines
    with whole(path) as beside, beside.open("wb") as file:
        for line in lines(rows):
            file.write(line.encode("utf-8", "replace"))

"""An index and what is asked of it → the rows that may tie, in the order of the source.

The rows are a superset: what the search over the data itself would look at closely, and little
more. The same close look decides, so the answers are the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optout.database import parquet_view, relation
from optout.datasets import DataFile
from optout.datasets.columns import Columns
from optout.errors import DatasetError, OptoutError
from optout.index import layout
from optout.index.layout import Manifest, Source

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from optout.index.asked import Asked
    from optout.matching.artist import Artist
    from optout.matching.look import Row
    from optout.matching.source import FileCount, Reading

_BATCH = 16384  # rows handed on at a time
_MEMORY = "800MB"
_SCHEMES = ("http://", "https://")
_SHORT = 7  # letters of the column that names are sorted by
_MOST_NAMES = 5000  # rows whose file names begin alike; of more, a longer beginning must be alike


@dataclass(frozen=True, slots=True)
class Index:
    """An index that is there to be asked."""

    place: str  # folder or address, without a slash at its end
    manifest: Manifest

    @property
    def captions(self) -> bool:
        """Whether it can be asked for texts and names in captions."""
        return set(layout.CAPTION_LEVELS) <= set(self.manifest.levels)

    def files(self) -> list[DataFile]:
        """The data files it was made from, as a search of themselves names them."""
        return [_data_file(one) for one in self.manifest.sources]

    def source(self, artists: Sequence[Artist], captions: bool) -> IndexRows:
        """The rows that may concern `artists`. Raises DatasetError for damage."""
        if captions and not self.captions:
            raise DatasetError(
                f"{self.place} cannot be asked for captions",
                "search without them (--no-captions), or build it with --captions",
            )
        return IndexRows(self, artists)

    def warnings(self) -> list[str]:
        """What a search of this index should tell."""
        if self.manifest.rules == layout.rules_digest():
            return []
        return [
            f"{self.place} was built with other rules of addresses than this program has: "
            "odd addresses may be missed; build it again to be sure"
        ]


def open_index(place: Path) -> Index:
    """Raises DatasetError where there is no finished index."""
    return Index(str(place), layout.read_manifest(place))


def prepare(connection: duckdb.DuckDBPyConnection, index: Index) -> None:
    """Make the tables of `index` known to `connection` as views."""
    manifest = index.manifest
    for table, columns in {**layout.TABLES, **layout.CAPTION_TABLES}.items():
        files = [f"{index.place}/{file.file}" for file in manifest.tables.get(table, ())]
        parquet_view(connection, table, files, columns)
    # Boundaries of row groups are asked for each wanted value, and read once for all queries.
    connection.execute("SET dynamic_or_filter_threshold = 20000")
    connection.execute("SET parquet_metadata_cache = true")
    connection.execute(f"SET VARIABLE most_names = {_MOST_NAMES}")


@contextmanager
def readable(index: Index) -> Iterator[None]:
    """Failures of reading as DatasetError."""
    try:
        yield
    except (OptoutError, MemoryError, RecursionError):
        raise
    except Exception as error:
        # The database and Arrow each have a tree of errors of their own for a damaged file.
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DatasetError(
            f"{index.place} cannot be read: {reason}",
            f"see what is damaged: optout index verify {index.place}",
        ) from error


class IndexRows:
    """The rows of an index that may concern some artists, found when first asked for."""

    def __init__(self, index: Index, artists: Sequence[Artist]) -> None:
        self._index = index
        with readable(index):
            self._found = candidates(index, artists)

    def rows(self, file: DataFile, count: FileCount, reading: Reading) -> Iterator[list[Row]]:
        """The rows of `file` among them, in order; of those without an address just the number."""
        number = self._index.files().index(file)
        source = self._index.manifest.sources[number]
        count.rows, count.null_urls = source.rows, source.null_urls
        count.skipped, count.examples = source.skipped, list(source.examples)
        for batch in self._found.get(number, ()):
            yield [row for row in batch.to_pylist() if _is_web(row["url"])]
        reading(count.rows)

    def whole(self, file: DataFile, rows: Sequence[Row]) -> list[Row]:
        """They came whole."""
        return list(rows)


def _is_web(url: str) -> bool:
    return url.strip().lower().startswith(_SCHEMES)


def candidates(index: Index, artists: Sequence[Artist]) -> dict[int, list[pa.RecordBatch]]:
    """Rows that may concern `artists` by the number of their source file, in their order."""
    from optout.database import connect
    from optout.index.asked import asked_for

    with closing(connect()) as connection:
        connection.execute(f"SET memory_limit = '{_MEMORY}'")
        prepare(connection, index)
        ask(connection, asked_for(artists, index.manifest.covered))
        found = relation(connection, "index_candidates").to_arrow_table()
    by_file: dict[int, list[pa.RecordBatch]] = {}
    start = 0
    for file, rows in groupby(found["file"].to_pylist()):
        number = sum(1 for _ in rows)
        part = found.slice(start, number).drop_columns(["file"])
        by_file[file] = part.to_batches(_BATCH)
        start += number
    return by_file


def ask(connection: duckdb.DuckDBPyConnection, asked: Asked) -> None:
    """Register what is asked for, and the positions of rows that the tables give."""
    import pyarrow as pa

    columns = {
        "asked_domains": ("domain", asked.domains),
        "asked_stems": ("stem", asked.stems),
        "asked_hashes": ("value", asked.hashes),
    }
    for name, (column, values) in columns.items():
        connection.register(name, pa.table({column: pa.array(sorted(values), pa.string())}))
    sites = sorted(asked.sites)
    both = {name: [one[place] for one in sites] for place, name in enumerate(("domain", "site"))}
    schema = pa.schema([(name, pa.string()) for name in both])
    connection.register("asked_sites", pa.table(both, schema=schema))
    sets = sorted(sorted(some) for some in asked.parts)
    parts: dict[str, list[Any]] = {"asked": [], "part": [], "needed": []}
    for number, some in enumerate(sets):
        for part in some:
            for name, value in zip(parts, (number, part, len(some)), strict=True):
                parts[name].append(value)
    types = (pa.int64(), pa.string(), pa.int64())
    arrays = [pa.array(parts[name], kind) for name, kind in zip(parts, types, strict=True)]
    connection.register("asked_parts", pa.table(arrays, names=list(parts)))
    names = relation(connection, "index_asked_names").to_arrow_table()
    connection.register("asked_names", names)
    positions = [relation(connection, "index_positions").to_arrow_table()]
    if any(len(short) < _SHORT for short in names["short"].to_pylist()):
        positions.append(relation(connection, "index_short_names").to_arrow_table())
    connection.register("asked_positions", pa.concat_tables(positions))


def _data_file(one: Source) -> DataFile:
    columns = Columns("parquet", {}, rows=one.rows)
    return DataFile(Path(one.path), one.dataset, one.edition, one.name, one.size, columns)

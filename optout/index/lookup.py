"""An index and what is asked of it → the rows that may tie, in the order of the source.

The rows are a superset: what the search over the data itself would look at closely, and little
more. The same close look decides, so the answers are the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from optout.datasets import DataFile
from optout.datasets.columns import Columns
from optout.errors import DatasetError, OptoutError
from optout.index import layout
from optout.index.layout import Manifest, Source
from optout.index.place import Address, Folder, Place
from optout.index.table import Table

if TYPE_CHECKING:
    import pyarrow as pa

    from optout.matching.artist import Artist
    from optout.matching.look import Row
    from optout.matching.source import FileCount, Reading
    from optout.remote import Session

_BATCH = 16384  # rows handed on at a time
_MEMORY = "800MB"
_SCHEMES = ("http://", "https://")


@dataclass(frozen=True, slots=True)
class Index:
    """An index that is there to be asked."""

    place: str  # folder or address, without a slash at its end
    manifest: Manifest
    tables: dict[str, Table] = field(compare=False)

    def files(self) -> list[DataFile]:
        """The data files it was made from, as a search of themselves names them."""
        return [_data_file(one) for one in self.manifest.sources]

    def twins(self) -> tuple[tuple[str, str], ...]:
        """Files left out at the build, each with the one that holds the same."""
        return tuple((one.file, one.same_as) for one in self.manifest.same_content)

    def source(self, artists: Sequence[Artist], captions: bool) -> IndexRows:
        """The rows that may concern `artists`. Raises DatasetError for damage."""
        if captions:
            raise DatasetError(
                f"{self.place} cannot be asked for captions",
                "search without them (--no-captions), or search the data files",
            )
        return IndexRows(self, artists)

    def warnings(self) -> list[str]:
        """What a search of this index should tell."""
        same = self.manifest.rules == layout.rules_digest()
        if same and self.manifest.format == layout.FORMAT:
            return []
        return [
            f"{self.place} was built with other rules of addresses than this program has: "
            "odd addresses may be missed; build it again to be sure"
        ]


def open_index(place: Path | str, session: Session | None = None) -> Index:
    """The index in a folder, or at an address (hf://, https://, s3://) read through `session`.

    Raises DatasetError where there is no finished index.
    """
    from optout.remote import is_remote, open_source

    if session is not None and is_remote(str(place)):
        source = open_source(str(place), session)
        text = source.read(layout.MANIFEST).decode("utf-8", "replace")
        manifest, files = layout.parse_manifest(text, source.address), Address(source)
        return Index(source.address, manifest, _tables(files, manifest))
    manifest = layout.read_manifest(Path(place))
    return Index(str(place), manifest, _tables(Folder(Path(place)), manifest))


def _tables(place: Place, manifest: Manifest) -> dict[str, Table]:
    return {name: Table(place, name, files) for name, files in manifest.tables.items()}


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
    from optout.index.chosen import chosen, positions

    asked = asked_for(artists, index.manifest.covered)
    with closing(connect()) as connection:
        connection.execute(f"SET memory_limit = '{_MEMORY}'")
        connection.execute("SET threads = 1")  # what is left to join is little
        places = positions(connection, index.tables, asked)
    found = chosen(index.tables["rows"], asked, places)
    by_file: dict[int, list[pa.RecordBatch]] = {}
    start = 0
    for file, rows in groupby(found["file"].to_pylist()):
        number = sum(1 for _ in rows)
        part = found.slice(start, number).drop_columns(["file"])
        by_file[file] = part.to_batches(_BATCH)
        start += number
    return by_file


def _data_file(one: Source) -> DataFile:
    columns = Columns("parquet", {}, rows=one.rows)
    return DataFile(Path(one.path), one.dataset, one.edition, one.name, one.size, columns)

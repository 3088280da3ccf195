"""Data files → candidates: the rows that may concern the artist, looked at one by one.

Each file is read once, in batches; of its rows only those that tie to something are kept.
"""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from optout.database import quoted, relation
from optout.datasets import DataFile, crawl_period
from optout.datasets.columns import ROW
from optout.datasets.text import batches
from optout.datasets.view import view_sql
from optout.errors import DatasetError, OptoutError
from optout.identity import identify
from optout.matching.artist import Artist, covering, declared_by_host
from optout.matching.texts import generic, normal

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

_EXAMPLES = 10  # skipped rows that are shown
_BATCH = 16384  # rows handed from the sieve to Python at a time
_SCHEMES = ("http://", "https://")

# Called after each part of a file: files done, of how many, rows read so far.
Progress = Callable[[int, int, int], None]


@dataclass(slots=True)
class FileCount:
    """What was read of one file."""

    file: DataFile
    rows: int = 0
    null_urls: int = 0
    skipped: int = 0
    examples: list[tuple[int, str]] = field(default_factory=list)  # row, what stands there


@dataclass(slots=True)
class Scan:
    """The outcome: candidate rows, and what was read of each file."""

    candidates: pa.Table
    counts: list[FileCount]


def scan(
    connection: duckdb.DuckDBPyConnection,
    files: Sequence[DataFile],
    artist: Artist,
    progress: Progress | None = None,
) -> Scan:
    """Search `files` for `artist`; the sieve must be prepared. Raises DatasetError for damage.

    The numbers of rows in `artist.texts` and `artist.stems` are filled in.
    """
    look = Look(artist)
    counts, kept, read = [], [], 0
    for done, file in enumerate(files):
        count = FileCount(file)
        counts.append(count)
        for batch in _sieved(connection, count):
            kept += look.at(batch, count)
            if progress:
                progress(done, len(files), read + count.rows)
        read += count.rows
        if progress:
            progress(done + 1, len(files), read)
    return Scan(candidates_table(kept), counts)


def candidates_table(rows: Sequence[dict[str, Any]]) -> pa.Table:
    """What Look.at kept, as the table that the queries of evidence read."""
    import pyarrow as pa

    return pa.Table.from_pylist(rows, schema=_schema())


def _sieved(
    connection: duckdb.DuckDBPyConnection, count: FileCount
) -> Iterator[list[dict[str, Any]]]:
    """The rows of one file that pass queries/survivors.sql, in batches."""
    file = count.file
    try:
        if file.columns.format == "parquet":
            count.rows = file.columns.rows or 0
            # Square brackets and stars in a file's own name are no pattern.
            # Folders may be called anything: "url=x" is a name, not a column.
            source = (
                f"read_parquet([{quoted(_literal(str(file.path)))}], "
                "file_row_number = true, hive_partitioning = false, binary_as_string = true)"
            )
            yield from survivors(connection, view_sql(file, source, ROW))
            return
        view = _of_texts(file)
        for table in batches(file.path, file.columns):
            connection.register("text_rows", table)
            count.rows += table.num_rows
            yield from survivors(connection, view)
    except OptoutError:
        raise
    except (MemoryError, RecursionError):
        raise
    except Exception as error:
        # The database and Arrow each have a tree of errors of their own for a damaged file.
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DatasetError(
            f"{file.path} cannot be read: {reason}", "load the file again"
        ) from error


def _literal(path: str) -> str:
    return "".join(f"[{char}]" if char in "*?[" else char for char in path)


def _of_texts(file: DataFile) -> str:
    # The batches of a text file carry our own column names already.
    from dataclasses import replace

    names = {name: name for name in file.columns.names}
    plain = replace(file, columns=replace(file.columns, names=names))
    return view_sql(plain, "text_rows", "dataset_row")


def survivors(connection: duckdb.DuckDBPyConnection, view: str) -> Iterator[list[dict[str, Any]]]:
    connection.execute(f"CREATE OR REPLACE TEMP VIEW dataset AS {view}")
    reader = relation(connection, "survivors").to_arrow_reader(_BATCH)
    for batch in reader:
        yield batch.to_pylist()


class Look:
    """A close look at single rows; holds what would else be built anew for each batch."""

    def __init__(self, artist: Artist) -> None:
        self._artist = artist
        self._declared = declared_by_host(artist.declared)
        self._most_rows = generic().most_rows

    def at(self, rows: list[dict[str, Any]], count: FileCount) -> list[dict[str, Any]]:
        """The rows that tie to something, with what they identify; the others are counted."""
        kept = []
        for row in rows:
            url = row["url"]
            if url is None:
                count.null_urls += 1
            elif not url.strip().lower().startswith(_SCHEMES):
                _skip(count, row["dataset_row"], url)
            else:
                found = self._ties(row, count.file)
                if found is not None:
                    kept.append({**row, **found, **_name(count.file, row["dataset_row"])})
        return kept

    def _ties(self, row: dict[str, Any], file: DataFile) -> dict[str, Any] | None:
        identity = identify(row["url"])
        domain, _, stem = (identity.candidate_key or "").partition("/")
        declared = list(covering(self._declared, identity))
        period = crawl_period(file.dataset)
        theirs = next((one for one in declared if one.was_theirs(period)), None)
        caption = row["caption"]
        name = self._artist.names.found(caption) if caption else None
        text = normal(caption) if caption and self._artist.texts else None
        # Each is asked for even when another holds: the last two also count.
        ties = [
            identity.key in self._artist.keys,
            row["md5"] in self._artist.hashes or row["sha256"] in self._artist.hashes,
            theirs is not None,
            name is not None,
            self._counts_as_stem(domain, stem),
            self._counts_as_text(text),
        ]
        if not any(ties):
            return None
        return {
            "url_host": identity.host,
            "lossless": identity.lossless,
            "key": identity.key,
            "level": identity.level,
            "rule": identity.rule,
            "domain": domain or None,
            "stem": stem or None,
            "text": text,
            "name": name,
            "declared": theirs.written if theirs else None,
            "on_site": bool(theirs and theirs.site),
            "on_account": bool(theirs and theirs.account),
        }

    def _counts_as_stem(self, domain: str, stem: str) -> bool:
        known = self._artist.stems.get(stem) if stem else None
        if known is None:
            return False
        if domain in known.domains:
            return True
        known.rows_elsewhere += 1
        return known.rows_elsewhere <= self._most_rows

    def _counts_as_text(self, text: str | None) -> bool:
        known = self._artist.texts.get(text) if text else None
        if known is None:
            return False
        known.rows += 1
        return known.rows <= self._most_rows


def _skip(count: FileCount, row: int, value: str) -> None:
    count.skipped += 1
    count.examples = heapq.nsmallest(_EXAMPLES, [*count.examples, (row, value[:200])])


def _name(file: DataFile, row: int) -> dict[str, Any]:
    name = "\0".join((file.dataset, file.edition, file.name, str(row)))
    digest = hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()
    return {
        "match_id": f"m-{digest[:16]}",
        "dataset": file.dataset,
        "edition": file.edition,
        "dataset_file": file.name,
    }


def _schema() -> pa.Schema:
    import pyarrow as pa

    from optout.tables import MATCHES

    ours = ("case_id", "strength", "evidence", "place", "image_url", "page_url", "work_id")
    fields = [field for field in MATCHES if field.name not in (*ours, "contradiction")]
    texts = ("lossless", "key", "rule", "domain", "stem", "text", "name", "declared")
    fields += [pa.field(name, pa.string()) for name in texts]
    fields += [pa.field("level", pa.int64())]
    fields += [pa.field(name, pa.bool_()) for name in ("on_site", "on_account")]
    fields += [pa.field(name, pa.int64()) for name in ("file_width", "file_height")]
    return pa.schema(fields)

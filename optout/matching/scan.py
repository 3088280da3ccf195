"""A source of rows and artists → candidates: the rows that tie to each, and what was read.

One pass for all artists of a search. Each file is searched by itself (`search`); what was found in
them is put together in the order of the files (`scan`), since some ties hold only where few rows
have them.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import accumulate
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol

from optout.datasets import DataFile
from optout.errors import DatasetError
from optout.matching.artist import Artist
from optout.matching.look import Look, Row, Tally, Tie
from optout.matching.source import FileCount, Reading, Source

if TYPE_CHECKING:
    import pyarrow as pa

_EXAMPLES = 10  # skipped rows that are shown
_SCHEMES = ("http://", "https://")
AHEAD = 2  # files searched at a time: while one is looked at closely, the next is read

# Called after each part of a file: files done, of how many, rows read so far.
Progress = Callable[[int, int, int], None]


@dataclass(frozen=True, slots=True)
class FileFound:
    """The outcome for one file: its rows that may tie to somebody, in order."""

    count: FileCount
    rows: list[tuple[Row, list[Tie]]]


class Finished(Protocol):
    """Keeps what was found in files, for a search that is broken off and begun again."""

    def load(self, file: DataFile) -> tuple[FileCount, list[Row]] | None:
        """What was read of `file` and its rows, if it has been searched."""

    def save(self, count: FileCount, rows: Sequence[Row]) -> None:
        """Keep what was found in one file."""


@dataclass(slots=True)
class Scan:
    """The outcome: candidate rows of each artist, and what was read of each file."""

    candidates: list[pa.Table]  # in the order of the artists
    counts: list[FileCount]
    damaged: list[DatasetError] = field(default_factory=list)  # files that were not searched


def scan(
    source: Source,
    files: Sequence[DataFile],
    artists: Sequence[Artist],
    *,
    captions: bool = True,
    finished: Finished | None = None,
    progress: Progress | None = None,
    ahead: int = AHEAD,
) -> Scan:
    """Search `files` for all of `artists` at once, `ahead` of them at a time.

    A file that cannot be read to its end is named in `damaged`, and none of its rows is used. The
    numbers of rows in `texts` and `stems` of the artists are filled in.
    """
    look, tally = Look(artists, captions), Tally(artists)
    kept: list[list[Row]] = [[] for _ in artists]
    result = Scan([], [])
    told = _Told(progress, len(files))
    with ThreadPoolExecutor(ahead) as pool:
        searches = deque(
            pool.submit(_found, source, file, look, told.reading(), finished) for file in files
        )
        try:
            while searches:
                _take(searches.popleft(), result, tally, kept)
                told.file_done()
        finally:
            for one in searches:
                one.cancel()
    result.candidates = _tables(kept)
    return result


def _take(one: Future[FileFound], result: Scan, tally: Tally, kept: Sequence[list[Row]]) -> None:
    try:
        found = one.result()
    except DatasetError as error:
        result.damaged.append(error)
    else:
        _put_together(found, tally, kept)
        result.counts.append(found.count)


class _Told:
    """How far a search is: files are searched ahead, so rows come from several."""

    def __init__(self, progress: Progress | None, files: int) -> None:
        self._progress = progress
        self._files = files
        self._done = 0
        self._read: dict[int, int] = {}
        self._lock = Lock()

    def reading(self) -> Reading:
        """For one file."""
        number = len(self._read)
        self._read[number] = 0

        def reading(rows: int) -> None:
            with self._lock:
                self._read[number] = rows
                self._tell()

        return reading

    def file_done(self) -> None:
        """The next file, in their order, has been dealt with."""
        with self._lock:
            self._done += 1
            self._tell()

    def _tell(self) -> None:
        if self._progress:
            self._progress(self._done, self._files, sum(self._read.values()))


def search(source: Source, file: DataFile, look: Look, reading: Reading) -> FileFound:
    """The rows of one file that may tie to one of the artists. Raises DatasetError for damage."""
    count = FileCount(file)
    found = FileFound(count, [])
    for batch in source.rows(file, count, reading):
        for row in batch:
            ties = look.ties(row, file.dataset) if _has_address(row, count) else []
            if ties:
                found.rows.append((row, ties))
    rows = source.whole(file, [row for row, _ in found.rows])
    ties_of = (ties for _, ties in found.rows)
    return FileFound(count, list(zip(rows, ties_of, strict=True)))


def _found(
    source: Source, file: DataFile, look: Look, reading: Reading, finished: Finished | None
) -> FileFound:
    kept = finished.load(file) if finished else None
    if kept:
        count, rows = kept
        return FileFound(count, [(row, look.ties(row, file.dataset)) for row in rows])
    found = search(source, file, look, reading)
    if finished:
        finished.save(found.count, [row for row, _ in found.rows])
    return found


def _put_together(found: FileFound, tally: Tally, kept: Sequence[list[Row]]) -> None:
    file = found.count.file
    for row, ties in found.rows:
        name = _name(file, row["dataset_row"])
        for tie in ties:
            if tally.keeps(tie):
                kept[tie.artist].append({**row, **tie.found, **name})


def _has_address(row: Row, count: FileCount) -> bool:
    url = row["url"]
    if url is None:
        count.null_urls += 1
    elif not url.strip().lower().startswith(_SCHEMES):
        _skip(count, row["dataset_row"], url)
    else:
        return True
    return False


def _skip(count: FileCount, row: int, value: str) -> None:
    count.skipped += 1
    count.examples = heapq.nsmallest(_EXAMPLES, [*count.examples, (row, value[:200])])


def _name(file: DataFile, row: int) -> dict[str, Any]:
    from optout.tables import match_id

    return {
        "match_id": match_id(file.dataset, file.edition, file.name, row),
        "dataset": file.dataset,
        "edition": file.edition,
        "dataset_file": file.name,
    }


def _tables(kept: Sequence[list[Row]]) -> list[pa.Table]:
    """One table for each list, made as one: thousands of small ones take longer."""
    import pyarrow as pa

    whole = pa.Table.from_pylist([row for rows in kept for row in rows], schema=_schema())
    ends = accumulate(len(rows) for rows in kept)
    return [whole.slice(end - len(rows), len(rows)) for rows, end in zip(kept, ends, strict=True)]


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

"""What was found in files that are finished ↔ a folder, so that a broken-off search goes on.

Kept only while a search is not complete, and used only for the very same question about the very
same file. The rows are those of all artists of the search, so whoever searches for several names a
folder that belongs to none of them.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crawler.whole import whole
from optout.datasets import DataFile
from optout.matching.artist import Artist
from optout.matching.look import Row
from optout.matching.source import NUMBERS, SIZES, TEXTS, FileCount

if TYPE_CHECKING:
    import pyarrow as pa

_FORMAT = 1  # of these files; what another one wrote is read anew
_COUNT = b"optout_count"  # where a file's metadata says what was read


class FinishedFiles:
    """One file of rows for each data file, named after it and what was searched for."""

    def __init__(self, folder: Path, question: str) -> None:
        """What was kept for another question than `question` is deleted."""
        self._folder = folder
        self._question = question
        for other in folder.glob("*") if folder.is_dir() else ():
            if not other.name.startswith(f"{question}-"):
                other.unlink(missing_ok=True)

    def load(self, file: DataFile) -> tuple[FileCount, list[Row]] | None:
        """What was read of `file` and its rows, if it has been searched as it is now."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        path = self._path(file)
        if path is None or not path.is_file():
            return None
        try:
            table = pq.read_table(path)
            known = json.loads(table.schema.metadata[_COUNT])
        except (pa.ArrowException, OSError, ValueError, KeyError, TypeError):
            return None  # read the file anew
        examples = [(row, value) for row, value in known.pop("examples")]
        return FileCount(file, examples=examples, **known), table.to_pylist()

    def save(self, count: FileCount, rows: Sequence[Row]) -> None:
        """Keep what was found in one file. Where that cannot be written, nothing is kept."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        path = self._path(count.file)
        if path is None:
            return
        known = {
            "rows": count.rows,
            "null_urls": count.null_urls,
            "skipped": count.skipped,
            "examples": count.examples,
        }
        schema = _schema().with_metadata({_COUNT: json.dumps(known).encode("utf-8", "replace")})
        with contextlib.suppress(OSError):
            self._folder.mkdir(exist_ok=True)
            with whole(path) as beside:
                pq.write_table(pa.Table.from_pylist(list(rows), schema=schema), beside)

    def keep_only(self, files: Iterable[DataFile]) -> None:
        """The search has ended: keep what its repeat needs, nothing where it needs no file."""
        needed = {self._path(file) for file in files}
        if not needed:
            shutil.rmtree(self._folder, ignore_errors=True)
            return
        for path in self._folder.glob("*"):
            if path not in needed:
                path.unlink(missing_ok=True)

    def _path(self, file: DataFile) -> Path | None:
        what = _identity(file)
        if what is None:
            return None
        name = _digest([what, replace(file, path=Path()), _FORMAT])
        return self._folder / f"{self._question}-{name}.parquet"


def _identity(file: DataFile) -> Any:
    """What changes when a file does; None where that cannot be known."""
    if not isinstance(file.path, Path):
        return file.path.identity
    try:
        found = file.path.stat()
    except OSError:
        return None
    return [str(file.path.resolve()), (found.st_size, found.st_mtime_ns)]


def question(artists: Sequence[Artist], captions: bool) -> str:
    """A short name for all that is searched for: the same for the same artists alone."""
    return _digest([[_asked(one) for one in artists], captions])


def _asked(artist: Artist) -> Any:
    return [
        sorted(artist.keys),
        sorted(artist.hashes),
        sorted(artist.phashes),
        sorted((stem, sorted(known.domains)) for stem, known in artist.stems.items()),
        sorted(artist.texts),
        [name.written for name in artist.names.searched],
        list(artist.declared),
    ]


def _digest(value: Any) -> str:
    return hashlib.sha256(repr(value).encode("utf-8", "replace")).hexdigest()[:16]


def _schema() -> pa.Schema:
    """The columns of a row in whole."""
    import pyarrow as pa

    return pa.schema(
        [
            ("dataset_row", pa.int64()),
            *((name, pa.string()) for name in TEXTS),
            *((name, pa.float64()) for name in NUMBERS),
            *((name, pa.int64()) for name in SIZES),
        ]
    )

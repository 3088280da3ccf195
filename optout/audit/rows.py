"""Files of image addresses → their rows, some at a time: (file, row number, text)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from optout.audit.work import Line
from optout.datasets import DataFile, resolve
from optout.datasets.columns import LONGEST_FIELD
from optout.datasets.text import batches
from optout.errors import DatasetError
from optout.remote import is_remote

PLAIN = (".txt", ".lst", ".list", ".urls", "")  # one address a line
_ROWS = 8192  # of one batch

Source = DataFile | Path  # a Path is a plain list


def sources(specs: Sequence[str]) -> list[Source]:
    """Every file that the specs name, all looked at before any is read.

    Plain lists by their suffix; the rest as `optout match` knows it. Raises DatasetError.
    """
    found: list[Source] = []
    for spec in specs:
        path = Path(spec)
        if is_remote(spec):
            raise DatasetError(
                f"{spec} is not on this machine", "load the list, then name the file"
            )
        if path.suffix.lower() in PLAIN and path.is_file():
            found.append(path)
        elif path.suffix and path.suffix.lower() in PLAIN:
            raise DatasetError(f"there is no file {spec}", "check the name")
        else:
            found += resolve([spec])
    return found


def fingerprint(found: Sequence[Source], *how: object) -> str:
    """The same for the same files, as long as nobody changed them, and the same `how`."""
    stats = [(path.resolve(), path.stat()) for path in map(_path, found)]
    facts = [[str(path), stat.st_size, stat.st_mtime_ns] for path, stat in stats]
    return hashlib.sha256(json.dumps([facts, repr(how)]).encode("utf-8", "replace")).hexdigest()[
        :16
    ]


def lines(found: Sequence[Source]) -> Iterator[list[Line]]:
    """All rows in order. Rows count from zero in each file, headers not counted.

    Raises DatasetError naming the file that cannot be read on.
    """
    for source in found:
        if isinstance(source, Path):
            yield from _plain(source)
        elif source.columns.format == "parquet":
            yield from _parquet(source)
        else:
            yield from _text(source)


def _path(source: Source) -> Path:
    path = source if isinstance(source, Path) else source.path
    assert isinstance(path, Path)  # `sources` takes no other
    return path


def _plain(path: Path) -> Iterator[list[Line]]:
    """A plain list: every line is a row, an empty one too."""
    try:
        with path.open(encoding="utf-8-sig", errors="replace", newline="\n") as file:
            # Without line ends it is no list; gigabytes are not read to find out.
            numbered = enumerate(iter(lambda: file.readline(LONGEST_FIELD), ""))
            while part := list(islice(numbered, _ROWS)):
                yield [(path.name, n, line.strip()) for n, line in part]
    except OSError as error:
        raise DatasetError(
            f"cannot read {path}: {error.strerror or error}", "check who may read it"
        ) from error


def _text(source: DataFile) -> Iterator[list[Line]]:
    for table in batches(source.path, source.columns):
        numbers, texts = table["dataset_row"].to_pylist(), table["url"].to_pylist()
        yield [(source.name, n, text) for n, text in zip(numbers, texts, strict=True)]


def _parquet(source: DataFile) -> Iterator[list[Line]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    column = source.columns.names["url"]
    first = 0
    try:
        with pq.ParquetFile(source.path) as file:
            for batch in file.iter_batches(_ROWS, columns=[column]):
                texts = _texts(batch.column(0))
                yield [(source.name, n, text) for n, text in enumerate(texts, first)]
                first += len(texts)
    except (pa.ArrowException, OSError) as error:
        raise DatasetError(
            f"{source.path} is damaged after row {first}", "load the file again"
        ) from error


def _texts(column: Any) -> list[str | None]:
    """By way of bytes: some writers call text bytes, others call bytes text."""
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    values = column.cast(pa.large_binary()).to_pylist()
    return [None if value is None else value.decode("utf-8", "replace") for value in values]

"""A csv, tsv or jsonl file → batches of its rows as text columns, numbered from zero."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from optout.datasets.columns import LONGEST_FIELD, Columns, reader
from optout.errors import DatasetError
from optout.remote import RemoteFile

if TYPE_CHECKING:
    import pyarrow as pa

_ROWS = 32768  # of one batch


def batches(path: Path | RemoteFile, columns: Columns) -> Iterator[pa.Table]:
    """The file in tables of a few ten thousand rows: `dataset_row` and our column names.

    Blank lines are no rows. A line that is no JSON object becomes a row whose url is its text, so
    that it is counted and shown as skipped. Raises DatasetError naming the line that stops it.
    """
    import pyarrow as pa

    names = list(columns.names)
    schema = pa.schema([("dataset_row", pa.int64()), *((name, pa.string()) for name in names)])
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        rows = enumerate(
            _jsonl(file, columns) if columns.format == "jsonl" else _csv(file, columns)
        )
        while chunk := list(_told(path, islice(rows, _ROWS))):
            numbers = pa.array([number for number, _ in chunk], pa.int64())
            texts = zip(*(row for _, row in chunk), strict=True)
            arrays = [pa.array(column, pa.string()) for column in texts]
            yield pa.Table.from_arrays([numbers, *arrays], schema=schema)


def _told(path: Path | RemoteFile, rows: Iterator[Any]) -> Iterator[Any]:
    try:
        yield from rows
    except (csv.Error, OSError) as error:
        raise DatasetError(f"{path} cannot be read on: {error}", "load the file again") from error


def _csv(file: TextIO, columns: Columns) -> Iterator[list[str | None]]:
    csv.field_size_limit(LONGEST_FIELD)
    places = [columns.fields.index(name) for name in columns.names.values()]
    rows = (row for row in reader(file, columns.format) if row)
    if columns.header:
        next(rows, None)
    for row in rows:
        yield [row[place] or None if place < len(row) else None for place in places]


def _jsonl(file: TextIO, columns: Columns) -> Iterator[list[str | None]]:
    names = list(columns.names.items())
    for line in file:
        if line.strip():
            record = _record(line)
            if record is None:
                yield [line.strip()[:200] if ours == "url" else None for ours, _ in names]
            else:
                yield [_text(record.get(theirs)) for _, theirs in names]


def _record(line: str) -> dict[str, Any] | None:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def _text(value: Any) -> str | None:
    if value is None:
        return None
    text = value if isinstance(value, str) else json.dumps(value)
    # Half a surrogate pair can be written in JSON and cannot be stored as UTF-8.
    return text.encode("utf-8", "replace").decode()

"""Verdicts → Parquet, CSV or JSON lines, a part at a time; a file is whole or absent."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Protocol

from optout.audit.judging import Judged, as_object
from optout.errors import OptoutError
from optout.report.formats import csv_lines, json_lines

FORMATS = ("parquet", "csv", "jsonl")


class Writer(Protocol):
    """Takes lines, in order."""

    def write(self, lines: Sequence[Judged]) -> None: ...


def format_of(out: Path | None, name: str) -> str:
    """The form asked for, by its name or the file's suffix. Raises OptoutError for neither."""
    suffix = out.suffix.lower().removeprefix(".") if out else "jsonl"
    chosen = name or {"json": "jsonl", "ndjson": "jsonl"}.get(suffix, suffix)
    if chosen not in FORMATS:
        raise OptoutError(
            f"{out} does not say in which form to write", f"add --format: {', '.join(FORMATS)}"
        )
    if chosen == "parquet" and out is None:
        raise OptoutError("Parquet is written to a file only", "name one: --out verdicts.parquet")
    return chosen


@contextmanager
def writing(out: Path | None, form: str) -> Iterator[Writer]:
    """A writer to `out` (None: stdout). The file appears when the block ends without an error."""
    if out is None:
        yield _Text(sys.stdout, form)
        return
    beside = out.with_name(f".{out.name}.unfinished")
    try:
        if form == "parquet":
            with _parquet(beside) as table:
                yield table
        else:
            with beside.open("w", encoding="utf-8", errors="replace", newline="") as file:
                yield _Text(file, form)
        beside.replace(out)
    finally:
        with suppress(FileNotFoundError):
            beside.unlink()


class _Text:
    def __init__(self, file: IO[str], form: str) -> None:
        self._file = file
        self._form = form
        if form == "csv":
            self._file.write(",".join(Judged._fields) + "\r\n")

    def write(self, lines: Sequence[Judged]) -> None:
        rows = map(as_object, lines)
        if self._form == "csv":
            self._file.writelines(_without_header(csv_lines(rows)))
        else:
            self._file.writelines(json_lines(rows))


def _without_header(lines: Iterable[str]) -> Iterator[str]:
    found = iter(lines)
    next(found, None)
    yield from found


class _Table:
    def __init__(self, file: Any, schema: Any) -> None:
        self._file = file
        self._schema = schema

    def write(self, lines: Sequence[Judged]) -> None:
        import pyarrow as pa

        columns = zip(*lines, strict=True) if lines else ()
        arrays = [pa.array(c, f.type) for c, f in zip(columns, self._schema, strict=False)]
        if arrays:
            self._file.write_batch(pa.RecordBatch.from_arrays(arrays, schema=self._schema))


@contextmanager
def _parquet(path: Path) -> Iterator[Writer]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = {"row": pa.int64(), "line": pa.int32(), "observed_at": pa.timestamp("us", tz="UTC")}
    schema = pa.schema([(name, kinds.get(name, pa.string())) for name in Judged._fields])
    with pq.ParquetWriter(os.fspath(path), schema, compression="zstd") as file:
        yield _Table(file, schema)

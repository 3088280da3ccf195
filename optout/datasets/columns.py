"""A data file → which of its columns is which, after a first look that finds damage."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

from optout.datasets.editions import columns as aliases
from optout.datasets.editions import known
from optout.errors import DatasetError
from optout.remote import RemoteFile

ROW = "file_row_number"  # what the database calls the number of a row in its file
LONGEST_FIELD = 16 * 2**20  # characters; DataComp has texts of a million

# What a file called .parquet may be instead, by its first bytes.
_IMPOSTORS = (
    (
        b"version https://git-lfs",
        "is only a Git LFS pointer",
        "fetch the file itself: git lfs pull",
    ),
    (b"<", "is a web page, not Parquet", "log in where the data set is gated, then load it again"),
    (b"\x1f\x8b", "is gzip, not Parquet", "unpack it, or load it again"),
    (b"PK", "is a zip archive, not Parquet", "unpack it first"),
)


@dataclass(frozen=True, slots=True)
class Columns:
    """How to read one file: its format, and our column names → its own."""

    format: str  # "parquet", "csv", "tsv" or "jsonl"
    names: dict[str, str]  # e.g. {"url": "URL", "caption": "TEXT"}
    header: bool = True  # of a text file
    fields: tuple[str, ...] = ()  # all columns of a csv or tsv file, in order
    rows: int | None = None  # from the footer, where there is one


def check(path: Path | RemoteFile, headerless: Sequence[str] = ()) -> Columns:
    """Look at a file's footer or first line and find its columns.

    `headerless` are the columns of its edition's files without a header line. Raises DatasetError
    when the file is damaged, is something else, or has no column with addresses.
    """
    try:
        if size(path) == 0:
            raise DatasetError(f"{path} is empty", "load the file again")
        if path.suffix.lower() == ".parquet":
            return _parquet(path)
        if path.suffix.lower() == ".jsonl":
            return _jsonl(path)
        if path.suffix.lower() in (".csv", ".tsv"):
            return _delimited(path, headerless)
    except OSError as error:
        raise DatasetError(
            f"cannot read {path}: {error.strerror or error}", "check who may read it"
        ) from error
    raise DatasetError(f"{path} is of a kind that is not read", _instead(path))


def _instead(path: Path | RemoteFile) -> str:
    if path.suffix.lower() == ".tar":  # of pictures; img2dataset writes their rows beside it
        return f"name the file of rows that goes with it, such as {path.stem}.parquet"
    return "name a .parquet, .csv, .tsv or .jsonl file"


def size(path: Path | RemoteFile) -> int:
    """Bytes of a file. Raises OSError, of a remote one DatasetError."""
    return path.stat().st_size if isinstance(path, Path) else path.size


def mapped(path: Path | RemoteFile, found: Sequence[str]) -> dict[str, str]:
    """Our names → names in `found`, by the alias table. Raises DatasetError without a url."""
    by_lower: dict[str, str] = {}
    for name in found:
        by_lower.setdefault(name.strip().lower(), name)
    names = {}
    for ours, theirs in aliases().items():
        match = next((by_lower[alias] for alias in theirs if alias in by_lower), None)
        if match is not None:
            names[ours] = match
    if "url" not in names:
        shown = ", ".join(name[:40] for name in found[:8]) or "none"
        raise DatasetError(
            f"{path} has no column with image addresses (columns: {shown})",
            "name a metadata file with a url column",
        )
    return names


def _parquet(path: Path | RemoteFile) -> Columns:
    with path.open("rb") as file:
        head = file.read(64)
        file.seek(-min(4, size(path)), 2)
        tail = file.read(4)
    if head[:4] != b"PAR1":
        raise _impostor(path, head)
    if tail != b"PAR1":
        raise DatasetError(f"{path} is cut short: its Parquet footer is missing", "load it again")
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with path.open("rb") as file:
            metadata = pq.read_metadata(file)
        schema = metadata.schema.to_arrow_schema()
    except (pa.ArrowException, OSError, ValueError) as error:
        raise DatasetError(
            f"{path} is damaged: its Parquet footer cannot be read", "load the file again"
        ) from error
    names = mapped(path, schema.names)
    kind = schema.field(names["url"]).type
    if not _holds_text(kind):
        raise DatasetError(
            f"the column {names['url']} of {path} holds {kind}, not addresses",
            "name a metadata file with a url column of texts",
        )
    if any(name.lower() == ROW for name in schema.names):
        raise DatasetError(
            f"{path} has a column called {ROW}, a name that is needed for the row numbers",
            "rename that column",
        )
    return Columns("parquet", names, rows=metadata.num_rows)


def _holds_text(kind: Any) -> bool:
    from pyarrow import types

    if types.is_dictionary(kind):
        kind = kind.value_type
    # Old writers did not say that their bytes are text.
    return any(
        is_kind(kind)
        for is_kind in (
            types.is_string,
            types.is_large_string,
            types.is_string_view,
            types.is_binary,
            types.is_large_binary,
        )
    )


def _impostor(path: Path | RemoteFile, head: bytes) -> DatasetError:
    for start, what, hint in _IMPOSTORS:
        if head.lstrip().startswith(start):
            return DatasetError(f"{path} {what}", hint)
    if all(byte >= 0x20 or byte in b"\t\r\n" for byte in head):
        return DatasetError(
            f"{path} is text, not Parquet", "if it is comma-separated, rename it to .csv"
        )
    return DatasetError(f"{path} is not a Parquet file", "load the file again")


def _delimited(path: Path | RemoteFile, headerless: Sequence[str]) -> Columns:
    kind = path.suffix.lower().removeprefix(".")
    first = _first_line(path, kind)
    if headerless and not _is_header(first):
        return _without_header(path, kind, headerless)
    if kind == "tsv" and not _is_header(first):
        fitting = _fitting(first)
        if fitting:
            return _without_header(path, kind, fitting)
    return Columns(kind, mapped(path, first), fields=tuple(first))


def _is_header(first: Sequence[str]) -> bool:
    return any(name.strip().lower() in aliases()["url"] for name in first)


def _without_header(path: Path | RemoteFile, kind: str, fields: Sequence[str]) -> Columns:
    return Columns(kind, mapped(path, fields), header=False, fields=tuple(fields))


def _fitting(first: Sequence[str]) -> tuple[str, ...]:
    """The known headerless form whose address column holds an address in the first line."""
    forms = [edition.headerless for dataset in known() for edition in dataset.editions]
    for form in forms:
        if not form or len(form) != len(first):
            continue
        if first[form.index("url")].startswith(("http://", "https://")):
            return form
    return ()


def _first_line(path: Path | RemoteFile, kind: str) -> list[str]:
    csv.field_size_limit(LONGEST_FIELD)
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        try:
            return next((fields for fields in reader(_capped(file), kind) if fields), [])
        except csv.Error as error:
            raise DatasetError(
                f"{path} cannot be read as {kind}: {error}", "load the file again"
            ) from error


def reader(lines: Iterable[str], kind: str) -> Iterator[list[str]]:
    """The records of a csv or tsv file. A tab cannot stand inside a field of a tsv file, so quotes
    there are only quotes."""
    plain = (line.replace("\0", "") for line in lines)
    if kind == "tsv":
        return csv.reader(plain, delimiter="\t", quoting=csv.QUOTE_NONE)
    return csv.reader(plain)


def _capped(file: TextIO) -> Iterator[str]:
    # A file without line ends is no table; do not read gigabytes to find out.
    return iter(lambda: file.readline(LONGEST_FIELD), "")


def _jsonl(path: Path | RemoteFile) -> Columns:
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        lines = (line for line in islice(_capped(file), 1000) if line.strip())
        first = next(lines, "")
    try:
        record = json.loads(first)
    except (ValueError, RecursionError):
        record = None
    if not isinstance(record, dict):
        raise DatasetError(
            f"{path} does not hold one JSON object per line", "name a .jsonl or .parquet file"
        )
    return Columns("jsonl", mapped(path, list(record)))

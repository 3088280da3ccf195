"""A finished journal → the run's Parquet files, written beside and renamed."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from crawler.journal import entries
from crawler.pictures import FOLDER as IMAGES
from crawler.policy import KEPT_HEADERS
from crawler.records import FORMAT, SCHEMAS

_PARTIAL = shutil.ignore_patterns("*.partial")
_BATCH = 4000  # rows held before they are written
_BATCH_BYTES = 32 * 2**20  # of binary values among them
_TIME = "observed_at"
SUMMARY = "summary.json"
# What a value that is not of its column's type raises.
_NO_FIT = (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError, TypeError, ValueError)


def write_run(
    rows: Iterator[tuple[str, dict[str, Any]]],
    folder: Path,
    summary: dict[str, Any],
    *,
    case_id: str,
    run_id: str,
    source: str,
    images: Path | None = None,
    warc: Path | None = None,
) -> Path:
    """Write (relation, row) pairs as a whole run folder and return it.

    Memory stays flat: rows are written in batches. `images` is a folder of kept bytes to move
    along, `warc` a file. The summary keeps the SHA-256 of every file and, under `previous`, of the
    summary of the run before: a chain in which no byte changes unseen.
    Raises OSError when the disk is full; then nothing is left under the final name.
    """
    final = folder / f"run={run_id}"
    beside = folder / f".run={run_id}.finishing"
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    common = {"case_id": case_id, "run_id": run_id, "source": source}
    tables = {name: _Table(beside / f"{name}.parquet", schema) for name, schema in SCHEMAS.items()}
    counts = _Counts()
    try:
        for name, row in rows:
            tables[name].add(common | row)
            counts.add(name, row)
    finally:
        for table in tables.values():
            table.close()
    summary = {**summary, **common, **_sums(tables, counts)}
    if warc is not None and warc.is_file():
        _link(str(warc), str(beside / warc.name))
    summary |= {"files": file_hashes(beside), "previous": _previous(folder)}
    (beside / SUMMARY).write_text(json.dumps(summary, indent=1, sort_keys=True) + "\n", "utf-8")
    if images is not None and images.is_dir():
        shutil.copytree(images, beside / IMAGES, copy_function=_link, ignore=_PARTIAL)
    _sync(beside)
    beside.replace(final)
    return final


class _Counts:
    """What the rows of a run say, added up while they pass."""

    def __init__(self) -> None:
        self.pages_read = 0
        self.outcomes: dict[str, Counter[str]] = {"pages": Counter(), "images": Counter()}

    def add(self, name: str, row: dict[str, Any]) -> None:
        """Take up a row of the relation `name`."""
        self.pages_read += name == "pages" and row["outcome"] == "fetched" and row["status"] == 200
        if name in self.outcomes:
            self.outcomes[name][row["outcome"]] += 1


def _sums(tables: dict[str, _Table], counts: _Counts) -> dict[str, Any]:
    """What the summary says of the rows."""
    return {
        "format": FORMAT,
        "rows": {name: table.count for name, table in tables.items()},
        "pages_read": counts.pages_read,
        # What a later version keeps as well was not looked for in this run.
        "kept_headers": sorted(KEPT_HEADERS),
        "outcomes": counts.outcomes,
        "damaged_rows": sum(table.damaged for table in tables.values()),
    }


def file_hashes(run: Path) -> dict[str, str]:
    """Name → SHA-256 of every file of a run but its summary, which holds them."""
    files = (file for file in sorted(run.iterdir()) if file.is_file() and file.name != SUMMARY)
    return {file.name: sha256_of(file) for file in files}


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _previous(observations: Path) -> dict[str, str] | None:
    """The latest finished run and the SHA-256 of its summary; None for the first."""
    found = [run / SUMMARY for run in observations.glob("run=*") if (run / SUMMARY).is_file()]
    if not found:
        return None
    last = max(found)
    return {"run_id": last.parent.name.removeprefix("run="), "sha256": sha256_of(last)}


def journal_rows(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """(relation, row) of every record in a journal."""
    for entry in entries(folder):
        kind = entry["kind"]
        if kind == "page":
            yield "pages", entry["page"]
            yield from (("metas", row) for row in entry["metas"])
            yield from (("elements", row) for row in entry.get("elements", []))
            yield from (("prose", row) for row in entry.get("prose", []))
            stamp = {_TIME: entry["page"][_TIME]}
            yield from (("image_refs", row | stamp) for row in entry["image_refs"])
            yield from _hops("page", entry["page"]["url"], entry["hops"])
        elif kind in ("sitemap", "file"):
            stamp = {_TIME: entry.get(_TIME)}
            yield from (("image_refs", row | stamp) for row in entry.get("image_refs", []))
        elif kind == "rendered":
            if entry.get("page"):
                yield "pages", entry["page"]
            stamp = {_TIME: entry[_TIME]}
            yield from (("image_refs", row | stamp) for row in entry["image_refs"])
        elif kind == "image":
            yield "images", entry["image"]
            yield from _hops("image", entry["image"]["image_url"], entry["hops"])
            yield from _file_metadata(entry)
        elif kind == "site_file":
            row = entry["site_file"]
            yield "site_files", row | {"body": _bytes(row["body"])}
            yield from _hops("site_file", row["url"], entry["hops"])


def _hops(
    subject: str, url: str, hops: list[dict[str, Any]]
) -> Iterator[tuple[str, dict[str, Any]]]:
    yield from (("hops", hop | {"subject": subject, "url": url}) for hop in hops)


def _file_metadata(entry: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    of = {"image_url": entry["image"]["image_url"], _TIME: entry["image"][_TIME]}
    for row in entry.get("file_metadata", []):
        yield "file_metadata", row | of | {"raw": _bytes(row["raw"])}


def _bytes(encoded: str | None) -> bytes | None:
    return None if encoded is None else base64.b64decode(encoded)


def _link(source: str, destination: str) -> None:
    """Share the bytes where the file system can, copy them where it cannot."""
    try:
        os.link(source, destination)
    except OSError:
        shutil.copy(source, destination)


class _Table:
    """One Parquet file being written."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._schema, self.count, self.damaged = schema, 0, 0
        self._rows: list[dict[str, Any]] = []
        self._held = 0  # bytes of binary values in them
        self._names = schema.names
        self._writer = pq.ParquetWriter(path, schema, compression="zstd", write_page_checksum=True)

    def add(self, row: dict[str, Any]) -> None:
        clean: dict[str, Any] = {name: row.get(name) for name in self._names}
        try:
            clean[_TIME] = datetime.fromisoformat(clean[_TIME])
        except (TypeError, ValueError):
            self.damaged += 1
            return
        self._rows.append({k: _text(v) for k, v in clean.items()})
        self.count += 1
        self._held += sum(len(v) for v in clean.values() if isinstance(v, bytes))
        if len(self._rows) >= _BATCH or self._held > _BATCH_BYTES:
            self._flush()

    def _flush(self) -> None:
        try:
            table = pa.Table.from_pylist(self._rows, schema=self._schema)
        except _NO_FIT:
            table = self._row_by_row()
        if table.num_rows:
            self._writer.write_table(table)
        self._rows, self._held = [], 0

    def _row_by_row(self) -> pa.Table:
        """A value that no column can hold costs its own row, not the run."""
        good = []
        for row in self._rows:
            try:
                good.append(pa.Table.from_pylist([row], schema=self._schema))
            except _NO_FIT:
                self.count -= 1
                self.damaged += 1
        return pa.concat_tables([self._schema.empty_table(), *good])

    def close(self) -> None:
        self._flush()
        self._writer.close()


def _text(value: Any) -> Any:
    """Text that UTF-8 can hold: lone surrogates come from pages that lie about their encoding."""
    if isinstance(value, str) and not value.isascii():
        return value.encode("utf-8", "replace").decode("utf-8")
    return value


def _sync(folder: Path) -> None:
    """Have the disk hold every file before the folder gets its final name."""
    for path in [*folder.iterdir(), folder]:
        fd = os.open(path, os.O_RDONLY)
        os.fsync(fd)
        os.close(fd)

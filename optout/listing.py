"""A list of image addresses (or of image files) → one run of observations with source `list`."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from optout.case import Case
from optout.errors import CaseError

_URL_COLUMNS = ("image_url", "url", "image", "src", "address")
_ALT_COLUMNS = ("alt", "alt_text", "caption", "title", "text")
_IMAGE_SUFFIXES = {".jpg", ".jpeg", ".png", ".gif", ".webp", ".avif", ".bmp", ".tif", ".tiff"}
_MAX_LINE = 100_000  # characters of one address; longer ones are damage


def add_list(case: Case, path: Path) -> tuple[Path, int]:
    """Record what `path` names as observations of a new run; (run folder, images recorded).

    `path` is a text file (one address a line), a CSV or JSON-lines file with an address column
    (and perhaps an alt text), or a folder of image files, whose bytes are hashed and which stay
    where they are. Raises CaseError in one sentence when nothing usable is in it.
    """
    from crawler.writer import write_run
    from optout.crawling import new_run_id

    moment = datetime.now(UTC).isoformat(timespec="seconds")
    found = list(_files(path) if path.is_dir() else _addresses(path))
    if not found:
        raise CaseError(
            f"{path} names no image",
            "give a text file with one image address a line, a CSV with a column "
            '"image_url", or a folder of image files',
        )
    summary = {"started_at": moment, "finished_at": moment, "list": path.name, "cut_short": []}
    run = write_run(
        _rows(found, path.name, moment),
        case.observations,
        summary,
        case_id=case.case_id,
        run_id=new_run_id(case),
        source="list",
    )
    return run, len(found)


def _rows(
    found: list[dict[str, Any]], origin: str, moment: str
) -> Iterator[tuple[str, dict[str, Any]]]:
    seen = set()
    for position, image in enumerate(found):
        url, alt = image["image_url"], image.pop("alt", None)
        group = hashlib.sha256(url.encode("utf-8", "replace")).hexdigest()[:12]
        yield (
            "image_refs",
            {
                "observed_at": moment,
                "page_url": None,
                "position": position,
                "tag": "list",
                "attribute": origin,
                "raw": url,
                "image_url": url,
                "image_group": f"{group}-0",
                "alt": alt,
                "captions": [],
                "absolute": "://" in url,
                "furniture": False,
                "alt_state": "missing" if alt is None else "text" if alt.strip() else "empty",
                "in_laion_shape": None,
                "not_in_shape_because": None,
            },
        )
        if url not in seen:
            seen.add(url)
            packets = image.pop("file_metadata", [])
            yield "images", {"observed_at": moment, "outcome": "listed", **image}
            for packet in packets:
                yield "file_metadata", {"observed_at": moment, "image_url": url, **packet}


def _addresses(path: Path) -> Iterator[dict[str, Any]]:
    from crawler.urls import clean

    for number, (raw, alt) in enumerate(_entries(path), 1):
        url = clean(raw) if len(raw) <= _MAX_LINE else None
        if url is None:
            raise CaseError(
                f"{path}, entry {number}: {raw[:80]!r} is not an http(s) address",
                "write absolute addresses such as https://your-site.example/picture.jpg",
            )
        # The address is kept as written: what a data set lists was copied from a page, too.
        yield {"image_url": raw.strip(), "alt": alt}


def _entries(path: Path) -> Iterator[tuple[str, str | None]]:
    if not path.is_file():
        raise CaseError(f"{path} is neither a file nor a folder", "name a list or a folder")
    try:
        text = path.read_text("utf-8-sig")
    except OSError as error:
        raise CaseError(f"cannot read {path}: {error.strerror}", "check the file's name") from error
    except UnicodeDecodeError as error:
        raise CaseError(f"{path} is not a text file in UTF-8", "save it as UTF-8 text") from error
    if path.suffix.lower() in (".jsonl", ".ndjson"):
        yield from _json_lines(path, text)
    elif path.suffix.lower() == ".csv":
        yield from _csv_rows(path, text)
    else:
        yield from ((line.strip(), None) for line in text.splitlines() if _says(line))


def _says(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")


def _json_lines(path: Path, text: str) -> Iterator[tuple[str, str | None]]:
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise CaseError(
                f"{path}, line {number} is not JSON: {error}", "mend that line"
            ) from error
        yield _pick(path, row if isinstance(row, dict) else {"url": row})


def _csv_rows(path: Path, text: str) -> Iterator[tuple[str, str | None]]:
    try:
        # Spreadsheets of half of Europe write semicolons.
        first = text.partition("\n")[0]
        delimiter = max(",;\t", key=first.count)
        for row in csv.DictReader(io.StringIO(text), delimiter=delimiter):
            yield _pick(path, {(k or "").strip().lower(): v for k, v in row.items()})
    except csv.Error as error:
        raise CaseError(f"{path} is not a readable CSV: {error}", "save it as CSV again") from error


def _pick(path: Path, row: dict[str, Any]) -> tuple[str, str | None]:
    url = next((row[c] for c in _URL_COLUMNS if row.get(c)), None)
    if not isinstance(url, str):
        raise CaseError(
            f"{path} has no column of addresses", f"name it one of: {', '.join(_URL_COLUMNS)}"
        )
    alt = next((row[c] for c in _ALT_COLUMNS if isinstance(row.get(c), str)), None)
    return url, alt


def _files(folder: Path) -> Iterator[dict[str, Any]]:
    """Image files of a folder, hashed: they match rows by content even without any address."""
    from crawler.sniff import pixel_size, sniff

    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() not in _IMAGE_SUFFIXES or not path.is_file():
            continue
        body = path.read_bytes()
        width, height = pixel_size(body)
        yield {
            "image_url": f"file:{path.relative_to(folder).as_posix()}",
            "reason": "a file of the artist, not an address",
            "size": len(body),
            "sha256": hashlib.sha256(body).hexdigest(),
            "md5": hashlib.md5(body, usedforsecurity=False).hexdigest(),
            "sniffed_type": sniff(body),
            "width": width,
            "height": height,
            "file_metadata": list(_packets(body)),
        }


def _packets(body: bytes) -> Iterator[dict[str, Any]]:
    """Rows of `file_metadata` of an artist's own file: what a site's copy may have lost."""
    from crawler.file_metadata import read
    from crawler.sniff import sniff

    for position, packet in enumerate(read(body, sniff(body))):
        yield {
            "position": position,
            "kind": packet.kind,
            "place": packet.place,
            "offset": packet.offset,
            "size": packet.size,
            "raw": packet.data,
            "truncated": packet.truncated(),
            "problem": packet.problem,
        }

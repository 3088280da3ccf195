"""A finished task and its last answer → the record of an image: hashes, type, pixels."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from scrapy.http import Response

from crawler.frontier import Task
from crawler.sniff import pixel_size, sniff

FOLDER = "images"  # under the run's folder, with --keep-images


def image_record(
    task: Task,
    response: Response | None,
    outcome: str,
    reason: str | None,
    keep: Path | None = None,
) -> dict[str, Any]:
    """What the journal keeps of one image address. `keep` is the folder to store its bytes in."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    row: dict[str, Any] = {
        "observed_at": task.hops[-1]["observed_at"] if task.hops else now,
        "image_url": task.url,
        "final_url": task.hop_url if response is not None else None,
        "outcome": outcome,
        "reason": reason,
        "method": task.method,
        "status": response.status if response is not None else None,
        "hop_count": len(task.hops),
        "content_type": _header(response, b"Content-Type"),
        "sniffed_type": None,
        "size": None,
        "sha256": None,
        "md5": None,
        "width": None,
        "height": None,
        "etag": _header(response, b"ETag"),
        "last_modified": _header(response, b"Last-Modified"),
        "stored_as": None,
        "robots_rule": task.rule,
    }
    if response is not None and outcome == "fetched":
        _describe(row, response, keep)
    return {"image": row, "hops": task.hops}


def _describe(row: dict[str, Any], response: Response, keep: Path | None) -> None:
    """Fill in what the bytes say. Bytes of an error page are not the image's."""
    stopped = response.request.meta.get("stopped")
    length = _header(response, b"Content-Length")
    if stopped == "too_large":
        row["outcome"] = "too_large"
        row["reason"] = f"larger than {response.request.meta['cap']} bytes; its headers are kept"
    if stopped or row["method"] == "HEAD":
        row["size"] = int(length) if length and length.isdigit() else None
        return
    if not 200 <= response.status < 300:
        return
    body = response.body
    row["size"] = len(body)
    row["sha256"] = hashlib.sha256(body).hexdigest()
    row["md5"] = hashlib.md5(body, usedforsecurity=False).hexdigest()
    row["sniffed_type"] = sniff(body)
    if row["sniffed_type"] and row["sniffed_type"].startswith("image/"):
        row["width"], row["height"] = pixel_size(body)
    if keep is not None and body:
        row["stored_as"] = _store(keep, row["sha256"], body)


def _store(folder: Path, name: str, body: bytes) -> str:
    """Write bytes under their hash, whole or not at all."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    if not path.exists():
        beside = path.with_suffix(".partial")
        beside.write_bytes(body)
        beside.replace(path)
    return f"{FOLDER}/{name}"


def _header(response: Response | None, name: bytes) -> str | None:
    value = response.headers.get(name) if response is not None else None
    return value.decode("latin-1") if value is not None else None

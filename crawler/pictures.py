"""A finished task and its last answer → the record of an image: hashes, type, pixels, packets."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

from scrapy.http import Response

from crawler import file_metadata
from crawler.exchange import header, now
from crawler.file_metadata import Packet
from crawler.site_files import named_in_hops
from crawler.sniff import pixel_size, sniff
from crawler.tasks import Task
from crawler.whole import write_whole

FOLDER = "images"  # under the run's folder, with --keep-images


def image_record(
    task: Task,
    response: Response | None,
    outcome: str,
    reason: str | None,
    keep: Path | None = None,
) -> dict[str, Any]:
    """What the journal keeps of one image address: its row, hops, packets of metadata, and the
    documents its headers name. `keep` is the folder to store its bytes in.
    """
    row: dict[str, Any] = {
        "observed_at": task.hops[-1]["observed_at"] if task.hops else now(),
        "image_url": task.url,
        "final_url": task.hop_url if response is not None else None,
        "outcome": outcome,
        "reason": reason,
        "method": task.method,
        "status": response.status if response is not None else None,
        "hop_count": len(task.hops),
        "content_type": header(response, "content-type"),
        "sniffed_type": None,
        "size": None,
        "sha256": None,
        "md5": None,
        "width": None,
        "height": None,
        "etag": header(response, "etag"),
        "last_modified": header(response, "last-modified"),
        "stored_as": None,
        "robots_rule": task.rule,
    }
    if response is not None and outcome == "fetched":
        _describe(row, response, keep)
    return {
        "image": row,
        "hops": task.hops,
        "file_metadata": _metadata(row, response),
        "named": named_in_hops(task.hops),
    }


def _metadata(row: dict[str, Any], response: Response | None) -> list[dict[str, Any]]:
    """Rows of `file_metadata` but for the address; bytes in base64."""
    if response is None or row["sha256"] is None:
        found = [Packet("not_read", problem=_unread(row))]
    else:
        found = file_metadata.read(response.body, row["sniffed_type"])
    return [
        {
            "position": position,
            "kind": one.kind,
            "place": one.place,
            "offset": one.offset,
            "size": one.size,
            "raw": None if one.data is None else base64.b64encode(one.data).decode("ascii"),
            "truncated": one.truncated(),
            "problem": one.problem,
        }
        for position, one in enumerate(found)
    ]


def _unread(row: dict[str, Any]) -> str:
    """Why an image's bytes are not at hand, in words."""
    if row["outcome"] != "fetched":
        return str(row["reason"] or row["outcome"])
    if row["status"] is not None and not 200 <= row["status"] < 300:
        return f"it answered {row['status']}"
    return "only its headers were asked for"


def _describe(row: dict[str, Any], response: Response, keep: Path | None) -> None:
    """Fill in what the bytes say. Bytes of an error page are not the image's."""
    stopped = response.request.meta.get("stopped")
    length = header(response, "content-length") or ""
    if stopped == "too_large":
        row["outcome"] = "too_large"
        row["reason"] = f"larger than {response.request.meta['cap']} bytes; its headers are kept"
    if stopped or row["method"] == "HEAD":
        # Up to 18 digits fit the column; a longer claim is no size.
        row["size"] = (
            int(length) if length.isascii() and length.isdigit() and len(length) < 19 else None
        )
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
        write_whole(path, body)
    return f"{FOLDER}/{name}"

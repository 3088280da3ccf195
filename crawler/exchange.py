"""A task → the request for it; an answer → what is kept of the exchange."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from scrapy.exceptions import StopDownload
from scrapy.http import Request, Response

from crawler.job import CrawlOptions
from crawler.policy import KEPT_HEADERS, MAX_SITE_FILE_BYTES, USER_AGENT
from crawler.site_files import SiteFile
from crawler.tasks import Task

# Bytes read of the files that name pages and images; a sitemap's limit is sitemaps.org's.
_FILE_CAPS = {
    "sitemap": 50 * 2**20,
    "sheet": 4 * 2**20,
    "feed": 8 * 2**20,
    "data": 8 * 2**20,
}
_MAX_VALUE = 100_000  # characters of one header line kept
_MAX_LINES = 500  # header lines of one exchange kept
# Images are asked for as they are, without a content encoding: their hashes are compared with
# those of the data sets, which were taken the same way.
_HEADERS = {
    "image": {
        b"Accept": b"image/avif,image/webp,image/*,*/*;q=0.8",
        b"Accept-Encoding": b"identity",
    },
    "page": {b"Accept": b"text/html,application/xhtml+xml,*/*;q=0.8"},
    "origin_file": {b"Accept": b"*/*"},
}


def request_for(task: Task, options: CrawlOptions) -> Request:
    """The request of one task: our own name, our own limits, no cookies."""
    headers = _HEADERS.get(task.kind, _HEADERS["page"])
    return Request(
        task.hop_url,
        method=task.method,
        headers={b"User-Agent": USER_AGENT, **headers},
        dont_filter=True,
        cb_kwargs={"task": task},
        meta={"task": task, "download_timeout": options.timeout, "cap": _cap(task, options)},
    )


def _cap(task: Task, options: CrawlOptions) -> int:
    """Bytes that are read of an answer's body."""
    if task.kind == "image":
        return options.max_image_bytes
    if task.kind == "page":
        return options.max_page_bytes
    if isinstance(task, SiteFile):
        return task.cap
    return _FILE_CAPS.get(task.kind, MAX_SITE_FILE_BYTES)


def headers_arrived(
    headers: Any, body_length: int | str, request: Request, options: CrawlOptions
) -> None:
    """Keep the header lines as served, and stop before a body that is not wanted.

    `body_length` is a word where the server does not say it (chunked). Called before anything
    is decompressed: afterwards the content encoding is gone from the headers.
    """
    task: Task = request.meta["task"]
    request.meta["lines"] = _lines(headers)
    too_large = isinstance(body_length, int) and body_length > request.meta["cap"]
    kind = (headers.get(b"Content-Type") or b"").partition(b"/")[0].strip().lower()
    if task.kind == "image" and too_large:
        stopped = "too_large"
    elif task.kind == "page" and kind in (b"image", b"video", b"audio", b"font"):
        stopped = "not_a_page"
    elif task.kind == "image" and task.method == "GET" and options.headers_only:
        stopped = "headers_only"
    else:
        return
    request.meta["stopped"] = stopped
    raise StopDownload(fail=False)


def bytes_arrived(data: bytes, request: Request) -> None:
    """Stop at the cap, keeping what was read so far."""
    got = request.meta["got"] = request.meta.get("got", 0) + len(data)
    if got > request.meta["cap"]:
        request.meta["stopped"] = "too_large"
        raise StopDownload(fail=False)


def hop_of(task: Task, response: Response) -> dict[str, Any]:
    """What one exchange answered: the header lines that matter, repeated ones kept apart."""
    lines = response.request.meta.get("lines") or _lines(response.headers)
    location = next((line["value"] for line in lines if line["name"] == "location"), None)
    return {
        "hop": len(task.hops),
        "hop_url": task.hop_url,
        "method": task.method,
        "status": response.status,
        "location": location,
        "address": str(response.ip_address) if response.ip_address else None,
        "headers": lines,
        "observed_at": now(),
    }


def header(response: Response | None, name: str) -> str | None:
    """One header of an answer as it was served; the first of several."""
    if response is None:
        return None
    lines = response.request.meta.get("lines") or _lines(response.headers)
    return next((line["value"] for line in lines if line["name"] == name), None)


def now() -> str:
    """The present moment, UTC, as records hold it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _lines(headers: Any) -> list[dict[str, str]]:
    found = []
    for raw, values in headers.items():
        name = raw.decode("latin-1").lower()
        if name in KEPT_HEADERS:
            found += [{"name": name, "value": _text(value)} for value in values]
    return found[:_MAX_LINES]


def _text(value: bytes) -> str:
    """A header's bytes: UTF-8 where they are that, else each byte a character (RFC 9110, 5.5)."""
    try:
        return value[:_MAX_VALUE].decode("utf-8")
    except UnicodeDecodeError:
        return value[:_MAX_VALUE].decode("latin-1")

"""Answers of the files that name images beside the pages → their records.

Style sheets, feeds and the data of known platforms; each is asked for once.
"""

from __future__ import annotations

import json
from typing import Any

from scrapy.http import Response

from crawler import css
from crawler.exchange import header, now
from crawler.feeds import read_feed
from crawler.html import encoding_of
from crawler.mentions import Mentions
from crawler.platforms import Ask, next_page
from crawler.states import MAX_JSON, add_json
from crawler.tasks import Task
from crawler.urls import origin, resolve

KINDS = {"sheet": "style sheet", "feed": "feed", "data": "data of the platform"}
_MAX_REFS = 20_000
_MAX_IMPORTS = 20
_MAX_QUERIES = 50


def file_record(
    task: Task, response: Response | None, outcome: str, reason: str | None
) -> dict[str, Any]:
    """What the journal keeps of one such file: image references, pages, further files.

    `problem` says why it was not read, where that may have cost images.
    """
    record: dict[str, Any] = {
        "what": task.kind,
        "url": task.url,
        "observed_at": now(),
        "found_on": task.found_on,
        "depth": task.depth,
        "image_refs": [],
        "links": [],
        "asks": [],
        "problem": _problem(task, response, outcome, reason),
    }
    if response is not None and outcome == "fetched" and response.status == 200:
        body = response.body[: response.request.meta["cap"]]
        _READERS[task.kind](record, task, body, header(response, "content-type"))
    return record


def _problem(task: Task, response: Response | None, outcome: str, reason: str | None) -> str | None:
    """A file that is not there names nothing; one that is kept from us might."""
    if outcome != "fetched" or response is None:
        return f"{KINDS[task.kind]} not read: {reason or 'no answer'}"
    refused = response.status >= 500 or (response.status in (401, 403) and task.kind != "data")
    return f"{KINDS[task.kind]} not read: it answered {response.status}" if refused else None


def _sheet(record: dict[str, Any], task: Task, body: bytes, content_type: str | None) -> None:
    if "html" in (content_type or ""):
        return  # a page that says that there is no sheet
    text = body.decode(_known(encoding_of(body, content_type)), "replace")
    page = task.found_on or task.url
    record["image_refs"] = css.sheet_images(text, task.hop_url, page, _MAX_REFS)
    for written in css.imports(text)[:_MAX_IMPORTS]:
        address = resolve(task.hop_url, written)
        if address:
            record["asks"].append(("sheet", address))


def _feed(record: dict[str, Any], task: Task, body: bytes, content_type: str | None) -> None:
    feed = read_feed(body, task.hop_url, task.found_on or task.url, _MAX_REFS)
    record["image_refs"], record["links"] = feed.images, feed.pages


def _data(record: dict[str, Any], task: Task, body: bytes, content_type: str | None) -> None:
    if body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] not in (b"{", b"["):
        return
    text = body.decode("utf-8-sig", "replace")[:MAX_JSON]
    # Addresses in data resolve where they are shown: against the page.
    page = task.found_on or task.url
    found = Mentions(page, page, _MAX_REFS, file=task.url)
    add_json(found, text, "value", "json")
    record["image_refs"] = found.rows
    record["asks"] = _further(task.url, text)


def _further(url: str, text: str) -> list[Ask]:
    """Further parts of a list; the shared queries a Gatsby page names."""
    try:
        data = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return []
    if isinstance(data, dict) and isinstance(data.get("staticQueryHashes"), list):
        place = origin(url) + url[len(origin(url)) :].partition("/page-data/")[0]
        hashes = [one for one in data["staticQueryHashes"] if str(one).isalnum()][:_MAX_QUERIES]
        return [("data", f"{place}/page-data/sq/d/{one}.json") for one in hashes]
    entries = data.get("products") if isinstance(data, dict) else data
    further = next_page(url, len(entries)) if isinstance(entries, list) else None
    return [("data", further)] if further else []


def _known(encoding: str) -> str:
    try:
        b"".decode(encoding)
    except LookupError:
        return "utf-8"
    return encoding


_READERS = {"sheet": _sheet, "feed": _feed, "data": _data}

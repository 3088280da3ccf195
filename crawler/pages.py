"""A finished task and its last answer → the records of a page or of a site-wide file."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from scrapy.http import Response

from crawler import html
from crawler.exchange import header, now
from crawler.feeds import looks_like_feed, read_feed
from crawler.images import page_images
from crawler.links import page_links, refresh_target
from crawler.page_signals import MAX_ROWS, signal_elements, signal_metas
from crawler.policy import MAX_SITE_FILE_BYTES
from crawler.prose import prose_rows
from crawler.scope import Scope
from crawler.site_files import SiteFile, named_in_elements, named_in_hops
from crawler.sniff import sniff
from crawler.tasks import Task
from crawler.urls import origin, resolve

MAX_REFS = 20_000  # image references and links kept of one page; more are abuse, and are said


def page_record(
    task: Task, response: Response | None, outcome: str, reason: str | None, scope: Scope
) -> dict[str, Any]:
    """What the journal keeps of one page: its row, hops, metas, image references and links.

    `named` are documents that its headers and link elements name (crawler.site_files).

    A redirect is a page of its own: `final_url` says where it points, and that address is
    queued like a link. `redirected` tells the two apart.
    """
    page = _common(task, response, outcome, reason)
    page |= {
        "url": task.url,
        "final_url": task.hop_url if response is not None else None,
        "truncated": False,
        "title": None,
        "depth": task.depth,
        "found_on": task.found_on,
        "redirects": task.redirects,
        "robots_rule": task.rule,
    }
    record: dict[str, Any] = {
        "page": page,
        "hops": task.hops,
        "metas": [],
        "elements": [],
        "prose": [],
        "named": named_in_hops(task.hops),
        "image_refs": [],
        "links": [],
        "redirected": False,
    }
    if response is None or outcome != "fetched":
        return record
    if 300 <= response.status < 400 and task.hops[-1]["location"]:
        _redirect(record, task.hops[-1]["location"], scope)
    elif response.status == 200:
        _read_body(record, task, response)
    return record


def site_file_record(
    task: Task, response: Response | None, outcome: str, reason: str | None
) -> dict[str, Any]:
    """What the journal keeps of robots.txt or a file beside it: bytes (base64) and answer."""
    row = _common(task, response, outcome, reason)
    whole = response.body if response is not None else b""
    body = whole[: task.cap if isinstance(task, SiteFile) else MAX_SITE_FILE_BYTES]
    stopped = response is not None and bool(response.request.meta.get("stopped"))
    row |= {
        "origin": origin(task.url),
        "kind": task.file if isinstance(task, SiteFile) else "robots.txt",
        "url": task.url,
        "final_url": task.hop_url if response is not None else None,
        "size": len(body) if response is not None else None,
        "sha256": hashlib.sha256(body).hexdigest() if body else None,
        "truncated": stopped or len(whole) > len(body),
        "found_on": task.found_on,
        "body": None if response is None else base64.b64encode(body).decode("ascii"),
    }
    return {"site_file": row, "hops": task.hops}


def _common(
    task: Task, response: Response | None, outcome: str, reason: str | None
) -> dict[str, Any]:
    body = response.body if response is not None else b""
    return {
        "observed_at": task.hops[-1]["observed_at"] if task.hops else now(),
        "outcome": outcome,
        "reason": reason,
        "status": response.status if response is not None else None,
        "hop_count": len(task.hops),
        "content_type": header(response, "content-type"),
        "size": len(body) if response is not None else None,
        "sha256": hashlib.sha256(body).hexdigest() if body else None,
    }


def _redirect(record: dict[str, Any], location: str, scope: Scope) -> None:
    page = record["page"]
    record["redirected"] = True
    page["final_url"] = resolve(page["url"], location)
    if page["final_url"] is None:
        page["reason"] = f"redirects to {location[:200]!r}, which is no address"
    elif scope.holds(page["final_url"]):
        record["links"] = [page["final_url"]]
    else:
        page["outcome"] = "out_of_scope"
        page["reason"] = f"redirects to {page['final_url']}, which is not among the sites"


def _read_body(record: dict[str, Any], task: Task, response: Response) -> None:
    page, body = record["page"], response.body
    stopped = response.request.meta.get("stopped")
    declared = (page["content_type"] or "").lower()
    if stopped == "not_a_page":
        page |= {"size": None, "sha256": None, "reason": f"not a page: {declared}"}
        if declared.startswith("image/"):
            record["image_refs"] = [_linked_image(task)]
        return
    page["truncated"] = stopped == "too_large" or len(body) > response.request.meta["cap"]
    body = body[: response.request.meta["cap"]]
    if not _is_html(declared, body):
        if looks_like_feed(body):
            feed = read_feed(body, task.hop_url, task.hop_url, MAX_REFS)
            record["image_refs"], record["links"] = feed.images, feed.pages
        elif body:
            page["reason"] = f"not a page: {declared or 'of no declared type'}"
        return
    if html.is_binary(body):
        page["reason"] = f"declared as a page, but the bytes are {sniff(body) or 'binary'}"
        return
    root = html.parse(body, page["content_type"])
    if root is None:
        return
    title = root.find(".//title")
    page["title"] = html.text_of(title, 500) if title is not None else None
    record["metas"] = signal_metas(root, page["url"], page["observed_at"])
    record["elements"] = signal_elements(root, page["url"], page["observed_at"])
    record["prose"] = prose_rows(root, page["url"], page["observed_at"])
    base = html.base_of(root, task.hop_url)
    record["named"] += named_in_elements(base, record["elements"])
    headers = [line["value"] for line in task.hops[-1]["headers"] if line["name"] == "link"]
    refs, record["asks"] = page_images(root, task.hop_url, MAX_REFS, headers)
    links = _refresh(response, task.hop_url) + page_links(root, base, MAX_REFS)
    links = list(dict.fromkeys(links))
    record["image_refs"], record["links"] = refs, links
    if max(len(refs), len(links)) >= MAX_REFS:
        page["reason"] = f"only its first {MAX_REFS} images and links were kept"
    elif max(len(record["metas"]), len(record["elements"])) >= MAX_ROWS:
        page["reason"] = f"only its first {MAX_ROWS} metas and elements with signals were kept"


def _refresh(response: Response, url: str) -> list[str]:
    """Where a Refresh header leads to."""
    written = (response.headers.get(b"Refresh") or b"").decode("latin-1")
    target = refresh_target(url, written)
    return [target] if target else []


def _is_html(declared: str, body: bytes) -> bool:
    """By its declaration; where that is missing or vague, by its first bytes."""
    if "html" in declared:
        return True
    vague = not declared or declared.startswith(("text/plain", "application/octet-stream"))
    return vague and sniff(body) == "text/html"


def _linked_image(task: Task) -> dict[str, Any]:
    """The reference of a link that turned out to be an image without an image's suffix."""
    return {
        "page_url": task.found_on or task.url,
        "position": 0,
        "tag": "a",
        "attribute": "href",
        "raw": task.url,
        "image_url": task.url,
        "descriptor": None,
        "image_group": hashlib.sha256(task.url.encode()).hexdigest()[:12] + "-0",
        "alt": None,
        "alt_state": "missing",
        "captions": [],
        "absolute": True,
        "in_laion_shape": False,
        "not_in_shape_because": "written in a[href], not in img[src]",
        "furniture": False,
    }

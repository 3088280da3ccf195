"""A finished task and its last answer → the records of a page or of a robots.txt."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from scrapy.http import Response

from crawler import html
from crawler.exchange import header, now
from crawler.feeds import looks_like_feed, read_feed
from crawler.images import page_images
from crawler.links import page_links
from crawler.policy import MAX_SITE_FILE_BYTES
from crawler.scope import Scope
from crawler.signals.x_robots_tag import KNOWN
from crawler.sniff import sniff
from crawler.tasks import Task
from crawler.urls import origin, resolve

# Metas of these names are kept whatever they say; others when they hold a rule for robots,
# since any name may be an agent's.
_SIGNAL_NAMES = frozenset({"robots", "tdm-reservation", "tdm-policy", "tdm:reservation", "license"})
MAX_REFS = 20_000  # image references and links kept of one page; more are abuse, and are said


def page_record(
    task: Task, response: Response | None, outcome: str, reason: str | None, scope: Scope
) -> dict[str, Any]:
    """What the journal keeps of one page: its row, hops, metas, image references and links.

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


def robots_record(
    task: Task, response: Response | None, outcome: str, reason: str | None
) -> dict[str, Any]:
    """What the journal keeps of a robots.txt: its bytes (base64) and how it was answered."""
    row = _common(task, response, outcome, reason)
    whole = response.body if response is not None else b""
    body = whole[:MAX_SITE_FILE_BYTES]
    stopped = response is not None and bool(response.request.meta.get("stopped"))
    row |= {
        "origin": origin(task.url),
        "kind": "robots.txt",
        "url": task.url,
        "final_url": task.hop_url if response is not None else None,
        "size": len(body) if response is not None else None,
        "sha256": hashlib.sha256(body).hexdigest() if body else None,
        "truncated": stopped or len(whole) > len(body),
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
    record["metas"] = _metas(root, page["url"], page["observed_at"])
    headers = [line["value"] for line in task.hops[-1]["headers"] if line["name"] == "link"]
    refs, record["asks"] = page_images(root, task.hop_url, MAX_REFS, headers)
    links = page_links(root, html.base_of(root, task.hop_url), MAX_REFS)
    record["image_refs"], record["links"] = refs, links
    if max(len(refs), len(links)) >= MAX_REFS:
        page["reason"] = f"only its first {MAX_REFS} images and links were kept"


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


def _metas(root: html.Element, url: str, observed_at: str) -> list[dict[str, Any]]:
    found = []
    for position, element in enumerate(root.iter("meta")):
        name = element.get("name") or element.get("property") or element.get("http-equiv") or ""
        content = element.get("content") or ""
        if name.lower() in _SIGNAL_NAMES or _holds_rule(content):
            found.append(
                {
                    "observed_at": observed_at,
                    "page_url": url,
                    "position": position,
                    "name": name.lower()[:200],
                    "content": content[:10_000],
                    "raw": _as_written(element)[:10_000],
                    "in_head": any(a.tag == "head" for a in element.iterancestors("head")),
                }
            )
    return found


def _holds_rule(content: str) -> bool:
    """Whether a meta's content has one of the rules for robots among its parts."""
    parts = content[:10_000].lower().split(",")
    return any(part.partition(":")[0].strip() in KNOWN for part in parts)


def _as_written(element: html.Element) -> str:
    from lxml import html as lxml_html

    return str(lxml_html.tostring(element, encoding="unicode", with_tail=False))

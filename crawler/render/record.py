"""A finished visit → what the journal keeps of it: what the static pass did not have."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from scrapy.http import HtmlResponse, Request

from crawler import html, pages
from crawler.exchange import now
from crawler.render.supply import Answer, Supply
from crawler.render.visit import Visit
from crawler.scope import Scope
from crawler.tasks import Task
from crawler.urls import clean, resolve

_UTF_8 = "text/html; charset=utf-8"
_BY_SCRIPT = "only there once scripts have run"
_BY_BROWSER = "no element names it; seen when a browser showed the page"


def rendered_record(visit: Visit, task: Task, supply: Supply, scope: Scope) -> dict[str, Any]:
    """The journal's record of one page shown to the browser.

    `image_refs` and `links` are those that the static pass of the same document did not have;
    `routes` are its one-page-app addresses (#/…). A page that came to no end keeps a `problem`
    and what it had asked for until then; `cut` says why only its beginning was seen, `refused`
    what it could not load because robots.txt forbids it.
    """
    moment = now()
    document = visit.document or Answer(0, {}, b"")
    served = _read(visit.page_url, document.body, document.content_type() or _UTF_8, scope)
    stood = _read(visit.page_url, (visit.html or "").encode("utf-8", "replace"), _UTF_8, scope)
    known = set(served["links"])
    return {
        "page_url": task.url,
        "observed_at": moment,
        "depth": task.depth,
        "problem": visit.problem,
        "cut": visit.cut,
        # An image among them has a record of its own.
        "refused": [url for url in visit.refused if supply.met(url) is None],
        "page": _route_page(task, stood, moment) if "#" in task.url and not visit.problem else None,
        "image_refs": _new_refs(task.url, served["image_refs"], stood["image_refs"])
        + _unnamed(visit, supply, served["image_refs"] + stood["image_refs"], task.url),
        "links": [u for u in [*stood["links"], *visit.elsewhere] if u not in known],
        "routes": _routes(visit),
    }


def _read(url: str, body: bytes, declared: str, scope: Scope) -> dict[str, Any]:
    """A document as the static pass reads it."""
    lines = [{"name": "content-type", "value": declared}]
    request = Request(url, meta={"lines": lines, "cap": len(body) + 1})
    response = HtmlResponse(url, body=body, headers={"Content-Type": declared}, request=request)
    hop = {"observed_at": now(), "location": None, "headers": lines}
    return pages.page_record(Task("page", url, url, hops=[hop]), response, "fetched", None, scope)


def _new_refs(
    page_url: str, served: list[dict[str, Any]], stood: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Mentions that scripts added. One that shares a group with an image the static pass had
    joins that image's group."""
    had = {_mention(ref) for ref in served}
    group_of = {ref["image_url"]: ref["image_group"] for ref in served if ref["image_url"]}
    joined = {
        ref["image_group"]: group_of[ref["image_url"]]
        for ref in stood
        if ref["image_url"] in group_of
    }
    new: dict[Any, dict[str, Any]] = {}
    # Where a template's attribute and src say the same, src is the one that shows it.
    for ref in sorted(stood, key=lambda ref: (ref["attribute"] != "src", ref["position"])):
        if ref["image_url"] and _mention(ref) not in had:
            new.setdefault(_mention(ref), ref)
    own = _key(page_url) + "-r"
    return [
        ref
        | {
            "page_url": page_url,
            "position": len(served) + ref["position"],
            "image_group": joined.get(
                ref["image_group"], own + ref["image_group"].rpartition("-")[2]
            ),
            "in_laion_shape": False,
            "not_in_shape_because": _BY_SCRIPT,
        }
        for ref in sorted(new.values(), key=lambda ref: ref["position"])
    ]


def _mention(ref: dict[str, Any]) -> tuple[Any, Any]:
    return ref["image_url"] or ref["raw"], ref["alt"]


def _unnamed(
    visit: Visit, supply: Supply, refs: list[dict[str, Any]], page_url: str
) -> list[dict[str, Any]]:
    """Images that the browser asked for though nothing in the site's pages and files names them:
    drawn on canvases, fetched as data, put into styles."""
    named = {ref["image_url"] for ref in refs}
    urls = [u for u in visit.images if u not in named and not supply.is_named(u)]
    return [
        _unnamed_ref(page_url, url, len(refs) + n, supply)
        for n, url in enumerate(urls)
        if (met := supply.met(url)) is None or met.status == 0 or met.is_image
    ]


def _unnamed_ref(page_url: str, url: str, position: int, supply: Supply) -> dict[str, Any]:
    met = supply.met(url)
    pixels = (met.width, met.height) if met is not None else (None, None)
    return {
        "page_url": page_url,
        "position": position,
        "tag": "browser",
        "attribute": "response",
        "raw": url,
        "image_url": url,
        "descriptor": None,
        "image_group": f"{_key(page_url)}-b{position}",
        "alt": None,
        "alt_state": "missing",
        "captions": [],
        "absolute": True,
        "in_laion_shape": False,
        "not_in_shape_because": _BY_BROWSER,
        "furniture": all(side is not None and side <= 1 for side in pixels),
    }


def _key(page_url: str) -> str:
    return hashlib.sha256(page_url.encode()).hexdigest()[:12]


def _routes(visit: Visit) -> list[str]:
    """Addresses of the page's own #/ routes, in document order, each once."""
    root = html.parse((visit.html or "").encode("utf-8", "replace"), _UTF_8)
    return [] if root is None else list(dict.fromkeys(_route_links(root, visit.page_url)))


def _route_links(root: html.Element, page_url: str) -> Iterable[str]:
    base = html.base_of(root, page_url)
    for element in root.iter("a", "area"):
        address, mark, route = (element.get("href") or "").strip().partition("#")
        if mark and route[:1] in ("/", "!") and len(route) < 500 and route.strip("/!"):
            target = resolve(base, address) if address else page_url
            if target == page_url and clean(f"{target}#{route}"):
                yield f"{target}#{route.strip()}"


def _route_page(task: Task, stood: dict[str, Any], moment: str) -> dict[str, Any]:
    """The pages row of a #/ route: only a browser can tell it from the page it is a part of."""
    page: dict[str, Any] = stood["page"]
    return page | {
        "observed_at": moment,
        "url": task.url,
        "final_url": task.url,
        "hop_count": 0,
        "size": None,
        "sha256": None,
        "depth": task.depth,
        "found_on": task.found_on,
        "robots_rule": None,
    }

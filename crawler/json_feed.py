"""A JSON feed → the pages of its items and the images it names (jsonfeed.org, version 1.1)."""

from __future__ import annotations

import json
from typing import Any

from crawler.images import add_fragment
from crawler.mentions import Captions, Mentions, caption
from crawler.sources import looks_like_image
from crawler.urls import resolve

_MAX_ITEMS = 2000
_MAX_FILES = 200  # attachments of one item
_TEXTS = ("title", "summary", "content_text")


def read_json_feed(to: Mentions, body: bytes) -> list[str]:
    """Keep the images of a feed; returns the pages of its items. Broken JSON gives nothing.

    An item without a page of its own counts for the page that named the feed.
    """
    try:
        feed = json.loads(body.decode("utf-8-sig", "replace"), strict=False)
    except (ValueError, RecursionError):
        return []
    items = feed.get("items") if isinstance(feed, dict) else None
    if not isinstance(items, list):
        return []
    for key in ("icon", "favicon"):
        _add(to, key, feed.get(key), furniture=True)
    pages = []
    for item in items[:_MAX_ITEMS]:
        if isinstance(item, dict):
            written = item.get("url")
            page = resolve(to.base, written) if isinstance(written, str) and written else None
            pages += [page] if page else []
            _item(to, item, page or to.page_url)
    return pages


def _item(to: Mentions, item: dict[str, Any], page: str) -> None:
    texts = _texts(item)
    for key in ("image", "banner_image"):
        _add(to, key, item.get(key), captions=texts, page_url=page)
    files = item.get("attachments")
    for one in files[:_MAX_FILES] if isinstance(files, list) else []:
        if isinstance(one, dict) and _is_image(one):
            said = _texts(one) or texts
            _add(to, "attachment", one.get("url"), captions=said, page_url=page)
    markup = item.get("content_html")
    if isinstance(markup, str) and "<" in markup:
        add_fragment(to, markup, "feed ", page)


def _add(to: Mentions, key: str, written: Any, **more: Any) -> None:
    if isinstance(written, str) and written.strip():
        to.add("feed", key, written, **more)


def _is_image(attachment: dict[str, Any]) -> bool:
    kind = str(attachment.get("mime_type") or "").lower()
    return kind.startswith("image/") or (not kind and looks_like_image(str(attachment.get("url"))))


def _texts(value: dict[str, Any]) -> Captions:
    found: Captions = []
    for key in _TEXTS:
        if isinstance(value.get(key), str):
            found += caption(f"feed {key}", value[key])
    return found

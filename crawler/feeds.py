"""An RSS, Atom or JSON feed → the pages and images it names."""

from __future__ import annotations

from typing import NamedTuple

from lxml import etree

from crawler.html import Element
from crawler.images import add_fragment
from crawler.json_feed import read_json_feed
from crawler.mentions import Captions, Mentions, Row, caption
from crawler.sitemaps import local_name
from crawler.sources import looks_like_image
from crawler.urls import resolve

MAX_FEED_BYTES = 8 * 2**20
_MAX_ITEMS = 2000
_TEXTS = ("title", "description", "text", "summary")
_MARKUP = ("encoded", "description", "content", "summary")


class Feed(NamedTuple):
    """What a feed names; `images` are rows of image_refs, under the page of their item."""

    pages: list[str]
    images: list[Row]


def looks_like_feed(body: bytes) -> bool:
    """Whether the first bytes are those of RSS, Atom or a JSON feed."""
    head = body[:2000].lower()
    return (
        b"jsonfeed.org/version" in head
        or b"<rss" in head
        or b"<feed" in head
        or b"<rdf:rdf" in head
    )


def read_feed(body: bytes, url: str, page_url: str, limit: int = 20_000) -> Feed:
    """Pages and images of a feed at `url`. Broken XML gives what could be read.

    An item without a page of its own counts for `page_url`, the page that named the feed.
    """
    if body[:100].lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{":
        found = Mentions(page_url, url, limit, file=url)
        return Feed(read_json_feed(found, body[:MAX_FEED_BYTES]), found.rows)
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, recover=True
    )
    try:
        root = etree.fromstring(body[:MAX_FEED_BYTES], parser)
    except (etree.LxmlError, ValueError):
        root = None
    found = Mentions(page_url, url, limit, file=url)
    pages: list[str] = []
    if root is None:
        return Feed(pages, found.rows)
    items = [one for one in root.iter() if local_name(one) in ("item", "entry")][:_MAX_ITEMS]
    _channel(found, root)
    for item in items:
        address = _page(item, url)
        if address:
            pages.append(address)
        _item(found, item, address or page_url)
    return Feed(pages, found.rows)


def _page(item: Element, url: str) -> str | None:
    """The page of an item: RSS `link`, Atom `link rel=alternate`."""
    for child in item:
        if local_name(child) == "link" and child.get("rel", "alternate") == "alternate":
            return resolve(url, child.get("href") or child.text or "")
    return None


def _channel(found: Mentions, root: Element) -> None:
    """The feed's own picture: RSS image/url, Atom logo and icon, itunes:image."""
    for holder in (root, *[one for one in root if local_name(one) == "channel"]):
        for child in holder:
            name = local_name(child)
            urls = [one.text for one in child if local_name(one) == "url"]
            raw = urls[0] if urls else child.get("href") or child.text
            if name in ("image", "logo", "icon") and raw and raw.strip():
                found.add("feed", name, raw, furniture=name == "icon")


def _item(found: Mentions, item: Element, page_url: str) -> None:
    texts = _texts(item)
    contents = sum(
        local_name(one) == "content" and one.get("url") is not None for one in item.iter()
    )
    single = found.group() if contents <= 1 else None  # its thumbnails show the same picture
    groups: dict[Element, tuple[str, Captions]] = {}
    for one in item.iter():
        name = local_name(one)
        if name in ("content", "thumbnail") and one.get("url"):
            _media(found, one, single, groups, texts=texts, page_url=page_url)
        elif name == "enclosure" or (name == "link" and one.get("rel") == "enclosure"):
            raw = one.get("url") or one.get("href")
            if raw and _is_image(one, raw):
                found.add("feed", "enclosure", raw, captions=texts, page_url=page_url)
        elif name == "image" and one.get("href"):
            found.add("feed", "image", one.get("href"), captions=texts, page_url=page_url)
        elif name in _MARKUP:
            _markup(found, one, page_url)


def _media(
    found: Mentions,
    element: Element,
    single: str | None,
    groups: dict[Element, tuple[str, Captions]],
    *,
    texts: Captions,
    page_url: str,
) -> None:
    """media:content or media:thumbnail (Media RSS 1.5.1): with its own texts, else the item's."""
    raw, name = element.get("url"), local_name(element)
    if name == "content" and not _is_image(element, raw):
        return
    holder = element.getparent()
    if local_name(holder) not in ("content", "group"):
        holder = element
    if holder not in groups:
        groups[holder] = single or found.group(), _texts(holder) or texts
    group, said = groups[holder]
    own = _texts(element) or said
    found.add("feed", f"media:{name}", raw, group, captions=own, page_url=page_url)


def _markup(found: Mentions, element: Element, page_url: str) -> None:
    """Markup inside an item, escaped or (Atom, type=xhtml) as elements."""
    text = element.text or ""
    if len(element):
        text = "".join(etree.tostring(child, encoding="unicode") for child in element)
    if "<" in text:
        add_fragment(found, text, "feed ", page_url)


def _is_image(element: Element, raw: str) -> bool:
    kind = (element.get("type") or element.get("medium") or "").lower()
    return kind.startswith("image") or (not kind and looks_like_image(raw))


def _texts(element: Element) -> Captions:
    found: Captions = []
    for child in element:
        name = local_name(child)
        if name in _TEXTS and child.text and "<" not in child.text:
            found += caption(f"feed {name}", child.text)
    return found

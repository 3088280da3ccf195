"""What a page shows of its platform → further files that may name its images.

Each is asked for only where the page itself shows that it is there: a linked style sheet or
feed, the endpoints of WordPress, Shopify, Squarespace, Gatsby and Nuxt.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from crawler.html import Element
from crawler.link_headers import Link
from crawler.names import LIBRARIES
from crawler.urls import origin, resolve

Ask = tuple[str, str]  # (kind, address); kind: sheet, feed or data

_MAX_PER_PAGE = 40
WORDPRESS = "https://api.w.org/"
_FEEDS = ("application/rss+xml", "application/atom+xml", "application/feed+json")
_GATSBY = re.compile(r"window\.pagePath\s{0,5}=\s{0,5}\"([^\"\\]{0,2000})\"")


@dataclass(slots=True)
class Found:
    """What was seen of a page so far, as written."""

    sheets: list[str] = field(default_factory=list)
    feeds: list[str] = field(default_factory=list)
    data: list[str] = field(default_factory=list)
    wordpress: str | None = None
    shopify: bool = False
    squarespace: bool = False
    gatsby: str | None = None  # the page's path within the app


def note_link(found: Found, element: Element, rels: list[str], href: str) -> None:
    """Take a link element into account."""
    if not href or not rels:
        return
    kind = (element.get("type") or "").lower().partition(";")[0].strip()
    if "stylesheet" in rels or ("preload" in rels and element.get("as") == "style"):
        found.sheets.append(href)
    elif "alternate" in rels and kind in _FEEDS:
        found.feeds.append(href)
    elif WORDPRESS in rels:
        found.wordpress = href
    elif "preload" in rels and "page-data" in href and href.partition("?")[0].endswith(".json"):
        found.data.append(href)


def note_script(found: Found, element: Element, text: str) -> None:
    """Take a script into account."""
    if element.get("id") == "__NUXT_DATA__" and element.get("data-src"):
        found.data.append(element.get("data-src"))
    if not text:
        return
    if "Shopify." in text and ("Shopify.shop" in text or "Shopify.theme" in text):
        found.shopify = True
    if "SQUARESPACE_CONTEXT" in text:
        found.squarespace = True
    gatsby = _GATSBY.search(text) if "pagePath" in text else None
    if gatsby:
        found.gatsby = gatsby[1]


def note_headers(found: Found, links: Iterable[Link]) -> None:
    """Take Link headers into account."""
    for link in links:
        if "stylesheet" in link.rels or (
            "preload" in link.rels and link.parameters.get("as", "").lower() == "style"
        ):
            found.sheets.append(link.address)
        elif WORDPRESS in link.rels:
            found.wordpress = link.address


def asks(found: Found, url: str, base: str) -> list[Ask]:
    """The files to ask for, each once; `url` is the page's address, `base` its base address."""
    wanted: dict[Ask, None] = {}
    for written in found.sheets[:_MAX_PER_PAGE]:
        address = resolve(base, written)
        if address and urlsplit(address).hostname not in LIBRARIES:
            wanted["sheet", address] = None
    for written in found.feeds[:_MAX_PER_PAGE]:
        address = resolve(base, written)
        # WordPress gives every post a feed of its comments, below the post's address.
        if address and not _is_below(address, url):
            wanted["feed", address] = None
    for written in [*found.data[:_MAX_PER_PAGE], *_endpoints(found, url)]:
        address = resolve(base, written)
        if address:
            wanted["data", address] = None
    return list(wanted)


def next_page(address: str, entries: int) -> str | None:
    """The next part of a list that came in parts: WordPress' and Shopify's are full at so many.

    >>> next_page("https://a.example/products.json?limit=250", 250)
    'https://a.example/products.json?limit=250&page=2'
    >>> next_page("https://a.example/products.json?limit=250", 17) is None
    True
    """
    full = 250 if "products.json?limit=250" in address else 100 if "per_page=100" in address else 0
    if not full or entries < full:
        return None
    start, _, page = address.partition("&page=")
    number = int(page) if page.isdigit() and len(page) < 5 else 1
    return f"{start}&page={number + 1}" if number < _MAX_PER_PAGE else None


def _endpoints(found: Found, url: str) -> list[str]:
    wanted = []
    if found.wordpress:
        joint = "&" if "?" in found.wordpress else "?"
        media = f"{found.wordpress.rstrip('/')}/wp/v2/media"
        wanted.append(f"{media}{joint}media_type=image&per_page=100")
    if found.shopify:
        wanted.append(f"{origin(url)}/products.json?limit=250")
    if found.squarespace:
        wanted.append(f"{url.partition('?')[0]}?format=json")
    if found.gatsby is not None:
        wanted.append(_gatsby_data(found.gatsby, url))
    return wanted


def _gatsby_data(path: str, url: str) -> str:
    """page-data of a Gatsby page: below the app's own path, `index` for its first page."""
    page = urlsplit(url).path
    prefix = page.removesuffix("index.html").rstrip("/").removesuffix(path.rstrip("/"))
    return f"{origin(url)}{prefix}/page-data/{path.strip('/') or 'index'}/page-data.json"


def _is_below(address: str, url: str) -> bool:
    path = urlsplit(url).path.rstrip("/")
    return bool(path) and urlsplit(address).path.startswith(path + "/")

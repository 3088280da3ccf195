"""A sitemap → the pages, further sitemaps and images it names."""

from __future__ import annotations

import gzip
import io
import zlib
from typing import Any, NamedTuple

from lxml import etree

from crawler.html import Element
from crawler.mentions import Captions, Mentions, Row, caption
from crawler.urls import resolve

MAX_SITEMAP_URLS = 50_000  # sitemaps.org: at most so many per file
_MAX_SITEMAP_BYTES = 52_428_800  # sitemaps.org: at most 50 MB uncompressed
_MAX_IMAGES = 20_000
# Google's image sitemaps; title, caption and licence are no longer documented but still served.
_TEXTS = ("caption", "title", "license", "geo_location")


class Sitemap(NamedTuple):
    """What a sitemap names; `images` are rows of image_refs."""

    pages: list[str]
    further: list[str]
    images: list[Row]


def read_sitemap(body: bytes, url: str) -> Sitemap:
    """Pages, further sitemaps and images of a sitemap file: XML, index, plain text, gzip of these.

    Broken XML gives what could be read. No entity is expanded and nothing is fetched.
    """
    if body.startswith(b"\x1f\x8b"):
        body = _gunzip(body)
    if not body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return Sitemap(_text_sitemap(body, url), [], [])
    pages: list[str] = []
    further: list[str] = []
    found = Mentions(url, url, _MAX_IMAGES, file=url)
    try:
        for element in _elements(body):
            name = local_name(element)
            if name in ("url", "sitemap"):
                address = resolve(url, child_text(element, "loc"))
                if address:
                    (pages if name == "url" else further).append(address)
                    _add_images(found, element, address)
                element.clear()
            if len(pages) + len(further) >= MAX_SITEMAP_URLS:
                break
    except (etree.LxmlError, ValueError):
        pass
    return Sitemap(pages, further, found.rows)


def local_name(element: Element) -> str:
    """An XML element's name without namespace or prefix; "" of comments and the like.

    A prefix stays in the name where its namespace is not declared, as in broken feeds.
    """
    if not isinstance(element.tag, str):
        return ""
    return str(element.tag).rpartition("}")[2].rpartition(":")[2]


def child_text(element: Element, name: str) -> str:
    """Text of an element's first child of a name; "" where there is none."""
    return next((child.text or "" for child in element if local_name(child) == name), "")


def _elements(body: bytes) -> Any:
    events: Any = etree.iterparse(
        io.BytesIO(body),
        events=("end",),
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        recover=True,
    )
    return (element for _, element in events)


def _add_images(found: Mentions, element: Element, page_url: str) -> None:
    for image in element:
        if local_name(image) != "image" or found.full:
            continue
        captions: Captions = []
        for text in _TEXTS:
            captions += caption(f"sitemap {text}", child_text(image, text))
        raw = child_text(image, "loc")
        if raw.strip():
            found.add("sitemap", "image:loc", raw, captions=captions, page_url=page_url)


def _text_sitemap(body: bytes, url: str) -> list[str]:
    lines = body.decode("utf-8", "replace").splitlines()[:MAX_SITEMAP_URLS]
    found = (resolve(url, line) for line in lines if line.strip().startswith("http"))
    return [address for address in found if address]


def _gunzip(body: bytes) -> bytes:
    """Decompressed up to the sitemap limit: a bomb gives its first 50 MB."""
    try:
        with gzip.open(io.BytesIO(body)) as file:
            return file.read(_MAX_SITEMAP_BYTES)
    except (OSError, EOFError, zlib.error):
        return b""

"""An element tree or a sitemap → addresses of further pages."""

from __future__ import annotations

import gzip
import io
import re
import zlib
from typing import Any

from lxml import etree

from crawler.html import Element
from crawler.urls import resolve

# Links to these are not pages; images among them are image references instead.
_NOT_PAGES = re.compile(
    r"\.(?:jpe?g|jfif|png|gif|webp|avif|svg|bmp|tiff?|jxl|heic|ico|psd|ai|eps|mp3|m4a|ogg|oga|wav|flac|aac|"
    r"mp4|m4v|mov|avi|webm|mkv|wmv|flv|zip|gz|tgz|bz2|xz|7z|rar|tar|iso|dmg|exe|msi|apk|pkg|deb|rpm|"
    r"pdf|docx?|xlsx?|pptx?|odt|ods|odp|epub|mobi|css|js|mjs|json|woff2?|ttf|otf|eot|xml|rss|atom|txt|ics|vcf)$",
    re.I,
)
MAX_SITEMAP_URLS = 50_000  # sitemaps.org: at most so many per file
_MAX_SITEMAP_BYTES = 52_428_800  # sitemaps.org: at most 50 MB uncompressed


def page_links(root: Element, base: str, limit: int = 20_000) -> list[str]:
    """Addresses of pages that a document links or frames, in order, each once; `limit` at most.

    rel=nofollow is followed: it speaks of endorsement, not of access (HTML Standard, 4.6.7.15).
    """
    found: dict[str, None] = {}
    for element in root.iter("a", "area", "iframe", "frame"):
        written = element.get("href") if element.tag in ("a", "area") else element.get("src")
        if not written or written[0] == "#":
            continue
        address = resolve(base, written)
        if address and not _NOT_PAGES.search(address.partition("?")[0]):
            found[address] = None
            if len(found) >= limit:
                break
    return list(found)


def sitemap_links(body: bytes, url: str) -> tuple[list[str], list[str]]:
    """(pages, further sitemaps) of a sitemap file: XML, an index, plain text, or gzip of these.

    Broken XML gives what could be read. No entity is expanded and nothing is fetched.
    """
    if body.startswith(b"\x1f\x8b"):
        body = _gunzip(body)
    if not body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return _text_sitemap(body, url), []
    pages: list[str] = []
    further: list[str] = []
    try:
        events: Any = etree.iterparse(
            io.BytesIO(body),
            events=("end",),
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=False,
            recover=True,
        )
        for _, element in events:
            name = etree.QName(element).localname if isinstance(element.tag, str) else ""
            if name in ("url", "sitemap"):
                _add_loc(element, url, pages if name == "url" else further)
                element.clear()
            if len(pages) + len(further) >= MAX_SITEMAP_URLS:
                break
    except (etree.LxmlError, ValueError):
        pass
    return pages, further


def _add_loc(element: Element, url: str, to: list[str]) -> None:
    for child in element:
        if isinstance(child.tag, str) and etree.QName(child).localname == "loc":
            address = resolve(url, child.text or "")
            if address:
                to.append(address)
            return


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

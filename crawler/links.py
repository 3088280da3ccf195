"""An element tree → addresses of further pages."""

from __future__ import annotations

import re

from crawler.html import Element
from crawler.sources import is_wiki_page
from crawler.urls import resolve

# Links to these are not pages; images among them are image references instead.
_NOT_PAGES = re.compile(
    r"\.(?:jpe?g|jfif|png|gif|webp|avif|svg|bmp|tiff?|jxl|heic|ico|psd|ai|eps|mp3|m4a|ogg|oga|wav|flac|aac|"
    r"mp4|m4v|mov|avi|webm|mkv|wmv|flv|zip|gz|tgz|bz2|xz|7z|rar|tar|iso|dmg|exe|msi|apk|pkg|deb|rpm|"
    r"pdf|docx?|xlsx?|pptx?|odt|ods|odp|epub|mobi|css|js|mjs|json|woff2?|ttf|otf|eot|xml|rss|atom|txt|ics|vcf)$",
    re.I,
)
# Seconds, a comma, semicolon or space, perhaps "url=", then the address.
_REFRESH = re.compile(r"\s*(?=[\d.])\d{0,9}[\d.]{0,20}\s*[\s;,]\s*(?:url\s*=\s*)?(.*)", re.I | re.S)


def page_links(root: Element, base: str, limit: int = 20_000) -> list[str]:
    """Addresses of pages that a document links or frames, in order, each once; `limit` at most.

    A refresh leads on like a link. rel=nofollow is followed: it speaks of endorsement, not of
    access (HTML Standard, 4.6.7.15).
    """
    found: dict[str, None] = {}
    for element in root.iter("a", "area", "iframe", "frame", "meta"):
        address = _target(base, element)
        if address and is_page(address):
            found[address] = None
            if len(found) >= limit:
                break
    return list(found)


def refresh_target(base: str, refresh: str) -> str | None:
    """The page that a `Refresh` leads to (HTML Standard, "shared declarative refresh steps").

    None where it only loads the page anew, or leads to no page.

    >>> refresh_target("https://a.example/b/", "0; URL='c.html'"), refresh_target("http://a/", "5")
    ('https://a.example/b/c.html', None)
    """
    match = _REFRESH.match(refresh[:8192])
    if match is None:
        return None
    written = match[1]
    if written[:1] in ("'", '"'):
        written = written[1:].partition(written[0])[0]
    address = resolve(base, written) if written.strip() else None
    return address if address and is_page(address) else None


def is_page(address: str) -> bool:
    """Whether an address may be a page: by the suffix of its path."""
    path = address.partition("?")[0]
    return not _NOT_PAGES.search(path) or is_wiki_page(path)


def _target(base: str, element: Element) -> str | None:
    if element.tag == "meta":
        refreshes = (element.get("http-equiv") or "").strip().lower() == "refresh"
        return refresh_target(base, element.get("content") or "") if refreshes else None
    written = element.get("href") if element.tag in ("a", "area") else element.get("src")
    return resolve(base, written) if written and written[0] != "#" else None

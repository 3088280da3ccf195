"""An element tree → addresses of further pages."""

from __future__ import annotations

import re

from crawler.html import Element
from crawler.urls import resolve

# Links to these are not pages; images among them are image references instead.
_NOT_PAGES = re.compile(
    r"\.(?:jpe?g|jfif|png|gif|webp|avif|svg|bmp|tiff?|jxl|heic|ico|psd|ai|eps|mp3|m4a|ogg|oga|wav|flac|aac|"
    r"mp4|m4v|mov|avi|webm|mkv|wmv|flv|zip|gz|tgz|bz2|xz|7z|rar|tar|iso|dmg|exe|msi|apk|pkg|deb|rpm|"
    r"pdf|docx?|xlsx?|pptx?|odt|ods|odp|epub|mobi|css|js|mjs|json|woff2?|ttf|otf|eot|xml|rss|atom|txt|ics|vcf)$",
    re.I,
)


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

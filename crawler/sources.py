"""One img or source element → the addresses it gives, lazy ones included."""

from __future__ import annotations

import re
from collections.abc import Iterator

from crawler import srcset
from crawler.html import Element

# Attributes in which lazy loaders keep the real address; the first group holds one address,
# the second a srcset. Sources: the loaders' documentation (lazysizes, vanilla-lazyload, lozad,
# jQuery.lazyload, WP Rocket, Jetpack, WooCommerce, Squarespace, UIkit, Slick).
LAZY = (
    "data-src",
    "data-original",
    "data-lazy-src",
    "data-lazy",
    "data-lazyload",
    "data-lazysrc",
    "data-lazy-original",
    "data-echo",
    "data-image",
    "data-img",
    "data-url",
    "data-full",
    "data-fullsrc",
    "data-full-url",
    "data-hires",
    "data-large",
    "data-large_image",
    "data-large-file",
    "data-medium-file",
    "data-orig-file",
    "data-zoom-image",
    "data-zoom-src",
    "data-src-retina",
    "data-bg",
    "data-background",
    "data-background-image",
)
LAZY_SETS = ("data-srcset", "data-lazy-srcset", "data-bgset")
_LAZY_NAMES = frozenset((*LAZY, *LAZY_SETS))


IMAGE_FILE = re.compile(
    r"\.(?:jpe?g|jfif|png|gif|webp|avif|svg|bmp|tiff?|jxl|heic)(?:$|[?#])", re.IGNORECASE
)
# Whole file names of the stand-ins that lazy loaders show until the picture comes.
_PLACEHOLDER = re.compile(
    r"(?:^|/)(?:blank|spacer|pixel|placeholder|transparent|1x1|loading)"
    r"(?:[-_]\d+x\d+)?\.(?:gif|png|svg)$",
    re.IGNORECASE,
)

Candidate = tuple[str, str, "str | None"]  # attribute, address as written, descriptor


def sources(element: Element) -> list[Candidate]:
    """Addresses of one img, as written. data: addresses are no addresses; where a lazy
    attribute holds the real one, the stand-in is left out."""
    found = [c for c in _candidates(element) if not c[1].lstrip().lower().startswith("data:")]
    if any(name in _LAZY_NAMES for name, _, _ in found):
        return [c for c in found if not is_placeholder(c[1])]
    return found


def is_placeholder(written: str) -> bool:
    """Whether an address is a lazy loader's stand-in, by its file name.

    >>> is_placeholder("/img/blank.gif"), is_placeholder("/img/pixel-dragon.png")
    (True, False)
    """
    return bool(_PLACEHOLDER.search(written.strip().partition("?")[0]))


def _candidates(element: Element) -> Iterator[Candidate]:
    attributes = element.attrib
    for name in ("src", *LAZY):
        raw = attributes.get(name)
        if raw and raw.strip() and (name == "src" or looks_like_address(raw)):
            yield name, raw, None
    for name in ("srcset", *LAZY_SETS):
        text = attributes.get(name)
        if text:
            for raw, descriptor in srcset.parse(text):
                yield name, raw, descriptor or None


def looks_like_address(text: str) -> bool:
    """Lazy attributes also hold numbers, JSON and class names."""
    text = text.strip()
    return bool(text) and text[0] not in "{[<" and ("/" in text or bool(IMAGE_FILE.search(text)))

"""Attributes of one element → the image addresses they give, lazy ones included."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from urllib.parse import urlsplit

from crawler import srcset
from crawler.names import IMAGE_HOSTS, LAZY, LAZY_SETS, NEVER, SHARING, TELLING

_SUFFIXES = "jpe?g|jfif|pjpeg|png|apng|gif|webp|avif|svg|bmp|tiff?|jxl|heic"
# A path ends in an image's suffix.
_IMAGE_FILE = re.compile(rf"\.(?:{_SUFFIXES})$", re.IGNORECASE)
# … or a parameter does (/_next/image?url=%2Fa.jpg&w=640).
_IMAGE_ANYWHERE = re.compile(rf"\.(?:{_SUFFIXES})(?:$|[?#&/!:@])", re.IGNORECASE)
_OTHER_FILE = re.compile(r"\.(?:js|mjs|css|json|html?|php|woff2?|mp4|webm|mp3|pdf)$", re.IGNORECASE)
# Whole file names of the stand-ins that lazy loaders show until the picture comes.
_PLACEHOLDER = re.compile(
    r"(?:^|/)(?:blank|spacer|pixel|placeholder|transparent|1x1|loading)"
    r"(?:[-_]\d+x\d+)?\.(?:gif|png|svg)$",
    re.IGNORECASE,
)
# File names of site furniture. "icon" alone is none: painters of icons have sites too.
_FURNITURE = re.compile(
    r"(?:^|/)(?:favicon|apple-touch-icon|android-chrome|mstile|sprites?)(?:[-_.]|$)"
    r"|[-_]sprites?\.|/icons?/[^/]*\.svg$",
    re.IGNORECASE,
)
# Braces around a word (Shopify's {width}) wait for a script too; a number may be a file's name.
_TEMPLATE = re.compile(
    r"\{\{|\}\}|\$\{|<%|\[\[|%7b%7b|\{[a-z_]{1,20}\}|%7b[a-z_]{1,20}%7d", re.IGNORECASE
)
_WIDTH = re.compile(r"\{width\}|%7bwidth%7d", re.IGNORECASE)
_MAX_WIDTHS = 50
# The start of an address of another kind than http(s): mailto:, javascript:, blob: …
_OTHER_SCHEME = re.compile(r"(?!https?:)[a-z][a-z0-9+.-]{1,30}:", re.IGNORECASE)
# /wiki/File:Fox.jpg is a page about a file; the word before the colon is of any language.
_WIKI_PAGE = re.compile(r"[^\W\d_]{2,30}(?::|%3a)", re.IGNORECASE)
_BGSET_MEDIA = re.compile(r"\[[^\]]{0,300}\]\s*$")
_CSS_URL = re.compile(r"url\(\s{0,20}['\"]?([^'\"()\s]{1,4096})['\"]?\s{0,20}\)")

Candidate = tuple[str, str, "str | None"]  # attribute, address as written, descriptor


def sources(items: Iterable[tuple[str, str]], *, strict: bool = False) -> list[Candidate]:
    """Addresses in the attributes of one element, as written: of an img `src` and `srcset` too.

    data: addresses are no addresses; where a lazy attribute holds the real one, the stand-in is
    left out. With `strict` (elements that are no img) `src` and `srcset` are not read, and every
    value must look like a picture's address.
    """
    found: list[Candidate] = []
    lazy = False
    for name, value in _filled(list(items)):
        if name in ("src", "srcset"):
            if strict:
                continue
            found += [(name, raw, d) for raw, d in _written(name, value)]
        elif value and attribute_kind(name):
            more = list(_lazy(name, value, strict))
            lazy = lazy or bool(more)
            found += more
    found = [c for c in found if c[1][:40].lstrip()[:5].lower() != "data:"]
    return [c for c in found if not is_placeholder(c[1])] if lazy else found


@lru_cache(maxsize=4096)
def attribute_kind(name: str) -> str | None:
    """Whether an attribute may hold addresses: `known`, `set`, `telling` by its name, or None.

    >>> [attribute_kind(n) for n in ("data-lazy-src", "data-bgset", "data-pic-large", "class")]
    ['known', 'set', 'telling', None]
    """
    if name in LAZY:
        return "known"
    if name in LAZY_SETS or (name.endswith("srcset") and name != "srcset"):
        return "set"
    telling = name not in NEVER and not name.startswith("on") and TELLING.search(name)
    return "telling" if telling else None


def is_image_file(written: str) -> bool:
    """Whether an address names an image file: by the last part of its path, not by a parameter.

    >>> is_image_file("/a.jpg?x=1"), is_image_file("/a.html?img=b.jpg")
    (True, False)
    >>> is_image_file("mailto:a.jpg"), is_image_file("/wiki/File:A.jpg")
    (False, False)
    """
    text = written[:8192].strip()
    path = text.partition("#")[0].partition("?")[0]
    if not _IMAGE_FILE.search(path) or _OTHER_SCHEME.match(text):
        return False
    return not is_wiki_page(path)


def is_wiki_page(path: str) -> bool:
    """Whether a path is that of a wiki's page about a file.

    >>> is_wiki_page("/wiki/Datei:Fuchs.jpg"), is_wiki_page("/w_1,h_2/fox.jpg")
    (True, False)
    """
    _, slash, name = path.rpartition("/")
    return bool(slash and _WIKI_PAGE.match(name))


def looks_like_image(text: str) -> bool:
    """Whether a text looks like the address of a picture: a suffix, or a host known for them.

    >>> looks_like_image("/a.jpg?x=1"), looks_like_image("/_next/image?url=%2Fa.jpg&w=64")
    (True, True)
    >>> looks_like_image("https://images.unsplash.com/photo-1"), looks_like_image("/works/")
    (True, False)
    >>> looks_like_image("https://a.example/share/a.jpg"), looks_like_image("//a.b/share?u=c.jpg")
    (True, False)
    """
    text = text.strip()
    if not text or len(text) > 8192 or text[0] in "{[<" or any(c in text for c in '\n\t<>"{}'):
        return False
    if is_image_file(text):
        return True
    path = text.partition("#")[0].partition("?")[0]
    if _OTHER_SCHEME.match(text) or SHARING.match(text) or _OTHER_FILE.search(path):
        return False
    return not is_wiki_page(path) and bool(_IMAGE_ANYWHERE.search(text) or on_image_host(text))


def on_image_host(text: str) -> bool:
    """Whether an absolute address is on a host that serves pictures without a suffix."""
    if not text.startswith(("http://", "https://", "//")):
        return False
    try:
        host = urlsplit(text).hostname or ""
    except ValueError:
        return False
    return host.endswith(tuple(IMAGE_HOSTS)) and len(text) > text.find(host) + len(host) + 2


def is_placeholder(written: str) -> bool:
    """Whether an address is a lazy loader's stand-in, by its file name.

    >>> is_placeholder("/img/blank.gif"), is_placeholder("/img/pixel-dragon.png")
    (True, False)
    """
    return bool(_PLACEHOLDER.search(written.strip().partition("?")[0]))


def names_furniture(written: str) -> bool:
    """Whether an address names an icon or a sprite, by its file name.

    >>> names_furniture("/img/sprite.png?1"), names_furniture("/icon-of-saint-george.jpg")
    (True, False)
    """
    return bool(_FURNITURE.search(written[:8192].strip().partition("?")[0]))


def is_template(written: str) -> bool:
    """Whether an address still holds a template's braces: a script is to fill it.

    >>> is_template("{{work.image}}"), is_template("a{1}.jpg")
    (True, False)
    """
    return bool(_TEMPLATE.search(written[:8192]))


def _filled(items: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Attributes, with the widths of `data-widths` in the place of {width} (lazysizes, Shopify)."""
    for name, value in items:
        if "width" not in value or not _WIDTH.search(value):
            yield name, value
            continue
        widths = next((text for other, text in items if other == "data-widths"), "")
        for width in re.findall(r"[0-9]{1,5}", widths[:1000])[:_MAX_WIDTHS]:
            yield name, _WIDTH.sub(width, value)


def _written(name: str, value: str) -> Iterator[tuple[str, str | None]]:
    if name == "srcset":
        yield from ((raw, d or None) for raw, d in srcset.parse(value))
    elif value.strip():
        yield value, None


def _lazy(name: str, value: str, strict: bool) -> Iterator[Candidate]:
    """Addresses in one lazy attribute; many such attributes hold numbers, JSON and class names."""
    kind = attribute_kind(name)
    if "url(" in value:
        for match in _CSS_URL.finditer(value):
            yield name, match[1], None
    elif name == "data-responsive":  # lightGallery: addresses with bare widths
        for part in value.split(", ")[:_MAX_WIDTHS]:
            raw, _, width = part.strip().partition(" ")
            if looks_like_image(raw):
                yield name, raw, width.strip() or None
    elif kind == "set":
        for part in value.split(" | "):  # lazysizes: sets for several media
            for raw, descriptor in srcset.parse(_BGSET_MEDIA.sub("", part)):
                if looks_like_image(raw) or (not strict and "/" in raw):
                    yield name, raw, descriptor or None
    elif looks_like_image(value) or (kind == "known" and not strict and _looks_like_address(value)):
        yield name, value, None
    elif kind == "telling" and "," in value and "srcset" not in name:
        candidates = srcset.parse(value[:20_000])
        if candidates and all(looks_like_image(raw) and d for raw, d in candidates):
            yield from ((name, raw, d) for raw, d in candidates)


def _looks_like_address(text: str) -> bool:
    text = text.strip()
    return bool(text) and text[0] not in "{[<" and "/" in text and not any(c in text for c in " \n")

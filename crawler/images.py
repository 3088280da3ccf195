"""An element tree → every mention of an image in it, as written, with its texts.

Also the further files that may name images: style sheets, feeds, the data of known platforms.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from crawler import css, elements, html, platforms
from crawler.captions import Around, Texts, around
from crawler.html import Element, base_of
from crawler.link_headers import add_header_images, read_links
from crawler.mentions import Mentions, Row
from crawler.metas import add_metas
from crawler.platforms import Ask
from crawler.sources import attribute_kind, sources
from crawler.states import add_flight, add_json
from crawler.walk import IMGS, Walk, only_img

_MAX_FRAGMENT = 500_000  # characters of a piece of markup inside something else
_MAX_FRAGMENTS = 5000  # such pieces read of one page or file
# Elements whose lazy attributes speak of the picture they hold.
_HOLDERS = frozenset(("a", "li", "figure"))


class PageImages(NamedTuple):
    """What a page says of images: rows of image_refs, and files that may name more."""

    refs: list[Row]
    asks: list[Ask]


def image_refs(root: Element, url: str, limit: int = 20_000) -> list[Row]:
    """Every mention of an image in a page (columns: records, image_refs).

    `url` is the address the page answered at; at most `limit` mentions are given. Stand-ins of
    lazy loaders are left out when the element carries the real address, else marked.
    """
    return page_images(root, url, limit).refs


def page_images(
    root: Element, url: str, limit: int = 20_000, link_headers: Iterable[str] = ()
) -> PageImages:
    """Every mention of an image in a page, and the files to ask for more.

    Images that headers (the lines of `Link`) and the head announce come first, the others in
    document order.
    """
    to = Mentions(url, url, limit)
    walk = Walk(to, Texts(root))
    links = read_links(link_headers)
    platforms.note_headers(walk.found, links)
    add_header_images(to, links)
    to.base = base_of(root, url)
    _walk(walk, root)
    if walk.flight:
        add_flight(to, "".join(walk.flight))
    return PageImages(to.rows, platforms.asks(walk.found, url, to.base))


def add_fragment(to: Mentions, text: str, inside: str, page_url: str | None = None) -> None:
    """Keep the images of a piece of HTML that stands in something else; `inside` says in what.

    Pieces within pieces are not read: there is no end to them.
    """
    to.fragments += 1
    if to.fragments > _MAX_FRAGMENTS:
        return
    root = html.parse(text[:_MAX_FRAGMENT].encode("utf-8", "replace"), "text/html; charset=utf-8")
    if root is None:
        return
    before = to.inside, to.base, to.page_url
    to.inside = before[0] + inside
    to.base = base_of(root, to.base)
    to.page_url = page_url or to.page_url
    try:
        _walk(Walk(to, Texts(root), in_fragment=True), root)
    finally:
        to.inside, to.base, to.page_url = before


def _walk(walk: Walk, root: Element) -> None:
    add_metas(walk.to, root)
    for element in root.iter("*"):
        if walk.to.full:
            return
        tag = element.tag
        reader = _READERS.get(tag)
        if reader is not None:
            reader(walk, element)
        items = element.items()
        if items and tag not in _ALREADY_READ:
            _attributes(walk, element, tag, items)


def _attributes(walk: Walk, element: Element, tag: str, items: list[tuple[str, str]]) -> None:
    lazy = None
    for name, value in items:
        if name == "style":
            if "url(" in value or "image-set(" in value:
                captions = walk.texts.of(element, around(element))
                css.add_images(walk.to, value, tag, "style", captions=captions)
        elif name == "poster" and value.strip():
            walk.to.add(tag, name, value, captions=walk.texts.of(element, Around()))
        elif name == "background" and value.strip():
            walk.to.add(tag, name, value)
        elif len(value) > 4:
            if value[0] in "{[":
                _json_attribute(walk, tag, name, value)
            elif tag not in IMGS and attribute_kind(name):
                lazy = True
    if lazy:
        _lazy(walk, element, tag, items)


def _json_attribute(walk: Walk, tag: str, name: str, value: str) -> None:
    """State or settings as JSON: Elementor's data-settings, Astro's props, Vue's :works …"""
    named = name == "props" or name.startswith(("data-", ":"))
    if named and "/" in value and not walk.in_fragment:
        add_json(walk.to, value, name, tag)


def _lazy(walk: Walk, element: Element, tag: str, items: list[tuple[str, str]]) -> None:
    found = sources(items, strict=True)
    if not found:
        return
    group = walk.groups.get(element) or walk.to.group()
    img = only_img(element) if tag in _HOLDERS else None
    if img is not None and not any("bg" in c[0] or "background" in c[0] for c in found):
        walk.groups[element] = group
    alt = img.get("alt") if img is not None else None
    captions = (
        elements.link_captions(walk, element)
        if tag == "a"
        else walk.texts.of(element, around(element))
    )
    for name, raw, descriptor in found:
        own = None if "multi" in name else group
        walk.to.add(tag, name, raw, own, descriptor=descriptor, alt=alt, captions=captions)


_READERS: dict[str, Callable[[Walk, Any], None]] = {
    "img": elements.img,
    "amp-img": elements.img,
    "source": elements.source,
    "a": elements.link,
    "area": elements.area,
    "link": elements.head_link,
    "style": elements.style,
    "script": elements.script,
    "image": elements.svg,
    "use": elements.svg,
    "feimage": elements.svg,
    "input": elements.image_input,
    "object": elements.embedded,
    "embed": elements.embedded,
    "iframe": elements.frame,
    "noframes": elements.no_frames,
    **{f"h{n}": elements.heading for n in range(1, 7)},
}
_ALREADY_READ = frozenset(
    ("meta", "link", "script", "style", "source", "html", "head", "title", "base")
)

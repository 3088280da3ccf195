"""An element tree → every mention of an image in it, as written, with its texts."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import Any

from crawler import srcset
from crawler.html import Element, base_of, text_of
from crawler.shape import laion_shape
from crawler.sources import IMAGE_FILE, LAZY, LAZY_SETS, is_placeholder, sources
from crawler.urls import resolve

# Lengths are bounded and no two parts take the same character: hostile CSS costs linear time.
_CSS_URL = re.compile(
    r"url\(\s{0,20}(?:'([^'\n]{1,2048})'|\"([^\"\n]{1,2048})\"|([^'\"()\s]{1,2048}))\s{0,20}\)"
)
_META_IMAGES = {
    "og:image",
    "og:image:url",
    "og:image:secure_url",
    "twitter:image",
    "twitter:image:src",
    "thumbnail",
}
_META_ALTS = {"og:image:alt", "twitter:image:alt"}
_ICON_RELS = {
    "icon",
    "shortcut icon",
    "apple-touch-icon",
    "apple-touch-icon-precomposed",
    "mask-icon",
}
_TAGS = (
    "img",
    "amp-img",
    "source",
    "a",
    "meta",
    "link",
    "style",
    "video",
    "input",
    "image",
    "body",
    "div",
    "section",
    "span",
    "figure",
    "li",
    "header",
    "table",
    "td",
)
_MAX_TEXT = 100_000  # characters of an alt text kept; longer ones are abuse


@dataclass(slots=True)
class _Page:
    """What the walk over one page carries along."""

    url: str
    base: str
    refs: list[dict[str, Any]] = field(default_factory=list)
    groups: int = 0
    key: str = ""
    figures: dict[Element, str] = field(default_factory=dict)  # figure → its caption

    def group(self) -> str:
        self.groups += 1
        return f"{self.key}-{self.groups}"

    def add(
        self,
        element: Element,
        attribute: str,
        raw: str,
        group: str,
        *,
        descriptor: str | None = None,
        alt: str | None = None,
        captions: list[dict[str, str]] | None = None,
        furniture: bool = False,
    ) -> None:
        address = resolve(self.base, raw)
        tag = element.tag
        in_shape, because = laion_shape(tag, attribute, raw, alt)
        self.refs.append(
            {
                "page_url": self.url,
                "position": len(self.refs),
                "tag": tag,
                "attribute": attribute,
                "raw": raw[:_MAX_TEXT],
                "image_url": address,
                "descriptor": descriptor,
                "image_group": group,
                "alt": None if alt is None else alt[:_MAX_TEXT],
                "alt_state": "missing" if alt is None else "text" if alt.strip() else "empty",
                "captions": captions or [],
                "absolute": raw.strip()[:8].lower().startswith(("http://", "https://")),
                "in_laion_shape": in_shape,
                "not_in_shape_because": because,
                "furniture": furniture,
            }
        )


def image_refs(root: Element, url: str, limit: int = 20_000) -> list[dict[str, Any]]:
    """Every mention of an image in a page, in document order (columns: records, image_refs).

    `url` is the address the page answered at; at most `limit` mentions are given. Stand-ins of
    lazy loaders are left out when the element carries the real address, else marked.
    """
    page = _Page(url, base_of(root, url), key=hashlib.sha256(url.encode()).hexdigest()[:12])
    meta_group, meta_alt = page.group(), _meta_alt(root)
    groups: dict[Element, str] = {}  # of the links and pictures that hold an img
    for element in root.iter(*_TAGS):
        if len(page.refs) >= limit:
            return page.refs[:limit]
        tag = element.tag
        if tag in ("img", "amp-img"):
            _img(page, element, groups)
        elif tag == "a":
            _linked(page, element, groups)
        elif tag == "source":
            _source(page, element, groups)
        elif tag == "meta":
            _meta(page, element, meta_group, meta_alt)
        elif tag == "link":
            _link(page, element)
        elif tag == "style":
            _css(page, element, "text", element.text or "")
        else:
            _other(page, element, tag)
    return page.refs[:limit]


def _img(page: _Page, element: Element, groups: dict[Element, str]) -> None:
    group = _group_of(page, element, groups)
    alt, captions = element.get("alt"), _captions(page, element)
    for attribute, raw, descriptor in sources(element):
        furniture = _is_furniture(element) or is_placeholder(raw)
        page.add(
            element,
            attribute,
            raw,
            group,
            descriptor=descriptor,
            alt=alt,
            captions=captions,
            furniture=furniture,
        )


def _source(page: _Page, element: Element, groups: dict[Element, str]) -> None:
    parent = element.getparent()
    if parent is None or parent.tag != "picture":
        return
    group = _group_of(page, element, groups)
    img = parent.find(".//img")
    alt = img.get("alt") if img is not None else None
    for name in ("srcset", *LAZY_SETS):
        for raw, descriptor in srcset.parse(element.get(name) or ""):
            if not raw.startswith("data:"):
                page.add(element, name, raw, group, descriptor=descriptor or None, alt=alt)


def _linked(page: _Page, element: Element, groups: dict[Element, str]) -> None:
    href = element.get("href")
    if not href or not IMAGE_FILE.search(href):
        return
    group = groups[element] = page.group()
    img = element.find(".//img")
    alt = img.get("alt") if img is not None else None
    text = text_of(element, 500)
    captions = [{"source": "link", "text": text}] if text else []
    page.add(element, "href", href, group, alt=alt, captions=captions)


def _meta(page: _Page, element: Element, group: str, alt: str | None) -> None:
    name = (element.get("property") or element.get("name") or element.get("itemprop") or "").lower()
    content = element.get("content")
    if content and (name in _META_IMAGES or name == "image"):
        captions = [{"source": "og:image:alt", "text": alt}] if alt else []
        page.add(element, name, content, group, captions=captions)


def _meta_alt(root: Element) -> str | None:
    for element in root.iter("meta"):
        if (element.get("property") or element.get("name") or "").lower() in _META_ALTS:
            return str(element.get("content") or "") or None
    return None


def _link(page: _Page, element: Element) -> None:
    rel, href = (element.get("rel") or "").lower(), element.get("href")
    if rel == "preload" and (element.get("as") or "").lower() == "image":
        group = page.group()
        if href:
            page.add(element, "href", href, group)
        for raw, descriptor in srcset.parse(element.get("imagesrcset") or ""):
            page.add(element, "imagesrcset", raw, group, descriptor=descriptor or None)
    elif href and (rel == "image_src" or rel in _ICON_RELS):
        page.add(element, "href", href, page.group(), furniture=rel in _ICON_RELS)


def _other(page: _Page, element: Element, tag: str) -> None:
    attributes = element.attrib
    if tag == "video" and attributes.get("poster"):
        page.add(element, "poster", attributes["poster"], page.group())
    elif tag == "input" and attributes.get("src") and attributes.get("type", "").lower() == "image":
        page.add(element, "src", attributes["src"], page.group(), alt=attributes.get("alt"))
    elif tag == "image":
        href = attributes.get("href") or attributes.get("xlink:href")
        if href:
            page.add(element, "href", href, page.group())
    if attributes.get("background", "").strip() and tag in ("body", "table", "td"):
        page.add(element, "background", attributes["background"], page.group())
    style = attributes.get("style")
    if style and "url(" in style:
        _css(page, element, "style", style)
    for name in LAZY:
        raw = attributes.get(name)
        if raw and IMAGE_FILE.search(raw) and tag not in ("video", "input"):
            page.add(element, name, raw.removeprefix("url(").rstrip(")"), page.group())


def _css(page: _Page, element: Element, attribute: str, text: str) -> None:
    for match in _CSS_URL.finditer(text):
        raw = match[1] or match[2] or match[3] or ""
        if raw and IMAGE_FILE.search(raw):
            page.add(element, attribute, raw, page.group())


def _group_of(page: _Page, element: Element, groups: dict[Element, str]) -> str:
    """The group of the link or picture around an element, else one of its own."""
    holder = None
    for ancestor in element.iterancestors("picture", "a"):
        if ancestor in groups:
            return groups[ancestor]
        holder = ancestor if ancestor.tag == "picture" else holder
    group = page.group()
    if holder is not None:
        groups[holder] = group
    return group


def _captions(page: _Page, element: Element) -> list[dict[str, str]]:
    """Texts beside an img, each with its source, closest first."""
    found = []
    # lozad keeps the alt text in data-alt until the picture is shown; the HTML has none.
    for source in ("data-alt", "aria-label", "title"):
        text = element.get(source)
        if text and text.strip():
            found.append({"source": source, "text": text.strip()[:2000]})
    for ancestor in element.iterancestors("figure", "a"):
        if ancestor.tag == "figure":
            if ancestor not in page.figures:
                caption = ancestor.find(".//figcaption")
                page.figures[ancestor] = text_of(caption) if caption is not None else ""
            if page.figures[ancestor]:
                found.append({"source": "figcaption", "text": page.figures[ancestor]})
            break
        title = ancestor.get("title")
        if title and title.strip():
            found.append({"source": "link title", "text": title.strip()[:2000]})
    return found


def _is_furniture(element: Element) -> bool:
    """1×1 pixels and the like, by the size written in the element."""
    return element.get("width") in ("0", "1") and element.get("height") in ("0", "1")

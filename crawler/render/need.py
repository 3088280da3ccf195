"""An element tree → why its images may only be there once scripts have run."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from crawler import html
from crawler.html import Element, text_of

if TYPE_CHECKING:
    from scrapy.http import Response

# Elements that frameworks fill: React, Vue, Next, Nuxt, Gatsby, Angular, Svelte, Quasar, Ember.
_MOUNTS = frozenset(
    ("root", "app", "__next", "__nuxt", "___gatsby", "svelte", "q-app", "react-root", "main-app")
)
# Attributes of templates that a framework fills in the browser: AngularJS, Vue, Alpine, Knockout.
_TEMPLATES = (
    "ng-app",
    "ng-repeat",
    "ng-src",
    "ng-view",
    "ng-include",
    "data-ng-app",
    "data-ng-repeat",
    "data-ng-src",
    "v-for",
    "v-bind:src",
    ":src",
    "x-for",
    "data-bind",
)
_SCRIPT_TYPES = ("", "module", "text/javascript", "application/javascript", "text/babel")
_PICTURE_PLACE = re.compile(
    r"galler|portfolio|masonry|lightbox|slide|carousel|swiper|photo|image|picture|thumb|works?\b",
    re.IGNORECASE,
)
_IMAGE_NAME = re.compile(r"[\w%.-]{1,200}\.(?:jpe?g|png|webp|avif)\b", re.IGNORECASE)
_BOXES = frozenset(("div", "ul", "ol", "section", "main", "figure", "article"))
_MAX_ELEMENTS = 50_000
_LITTLE_TEXT = 1500  # characters: a page of words says more, one that scripts fill says less
_FEW_IMAGES = 1  # often a logo


def why_show(
    record: dict[str, Any], response: Response | None, *, always: bool = False
) -> str | None:
    """Why a page just read statically is to be shown to a browser, in words; None when it is not.

    `record` is what `crawler.pages.page_record` made of `response`.
    """
    page = record["page"]
    if response is None or response.status != 200 or page["outcome"] != "fetched":
        return None
    if "html" not in (page["content_type"] or "").lower() or not response.body:
        return None
    if always:
        return "every page is shown"
    if b"<script" not in response.body.lower():
        return None
    root = html.parse(response.body, page["content_type"])
    return None if root is None else why_render(root, record["image_refs"])


def why_render(root: Element, refs: list[dict[str, Any]]) -> str | None:
    """Why a page looks as if scripts built it, in words; None when it does not.

    `refs` are the image references of the static pass. A page without scripts is never built
    by them.
    """
    scripts = [s for s in root.iter("script") if _runs(s)]
    if not scripts:
        return None
    return (
        _by_element(root)
        or _by_script(scripts, refs)
        or (_looks_empty(root, refs) and "it has scripts, but few images and little text")
        or None
    )


def _runs(script: Element) -> bool:
    return (script.get("type") or "").strip().lower() in _SCRIPT_TYPES


def _by_element(root: Element) -> str | None:
    for count, element in enumerate(root.iter()):
        if count > _MAX_ELEMENTS:
            break
        tag = element.tag
        if not isinstance(tag, str) or tag in ("script", "style"):
            continue
        reason = _of_element(element, tag)
        if reason:
            return reason
    return None


def _of_element(element: Element, tag: str) -> str | None:
    attributes = element.attrib
    for name in _TEMPLATES:
        if name in attributes:
            return f"{tag}[{name}] is a template that scripts fill"
    if tag == "img":
        return None if _has_address(element) else "an img has no address of its own"
    if tag == "noscript":
        asks = "javascript" in text_of(element, 1000).lower()
        return "its noscript asks for JavaScript" if asks else None
    if tag == "a":
        route = (attributes.get("href") or "").startswith(("#/", "#!"))
        return "it links to #/ routes" if route else None
    if "{{" in (element.text or "")[:5000]:
        return "its text has {{…}} to be filled by scripts"
    if (tag in _BOXES or "-" in tag) and _is_empty(element):
        return _of_empty(attributes, tag)
    return None


def _of_empty(attributes: Any, tag: str) -> str | None:
    name = attributes.get("id") or ""
    if name.lower() in _MOUNTS:
        return f"#{name} is empty until scripts fill it"
    if "-" in tag:
        return f"<{tag}> is an element that scripts define"
    words = f"{name} {attributes.get('class') or ''}"
    if _PICTURE_PLACE.search(words[:500]):
        return f"<{tag}> for pictures ({words.strip()[:60]}) is empty"
    return None


def _is_empty(element: Element) -> bool:
    return not len(element) and not (element.text or "").strip()


def _has_address(img: Element) -> bool:
    """Whether any attribute of an img holds something like an address."""
    src = (img.get("src") or "").strip()
    if src and not src.lower().startswith(("data:", "blob:")):
        return True
    return any(
        "/" in value or _IMAGE_NAME.search(value[:2000])
        for key, value in img.items()
        if key not in ("src", "alt", "title", "class", "style", "onerror", "onload")
    )


def _by_script(scripts: list[Element], refs: list[dict[str, Any]]) -> str | None:
    known = {(ref["raw"] or "").partition("?")[0].rpartition("/")[2] for ref in refs}
    for script in scripts:
        for match in _IMAGE_NAME.finditer((script.text or "")[:500_000]):
            if match[0] not in known:
                return f"a script names {match[0][:100]}"
    return None


def _looks_empty(root: Element, refs: list[dict[str, Any]]) -> bool:
    shown = {
        ref["image_url"]
        for ref in refs
        if ref["tag"] not in ("meta", "link") and not ref["furniture"]
    }
    if len(shown) > _FEW_IMAGES:
        return False
    body = root.find(".//body")
    text = sum(
        len(text_of(element, _LITTLE_TEXT))
        for element in (body if body is not None else root)
        if isinstance(element.tag, str) and element.tag not in ("script", "style", "noscript")
    )
    return text < _LITTLE_TEXT

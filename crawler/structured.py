"""JSON-LD → the images it describes, with their names and captions."""

from __future__ import annotations

import json
import re
from typing import Any

from crawler.mentions import Captions, Mentions, caption
from crawler.sources import looks_like_image

MAX_JSON = 4 * 2**20  # characters of one script read
_MAX_DEPTH = 40
_WRAPPING = re.compile(r"^\s*(?:<!--|//\s*<!\[CDATA\[|/\*\s*<!\[CDATA\[\s*\*/|<!\[CDATA\[)")
_UNWRAPPING = re.compile(r"(?:-->|//\s*\]\]>|/\*\s*\]\]>\s*\*/|\]\]>)\s*$")
# Properties whose value is an image: its address, an ImageObject, or a list of these
# (schema.org; checked 2026-11).
_IMAGES = ("image", "photo", "logo", "primaryImageOfPage", "screenshot", "images")
_THUMBNAILS = ("thumbnailUrl", "thumbnail")
_TEXTS = (
    "caption",
    "name",
    "headline",
    "description",
    "license",
    "acquireLicensePage",
    "creditText",
    "copyrightNotice",
)


def add_json_ld(to: Mentions, text: str) -> None:
    """Keep every image of one JSON-LD script. What cannot be read gives nothing."""
    try:
        data = json.loads(_unwrapped(text[:MAX_JSON]), strict=False)
    except (ValueError, RecursionError):
        return
    _walk(to, data, [], None, 0)


def _unwrapped(text: str) -> str:
    """Without the comment marks some sites put around it, and without a semicolon at its end."""
    return _UNWRAPPING.sub("", _WRAPPING.sub("", text, count=1)).strip().rstrip(";")


def _walk(to: Mentions, value: Any, captions: Captions, named: str | None, depth: int) -> None:
    """`named` is the image property that holds the value, `captions` what its holder says."""
    if depth > _MAX_DEPTH or to.full:
        return
    if isinstance(value, list):
        for one in value:
            _walk(to, one, captions, named, depth + 1)
    elif isinstance(value, dict):
        own = _texts(value)
        if named or _is_image(value):
            _image_object(to, value, own or captions)
        for key, inner in value.items():
            of_another = key in _THUMBNAILS and not (named or _is_image(value))
            if key in _IMAGES or of_another:
                _walk(to, inner, own, key, depth + 1)
            elif isinstance(inner, (dict, list)) and key not in _THUMBNAILS:
                _walk(to, inner, [], None, depth + 1)
    elif isinstance(value, str) and named and value.strip():
        to.add("json-ld", named, value, captions=captions)


def _image_object(to: Mentions, value: dict[str, Any], captions: Captions) -> None:
    """An ImageObject: its file, its thumbnail and its address are one picture."""
    group = to.group()
    content = value.get("contentUrl")
    for key in ("contentUrl", "url", *_THUMBNAILS):
        for raw in _strings(value.get(key)):
            # `url` may be the page about the image instead.
            if key != "url" or not content or looks_like_image(raw):
                to.add("json-ld", key, raw, group, captions=captions)


def _strings(value: Any) -> list[str]:
    """Addresses in a property: a text, a list of texts, or objects that hold one."""
    found = []
    for one in (value if isinstance(value, list) else [value])[:1000]:
        raw = (one.get("contentUrl") or one.get("url")) if isinstance(one, dict) else one
        if isinstance(raw, str) and raw.strip():
            found.append(raw)
    return found


def _is_image(value: dict[str, Any]) -> bool:
    types = value.get("@type")
    names = types if isinstance(types, list) else [types]
    return any(str(name).rpartition("/")[2] in ("ImageObject", "Photograph") for name in names)


def _texts(value: dict[str, Any]) -> Captions:
    found: Captions = []
    for key in _TEXTS:
        text = value.get(key)
        if isinstance(text, str):
            found += caption(f"JSON-LD {key}", text)
    return found

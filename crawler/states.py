"""JSON and scripts of a page → the images in the state they carry."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from crawler import srcset
from crawler.mentions import Captions, Mentions, caption
from crawler.names import SIZES
from crawler.sources import is_image_file, looks_like_image

MAX_JSON = 8 * 2**20  # characters of one script or file read
_MAX_DEPTH = 60
_MAX_VALUES = 400_000  # values of one JSON looked at
_MAX_STATES = 50  # assignments tried in one script
_MAX_BROKEN = 200  # pieces that are no JSON, in one stream: an error costs time
_MAX_HTML = 500  # texts with markup read in one JSON

# A script without one of these holds no address we would take.
_HINT = re.compile(
    r"\.(?:jpe?g|png|gif|webp|avif|svg|bmp|tiff?|jxl|heic|jfif)\b"
    r"|unsplash|cloudinary|imgix|googleusercontent|twimg|staticflickr|sanity\.io|ctfassets",
    re.IGNORECASE,
)
_STATE = re.compile(
    r"(?:(?:window|self|globalThis)(?:\.|\[['\"])|(?:var|let|const)\s{1,20})"
    r"([A-Za-z_$][\w$]{0,60})(?:['\"]\])?\s{0,20}=\s{0,20}(JSON\.parse\(\s{0,20})?(?=[\[{'\"])"
)
_PUSH = re.compile(r"self\.__next_f\.push\(")
_FLIGHT_ROW = re.compile(r"^[0-9a-f]{0,16}:[A-Z]{0,3}(?=[\[{\"])", re.MULTILINE)
_LITERAL = re.compile(r"[\"'`]([^\"'`\s<>{}]{4,4096})(?=[\"'`])")
_UNICODE = re.compile(r"\\u([0-9a-fA-F]{4})")

_TEXTS = ("alt", "alttext", "alt_text", "caption", "title", "name", "headline", "description")
# Values of these are names of files, not addresses.
_NO_ADDRESS = frozenset(
    ("file", "filename", "path", "name", "alt", "title", "slug", "systemdatakey")
)


def add_script(to: Mentions, text: str, name: str, *, is_json: bool) -> None:
    """Keep the images in a script: JSON, assigned states, and quoted addresses elsewhere."""
    text = text[:MAX_JSON]
    if not _HINT.search(text):
        return
    if is_json:
        add_json(to, text, name)
        return
    at = 0
    for _ in range(_MAX_STATES):
        match = _STATE.search(text, at)
        if match is None:
            break
        value, end = _decoded(text, match)
        if isinstance(value, (dict, list)):
            _literals(to, text[at : match.start()])
            _Walk(to, "script", match[1]).value(value)
            at = end
        else:
            _literals(to, text[at : match.end()])
            at = match.end()
    _literals(to, text[at:])


def add_json(to: Mentions, text: str, name: str, tag: str = "script") -> None:
    """Keep the images in JSON text; of broken JSON the quoted addresses."""
    try:
        value = json.loads(text[:MAX_JSON], strict=False)
    except (ValueError, RecursionError):
        _literals(to, text[:MAX_JSON], tag, name)
    else:
        _Walk(to, tag, name).value(value)


def flight_chunks(text: str) -> Iterator[str]:
    """Pieces of the React Server Components stream that a script pushes (Next.js)."""
    decoder = json.JSONDecoder(strict=False)
    broken = 0
    for match in _PUSH.finditer(text[:MAX_JSON]):
        try:
            value, _ = decoder.raw_decode(text, match.end())
        except (ValueError, RecursionError):
            broken += 1
            if broken > _MAX_BROKEN:
                return
            continue
        if isinstance(value, list) and len(value) == 2 and isinstance(value[1], str):
            yield value[1]


def add_flight(to: Mentions, stream: str) -> None:
    """Keep the images in a React Server Components stream: rows of `id:JSON`."""
    decoder = json.JSONDecoder(strict=False)
    walk = _Walk(to, "script", "__next_f")
    stream, at, broken = stream[:MAX_JSON], 0, 0
    while broken < _MAX_BROKEN and (match := _FLIGHT_ROW.search(stream, at)):
        try:
            value, at = decoder.raw_decode(stream, match.end())
        except (ValueError, RecursionError):
            at, broken = match.end(), broken + 1
        else:
            walk.value(value)


def _decoded(text: str, match: re.Match[str]) -> tuple[Any, int]:
    """(value, end) of the JSON after an assignment; (None, …) where it is no JSON."""
    try:
        value, end = json.JSONDecoder(strict=False).raw_decode(text, match.end())
        if match[2] and isinstance(value, str):
            value = json.loads(value, strict=False)
    except (ValueError, RecursionError):
        return None, match.end()
    return value, end


def _literals(to: Mentions, text: str, tag: str = "script", name: str = "text") -> None:
    """Quoted addresses, absolute or from the root: others may be parts of one."""
    if not _HINT.search(text):
        return
    for match in _LITERAL.finditer(text):
        raw = _UNICODE.sub(lambda m: chr(int(m[1], 16)), match[1]).replace("\\/", "/")
        if to.full:
            return
        whole = raw.startswith(("/", "http://", "https://")) and "\\" not in raw
        if whole and _is_address(raw):
            to.add(tag, name, raw)


class _Walk:
    """A walk over one JSON value."""

    def __init__(self, to: Mentions, tag: str, name: str) -> None:
        self.to, self.tag, self.name = to, tag, name
        self.left, self.markup = _MAX_VALUES, _MAX_HTML

    def value(
        self,
        value: Any,
        key: str = "",
        group: str | None = None,
        captions: Captions | None = None,
        depth: int = 0,
    ) -> None:
        """Keep the images in `value`, which stands under `key`; `group` is its holder's."""
        self.left -= 1
        if self.left < 0 or depth > _MAX_DEPTH or self.to.full:
            return
        if isinstance(value, dict):
            self._object(value, key, group, captions, depth)
        elif isinstance(value, list):
            for one in value:
                self.value(one, key, group, captions, depth + 1)
        elif isinstance(value, str) and value:
            self._text(value, key, group, captions, depth)

    def _object(
        self,
        value: dict[str, Any],
        key: str,
        group: str | None,
        captions: Captions | None,
        depth: int,
    ) -> None:
        inherits = group if key.lower() in SIZES or (group and key.isdigit()) else None
        own = inherits or self.to.group()
        texts = _texts(value)
        captions = texts or captions
        for inner_key, inner in value.items():
            # A title speaks of what stands right below it, and of that in all sizes.
            is_size = str(inner_key).lower() in SIZES
            same = own if is_size or inherits else None
            said = captions if texts or is_size or inherits else None
            self.value(inner, str(inner_key), same, said, depth + 1)

    def _text(
        self, text: str, key: str, group: str | None, captions: Captions | None, depth: int
    ) -> None:
        lower = key.lower()
        if "srcset" in lower:
            for raw, descriptor in srcset.parse(text[:20_000]):
                if looks_like_image(raw):
                    self._add(raw, group, captions, descriptor or None)
        elif "<img" in text and self.markup > 0:
            self.markup -= 1
            self._html(text)
        elif text[0] in "{[" and _HINT.search(text):
            self._inner(text, depth)
        elif lower not in _NO_ADDRESS and _is_address(text) and not self._is_source(text):
            self._add(text, group, captions, None)

    def _inner(self, text: str, depth: int) -> None:
        """JSON as a text in JSON, as SvelteKit keeps the answers it fetched."""
        try:
            value = json.loads(text, strict=False)
        except (ValueError, RecursionError):
            return
        self.value(value, depth=depth + 1)

    def _is_source(self, text: str) -> bool:
        """A path in the site's workshop: Gatsby's data hold those of its settings too."""
        return text.startswith("src/") and "/page-data/" in (self.to.file or "")

    def _add(
        self, raw: str, group: str | None, captions: Captions | None, descriptor: str | None
    ) -> None:
        self.to.add(self.tag, self.name, raw, group, captions=captions, descriptor=descriptor)

    def _html(self, text: str) -> None:
        """Escaped markup, as shops and journals keep descriptions."""
        from crawler.images import add_fragment

        add_fragment(self.to, text, f"{self.tag} ")


def _is_address(text: str) -> bool:
    """A relative address must have a folder: bare names are names of files. A pattern (*) and
    the start of an address, to which a script adds its question, are none."""
    if "/" not in text or "*" in text or not looks_like_image(text):
        return False
    return not text.endswith("?") or is_image_file(text)


def _texts(value: dict[str, Any]) -> Captions:
    found: Captions = []
    for key, inner in value.items():
        if str(key).lower() in _TEXTS:
            # WordPress: {"rendered": …}
            text = inner.get("rendered") if isinstance(inner, dict) else inner
            if isinstance(text, list) and len(text) == 2 and text[0] == 0:
                text = text[1]  # Astro: [0, …]
            if isinstance(text, str) and "<" not in text:
                found += caption(f"JSON {key}", text)
    return found

"""CSS text → the image addresses in it, as written, and the sheets it imports."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from crawler.mentions import Captions, Mentions, Row

MAX_CSS = 4 * 2**20  # characters read of one sheet

# Every repetition is bounded and ends at a character it cannot hold: linear time on any text.
_FONT_FACE = re.compile(r"@font-face\s{0,20}\{[^{}]{0,100000}\}", re.IGNORECASE)
_ADDRESS = r"(?:'([^'\n]{1,4096})'|\"([^\"\n]{1,4096})\"|([^'\"()\s]{1,4096}))"
_URL = re.compile(rf"url\(\s{{0,20}}{_ADDRESS}\s{{0,20}}\)", re.IGNORECASE)
_IMPORT = re.compile(rf"@import\s{{1,20}}(?:url\(\s{{0,20}})?{_ADDRESS}", re.IGNORECASE)
_SET = re.compile(r"image-set\(", re.IGNORECASE)
_STRING = re.compile(r"'([^'\n]{1,4096})'|\"([^\"\n]{1,4096})\"")
_ESCAPE = re.compile(r"\\(?:([0-9a-fA-F]{1,6})[ \t\n]?|([^\n]))")
# Properties whose url() is no picture.
_NO_PICTURES = ("src", "behavior", "-moz-binding", "filter", "clip-path", "marker", "offset-path")
_NO_SUFFIX = re.compile(r"\.(?:css|js|woff2?|ttf|otf|eot|html?|mp4|webm)(?:$|[?#])", re.IGNORECASE)


class Found(NamedTuple):
    """One address in CSS text; those of one image-set() share a `set` number (else None)."""

    raw: str
    set: int | None


def images(text: str) -> Iterator[Found]:
    """Addresses of pictures in CSS text, in order; data: addresses and fragments are none.

    >>> [found.raw for found in images("a{background:url( 'b c.png' )} @font-face{src:url(f.svg)}")]
    ['b c.png']
    """
    text = _FONT_FACE.sub("", _without_comments(text[:MAX_CSS]))
    at = 0
    for number, start in enumerate(_SET.finditer(text)):
        if start.start() < at:
            continue
        yield from _singles(text[at : start.start()])
        at = _closing(text, start.end())
        yield from _of_set(text[start.end() : at], number)
    yield from _singles(text[at:])


def imports(text: str) -> list[str]:
    """Addresses of the sheets that CSS text imports, as written."""
    text = _without_comments(text[:MAX_CSS])
    return [_plain(match) for match in _IMPORT.finditer(text)]


def sheet_images(text: str, url: str, page_url: str, limit: int) -> list[Row]:
    """Rows of image_refs for a linked sheet: `url` is its address, `page_url` who links it."""
    found = Mentions(page_url, url, limit, file=url)
    add_images(found, text, "stylesheet", "url()")
    return found.rows


def add_images(
    to: Mentions, text: str, tag: str, attribute: str, captions: Captions | None = None
) -> None:
    """Keep every picture of CSS text; candidates of one image-set() as one group."""
    sets: dict[int, str] = {}
    for found in images(text):
        if to.full:
            return
        group = to.group()
        if found.set is not None:
            group = sets.setdefault(found.set, group)
        to.add(tag, attribute, found.raw, group, captions=captions)


def _singles(text: str) -> Iterator[Found]:
    for match in _URL.finditer(text):
        raw = _plain(match)
        if _is_address(raw) and not _is_no_picture(text, match):
            yield Found(raw, None)


def _of_set(text: str, number: int) -> Iterator[Found]:
    """url(…) and bare strings; type("image/avif") is neither."""
    text = re.sub(r"type\([^)]{0,100}\)", "", text)
    for match in re.finditer(rf"{_URL.pattern}|{_STRING.pattern}", text, re.IGNORECASE):
        raw = _plain(match)
        if _is_address(raw):
            yield Found(raw, number)


def _closing(text: str, start: int) -> int:
    """Where the parenthesis opened before `start` closes; strings are not looked into."""
    depth = 1
    for match in re.compile(r"[()]").finditer(text, start, start + 20_000):
        depth += 1 if match[0] == "(" else -1
        if depth == 0:
            return match.start()
    return min(len(text), start + 20_000)


def _is_address(raw: str) -> bool:
    raw = raw.strip()
    return bool(raw) and raw[0] != "#" and not raw[:5].lower().startswith("data:")


def _is_no_picture(text: str, match: re.Match[str]) -> bool:
    """By the property before an address or by its suffix."""
    declaration = re.split(r"[;{}]", text[max(0, match.start() - 300) : match.start()])[-1].lower()
    return (
        declaration.partition(":")[0].strip() in _NO_PICTURES
        or declaration.lstrip().startswith(("@import", "@namespace"))
        or bool(_NO_SUFFIX.search(_plain(match)))
    )


def _without_comments(text: str) -> str:
    kept, at = [], 0
    while (start := text.find("/*", at)) >= 0:
        kept.append(text[at:start])
        end = text.find("*/", start + 2)
        at = end + 2 if end >= 0 else len(text)
    return " ".join([*kept, text[at:]])


def _plain(match: re.Match[str]) -> str:
    """The address of a match without CSS escapes."""
    raw = next(group for group in match.groups() if group is not None)
    return _ESCAPE.sub(_unescaped, raw) if "\\" in raw else raw


def _unescaped(match: re.Match[str]) -> str:
    if match[1] is None:
        return match[2]
    code = int(match[1], 16)
    return chr(code) if 0 < code < 0xD800 or 0xDFFF < code < 0x110000 else "\ufffd"

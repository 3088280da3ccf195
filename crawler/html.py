"""Bytes of a page → an element tree, its base address and its text encoding. Never raises."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from lxml import etree
from lxml import html as lxml_html
from w3lib.encoding import (
    html_body_declared_encoding,
    http_content_type_encoding,
    read_bom,
)

from crawler.urls import resolve

_BOXES = re.compile(
    rb"</?(?:div|span|section|article|main|p|ul|ol|li|b|i|em|strong|font|center|table|tbody|tr|td|"
    rb"blockquote|q|small|big|u|s|sub|sup|label|form|fieldset|dl|dd|dt)\b[^>]{0,2000}>",
    re.IGNORECASE,
)
Element = Any  # lxml's elements carry no types

_MAGIC = (
    b"\xff\xd8\xff",  # JPEG
    b"\x89PNG",
    b"GIF8",
    b"%PDF",
    b"PK\x03\x04",
    b"\x1f\x8b",
    b"\x7fELF",
    b"MZ\x90",
    b"OggS",
    b"ID3",
    b"BM",
)


def is_binary(body: bytes) -> bool:
    """Whether bytes that claim to be a page are not text.

    >>> is_binary(b"\\x89PNG\\r\\n"), is_binary(b"<!doctype html>"), is_binary(b"")
    (True, False, False)
    """
    head = body[:1024]
    if head.startswith(_MAGIC) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP"):
        return True
    if head.startswith((b"\xfe\xff", b"\xff\xfe")):  # UTF-16 is text with many NULs
        return False
    return head.count(0) > len(head) // 100


def encoding_of(body: bytes, content_type: str | None) -> str:
    """The text encoding of a page: byte order mark, header, declaration, else a guess."""
    bom, _ = read_bom(body)
    found = (
        bom or http_content_type_encoding(content_type or "") or html_body_declared_encoding(body)
    )
    if found:
        return found
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return "cp1252"  # what browsers assume of an undeclared page (HTML Standard, 13.2.3)
    return "utf-8"


def parse(body: bytes, content_type: str | None = None) -> Element | None:
    """The document element, or None when there is nothing to read.

    lxml first; what it refuses goes through BeautifulSoup, which takes anything.
    """
    body = _bounded(body)
    if not body.strip(b" \t\r\n\0"):
        return None
    encoding = encoding_of(body, content_type)
    try:
        parser = lxml_html.HTMLParser(encoding=encoding, huge_tree=True, remove_pis=True)
        root = lxml_html.document_fromstring(body, parser=parser)
        if any("depth" in error.message for error in list(parser.error_log)[-3:]):
            # The parser gives up on elements nested thousands deep; boxes carry no image.
            flat = _BOXES.sub(b"", body)
            parser = lxml_html.HTMLParser(encoding=encoding, huge_tree=True, remove_pis=True)
            root = lxml_html.document_fromstring(flat, parser=parser)
    except (etree.LxmlError, ValueError, LookupError, AssertionError):
        return _tolerant(body, encoding)
    return root


def _bounded(body: bytes) -> bytes:
    """Without what costs the parser time that grows with the square of its size."""
    # Each comment that is never closed is searched for its end, up to the end of the page.
    end = max(body.rfind(b"-->"), body.rfind(b"--!>")) + 1
    if body.count(b"<!--", end) > _MOST_OPEN_COMMENTS:
        body = body[:end] + body[end:].replace(b"<!--", b"")
    # Each attribute of an element is compared with all before it.
    return _LONG_TAG.sub(_fewer_attributes, body)


def _fewer_attributes(tag: re.Match[bytes]) -> bytes:
    return tag[0] if tag[0].count(b"=") < _MOST_ATTRIBUTES else tag[0][:_LONG]


_MOST_OPEN_COMMENTS = 100
_MOST_ATTRIBUTES = 5000
_LONG = 50_000
_LONG_TAG = re.compile(rb"<[A-Za-z][^<>]{%d,}" % _LONG)


def _tolerant(body: bytes, encoding: str) -> Element | None:
    from bs4 import BeautifulSoup

    try:
        text = str(BeautifulSoup(body, "html.parser", from_encoding=encoding))
        text = text.replace("\0", "")
        return lxml_html.document_fromstring(text) if text.strip() else None
    except (etree.LxmlError, ValueError, LookupError, AssertionError, RecursionError):
        return None


def base_of(root: Element, url: str) -> str:
    """The address relative references resolve against: the first <base href>, else the page's."""
    for element in root.iter("base"):
        href = element.get("href")
        if href is not None:
            return resolve(url, href) or url
    return url


def text_of(element: Element, limit: int = 2000) -> str:
    """White-space-collapsed text inside an element, at most `limit` characters.

    Scripts and styles inside it are no text.
    """
    found, length = [], 0
    for text in _texts_of(element):
        found.append(text[: 4 * limit])
        length += len(found[-1])
        if length > 4 * limit:  # enough, however much of it is white space
            break
    return " ".join("".join(found).split())[:limit]


def _texts_of(element: Element) -> Iterator[str]:
    for event, one in etree.iterwalk(element, events=("start", "end", "comment")):
        if event == "start":
            yield "" if one.tag in ("script", "style") else one.text or ""
        elif one is not element:
            yield one.tail or ""

"""A page's element tree → paragraphs of terms and imprints that speak of mining or training.

A paragraph is kept because it holds words of prose.toml and stands on a page that is called like
one of terms, or in a footer. It is prose for people: what it means is not asked here.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import islice
from operator import itemgetter
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from lxml import etree

from crawler.html import Element, text_of

MAX_ROWS = 100  # paragraphs kept of one page; more are abuse
MAX_TEXT = 4000  # characters kept of a paragraph
_MAX_READ = 20_000  # characters of a paragraph in which words are looked for
_MAX_HEADINGS = 3
_BLOCKS = frozenset(
    (
        *(
            "address",
            "article",
            "aside",
            "blockquote",
            "body",
            "caption",
            "center",
            "dd",
            "details",
        ),
        *("div", "dt", "fieldset", "figcaption", "footer", "form", "h1", "h2", "h3", "h4", "h5"),
        *("h6", "header", "li", "main", "nav", "p", "pre", "section", "summary", "td", "th"),
    )
)
_NO_TEXT = frozenset(("script", "style", "template", "textarea", "title"))
_NO_WORD = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Known:
    """A word or phrase, ready to be looked for."""

    language: str
    written: str  # as in the table
    pattern: re.Pattern[str]


def prose_rows(root: Element, url: str, observed_at: str) -> list[dict[str, Any]]:
    """Rows of `prose`, in page order; none where the page is not of this kind."""
    place = _place(root, url)
    footers = [] if place else _footers(root)
    tops = [root] if place else footers
    found = (one for top in tops for one in _telling(top))
    return [
        {
            "observed_at": observed_at,
            "page_url": url,
            "position": number,
            "place": place or "footer",
            "tag": tag,
            "language": known.language,
            "phrase": known.written,
            "raw": text[:MAX_TEXT],
            "truncated": len(text) > MAX_TEXT,
        }
        for number, (tag, text, known) in enumerate(islice(found, MAX_ROWS))
    ]


def plain(text: str) -> str:
    """Text as it is compared: no accents, no case, a space for all that is no letter or digit.

    >>> plain("Mentions-Légales"), plain("Text- und Data-Mining")
    ('mentions legales', 'text und data mining')
    """
    apart = unicodedata.normalize("NFKD", text)
    bare = "".join(c for c in apart if not unicodedata.combining(c)).casefold()
    return _NO_WORD.sub(" ", bare).strip()


@cache
def table(column: str) -> tuple[Known, ...]:
    """All words of a column of prose.toml (pages or phrases), in its order.

    >>> [known.language for known in table("pages") if known.pattern.search(plain("/AGB.html"))]
    ['de']
    """
    text = Path(__file__).with_suffix(".toml").read_text("utf-8")
    return tuple(
        Known(
            language,
            written,
            _pattern(plain(written), whole=column == "pages" or written.isupper()),
        )
        for language, fields in tomllib.loads(text).items()
        for written in fields[column]
    )


def _pattern(word: str, *, whole: bool) -> re.Pattern[str]:
    """Languages without spaces are searched anywhere, others from the beginning of a word."""
    if not word.isascii():
        return re.compile(re.escape(word))
    return re.compile(rf"\b{re.escape(word)}\b" if whole else rf"\b{re.escape(word)}")


def _place(root: Element, url: str) -> str:
    """What tells that it is a page of terms: address, title or heading; "" where nothing does."""
    title = root.find(".//title")
    headings = islice(root.iter("h1", "h2"), _MAX_HEADINGS)
    told = {
        "address": unquote(urlsplit(url).path[:2000]),
        "title": text_of(title, 300) if title is not None else "",
        "heading": " / ".join(text_of(one, 300) for one in headings),
    }
    return next((place for place, text in told.items() if _known(text, "pages")), "")


def _known(text: str, column: str) -> Known | None:
    """The longest word of the column that the text holds."""
    bare = plain(text)
    if not _any(column).search(bare):
        return None
    held = (known for known in table(column) if known.pattern.search(bare))
    return max(held, key=lambda known: len(known.written))


@cache
def _any(column: str) -> re.Pattern[str]:
    return re.compile("|".join(known.pattern.pattern for known in table(column)))


def _footers(root: Element) -> list[Element]:
    """Outermost footers of the page, so that no paragraph is read twice."""
    found = root.xpath("/descendant::*[self::footer or @role='contentinfo']")[:MAX_ROWS]
    held = set(found)
    return [one for one in found if held.isdisjoint(one.iterancestors())]


def _telling(top: Element) -> Iterator[tuple[str, str, Known]]:
    """(tag, text, what it was known by) of the paragraphs that hold a phrase, as they begin."""
    for _, tag, text in sorted(_paragraphs(top), key=itemgetter(0)):
        known = _known(text[:_MAX_READ], "phrases")
        if known:
            yield tag, text, known


@dataclass(slots=True)
class _Block:
    """A block of text that is being read."""

    tag: str
    texts: list[str] = field(default_factory=list)
    length: int = 0
    begins: int = 0  # when its first words were met

    def add(self, text: str | None, number: int) -> None:
        if text and self.length < _MAX_READ:
            self.begins = self.begins or (number if text.strip() else 0)
            self.texts.append(text[:_MAX_READ])
            self.length += len(text)


def _paragraphs(top: Element) -> Iterator[tuple[int, str, str]]:
    """(when it begins, tag, text with single spaces) of each block as it ends; its own text
    without that of blocks inside."""
    blocks = [_Block(str(top.tag))]
    silent = 0
    walk = etree.iterwalk(top, events=("start", "end", "comment"))
    for number, (event, one) in enumerate(walk, 1):
        if event == "start":
            silent += one.tag in _NO_TEXT
            if one.tag in _BLOCKS and one is not top:
                blocks.append(_Block(one.tag))
            blocks[-1].add(None if silent else " " if one.tag == "br" else one.text, number)
            continue
        if event == "end":
            silent -= one.tag in _NO_TEXT
            if one.tag in _BLOCKS and one is not top:
                yield from _read(blocks.pop())
        if one is not top:
            blocks[-1].add(None if silent else one.tail, number)
    yield from _read(blocks.pop())


def _read(block: _Block) -> Iterator[tuple[int, str, str]]:
    text = " ".join("".join(block.texts).split())
    if text:
        yield block.begins, block.tag, text

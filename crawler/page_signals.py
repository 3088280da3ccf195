"""A page's element tree → the metas and other elements that can carry a signal, as written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from lxml import etree
from lxml import html as lxml_html

from crawler.html import Element
from crawler.kept import METAS
from crawler.signals.x_robots_tag import KNOWN

MAX_ROWS = 1000  # metas kept of one page, and other elements; more are abuse, and are said
_MAX_TEXT = 10_000
_NAMES = ("name", "property", "http-equiv")
# How agents are called; what such a meta says is kept even where no known rule is in it.
_AGENT = re.compile(r"bot\b|crawler|spider|slurp|-extended$")


def signal_metas(root: Element, url: str, observed_at: str) -> list[dict[str, Any]]:
    """Rows of `metas`: those whose name or content can carry a signal, wherever they stand."""
    return list(islice(_metas(root, url, observed_at), MAX_ROWS))


def signal_elements(root: Element, url: str, observed_at: str) -> list[dict[str, Any]]:
    """Rows of `elements`: links with the relation license, and what snippets must leave out."""
    wanted = "//*[@data-nosnippet] | //link[@rel] | //a[@rel]"
    found: list[dict[str, Any]] = []
    for element in root.xpath(wanted):
        for name, content in _says(element):
            if len(found) == MAX_ROWS:
                return found
            found.append(
                {
                    "observed_at": observed_at,
                    "page_url": url,
                    "position": len(found),
                    "tag": str(element.tag)[:200],
                    "name": name,
                    "content": content[:_MAX_TEXT],
                    "type": (element.get("type") or "")[:200] or None,
                    "raw": _start_tag(element)[:_MAX_TEXT],
                    "in_head": _in_head(element),
                }
            )
    return found


def _says(element: Element) -> Iterator[tuple[str, str]]:
    if "license" in (element.get("rel") or "").lower().split():
        yield "license", element.get("href") or ""
    if element.get("data-nosnippet") is not None:
        yield "data-nosnippet", element.get("data-nosnippet")


def _metas(root: Element, url: str, observed_at: str) -> Iterator[dict[str, Any]]:
    for position, element in enumerate(root.iter("meta")):
        names = [(element.get(which) or "").strip().lower() for which in _NAMES]
        content = element.get("content") or ""
        telling = [name for name in names if name in METAS or _AGENT.search(name[:200])]
        if telling or _holds_rule(content):
            raw = lxml_html.tostring(element, encoding="unicode", with_tail=False)
            if names[1].startswith("tdm:") and element.get("content") is None:
                # EPUB 3 puts the value between the tags; to HTML it is the text that follows.
                content = str(next(iter(element.xpath("following::text()[1]")), "")).strip()
                raw += content
            yield {
                "observed_at": observed_at,
                "page_url": url,
                "position": position,
                "name": next(iter([*telling, *filter(None, names)]), "")[:200],
                "content": content[:_MAX_TEXT],
                "raw": str(raw)[:_MAX_TEXT],
                "in_head": _in_head(element),
            }


def _in_head(element: Element) -> bool:
    return next(element.iterancestors("head"), None) is not None


def _holds_rule(content: str) -> bool:
    """Whether a meta's content has one of the rules for robots among its parts."""
    parts = content[:_MAX_TEXT].lower().split(",")
    return any(part.partition(":")[0].strip() in KNOWN for part in parts)


def _start_tag(element: Element) -> str:
    """The element as serialised, without what is in it."""
    alone = etree.Element(element.tag, dict(element.attrib))
    return str(lxml_html.tostring(alone, encoding="unicode")).partition("</")[0]

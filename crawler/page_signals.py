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
# One step without a union: what a union finds is sorted, which a large page makes endless.
_WANTED = etree.XPath(
    "/descendant::*[@data-nosnippet or (@rel and (self::a or self::link)"
    " and contains(translate(@rel, 'LICENS', 'licens'), 'license'))]"
)
# How agents are called; what such a meta says is kept even where no known rule is in it.
_AGENT = re.compile(r"bot\b|crawler|spider|slurp|-extended$")


def signal_metas(root: Element, url: str, observed_at: str) -> list[dict[str, Any]]:
    """Rows of `metas`: those whose name or content can carry a signal, wherever they stand."""
    return list(islice(_metas(root, url, observed_at), MAX_ROWS))


def signal_elements(root: Element, url: str, observed_at: str) -> list[dict[str, Any]]:
    """Rows of `elements`: links with the relation license, and what snippets must leave out."""
    found: list[dict[str, Any]] = []
    for element in _WANTED(root):
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
    rel = element.get("rel")
    if rel and element.tag in ("a", "link") and "license" in rel.lower().split():
        yield "license", element.get("href") or ""
    hidden = element.get("data-nosnippet")
    if hidden is not None:
        yield "data-nosnippet", hidden


def _metas(root: Element, url: str, observed_at: str) -> Iterator[dict[str, Any]]:
    for position, element in enumerate(root.iter("meta")):
        names = [(element.get(which) or "").strip().lower() for which in _NAMES]
        content = element.get("content") or ""
        telling = [name for name in names if name in METAS or _AGENT.search(name[:200])]
        if telling or _holds_rule(content):
            raw = lxml_html.tostring(element, encoding="unicode", with_tail=False)
            if names[1].startswith("tdm:") and element.get("content") is None:
                content = _text_after(root, element)
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


def _text_after(root: Element, element: Element) -> str:
    """EPUB 3 puts a value between the tags of a meta; to an HTML parser it is the text that
    follows, and begins the body where the meta stood in the head."""
    body = root.find("body") if _in_head(element) else None
    text = element.tail if body is None else body.text
    return (text or "").strip()[:_MAX_TEXT]


def _in_head(element: Element) -> bool:
    return next(element.iterancestors("head"), None) is not None


def _holds_rule(content: str) -> bool:
    """Whether a meta's content has one of the rules for robots among its parts."""
    parts = content[:_MAX_TEXT].lower().split(",")
    return any(part.partition(":")[0].strip() in KNOWN for part in parts)


def _start_tag(element: Element) -> str:
    """The element's tag with its attributes, their values as they were read."""
    held = ((name, value.replace("&", "&amp;")) for name, value in element.attrib.items())
    attributes = (f' {name}="{value.replace(chr(34), "&quot;")}"' for name, value in held)
    return f"<{element.tag}{''.join(attributes)}>"

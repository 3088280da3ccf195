"""Where RSL licences are announced, and licence documents → what they permit and prohibit.

Really Simple Licensing 1.0 (rslstandard.org/rsl). A licence states terms; whether a prohibition
beats a permission beside it is not for a parser to say, so both are kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from crawler.link_headers import read_links
from crawler.signals import xml_tree
from crawler.signals.path_pattern import PathPattern, path_pattern, target_octets
from crawler.signals.robots_txt import RobotsTxt
from crawler.signals.vocabulary import Status, status

NAMESPACE = "https://rslstandard.org/rsl"
MEDIA_TYPE = "application/rsl+xml"
_MAX_CONTENTS = 10_000  # of one document
_MAX_REFERENCES = 1000  # of one file or response
_ORIGIN = re.compile(r"(https?://[^/?#]*)([^#]*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Reference:
    """A place that names a licence document."""

    source: str  # robots.txt, header or link element
    position: int  # line of robots.txt from 1; number of the header's link or the element from 0
    raw: str
    url: str  # as written; of robots.txt it must be absolute
    fault: str = ""


@dataclass(frozen=True, slots=True)
class LinkElement:
    """A link element of a page, as a record of the crawl keeps it."""

    position: int  # order among the page's link elements
    rel: str
    type: str
    href: str
    raw: str = ""  # as serialised


@dataclass(frozen=True, slots=True)
class Term:
    """One <permits> or <prohibits>."""

    permits: bool
    type: str  # usage, user or geo; others as written
    values: tuple[str, ...]
    statuses: tuple[Status, ...]  # of the values, where the type is usage
    raw: str
    line: int  # in the document, counted from 1
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class License:
    """One <license>: alternatives to its neighbours, so terms are kept per licence."""

    line: int
    terms: tuple[Term, ...]
    payments: tuple[str, ...]  # types of <payment>; "" where it names none
    raw: str


@dataclass(frozen=True, slots=True)
class Content:
    """One <content>: which addresses, under which licences."""

    line: int
    url: str | None  # as written: a path pattern, or an address whose path is one
    licenses: tuple[License, ...]
    server: str | None = None  # where a licence must be got before the content is fetched
    faults: tuple[str, ...] = ()
    origin: str | None = None  # scheme, host and port of `url`, lower-case, where it names them
    pattern: PathPattern | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Document:
    """A licence document, or a feed that holds such elements. With a fault there is nothing."""

    contents: tuple[Content, ...] = ()
    fault: str = ""


def from_robots(robots: RobotsTxt) -> list[Reference]:
    """License lines of a robots.txt; they speak for the whole file, whatever group they stand in.

    (guide "Adding RSL to robots.txt")

    >>> from crawler.signals.robots_txt import parse as read
    >>> from_robots(read(b"License: https://example.org/license.xml"))[0].url
    'https://example.org/license.xml'
    """
    found: list[Reference] = []
    for line in robots.lines:
        if line.key == "license" and len(found) < _MAX_REFERENCES:
            fault = "" if _ORIGIN.match(line.value) else "no absolute address"
            found.append(Reference("robots.txt", line.line, line.raw, line.value, fault))
    return found


def from_header(lines: Sequence[str]) -> list[Reference]:
    """Links of the relation license and RSL's type in the Link lines of a response.

    A licence link of another type (a Creative Commons deed …) is none of RSL.

    >>> line = '<https://example.org/l.xml>; rel="license"; type="application/rsl+xml"'
    >>> [one.url for one in from_header([line, "</cc>; rel=license"])]
    ['https://example.org/l.xml']
    """
    return [
        Reference("header", number, ", ".join(lines)[:4096], link.address)
        for number, link in enumerate(read_links(lines)[:_MAX_REFERENCES])
        if "license" in link.rels and _is_rsl(link.parameters.get("type", ""))
    ]


def from_links(elements: Iterable[LinkElement]) -> list[Reference]:
    """Link elements of a page with the relation license and RSL's type."""
    return [
        Reference("link element", one.position, one.raw or one.href, one.href.strip())
        for one in elements
        if "license" in one.rel.lower().split() and _is_rsl(one.type)
    ]


def parse(body: bytes) -> Document:
    """Read a licence document; also <content> elements inside a feed.

    >>> text = (b'<rsl xmlns="https://rslstandard.org/rsl"><content url="/"><license>'
    ...         b'<prohibits type="usage">ai-all</prohibits></license></content></rsl>')
    >>> [term.values for term in parse(text).contents[0].licenses[0].terms]
    [('ai-all',)]
    """
    root, fault = xml_tree.read(body)
    if root is None:
        return Document((), fault)
    contents = []
    for element in _named(root.iter(), "content"):
        contents.append(_content(element))
        if len(contents) > _MAX_CONTENTS:
            return Document((), f"more than {_MAX_CONTENTS} content elements")
    if not contents and "rsl" not in xml_tree.names_of(root)[1].lower():
        return Document((), "no RSL document")
    return Document(tuple(contents))


def covering(document: Document, origin: str, target: str) -> list[Content]:
    """The contents that speak of `origin` + `target`, the longest pattern first.

    `origin` is scheme, host and port. A path pattern speaks of whatever origin announced the
    document, so call this for an address of that origin.

    >>> file = parse(b'<rsl><content url="*"/><content url="/a"/></rsl>')
    >>> [one.url for one in covering(file, "https://example.org", "/a/b.jpg")]
    ['/a', '*']
    """
    octets = target_octets(target)
    found = [
        one
        for one in document.contents
        if one.pattern is not None
        and one.origin in (None, origin.lower())
        and one.pattern.covers(octets)
    ]
    return sorted(found, key=lambda one: -(one.pattern.octets if one.pattern else 0))


def _is_rsl(media_type: str) -> bool:
    return media_type.partition(";")[0].strip().lower() == MEDIA_TYPE


def _named(elements: Iterable[Any], *names: str) -> Iterator[Any]:
    """Elements of these local names, in RSL's namespace or a spelling of it, or in none."""
    for element in elements:
        namespace, name = xml_tree.names_of(element)
        if name in names and (not namespace or "rslstandard.org/rsl" in namespace.lower()):
            yield element


def _content(element: Any) -> Content:
    url = element.get("url")
    origin, pattern, faults = _place(url)
    if xml_tree.names_of(element)[0] != NAMESPACE:
        faults.insert(0, "not in the namespace of RSL")
    return Content(
        line=element.sourceline or 0,
        url=url,
        licenses=tuple(_license(one) for one in _named(element, "license")),
        server=element.get("server"),
        faults=tuple(faults),
        origin=origin,
        pattern=pattern,
    )


def _place(url: str | None) -> tuple[str | None, PathPattern | None, list[str]]:
    if url is None or not url.strip():
        # It names no address: it speaks of what announced the document.
        return None, path_pattern(b"/"), ["url is missing"]
    found = _ORIGIN.fullmatch(url.strip())
    origin, path = (found[1].lower(), found[2] or "/") if found else (None, url.strip())
    if origin and "*" in origin:
        return origin, None, ["a host with a wildcard is not defined"]
    pattern = path_pattern(path.encode("utf-8", "surrogatepass"))
    return origin, pattern, [] if pattern else ["url is neither an address nor a path"]


def _license(element: Any) -> License:
    return License(
        line=element.sourceline or 0,
        terms=tuple(_term(one) for one in _named(element, "permits", "prohibits")),
        payments=tuple(one.get("type", "").strip() for one in _named(element, "payment")),
        raw=xml_tree.raw_of(element),
    )


def _term(element: Any) -> Term:
    kind = element.get("type")
    text = xml_tree.text_of(element)
    values = tuple(text.replace(",", " ").split())
    faults = [] if kind else ["type is missing"]
    if "," in text:
        faults.append("values are separated by commas, where blanks are asked for")
    usage = (kind or "usage") == "usage"
    return Term(
        permits=xml_tree.names_of(element)[1] == "permits",
        type=kind or "",
        values=values,
        statuses=tuple(status("rsl", value) for value in values) if usage else (),
        raw=xml_tree.raw_of(element),
        line=element.sourceline or 0,
        faults=tuple(faults),
    )

"""Link header lines → links: address, relations, parameters (RFC 8288)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from crawler import srcset
from crawler.mentions import Mentions

_MAX_LINE = 20_000  # characters of one line read
_LINK = re.compile(r"<([^<>]{0,8192})>([^<]{0,4096})")
_PARAMETER = re.compile(
    r";\s{0,20}([\w!#$&+.^`|~*-]{1,60})\s{0,20}=\s{0,20}(?:\"([^\"]*)\"|([^\s;,]*))"
)


class Link(NamedTuple):
    """One link of a header; `parameters` with names in lower case, the first of each."""

    address: str
    rels: tuple[str, ...]
    parameters: dict[str, str]


def read_links(lines: Iterable[str]) -> list[Link]:
    """Links of header lines, in order.

    >>> read_links(['</a.jpg>; rel=preload; as=image, <b>; rel="next"'])[0].parameters["as"]
    'image'
    """
    found = []
    for line in lines:
        for match in _LINK.finditer(line[:_MAX_LINE]):
            parameters: dict[str, str] = {}
            for name, quoted, bare in _PARAMETER.findall(match[2]):
                parameters.setdefault(name.lower(), quoted or bare)
            rels = tuple(parameters.get("rel", "").lower().split())
            found.append(Link(match[1].strip(), rels, parameters))
    return found


def add_header_images(to: Mentions, links: Iterable[Link]) -> None:
    """Keep the pictures that a page's headers preload."""
    for link in links:
        if "preload" not in link.rels or link.parameters.get("as", "").lower() != "image":
            continue
        group = to.group()
        if link.address:
            to.add("header", "Link", link.address, group)
        for raw, descriptor in srcset.parse(link.parameters.get("imagesrcset", "")):
            to.add("header", "Link imagesrcset", raw, group, descriptor=descriptor or None)

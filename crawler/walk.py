"""What a walk over one page carries along, and which mentions belong together."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice

from crawler import platforms
from crawler.captions import Around, Texts
from crawler.html import Element
from crawler.mentions import Mentions
from crawler.sources import attribute_kind

IMGS = ("img", "amp-img")


@dataclass(slots=True)
class Walk:
    """What the walk over one page carries along."""

    to: Mentions
    texts: Texts
    in_fragment: bool = False  # markup inside something else: what is in it is read no deeper
    groups: dict[Element, str] = field(default_factory=dict)  # of links, pictures and imgs
    alts: dict[Element, str | None] = field(default_factory=dict)  # of pictures: their img's
    flight: list[str] = field(default_factory=list)
    found: platforms.Found = field(default_factory=platforms.Found)


def group_of(walk: Walk, element: Element, holders: Around) -> str:
    """The group of what holds an element (a link, a picture), of its twin, or one of its own."""
    for holder in (holders.picture, holders.link, holders.figure, holders.item):
        if holder is not None and holder in walk.groups:
            return walk.groups[holder]
    group = walk.groups.get(element) or _twin_group(walk, holders) or walk.to.group()
    if holders.picture is not None:
        walk.groups[holders.picture] = group
    return group


def _twin_group(walk: Walk, holders: Around) -> str | None:
    """The group of the lazy img beside the noscript that holds its fallback."""
    if holders.noscript is None or only_img(holders.noscript) is None:
        return None
    for forward in (False, True):
        twin = only_img(next(holders.noscript.itersiblings(preceding=not forward), None))
        if twin is None or not any(attribute_kind(name) for name in twin.keys()):  # noqa: SIM118
            continue
        if twin not in walk.groups and forward:
            walk.groups[twin] = walk.to.group()
        return walk.groups.get(twin)
    return None


def only_img(element: Element | None) -> Element | None:
    """The one img an element is or holds; None where there are none or several."""
    if element is None or not isinstance(element.tag, str):
        return None
    if element.tag in IMGS:
        return element
    found = list(islice(element.iter(*IMGS), 2))
    return found[0] if len(found) == 1 else None

"""The metas of a page → the images they announce."""

from __future__ import annotations

from crawler.html import Element
from crawler.mentions import Captions, Mentions, caption
from crawler.names import PROPERTIES

_OPEN_GRAPH = frozenset(("og:image", "og:image:url", "og:image:secure_url"))
_TWITTER = frozenset(("twitter:image", "twitter:image:src"))
_ALTS = frozenset(("og:image:alt", "twitter:image:alt"))
_OTHER = frozenset(("thumbnail", "image", "schema:image", "msapplication-tileimage"))
_ICONS = frozenset(("msapplication-tileimage",))


def image_type(itemprop: str | None) -> bool:
    """Whether a microdata property's value is an image (schema.org).

    >>> image_type("name thumbnailUrl"), image_type("url")
    (True, False)
    """
    return bool(itemprop) and not PROPERTIES.isdisjoint((itemprop or "").lower().split())


def add_metas(to: Mentions, root: Element) -> None:
    """Keep the images of og:image, twitter:image and their like, each with its alt.

    Repeated og:image are several pictures, og:image:url and :secure_url the same one again
    (ogp.me, structured properties and arrays).
    """
    metas = [(_name(one), one) for one in root.iter("meta")]
    alts = _alts(metas)
    groups: dict[str, str] = {}  # by address and, while it lasts, by family
    for place, (name, element) in enumerate(metas):
        content = (element.get("content") or "").strip()
        if not content:
            continue
        if name in _OPEN_GRAPH or name in _TWITTER:
            family = name.partition(":")[0]
            if name in ("og:image", "twitter:image"):
                groups.pop(family, None)
            group = groups.get(content) or groups.get(family) or to.group()
            groups[family] = groups[content] = group
            to.add("meta", name, content, group, captions=alts.get(place, []))
        elif name in _OTHER or image_type(element.get("itemprop")):
            to.add("meta", name, content, furniture=name in _ICONS)


def _name(element: Element) -> str:
    return (element.get("property") or element.get("name") or element.get("itemprop") or "").lower()


def _alts(metas: list[tuple[str, Element]]) -> dict[int, Captions]:
    """Place of a meta image → its alt: the one that follows it before the next picture, else
    the page's only one."""
    found: dict[int, Captions] = {}
    all_alts = [(name, one.get("content")) for name, one in metas if name in _ALTS]
    waiting: dict[str, list[int]] = {}
    for place, (name, element) in enumerate(metas):
        family = name.partition(":")[0]
        if name in ("og:image", "twitter:image"):
            waiting[family] = []
        if name in _OPEN_GRAPH or name in _TWITTER:
            waiting.setdefault(family, []).append(place)
        elif name in _ALTS:
            for one in waiting.pop(family, []):
                found[one] = caption(name, element.get("content"))
    if len({text for _, text in all_alts}) == 1:
        only = caption(all_alts[0][0], all_alts[0][1])
        return {place: found.get(place) or only for place in range(len(metas))}
    return found

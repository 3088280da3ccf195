"""One element of a page → the mentions of images in it; a function for each kind of element."""

from __future__ import annotations

from crawler import css, platforms, srcset
from crawler.captions import Around, around
from crawler.html import Element
from crawler.mentions import Captions
from crawler.metas import image_type
from crawler.names import ICON_RELS
from crawler.sources import is_image_file, is_placeholder, sources
from crawler.states import add_script, flight_chunks
from crawler.structured import add_json_ld
from crawler.walk import Walk, group_of


def img(walk: Walk, element: Element) -> None:
    """An img: its src, srcset and lazy attributes."""
    holders = around(element)
    group = walk.groups[element] = group_of(walk, element, holders)
    alt, captions = element.get("alt"), walk.texts.of(element, holders)
    small = _is_spacer(element)
    for attribute, raw, descriptor in sources(element.items()):
        walk.to.add(
            element.tag,
            attribute,
            raw,
            group,
            descriptor=descriptor,
            alt=alt,
            captions=captions,
            furniture=small or is_placeholder(raw),
        )


def source(walk: Walk, element: Element) -> None:
    """A source of a picture."""
    # libxml2 does not know that a source ends where it begins: each holds all that follow.
    holder = next(element.iterancestors("picture", "video", "audio"), None)
    if holder is None or holder.tag != "picture":
        return
    if holder not in walk.alts:
        img = holder.find(".//img")
        walk.alts[holder] = img.get("alt") if img is not None else None
    alt = walk.alts[holder]
    found = [c for c in sources(element.items()) if c[0] != "src"]
    if not found:
        return
    group = group_of(walk, element, around(element))
    for name, raw, descriptor in found:
        walk.to.add("source", name, raw, group, descriptor=descriptor, alt=alt)


def link(walk: Walk, element: Element) -> None:
    """A link to an image file: usually the large form of the picture inside."""
    href = element.get("href")
    if not href:
        return
    if not is_image_file(href) and element.get("itemprop") != "contentUrl":
        return
    group = walk.groups[element] = walk.to.group()
    img = element.find(".//img")
    alt = img.get("alt") if img is not None else None
    walk.to.add("a", "href", href, group, alt=alt, captions=link_captions(walk, element))


def link_captions(walk: Walk, element: Element) -> Captions:
    """Texts in and beside a link."""
    holders = Around(link=element, figure=next(element.iterancestors("figure"), None))
    own = walk.texts.of(element, holders)
    # The link's own title and label are in both lists.
    return [c for c in own if c["source"] not in ("link title", "link aria-label")]


def area(walk: Walk, element: Element) -> None:
    """An area of an image map that leads to an image file."""
    href = element.get("href")
    if href and is_image_file(href):
        captions = walk.texts.of(element, Around())
        walk.to.add("area", "href", href, alt=element.get("alt"), captions=captions)


def _is_spacer(element: Element) -> bool:
    """1×1 pixels and the like, by the size written in the element."""
    sizes = [(element.get(name) or "").strip().removesuffix("px") for name in ("width", "height")]
    return all(size in ("0", "1") for size in sizes)


def head_link(walk: Walk, element: Element) -> None:
    """A link element: preloaded images, icons, image_src, sheets and feeds."""
    rels, href = (element.get("rel") or "").lower().split(), (element.get("href") or "").strip()
    platforms.note_link(walk.found, element, rels, href)
    if "preload" in rels and (element.get("as") or "").lower() == "image":
        group = walk.to.group()
        if href:
            walk.to.add("link", "href", href, group)
        for raw, descriptor in srcset.parse(element.get("imagesrcset") or ""):
            walk.to.add("link", "imagesrcset", raw, group, descriptor=descriptor or None)
    elif not href:
        return
    elif "image_src" in rels or image_type(element.get("itemprop")):
        walk.to.add("link", "href", href, captions=walk.texts.of(element, Around()))
    elif not ICON_RELS.isdisjoint(rels):
        walk.to.add("link", "href", href, furniture=True)


def style(walk: Walk, element: Element) -> None:
    """A style element."""
    text = element.text or ""
    if "url(" in text or "image-set(" in text:
        css.add_images(walk.to, text, "style", "text")
    if "@import" in text:
        walk.found.sheets += css.imports(text)


def script(walk: Walk, element: Element) -> None:
    """A script: JSON-LD, state, templates."""
    text, kind = element.text or "", (element.get("type") or "").lower()
    name = element.get("id") or ("text" if "json" not in kind else "json")
    platforms.note_script(walk.found, element, text)
    if not text:
        return
    if "ld+json" in kind:
        add_json_ld(walk.to, text)
    elif "__next_f" in text:
        walk.flight += flight_chunks(text)
    elif "template" in kind or kind in ("text/html", "text/x-handlebars"):
        _fragment(walk, text, "script ")
    else:
        add_script(walk.to, text, name, is_json="json" in kind or name == "__NEXT_DATA__")


def svg(walk: Walk, element: Element) -> None:
    """An image in SVG, or a use of a part of a file; outside SVG an `image` is an img.

    HTML Standard, 13.2.6.4.7: a start tag "image" is a parse error and read as "img".
    """
    if element.tag == "image" and next(element.iterancestors("svg"), None) is None:
        img(walk, element)
    for name in ("href", "xlink:href"):
        raw = element.get(name)
        if raw and not raw.lstrip().startswith(("#", "data:")):
            furniture = element.tag == "use"  # parts of a file of symbols
            walk.to.add(element.tag, name, raw, furniture=furniture)
            return


def image_input(walk: Walk, element: Element) -> None:
    """A button that is an image."""
    raw = element.get("src")
    if raw and (element.get("type") or "").lower() == "image":
        captions = walk.texts.of(element, Around())
        walk.to.add("input", "src", raw, alt=element.get("alt"), captions=captions)


def embedded(walk: Walk, element: Element) -> None:
    """An object or embed that is an image."""
    name = "data" if element.tag == "object" else "src"
    raw, kind = element.get(name), (element.get("type") or "").lower()
    if raw and (kind.startswith("image/") or (not kind and is_image_file(raw))):
        walk.to.add(element.tag, name, raw, captions=walk.texts.of(element, Around()))


def frame(walk: Walk, element: Element) -> None:
    """A frame whose page stands in its srcdoc."""
    text = element.get("srcdoc")
    if text:
        _fragment(walk, text, "srcdoc ")


def no_frames(walk: Walk, element: Element) -> None:
    """What browsers without frames are shown; the parser keeps it as text."""
    if element.text:
        _fragment(walk, element.text, "noframes ")


def heading(walk: Walk, element: Element) -> None:
    """A heading: what follows stands under it."""
    walk.texts.heading = element


def _fragment(walk: Walk, text: str, inside: str) -> None:
    from crawler.images import add_fragment

    if not walk.in_fragment:
        add_fragment(walk.to, text, inside)

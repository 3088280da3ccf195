"""An element of a page → the texts beside it, each with its source."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice

from crawler.html import Element, text_of
from crawler.mentions import Captions, caption

# Texts in the element itself, closest first. lozad keeps the alt text in data-alt until the
# picture is shown; lightboxes keep captions in data-caption, data-title and data-sub-html.
_OWN = (
    "data-alt",
    "aria-label",
    "title",
    "data-caption",
    "data-title",
    "data-sub-html",
    "data-elementor-lightbox-title",
    "data-elementor-lightbox-description",
)
_MICRODATA = ("name", "caption", "headline", "description")
_MAX_IDS = 50_000
_MAX_PROPERTIES = 500


@dataclass(slots=True)
class Around:
    """The nearest elements of each kind that hold an element; None where there is none."""

    picture: Element | None = None
    link: Element | None = None
    figure: Element | None = None
    item: Element | None = None
    noscript: Element | None = None


@dataclass(slots=True)
class Texts:
    """Texts of a page that several pictures may share, each read once."""

    root: Element
    heading: Element | None = None  # the last one before the element being read
    _known: dict[Element, str] = field(default_factory=dict)
    _items: dict[Element, Captions] = field(default_factory=dict)
    _ids: dict[str, Element] | None = None

    def of(self, element: Element, around: Around) -> Captions:
        """Texts beside an element, closest first (the alt text is no caption)."""
        found: Captions = []
        for source in _OWN:
            text = element.get(source)
            if text:
                found += caption(source, text)
        if element.get("aria-labelledby"):
            found += caption("aria-labelledby", self._labels(element.get("aria-labelledby")))
        if around.figure is not None:
            found += caption("figcaption", self._figcaption(around.figure))
        if around.link is not None:
            found += self.of_link(around.link)
        if element.get("itemprop"):
            found += self._microdata(element)
        return found + self.of_heading()

    def of_link(self, link: Element) -> Captions:
        """Text and title of a link around a picture."""
        found = caption("link", self._text(link)) + caption("link title", link.get("title"))
        return found + caption("link aria-label", link.get("aria-label"))

    def of_heading(self) -> Captions:
        """The heading before the element being read."""
        if self.heading is None:
            return []
        return caption("heading", self._text(self.heading))

    def _figcaption(self, figure: Element) -> str:
        if figure not in self._known:
            found = figure.find(".//figcaption")
            self._known[figure] = text_of(found) if found is not None else ""
        return self._known[figure]

    def _labels(self, names: str) -> str:
        if self._ids is None:
            with_id = islice(self.root.iterfind(".//*[@id]"), _MAX_IDS)
            self._ids = {element.get("id"): element for element in with_id}
        labels = (self._ids.get(name) for name in names[:1000].split()[:10])
        return " ".join(self._text(label) for label in labels if label is not None)

    def _text(self, element: Element) -> str:
        if element not in self._known:
            self._known[element] = text_of(element, 500)
        return self._known[element]

    def _microdata(self, element: Element) -> Captions:
        """Name and caption of the item an itemprop belongs to (HTML Standard, microdata)."""
        scopes = (a for a in element.iterancestors() if a.get("itemscope") is not None)
        scope = element if element.get("itemscope") is not None else next(scopes, None)
        if scope is None:
            return []
        if scope in self._items:
            return self._items[scope]
        found: Captions = []
        for one in islice(scope.iterfind(".//*[@itemprop]"), _MAX_PROPERTIES):
            name = one.get("itemprop")
            if name in _MICRODATA:
                found += caption(f"microdata {name}", one.get("content") or text_of(one, 500))
        self._items[scope] = found
        return found


def around(element: Element) -> Around:
    """What holds an element, looked up once."""
    found = Around()
    for holder in element.iterancestors("picture", "a", "figure", "li", "noscript"):
        tag = holder.tag
        if tag == "picture":
            found.picture = found.picture if found.picture is not None else holder
        elif tag == "a":
            found.link = found.link if found.link is not None else holder
        elif tag == "figure":
            found.figure = found.figure if found.figure is not None else holder
        elif tag == "li":
            found.item = found.item if found.item is not None else holder
        else:
            found.noscript = holder
    return found

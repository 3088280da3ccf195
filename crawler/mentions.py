"""Mentions of images, one by one → rows of `image_refs`, numbered and grouped."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

from crawler.shape import laion_shape
from crawler.sources import is_template, names_furniture
from crawler.urls import resolve

Row = dict[str, Any]
Captions = list[dict[str, str]]  # each {"source": …, "text": …}

_MAX_TEXT = 100_000  # characters of an alt text kept; longer ones are abuse
_MAX_CAPTION = 2000


@dataclass(slots=True)
class Mentions:
    """The mentions found in one file: a page, a style sheet, a sitemap, a feed or JSON.

    `page_url` is the page that shows the images, `base` what relative addresses resolve
    against; `file` is the address of the file where that is not the page.
    """

    page_url: str
    base: str
    limit: int = 20_000
    file: str | None = None
    inside: str = ""  # written before each tag, e.g. "srcdoc "
    rows: list[Row] = field(default_factory=list)
    groups: int = 0
    fragments: int = 0  # pieces of markup read inside something else
    _key: str = ""

    def __post_init__(self) -> None:
        name = self.file or self.page_url
        self._key = hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:12]

    @property
    def full(self) -> bool:
        """Whether the limit is reached: what follows is passed over."""
        return len(self.rows) >= self.limit

    def group(self) -> str:
        """A new image_group."""
        self.groups += 1
        return f"{self._key}-{self.groups}"

    def add(
        self,
        tag: str,
        attribute: str,
        raw: str,
        group: str | None = None,
        *,
        descriptor: str | None = None,
        alt: str | None = None,
        captions: Captions | None = None,
        furniture: bool = False,
        page_url: str | None = None,
    ) -> str | None:
        """Keep one mention and return its resolved address.

        A template's braces are none, nor is the page itself or a part of it.
        """
        if self.full or is_template(raw) or raw.lstrip()[:1] == "#":
            return None
        address = resolve(self.base, raw)
        if self.file is None and address is not None and address == self.page_url:
            return None
        tag = self.inside + tag
        in_shape, because = laion_shape(tag, attribute, raw, alt)
        self.rows.append(
            {
                "page_url": page_url or self.page_url,
                "position": len(self.rows),
                "tag": tag,
                "attribute": attribute if self.file is None else f"{attribute} of {self.file}",
                "raw": raw[:_MAX_TEXT],
                "image_url": address,
                "descriptor": descriptor,
                "image_group": group or self.group(),
                "alt": None if alt is None else alt[:_MAX_TEXT],
                "alt_state": "missing" if alt is None else "text" if alt.strip() else "empty",
                "captions": captions or [],
                "absolute": raw.strip()[:8].lower().startswith(("http://", "https://")),
                "in_laion_shape": in_shape,
                "not_in_shape_because": because,
                "furniture": furniture or names_furniture(raw),
            }
        )
        return address


def caption(source: str, text: str | None) -> Captions:
    """A list of one caption, or of none when there is no text.

    >>> caption("title", "  Fox  "), caption("title", " ")
    ([{'source': 'title', 'text': 'Fox'}], [])
    """
    text = " ".join(text[: 4 * _MAX_CAPTION].split())[:_MAX_CAPTION] if text else ""
    return [{"source": source, "text": text}] if text else []

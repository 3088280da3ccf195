"""What else was served beside an image: files of its origins, licences, metas of its pages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from crawler.signals.robots_meta import Meta
from crawler.signals.rsl import LinkElement

Read = TypeVar("Read")


@dataclass(frozen=True, slots=True)
class Readings:
    """What parsers made of one text, each asked once however many images it speaks of."""

    _made: dict[Callable[..., Any], Any] = field(default_factory=dict, repr=False)

    def once(self, parse: Callable[..., Read], *text: Any) -> Read:
        """parse(*text); a file is always read from the same text, so it is not asked again."""
        if parse not in self._made:
            self._made[parse] = parse(*text)
        found: Read = self._made[parse]
        return found


@dataclass(frozen=True, slots=True)
class TextFile:
    """A file beside robots.txt, or a licence document."""

    kind: str  # of crawler/site_files.toml
    url: str  # that was asked for
    body: bytes | None = field(repr=False)  # None where it is not there
    reason: str = ""  # why not
    content_type: str = ""
    observed_at: datetime | None = None
    readings: Readings = field(default_factory=Readings, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Page:
    """A page that shows the image, or that is the address itself."""

    url: str
    metas: tuple[Meta, ...] = ()
    links: tuple[LinkElement, ...] = ()
    observed_at: datetime | None = None
    tags: tuple[str, ...] = ()  # X-Robots-Tag lines of its answer, where it shows the image


def text_file(
    kind: str,
    url: str,
    *,
    outcome: str,
    status: int | None,
    body: bytes | None,
    content_type: str | None = None,
    reason: str | None = None,
    observed_at: datetime | None = None,
) -> TextFile:
    """A file as observed (outcomes of `crawler.records`).

    Many servers answer whatever is asked for with a page; that is no file of this name.
    """
    is_page = "html" in (content_type or "").lower()
    there = outcome == "fetched" and status is not None and status // 100 == 2 and not is_page
    why = reason or ("a page was answered" if is_page else f"it answered {status}")
    return TextFile(
        kind=kind,
        url=url,
        body=body or b"" if there else None,
        reason="" if there else why,
        content_type=content_type or "",
        observed_at=observed_at,
    )

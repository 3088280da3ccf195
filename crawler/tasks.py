"""What the frontier holds and hands out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Page = tuple[str, int, "str | None", int]  # address, depth, found on, redirects before it


@dataclass(slots=True)
class Task:
    """One address to ask for, with what is known of its chain so far."""

    kind: str  # site_file (robots.txt), origin_file, sitemap, sheet, feed, data, page or image
    url: str  # the address the record is about
    hop_url: str  # the address of this exchange
    depth: int = 0
    found_on: str | None = None
    redirects: int = 0  # of pages: how many redirects led here
    method: str = "GET"
    tries: int = 0
    hops: list[dict[str, Any]] = field(default_factory=list)
    rule: str | None = None  # robots.txt line that allowed it


Item = Task | str | Page  # an image waits as its bare address: 20,000 of them cost little


def address_of(item: Item) -> str:
    """The address the next exchange of an item goes to."""
    if isinstance(item, str):
        return item
    return item[0] if isinstance(item, tuple) else item.hop_url


def task_of(item: Item, image_method: str = "GET") -> Task:
    """The task of an item; `image_method` is how a new image is asked for."""
    if isinstance(item, str):
        return Task("image", item, item, method=image_method)
    if isinstance(item, tuple):
        url, depth, found_on, redirects = item
        return Task("page", url, url, depth, found_on, redirects)
    return item


@dataclass(slots=True)
class Cut:
    """Addresses left out for one reason; a few are named."""

    kind: str  # one of crawler.records.CUTS
    what: str  # pages, images or files
    count: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, url: str) -> None:
        self.count += 1
        if len(self.examples) < 3:
            self.examples.append(url[:500])

"""What was read of one account: its pictures as the platform's API lists them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Address:
    """One address of a picture, and how the API named it."""

    url: str
    raw: str  # what stood in the answer: an address or the file's identifier
    size: str  # which of the picture's addresses, e.g. "preview_url"


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture of a post."""

    page_url: str | None  # the post, for people
    alt: str | None  # None where the API gave no alternative text
    addresses: tuple[Address, ...]
    seen: datetime  # when the answer came, UTC


@dataclass(slots=True)
class Reading:
    """One account, read to its end or to the limit of pages."""

    id: str  # as the platform names the account
    pictures: list[Picture] = field(default_factory=list)
    posts: int = 0
    pages: int = 0
    odd: int = 0  # entries that could not be understood
    more: bool = False  # the limit of pages came first

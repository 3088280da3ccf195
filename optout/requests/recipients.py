"""recipients.toml and kinds.toml → where requests can go, and the kinds of request there are."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from functools import cache
from importlib import resources
from typing import Any

EFFECTS = ("usually acted on", "sometimes", "no known effect")
CONFIDENCE = ("confirmed", "secondary", "please check")
LISTS = ("urls", "domains")


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of request, as kinds.toml explains its keys."""

    id: str
    label: str
    ground: str
    asks: str
    oath: bool
    who: str
    written: bool
    source: str
    checked: date
    shows_me: bool = False


@dataclass(frozen=True, slots=True)
class Recipient:
    """One destination, as recipients.toml explains its keys."""

    id: str
    name: str
    channel: str
    address: str
    kinds: tuple[str, ...]
    lists: tuple[str, ...]
    list_format: str
    required: tuple[str, ...]
    needs_oath: bool
    needs_id: bool
    publishes_sender: bool
    effect: str
    effect_note: str
    effect_source: str
    confidence: str
    source: str
    checked: date
    letter: str = ""
    datasets: tuple[str, ...] = ()
    place: str = ""
    address_evidence: tuple[str, ...] = ()
    batch_cap: int | None = None
    one_host_per_batch: bool = False
    names_repository: bool = False
    publishes_note: str = ""
    robots: str = ""

    @property
    def kind(self) -> Kind | None:
        """The kind of letter it gets: the first of its kinds that is written."""
        return next((kinds()[k] for k in self.kinds if kinds()[k].written), None)

    def covers(self, dataset: str | None, edition: str | None) -> bool:
        """Whether it can act on rows of this data set or edition.

        >>> recipients()["laion"].covers("mine", "Relaion2B-en-research-safe")
        True
        """
        names = [(name or "").casefold() for name in (dataset, edition)]
        return any(fnmatchcase(name, pattern) for pattern in self.datasets for name in names)


@cache
def kinds() -> dict[str, Kind]:
    """Every kind of request, by id, in the order of the table."""
    return {key: Kind(id=key, **_plain(entry)) for key, entry in _table("kinds").items()}


@cache
def recipients() -> dict[str, Recipient]:
    """Every destination, by id, in the order of the table."""
    return {key: Recipient(id=key, **_plain(entry)) for key, entry in _table("recipients").items()}


def _table(name: str) -> dict[str, Any]:
    return tomllib.loads((resources.files(__package__) / f"{name}.toml").read_text("utf-8"))


def _plain(entry: dict[str, Any]) -> dict[str, Any]:
    return {k: tuple(v) if isinstance(v, list) else v for k, v in entry.items()}

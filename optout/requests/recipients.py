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
LISTS = ("urls", "domains", "locators")
ROLES = (
    "maker", "dataset_host", "crawler", "model_maker", "copy_host", "search", "registry",
    "society", "service",
)  # fmt: skip
CHANNELS = ("form", "mail", "robots", "api", "app", "membership", "none")
FILES = ("letter", "lists", "none")
PROFILE = ("name", "contact", "email", "phone", "address", "grounds")  # of the sender


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of request, as kinds.toml explains its keys."""

    id: str
    label: str
    ground: str
    asks: str
    who: str
    needs: tuple[str, ...]
    source: str
    checked: date
    shows_me: bool = False
    confirm: bool = False
    copies: bool = False
    reserved: bool = False
    signals: bool = False
    declares: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a recipient's form: its label, what goes in, and most characters."""

    label: str
    holds: str
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Recipient:
    """One destination, as recipients.toml explains its keys."""

    id: str
    name: str
    role: str
    channel: str
    kinds: tuple[str, ...]
    lists: tuple[str, ...]
    list_format: str
    required: tuple[str, ...]
    effect: str
    effect_note: str
    effect_source: str
    confidence: str
    source: str
    checked: date
    team: str = ""
    address: str = ""
    by_default: bool = False
    files: str = "letter"
    datasets: tuple[str, ...] = ()
    place: str = ""
    hosts: tuple[str, ...] = ()
    address_evidence: tuple[str, ...] = ()
    names_repository: bool = False
    needs: tuple[str, ...] = ()
    batch_cap: int | None = None
    one_host_per_batch: bool = False
    one_repository_per_batch: bool = False
    form: tuple[Field, ...] = ()
    needs_oath: bool = False
    needs_id: bool = False
    publishes_sender: bool = False
    publishes_note: str = ""
    automation: str = "manual"
    signatory: bool = False
    society: str = ""
    reservation: str = ""
    language: str = ""
    robots: str = ""

    @property
    def copies(self) -> bool:
        """Whether its lists are about copies elsewhere, not about rows of a data set of links."""
        return bool(self.place or self.hosts)

    @property
    def addressee(self) -> str:
        """Its name in a letter: what stands in brackets tells destinations apart for the user."""
        return self.name.partition(" (")[0]

    def covers(self, dataset: str | None, edition: str | None) -> bool:
        """Whether it can act on rows of this data set or edition.

        >>> recipients()["laion"].covers("mine", "Relaion2B-en-research-safe")
        True
        """
        names = [(name or "").casefold() for name in (dataset, edition)]
        return any(fnmatchcase(name, pattern) for pattern in self.datasets for name in names)

    def serves(self, host: str) -> bool:
        """Whether it is responsible for copies on this host.

        >>> recipients()["pinterest"].serves("i.pinimg.com")
        True
        """
        return any(fnmatchcase(host, pattern) for pattern in self.hosts)


@cache
def kinds() -> dict[str, Kind]:
    """Every kind of request, by id, in the order of the table."""
    return {key: Kind(id=key, **plain(entry)) for key, entry in table("kinds").items()}


@cache
def recipients() -> dict[str, Recipient]:
    """Every destination of the product, by id, in the order of the table."""
    return {key: recipient(key, entry) for key, entry in table("recipients").items()}


def recipient(key: str, entry: dict[str, Any]) -> Recipient:
    """One entry of the table as a record."""
    form = tuple(Field(**field) for field in entry.get("form", ()))
    return Recipient(id=key, **plain(entry) | {"form": form})


@cache
def table(name: str) -> dict[str, Any]:
    """A TOML table that lies beside this module."""
    return tomllib.loads((resources.files(__package__) / f"{name}.toml").read_text("utf-8"))


def plain(entry: dict[str, Any]) -> dict[str, Any]:
    """The entry with tuples for lists, as records hold them."""
    return {k: tuple(v) if isinstance(v, list) else v for k, v in entry.items()}

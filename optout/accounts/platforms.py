"""accounts.toml → the platforms, patterns compiled."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from typing import Any


@dataclass(frozen=True, slots=True)
class Look:
    """Addresses that belong to one account; the texts may hold {name}, {host}, {id}, {id_end}."""

    host: str
    below: bool = False
    path: str = ""
    text: str = ""
    shown: str = ""
    in_name: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Platform:
    """One platform, in the words of accounts.toml."""

    key: str
    label: str
    bring: str
    terms: str
    confidence: str
    source: str
    checked: date
    name: re.Pattern[str] | None = None
    name_is: str = ""
    host_is: str = ""
    id: re.Pattern[str] | None = None
    id_is: str = ""
    look: tuple[Look, ...] = ()
    none: str = ""
    api: str = ""
    base_url: str = ""

    def needs(self, part: str) -> bool:
        """Whether what is looked for holds `part`: "name", "host" or "id"."""
        texts = [text for look in self.look for text in (look.host, look.path)]
        return any(f"{{{part}}}" in text for text in texts)


@cache
def platforms() -> dict[str, Platform]:
    """All platforms by the key that optout.toml names them by, in alphabetical order."""
    text = (resources.files(__package__) / "accounts.toml").read_text("utf-8")
    return {key: _platform(key, entry) for key, entry in tomllib.loads(text).items()}


def _platform(key: str, entry: dict[str, Any]) -> Platform:
    read = dict(entry)
    for part in ("name", "id"):
        if part in entry:
            read[part] = re.compile(entry[part], re.I | re.A)
    read["look"] = tuple(_look(one) for one in entry.get("look", ()))
    return Platform(key=key, **read)


def _look(entry: dict[str, Any]) -> Look:
    return Look(**{**entry, "in_name": tuple(entry.get("in_name", {}).items())})

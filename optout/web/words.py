"""messages/en.toml → every text of the page by its key; one file a language."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import Any

LANGUAGE = "en"


@cache
def catalogue(language: str = LANGUAGE) -> dict[str, str]:
    """Key ("who.title") → text, with {names} of what is filled in."""
    file = resources.files(__package__) / "messages" / f"{language}.toml"
    return dict(_flat(tomllib.loads(file.read_text("utf-8"))))


def text(key: str, **values: Any) -> str:
    """The text of a key. With `count`, ".one" is taken where it is 1 and such a text exists.

    >>> text("list.rows", count=1), text("list.rows", count=2)
    ('1 row', '2 rows')
    """
    known = catalogue()
    if values.get("count") == 1 and f"{key}.one" in known:
        key = f"{key}.one"
    elif "count" in values and f"{key}.other" in known:
        key = f"{key}.other"
    shown = {k: f"{v:,}" if isinstance(v, int) else v for k, v in values.items()}
    return known[key].format_map(shown)


def _flat(table: dict[str, Any], before: str = "") -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for key, value in table.items():
        name = f"{before}{key}"
        found += _flat(value, f"{name}.") if isinstance(value, dict) else [(name, value)]
    return found

"""words.toml and the labels of evidence.toml → plain words for the keys of the records."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import Any


@cache
def words() -> dict[str, Any]:
    """The tables of words.toml."""
    text = resources.files(__package__).joinpath("words.toml").read_text("utf-8")
    return tomllib.loads(text)


def label(table: str, key: str | None) -> str:
    """Plain words for a key; the key itself where the table lacks it.

    >>> label("place", "elsewhere"), label("outcome", "new_kind")
    ('elsewhere', 'new kind')
    """
    found = words().get(table, {}).get(key or "")
    return found if isinstance(found, str) else (key or "").replace("_", " ")


@cache
def evidence_labels() -> dict[str, str]:
    """Kind of evidence → its plain words, as evidence.toml has them."""
    return {kind: row["label"] for kind, row in _evidence().items() if "label" in row}


@cache
def computed_strengths() -> frozenset[str]:
    """Strengths that at least one kind of evidence is looked for with."""
    return frozenset(row["strength"] for row in _evidence().values() if row.get("computed", True))


@cache
def measured() -> dict[str, dict[str, Any]]:
    """measured.toml: how often each strength's way of finding errs, and on what data."""
    text = resources.files(__package__).joinpath("measured.toml").read_text("utf-8")
    return tomllib.loads(text)


def measured_words(strength: str) -> str:
    """What was measured for a strength, in one sentence with its data and date."""
    found = measured().get(strength)
    return f"{found['text']} ({found['on']}; {found['date'].isoformat()})" if found else ""


def _evidence() -> dict[str, dict[str, Any]]:
    text = resources.files("optout").joinpath("evidence.toml").read_text("utf-8")
    return {kind: row for kind, row in tomllib.loads(text).items() if isinstance(row, dict)}

"""A data set's row → why a pack does not look at its picture, or None."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import Any

from optout.datasets.editions import find

Row = dict[str, Any]


def not_looked_at(row: Row) -> str | None:
    """Why the address of `row` (columns of matches) is not fetched; None when it may be.

    >>> not_looked_at({"punsafe": 0.5, "edition": "mine"})
    'the data set calls the picture unsafe with a probability of 0.50'
    >>> not_looked_at({"punsafe": 0.44, "nsfw": "UNLIKELY", "edition": "mine"})
    """
    table = _table()
    for flag in table["flag"]:
        value = row.get(flag["column"])
        if _raised(flag, value):
            return str(flag["why"]).format(value=value)
    return str(table["withdrawn"]["why"]) if _withdrawn(row) else None


def _raised(flag: Row, value: Any) -> bool:
    if isinstance(value, str):
        return value.strip().casefold() in flag.get("is", ())
    least = flag.get("at_least")
    # What is no number (NaN) says nothing that could be relied on.
    return least is not None and value is not None and not value < least


def _withdrawn(row: Row) -> bool:
    """Whether its edition, or else its data set, is no longer published by its makers."""
    names = (row.get("edition"), row.get("dataset"))
    found = next((known for name in names if name and (known := find(name))), None)
    return found is not None and found[0].withdrawn


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads((resources.files(__package__) / "flags.toml").read_text("utf-8"))

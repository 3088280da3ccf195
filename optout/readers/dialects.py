"""dialects.toml → Dialect records."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import Any

from crawler.signals.robots_dialect import STRICT, Dialect


@cache
def dialects() -> dict[str, Dialect]:
    """Every way to read robots.txt by its name; "" is the letter of RFC 9309.

    >>> dialects()["google"].error_statuses
    (429,)
    """
    text = (resources.files(__package__) / "dialects.toml").read_text("utf-8")
    return {"": STRICT} | {name: _dialect(name, t) for name, t in tomllib.loads(text).items()}


def _dialect(name: str, table: dict[str, Any]) -> Dialect:
    fields = {key: value for key, value in table.items() if key not in ("source", "checked")}
    for key in ("keys", "error_statuses"):
        if key in fields:
            fields[key] = tuple(tuple(v) if isinstance(v, list) else v for v in fields[key])
    return Dialect(name=name, **fields)

"""limits.toml → whom not to ask, and how to ask the others."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources


@dataclass(frozen=True, slots=True)
class Limits:
    """The values of limits.toml; each is explained there."""

    punsafe: float
    nsfw: tuple[str, ...]
    gone: tuple[int, ...]
    hosts_at_once: int
    delay: float
    longest_delay: float
    failures: int
    seconds: float
    max_bytes: int
    fresh_days: float


@cache
def limits() -> Limits:
    """limits.toml."""
    table = tomllib.loads((resources.files(__package__) / "limits.toml").read_text("utf-8"))
    asking = {key: value for key, value in table["asking"].items() if key != "checked"}
    return Limits(
        punsafe=table["never"]["punsafe"],
        nsfw=tuple(table["never"]["nsfw"]),
        gone=tuple(table["gone"]["status"]),
        **asking,
    )

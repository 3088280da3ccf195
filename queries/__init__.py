"""The SQL files of this folder, by name. Each holds one SELECT, its header is its contract."""

from __future__ import annotations

from functools import cache
from importlib import resources


@cache
def read(name: str) -> str:
    """Text of queries/<name>.sql. Raises FileNotFoundError for an unknown name."""
    return (resources.files(__package__) / f"{name}.sql").read_text("utf-8")


def names() -> list[str]:
    """Names of all queries, sorted."""
    files = resources.files(__package__).iterdir()
    return sorted(f.name.removesuffix(".sql") for f in files if f.name.endswith(".sql"))

"""readers.toml → Reader records."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources


@dataclass(frozen=True, slots=True)
class Reader:
    """A program that acts on signals; readers.toml explains each field."""

    name: str
    operator: str
    purpose: str
    method: str  # a key of `verdicts.METHODS`
    basis: str
    source: str
    checked: date
    token: str = ""  # its product token in robots.txt; its own name in header lines
    directives: tuple[str, ...] = ()  # header rules it obeys
    clause: str = ""
    commit_date: date | None = None
    valid_from: date | None = None


@cache
def readers() -> tuple[Reader, ...]:
    """All readers, in the order of the table.

    >>> [reader.name for reader in readers()]
    ['img2dataset', 'CCBot', 'GPTBot', 'Google-Extended', 'ClaudeBot']
    """
    text = (resources.files(__package__) / "readers.toml").read_text("utf-8")
    return tuple(
        Reader(name=name, **{**fields, "directives": tuple(fields.get("directives", ()))})
        for name, fields in tomllib.loads(text).items()
    )

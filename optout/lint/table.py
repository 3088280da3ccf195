"""checks.toml → Check records, and the registry of the functions that find them."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from importlib import import_module, resources
from typing import Any

from optout.lint.seen import Seen

# Worst first: what an artist loses.
SEVERITIES = ("loses protection", "loses search", "unclear", "note")
_FAMILIES = (
    *(
        "robots_groups",
        "robots_names",
        "robots_lines",
        "robots_files",
        "robots_search",
        "preferences",
    ),
    *("headers", "metas", "tdmrep", "site_files", "image_files", "site"),
)


@dataclass(frozen=True, slots=True)
class Check:
    """One trap. `effect` and `fix` name with $words what a `Found` brings."""

    id: str  # stable: never given to another trap
    title: str
    severity: str
    explanation: str  # for an illustrator
    effect: str  # what happens because of it, and to which reader
    fix: str  # lines to paste where that is possible
    source: str
    checked: date
    names: tuple[str, ...] = ()  # words that the function looks for, where they may change
    limit: float = 0  # a number likewise


@dataclass(frozen=True, slots=True)
class Found:
    """A place where a trap lies: address, line from 1, raw text, and words for the templates."""

    url: str
    line: int | None = None
    raw: str = ""
    words: dict[str, str] = field(default_factory=dict)


Function = Callable[[Seen], Iterator[Found]]
_FUNCTIONS: dict[str, Function] = {}


def finds(check_id: str) -> Callable[[Function], Function]:
    """Register the function of a check."""

    def register(function: Function) -> Function:
        assert check_id not in _FUNCTIONS, check_id
        _FUNCTIONS[check_id] = function
        return function

    return register


@cache
def functions() -> dict[str, Function]:
    """Check id → its function."""
    for family in _FAMILIES:
        import_module(f"optout.lint.{family}")
    return _FUNCTIONS


@cache
def checks() -> dict[str, Check]:
    """All checks by id, in the order of the table.

    >>> checks()["R01"].severity
    'unclear'
    """
    text = (resources.files(__package__) / "checks.toml").read_text("utf-8")
    return {
        key: Check(id=key, **{name: _tupled(value) for name, value in fields.items()})
        for key, fields in tomllib.loads(text).items()
    }


def _tupled(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value

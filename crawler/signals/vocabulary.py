"""vocabulary.toml and not_signals.toml → the words of every signal family, and what is no signal.

The parsers read forms; which words exist, since when and for what use, is data that changes
without code.
"""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

Value = Literal["allowed", "disallowed", "unknown"]
ALLOWED: Final = "allowed"
DISALLOWED: Final = "disallowed"
UNKNOWN: Final = "unknown"  # nothing said, or nothing that can be read

Status = Literal["current", "historic", "unregistered"]  # of a word, by its specification

_HERE = Path(__file__).parent


@cache
def words(family: str) -> dict[str, dict[str, Any]]:
    """Word → what is known of it, for one family (a table of vocabulary.toml).

    >>> words("content_usage")["train-ai"]["status"]
    'current'
    """
    tables: dict[str, dict[str, dict[str, Any]]] = _read("vocabulary.toml")
    return tables[family]


def status(family: str, word: str) -> Status:
    """Whether a word is current, of an older draft, or in none that we know.

    >>> status("content_usage", "train-genai"), status("content_usage", "no-such-word")
    ('historic', 'unregistered')
    """
    known: Status = words(family).get(word, {}).get("status", "unregistered")
    return known


def no_signal(kind: str, name: str) -> str | None:
    """Why something of this name is no reservation; None where nothing is known against it.

    `kind` is file (name of a path's last part), header, robots line, meta, property or status.

    >>> no_signal("file", "LLMS.txt")
    'tells language models what a site holds; it forbids nothing'
    """
    entry = _not_signals().get((kind, name.lower()))
    return None if entry is None else entry["because"]


@cache
def _not_signals() -> dict[tuple[str, str], dict[str, Any]]:
    entries: list[dict[str, Any]] = _read("not_signals.toml")["entry"]
    return {(one["kind"], name.lower()): one for one in entries for name in one["names"]}


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((_HERE / name).read_text("utf-8"))

"""agents.toml → product tokens and purpose tokens as they are written in robots.txt."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from typing import Any

from crawler.signals.robots_lines import names


@dataclass(frozen=True, slots=True)
class Agent:
    """A name that crawlers go by. agents.toml explains each field."""

    token: str
    operator: str = ""
    purposes: tuple[str, ...] = ()
    respects: str = ""
    note: str = ""

    @property
    def matchable(self) -> bool:
        """Whether a parser that keeps to RFC 9309 can ever match it (2.2.1).

        >>> Agent("GPTBot").matchable, Agent("img2dataset").matchable
        (True, False)
        """
        return self.token.lower() in names([self.token.encode()])


@dataclass(frozen=True, slots=True)
class PurposeToken:
    """A word for the User-agent line that stands for a purpose, whoever crawls."""

    name: str
    token: str  # "" while its spelling is not known
    purposes: tuple[str, ...]
    status: str
    source: str
    checked: date
    valid_from: date | None = None


@cache
def agents() -> tuple[Agent, ...]:
    """All known agents, in the order of the table."""
    return tuple(Agent(token=name, **tupled(fields)) for name, fields in _table()["agent"].items())


@cache
def purpose_tokens() -> tuple[PurposeToken, ...]:
    """All purpose tokens, those without a spelling too."""
    table = _table()["purpose_token"]
    return tuple(PurposeToken(name=name, **tupled(fields)) for name, fields in table.items())


@cache
def purposes() -> dict[str, str]:
    """The purposes there are, each with what it means.

    >>> list(purposes())[:2]
    ['generative training', 'AI training']
    """
    text = (resources.files(__package__) / "purposes.toml").read_text("utf-8")
    return {name: fields["means"] for name, fields in tomllib.loads(text).items()}


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads((resources.files(__package__) / "agents.toml").read_text("utf-8"))


def tupled(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields of a table with their lists as tuples, which records hold."""
    return {key: tuple(v) if isinstance(v, list) else v for key, v in fields.items()}

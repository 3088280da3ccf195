"""agents.toml → the names that are asked to stay away, and those that are left as they are.

The one place where `optout protect` learns of agents, so that another table can take its place.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

TRAINING = frozenset({"AI training", "generative training", "dataset collection"})
SEARCH = "search index"


@dataclass(frozen=True, slots=True)
class Agent:
    """A name that a crawler goes by; agents.toml explains each field."""

    token: str
    operator: str = ""
    purposes: tuple[str, ...] = ()
    user_agent: str = ""
    note: str = ""

    @property
    def searches(self) -> bool:
        """Whether being found hangs on it."""
        return SEARCH in self.purposes

    @property
    def trains(self) -> bool:
        """Whether it gathers for training and for nothing that helps to be found."""
        return bool(TRAINING & set(self.purposes)) and not self.searches


@cache
def agents() -> tuple[Agent, ...]:
    """All names, in the order of the table; words that mean a purpose first.

    >>> [agent.token for agent in agents() if agent.trains][:2]
    ['GPTBot', 'ClaudeBot']
    """
    table = tomllib.loads((resources.files(__package__) / "agents.toml").read_text("utf-8"))
    words = [
        Agent(entry["token"], purposes=tuple(entry["purposes"]))
        for entry in table["purpose_token"].values()
        if entry["token"]
    ]
    return (*words, *(_agent(name, fields) for name, fields in table["agent"].items()))


def asked_to_stay_away() -> tuple[str, ...]:
    """Names for the group of robots.txt that forbids everything."""
    return tuple(agent.token for agent in agents() if agent.trains)


def search_agents() -> tuple[Agent, ...]:
    """Those on which being found hangs: no rule for them may change."""
    return tuple(agent for agent in agents() if agent.searches)


def _agent(name: str, fields: dict[str, Any]) -> Agent:
    return Agent(name, **fields | {"purposes": tuple(fields.get("purposes", ()))})

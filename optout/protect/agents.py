"""The list of names in optout/readers → those asked to stay away, and those left as they are.

The one place where `optout protect` learns of agents.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from optout.readers import agents as known

# Purposes of optout/readers/purposes.toml.
TRAINING = frozenset(
    {"AI training", "generative training", "text and data mining", "dataset collection"}
)
SEARCH = "search index"


@dataclass(frozen=True, slots=True)
class Agent:
    """A name that a crawler goes by."""

    token: str
    operator: str = ""
    purposes: tuple[str, ...] = ()
    user_agent: str = ""  # what it sends as User-Agent, where its operator says so

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
    """All names: words that mean a purpose, then names in the order of the list.

    >>> {"GPTBot", "CCBot"} <= {agent.token for agent in agents() if agent.trains}
    True
    """
    more = _table()
    sent = {token: entry["text"] for token, entry in more["user_agent"].items()}
    words = [Agent(w.token, purposes=w.purposes) for w in known.purpose_tokens() if w.token]
    named = [Agent(a.token, a.operator, a.purposes, sent.get(a.token, "")) for a in known.agents()]
    found = [Agent(token, e["operator"], (SEARCH,)) for token, e in more["search"].items()]
    return (*words, *named, *found)


def asked_to_stay_away() -> tuple[str, ...]:
    """Names for the group of robots.txt that forbids everything."""
    return tuple(agent.token for agent in agents() if agent.trains)


def search_agents() -> tuple[Agent, ...]:
    """Those on which being found hangs: no rule for them may change."""
    return tuple(agent for agent in agents() if agent.searches)


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads((resources.files(__package__) / "agents.toml").read_text("utf-8"))

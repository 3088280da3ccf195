"""Headers, metas and robots.txt of the artist's own hosts → dated facts for a letter."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from crawler.signals.robots_txt import rules_for
from optout.requests.hosts import OwnHosts, host_of

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Fact:
    """One reservation as a crawl saw it."""

    origin: str
    text: str  # key of the language's text that says it, e.g. "signal.image"
    values: tuple[tuple[str, str], ...]  # what that text names, e.g. ("value", "noai")
    places: int  # images or pages that carry it; 0 for a host as a whole
    first_seen: str  # day, ISO 8601
    last_seen: str


def facts(headers: Iterable[Row], robots: Iterable[Row], own: OwnHosts) -> tuple[Fact, ...]:
    """The reservations found on the artist's own hosts, in order of host and statement.

    Only what reserves (signals.toml); a letter must not call a caching header a reservation.
    """
    found = [fact for row in headers if (fact := _header_fact(row))]
    found += [fact for row in robots for fact in _robots_facts(row)]
    mine = (fact for fact in found if own.own(host_of(fact.origin)))
    return tuple(sorted(mine, key=lambda fact: (fact.origin, fact.text, fact.values)))


def _header_fact(row: Row) -> Fact | None:
    name, value = row["signal"] or "", row["value"] or ""
    if not any(n.search(name) and v.search(value) for n, v in _patterns()):
        return None
    said = (("name", name), ("value", value))
    seen = (row["first_seen"], row["last_seen"])
    return Fact(row["origin"], f"signal.{row['subject']}", said, row["places"], *seen)


def _robots_facts(row: Row) -> Iterator[Fact]:
    """What robots.txt closes as a whole; a status that closes everything is no reservation."""
    rules = rules_for(row["status"], row["body"])
    agents: dict[tuple[int, str], list[str]] = {}
    for agent in _table()["agents"]:
        decision = rules.decide(agent, "/")
        if not decision.allowed and decision.line:
            agents.setdefault((decision.line, decision.raw.strip()), []).append(agent)
    for (line, raw), names in agents.items():
        said = (("agents", ", ".join(names)), ("line", str(line)), ("raw", raw))
        yield Fact(row["origin"], "signal.robots", said, 0, row["first_seen"], row["last_seen"])


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], re.Pattern[str]], ...]:
    return tuple((re.compile(s["name"]), re.compile(s["value"])) for s in _table()["signal"])


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads((resources.files(__package__) / "signals.toml").read_text("utf-8"))

"""rules.toml → the rules as frozen records, patterns compiled."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, TypeVar


@dataclass(frozen=True, slots=True)
class Unwrap:
    """An address that holds another one: `pattern` has the group `target`, sometimes `base`."""

    name: str
    hosts: tuple[str, ...]
    pattern: re.Pattern[str]
    decode: str  # "percent" or "hex"


@dataclass(frozen=True, slots=True)
class Rule:
    """A platform's address form; `key` is filled with the groups of `pattern`."""

    name: str
    hosts: tuple[str, ...]
    pattern: re.Pattern[str]
    key: str


@dataclass(frozen=True, slots=True)
class Rewrite:
    """A part of the path that says only size or format, on any host."""

    name: str
    when: re.Pattern[str] | None
    pattern: re.Pattern[str]
    to: str


@dataclass(frozen=True, slots=True)
class Rules:
    """All of rules.toml, by the host suffix each rule is asked for ("" for every host)."""

    unwraps: dict[str, tuple[Unwrap, ...]]
    platforms: dict[str, tuple[Rule, ...]]
    rewrites: tuple[Rewrite, ...]
    dropped: frozenset[str]  # query parameters, lower-case
    dropped_prefixes: tuple[str, ...]
    bare: re.Pattern[str]
    carriers: frozenset[str]
    others: frozenset[str]
    shortest: int
    shortest_words: int
    low_information: re.Pattern[str]
    sizes: re.Pattern[str]  # size marks at the end of a name


def text() -> str:
    """rules.toml as it stands; the tests run its examples."""
    return (resources.files(__package__) / "rules.toml").read_text("utf-8")


R = TypeVar("R", Unwrap, Rule)


@cache
def rules() -> Rules:
    """The rules, read once."""
    data = tomllib.loads(text())
    parameters, stems = data["parameters"], data["stems"]
    return Rules(
        unwraps=_by_host(map(_unwrap, data["unwrap"])),
        platforms=_by_host(map(_rule, data["rule"])),
        rewrites=tuple(map(_rewrite, data["rewrite"])),
        dropped=frozenset(
            name.lower() for group in ("tracking", "cache", "resize") for name in parameters[group]
        ),
        dropped_prefixes=tuple(parameters["tracking_prefixes"]),
        bare=re.compile(parameters["bare"]),
        carriers=frozenset(data["embedded"]["carriers"]),
        others=frozenset(data["embedded"]["others"]),
        shortest=stems["shortest"],
        shortest_words=stems["shortest_words"],
        sizes=re.compile(stems["sizes"]),
        low_information=re.compile("|".join(f"(?:{p})" for p in stems["low_information"])),
    )


def for_host(table: dict[str, tuple[R, ...]], host: str) -> Iterable[R]:
    """Rules that name `host` or a name above it, then those for every host."""
    labels = host.split(".")
    for start in range(len(labels) - 1):
        yield from table.get(".".join(labels[start:]), ())
    yield from table.get("", ())


def _by_host(found: Iterable[R]) -> dict[str, tuple[R, ...]]:
    table: dict[str, list[R]] = {}
    for rule in found:
        hosts: tuple[str, ...] = rule.hosts or ("",)
        for host in hosts:
            table.setdefault(host, []).append(rule)
    return {host: tuple(rules_there) for host, rules_there in table.items()}


def _unwrap(entry: dict[str, Any]) -> Unwrap:
    hosts = tuple(entry.get("hosts", ()))
    pattern = re.compile(entry["pattern"])
    return Unwrap(entry["name"], hosts, pattern, entry.get("decode", "percent"))


def _rule(entry: dict[str, Any]) -> Rule:
    return Rule(entry["name"], tuple(entry["hosts"]), re.compile(entry["pattern"]), entry["key"])


def _rewrite(entry: dict[str, Any]) -> Rewrite:
    when = re.compile(entry["when"]) if "when" in entry else None
    return Rewrite(entry["name"], when, re.compile(entry["pattern"]), entry["to"])

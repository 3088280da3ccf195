"""A host → the rules of wrappers and platforms it is asked for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Generic

from optout.identity.kinds import R, Rule, Unwrap
from optout.identity.memory import Memory
from optout.identity.rules import rules

_WWW = re.compile(r"www\.(?=[^.]+\.)")


@dataclass(frozen=True, slots=True)
class Asked(Generic[R]):
    """The rules one host is asked for: its own, and those for all that need a certain word."""

    own: bool  # some name this host
    always: tuple[R, ...]
    by_word: tuple[R, ...]
    words: tuple[str, ...]  # of the rules by word

    def near(self, text: str) -> tuple[R, ...]:
        """Those that may fit `text` (lower-case)."""
        for word in self.words:
            if word in text:
                return self.always + tuple(
                    rule for rule in self.by_word if any(need in text for need in rule.needs)
                )
        return self.always


@dataclass(frozen=True, slots=True)
class Host:
    """What is known of a host by its name alone."""

    bare: str  # without "www."
    unwraps: Asked[Unwrap]
    platforms: Asked[Rule]


def _host(name: str) -> Host:
    www = _WWW.match(name)
    bare = name[www.end() :] if www else name
    return Host(bare, _unwraps_for(name), _platforms_for(name))


def _unwraps_for(host: str) -> Asked[Unwrap]:
    return _for_host(rules().unwraps, host) or _unwraps_for_all()


def _platforms_for(host: str) -> Asked[Rule]:
    return _for_host(rules().platforms, host) or _platforms_for_all()


@cache
def _unwraps_for_all() -> Asked[Unwrap]:
    return _asked(rules().unwraps.get("", ()), own=False)


@cache
def _platforms_for_all() -> Asked[Rule]:
    return _asked(rules().platforms.get("", ()), own=False)


def _for_host(table: Mapping[str, tuple[R, ...]], host: str) -> Asked[R] | None:
    """The rules that name `host` or a name above it, then those for every host."""
    found: tuple[R, ...] = ()
    name, dot = host, "."
    while dot and "." in name:
        found += table.get(name, ())
        _, dot, name = name.partition(".")
    return _asked(found + table.get("", ()), own=True) if found else None


def _asked(found: tuple[R, ...], own: bool) -> Asked[R]:
    always = tuple(rule for rule in found if not rule.needs)
    by_word = tuple(rule for rule in found if rule.needs)
    words = dict.fromkeys(word for rule in by_word for word in rule.needs)
    return Asked(own, always, by_word, tuple(words))


# What is known of a host by its name (lower-case, without port).
HOSTS = Memory(_host)

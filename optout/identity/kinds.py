"""The rules of rules.toml as frozen records, patterns compiled."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar


@dataclass(frozen=True, slots=True)
class Unwrap:
    """An address that holds another one: `pattern` has the group `target`, sometimes `base`."""

    name: str
    hosts: tuple[str, ...]
    needs: tuple[str, ...]  # one of these stands in every address (lower-case) that fits
    pattern: re.Pattern[str]
    decode: str  # "percent", "hex" or "base64"
    # The target must begin with a host below a known public suffix, and the folders before it, the
    # group `before`, must each fit this.
    between: re.Pattern[str] | None


@dataclass(frozen=True, slots=True)
class Rule:
    """A platform's address form; `key` is filled with the groups of `pattern`."""

    name: str
    hosts: tuple[str, ...]
    needs: tuple[str, ...]
    pattern: re.Pattern[str]
    key: str


@dataclass(frozen=True, slots=True)
class Rewrite:
    """A part of the path that says only size or format, on any host."""

    name: str
    needs: tuple[str, ...]
    appended: bool  # only where something follows the extension of a picture
    when: re.Pattern[str] | None
    pattern: re.Pattern[str]
    to: str


@dataclass(frozen=True, slots=True)
class Marks:
    """Several patterns in one; the group that fits, r0, r1 …, says which."""

    pattern: re.Pattern[str]
    names: Mapping[str, str]  # group → name of the rule

    def name(self, found: re.Match[str]) -> str:
        """The rule that made the match."""
        return self.names[found.lastgroup or ""]


@dataclass(frozen=True, slots=True)
class Stems:
    """How a candidate key is made from a file name."""

    ends: re.Pattern[str]
    starts: re.Pattern[str]
    letter: re.Pattern[str]  # a size straight after a number; keeps group 1
    shortest: int
    shortest_words: int
    shortest_number: int
    longest_number: int
    folders: int
    low_information: re.Pattern[str]
    content: re.Pattern[str]  # folders and names that say no more than "picture"


@dataclass(frozen=True, slots=True)
class Parameters:
    """Query parameters, lower-case."""

    dropped: frozenset[str]
    prefixes: tuple[str, ...]
    bare: re.Pattern[str]
    sizes: frozenset[str]  # dropped wherever the value is a size
    size: re.Pattern[str]
    carriers: frozenset[str]
    others: frozenset[str]


@dataclass(frozen=True, slots=True)
class Rules:
    """All of rules.toml; rules of platforms by the host suffix they name ("" for every host)."""

    unwraps: Mapping[str, tuple[Unwrap, ...]]
    platforms: Mapping[str, tuple[Rule, ...]]
    rewrites: tuple[Rewrite, ...]
    rewrite_folders: Mapping[str, frozenset[int]]  # a folder of `needs`, numbers of its rewrites
    rewrite_words: tuple[tuple[str, int], ...]  # any other word of `needs`
    rewrites_appended: frozenset[int]
    folders: Marks
    telling_folders: Marks
    ends: Marks
    telling_ends: Marks
    starts: Marks
    telling_starts: Marks
    any_end: re.Pattern[str]  # fits wherever one of the two does
    any_start: re.Pattern[str]
    parameters: Parameters
    stems: Stems


R = TypeVar("R", Unwrap, Rule)


@dataclass(frozen=True, slots=True)
class Asked(Generic[R]):
    """The rules one host is asked for: its own, and those for all that need a certain word."""

    always: tuple[R, ...]
    by_word: tuple[R, ...]
    words: tuple[str, ...]

    def near(self, text: str) -> tuple[R, ...]:
        """Those that may fit `text` (lower-case)."""
        for word in self.words:
            if word in text:
                return self.always + tuple(
                    rule for rule in self.by_word if any(need in text for need in rule.needs)
                )
        return self.always

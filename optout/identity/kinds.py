"""The rules of rules.toml as frozen records, patterns compiled."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar


@dataclass(frozen=True, slots=True)
class Unwrap:
    """An address that holds another one: `pattern` has the group `target`, sometimes `base`."""

    name: str
    hosts: tuple[str, ...]
    # One of these stands in the path (lower-case) of every address that fits. With "?" instead, it
    # has a query, in which the table's `query` fits.
    needs: tuple[str, ...]
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
    folder: re.Pattern[str] | None  # fits a folder of every path that fits
    exact: bool  # single folders say for sure whether one of `needs` is there
    marks: bool  # changes only file names that may have marks of size
    appended: bool  # only where something follows the extension of a picture
    when: re.Pattern[str] | None
    pattern: re.Pattern[str]
    to: str

    def needed(self, path: str) -> bool:
        """Whether `path` (lower-case) has one of the words, if there are any."""
        return not self.needs or any(word in path for word in self.needs)


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
    inner: re.Pattern[str]  # fits every name with an end that `last` of the rules does not fit
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
    folders: Marks
    telling_folders: Marks
    ends: Marks
    telling_ends: Marks
    starts: Marks
    telling_starts: Marks
    any_start: re.Pattern[str]  # fits wherever one of the two does
    # Of names in lower case, without extension; they also fit others.
    last: re.Pattern[str]  # every name with a mark of size at its end, but for `inner` of the stems
    last_piece: re.Pattern[str]  # what stands in such a name after its last sign
    first_piece: re.Pattern[str]  # what stands before the first sign where a mark is at the start
    queries: re.Pattern[str]  # fits every query by which a wrapper carries an address
    parameters: Parameters
    stems: Stems


R = TypeVar("R", Unwrap, Rule)

"""readers.toml → Reader records."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from importlib import resources
from typing import Any

from optout.readers.agents import PurposeToken, purpose_tokens, tupled

EXECUTED = "executed source"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of header lines or metas that a reader's documentation speaks of."""

    name: str
    value: str  # the verdict it gives
    means: str
    when: str = ""  # "past": only where its date lies before the observation


@dataclass(frozen=True, slots=True)
class Reader:
    """A program that acts on signals; readers.toml explains each field."""

    name: str
    operator: str
    purpose: str
    purposes: tuple[str, ...]
    method: str  # a key of `verdicts.METHODS`
    basis: str
    source: str
    checked: date
    valid_from: date | None = None
    token: str = ""  # its product token in robots.txt; its own name in header lines
    instead: tuple[str, ...] = ()  # tokens it obeys where it is not named itself
    dialect: str = ""  # of `dialects`
    families: tuple[str, ...] = ()  # of `families`, for the method reservations
    directives: tuple[str, ...] = ()  # header rules it obeys
    called: tuple[str, ...] = ()  # names by which rules can call it; without, its token
    rules: tuple[Rule, ...] = ()  # of header lines and metas about the address itself
    page_rules: tuple[Rule, ...] = ()  # of a page, about the images it shows
    lines_read: str = "all"
    may_ignore: str = ""
    clause: str = ""
    version: str = ""
    commit_date: date | None = None
    report: bool = False

    @property
    def names(self) -> frozenset[str]:
        """Names by which header rules and metas speak to it, lower-case; everybody's is "*"."""
        return frozenset({"*", *(name.lower() for name in self.called or (self.token,) if name)})

    @property
    def exact(self) -> bool:
        """Whether its verdict is what the program does, not what is said about it."""
        return self.basis == EXECUTED


@cache
def readers() -> tuple[Reader, ...]:
    """All readers, in the order of the table; then those of purpose tokens.

    >>> [reader.name for reader in readers()][:3]
    ['img2dataset', 'datadiligence', 'CCBot']
    """
    text = (resources.files(__package__) / "readers.toml").read_text("utf-8")
    return read_table(tomllib.loads(text), purpose_tokens())


@cache
def reported() -> tuple[Reader, ...]:
    """Those that reports show.

    >>> [reader.name for reader in reported()]
    ['img2dataset', 'CCBot', 'GPTBot', 'Google-Extended', 'ClaudeBot']
    """
    return tuple(reader for reader in readers() if reader.report)


def read_table(table: dict[str, Any], tokens: tuple[PurposeToken, ...]) -> tuple[Reader, ...]:
    """Readers of a table as in readers.toml, then one per purpose token that has a spelling."""
    named = tuple(_reader(name, fields) for name, fields in table.items())
    return named + tuple(_by_purpose(token) for token in tokens if token.token)


def called(reader: Reader, token: str) -> Reader:
    """The same reader under another product token: how would a crawler of that name fare?

    >>> called(next(r for r in readers() if r.name == "RFC 9309"), "img2dataset").name
    'RFC 9309 (img2dataset)'
    """
    return replace(reader, name=f"{reader.name} ({token})", token=token)


def _reader(name: str, fields: dict[str, Any]) -> Reader:
    rules: dict[str, Any] = {
        key: tuple(Rule(**rule) for rule in fields[key])
        for key in ("rules", "page_rules")
        if key in fields
    }
    return Reader(name=name, **(tupled(fields) | rules))


def _by_purpose(token: PurposeToken) -> Reader:
    return Reader(
        name=token.name,
        operator="every crawler that honours it",
        purpose=" and ".join(token.purposes),
        purposes=token.purposes,
        method="robots_txt",
        basis="specification",
        source=token.source,
        checked=token.checked,
        valid_from=token.valid_from,
        token=token.token,
    )

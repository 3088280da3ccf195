"""Bytes of a robots.txt → its groups as every dialect sees them: whom they name and shut out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache

from crawler.signals.path_pattern import path_pattern
from crawler.signals.robots_dialect import Dialect
from crawler.signals.robots_lines import RULES, names
from crawler.signals.robots_txt import Directive, RobotsTxt, parse
from optout.readers.dialects import dialects

GLOBAL = ("sitemap", "license")  # these speak for the whole file, wherever they stand
EVERYTHING = frozenset({"/", "*", "/*"})
Rules = frozenset[tuple[str, bytes]]  # key and pattern
_TOKEN = re.compile(r"[A-Za-z_-]+")


@dataclass(slots=True)
class Block:
    """One group as written: its user-agent lines and everything up to the next group."""

    agents: list[Directive] = field(default_factory=list)
    others: list[Directive] = field(default_factory=list)

    @property
    def shape(self) -> tuple[tuple[int, str], ...]:
        """Where its user-agent lines and rules stand: equal where two dialects see one group."""
        rules = ((d.line, d.key) for d in self.others if d.key in RULES)
        return (*((d.line, d.key) for d in self.agents), *rules)


@dataclass(frozen=True, slots=True)
class Reading:
    """A file as one kind of parser reads it."""

    robots: RobotsTxt
    blocks: tuple[Block, ...]
    named: Mapping[str, list[Block]]  # by what a user-agent line may mean, see `meanings`

    @property
    def first(self) -> int | None:
        """The line that begins its first group."""
        return self.blocks[0].agents[0].line if self.blocks else None


def readings(text: bytes) -> tuple[Reading, ...]:
    """The file by every dialect that reads text its own way, that of RFC 9309 first."""
    return tuple(reading(parse(text, dialect)) for dialect in _dialects())


def reading(robots: RobotsTxt) -> Reading:
    """The groups of a file that was parsed."""
    blocks = tuple(blocks_of(robots.lines))
    named: dict[str, list[Block]] = {}
    for block in blocks:
        for name in dict.fromkeys(name for d in block.agents for name in meanings(d.value)):
            named.setdefault(name, []).append(block)
    return Reading(robots, blocks, named)


@cache
def _dialects() -> tuple[Dialect, ...]:
    """One of those that differ only in what they make of an answer's status."""
    found: dict[Dialect, Dialect] = {}
    for one in dialects().values():
        alike = replace(one, name="", clause="", error_statuses=(), open_when_unreachable=False)
        found.setdefault(alike, one)
    return tuple(found.values())


def blocks_of(directives: Iterable[Directive]) -> Iterator[Block]:
    """The groups in order; what stands before the first one belongs to none."""
    block: Block | None = None
    for line in directives:
        if line.key == "user-agent":
            if block is None or any(d.key in RULES for d in block.others):
                if block:
                    yield block
                block = Block()
            block.agents.append(line)
        elif block:
            block.others.append(line)
    if block:
        yield block


def token(value: str) -> str:
    """The product token of a user-agent value, lower-case (RFC 9309, 2.2.1).

    >>> token("GPTBot/1.0"), token("*"), token("9")
    ('gptbot', '*', '')
    """
    return next(iter(names((value.encode("utf-8", "replace"),))), "")


def matchable(name: str) -> bool:
    """Whether a reader that keeps to RFC 9309 can know a crawler by this name.

    >>> matchable("GPTBot"), matchable("img2dataset")
    (True, False)
    """
    return _TOKEN.fullmatch(name) is not None


def meanings(value: str) -> tuple[str, ...]:
    """What a user-agent line may mean, lower-case: its token, and all of it for lax readers.

    >>> meanings("GPTBot/1.0"), meanings("img2dataset"), meanings("9")
    (('gptbot', 'gptbot/1.0'), ('img', 'img2dataset'), ('9',))
    """
    return tuple(dict.fromkeys(name for name in (token(value), value.strip().lower()) if name))


def let_in(file: Reading, names: Iterable[str]) -> set[str]:
    """The names to whom something is open: by their own groups, else by those for "*"."""
    everybody = file.named.get("*", [])
    others = not forbid_all(d for block in everybody for d in block.others)
    found = set()
    for name in names:
        own = file.named.get(name.lower())
        if not forbid_all(d for block in own for d in block.others) if own else others:
            found.add(name)
    return found


def forbid_all(lines: Iterable[Directive]) -> bool:
    """Whether rules leave nothing open: a rule forbids everything, and none allows.

    >>> forbid_all(parse(b"User-agent: a\\nDisallow: /\\nAllow:").lines)
    True
    """
    return shuts_all(rules_of(lines))


def shuts_all(rules: Rules) -> bool:
    """The same of rules."""
    shut = any(key == "disallow" and path.decode("latin-1") in EVERYTHING for key, path in rules)
    return shut and not any(key == "allow" for key, _ in rules)


def rules_of(lines: Iterable[Directive]) -> Rules:
    """Key and pattern of the rules among some lines; what matches no address is none."""
    return frozenset(
        (d.key, d.octets) for d in lines if d.key in RULES and d.octets and path_pattern(d.octets)
    )

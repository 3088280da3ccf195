"""Bytes of a robots.txt → its groups as every dialect sees them: whom they name and shut out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from crawler.signals.path_pattern import path_pattern
from crawler.signals.robots_lines import RULES, names
from crawler.signals.robots_txt import Directive, RobotsTxt, parse
from optout.readers.dialects import dialects

GLOBAL = ("sitemap", "license")  # these speak for the whole file, wherever they stand
EVERYTHING = frozenset({"/", "*", "/*"})
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

    @property
    def first(self) -> int | None:
        """The line that begins its first group."""
        return self.blocks[0].agents[0].line if self.blocks else None


def readings(text: bytes) -> tuple[Reading, ...]:
    """The file by every dialect, that of RFC 9309 first."""
    files = (parse(text, dialect) for dialect in dialects().values())
    return tuple(Reading(robots, tuple(blocks_of(robots.lines))) for robots in files)


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


def means(value: str, wanted: Iterable[str]) -> bool:
    """Whether a user-agent line means one of these names, for strict readers or for others."""
    whole, short = value.strip().lower(), token(value)
    return any(
        name.lower() == whole or (name.lower() == short and matchable(name)) for name in wanted
    )


def lets_in(file: Reading, name: str) -> bool:
    """Whether something is open to `name`: by its own groups, else by those for "*"."""
    own = [block for block in file.blocks if any(means(d.value, [name]) for d in block.agents)]
    rest = [block for block in file.blocks if any(token(d.value) == "*" for d in block.agents)]
    return not forbid_all(d for block in own or rest for d in block.others)


def forbid_all(lines: Iterable[Directive]) -> bool:
    """Whether rules leave nothing open: a rule forbids everything, and none allows.

    >>> forbid_all(parse(b"User-agent: a\\nDisallow: /\\nAllow:").lines)
    True
    """
    rules = rules_of(lines)
    shut = any(key == "disallow" and path.decode("latin-1") in EVERYTHING for key, path in rules)
    return shut and not any(key == "allow" for key, _ in rules)


def rules_of(lines: Iterable[Directive]) -> frozenset[tuple[str, bytes]]:
    """Key and pattern of the rules among some lines; what matches no address is none."""
    return frozenset(
        (d.key, d.octets) for d in lines if d.key in RULES and d.octets and path_pattern(d.octets)
    )

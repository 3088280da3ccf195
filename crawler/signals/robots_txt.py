"""Bytes of a robots.txt, or the lack of them → what a product token may fetch, and the line why.

RFC 9309 to the letter, on any bytes, unless another `Dialect` is given; nothing here raises.
What the RFC does not define (Content-Signal, Content-Usage, License, typing errors) is kept as
text in `RobotsTxt.lines`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from crawler.signals.path_pattern import PathPattern, path_pattern, target_octets
from crawler.signals.robots_dialect import STRICT, Dialect
from crawler.signals.robots_lines import LIMIT, RULES, Block, blocks, names

__all__ = ["LIMIT", "Decision", "Directive", "RobotsTxt", "parse", "rules_for"]

# Lines that speak for the whole file, wherever they stand (sitemaps.org; RSL 1.0).
_GLOBAL = frozenset({"sitemap", "license"})
_INDEX_PAGE = re.compile(rb"(.*/)index\.htm[^/]*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Directive:
    """One non-empty line. `key` is "" for a comment or a line without a colon."""

    line: int  # counted from 1
    raw: str  # as written, without the line end
    key: str  # lower-case
    value: str
    octets: bytes = field(default=b"", repr=False)  # the value undecoded
    agents: tuple[str, ...] = ()  # its group's user-agent values as written; () outside a group


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether one target may be fetched, and what decided."""

    allowed: bool
    line: int | None  # of the deciding rule; None where no rule matched
    raw: str
    group: str | None  # value of the user-agent line that selected the group
    clause: str


_Group = tuple[str, Block]  # user-agent value as written, the lines that it heads
_Rule = tuple[bytes, PathPattern, Decision]  # what a target begins with, tried before the rest


@dataclass(frozen=True, slots=True)
class _Rules:
    """What speaks to one product token, ready to match."""

    ordered: list[_Rule]  # the most specific first, an allow before its like
    wild: list[_Rule]  # those that are more than a prefix
    prefixes: tuple[bytes, ...]  # of all others
    otherwise: Decision

    def decide(self, target: bytes) -> Decision:
        rules = self.ordered if target.startswith(self.prefixes) else self.wild
        for start, pattern, decision in rules:
            if target.startswith(start) and pattern.covers(target):
                return decision
        return self.otherwise


@dataclass(frozen=True, slots=True)
class RobotsTxt:
    """A robots.txt as read; `blanket` is set where its status decided for everything."""

    blanket: Decision | None = None
    dialect: Dialect = STRICT
    _blocks: tuple[Block, ...] = field(default=(), repr=False)
    _groups: dict[str, list[_Group]] = field(default_factory=dict, repr=False)  # by token
    # Made when first asked for: most files are asked about few tokens.
    _rules: dict[str, _Rules] = field(default_factory=dict, repr=False, compare=False)
    _patterns: dict[bytes, PathPattern | None] = field(
        default_factory=dict, repr=False, compare=False
    )
    _lines: list[Directive] = field(default_factory=list, repr=False, compare=False)
    _spoken: dict[str, tuple[Directive, ...]] = field(
        default_factory=dict, repr=False, compare=False
    )

    @property
    def lines(self) -> tuple[Directive, ...]:
        """Every line that is not blank, in order."""
        if not self._lines:
            self._lines.extend(line for block in self._blocks for line in _directives(block))
        return tuple(self._lines)

    @property
    def sitemaps(self) -> tuple[str, ...]:
        """Values of the Sitemap lines, in order."""
        return tuple(d.value for d in self.lines if d.key == "sitemap" and d.value)

    def decide(self, token: str, target: str) -> Decision:
        """May the crawler called `token` fetch `target` (path, "?" and query as in the address)?

        >>> robots = parse(b"User-agent: *\\nDisallow: /a\\nAllow: /a/b$")
        >>> robots.decide("GPTBot", "/a/b").line, robots.decide("GPTBot", "/a/b?c").line
        (3, 2)
        """
        if target == "/robots.txt" and self.dialect.own_file_allowed:
            return Decision(True, None, "", None, self.dialect.cite("2.2.2"))
        if self.blanket:
            return self.blanket
        name = self._name(token)
        if name is None:
            return Decision(True, None, "", None, self.dialect.cite("2.2.1"))
        rules = self._rules.get(name)
        if rules is None:
            rules = self._rules[name] = self._compiled(self._groups[name])
        return rules.decide(target_octets(target, decode=self.dialect.decodes_unreserved))

    def names(self, token: str) -> bool:
        """Whether a group is addressed to `token` itself, not only to everybody."""
        return token.lower() in self._groups

    def group_lines(self, token: str) -> tuple[Directive, ...]:
        """Lines, user-agent lines included, of the groups that speak to `token`, in order."""
        name = self._name(token)
        if name is None:
            return ()
        if name not in self._spoken:
            found = (d for _, block in self._groups[name] for d in _directives(block) if d.agents)
            self._spoken[name] = tuple(found)
        return self._spoken[name]

    def crawl_delay(self, token: str) -> float | None:
        """Seconds asked for between two requests (not in RFC 9309); the longest if several."""
        delays = (_seconds(d.value) for d in self.group_lines(token) if d.key == "crawl-delay")
        return max((seconds for seconds in delays if seconds is not None), default=None)

    def _name(self, token: str) -> str | None:
        """Key of the groups for `token`: its own, else "*", else None (RFC 9309, 2.2.1)."""
        name = token.lower()
        if name in self._groups:
            return name
        return "*" if "*" in self._groups else None

    def _compiled(self, groups: list[_Group]) -> _Rules:
        clause = self.dialect.cite("2.2.2")
        found: dict[tuple[str, bytes], _Rule] = {}
        for group, block in groups:
            for number, raw, key, value in block.records:
                for octets in _patterns(key, value, self.dialect):
                    pattern = self._pattern(octets)
                    if pattern and (key, octets) not in found:
                        text = raw.decode("utf-8", "replace")
                        decision = Decision(key == "allow", number, text, group, clause)
                        found[key, octets] = pattern.pieces[0], pattern, decision
        # Sorting keeps the order of the file among equals.
        ordered = sorted(found.values(), key=lambda rule: (-rule[1].octets, not rule[2].allowed))
        wild = [rule for rule in ordered if not rule[1].is_prefix]
        prefixes = tuple(start for start, pattern, _ in ordered if pattern.is_prefix)
        return _Rules(ordered, wild, prefixes, Decision(True, None, "", groups[0][0], clause))

    def _pattern(self, octets: bytes) -> PathPattern | None:
        """Groups often share their rules, so each pattern is taken apart once."""
        if octets not in self._patterns:
            self._patterns[octets] = path_pattern(
                octets,
                decode=self.dialect.decodes_unreserved,
                merge_stars=self.dialect.merges_stars,
            )
        return self._patterns[octets]


def parse(body: bytes, dialect: Dialect = STRICT) -> RobotsTxt:
    """Read a robots.txt. Any bytes will do; what is no rule is kept in `lines`.

    >>> robots = parse(b"User-agent: *\\nContent-Signal: ai-train=no\\nUser-agent: GPTBot\\n"
    ...                b"Disallow: /")
    >>> robots.decide("CCBot", "/").allowed   # an unknown line does not close the group
    False
    """
    found = tuple(blocks(body, dialect))
    groups: dict[str, list[_Group]] = {}
    for block in found:
        for name, value in names(block.agents, dialect).items():
            groups.setdefault(name, []).append((value, block))
    return RobotsTxt(None, dialect, found, groups)


def rules_for(status: int | None, body: bytes | None, dialect: Dialect = STRICT) -> RobotsTxt:
    """The rules that follow from how robots.txt was answered (RFC 9309, 2.3.1).

    `status` is that of the last answer, None when there was none (DNS, connection, TLS,
    time-out). A 3xx is a chain longer than was followed.

    >>> rules_for(503, b"User-agent: *\\nAllow: /").decide("GPTBot", "/").allowed
    False
    """
    if status is not None and 200 <= status < 300:
        return parse(body or b"", dialect)
    allowed, section = dialect.open_when_unreachable, "2.3.1.4"
    if status is not None and 300 <= status < 400:
        allowed, section = True, "2.3.1.2"
    elif status is not None and 400 <= status < 500 and status not in dialect.error_statuses:
        allowed, section = True, "2.3.1.3"
    return RobotsTxt(Decision(allowed, None, "", None, dialect.cite(section)), dialect)


def _directives(block: Block) -> Iterator[Directive]:
    agents = tuple(agent.decode("utf-8", "replace") for agent in block.agents)
    for number, raw, key, octets in block.records:
        value = octets.decode("utf-8", "replace")
        addressed = () if key in _GLOBAL else agents
        yield Directive(number, raw.decode("utf-8", "replace"), key, value, octets, addressed)


def _patterns(key: str, value: bytes, dialect: Dialect) -> tuple[bytes, ...]:
    """What a line of a group allows or disallows: nothing, a pattern, seldom a second one."""
    if key not in RULES or not value:
        return ()
    page = _INDEX_PAGE.fullmatch(value) if dialect.index_pages and key == "allow" else None
    return (value, page[1] + b"$") if page else (value,)


def _seconds(value: str) -> float | None:
    try:
        seconds = float(value)
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) and seconds >= 0 else None

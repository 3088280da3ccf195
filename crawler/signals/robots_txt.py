"""Bytes of a robots.txt, or the lack of them → what a product token may fetch, and the line why.

RFC 9309 to the letter, on any bytes; nothing here raises. What the RFC does not define
(Content-Signal, Content-Usage, License, typing errors) is kept as text in `RobotsTxt.lines`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from crawler.signals.path_pattern import PathPattern, path_pattern, target_octets

LIMIT = 500 * 2**10  # bytes that are read (RFC 9309, 2.5)
_BOM = b"\xef\xbb\xbf"
_TOKEN = re.compile(r"[A-Za-z_-]*")
_RULES = ("allow", "disallow")
# Lines that speak for the whole file, wherever they stand (sitemaps.org; RSL 1.0).
_GLOBAL = frozenset({"sitemap", "license"})


@dataclass(frozen=True, slots=True)
class Directive:
    """One non-empty line. `key` is "" for a comment or a line without a colon."""

    line: int  # counted from 1
    raw: str  # as written, without the line end
    key: str  # lower-case
    value: str
    octets: bytes = field(default=b"", repr=False)  # the value undecoded, as rules compare it
    agents: tuple[str, ...] = ()  # its group's user-agent values as written; () outside a group


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether one target may be fetched, and what decided."""

    allowed: bool
    line: int | None  # of the deciding rule; None where no rule matched
    raw: str
    group: str | None  # value of the user-agent line that selected the group
    clause: str


@dataclass(frozen=True, slots=True)
class Rule:
    """One allow or disallow line, ready to match."""

    allow: bool
    pattern: PathPattern
    line: Directive
    group: str  # value of the user-agent line that selected it


@dataclass(frozen=True, slots=True)
class RobotsTxt:
    """A robots.txt as read; `blanket` is set where its status decided for everything."""

    lines: tuple[Directive, ...] = ()
    blanket: Decision | None = None
    # Product token, lower-case → (user-agent value as written, lines of that group), in order.
    groups: dict[str, list[tuple[str, list[Directive]]]] = field(default_factory=dict, repr=False)
    _rules: dict[str, tuple[Rule, ...]] = field(default_factory=dict, repr=False, compare=False)

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
        if target == "/robots.txt":
            return Decision(True, None, "", None, "RFC 9309 2.2.2")
        if self.blanket:
            return self.blanket
        name = self._name(token)
        if name is None:
            return Decision(True, None, "", None, "RFC 9309 2.2.1")
        octets = target_octets(target)
        if name not in self._rules:
            self._rules[name] = _compile(self.groups[name])
        for rule in self._rules[name]:
            if rule.pattern.covers(octets):
                line = rule.line
                return Decision(rule.allow, line.line, line.raw, rule.group, "RFC 9309 2.2.2")
        return Decision(True, None, "", self.groups[name][0][0], "RFC 9309 2.2.2")

    def group_lines(self, token: str) -> tuple[Directive, ...]:
        """Lines, user-agent lines included, of the groups that speak to `token`, in order."""
        name = self._name(token)
        groups = self.groups[name] if name is not None else []
        return tuple(line for _, lines in groups for line in lines)

    def crawl_delay(self, token: str) -> float | None:
        """Seconds asked for between two requests (not in RFC 9309); the longest if several."""
        delays = (_seconds(d.value) for d in self.group_lines(token) if d.key == "crawl-delay")
        return max((seconds for seconds in delays if seconds is not None), default=None)

    def _name(self, token: str) -> str | None:
        """Key of the groups for `token`: its own, else "*", else None (RFC 9309, 2.2.1)."""
        name = token.lower()
        if name in self.groups:
            return name
        return "*" if "*" in self.groups else None


def parse(body: bytes) -> RobotsTxt:
    """Read a robots.txt. Any bytes will do; what is no rule is kept in `lines`.

    >>> robots = parse(b"User-agent: *\\nContent-Signal: ai-train=no\\nUser-agent: GPTBot\\n"
    ...                b"Disallow: /")
    >>> robots.decide("CCBot", "/").allowed   # an unknown line does not close the group
    False
    """
    groups: dict[str, list[tuple[str, list[Directive]]]] = {}
    finished: list[Directive] = []
    for block in _blocks(_records(body)):
        agents = tuple(d.value for d in block if d.key == "user-agent")
        lines = [d if d.key in _GLOBAL else replace(d, agents=agents) for d in block]
        finished.extend(lines)
        members = [d for d in lines if d.agents]
        for name, value in _names(agents).items():
            groups.setdefault(name, []).append((value, members))
    return RobotsTxt(tuple(finished), None, groups)


def rules_for(status: int | None, body: bytes | None) -> RobotsTxt:
    """The rules that follow from how robots.txt was answered (RFC 9309, 2.3.1).

    `status` is that of the last answer, None when there was none (DNS, connection, TLS,
    time-out). A 3xx is a chain longer than was followed.

    >>> rules_for(503, b"User-agent: *\\nAllow: /").decide("GPTBot", "/").allowed
    False
    """
    if status is not None and 200 <= status < 300:
        return parse(body or b"")
    if status is not None and 300 <= status < 400:
        return RobotsTxt(blanket=Decision(True, None, "", None, "RFC 9309 2.3.1.2"))
    if status is not None and 400 <= status < 500:
        return RobotsTxt(blanket=Decision(True, None, "", None, "RFC 9309 2.3.1.3"))
    return RobotsTxt(blanket=Decision(False, None, "", None, "RFC 9309 2.3.1.4"))


def _records(body: bytes) -> Iterator[Directive]:
    for number, raw in enumerate(_without_bom(_cut(body)).splitlines(), 1):
        if not raw.strip():
            continue
        key, colon, value = raw.partition(b"#")[0].partition(b":")
        octets = value.strip()
        yield Directive(
            line=number,
            raw=raw.decode("utf-8", "replace"),
            key=key.strip().decode("utf-8", "replace").lower() if colon else "",
            value=octets.decode("utf-8", "replace"),
            octets=octets,
        )


def _cut(body: bytes) -> bytes:
    """At most LIMIT bytes, without a cut line: half a "Disallow: /private" is "Disallow: /"."""
    if len(body) <= LIMIT or body[LIMIT : LIMIT + 1] in (b"\r", b"\n"):
        return body[:LIMIT]
    kept = body[:LIMIT]
    return kept[: max(kept.rfind(b"\n"), kept.rfind(b"\r")) + 1]


def _without_bom(body: bytes) -> bytes:
    """Not in the RFC: editors write a byte order mark, some proxies lose a part of it."""
    for length in (3, 2, 1):
        if body.startswith(_BOM[:length]):
            return body[length:]
    return body


def _blocks(records: Iterator[Directive]) -> Iterator[list[Directive]]:
    """Split at each user-agent line that follows a rule; the first block may have none at all.

    Only allow and disallow end a run of user-agent lines (RFC 9309, 2.2).
    """
    block: list[Directive] = []
    in_group, has_rules = False, False
    for record in records:
        if record.key == "user-agent" and (has_rules or not in_group):
            yield block
            block, in_group, has_rules = [], True, False
        block.append(record)
        has_rules = has_rules or record.key in _RULES
    yield block


def _names(agents: tuple[str, ...]) -> dict[str, str]:
    """Product token, lower-case → value as written. A value without any token names nobody."""
    names: dict[str, str] = {}
    for value in agents:
        token = _TOKEN.match(value)
        name = "*" if value == "*" else token.group().lower() if token else ""
        if name:
            names.setdefault(name, value)
    return names


def _compile(groups: list[tuple[str, list[Directive]]]) -> tuple[Rule, ...]:
    """Rules of the merged groups, the most specific first, an allow before its like."""
    found: dict[tuple[bool, PathPattern], Rule] = {}
    for group, lines in groups:
        for line in lines:
            rule = _rule(line, group)
            if rule:
                found.setdefault((rule.allow, rule.pattern), rule)
    order = sorted(found.values(), key=lambda r: (-r.pattern.octets, not r.allow, r.line.line))
    return tuple(order)


def _rule(line: Directive, group: str) -> Rule | None:
    pattern = path_pattern(line.octets) if line.key in _RULES else None
    return Rule(line.key == "allow", pattern, line, group) if pattern else None


def _seconds(value: str) -> float | None:
    try:
        seconds = float(value)
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) and seconds >= 0 else None

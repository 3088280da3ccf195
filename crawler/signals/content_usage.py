"""AIPREF preferences (Content-Usage header lines, robots.txt rules) → allowed, disallowed, unknown.

draft-ietf-aipref-attach-05 and draft-ietf-aipref-vocab-07, without consensus so far. A value is a
dictionary of RFC 9651; one mistake anywhere in it makes all of it unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import http_sf

from crawler.signals.path_pattern import PathPattern, path_pattern, target_octets
from crawler.signals.robots_txt import Directive, RobotsTxt
from crawler.signals.vocabulary import ALLOWED, DISALLOWED, UNKNOWN, Status, Value, status

MAX_OCTETS = 64 * 2**10  # of one value; what is longer is not read
_VALUES: dict[str, Value] = {"y": ALLOWED, "n": DISALLOWED}
_KEY = "content-usage"


@dataclass(frozen=True, slots=True)
class Preference:
    """What was said of one label."""

    label: str  # as written; labels are compared by case
    value: Value
    status: Status  # of the label: only current ones mean something to a reader of today


@dataclass(frozen=True, slots=True)
class Statement:
    """One Content-Usage field or rule. With a fault it says nothing."""

    source: str  # header or robots.txt
    raw: str
    preferences: tuple[Preference, ...]
    fault: str = ""
    line: int | None = None  # of robots.txt, counted from 1
    agents: tuple[str, ...] = ()  # its group's user-agent values; () outside a group
    path: str | None = None  # of a rule; None where it speaks of every path
    pattern: PathPattern | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Usage:
    """What robots.txt prefers for one crawler and target, and the rules that said it."""

    preferences: tuple[Preference, ...]
    rules: tuple[Statement, ...]  # the longest that match; several have the same length
    crawlable: bool  # what may not be crawled has no preference


def parse_header(lines: Sequence[str]) -> Statement | None:
    """The Content-Usage lines of one response, joined as HTTP joins them; None without any.

    It is about the content of this response, so on an image it is about the image
    (attach-05, "HTTP Content-Usage Header Field"; RFC 9651, 4.2).

    >>> parse_header(["train-ai=n", "search=y, genai=n"]).preferences[0]
    Preference(label='train-ai', value='disallowed', status='current')
    >>> parse_header(["Train-AI=n"]).fault
    'no dictionary: Key cannot begin with an uppercase character at position 0'
    """
    if not lines:
        return None
    raw = ", ".join(lines)
    preferences, fault = _preferences(raw.encode("utf-8", "surrogatepass"))
    return Statement("header", raw, preferences, fault)


def parse_rules(robots: RobotsTxt) -> list[Statement]:
    """Every Content-Usage line of a robots.txt, in order; outside a group it speaks to nobody.

    (attach-05, "Processing Content-Usage Rules")

    >>> from crawler.signals.robots_txt import parse
    >>> [rule.path for rule in parse_rules(parse(b"User-agent: *\\nContent-Usage: /a train-ai=n"))]
    ['/a']
    """
    return [_rule(line) for line in robots.lines if line.key == _KEY]


def usage(robots: RobotsTxt, token: str, target: str) -> Usage:
    """What holds for the crawler called `token` and a target (path, "?" and query).

    The rule with the longest path; of several, any disallowed, else any allowed
    (attach-05, "Content-Usage Rule Semantics"; vocab-07, "Combining Preferences").

    >>> from crawler.signals.robots_txt import parse
    >>> robots = parse(b"User-agent: *\\nContent-Usage: train-ai=n\\n"
    ...                b"Content-Usage: /ok/ train-ai=y")
    >>> [usage(robots, "x", path).preferences[0].value for path in ("/", "/ok/a.jpg")]
    ['disallowed', 'allowed']
    """
    if not robots.decide(token, target).allowed:
        return Usage((), (), False)
    octets = target_octets(target)
    found: list[tuple[int, Statement]] = []
    for line in robots.group_lines(token):
        rule = _rule(line) if line.key == _KEY else None
        if rule and rule.pattern and rule.pattern.covers(octets):
            found.append((rule.pattern.octets if rule.path is not None else 0, rule))
    longest = max((length for length, _ in found), default=0)
    rules = tuple(rule for length, rule in found if length == longest)
    return Usage(combine(one for rule in rules for one in rule.preferences), rules, True)


def combine(preferences: Iterable[Preference]) -> tuple[Preference, ...]:
    """Several statements → one per label: any disallowed, else any allowed, else unknown.

    (vocab-07, "Combining Preferences")
    """
    found: dict[str, Preference] = {}
    order = (DISALLOWED, ALLOWED, UNKNOWN)
    for one in preferences:
        before = found.get(one.label)
        if before is None or order.index(one.value) < order.index(before.value):
            found[one.label] = one
    return tuple(found.values())


def dictionary(value: bytes) -> dict[str, Any]:
    """A dictionary of RFC 9651: key → (value, parameters), or a list with parameters.

    Raises ValueError on anything else; of a key given twice the last value counts (4.2.2).

    >>> dictionary(b"train-ai=n;x, search")["search"]
    (True, {})
    """
    if len(value) > MAX_OCTETS:
        raise ValueError(f"longer than {MAX_OCTETS} octets")
    try:
        found: Any = http_sf.parse(value, tltype="dictionary")
    except http_sf.StructuredFieldError as error:
        raise ValueError(f"no dictionary: {error}") from error
    members: dict[str, Any] = found
    return members


@lru_cache(maxsize=256)  # a file is asked about once per image
def _rule(line: Directive) -> Statement:
    """A line's value: a path up to the first blank where it begins with "/", then the rest."""
    octets = line.octets
    path: bytes | None = None
    if octets.startswith(b"/"):
        parts = octets.replace(b"\t", b" ").split(b" ", 1)
        path, octets = parts[0], octets[len(parts[0]) :].strip(b" \t")
    preferences, fault = _preferences(octets)
    if not octets:
        fault = "no preference after the path" if path else "no preference"
    return Statement(
        source="robots.txt",
        raw=line.raw,
        preferences=preferences,
        fault=fault,
        line=line.line,
        agents=line.agents,
        path=None if path is None else path.decode("utf-8", "replace"),
        # A rule without any preference is none (attach-05: rule grammar).
        pattern=path_pattern(path or b"/") if octets else None,
    )


def _preferences(value: bytes) -> tuple[tuple[Preference, ...], str]:
    try:
        members = dictionary(value)
    except ValueError as error:
        return (), str(error)
    return tuple(_preference(label, member) for label, member in members.items()), ""


def _preference(label: str, member: Any) -> Preference:
    """Only the tokens y and n say something; parameters say nothing (vocab-07, "Processing")."""
    bare = member[0] if isinstance(member, tuple) else member
    said = _VALUES.get(str(bare), UNKNOWN) if isinstance(bare, http_sf.Token) else UNKNOWN
    return Preference(label, said, status("content_usage", label))

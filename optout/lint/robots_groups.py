"""Groups of robots.txt that speak to other crawlers than was meant → what was found."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import islice

from crawler.signals import content_signal, content_usage, robots_txt
from crawler.signals.path_pattern import PathPattern, path_pattern
from crawler.signals.robots_lines import RULES, Block, Record, blocks, names
from crawler.signals.robots_txt import RobotsTxt
from optout.lint.seen import Seen
from optout.lint.table import Found, checks, finds
from optout.readers.dialects import dialects

PREFERENCES = frozenset({"content-signal", "content-signals", "content-usage"})
EVERYBODY = "*"
_MOST = 300  # sets of groups looked at in one file


@finds("R01")
def fused(seen: Seen) -> Iterator[Found]:
    """User-agent lines with another line between them: one group."""
    # Lines that mean the same to Protego wherever they stand.
    passed = set(checks()["R01"].names)
    for file, body in seen.kind("robots.txt"):
        google = google_rules(body)
        for block in blocks(body):
            between = _between(block)
            if between:
                number, raw, _, _ = between[0]
                ends = next((n for n, _, _, _ in between if n in google), None)
                written = ", ".join(agent.decode("utf-8", "replace") for agent in block.agents)
                splits = any(key not in passed for _, _, key, _ in between)
                words = {"agents": written, "protego": _PROTEGO[splits]}
                words["google"] = " and for Google" if ends is None else ""
                words["apart"] = "" if ends is None else _APART.format(ends)
                yield Found(file.url, number, raw.decode("utf-8", "replace"), words)


_APART = "Google's parser takes line {} for a rule, so for Google the group ends there. "
_PROTEGO = {
    True: "Protego (Scrapy) takes them for separate groups, so crawlers differ.",
    False: "Protego (Scrapy) reads it so too: this line ends no group there either.",
}


def _between(block: Block) -> list[Record]:
    """Lines that are neither rule nor comment and have user-agent lines on both sides."""
    found: list[Record] = []
    met: list[Record] = []
    begun = False
    for record in block.records:
        if record[2] == "user-agent":
            begun = True
            found, met = found + met, []
        elif record[2] and begun:
            met.append(record)
    return found


@finds("R02")
def not_inherited(seen: Seen) -> Iterator[Found]:
    """Preferences for "*" that crawlers with a group of their own do not get."""
    for file, robots in seen.robots():
        forbidding = _forbidding(robots)
        lines = [line for line in robots.group_lines(EVERYBODY) if line.line in forbidding]
        missing = _without_preference(file.body or b"", robots) if lines else []
        for line in lines if missing else ():
            words = {"agents": ", ".join(missing), "first": missing[0], "line": line.raw.strip()}
            yield Found(file.url, line.line, line.raw, words)


def _forbidding(robots: RobotsTxt) -> set[int]:
    """Lines of Content-Signal and Content-Usage that forbid something."""
    signals = {one.line for one in content_signal.parse(robots) if one.value == "disallowed"}
    rules = content_usage.parse_rules(robots)
    said = {r.line for r in rules if any(p.value == "disallowed" for p in r.preferences)}
    return signals | {line for line in said if line is not None}


def _without_preference(body: bytes, robots: RobotsTxt) -> list[str]:
    """Crawlers that are named, may fetch the site, and are told no preference."""
    return [
        token
        for tokens, records in _audiences(body)
        if EVERYBODY not in tokens
        and not any(key in PREFERENCES for _, _, key, _ in records)
        and robots.decide(known_as(tokens[0]), "/").allowed
        for token in tokens
    ]


def known_as(value: str) -> str:
    """The product token that a parser takes from a user-agent line; the value where there is none.

    >>> known_as("GPTBot/1.0")
    'gptbot'
    """
    return next(iter(names((value.encode("utf-8", "replace"),))), value)


def _audiences(body: bytes) -> Iterator[tuple[list[str], list[Record]]]:
    """Names that the same groups speak to, as written, with the lines of those groups.

    Of a file with thousands of names the first are looked at: who writes such a file wants to
    keep us busy.
    """
    found = list(blocks(body))
    places: dict[str, list[int]] = {}
    written: dict[str, str] = {}
    for number, block in enumerate(found):
        for name, value in names(block.agents).items():
            places.setdefault(name, []).append(number)
            written.setdefault(name, value)
    alike: dict[tuple[int, ...], list[str]] = {}
    for name, numbers in places.items():
        alike.setdefault(tuple(numbers), []).append(written[name])
    for at, tokens in islice(alike.items(), _MOST):
        yield tokens, [record for number in at for record in found[number].records]


@finds("R03")
def cancelled(seen: Seen) -> Iterator[Found]:
    """An Allow of the same addresses as a Disallow for the same crawler, and not the shorter."""
    for file, body in seen.kind("robots.txt"):
        told: dict[tuple[int, int], tuple[Record, Record, list[str]]] = {}
        for tokens, records in _audiences(body):
            for allow, disallow in _ties(records):
                told.setdefault((allow[0], disallow[0]), (allow, disallow, []))[2].extend(tokens)
        for allow, disallow, tokens in told.values():
            rule, raw = (one[1].decode("utf-8", "replace").strip() for one in (disallow, allow))
            words = {"agents": ", ".join(tokens), "other": str(disallow[0]), "rule": rule}
            yield Found(file.url, allow[0], raw, words)


_Covered = tuple[tuple[bytes, ...], bool]


def _ties(records: list[Record]) -> Iterator[tuple[Record, Record]]:
    """Each allow that wins with the first disallow of what it covers.

    "/" and "/*" cover the same; of the two the longer wins, and an allow where both are as long.
    """
    disallowed: dict[_Covered, Record] = {}
    longest: dict[_Covered, int] = {}
    for record in records:
        pattern = _pattern(record[3]) if record[2] == "disallow" else None
        if pattern:
            disallowed.setdefault(pattern.covered, record)
            longest[pattern.covered] = max(longest.get(pattern.covered, 0), pattern.octets)
    for record in records:
        pattern = _pattern(record[3]) if record[2] == "allow" else None
        if pattern and pattern.octets >= longest.get(pattern.covered, pattern.octets + 1):
            yield record, disallowed[pattern.covered]


@lru_cache(maxsize=50_000)
def _pattern(octets: bytes) -> PathPattern | None:
    return path_pattern(octets)


@finds("R06")
def rules_of_nobody(seen: Seen) -> Iterator[Found]:
    """Allow and Disallow before the first user-agent line."""
    for file, robots in seen.robots():
        orphans = [
            line
            for line in robots.lines
            if line.key in ("allow", "disallow") and line.value and not line.agents
        ]
        forgiven = _forgiven(file.body or b"") if orphans else {}
        for line in orphans:
            agent = forgiven.get(line.line)
            google = f" Google counts it to the misspelt line for “{agent}” above (R20)."
            words = {"forgiven": google if agent else "", "agent": agent or EVERYBODY}
            yield Found(file.url, line.line, line.raw, words)


def google_rules(body: bytes) -> dict[int, str]:
    """Line → the key that Google's parser takes it for, of rules in a group."""
    robots = robots_txt.parse(body, dialects()["google"])
    return {line.line: line.key for line in robots.lines if line.key in RULES and line.agents}


def _forgiven(body: bytes) -> dict[int, str]:
    """Line → the name that it speaks to, for a parser that forgives typing errors."""
    robots = robots_txt.parse(body, dialects()["google"])
    return {line.line: line.agents[0] for line in robots.lines if line.agents}


@finds("R07")
def preferences_of_nobody(seen: Seen) -> Iterator[Found]:
    """Content-Signal and Content-Usage before the first user-agent line."""
    for file, robots in seen.robots():
        for line in robots.lines:
            if line.key in PREFERENCES and not line.agents:
                yield Found(file.url, line.line, line.raw, {"line": line.raw.strip()})

"""Groups of robots.txt that speak to other crawlers than was meant → what was found."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice

from crawler.signals import content_signal, content_usage
from crawler.signals.path_pattern import PathPattern, path_pattern
from crawler.signals.robots_lines import Block, Record, blocks, names
from crawler.signals.robots_txt import RobotsTxt
from crawler.urls import origin
from optout.lint.headers import AI, directives
from optout.lint.seen import Seen
from optout.lint.table import Found, checks, finds
from optout.readers.agents import agents

PREFERENCES = frozenset({"content-signal", "content-signals", "content-usage"})
EVERYBODY = "*"
_TOKEN = re.compile(r"[A-Za-z_-]+")
_SEPARATORS = re.compile(r"[-_ .]")
_MOST = 300  # sets of groups looked at in one file
_SHORTEST = 6  # letters of a name that can be known in spite of a wrong one


@finds("R01")
def fused(seen: Seen) -> Iterator[Found]:
    """User-agent lines with another line between them: one group."""
    for file, body in seen.kind("robots.txt"):
        for block in blocks(body):
            between = _between(block)
            if between:
                number, raw = between
                written = ", ".join(agent.decode("utf-8", "replace") for agent in block.agents)
                yield Found(file.url, number, raw, {"agents": written})


def _between(block: Block) -> tuple[int, str] | None:
    """The first line that is neither rule nor comment and has user-agent lines on both sides."""
    found = None
    met = False
    for number, raw, key, _ in block.records:
        if key == "user-agent":
            if found:
                return found
            met = True
        elif key and met and not found:
            found = number, raw.decode("utf-8", "replace")
    return None


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
    """An Allow of the same pattern as a Disallow for the same crawler."""
    for file, body in seen.kind("robots.txt"):
        told: dict[tuple[int, int], tuple[Record, Record, list[str]]] = {}
        for tokens, records in _audiences(body):
            for allow, disallow in _ties(records):
                told.setdefault((allow[0], disallow[0]), (allow, disallow, []))[2].extend(tokens)
        for allow, disallow, tokens in told.values():
            rule, raw = (one[1].decode("utf-8", "replace").strip() for one in (disallow, allow))
            words = {"agents": ", ".join(tokens), "other": str(disallow[0]), "rule": rule}
            yield Found(file.url, allow[0], raw, words)


def _ties(records: list[Record]) -> Iterator[tuple[Record, Record]]:
    """Each allow with the first disallow of its pattern."""
    disallowed: dict[PathPattern, Record] = {}
    for record in records:
        pattern = _pattern(record[3]) if record[2] == "disallow" else None
        if pattern:
            disallowed.setdefault(pattern, record)
    for record in records:
        pattern = _pattern(record[3]) if record[2] == "allow" else None
        if pattern and pattern in disallowed:
            yield record, disallowed[pattern]


@lru_cache(maxsize=50_000)
def _pattern(octets: bytes) -> PathPattern | None:
    return path_pattern(octets)


@finds("R04")
def unmatchable(seen: Seen) -> Iterator[Found]:
    """Names of known crawlers that are no product tokens, as one finding per file; none where the
    host's answers say it by a header."""
    # GPTBot/1.0 is read as GPTBot, which is meant; AI2Bot as AI, which is not.
    wanted = {agent.token.lower() for agent in agents() if not _TOKEN.fullmatch(agent.token)}
    for file, robots in seen.robots():
        lines = [line for line in robots.lines if line.key == "user-agent"]
        found = {line.value: line for line in lines if line.value.lower() in wanted}
        if found and not _all_say_noai(seen, file.origin):
            first = next(iter(found.values()))
            read = [f"{written} as “{_read_as(written)}”" for written in found]
            words = {"agents": ", ".join(found), "read": ", ".join(read)}
            yield Found(file.url, first.line, first.raw, words)


def _all_say_noai(seen: Seen, host: str) -> bool:
    answers = [a for a in seen.answers if a.good and origin(a.last.url) == host]
    return bool(answers) and all(any(d.name in AI for d in directives(a)) for a in answers)


def _read_as(written: str) -> str:
    found = _TOKEN.match(written)
    return found.group() if found else ""


@finds("R05")
def misspelt(seen: Seen) -> Iterator[Found]:
    """Names one letter or one sign away from a known crawler's, which name nobody."""
    known = {agent.token.lower() for agent in agents()}
    known |= {name.lower() for name in checks()["R05"].names}
    # Where no reader could match the right name either, writing it helps nobody.
    meant = {_bare(a.token): a.token for a in agents() if a.purposes and _TOKEN.fullmatch(a.token)}
    for file, robots in seen.robots():
        for line in robots.lines:
            name = line.value.partition("/")[0].strip().lower()
            if line.key == "user-agent" and _SHORTEST <= len(name) < 100 and name not in known:
                right = next((t for n, t in meant.items() if _one_apart(_bare(name), n)), "")
                if right:
                    words = {"written": line.value, "meant": right}
                    yield Found(file.url, line.line, line.raw, words)


def _bare(name: str) -> str:
    return _SEPARATORS.sub("", name.lower())


def _one_apart(written: str, meant: str) -> bool:
    """Whether at most one letter was added, left out, changed, or swapped with its neighbour.

    >>> [_one_apart(written, "claude") for written in ("calude", "claud", "cloudi")]
    [True, True, False]
    """
    if abs(len(written) - len(meant)) > 1:
        return False
    start = _same(written, meant)
    end = _same(written[start:][::-1], meant[start:][::-1])
    one, two = written[start : len(written) - end], meant[start : len(meant) - end]
    return max(len(one), len(two)) <= 1 or (len(one) == 2 and one == two[::-1])


def _same(one: str, two: str) -> int:
    """How many letters two words begin with in common."""
    pairs = enumerate(zip(one, two, strict=False))
    return next((n for n, (a, b) in pairs if a != b), min(len(one), len(two)))


@finds("R06")
def rules_of_nobody(seen: Seen) -> Iterator[Found]:
    """Allow and Disallow before the first user-agent line."""
    for file, robots in seen.robots():
        for line in robots.lines:
            if line.key in ("allow", "disallow") and line.value and not line.agents:
                yield Found(file.url, line.line, line.raw)


@finds("R07")
def preferences_of_nobody(seen: Seen) -> Iterator[Found]:
    """Content-Signal and Content-Usage before the first user-agent line."""
    for file, robots in seen.robots():
        for line in robots.lines:
            if line.key in PREFERENCES and not line.agents:
                yield Found(file.url, line.line, line.raw, {"line": line.raw.strip()})


@finds("R08")
def extended_left_out(seen: Seen) -> Iterator[Found]:
    """A crawler shut out by name whose control token of the same beginning is not named."""
    tokens = [a.token for a in agents() if a.token.endswith("-Extended")]
    for file, robots in seen.robots():
        for token in tokens:
            base = token.removesuffix("-Extended")
            decision = robots.decide(base, "/")
            if robots.names(base) and not decision.allowed and robots.decide(token, "/").allowed:
                words = {"base": base, "token": token}
                yield Found(file.url, decision.line, decision.raw, words)

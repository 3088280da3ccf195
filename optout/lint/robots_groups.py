"""Groups of robots.txt that speak to other crawlers than was meant → what was found."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator

from crawler.signals import content_signal, content_usage
from crawler.signals.path_pattern import PathPattern, path_pattern
from crawler.signals.robots_lines import Block, blocks, names
from crawler.signals.robots_txt import Directive, RobotsTxt
from optout.lint.seen import Seen
from optout.lint.table import Found, finds
from optout.readers.agents import agents

PREFERENCES = frozenset({"content-signal", "content-signals", "content-usage"})
EVERYBODY = "*"
_TOKEN = re.compile(r"[A-Za-z_-]+")
_VERSIONED = re.compile(r"[A-Za-z_-]+/\S*")
_SEPARATORS = re.compile(r"[-_ .]")
# One letter added, left out or swapped in a name of eight letters still counts, two do not:
# SemrushBot-BA is another crawler than SemrushBot-SWA.
_ALIKE = 0.885


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
        missing = [token for token in _tokens(robots) if _lacks_preference(robots, token)]
        for line in robots.group_lines("*") if missing else ():
            if line.key in PREFERENCES and _restricts(line, robots):
                yield Found(
                    file.url,
                    line.line,
                    line.raw,
                    {"agents": ", ".join(missing), "first": missing[0], "line": line.raw.strip()},
                )


def _lacks_preference(robots: RobotsTxt, token: str) -> bool:
    said = any(line.key in PREFERENCES for line in robots.group_lines(token))
    return token != EVERYBODY and not said and robots.decide(token, "/").allowed


def _restricts(line: Directive, robots: RobotsTxt) -> bool:
    signals = (one.value for one in content_signal.parse(robots) if one.line == line.line)
    rules = (rule for rule in content_usage.parse_rules(robots) if rule.line == line.line)
    said = (one.value for rule in rules for one in rule.preferences)
    return "disallowed" in (*signals, *said)


@finds("R03")
def cancelled(seen: Seen) -> Iterator[Found]:
    """An Allow of the same pattern as a Disallow for the same crawler."""
    for file, robots in seen.robots():
        told: dict[tuple[int, int], list[str]] = {}
        lines = {line.line: line for line in robots.lines}
        for token in _tokens(robots):
            for pair in _ties(robots.group_lines(token)):
                told.setdefault(pair, []).append(token)
        for (allow, disallow), tokens in told.items():
            words = {
                "agents": ", ".join(tokens),
                "other": str(disallow),
                "rule": lines[disallow].raw.strip(),
            }
            yield Found(file.url, allow, lines[allow].raw, words)


def _ties(lines: tuple[Directive, ...]) -> Iterator[tuple[int, int]]:
    """(line of the allow, line of the disallow), each allow once."""
    disallowed: dict[PathPattern, int] = {}
    for line in lines:
        pattern = path_pattern(line.octets) if line.key == "disallow" else None
        if pattern:
            disallowed.setdefault(pattern, line.line)
    for line in lines:
        pattern = path_pattern(line.octets) if line.key == "allow" else None
        if pattern in disallowed and pattern:
            yield line.line, disallowed[pattern]


@finds("R04")
def unmatchable(seen: Seen) -> Iterator[Found]:
    """Names that are no product tokens, as one finding per file."""
    for file, robots in seen.robots():
        lines = [line for line in robots.lines if line.key == "user-agent"]
        found = {line.value: line for line in lines if _no_token(line.value)}
        if found:
            first = next(iter(found.values()))
            read = [f"{written} as “{_read_as(written)}”" for written in found]
            words = {"agents": ", ".join(found), "read": ", ".join(read)}
            yield Found(file.url, first.line, first.raw, words)


def _no_token(written: str) -> bool:
    """GPTBot/1.0 is read as GPTBot, which is meant; AI2Bot as AI, which is not."""
    if not written or written == "*" or _TOKEN.fullmatch(written):
        return False
    known = {agent.token.lower() for agent in agents()}
    return not (_VERSIONED.fullmatch(written) and _read_as(written).lower() in known)


def _read_as(written: str) -> str:
    found = _TOKEN.match(written)
    return found.group() if found else ""


@finds("R05")
def misspelt(seen: Seen) -> Iterator[Found]:
    """Names close to a known one that name nobody."""
    known = {agent.token.lower(): agent.token for agent in agents()}
    plain = {_SEPARATORS.sub("", name): token for name, token in known.items()}
    for file, robots in seen.robots():
        for line in robots.lines:
            if line.key == "user-agent" and len(line.value) <= 100:
                meant = _meant(line.value.lower(), known, plain)
                if meant:
                    words = {"written": line.value, "meant": meant}
                    yield Found(file.url, line.line, line.raw, words)


def _meant(written: str, known: dict[str, str], plain: dict[str, str]) -> str:
    """The known name that a wrong one stands for; "" where there is none."""
    name = written.partition("/")[0].strip()
    if name in known or name in _others():
        return ""
    bare = _SEPARATORS.sub("", name)
    close = difflib.get_close_matches(bare, plain, 1, _ALIKE) if len(bare) > 4 else []
    return plain[close[0]] if close else ""


def _others() -> frozenset[str]:
    """Names of real crawlers that are close to another's (checks.toml)."""
    from optout.lint.table import checks

    return frozenset(name.lower() for name in checks()["R05"].names)


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


def _tokens(robots: RobotsTxt) -> list[str]:
    """Every name that a group is addressed to, as written, in order; "*" too."""
    written = [line.octets for line in robots.lines if line.key == "user-agent"]
    found = names(written)
    return [value if name != "*" else "*" for name, value in found.items()]

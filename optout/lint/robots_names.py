"""Names in robots.txt that reach other crawlers than was meant → what was found."""

from __future__ import annotations

import re
from collections.abc import Iterator

from crawler.urls import origin
from optout.lint.headers import AI, directives
from optout.lint.seen import Seen
from optout.lint.table import Found, checks, finds
from optout.readers.agents import agents

_TOKEN = re.compile(r"[A-Za-z_-]+")
_SEPARATORS = re.compile(r"[-_ .]")
_BETWEEN = re.compile(r"[,;|\s]+")
_SHORTEST = 6  # letters of a name that can be known in spite of a wrong one
_LONGEST = 2000  # characters of a line that can be a list


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


@finds("R09")
def lists_on_a_line(seen: Seen) -> Iterator[Found]:
    """Several known names in one user-agent line."""
    known = {agent.token.lower() for agent in agents()}
    for file, robots in seen.robots():
        for line in robots.lines:
            if line.key != "user-agent" or line.value.lower() in known:
                continue
            parts = [part for part in _BETWEEN.split(line.value[:_LONGEST]) if part]
            if sum(part.partition("/")[0].lower() in known for part in parts) > 1:
                words = {
                    "first": _read_as(line.value) or "none of them",
                    "lines": "\n".join(f"User-agent: {part}" for part in parts),
                }
                yield Found(file.url, line.line, line.raw, words)

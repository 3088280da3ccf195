"""robots.txt → rules that forbid an address and that no parser held to RFC 9309 hears.

Lines that only forgiving parsers read (Disalow, Useragent, DisallowAITraining), and those of names
that are no product token (img2dataset). None of them stands.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from crawler.signals.path_pattern import path_pattern, target_octets
from crawler.signals.robots_lines import RULES
from crawler.signals.robots_txt import Directive, RobotsTxt
from crawler.signals.vocabulary import DISALLOWED
from optout.readers.agents import Agent, agents, purposes
from optout.readers.dialects import dialects
from optout.readers.statement import HOST, Reservation
from optout.readers.subject import SiteFile

_FORGIVEN = (
    "only parsers that forgive typing errors or know a key by its beginning read it; "
    "by RFC 9309 it forbids nothing"
)
# Token and what it takes images for.
Named = list[tuple[str, tuple[str, ...]]]


def unheard(file: SiteFile, rules: RobotsTxt, path: str) -> Iterator[Reservation]:
    """Lines that only some parsers read, then lines of unmatchable names, each in file order."""
    yield from _forgiven(file, path)
    yield from _unmatchable(file, rules, path)


def named(rules: RobotsTxt) -> Named:
    """Known agents that the file names, with what they take images for; and everybody else."""
    found = [("*", tuple(purposes()))] if rules.names("*") else []
    return found + [
        (agent.token.lower(), agent.purposes)
        for agent in agents()
        if agent.purposes and rules.names(agent.token)
    ]


def forbids(file: SiteFile, raw: str, line: int) -> Reservation:
    """A rule that forbids, said to nobody yet."""
    return Reservation(
        family="robots.txt",
        signal="robots.txt",
        word="disallow",
        value=DISALLOWED,
        purposes=(),
        scope=HOST,
        where=file.url,
        raw=raw,
        line=line,
        observed_at=file.observed_at,
        to=(),
    )


def _forgiven(file: SiteFile, path: str) -> Iterator[Reservation]:
    """What the first forgiving dialect obeys that the standard passes over."""
    by_line: dict[int, Reservation] = {}
    for rules, lines, addressed in file.readings.once(_readings, file):
        for token, meant in addressed:
            decision = rules.decide(token, path)
            if decision.allowed or decision.line not in lines:
                continue
            found = by_line.get(decision.line) or forbids(file, decision.raw, decision.line)
            every = dict.fromkeys((*found.purposes, *meant))
            to = tuple(dict.fromkeys((*found.to, token)))
            by_line[decision.line] = replace(
                found, purposes=tuple(every), to=to, stands=False, note=_FORGIVEN
            )
    yield from (by_line[line] for line in sorted(by_line))


def _readings(file: SiteFile) -> list[tuple[RobotsTxt, frozenset[int], Named]]:
    """Per forgiving dialect its reading, the lines only it hears, and whom it hears named."""
    strict = _heard(file.rules) if file.rules else frozenset()
    found = []
    for name, dialect in dialects().items():
        rules = file.read_as(name) if dialect.keys else None
        lines = _heard(rules) - strict if rules else frozenset()
        if rules and lines:
            found.append((rules, lines, named(rules)))
    return found


def _heard(rules: RobotsTxt) -> frozenset[int]:
    """Numbers of the rules that stand in a group."""
    return frozenset(line.line for line in rules.lines if line.key in RULES and line.agents)


def _unmatchable(file: SiteFile, rules: RobotsTxt, path: str) -> Iterator[Reservation]:
    octets = target_octets(path)
    for line, known in file.readings.once(_of_unmatchable, rules):
        pattern = path_pattern(line.octets)
        if pattern is None or not pattern.covers(octets):
            continue
        tokens = [agent.token for agent in known]
        notes = [f"{agent.token}: {agent.note}" for agent in known if agent.note]
        told = f"no parser that keeps to RFC 9309 can match {', '.join(tokens)}"
        yield replace(
            forbids(file, line.raw, line.line),
            purposes=tuple(dict.fromkeys(p for agent in known for p in agent.purposes)),
            to=tuple(token.lower() for token in tokens),
            stands=False,
            note="; ".join([told, *notes]),
        )


def _of_unmatchable(rules: RobotsTxt) -> list[tuple[Directive, list[Agent]]]:
    """Lines that forbid something to known names that are no product token."""
    known = {agent.token.lower(): agent for agent in agents() if not agent.matchable}
    lines = [line for line in rules.lines if line.key == "disallow" and line.value]
    pairs = [
        (line, [known[a.lower()] for a in line.agents if a.lower() in known]) for line in lines
    ]
    return [(line, found) for line, found in pairs if found]

"""robots.txt of every step to an image → the statements in it that speak of the image."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from crawler.signals import ai_control, content_signal, content_usage
from crawler.signals.path_pattern import target_octets
from crawler.signals.robots_lines import names
from crawler.signals.robots_txt import RobotsTxt
from crawler.signals.vocabulary import UNKNOWN, words
from crawler.urls import origin, target
from optout.readers.in_robots_unheard import forbids, named, unheard
from optout.readers.statement import EVERYBODY, HOST, Reservation, joined
from optout.readers.subject import SiteFile, Subject, way

_ORPHAN = "it stands in no group, so it is not clear whom it speaks to"


def in_robots(subject: Subject) -> Iterator[Reservation]:
    """What the robots.txt files say, file by file and in the order of the lines of a family."""
    for url in dict.fromkeys(way(subject)):
        file = subject.site_files.get(origin(url))
        if file is None or file.rules is None or file.rules.blanket is not None:
            continue
        yield from _rules(file, file.rules, target(url))
        yield from unheard(file, file.rules, target(url))
        yield from file.readings.once(_signals, file, file.rules)
        yield from _usage(file, file.rules, target(url))
        yield from _control(file, file.rules, target(url))


def _rules(file: SiteFile, rules: RobotsTxt, path: str) -> Iterator[Reservation]:
    """Rules that forbid: what may not be fetched can be used for nothing. One that allows to
    fetch says nothing of what for."""
    by_line: dict[int, Reservation] = {}
    for token, meant in file.readings.once(named, rules):
        decision = rules.decide(token, path)
        if decision.allowed or decision.line is None:
            continue
        before = by_line.get(decision.line)
        found = before or forbids(file, decision.raw, decision.line)
        every = dict.fromkeys((*found.purposes, *meant))
        by_line[decision.line] = replace(found, purposes=tuple(every), to=(*found.to, token))
    yield from (by_line[line] for line in sorted(by_line))


def _signals(file: SiteFile, rules: RobotsTxt) -> list[Reservation]:
    """Content-Signal lines, which know no paths."""
    return [
        Reservation(
            family="Content Signals",
            signal="robots.txt Content-Signal",
            word=one.name,
            value=one.value,
            purposes=tuple(words("content_signal").get(one.name, {}).get("purposes", ())),
            scope=HOST,
            where=file.url,
            raw=one.raw,
            line=one.line,
            observed_at=file.observed_at,
            to=_tokens(one.agents),
            stands=bool(one.agents) and not one.faults,
            note=joined("" if one.agents else _ORPHAN, *one.faults),
        )
        for one in content_signal.parse(rules)
    ]


def _usage(file: SiteFile, rules: RobotsTxt, path: str) -> Iterator[Reservation]:
    """Content-Usage rules: of those to one name the longest, and only of what may be fetched."""
    octets = target_octets(path)
    covering = [
        rule
        for rule in file.readings.once(content_usage.parse_rules, rules)
        if rule.pattern is None or rule.pattern.covers(octets)
    ]
    best: dict[str, int] = {}
    for rule in covering:
        for token in _tokens(rule.agents):
            best[token] = max(best.get(token, 0), _length(rule))
    for rule in covering:
        tokens = _tokens(rule.agents)
        longest = [token for token in tokens if _length(rule) == best[token]]
        open_to = tuple(token for token in longest if rules.decide(token, path).allowed)
        why = "" if open_to else "a longer path speaks" if not longest else "it may not be fetched"
        yield from usage_of(
            rule,
            Reservation(
                family="AIPREF",
                signal="robots.txt Content-Usage",
                word="",
                value=UNKNOWN,
                purposes=(),
                scope=HOST,
                where=file.url,
                raw=rule.raw,
                line=rule.line,
                observed_at=file.observed_at,
                to=open_to or tokens,
                stands=bool(open_to),
                note=why if tokens else _ORPHAN,
            ),
        )


def usage_of(rule: content_usage.Statement, blank: Reservation) -> Iterator[Reservation]:
    """`blank` once for each label of a Content-Usage statement."""
    if not rule.preferences:
        yield replace(blank, stands=False, note=joined(blank.note, rule.fault))
    for one in rule.preferences:
        old = {"historic": "a label of an older draft", "unregistered": "no known label"}
        note = old.get(one.status, "")
        yield replace(
            blank,
            word=one.label,
            value=one.value,
            purposes=tuple(words("content_usage").get(one.label, {}).get("purposes", ())),
            stands=blank.stands and not note,
            note=joined(blank.note, note),
        )


def _control(file: SiteFile, rules: RobotsTxt, path: str) -> Iterator[Reservation]:
    octets = target_octets(path)
    for one in file.readings.once(ai_control.parse, rules):
        if one.pattern is None or not one.pattern.covers(octets):
            continue
        yield Reservation(
            family="AI control",
            signal="robots.txt DisallowAITraining",
            word=one.key,
            value=one.value,
            purposes=tuple(words("ai_control").get(one.key, {}).get("purposes", ())),
            scope=HOST,
            where=file.url,
            raw=one.raw,
            line=one.line,
            observed_at=file.observed_at,
            to=_tokens(one.agents),
            stands=False,
            note="of an expired draft; nobody is known to read it",
        )


def _length(rule: content_usage.Statement) -> int:
    return rule.pattern.octets if rule.pattern and rule.path is not None else 0


def _tokens(written: tuple[str, ...]) -> tuple[str, ...]:
    found = tuple(names(one.encode("utf-8", "surrogatepass") for one in written))
    return EVERYBODY if found == EVERYBODY else found

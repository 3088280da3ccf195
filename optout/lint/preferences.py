"""Content-Usage (AIPREF) and Content-Signal → what was found."""

from __future__ import annotations

import re
from collections.abc import Iterator

from crawler.signals import content_signal, content_usage
from crawler.signals.content_usage import Preference, Statement
from crawler.signals.vocabulary import words
from optout.lint.robots_groups import PREFERENCES
from optout.lint.seen import Seen
from optout.lint.table import Found, finds

_SPACED = re.compile(r"[ \t]*=[ \t]*")


def statements(seen: Seen) -> Iterator[tuple[str, Statement]]:
    """(address, statement) of every Content-Usage line of robots.txt and header."""
    for file, robots in seen.robots():
        for rule in content_usage.parse_rules(robots):
            yield file.url, rule
    for answer in seen.answers:
        header = content_usage.parse_header(answer.last.values("content-usage"))
        if header is not None:
            yield answer.last.url, header


def _value(one: Statement) -> str:
    """The dictionary of a statement as written, without key and path."""
    if one.source == "header":
        return one.raw
    value = one.raw.partition(":")[2].partition("#")[0].strip()
    return value.partition(" ")[2].strip() if value.startswith("/") else value


def _parses(text: str) -> bool:
    try:
        return bool(content_usage.dictionary(text.encode("utf-8", "replace")))
    except ValueError:
        return False


def _mistake(one: Statement) -> str:
    """Which mistake makes all of a statement unknown: case, spaces or other; "" where none."""
    if not one.fault:
        return ""
    value = _value(one)
    if _parses(value.lower()):
        return "case"
    return "spaces" if _parses(_SPACED.sub("=", value.lower())) else "other"


def _mistaken(seen: Seen, mistake: str) -> Iterator[Found]:
    for url, one in statements(seen):
        if _mistake(one) == mistake:
            meant = _SPACED.sub("=", _value(one).lower())
            yield Found(url, one.line, one.raw, {"why": one.fault, "meant": meant})


@finds("A01")
def upper_case(seen: Seen) -> Iterator[Found]:
    """Train-AI=n."""
    yield from _mistaken(seen, "case")


@finds("A02")
def spaces(seen: Seen) -> Iterator[Found]:
    """train-ai = n."""
    yield from _mistaken(seen, "spaces")


@finds("A03")
def no_dictionary(seen: Seen) -> Iterator[Found]:
    """Anything else that is no dictionary."""
    yield from _mistaken(seen, "other")


@finds("A04")
def old_labels(seen: Seen) -> Iterator[Found]:
    """Only labels that today's draft does not hold."""
    for url, one in statements(seen):
        labels = [p.label for p in one.preferences]
        if labels and not any(p.status == "current" for p in one.preferences):
            yield Found(url, one.line, one.raw, {"labels": ", ".join(labels)})


@finds("A05")
def other_values(seen: Seen) -> Iterator[Found]:
    """A known label with another value than y or n."""
    for url, one in statements(seen):
        for said in one.preferences:
            if said.status == "current" and said.value == "unknown":
                yield Found(url, one.line, one.raw, {"label": said.label})


@finds("A06")
def said_twice(seen: Seen) -> Iterator[Found]:
    """The same label twice: the last one counts."""
    for url, one in statements(seen):
        for said in one.preferences:
            if _count(one, said) > 1:
                words_ = {"label": said.label, "value": said.value}
                yield Found(url, one.line, one.raw, words_)


def _count(one: Statement, said: Preference) -> int:
    members = (member.partition("=")[0].partition(";")[0] for member in _value(one).split(","))
    return sum(member.strip() == said.label for member in members)


@finds("C01")
def plural(seen: Seen) -> Iterator[Found]:
    """Content-Signals."""
    for file, robots in seen.robots():
        for line in robots.lines:
            if line.key == "content-signals":
                yield Found(file.url, line.line, line.raw, {"value": line.value})


@finds("C02")
def with_path(seen: Seen) -> Iterator[Found]:
    """A path before the signals."""
    for file, robots in seen.robots():
        for line in robots.lines:
            if line.key in ("content-signal", "content-signals") and line.value.startswith("/"):
                rest = line.value.partition(" ")[2].strip()
                yield Found(file.url, line.line, line.raw, {"value": rest})


@finds("C03")
def preamble_alone(seen: Seen) -> Iterator[Found]:
    """The explanation in comments, without the line that it explains."""
    for file, robots in seen.robots():
        if any(line.key in PREFERENCES for line in robots.lines):
            continue
        for line in robots.lines:
            text = line.raw.lower().replace("-", " ")
            if line.key == "" and text.lstrip().startswith("#") and "content signal" in text:
                yield Found(file.url, line.line, line.raw)
                break


@finds("C04")
def unknown_signals(seen: Seen) -> Iterator[Found]:
    """A name or value that is none of Content Signals."""
    known = ", ".join(words("content_signal"))
    for file, robots in seen.robots():
        for one in content_signal.parse(robots):
            faults = [fault for fault in one.faults if not fault.startswith("a path")]
            if faults:
                said = f"{one.name}={one.written}" if one.written else one.name
                words_ = {"said": said, "why": faults[0], "known": known}
                yield Found(file.url, one.line, one.raw, words_)

"""Bytes of an ai.txt → which format of that name it is, and what Spawning's says of a target.

Spawning's file (2023) is a robots.txt whose patterns name file types. Its grammar is not
published and "*.c" as a pattern covers "/a.css" too, so both readings are given. Other files of
the name have other formats; they are recognised and not read as this one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from crawler.signals import robots_txt
from crawler.signals.path_pattern import PathPattern, path_pattern, target_octets
from crawler.signals.vocabulary import ALLOWED, DISALLOWED, UNKNOWN, Value

# What a file can be. The draft's is draft-car-ai-txt-wellknown-00; a summary is aitxt.ing's.
SPAWNING, DRAFT, SUMMARY, HTML = "spawning", "well-known draft", "summary", "HTML"
JSON, EMPTY, OTHER = "JSON", "empty", "other"

_EXTENSION = re.compile(r"\*\.([A-Za-z0-9]{1,20})\$?")
_RULES = ("allow", "disallow")
_DRAFT_KEYS = frozenset(
    {"training", "scraping", "indexing", "caching", "site-name", "site-url", "training-allow"}
    | {"training-deny", "training-license", "training-fee", "ai-disclosure", "ai-json"}
)


@dataclass(frozen=True, slots=True)
class Rule:
    """One allow or disallow line."""

    line: int  # counted from 1
    raw: str
    agents: tuple[str, ...]  # its group's user-agent values; () outside a group
    allow: bool
    value: str
    extension: str | None  # of "*.ext", lower-case
    fault: str = ""
    pattern: PathPattern | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What one reading says of a target, and the rule that said it."""

    value: Value
    rule: Rule | None


@dataclass(frozen=True, slots=True)
class Reading:
    """Both readings of `*.ext` for one target."""

    as_pattern: Answer  # as robots.txt would: *.c covers /a.css
    as_extension: Answer  # *.c covers files that end in .c

    @property
    def differ(self) -> bool:
        """Whether it matters which reading is taken."""
        return self.as_pattern.value != self.as_extension.value


@dataclass(frozen=True, slots=True)
class AiTxt:
    """An ai.txt. Only that of the format `spawning` has rules."""

    format: str
    rules: tuple[Rule, ...] = ()
    robots: robots_txt.RobotsTxt = field(default_factory=robots_txt.RobotsTxt, repr=False)


def parse(body: bytes, content_type: str = "") -> AiTxt:
    """Recognise the format; read it where it is Spawning's.

    >>> parse(b"User-Agent: *\\nDisallow: *.jpg").rules[0].extension
    'jpg'
    >>> parse(b"<!DOCTYPE html><p>Not found"), parse(b"# Us\\n\\nWe paint.").format
    (AiTxt(format='HTML', rules=()), 'summary')
    """
    found = _format(body, content_type)
    if found != SPAWNING:
        return AiTxt(found)
    robots = robots_txt.parse(body)
    rules = tuple(_rule(line) for line in robots.lines if line.key in _RULES and line.value)
    return AiTxt(SPAWNING, rules, robots)


def read(file: AiTxt, target: str, *, agent: str = "*", extension: str | None = None) -> Reading:
    """What the file says of a media file, by path and query; no rule that matches is unknown.

    Longest match, an allow before its like, as in robots.txt (RFC 9309, 2.2.2): no other order is
    published. `extension` is the file's real type where its address does not show it.

    >>> reading = read(parse(b"User-Agent: *\\nDisallow: *.c"), "/style.css")
    >>> reading.as_pattern.value, reading.as_extension.value
    ('disallowed', 'unknown')
    """
    lines = {line.line for line in file.robots.group_lines(agent)}
    octets = target_octets(target)
    ending = (extension or _ending(target)).lower().lstrip(".")
    as_pattern, as_extension = [], []
    for rule in file.rules:
        if rule.line not in lines:
            continue
        covers = rule.pattern is not None and rule.pattern.covers(octets)
        if covers:
            as_pattern.append(rule)
        if rule.extension == ending if rule.extension else covers:
            as_extension.append(rule)
    return Reading(_decide(as_pattern), _decide(as_extension))


def _decide(rules: list[Rule]) -> Answer:
    if not rules:
        return Answer(UNKNOWN, None)
    best = max(rules, key=lambda one: (one.pattern.octets if one.pattern else 0, one.allow))
    return Answer(ALLOWED if best.allow else DISALLOWED, best)


def _rule(line: robots_txt.Directive) -> Rule:
    found = _EXTENSION.fullmatch(line.value)
    pattern = path_pattern(line.octets)
    return Rule(
        line=line.line,
        raw=line.raw,
        agents=line.agents,
        allow=line.key == "allow",
        value=line.value,
        extension=found[1].lower() if found else None,
        fault="" if pattern else 'begins with neither "/" nor "*", so it covers nothing',
        pattern=pattern,
    )


def _ending(target: str) -> str:
    name = target.partition("?")[0].rpartition("/")[2]
    return name.rpartition(".")[2] if "." in name else ""


def _format(body: bytes, content_type: str) -> str:
    text = body.removeprefix(b"\xef\xbb\xbf").strip()
    if not text:
        return EMPTY
    if text.startswith(b"<"):
        return HTML
    lines = robots_txt.parse(body).lines
    keys = {line.key for line in lines}
    if "user-agent" in keys and keys & {"allow", "disallow"}:
        return SPAWNING
    if text[:1] in (b"{", b"["):
        return JSON
    if text.startswith(b"---") or "markdown" in content_type.lower():
        return SUMMARY
    if keys & _DRAFT_KEYS:
        return DRAFT
    # A heading and sentences. Comments alone are headings to nobody.
    if text.startswith(b"#") and any(not line.raw.lstrip().startswith("#") for line in lines):
        return SUMMARY
    return HTML if "html" in content_type.lower() else OTHER

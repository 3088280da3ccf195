"""Lines of robots.txt that do nothing, or not what they seem to → what was found."""

from __future__ import annotations

from collections.abc import Iterator

from crawler.signals import ai_control
from crawler.signals.path_pattern import path_pattern
from crawler.signals.robots_txt import Directive
from crawler.signals.vocabulary import no_signal
from optout.lint.robots_groups import google_rules, known_as
from optout.lint.seen import Seen
from optout.lint.table import Found, checks, finds
from optout.readers.dialects import dialects

_RULES = ("user-agent", "allow", "disallow")
_MOST = 50  # names of one group looked at


@finds("R20")
def misspelt_keys(seen: Seen) -> Iterator[Found]:
    """What some parsers forgive and the standard does not."""
    for file, robots in seen.robots():
        for line in robots.lines:
            meant = _meant(line)
            if meant:
                yield Found(file.url, line.line, line.raw, {"meant": meant.capitalize()})


def _meant(line: Directive) -> str:
    """The key that a forgiving parser reads in a line that the standard passes over."""
    if line.key in (*_RULES, "sitemap") or line.raw.lstrip().startswith("#"):
        return ""
    words = line.raw.partition("#")[0].split()
    written = line.key or (words[0].lower() if len(words) == 2 else "")
    # Of a whole key only: "Disallow-AI" is somebody's proposal, not a typing error.
    return next((key for start, key in _typos() if written == start), "")


def _typos() -> list[tuple[str, str]]:
    keys = (pair for dialect in dialects().values() for pair in dialect.keys)
    return [(start, key) for start, key in keys if key in _RULES]


@finds("R21")
def paths_without_slash(seen: Seen) -> Iterator[Found]:
    """Rules that can match nothing."""
    for file, robots in seen.robots():
        for line in robots.lines:
            if line.key in ("allow", "disallow") and line.value and not path_pattern(line.octets):
                words = {"key": line.key.capitalize(), "path": _as_path(line.value)}
                yield Found(file.url, line.line, line.raw, words)


def _as_path(value: str) -> str:
    """What was probably meant.

    >>> _as_path("https://mira.example/art/"), _as_path("art/")
    ('/art/', '/art/')
    """
    rest = value.partition("://")[2] if "://" in value else value
    path = rest.partition("/")[2] if "://" in value else rest
    return "/" + path.lstrip("/")


@finds("R22")
def proposals(seen: Seen) -> Iterator[Found]:
    """DisallowAITraining and its like."""
    for file, robots in seen.robots():
        said = ai_control.parse(robots)
        google = google_rules(file.body or b"") if said else {}
        for line in said:
            taken = google.get(line.line)
            told = _TAKEN.format(f"{taken.capitalize()}: {line.path}") if taken else _NO_HARM
            yield Found(file.url, line.line, line.raw, {"google": told})


_NO_HARM = "It does no harm beside others."
_TAKEN = (
    "But Google's parser knows a key by its beginning and takes this line for “{}”, for search "
    "as well, where its group speaks to Google's crawlers."
)


@finds("R23")
def inventions(seen: Seen) -> Iterator[Found]:
    """Keys that look like a reservation and are none."""
    wanted = checks()["R23"].names
    for file, robots in seen.robots():
        for line in robots.lines:
            if line.key in wanted:
                why = no_signal("robots line", line.key) or "no reader of it is known"
                yield Found(file.url, line.line, line.raw, {"key": line.key, "why": why})


@finds("R24")
def slow(seen: Seen) -> Iterator[Found]:
    """Crawl-delay beyond what crawlers can keep to."""
    for file, robots in seen.robots():
        for line in robots.lines:
            seconds = _seconds(line.value) if line.key == "crawl-delay" else 0
            if seconds > checks()["R24"].limit:
                pages = f"{86400 / seconds:.0f}"
                yield Found(file.url, line.line, line.raw, {"pages": pages})


def _seconds(value: str) -> float:
    try:
        return float(value)
    except ValueError:
        return 0


@finds("R25")
def hidden_preferences(seen: Seen) -> Iterator[Found]:
    """Content-Usage for paths that its own group may not fetch."""
    from crawler.signals import content_usage

    for file, robots in seen.robots():
        for rule in content_usage.parse_rules(robots):
            blocked = [
                agent
                for agent in rule.agents[:_MOST]
                if not robots.decide(known_as(agent), rule.path or "/").allowed
            ]
            if blocked and not rule.fault:
                words = {"agents": ", ".join(blocked), "path": rule.path or "/"}
                yield Found(file.url, rule.line, rule.raw, words)

"""Content-Signal lines of a robots.txt → one signal per key, with the agents they speak to.

contentsignals.org, and Cloudflare's managed robots.txt. No grammar is published: whether a line
speaks to its group or to the whole file is disputed, so its group is kept and lines outside of
any group too. A signal that is not there neither grants nor restricts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from crawler.signals.robots_txt import Directive, RobotsTxt
from crawler.signals.vocabulary import UNKNOWN, Status, Value, status, words

_KEYS = frozenset({"content-signal", "content-signals"})
_MAX_SIGNALS = 1000  # of one line; a line of a real file holds four


@dataclass(frozen=True, slots=True)
class Signal:
    """One `key=value` of a Content-Signal line."""

    line: int  # counted from 1
    raw: str  # the whole line
    agents: tuple[str, ...]  # its group's user-agent values; () outside a group
    name: str  # lower-case, e.g. ai-train
    written: str  # the value as written, e.g. no
    value: Value  # of `use` always unknown: it names a limit, see `written`
    status: Status  # of the name
    plural: bool  # written Content-Signals
    faults: tuple[str, ...] = ()


def parse(robots: RobotsTxt) -> list[Signal]:
    """Every signal of the file, in order.

    >>> from crawler.signals.robots_txt import parse as read
    >>> signals = parse(read(b"User-agent: *\\nContent-Signal: search=yes, ai-train=no"))
    >>> [(one.name, one.value, one.agents) for one in signals]
    [('search', 'allowed', ('*',)), ('ai-train', 'disallowed', ('*',))]
    """
    return [one for line in robots.lines if line.key in _KEYS for one in _signals(line)]


def signals_for(robots: RobotsTxt, token: str) -> list[Signal]:
    """The signals that speak to `token`: those of its own groups, else those of "*".

    Groups inherit nothing, so a signal in "*" says nothing to a crawler that has its own group
    (RFC 9309, 2.2.1).
    """
    lines = robots.group_lines(token)
    return [one for line in lines if line.key in _KEYS for one in _signals(line)]


def _signals(line: Directive) -> Iterator[Signal]:
    text, path_faults = _without_path(line.value)
    for part in text.split(",", _MAX_SIGNALS)[:_MAX_SIGNALS]:
        name, equals, written = (piece.strip() for piece in part.partition("="))
        if not name and not written:
            continue
        name = name.lower()
        value, faults = _read(name, written, bool(equals))
        yield Signal(
            line=line.line,
            raw=line.raw,
            agents=line.agents,
            name=name,
            written=written,
            value=UNKNOWN if path_faults else value,
            status=status("content_signal", name),
            plural=line.key == "content-signals",
            faults=(*path_faults, *faults),
        )


def _without_path(value: str) -> tuple[str, list[str]]:
    """Some validators let a path stand first. No text defines it, so it limits nothing for sure."""
    if not value.startswith("/"):
        return value, []
    path, _, rest = value.partition(" ")
    return rest, [f"a path is not defined here: {path[:200]}"]


def _read(name: str, written: str, has_value: bool) -> tuple[Value, list[str]]:
    known = words("content_signal").get(name)
    if known is None:
        return UNKNOWN, ["no known signal"]
    values: dict[str, Value] = known["values"]
    if not has_value:
        return UNKNOWN, ["no value"]
    if written not in values:
        close = written.lower() in values
        return UNKNOWN, ["not in lower case" if close else "no known value"]
    return values[written], []

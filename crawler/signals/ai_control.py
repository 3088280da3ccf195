"""DisallowAITraining lines of a robots.txt and their like → what the expired draft meant by them.

draft-canel-robots-ai-control, -00 of October 2024; -01 left the names open, as DisallowAI… and
AllowAI…. Both expired. Nobody is known to read them: they are shown, never obeyed.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from crawler.signals.path_pattern import PathPattern, path_pattern
from crawler.signals.robots_txt import Directive as Line
from crawler.signals.robots_txt import RobotsTxt
from crawler.signals.vocabulary import ALLOWED, DISALLOWED, Status, Value, status

_STARTS: dict[str, Value] = {"disallowai": DISALLOWED, "allowai": ALLOWED}


@dataclass(frozen=True, slots=True)
class Directive:
    """One such line."""

    line: int  # counted from 1
    raw: str
    agents: tuple[str, ...]  # its group's user-agent values; () outside a group
    key: str  # lower-case, e.g. disallowaitraining
    value: Value  # what it asks for, for the paths that it covers
    status: Status  # historic where a draft defined the name, else unregistered
    path: str
    pattern: PathPattern | None = field(default=None, repr=False, compare=False)


def parse(robots: RobotsTxt) -> list[Directive]:
    """Every such line of the file, in order.

    >>> from crawler.signals.robots_txt import parse as read
    >>> found = parse(read(b"User-agent: *\\nDisallowAITraining: /art/\\nAllowAIInput: /"))
    >>> [(one.value, one.status, one.path) for one in found]
    [('disallowed', 'historic', '/art/'), ('allowed', 'unregistered', '/')]
    """
    return [
        _directive(line, value)
        for line in robots.lines
        for start, value in _STARTS.items()
        if line.key.startswith(start)
    ]


def _directive(line: Line, value: Value) -> Directive:
    return Directive(
        line=line.line,
        raw=line.raw,
        agents=line.agents,
        key=line.key,
        value=value,
        status=status("ai_control", line.key),
        path=line.value,
        pattern=path_pattern(line.octets),
    )

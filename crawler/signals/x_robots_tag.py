"""X-Robots-Tag header lines → directives.

No standard defines the header. Read as Google and MDN describe it, with the lines of one
response kept apart: joining them can give one line's agent to another line's rules.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

# Rules with an argument after a colon; any other word there names an agent.
VALUED = frozenset({"unavailable_after", "max-snippet", "max-image-preview", "max-video-preview"})
KNOWN = VALUED | {
    *("all", "noindex", "nofollow", "none", "noarchive", "nocache", "nosnippet"),
    *("indexifembedded", "notranslate", "noimageindex", "noai", "noimageai", "noml"),
}
_LONGEST_DATE = 100  # characters; none of its forms comes near
_AGENT = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # a token (RFC 9110, 5.6.2)


@dataclass(frozen=True, slots=True)
class Directive:
    """One rule found in a header line or meta element."""

    agent: str  # lower-case; "*" where none is named
    name: str  # lower-case, e.g. "noai"; also of rules nobody knows
    value: str  # after a colon, e.g. of max-snippet
    raw: str  # the whole line or content it stands in
    position: int  # of that line or element, counted from 0
    # The agent was named for an earlier rule of the line. Some carry it on; but the line may be
    # two lines joined on the way, and then this rule speaks to everybody.
    ambiguous: bool = False


def parse(lines: Sequence[str]) -> list[Directive]:
    """Every directive of one response's X-Robots-Tag lines, in the order served.

    >>> [(d.agent, d.name, d.ambiguous) for d in parse(["googlebot: noindex, noai", "noai"])]
    [('googlebot', 'noindex', False), ('googlebot', 'noai', True), ('*', 'noai', False)]
    """
    found = []
    for position, line in enumerate(lines):
        agent = "*"
        for part in parts(line):
            named, rest = _agent(part)
            agent = named or agent
            name, value = rule(rest)
            if name:
                carried = named is None and agent != "*"
                found.append(Directive(agent, name, value, line, position, carried))
    return found


def parts(text: str) -> Iterator[str]:
    """Split at commas, but not inside the date of unavailable_after.

    A date may hold commas ("Wed, 03 Dec 2025"); what goes on with a digit belongs to it,
    since no rule's name begins with one.
    """
    held: list[str] = []
    dated = False
    for part in text.split(","):
        if dated and part.lstrip()[:1].isdigit():
            held.append(part)
            continue
        if held:
            yield ",".join(held)
        held = [part]
        dated = "unavailable_after" in part.lower()
    yield ",".join(held)


def rule(text: str) -> tuple[str, str]:
    """(name, value) of one rule; both empty when there is none.

    >>> rule(" Max-Snippet: 20")
    ('max-snippet', '20')
    """
    name, colon, value = (piece.strip() for piece in text.partition(":"))
    if colon and name.lower() in VALUED:
        return name.lower(), value
    return text.strip().lower(), ""


def moment(value: str) -> datetime | None:
    """The date of unavailable_after, in UTC where it names no zone; None where it is none.

    RFC 822, RFC 850 and ISO 8601 are the forms that Google's page names.

    >>> moment("Wednesday, 03-Dec-25 13:09:53 GMT") == moment("2025-12-03T13:09:53Z")
    True
    """
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            date = read(value.strip()[:_LONGEST_DATE])
            return (date if date.tzinfo else date.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
    return None


def _agent(part: str) -> tuple[str | None, str]:
    """The agent a part names, lower-case, and what it says; None when it names nobody."""
    name, colon, rest = part.partition(":")
    name = name.strip().lower()
    if colon and name not in VALUED and _AGENT.fullmatch(name):
        return name, rest
    return None, part

"""A reader of the image's own header lines and one address → its verdict, with the line why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from optout.readers.subject import (
    ALLOWED,
    DISALLOWED,
    UNKNOWN,
    Hop,
    Subject,
    Verdict,
    undecided,
)
from optout.readers.table import Reader

# What is left of a repeated header, by the object that datadiligence is handed: all lines in
# responses of requests and urllib, the first in an HTTPMessage, the last in a list of pairs.
_LINES_READ = {"all": slice(None), "first": slice(1), "last": slice(-1, None)}


def by_img2dataset(reader: Reader, subject: Subject) -> Verdict:
    """The X-Robots-Tag lines of the last response, split as the program splits them.

    Each line once at its first colon: what stands left of it is taken for a crawler's name,
    whatever it is ("max-snippet: 20, noai" says nothing to it). It reads no other signal.
    """
    last = answer_of(reader, subject)
    if isinstance(last, Verdict):
        return last
    lines = last.values("x-robots-tag")
    for number, raw in enumerate(lines, 1):
        obeyed = img2dataset_obeys(raw, reader.directives, reader.token or None)
        if obeyed:
            found = undecided(reader, subject, DISALLOWED, last.url, _says(number, obeyed))
            return replace(found, signal="X-Robots-Tag", line=number, raw=raw)
    return _says_nothing(reader, subject, last, lines, "and it reads nothing else")


def img2dataset_obeys(line: str, directives: Iterable[str], token: str | None = None) -> str | None:
    """The rule of one X-Robots-Tag line for which img2dataset skips the image, or None.

    `token` is the name it was given, lower-case, if any.

    >>> img2dataset_obeys("NoAI, x", ["noai"]), img2dataset_obeys("max-snippet: 20, noai", ["noai"])
    ('noai', None)
    """
    # Python's HTTP client takes the space before a value away, and none elsewhere.
    agent, colon, rest = line.lstrip(" \t").partition(":")
    # The name is not stripped before it is compared: "img2dataset : noai" names somebody else.
    if colon and agent.lower() != token:
        return None
    rules = (rule.strip().lower() for rule in (rest if colon else line).split(","))
    wanted = set(directives)
    return next((rule for rule in rules if rule in wanted), None)


def by_datadiligence(reader: Reader, subject: Subject) -> Verdict:
    """The header rules of datadiligence: X-Robots-Tag, then tdm-reservation.

    It takes repeated lines joined by commas; since it splits at commas again, a rule always
    stands in one of them, and that one is named.
    """
    last = answer_of(reader, subject)
    if isinstance(last, Verdict):
        return last
    taken = _LINES_READ[reader.lines_read]
    lines = last.values("x-robots-tag")
    for number, raw in list(enumerate(lines, 1))[taken]:
        obeyed = datadiligence_obeys(raw, reader.directives, reader.token or None)
        if obeyed:
            found = undecided(reader, subject, DISALLOWED, last.url, _says(number, obeyed))
            return replace(found, signal="X-Robots-Tag", line=number, raw=raw)
    reserved = last.values("tdm-reservation")
    if datadiligence_reserved(reserved[taken]):
        number = len(reserved) if reader.lines_read == "last" else 1
        why = "the response's tdm-reservation is 1"
        found = undecided(reader, subject, DISALLOWED, last.url, why)
        return replace(found, signal="tdm-reservation", line=number, raw=reserved[number - 1])
    return _says_nothing(reader, subject, last, lines, "nor tdm-reservation: 1")


def datadiligence_obeys(
    value: str, directives: Iterable[str], token: str | None = None
) -> str | None:
    """The rule of an X-Robots-Tag value for which datadiligence refuses, or None.

    Upper case is another rule to it, and a rule that follows somebody else's speaks to all.

    >>> rules = ["noai"]
    >>> datadiligence_obeys("googlebot: noindex, noai", rules), datadiligence_obeys("NoAI", rules)
    ('noai', None)
    """
    wanted = set(directives)
    for part in value.split(","):
        if part.strip() in wanted:
            return part.strip()
        agent, *rest = part.split(":")
        if token and len(rest) == 1 and agent.strip() == token and rest[0].strip() in wanted:
            return rest[0].strip()
    return None


def datadiligence_reserved(lines: Sequence[str]) -> bool:
    """Whether datadiligence takes these tdm-reservation lines, joined, for a reservation.

    >>> datadiligence_reserved([" 1 "]), datadiligence_reserved(["1", "1"])
    (True, False)
    """
    return ", ".join(lines).strip() == "1"


def answer_of(reader: Reader, subject: Subject) -> Hop | Verdict:
    """The response that came with the image; or the verdict, where there is none."""
    last = subject.hops[-1] if subject.hops else None
    if last is None or last.status is None or (last.status // 100 != 2 and subject.reason):
        reason = subject.reason or "it was not asked for"
        why = f"the image's own response is not known: {reason}"
        return undecided(reader, subject, UNKNOWN, subject.url, why)
    if last.status // 100 != 2:
        why = f"the address answered {last.status}, not with an image"
        return undecided(reader, subject, UNKNOWN, last.url, why)
    return last


def _says(number: int, obeyed: str) -> str:
    return f"line {number} of the response's X-Robots-Tag lines says {obeyed}"


def _says_nothing(
    reader: Reader, subject: Subject, last: Hop, lines: Sequence[str], further: str
) -> Verdict:
    why = f"the response has no X-Robots-Tag line, {further}"
    if lines:
        why = "as it splits them, none of the response's X-Robots-Tag lines speaks to it"
    return undecided(reader, subject, ALLOWED, last.url, why)

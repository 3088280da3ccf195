"""A reader and one address as it was answered → allowed, disallowed or unknown, and why.

Nothing is fetched here. What was not seen gives `unknown`, never a guess.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from crawler.signals.robots_txt import Decision, RobotsTxt, rules_for
from crawler.urls import origin, resolve, target
from optout.readers.table import Reader

ALLOWED, DISALLOWED, UNKNOWN = "allowed", "disallowed", "unknown"


@dataclass(frozen=True, slots=True)
class Hop:
    """One exchange: what was asked, what was answered."""

    url: str
    status: int | None
    headers: tuple[tuple[str, str], ...] = ()

    def values(self, name: str) -> list[str]:
        """Values of all header lines called `name` (lower-case), in the order served."""
        return [value for header, value in self.headers if header.lower() == name]


@dataclass(frozen=True, slots=True)
class SiteFile:
    """robots.txt of one origin. `rules` is None where no answer was obtained."""

    url: str
    outcome: str  # one of `crawler.records.OUTCOMES`
    status: int | None
    rules: RobotsTxt | None
    reason: str = ""  # why it was not obtained
    observed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Subject:
    """One address, the chain it was answered with, and robots.txt by origin."""

    url: str
    hops: tuple[Hop, ...] = ()  # empty when it was not asked for
    site_files: Mapping[str, SiteFile] = field(default_factory=dict)
    reason: str = ""  # why no answer was obtained, or not the whole one
    observed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a reader makes of one address."""

    reader: str
    value: str  # allowed, disallowed or unknown
    signal: str  # robots.txt or X-Robots-Tag where one decided, else none
    where: str  # address of the file or response looked at
    line: int | None  # line of robots.txt, or which of the X-Robots-Tag lines; from 1
    raw: str  # that line as served
    why: str  # one sentence
    clause: str
    basis: str
    observed_at: datetime | None


def verdict(reader: Reader, subject: Subject) -> Verdict:
    """Would `reader` take what is at this address? Says which line decided.

    >>> from optout.readers.table import readers
    >>> hop = Hop("https://a.example/1.jpg", 200, (("X-Robots-Tag", "googlebot: noindex, noai"),))
    >>> verdict(readers()[0], Subject(hop.url, (hop,))).value   # img2dataset splits once
    'allowed'
    """
    return METHODS[reader.method](reader, subject)


def site_file(
    url: str,
    *,
    outcome: str,
    status: int | None,
    body: bytes | None,
    reason: str | None = None,
    observed_at: datetime | None = None,
) -> SiteFile:
    """A robots.txt as observed (outcomes of `crawler.records`), parsed once.

    A server that answered with an error speaks by its status; an answer that we did not get
    (our connection, our limits) says nothing about the site, so its rules stay unknown.
    """
    answered = outcome in ("fetched", "too_large") and status is not None
    rules = rules_for(status, body) if answered else None
    if rules is not None and body is None and status is not None and status < 300:
        rules = None  # the headers came, the bytes did not
    return SiteFile(url, outcome, status, rules, reason or "no answer was obtained", observed_at)


def _by_robots_txt(reader: Reader, subject: Subject) -> Verdict:
    """Every hop's origin is asked: a crawler that may not take one step does not arrive."""
    asked = [_ask(reader, url, subject) for url in way(subject)]
    for value in (DISALLOWED, UNKNOWN):
        for found in asked:
            if found.value == value:
                return found
    return asked[-1]


def way(subject: Subject) -> list[str]:
    """Addresses from the first to the last known, an unfollowed redirect included."""
    way = [hop.url for hop in subject.hops] or [subject.url]
    last = subject.hops[-1] if subject.hops else None
    if last and last.status is not None and 300 <= last.status < 400:
        further = [resolve(last.url, value) for value in last.values("location")[:1]]
        way += [url for url in further if url]
    return way


def _ask(reader: Reader, url: str, subject: Subject) -> Verdict:
    place = origin(url)
    file = subject.site_files.get(place)
    if file is None or file.rules is None:
        reason = file.reason if file else "it was not asked for"
        why = f"robots.txt of {place} is not known: {reason}"
        return _verdict(reader, subject, UNKNOWN, f"{place}/robots.txt", why)
    decision = file.rules.decide(reader.token, target(url))
    value = ALLOWED if decision.allowed else DISALLOWED
    by_status = not decision.allowed and decision.line is None
    return Verdict(
        reader=reader.name,
        value=value,
        signal="robots.txt" if decision.line or by_status else "none",
        where=file.url,
        line=decision.line,
        raw=decision.raw,
        why=_because(reader, place, file, decision),
        clause=decision.clause,
        basis=reader.basis,
        observed_at=file.observed_at or subject.observed_at,
    )


def _because(reader: Reader, place: str, file: SiteFile, decision: Decision) -> str:
    if decision.line is not None:
        does = "allows" if decision.allowed else "forbids"
        whom = "everyone not named" if decision.group == "*" else reader.token
        return f"line {decision.line} of robots.txt of {place} {does} it for {whom}"
    if file.rules is None or file.rules.blanket is None:
        return f"no rule in robots.txt of {place} applies"
    if not decision.allowed:
        return (
            f"robots.txt of {place} answered {file.status}, which forbids everything until it works"
        )
    return f"robots.txt of {place} answered {file.status}, so no rule applies"


def _by_img2dataset(reader: Reader, subject: Subject) -> Verdict:
    """The lines of the last response, split as the program splits them.

    Each line once at its first colon: what stands left of it is taken for a crawler's name,
    whatever it is ("max-snippet: 20, noai" says nothing to it). It reads no other signal.
    """
    last = subject.hops[-1] if subject.hops else None
    if last is None or last.status is None or (last.status // 100 != 2 and subject.reason):
        reason = subject.reason or "it was not asked for"
        why = f"the image's own response is not known: {reason}"
        return _verdict(reader, subject, UNKNOWN, subject.url, why)
    if last.status // 100 != 2:
        why = f"the address answered {last.status}, not with an image"
        return _verdict(reader, subject, UNKNOWN, last.url, why)
    lines = last.values("x-robots-tag")
    for number, raw in enumerate(lines, 1):
        obeyed = img2dataset_obeys(raw, reader.directives, reader.token or None)
        if obeyed:
            why = f"line {number} of the response's X-Robots-Tag lines says {obeyed}"
            found = _verdict(reader, subject, DISALLOWED, last.url, why)
            return replace(found, signal="X-Robots-Tag", line=number, raw=raw)
    why = "the response has no X-Robots-Tag line, and it reads nothing else"
    if lines:
        why = "as it splits them, none of the response's X-Robots-Tag lines speaks to it"
    return _verdict(reader, subject, ALLOWED, last.url, why)


def img2dataset_obeys(line: str, directives: Iterable[str], token: str | None = None) -> str | None:
    """The rule of one X-Robots-Tag line for which img2dataset skips the image, or None.

    `token` is the name it was given, lower-case, if any.

    >>> img2dataset_obeys("NoAI, x", ["noai"]), img2dataset_obeys("max-snippet: 20, noai", ["noai"])
    ('noai', None)
    """
    agent, colon, rest = line.partition(":")
    # The name is not stripped before it is compared: "img2dataset : noai" names somebody else.
    if colon and agent.lower() != token:
        return None
    rules = (rule.strip().lower() for rule in (rest if colon else line).split(","))
    wanted = set(directives)
    return next((rule for rule in rules if rule in wanted), None)


def _verdict(reader: Reader, subject: Subject, value: str, where: str, why: str) -> Verdict:
    """One that no line decided."""
    return Verdict(
        reader=reader.name,
        value=value,
        signal="none",
        where=where,
        line=None,
        raw="",
        why=why,
        clause=reader.clause,
        basis=reader.basis,
        observed_at=subject.observed_at,
    )


# The ways in which readers read; readers.toml names one for each.
METHODS: dict[str, Callable[[Reader, Subject], Verdict]] = {
    "robots_txt": _by_robots_txt,
    "x_robots_tag_img2dataset": _by_img2dataset,
}


def verdicts(subject: Subject, of: Sequence[Reader]) -> list[Verdict]:
    """One verdict per reader, in the order given."""
    return [verdict(reader, subject) for reader in of]

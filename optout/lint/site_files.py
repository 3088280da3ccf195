"""ai.txt, trust.txt, licence documents and their like → what was found."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from urllib.parse import urlsplit

from crawler.signals import ai_txt, rsl, trust_txt
from crawler.signals.vocabulary import no_signal
from crawler.urls import origin, target
from optout.lint.seen import File, Seen
from optout.lint.table import Found, checks, finds

_MOST = 200  # pictures that ai.txt is asked about: they say whether readings differ


@finds("X01")
def pages_instead(seen: Seen) -> Iterator[Found]:
    """A page where a file should be."""
    for file in seen.files:
        if file.kind in checks()["X01"].names and file.text is not None and file.is_page:
            yield Found(file.url, None, "", {"kind": file.kind})


@finds("X02")
def other_formats(seen: Seen) -> Iterator[Found]:
    """An ai.txt that is not Spawning's."""
    for file, body in seen.kind("ai.txt"):
        form = ai_txt.parse(body, file.content_type).format
        if form not in (ai_txt.SPAWNING, ai_txt.HTML):
            first = body[:300].decode("utf-8-sig", "replace").strip().splitlines()
            yield Found(file.url, None, first[0] if first else "", {"format": form})


@finds("X03")
def covers_nothing(seen: Seen) -> Iterator[Found]:
    """A line of ai.txt that matches no address."""
    for file, body in seen.kind("ai.txt"):
        for rule in ai_txt.parse(body, file.content_type).rules:
            if rule.fault:
                yield Found(file.url, rule.line, rule.raw, {"why": rule.fault})


@finds("X04")
def two_readings(seen: Seen) -> Iterator[Found]:
    """A picture for which the two readings of *.ext differ."""
    for file, body in seen.kind("ai.txt"):
        read = ai_txt.parse(body, file.content_type)
        if not any(rule.extension for rule in read.rules):
            continue
        here = (one for one in seen.pictures if origin(one.url) == file.origin)
        for picture in islice(here, _MOST):
            found = ai_txt.read(read, target(picture.url))
            rule = found.as_pattern.rule or found.as_extension.rule
            if found.differ and rule:
                yield Found(file.url, rule.line, rule.raw, {"rule": rule.value})


@finds("X05")
def trust_values(seen: Seen) -> Iterator[Found]:
    """datatrainingallowed that is neither yes nor no."""
    for file, body in seen.kind("trust.txt"):
        for one in trust_txt.parse(body):
            if one.fault:
                yield Found(file.url, one.line, one.raw)


@finds("X06")
def dead_licences(seen: Seen) -> Iterator[Found]:
    """A licence document that is named and not there."""
    for file in _licences(seen):
        gone = file.status is not None and file.status >= 400
        if gone or file.outcome == "failed":
            why = f"answered {file.status}" if file.status else "does not answer"
            yield Found(file.url, None, "", {"why": why, "on": file.found_on})


@finds("X07")
def no_licence(seen: Seen) -> Iterator[Found]:
    """A licence document that cannot be read."""
    for file in _licences(seen):
        if file.text is not None:
            fault = "a page" if file.is_page else rsl.parse(file.text).fault
            if fault:
                yield Found(file.url, None, "", {"why": fault, "on": file.found_on})


@finds("X08")
def relative_licence(seen: Seen) -> Iterator[Found]:
    """A License line of robots.txt without a whole address."""
    for file, robots in seen.robots():
        for one in rsl.from_robots(robots):
            if one.fault:
                whole = f"{file.origin}/{one.url.lstrip('/')}"
                yield Found(file.url, one.position, one.raw, {"whole": whole})


@finds("X09")
def licence_words(seen: Seen) -> Iterator[Found]:
    """Terms of a licence in words that RSL 1.0 does not hold, or written another way."""
    for file, body in seen.kind("rsl"):
        for content in rsl.parse(body).contents:
            for term in (term for licence in content.licenses for term in licence.terms):
                old = [v for v, s in zip(term.values, term.statuses, strict=False) if s != _NOW]
                faults = [*term.faults, *(f"“{value}” is no word of RSL 1.0" for value in old)]
                if faults:
                    yield Found(file.url, term.line, term.raw, {"why": faults[0]})


_NOW = "current"


@finds("X10")
def licence_faults(seen: Seen) -> Iterator[Found]:
    """A content element that names no address, or stands in no namespace."""
    for file, body in seen.kind("rsl"):
        for content in rsl.parse(body).contents:
            if content.faults:
                why = "; ".join(content.faults)
                yield Found(file.url, content.line, content.url or "", {"why": why})


@finds("X11")
def no_reservations(seen: Seen) -> Iterator[Found]:
    """llms.txt and its like."""
    wanted = checks()["X11"].names
    for url in [*seen.pages, *_named_in_robots(seen)]:
        name = _last_part(url)
        why = no_signal("file", name) if name in wanted else None
        if why:
            yield Found(url, None, "", {"name": name, "why": why})


def _named_in_robots(seen: Seen) -> Iterator[str]:
    for _, robots in seen.robots():
        yield from (line.value for line in robots.lines if line.value.startswith("http"))


def _last_part(url: str) -> str:
    try:
        return urlsplit(url).path.rpartition("/")[2].lower()
    except ValueError:
        return ""


def _licences(seen: Seen) -> Iterator[File]:
    return (file for file in seen.files if file.kind == "rsl")

"""What pages, images and hosts say beside each other → what was found."""

from __future__ import annotations

from collections.abc import Iterator

from crawler.signals.robots_txt import RobotsTxt
from crawler.urls import origin
from optout.lint.headers import AI, directives
from optout.lint.seen import Answer, Seen
from optout.lint.statements import ALLOWED, DISALLOWED, Statement, statements, training_tokens
from optout.lint.table import Found, checks, finds
from optout.lint.tdmrep import Files, chosen, files, of_header

_NOAI = frozenset({"X-Robots-Tag", "meta robots"})
_TDM = frozenset({"tdm-reservation", "meta tdm-reservation"})


@finds("S01")
def page_alone(seen: Seen) -> Iterator[Found]:
    """A page that reserves, and an image on it whose own answer does not."""
    pages = _reserving_pages(seen)
    answers = {a.url: a for a in seen.answers if a.subject == "image" and a.good}
    tdm = files(seen)
    silent = set(_silent_hosts(seen))
    for picture in seen.pictures if pages else ():
        answer = answers.get(picture.url)
        if answer is None or origin(answer.last.url) in silent:
            continue
        said = next((pages[page] for page in picture.pages if page in pages), [])
        for one in said:
            if one.family in _NOAI and not _says_noai(answer):
                yield _page_alone(answer, one, "X-Robots-Tag: noai, noimageai")
            elif one.family in _TDM and not _reserved(answer, tdm):
                yield _page_alone(answer, one, "tdm-reservation: 1")


def _reserving_pages(seen: Seen) -> dict[str, list[Statement]]:
    """Page → what it reserves, the first of each kind."""
    found: dict[str, list[Statement]] = {}
    for one in statements(seen):
        if one.page_only and one.value == DISALLOWED:
            said = found.setdefault(one.url, [])
            kind = _NOAI if one.family in _NOAI else _TDM
            if not any(other.family in kind for other in said):
                said.append(one)
    return found


def _page_alone(answer: Answer, one: Statement, header: str) -> Found:
    words = {"signal": one.family, "header": header}
    return Found(answer.last.url, None, one.raw, words)


def _says_noai(answer: Answer) -> bool:
    # Whoever says it to one crawler, or where it is missed, is told so by another check.
    return any(one.name in AI for one in directives(answer))


def _reserved(answer: Answer, tdm: Files) -> bool:
    entry = chosen(tdm, answer.last.url)
    return bool(of_header(answer)) or bool(entry and entry.reservation == 1)


@finds("S02")
def silent_hosts(seen: Seen) -> Iterator[Found]:
    """A host of images that says nothing, while another says something."""
    for host, images in _silent_hosts(seen).items():
        words = {"host": host, "images": str(images), "others": ", ".join(_speaking(seen))}
        yield Found(f"{host}/", None, "", words)


def _silent_hosts(seen: Seen) -> dict[str, int]:
    """Origin → images there, where nothing reserves those images; none where nobody speaks."""
    spoken = {one.origin for one in statements(seen) if one.value == DISALLOWED}
    reached = {s.origin for s in statements(seen) if s.value == DISALLOWED and not s.page_only}
    pages = _page_hosts(seen)
    hosts: dict[str, int] = {}
    for answer in seen.answers:
        if answer.subject == "image" and answer.good:
            host = origin(answer.last.url)
            if spoken and host not in reached | pages:
                hosts[host] = hosts.get(host, 0) + 1
    return hosts


def _page_hosts(seen: Seen) -> set[str]:
    return {origin(a.last.url) for a in seen.answers if a.subject == "page" and a.good}


def _speaking(seen: Seen) -> list[str]:
    found = (one.origin for one in statements(seen) if one.value == DISALLOWED)
    return list(dict.fromkeys(found))[:3]


@finds("S03")
def nothing_said(seen: Seen) -> Iterator[Found]:
    """No host says anything."""
    pages = sorted(_page_hosts(seen))
    if pages and not any(one.value == DISALLOWED for one in statements(seen)):
        yield Found(f"{pages[0]}/", None, "")


@finds("S04")
def other_robots(seen: Seen) -> Iterator[Found]:
    """robots.txt of an image host that lets in whom that of the site shuts out."""
    robots = {file.origin: rules for file, rules in seen.robots()}
    pages = _page_hosts(seen)
    shut = {t: host for host in sorted(pages) for t in _shut_out(robots, host)}
    hosts = {origin(a.last.url) for a in seen.answers if a.subject == "image" and a.good}
    for host in sorted(hosts - pages - set(_silent_hosts(seen))) if shut else ():
        missing = [token for token in shut if token not in _shut_out(robots, host)]
        if missing:
            words = {"host": host, "site": shut[missing[0]], "agents": ", ".join(missing)}
            yield Found(f"{host}/robots.txt", None, "", words)


def _shut_out(robots: dict[str, RobotsTxt], host: str) -> list[str]:
    rules = robots.get(host)
    tokens = training_tokens() if rules else ()
    return [token for token in tokens if rules and not rules.decide(token, "/").allowed]


@finds("S05")
def no_alt(seen: Seen) -> Iterator[Found]:
    """Pictures without alt text, at scale."""
    alts, check = seen.alts, checks()["S05"]
    if alts.without > check.limit and alts.without * 2 > alts.mentions:
        words = {"without": f"{alts.without:,}", "mentions": f"{alts.mentions:,}"}
        yield Found(alts.example, None, "", words)


@finds("S06")
def contradictions(seen: Seen) -> Iterator[Found]:
    """One signal that allows training beside another that forbids it, on the same host."""
    by_host: dict[str, list[Statement]] = {}
    for one in statements(seen):
        if one.whole:
            by_host.setdefault(one.origin, []).append(one)
    for said in by_host.values():
        allows = [one for one in said if one.value == ALLOWED]
        forbids = [one for one in said if one.value == DISALLOWED]
        for one in allows[:1] if forbids else ():
            others = [f for f in dict.fromkeys(x.family for x in forbids) if f != one.family]
            if others:
                words = {"family": one.family, "others": ", ".join(others)}
                yield Found(one.url, one.line, one.raw, words)

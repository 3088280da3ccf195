"""What pages, images and hosts say beside each other → what was found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from crawler.signals.robots_txt import RobotsTxt
from crawler.urls import origin
from optout.lint.headers import AI, directives
from optout.lint.seen import Answer, Seen
from optout.lint.statements import TRAINING, Spoken, spoken, training_tokens
from optout.lint.table import Found, checks, finds
from optout.lint.tdmrep import Files, chosen, files, of_header
from optout.readers.statement import EVERYBODY, Reservation
from optout.readers.subject import ALLOWED, DISALLOWED

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
            if one.signal in _NOAI and not _says_noai(answer):
                yield _page_alone(answer, one, "X-Robots-Tag: noai, noimageai")
            elif one.signal in _TDM and not _reserved(answer, tdm):
                yield _page_alone(answer, one, "tdm-reservation: 1")


def _reserving_pages(seen: Seen) -> dict[str, list[Reservation]]:
    """Page → what it reserves by itself, the first of each kind."""
    found: dict[str, list[Reservation]] = {}
    for place in spoken(seen):
        for one in place.of(DISALLOWED) if place.subject == "page" else ():
            kind = next((kind for kind in (_NOAI, _TDM) if one.signal in kind), None)
            said = found.setdefault(one.where, [])
            if kind and _is_asked(one) and not any(other.signal in kind for other in said):
                said.append(one)
    return {url: said for url, said in found.items() if said}


def _is_asked(one: Reservation) -> bool:
    """Whether it is a word to everybody that images can carry too."""
    return one.to == EVERYBODY and (one.signal in _TDM or one.word in AI)


def _page_alone(answer: Answer, one: Reservation, header: str) -> Found:
    words = {"signal": one.signal, "header": header}
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
    if not _speaking(seen):
        return {}
    there = [one for one in spoken(seen) if one.subject == "image" and one.answered]
    aside = _page_hosts(seen) | {one.origin for one in there if one.reserved}
    return Counter(one.origin for one in there if one.origin not in aside)


def _page_hosts(seen: Seen) -> set[str]:
    return {origin(a.last.url) for a in seen.answers if a.subject == "page" and a.good}


def _speaking(seen: Seen) -> list[str]:
    return list(dict.fromkeys(one.origin for one in spoken(seen) if one.reserved))[:3]


@finds("S03")
def nothing_said(seen: Seen) -> Iterator[Found]:
    """Pictures for which no signal against training stands, on the hosts that hold pages too."""
    pages, hosts = sorted(_page_hosts(seen)), _pictures(seen)
    of_site = [host for host in pages if host in hosts]
    for host in of_site:
        lacking = sum(not one.reserved for one in hosts[host])
        if lacking:
            words = {"lacking": f"{lacking:,} of {len(hosts[host]):,}", "what": "pictures"}
            yield Found(f"{host}/", None, "", words)
    if pages and not of_site and not _speaking(seen):
        what = "pictures" if hosts else "pages"
        yield Found(f"{pages[0]}/", None, "", {"lacking": "all", "what": what})


def _pictures(seen: Seen) -> dict[str, list[Spoken]]:
    """Origin → the images there, without icons and spacers where these were told apart."""
    pictures = {one.url for one in seen.pictures}
    found: dict[str, list[Spoken]] = {}
    for one in spoken(seen):
        if one.subject == "image" and (one.url in pictures or not pictures):
            found.setdefault(one.origin, []).append(one)
    return found


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
    """One signal that allows training beside another that forbids it, of the same address."""
    told: dict[tuple[str, str, int | None, str], tuple[Reservation, dict[str, None]]] = {}
    for place in spoken(seen):
        forbids = place.of(DISALLOWED)
        for one in place.of(ALLOWED) if forbids else ():
            others = [other.signal for other in forbids if _contradict(one, other)]
            if others:
                key = (place.origin, one.where, one.line, one.raw)
                told.setdefault(key, (one, {}))[1].update(dict.fromkeys(others))
    hosts = set()
    for (host, *_), (one, against) in told.items():
        if host not in hosts:  # one a host: mend it, and the next is told
            hosts.add(host)
            words = {"family": one.signal, "others": ", ".join(against)}
            yield Found(one.where, one.line, one.raw, words)


def _contradict(one: Reservation, other: Reservation) -> bool:
    """Whether both speak of the same use to the same crawlers, by the rules of two families."""
    uses = TRAINING.intersection(one.purposes, other.purposes)
    return bool(uses) and _share(one, other) and one.family != other.family


def _share(one: Reservation, other: Reservation) -> bool:
    """Whether anybody hears both. In robots.txt "*" is who has no group (RFC 9309, 2.2.1)."""
    groups = one.where == other.where and one.signal.startswith("robots.txt")
    everybody = "*" in (*one.to, *other.to) and not groups
    return everybody or not set(one.to).isdisjoint(other.to)

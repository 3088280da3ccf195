"""robots.txt that shuts search out → what was found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from crawler.urls import origin
from optout.lint.seen import Seen
from optout.lint.statements import robots_files
from optout.lint.table import Found, checks, finds
from optout.readers.subject import DISALLOWED, Subject
from optout.readers.table import Reader, readers
from optout.readers.verdicts import verdict


@finds("R40")
def web_search(seen: Seen) -> Iterator[Found]:
    """Search engines that may not fetch the site, or its pictures."""
    yield from _shut_out(seen, checks()["R40"].names)


@finds("R41")
def ai_search(seen: Seen) -> Iterator[Found]:
    """The search crawlers of assistants likewise."""
    yield from _shut_out(seen, checks()["R41"].names)


@finds("R42")
def hidden_rules(seen: Seen) -> Iterator[Found]:
    """noindex where search engines may not look, so that they cannot see it."""
    files, of = robots_files(seen), _named(checks()["R42"].names)
    for url, raw in _noindexed(seen):
        for reader in of:
            decided = verdict(reader, Subject(url, site_files=files))
            if decided.value == DISALLOWED and decided.line:
                words = {"reader": reader.name, "rule": decided.raw.strip()}
                yield Found(url, None, raw, words)
                break


def _noindexed(seen: Seen) -> Iterator[tuple[str, str]]:
    """(address, raw text) that say noindex in a header or meta."""
    from optout.lint.headers import directives
    from optout.lint.metas import robots_metas

    for answer in seen.answers:
        for one in directives(answer):
            if one.name in ("noindex", "none"):
                yield answer.last.url, one.raw
    for meta, one in robots_metas(seen):
        if one.name in ("noindex", "none"):
            yield meta.page_url, one.raw


def _shut_out(seen: Seen, names: tuple[str, ...]) -> Iterator[Found]:
    """One finding per line that keeps a whole site, or most pictures of a host, from somebody.

    A folder that is closed to all (/private/) is meant so.
    """
    files, addresses = robots_files(seen), list(_addresses(seen))
    there = Counter(origin(url) for url in addresses)
    told: dict[tuple[str, int], tuple[str, dict[str, None], set[str]]] = {}
    for url in addresses:
        for reader in _named(names):
            found = verdict(reader, Subject(url, site_files=files))
            if found.value == DISALLOWED and found.line:
                _, who, urls = told.setdefault((found.where, found.line), (found.raw, {}, set()))
                who[reader.name] = None
                urls.add(url)
    for (where, line), (raw, who, urls) in told.items():
        place = origin(where)
        if f"{place}/" in urls or len(urls) * 2 > there[place]:
            yield Found(where, line, raw, {"readers": ", ".join(who)})


def _addresses(seen: Seen) -> Iterator[str]:
    """The roots of the sites that have pages, then pictures."""
    pages = (answer for answer in seen.answers if answer.subject == "page" and answer.good)
    yield from dict.fromkeys(f"{origin(answer.last.url)}/" for answer in pages)
    yield from (picture.url for picture in seen.pictures)


def _named(names: tuple[str, ...]) -> list[Reader]:
    return [reader for reader in readers() if reader.name in names]

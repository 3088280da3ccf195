"""The CDX API of an archive: its crawls, and the captures of a place in each of them.

The API as pywb and Common Crawl's server speak it: one JSON object per line, in pages.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from optout.errors import FetchError
from optout.fetched import Reply
from optout.history.archive import Archive
from optout.history.captures import PAGE, Capture, capture_of
from optout.history.host import Host
from optout.history.place import Place

MOST_LINES = 50_000  # of one answer's captures kept; more are said to be left out
_MOST_PAGES = 200  # of one answer
_MAX_LINE = 64 * 2**10  # bytes
_MAX_LIST = 8 * 2**20  # bytes of the list of crawls
_MAX_WORDS = 2000  # bytes of an error read
_CRAWL = re.compile(r"[A-Za-z][\w.-]{2,60}", re.ASCII)
_YEAR = re.compile(r"(?:19|20)[0-9]{2}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Found:
    """What an index answered to one question."""

    captures: tuple[Capture, ...]
    odd: int = 0  # lines that cannot be captures of the place
    more: bool = False  # the limit came first
    absent: bool = False  # the server knows no such crawl


def crawls(host: Host, archive: Archive) -> list[str]:
    """Names of the archive's crawls, newest first as its list has them.

    Raises FetchError where the list cannot be read.
    """
    body = host.ask(archive.crawls, lambda reply: _ok(host, reply, "its list of crawls"))
    try:
        entries = json.loads(body)
        names = [str(entry["id"]) for entry in entries]
    except (ValueError, TypeError, KeyError, RecursionError):
        raise FetchError(
            f"{host.name} answers with no list of crawls at /{archive.crawls}",
            "check --index, or name the crawls yourself with --crawl",
        ) from None
    return [name for name in dict.fromkeys(names) if _CRAWL.fullmatch(name)]


def is_crawl(name: str) -> bool:
    """Whether a text can be the name of a crawl."""
    return bool(_CRAWL.fullmatch(name))


def chosen(names: Sequence[str], first: int, last: int, newest: bool) -> list[str]:
    """Of crawls (newest first) those of the years `first` to `last`, oldest first.

    >>> chosen(["CC-MAIN-2024-10", "CC-MAIN-2016-07", "CC-MAIN-2009-2010"], 2010, 2022, True)
    ['CC-MAIN-2009-2010', 'CC-MAIN-2016-07', 'CC-MAIN-2024-10']
    """
    years = {name: [int(year) for year in _YEAR.findall(name)] for name in names}
    ours = {n for n, found in years.items() if any(first <= year <= last for year in found)}
    if newest and names:
        ours.add(max(names, key=lambda name: (max(years[name], default=0), name)))
    return sorted(ours, key=lambda name: (years[name], name))


def question(place: Place, kind: str) -> dict[str, str]:
    """The parameters of the CDX API that ask for a place's pages, or for its robots.txt."""
    if kind == PAGE:
        match = "domain" if place.subdomains else "prefix"
        url = place.host if place.subdomains else place.pages
        return {"url": url, "matchType": match, "filter": "=status:200"}
    if place.subdomains:
        return {"url": place.host, "matchType": "domain", "filter": r"~url:.*//[^/]+/robots\.txt"}
    return {"url": place.robots, "matchType": "exact"}


def ask(host: Host, crawl: str, place: Place, kind: str) -> Found:
    """The captures of one place in one crawl. None is an answer too.

    Raises FetchError when the index cannot be asked.
    """
    asked = question(place, kind)
    pages = 1  # an exact address has few captures in a crawl
    if asked["matchType"] != "exact":
        pages = host.ask(_path(crawl, asked, kind, showNumPages="true"), _page_count)
    captures: dict[str, Capture] = {}
    odd, more, absent = 0, pages > _MOST_PAGES, False
    for page in range(min(pages, _MOST_PAGES)):
        found = host.ask(
            _path(crawl, asked, kind, page=str(page)),
            lambda reply: _captures(host, reply, kind, crawl, place),
        )
        odd, absent = odd + found.odd, absent or found.absent
        captures |= {one.key: one for one in found.captures}
        if found.more or len(captures) >= MOST_LINES:
            more = True
            break
    return Found(tuple(captures.values()), odd, more, absent)


def _path(crawl: str, asked: dict[str, str], kind: str, **more: str) -> str:
    pairs = [*asked.items(), *((("filter", "mime:html"),) if kind == PAGE else ())]
    return f"{crawl}-index?{urlencode([*pairs, ('output', 'json'), *more.items()])}"


def _page_count(reply: Reply) -> int:
    """How many pages the answer has; a server that does not count has one."""
    body = reply.first(_MAX_WORDS)
    if reply.status != 200:
        return 0 if _says_none(body) else 1
    try:
        data = json.loads(body)
        return max(0, int(data["pages"] if isinstance(data, dict) else data))
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return 1


def _captures(host: Host, reply: Reply, kind: str, crawl: str, place: Place) -> Found:
    if reply.status != 200:
        body = reply.first(_MAX_WORDS)
        if reply.status == 404 or _says_none(body):
            return Found((), absent=not _says_none(body))
        raise FetchError(
            f"{host.name} answered {reply.status} when asked about {crawl}: {_plain(body)}",
            "choose other crawls with --crawl, or try again later",
        )
    found: list[Capture] = []
    odd = 0
    for line in lines(reply.chunks):
        entry = _entry(line)
        capture = None if entry is None else capture_of(entry, kind, crawl, place.holds)
        if capture is None:
            odd += 1
        else:
            found.append(capture)
        if len(found) + odd >= MOST_LINES:
            return Found(tuple(found), odd, True)
    return Found(tuple(found), odd)


def lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The lines of a body as it arrives, without their ends; one of great length ends as empty.

    >>> list(lines([b"a\\nb", b"c\\n", b"d"]))
    [b'a', b'bc', b'd']
    """
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        yield from whole
        rest = rest[: _MAX_LINE + 1]  # what is longer is damage and stays unreadable
    if rest.strip():
        yield rest


def _entry(line: bytes) -> dict[str, Any] | None:
    """A line as the API gives it, or as an index file has it (key, time, JSON)."""
    before, brace, after = line.partition(b"{")
    if not brace or len(line) > _MAX_LINE:
        return None
    try:
        entry = json.loads(brace + after)
    except (ValueError, RecursionError):
        return None
    words = before.split()
    if isinstance(entry, dict) and len(words) > 1:
        entry.setdefault("timestamp", words[-1].decode("ascii", "replace"))
    return entry if isinstance(entry, dict) else None


def _says_none(body: bytes) -> bool:
    return b"no captures" in body.lower()


def _ok(host: Host, reply: Reply, what: str) -> bytes:
    if reply.status != 200:
        raise FetchError(
            f"{host.name} answered {reply.status} when asked for {what}",
            "check --index, or name the crawls yourself with --crawl",
        )
    return reply.first(_MAX_LIST)


def _plain(body: bytes) -> str:
    text = body.decode("utf-8", "replace")
    return "".join(c if c.isprintable() else " " for c in text)[:200]

"""One address → what its site says to whom: every signal found, and a verdict per reader.

The work behind `optout signals`. Fetches the address, and of every host it leads through
robots.txt, the files beside it and the licence documents named; nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlsplit

from crawler import policy
from crawler.urls import clean, origin
from optout.checked import with_body
from optout.fetch import fetch
from optout.fetched import FetchedHop
from optout.found_signals import (
    Signal,
    header_signals,
    metas_in,
    page_signals,
    robots_signals,
    text_signals,
)
from optout.obeyed import keeps_out, robots_of
from optout.readers.prose import Prose, from_row
from optout.readers.table import Reader, reported
from optout.readers.verdicts import Hop, SiteFile, Subject, Verdict, answers, way
from optout.site_texts import SiteTexts, links_of, named_by


@dataclass(frozen=True, slots=True)
class Check:
    """Everything one address and its hosts say."""

    url: str
    final_url: str
    status: int | None
    outcome: str
    reason: str
    fetched_at: datetime
    signals: tuple[Signal, ...]
    verdicts: tuple[tuple[Reader, Verdict], ...]  # several of a reader that differs by purpose
    subject: Subject  # all that was answered, as readers take it
    prose: tuple[Prose, ...] = ()  # of its terms, where it is such a page: no signal


class Sites:
    """robots.txt of the origins met so far; each is asked for once."""

    def __init__(self, reach: policy.Reach, owned: Iterable[str] = ()) -> None:
        self.reach = reach
        self.owned = frozenset(host.lower().rstrip(".") for host in owned)
        self.files: dict[str, SiteFile] = {}
        self.texts = SiteTexts(reach, self.obey)

    def obey(self, url: str) -> tuple[str, str] | None:
        """Why robots.txt keeps us from `url`, for `fetch`; hosts the user owns are not obeyed."""
        place = origin(url)
        if place not in self.files:
            self.files[place] = ask_robots(place, self.reach)
        if (urlsplit(url).hostname or "").rstrip(".") in self.owned:
            return None
        return keeps_out(self.files[place], url)


def ask_robots(place: str, reach: policy.Reach) -> SiteFile:
    """robots.txt of an origin, its redirects followed as RFC 9309, 2.3.1.2 asks."""
    most = policy.MAX_ROBOTS_REDIRECTS
    got = fetch(
        f"{place}/robots.txt", reach, max_bytes=policy.MAX_SITE_FILE_BYTES, max_redirects=most
    )
    return robots_of(got)


def started_at(urls: Iterable[str]) -> frozenset[str]:
    """Hosts the user named: these may be private addresses."""
    return frozenset((urlsplit(url).hostname or "").rstrip(".").lower() for url in urls)


def absolute(text: str) -> str | None:
    """An address as a person types it, https where no scheme is given; None if it is none.

    >>> absolute("mira.example/a b.jpg"), absolute("ftp://mira.example")
    ('https://mira.example/a%20b.jpg', None)
    """
    return clean(text if "://" in text else f"https://{text.lstrip('/')}")


def check(
    url: str, sites: Sites, of: Sequence[Reader] | None = None, *, whole: bool = False
) -> Check:
    """Fetch `url` under the policy and robots.txt, and read everything it says.

    Verdicts are those of the readers `of`; without it, of those that reports show. The file of an
    image is fetched if `whole`; else its headers are.
    """
    of = reported() if of is None else of
    most = policy.MAX_IMAGE_BYTES if whole else policy.MAX_PAGE_BYTES
    wanted = None if whole else _may_be_page
    got = fetch(url, sites.reach, obey=sites.obey, wanted=wanted, max_bytes=most)
    hops = tuple(Hop(hop.url, hop.status, hop.headers) for hop in got.hops)
    subject = Subject(url, hops, sites.files, got.reason, got.observed_at)
    places = dict.fromkeys(origin(step) for step in way(subject))
    files = [sites.files[place] for place in places if place in sites.files]
    signals = [signal for file in files for signal in robots_signals(file, of)]
    signals += [signal for hop in hops for signal in header_signals(hop)]
    metas = metas_in(got)
    signals += page_signals(got.final_url, metas)
    links = links_of(got)
    signals += [
        Signal("link element", got.final_url, None, None, row["content"], row["raw"])
        for row in links.rows
    ]
    texts = {place: sites.texts.of(place) for place in places}
    signals += [signal for found in texts.values() for signal in text_signals(found)]
    named = [
        text for on, names in named_by(got, files, links) for text in sites.texts.named(on, names)
    ]
    signals += text_signals(named)
    subject = replace(
        with_body(subject, got, metas, links, whole=whole),
        texts={place: tuple(text.file for text in found) for place, found in texts.items()},
        documents={text.file.url: text.file for text in named},
    )
    return Check(
        url=url,
        final_url=got.final_url,
        status=got.status,
        outcome=got.outcome,
        reason=got.reason,
        fetched_at=got.observed_at,
        signals=tuple(signals),
        verdicts=tuple((reader, one) for reader in of for one in answers(reader, subject)),
        subject=subject,
        prose=tuple(from_row(row, got.observed_at) for row in links.prose),
    )


def _may_be_page(hop: FetchedHop) -> bool:
    kind = (hop.value("content-type") or "").strip().lower()
    return not kind.startswith(("image/", "video/", "audio/"))

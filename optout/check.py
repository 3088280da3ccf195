"""One address → what its site says to whom: every signal found, and a verdict per reader.

The work behind `optout signals`. Fetches the address, and of every host it leads through
robots.txt, the files beside it and the licence documents named; nothing else.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlsplit

from crawler import policy
from crawler.html import encoding_of, is_binary
from crawler.signals import robots_meta, robots_txt, x_robots_tag
from crawler.urls import clean, origin, target
from optout.checked import with_body
from optout.fetch import fetch
from optout.fetched import Fetched, FetchedHop
from optout.readers.prose import Prose, from_row
from optout.readers.table import Reader, reported
from optout.readers.verdicts import Hop, SiteFile, Subject, Verdict, answers, site_file, way
from optout.site_texts import SiteText, SiteTexts, links_of, named_by

# Lines of robots.txt that state a preference wherever they stand; the rest matters by group.
PREFERENCE_KEYS = frozenset(
    {"content-signal", "content-signals", "content-usage", "license", "llm-policy"}
    | {"disallowaitraining", "allowaitraining"}
)
# Header lines beside X-Robots-Tag; a Link line counts when it names a licence (RSL 1.0).
HEADER_SIGNALS = (
    *("robots-tag", "tdm-reservation", "tdm-policy", "content-usage"),
    *("content-signal", "content-signals", "license", "link"),
)
_LICENCE_LINK = re.compile(r';\s*rel\s*=\s*"?[^";]*\blicense\b', re.IGNORECASE)
META_SIGNALS = ("tdm-reservation", "tdm-policy", "content-usage")


@dataclass(frozen=True, slots=True)
class Signal:
    """One directive as found."""

    # robots.txt, ai.txt …, X-Robots-Tag, meta robots, or the header's or meta's own name.
    signal: str
    where: str  # address of the file or response
    line: int | None  # of robots.txt; which of the header lines of that name; from 1
    agent: str | None  # whom it names; None where it speaks to all
    directive: str
    raw: str


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
        file = self.files[place]
        if (urlsplit(url).hostname or "").rstrip(".") in self.owned:
            return None
        if file.outcome == "private_address":
            return file.outcome, file.reason
        if file.rules is None:  # RFC 9309, 2.3.1.4
            return "failed", f"{file.reason} (asked for its robots.txt first)"
        decision = file.rules.decide(policy.PRODUCT_TOKEN, target(url))
        if decision.allowed:
            return None
        rule = f"line {decision.line}" if decision.line else f"it answered {file.status}"
        return "robots_disallowed", f"robots.txt of {place} asks us not to ({rule})"


def ask_robots(place: str, reach: policy.Reach) -> SiteFile:
    """robots.txt of an origin, its redirects followed as RFC 9309, 2.3.1.2 asks."""
    most = policy.MAX_ROBOTS_REDIRECTS
    got = fetch(
        f"{place}/robots.txt", reach, max_bytes=policy.MAX_SITE_FILE_BYTES, max_redirects=most
    )
    # A chain longer than was followed counts by its last status.
    outcome = "fetched" if len(got.hops) > most else got.outcome
    return site_file(
        got.url,
        outcome=outcome,
        status=got.status,
        body=got.body,
        reason=got.reason,
        observed_at=got.observed_at,
    )


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
    signals = [signal for file in files for signal in _robots_signals(file, of)]
    signals += [signal for hop in hops for signal in _header_signals(hop)]
    metas = _metas_in(got)
    signals += _page_signals(got.final_url, metas)
    links = links_of(got)
    signals += [
        Signal("link element", got.final_url, None, None, row["content"], row["raw"])
        for row in links.rows
    ]
    texts = {place: sites.texts.of(place) for place in places}
    signals += [signal for found in texts.values() for signal in _lines(found)]
    named = [
        text for on, names in named_by(got, files, links) for text in sites.texts.named(on, names)
    ]
    signals += _lines(named)
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


def _robots_signals(file: SiteFile, of: Sequence[Reader]) -> Iterator[Signal]:
    """Lines of the groups that speak to a reader, and preferences wherever they stand."""
    if file.rules is None:
        return
    spoken = {d.line for r in of if r.token for d in file.rules.group_lines(r.token)}
    for found in file.rules.lines:
        if found.key and (found.line in spoken or found.key in PREFERENCE_KEYS):
            yield robots_signal(file.url, found)


def robots_signal(where: str, found: robots_txt.Directive) -> Signal:
    """A line of robots.txt as a signal."""
    return Signal(
        signal="robots.txt",
        where=where,
        line=found.line,
        agent=", ".join(found.agents) or None,
        directive=f"{found.key}: {found.value}",
        raw=found.raw,
    )


def _header_signals(hop: Hop) -> Iterator[Signal]:
    for found in x_robots_tag.parse(hop.values("x-robots-tag")):
        yield _from_directive("X-Robots-Tag", hop.url, found, found.position + 1)
    for name in HEADER_SIGNALS:
        for number, value in enumerate(hop.values(name), 1):
            if name != "link" or _LICENCE_LINK.search(value):
                yield Signal(name, hop.url, number, None, value, value)


def _metas_in(got: Fetched) -> list[robots_meta.Meta]:
    kind = got.hops[-1].value("content-type") if got.hops else None
    if not got.body or is_binary(got.body) or (kind and "html" not in kind.lower()):
        return []
    return metas_of(got.body, kind)


def _page_signals(url: str, metas: Sequence[robots_meta.Meta]) -> Iterator[Signal]:
    for found in robots_meta.parse(metas):
        yield _from_directive("meta robots", url, found, None)
    for meta in metas:
        if meta.name.strip().lower() in META_SIGNALS:
            name = meta.name.strip().lower()
            yield Signal(f"meta {name}", url, None, None, meta.content, meta.raw)


def _lines(texts: Iterable[SiteText]) -> Iterator[Signal]:
    for text in texts:
        for number, line in enumerate(text.lines, 1):
            if line.strip():
                yield Signal(text.kind, text.url, number, None, line.strip(), line)


def _from_directive(
    signal: str, where: str, found: x_robots_tag.Directive, line: int | None
) -> Signal:
    agent = None if found.agent == "*" else found.agent
    directive = f"{found.name}: {found.value}" if found.value else found.name
    return Signal(signal, where, line, agent, directive, found.raw)


def metas_of(body: bytes, content_type: str | None) -> list[robots_meta.Meta]:
    """The named meta elements of a page. What stands in a comment is none."""
    from bs4 import BeautifulSoup
    from bs4.exceptions import ParserRejectedMarkup
    from bs4.filter import SoupStrainer

    try:
        text = body.decode(encoding_of(body, content_type), "replace")
    except (LookupError, ValueError):
        text = body.decode("utf-8", "replace")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about pages that look like XML or an address
            soup = BeautifulSoup(text, "html.parser", parse_only=SoupStrainer("meta"))
    except ParserRejectedMarkup:
        return []
    named = [tag for tag in soup.find_all("meta") if tag.get("name")]
    return [
        robots_meta.Meta(n, str(tag["name"]), str(tag.get("content", "")), str(tag))
        for n, tag in enumerate(named)
    ]

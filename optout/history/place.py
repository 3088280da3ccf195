"""A site as typed, or a host of optout.toml → what of an archive is the artist's, and when."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlsplit

from crawler.urls import host_of, place_of
from optout.case import Case, DeclaredHost


@dataclass(frozen=True, slots=True)
class Place:
    """A host, or a folder of one; `since` and `until` bound the time it was the artist's."""

    root: str  # address in clean form
    subdomains: bool = False
    since: date | None = None
    until: date | None = None

    @property
    def host(self) -> str:
        return host_of(self.root)

    @property
    def pages(self) -> str:
        """Host and path as an index is asked for them."""
        return place_of(self.root) + urlsplit(self.root).path.rpartition("/")[0] + "/"

    @property
    def robots(self) -> str:
        return f"{place_of(self.root)}/robots.txt"

    def holds(self, url: str) -> bool:
        """Whether an address in clean form is of this place; www and http(s) make no difference.

        >>> Place("https://mira.example/").holds("http://www.mira.example/a")
        True
        """
        host, own = _bare(host_of(url)), _bare(self.host)
        if self.subdomains and host.endswith(f".{own}"):
            return True
        same = host == own and urlsplit(url).port == urlsplit(self.root).port
        path = urlsplit(url).path
        folder = "/" + self.pages.partition("/")[2]
        return same and (path.startswith(folder) or path == "/robots.txt")


def places(case: Case, sites: Iterable[str], *, subdomains: bool = False) -> list[Place]:
    """The places named, else the sites and hosts of the case; each once, in that order.

    Raises CrawlError for a text that is no address of a site.
    """
    from optout.crawling import site_root

    hosts = {_bare(host_of(one.root)): one for one in map(_declared, case.hosts) if one}
    named = [Place(site_root(site), subdomains) for site in sites]
    if not named:
        named = [Place(site_root(site), subdomains) for site in case.sites]
        named += hosts.values()
    return list(dict.fromkeys(_dated(one, hosts.get(_bare(one.host))) for one in named))


def _dated(place: Place, declared: Place | None) -> Place:
    """With the time for which optout.toml says the host was the artist's."""
    if declared is None:
        return place
    return Place(place.root, place.subdomains, declared.since, declared.until)


def _declared(host: DeclaredHost) -> Place | None:
    from optout.crawling import site_root
    from optout.errors import CrawlError

    below = host.host.startswith("*.")
    try:
        root = site_root(host.host.removeprefix("*."))
    except CrawlError:
        return None  # the search says what is wrong with it
    root = root if root.endswith("/") else f"{root}/"
    return Place(root, below, host.since, host.until)


def _bare(host: str) -> str:
    return host.removeprefix("www.")

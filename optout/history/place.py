"""A site as typed, or a host of optout.toml → what of an archive is the artist's, and when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlsplit

from crawler.urls import host_of, origin, place_of
from optout.case import Case, DeclaredHost
from optout.errors import CrawlError
from optout.identity import shared_host


@dataclass(frozen=True, slots=True)
class Place:
    """A host, or a folder of one; `since` and `until` bound the time it was the artist's."""

    root: str  # address in clean form, ends with a slash
    subdomains: bool = False
    since: date | None = None
    until: date | None = None

    @property
    def host(self) -> str:
        return host_of(self.root)

    @property
    def pages(self) -> str:
        """Host and path as an index is asked for them."""
        return self.root.partition("://")[2]

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


def places(case: Case, sites: Sequence[str], *, subdomains: bool = False) -> list[Place]:
    """The places named, else the sites and hosts of the case; each once, in that order.

    Raises CrawlError for a text that is no address of a site, or one of a host full of strangers.
    """
    from optout.crawling import site_root

    declared = [one for one in map(_declared, case.hosts) if one]
    dates = {_bare(one.host): one for one in declared}
    named = [Place(_root(site_root(site)), subdomains) for site in sites or case.sites]
    dated = [_dated(one, dates.get(_bare(one.host))) for one in named]
    return list(dict.fromkeys(dated if sites else dated + declared))


def _dated(place: Place, declared: Place | None) -> Place:
    """With the time for which optout.toml says the host was the artist's."""
    if declared is None:
        return place
    return Place(place.root, place.subdomains, declared.since, declared.until)


def _declared(host: DeclaredHost) -> Place | None:
    from optout.crawling import site_root

    below = host.host.startswith("*.")
    try:
        root = site_root(host.host.removeprefix("*."))
    except CrawlError:
        return None  # the search says what is wrong with it
    if _is_everybodys(root):
        return None
    return Place(_root(root, whole=False), below, host.since, host.until)


def _root(address: str, whole: bool = True) -> str:
    """Where a place begins: its host, or the folder that is the artist's on a shared one."""
    path = urlsplit(address).path
    if whole and _is_everybodys(address):
        raise CrawlError(
            f"{host_of(address)} holds many people's pages",
            "name your own part of it, for example its address with your name in the path",
        )
    if whole and not shared_host(host_of(address)):
        return f"{origin(address)}/"
    last = path.rpartition("/")[2]
    folder = path[: -len(last)] if "." in last else path
    return f"{origin(address)}{folder.rstrip('/')}/"


def _is_everybodys(address: str) -> bool:
    shared = shared_host(host_of(address))
    whole = not urlsplit(address).path.strip("/")
    return bool(shared and whole and _bare(host_of(address)) == _bare(shared.host))


def _bare(host: str) -> str:
    return host.removeprefix("www.")

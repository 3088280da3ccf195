"""Hosts and accounts the artist declared → which addresses lie there, and which cannot be used."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from urllib.parse import unquote

from optout.case import DeclaredHost
from optout.identity import Identity, shared_host, twin
from optout.identity.lossless import parse

_END_OF_PREFIX = re.compile(r"[/?]|$")


@dataclass(frozen=True, slots=True)
class Declared:
    """One declared host, read: what an address must have to lie on it."""

    written: str
    host: str
    port: str = ""  # "" for any
    below: bool = False  # "*.x": every name below x, not x itself
    path: str = ""  # tenant prefix, "" for all
    since: date | None = None
    until: date | None = None
    site: bool = False  # a site of the case, or its twin
    account: bool = False  # the artist's account on a platform (optout/accounts)
    shape: re.Pattern[str] | None = None  # what the decoded path begins with, on an account
    literal: str = ""  # what stands in every such address as it is; "" where the host does

    def covers(self, identity: Identity) -> bool:
        """Whether the address lies on this host and in this part of it."""
        if identity.lossless is None or not self._is_host(identity.host or ""):
            return False
        server, _, path = identity.lossless.partition("/")
        if self.port and not server.endswith(f":{self.port}"):
            return False
        path = f"/{path}"
        if self.shape:
            return bool(self.shape.match(unquote(path)))
        return path.startswith(self.path) and (
            not self.path
            or not self.path[-1].isalnum()
            or bool(_END_OF_PREFIX.match(path, len(self.path)))
        )

    def _is_host(self, host: str) -> bool:
        return host.endswith(f".{self.host}") if self.below else host == self.host

    def was_theirs(self, period: tuple[date | None, date | None]) -> bool:
        """Whether the host was theirs at some time of the crawl, as far as both are known."""
        first, last = period
        before = self.until is not None and first is not None and self.until < first
        after = self.since is not None and last is not None and self.since > last
        return not (before or after)


@dataclass(frozen=True, slots=True)
class NotSearched:
    """Something the user named that cannot be searched for, and what to write instead."""

    host: str
    advice: str


def read(
    sites: Iterable[str], hosts: Iterable[DeclaredHost]
) -> tuple[list[Declared], list[NotSearched]]:
    """Sites with their twins, then hosts; shared hosts without a tenant's part are set apart."""
    usable: list[Declared] = []
    refused: dict[str, NotSearched] = {}
    for site in sites:
        _sort(_site(site), site, usable, refused)
    for entry in hosts:
        _sort([_host(entry)], entry.host, usable, refused)
    return list(dict.fromkeys(usable)), list(refused.values())


def _sort(
    found: Sequence[Declared | NotSearched],
    written: str,
    usable: list[Declared],
    refused: dict[str, NotSearched],
) -> None:
    for one in found:
        if isinstance(one, NotSearched):
            refused.setdefault(written, one)
        else:
            usable.append(one)


def _site(site: str) -> list[Declared | NotSearched]:
    address = parse(site if "//" in site else f"//{site}")
    if address is None:
        return [_unreadable(site)]
    if shared_host(address.host):
        return [_shared(site, address.host)]
    # Only the host counts: the pictures of example.org/me/ may lie anywhere on example.org.
    names = [address.host, twin(address.host)]
    return [Declared(site, name, address.port, site=True) for name in names if name]


def _host(entry: DeclaredHost) -> Declared | NotSearched:
    written = entry.host.strip()
    text = re.sub(r"^[A-Za-z]+://", "", written)
    below = text.startswith("*.")
    address = parse(f"//{text.removeprefix('*.')}")
    if address is None or not text:
        return _unreadable(written)
    path = "" if address.path == "/" else address.path
    shared = shared_host(address.host)
    if shared and not (shared.tenant and not below and shared.tenant.match(path)):
        return _shared(written, address.host)
    return Declared(written, address.host, address.port, below, path, entry.since, entry.until)


def _shared(written: str, host: str) -> NotSearched:
    shared = shared_host(host)
    own = shared.write if shared else ""
    advice = (
        f"write your own part of it, for example {own}" if own else "no part of it is one person's"
    )
    return NotSearched(written, f"{host} serves many people's pictures; {advice}")


def _unreadable(written: str) -> NotSearched:
    return NotSearched(written, "not a host name; write for example images.your-site.example")

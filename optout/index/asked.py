"""What is known of artists → what an index is asked for.

It may be asked for too much, never for too little: the close look at each row decides.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from optout.identity import registered_domain, shared_host
from optout.identity.rules import rules
from optout.index.hosts import file_of_key, host_of_key, parts
from optout.index.layout import key as key_of

if TYPE_CHECKING:
    from optout.matching.artist import Artist, Known
    from optout.matching.declared import Declared

_MOST_PARTS = 3  # of one picture; more would only cost
_SHORTEST_NAME = 5  # of a picture's name on its platform, to be asked for as a file name


@dataclass(slots=True)
class Asked:
    """All that is looked up, in the spelling of the tables."""

    domains: set[str] = field(default_factory=set)
    sites: set[tuple[str, str]] = field(default_factory=set)  # domain, site
    stems: set[str] = field(default_factory=set)
    hashes: set[str] = field(default_factory=set)
    parts: set[frozenset[str]] = field(default_factory=set)  # all of one set in one address
    whole_hosts: set[str] = field(default_factory=set)  # shared hosts searched row by row


def asked_for(artists: Iterable[Artist], covered: Iterable[str]) -> Asked:
    """What may lead to rows of `artists` in an index whose table of parts has `covered` domains."""
    asked = Asked()
    domains = frozenset(covered)
    for artist in artists:
        asked.stems |= {stem for stem in artist.stems if "/" not in stem}
        asked.hashes |= {value[:16] for value in artist.hashes} | set(artist.phashes)
        for one in artist.declared:
            _declared(asked, one, domains)
        for known in artist.known:
            _known(asked, known, domains)
    return asked


def _host(asked: Asked, host: str) -> None:
    """All rows at or below a host, in each of its spellings."""
    for spelling in _spellings(host):
        domain = key_of(spelling, 2)
        if spelling.count(".") < 2:
            asked.domains.add(domain)
        else:
            asked.sites.add((domain, key_of(spelling, 3)))


def _spellings(host: str) -> set[str]:
    """A host in punycode, and in its own script as it may stand inside an address."""
    if "xn--" not in host:
        return {host}
    import idna

    try:
        return {host, idna.decode(host)}
    except idna.IDNAError:
        return {host}


def _declared(asked: Asked, one: Declared, covered: frozenset[str]) -> None:
    host = one.host.removeprefix("www.")
    path = one.literal or (one.path if shared_host(one.host) else "")
    # What a text ends in may run on in an address.
    whole = path.rpartition("/")[0] if path[-1:].isalnum() and one.literal else path
    found = parts(whole)
    if path and found and _domain(host) in covered:
        asked.parts.add(_best(found))
    else:
        _host(asked, host)
        if path:
            asked.whole_hosts.add(host)


def _known(asked: Asked, known: Known, covered: frozenset[str]) -> None:
    key = known.identity.key or ""
    host = host_of_key(key)
    if host and not shared_host(host) and registered_domain(host):
        _host(asked, registered_domain(host))
        return
    rule = (known.identity.rule or "").rpartition("+")[2]
    places = _platform_hosts().get(rule) or {host or known.identity.host or ""}
    name = key.partition("/" if host else ":")[2]
    # Words of the rule itself, such as a folder "products", stand in every address.
    found = {part for part in parts(name) if part not in _words().get(rule, "")}
    file = file_of_key(key)
    named = _named().get(rule)
    if named == "run on" or (named and all(part.isalpha() for part in found)):
        if len(file) >= _SHORTEST_NAME:
            asked.stems.add(file)
            return
        found = set() if named == "run on" else found
    if found and {_domain(place) for place in places} <= covered:
        asked.parts.add(_best(found))
    else:
        for place in places:
            _host(asked, place)
        asked.whole_hosts |= places


def _domain(host: str) -> str:
    return ".".join(host.split(".")[-2:])


def _best(found: Iterable[str]) -> frozenset[str]:
    """Those that few other pictures have: one with a digit, else several long ones."""
    order = sorted(found, key=lambda part: (part.isalpha(), -len(part), part))
    return frozenset(order[: _MOST_PARTS if order[0].isalpha() else 1])


@cache
def _named() -> dict[str, str]:
    """Name of a platform's rule → how its key ends: named_files.toml."""
    text = (resources.files("optout.index") / "named_files.toml").read_text("utf-8")
    return {name: str(entry["ends"]) for name, entry in tomllib.loads(text).items()}


@cache
def _words() -> dict[str, str]:
    """Name of a platform's rule → the texts of its patterns."""
    words: dict[str, str] = {}
    for found in rules().platforms.values():
        for rule in found:
            words[rule.name] = f"{words.get(rule.name, '')} {rule.pattern.pattern.lower()}"
    return words


@cache
def _platform_hosts() -> dict[str, set[str]]:
    """Name of a platform's rule → the hosts on which its pictures are found."""
    hosts: dict[str, set[str]] = {}
    for found in rules().platforms.values():
        for rule in found:
            hosts.setdefault(rule.name, set()).update(rule.hosts)
    return {name: some for name, some in hosts.items() if some}

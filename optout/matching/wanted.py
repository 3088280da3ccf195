"""What is known of artists → what a sieve looks for: beginnings of words, hashes, texts.

Each tie of the close look (look.py) leaves one of these in the row. That something is written in
capitals or encoded without need is the sieve's affair (addresses.py, captions.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from optout.identity import registered_domain, shared_host
from optout.identity.rules import rules
from optout.matching.artist import Artist, Known
from optout.matching.declared import Declared
from optout.matching.starts import SHORTEST
from optout.matching.texts import Name

_TOKEN = re.compile(r"[A-Za-z0-9_-]{6,}")
# What may stand encoded or not, or in the other case, cuts a text into runs. A letter and the
# accent after it may stand as one sign.
_RUN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~-]*")
_ACCENT = re.compile(r"[^\W\d_](?=[\u0300-\u036f])")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What rows are sieved by; the same for one artist and for thousands."""

    addresses: frozenset[bytes]  # one of them begins a word of every address that ties
    every_address: bool  # something can be known by no beginning: all rows must be looked at
    escaped: bool  # a name of a file is known by letters beyond ASCII alone
    paths: bool  # one of the beginnings is a path of several folders
    hashes: frozenset[str]  # md5 and sha256
    phashes: frozenset[str]
    names: tuple[Name, ...]
    texts: frozenset[str]  # in normal form

    @property
    def captions(self) -> bool:
        """Whether captions are looked at."""
        return bool(self.names or self.texts)


def wanted(artists: Sequence[Artist], captions: bool = True) -> Wanted:
    """What every tie of these artists leaves in a row; `captions` False leaves those out."""
    found: set[bytes] = set(_wrappers())
    unknown: set[str] = set()
    escaped = False
    for text in {text for one in artists for text in _in_addresses(one)}:
        run = longest_run(text)
        if len(run) >= SHORTEST:
            found.add(run.encode())
        else:
            unknown.add(text)
    for stem in {stem for one in artists for stem in one.stems if "/" not in stem}:
        run = longest_run(stem)
        if len(run) >= SHORTEST:
            found.add(run.encode())
        else:
            escaped = True
    listed = artists if captions else ()
    return Wanted(
        addresses=frozenset(found),
        every_address=bool(unknown),
        escaped=escaped,
        paths=any(b"/" in one for one in found),
        hashes=frozenset(value for one in artists for value in one.hashes),
        phashes=frozenset(value for one in artists for value in one.phashes),
        names=tuple(dict.fromkeys(name for one in listed for name in one.names.searched)),
        texts=frozenset(text for one in listed for text in one.texts),
    )


def longest_run(text: str) -> str:
    """The longest part of `text` that stands as it is, at a word's start, wherever the text does.

    >>> longest_run("/s/files/1/0190/8574"), longest_run("fuchs_für_mira")
    ('s/files/1/0190/8574', 'fuchs_f')
    """
    if _PLAIN_PATH.fullmatch(text):
        return text.lstrip("/")
    plain = _ACCENT.sub("\0", text)
    return max(_RUN.findall(plain), key=len, default="")


_PLAIN_PATH = re.compile(r"/(?:[A-Za-z0-9][A-Za-z0-9_~-]*/?)*")


def _in_addresses(artist: Artist) -> Iterator[str]:
    """For each thing that addresses are known by, a text that stands in all of them."""
    for declared in artist.declared:
        yield from _declared(declared)
    for known in artist.known:
        host = _host_of_key(known)
        if host and not shared_host(host) and registered_domain(host):
            yield from _spellings(registered_domain(host))
        else:
            yield from _of_platform(known, host)


def _of_platform(known: Known, host: str) -> Iterable[str]:
    """The number or name that tells the picture on its platform, else where the platform is."""
    tokens = _TOKEN.findall((known.identity.key or "").partition("/" if host else ":")[2])
    if tokens:
        # Of words that many addresses have, such as a folder "products", none has a digit.
        telling = [token for token in tokens if not token.isalpha()]
        return [(telling or tokens)[-1].strip("-_")]
    return _places(known)


def _declared(one: Declared) -> Iterable[str]:
    if one.literal:
        return [one.literal]
    if one.path and shared_host(one.host):
        return [one.path]
    return _spellings(one.host.removeprefix("www."))


def _wrappers() -> Iterator[bytes]:
    """What marks addresses that hide another from a plain search."""
    for wrapper in (one for found in rules().unwraps.values() for one in found):
        if wrapper.decode == "hex":
            yield from (host.encode() for host in wrapper.hosts)
        if wrapper.decode == "base64":
            # How "http:" and "https:" begin.
            yield from (b"aHR0cDov", b"aHR0cHM6", b"aHR0cFM6")
    # A name behind a size, without a sign between: 300x200xfox.jpg.pagespeed.ic.jpg
    yield b"pagespeed."


def _host_of_key(one: Known) -> str:
    """The host a generic key begins with; "" for a platform's key such as flickr:123."""
    host, colon, _ = (one.identity.key or "").partition("/")[0].partition(":")
    return "" if colon and host in _key_prefixes() else host


@cache
def _key_prefixes() -> frozenset[str]:
    keys = [rule.key for found in rules().platforms.values() for rule in found]
    return frozenset(key.partition(":")[0] for key in keys if ":" in key.partition("{")[0])


def _places(one: Known) -> set[str]:
    """Hosts on which the picture may be found under another address with the same key."""
    name = (one.identity.rule or "").rpartition("+")[2]
    hosts = {
        host
        for found in rules().platforms.values()
        for rule in found
        if rule.name == name
        for host in rule.hosts
    }
    return hosts or {_host_of_key(one) or one.identity.host or ""}


def _spellings(host: str) -> set[str]:
    """A host as it may stand in a row: in punycode and in its own script."""
    if "xn--" not in host:
        return {host}
    import idna

    try:
        return {host, idna.decode(host)}
    except idna.IDNAError:
        return {host}

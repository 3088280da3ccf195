"""A host and its token → whether a file or a DNS record there holds it, with what was answered."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec

from crawler.policy import Reach
from crawler.urls import host_of, origin
from optout.fetch import fetch

FILE, DNS = "file", "DNS"
SHOWN, NOT_SHOWN = "shown", "not shown"
MOST_BYTES = 4_096  # of a file that holds one line; it is kept
DNS_SECONDS = 8.0
_DNS_NAME = "_optout-proof"
_NO_DNS = 'DNS was not asked: pip install ".[dns]" in the folder of the program'


@dataclass(frozen=True, slots=True)
class Looked:
    """One look at one place."""

    method: str  # file or DNS
    place: str  # address of the file, or name of the record
    outcome: str  # shown or not shown
    detail: str  # why not, in words
    status: int | None  # of the file's answer
    raw: bytes  # what was answered

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.raw).hexdigest() if self.raw else ""


def text_of(token: str) -> str:
    """The line that the site shows, in a file or as a TXT record.

    >>> text_of("0123abcd")
    'optout-proof=0123abcd'
    """
    return f"optout-proof={token}"


def places(site: str, token: str) -> tuple[str, str, str]:
    """Where the line is looked for: a file, the same file in the root, the name of a TXT record.

    `site` is an address in clean form.
    """
    name = f"optout-proof-{token[:16]}.txt"
    base = origin(site)
    return f"{base}/.well-known/{name}", f"{base}/{name}", f"{_DNS_NAME}.{host_of(site)}"


def look(
    site: str, token: str, reach: Reach, *, nameserver: tuple[str, int] | None = None
) -> Iterator[Looked]:
    """Look at each place in turn, and no further once the token was there.

    The file is asked for by the person who says that the site is theirs, so robots.txt is not
    asked first. A redirect to another host shows nothing.
    """
    well_known, root, name = places(site, token)
    for url in (well_known, root):
        found = _file(url, token, reach)
        yield found
        if found.outcome == SHOWN:
            return
    yield _dns(name, token, nameserver)


def _file(url: str, token: str, reach: Reach) -> Looked:
    here = host_of(url)

    def stay(address: str) -> tuple[str, str] | None:
        return None if host_of(address) == here else ("out_of_scope", "it leads to another host")

    got = fetch(url, reach, max_bytes=MOST_BYTES, obey=stay)
    why = got.reason or ("" if got.status == 200 else f"it answered {got.status}")
    if not why and got.body.strip() != text_of(token).encode():
        why = "its text is not the line asked for"
    return Looked(FILE, url, NOT_SHOWN if why else SHOWN, why, got.status, got.body[:MOST_BYTES])


def _dns(name: str, token: str, nameserver: tuple[str, int] | None) -> Looked:
    if find_spec("dns") is None:
        return Looked(DNS, name, NOT_SHOWN, _NO_DNS, None, b"")
    from dns.exception import DNSException
    from dns.resolver import Resolver

    try:
        resolver = Resolver(configure=nameserver is None)
        if nameserver is not None:
            resolver.nameservers, resolver.port = [nameserver[0]], nameserver[1]
        answer = resolver.resolve(name, "TXT", lifetime=DNS_SECONDS, search=False)
    except (DNSException, OSError, ValueError) as error:
        words = str(error).split("\n")[0][:200] or type(error).__name__
        return Looked(DNS, name, NOT_SHOWN, f"no such record was had ({words})", None, b"")
    texts = [b"".join(record.strings) for record in answer]
    shown = text_of(token).encode() in (text.strip() for text in texts)
    why = "" if shown else "none of its texts is the line asked for"
    return Looked(DNS, name, SHOWN if shown else NOT_SHOWN, why, None,
                  b"\n".join(texts)[:MOST_BYTES])  # fmt: skip

"""One address → what it answered, hop by hop, under the fetch policy; a problem in words.

For the few fetches of a single command; a crawl has its own engine and the same policy.
"""

from __future__ import annotations

import ssl
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from urllib.parse import urlsplit

import httpcore
import httpx

from crawler.policy import (
    MAX_PAGE_BYTES,
    MAX_REDIRECTS,
    TIMEOUT,
    USER_AGENT,
    Reach,
    address_refusal,
    refusal,
)
from crawler.urls import clean, resolve
from optout.fetched import REDIRECTS, Exchange, Fetched, FetchedHop, kept
from optout.network import Network
from optout.trouble import TROUBLE, trouble

SECONDS = 2 * TIMEOUT  # for the whole chain
_HEADERS = (("Accept", "*/*"), ("Accept-Encoding", "gzip"))
_GZIP = 31  # zlib's window bits for a gzip stream

Headers = Sequence[tuple[str, str]]
# Given the next address: None to go on, else (outcome, reason).
Obey = Callable[[str], tuple[str, str] | None]


class _Stop(Exception):
    """The chain ends here."""

    def __init__(self, outcome: str, reason: str) -> None:
        super().__init__(reason)
        self.outcome = outcome
        self.reason = reason


def fetch(
    url: str,
    reach: Reach,
    *,
    method: str = "GET",
    max_bytes: int = MAX_PAGE_BYTES,
    max_redirects: int = MAX_REDIRECTS,
    seconds: float = SECONDS,
    obey: Obey | None = None,
    wanted: Callable[[FetchedHop], bool] | None = None,
    user_agent: str = USER_AGENT,
    witness: Callable[[Exchange], None] | None = None,
    conditions: Mapping[str, Headers] | None = None,
) -> Fetched:
    """Ask for `url` and follow its redirects, each address checked before it is connected to.

    Trouble of any kind is an outcome with its reason, never an exception. A body of more than
    `max_bytes` (after decompression) gives "too_large" with its first part; `seconds` bound the
    whole chain. `wanted` may say that the body of the last answer need not be read. Only a
    person's own site is asked under another `user_agent` than ours. `witness` is shown each
    exchange when its headers have come; the body fills while it is read. `conditions` are header
    lines for particular addresses, such as If-None-Match (RFC 9110, 13.1).
    """
    hops: list[FetchedHop] = []
    network = Network(reach, time.monotonic() + seconds)
    ask = _Ask(
        method, max_bytes, wanted or (lambda hop: True), user_agent, witness, conditions or {}
    )
    body, truncated = b"", False
    outcome, reason = "fetched", ""
    with httpcore.ConnectionPool(_tls(), network_backend=network) as pool:
        try:
            for address in _chain(url, hops, max_redirects):
                before = time.monotonic()
                _check(address, reach, obey)
                network.deadline += time.monotonic() - before  # robots.txt has its own time
                body, truncated = _exchange(pool, network, address, ask, hops)
        except _Stop as stop:
            outcome, reason = stop.outcome, stop.reason
    if truncated:
        outcome, reason = "too_large", f"the body is larger than {max_bytes} bytes"
    return Fetched(url, outcome, reason, tuple(hops), body, truncated)


@dataclass(frozen=True, slots=True)
class _Ask:
    method: str
    max_bytes: int
    wanted: Callable[[FetchedHop], bool]
    user_agent: str
    witness: Callable[[Exchange], None] | None
    conditions: Mapping[str, Headers]


@cache
def _tls() -> ssl.SSLContext:
    return httpx.create_ssl_context()


def _chain(url: str, hops: list[FetchedHop], most: int) -> Iterator[str]:
    """Addresses to ask, each found in the answer that `hops` got meanwhile."""
    next_ = clean(url)
    while next_:
        if len(hops) > most:
            raise _Stop("failed", f"it redirects more than {most} times")
        yield next_
        location = hops[-1].value("location") if hops[-1].status in REDIRECTS else None
        if location is None:
            return
        next_ = resolve(next_, location)
    raise _Stop(
        "failed", "it redirects to no http(s) address" if hops else "it is no http(s) address"
    )


def _check(url: str, reach: Reach, obey: Obey | None) -> None:
    host = urlsplit(url).hostname or ""
    private = address_refusal(host, host, reach)
    if private:
        raise _Stop("private_address", private)
    problem = refusal(url, reach)
    if problem:
        raise _Stop("failed", problem)
    refused = obey(url) if obey else None
    if refused:
        raise _Stop(*refused)


def _exchange(
    pool: httpcore.ConnectionPool, network: Network, url: str, ask: _Ask, hops: list[FetchedHop]
) -> tuple[bytes, bool]:
    """Ask once; the answer's headers go to `hops`, its body is returned if it is the last."""
    parts = urlsplit(url)
    headers = [("Host", parts.netloc), ("User-Agent", ask.user_agent), *_HEADERS]
    headers += ask.conditions.get(url, ())
    timeouts = dict.fromkeys(("connect", "read", "write", "pool"), TIMEOUT)
    try:
        with pool.stream(
            ask.method, url, headers=headers, extensions={"timeout": timeouts}
        ) as answer:
            address = network.addresses.get(parts.hostname or "", "")
            hop = FetchedHop(url, answer.status, address, kept(answer.headers))
            hops.append(hop)
            kept_exchange = _witnessed(ask, url, headers, answer, address)
            if (answer.status in REDIRECTS and hop.value("location")) or not ask.wanted(hop):
                return b"", False
            return _body(answer, ask.max_bytes, kept_exchange)
    except TROUBLE as error:
        raise _Stop(*trouble(error)) from error


def _witnessed(
    ask: _Ask, url: str, asked: list[tuple[str, str]], answer: httpcore.Response, address: str
) -> Exchange | None:
    if ask.witness is None:
        return None
    tls = answer.extensions["network_stream"].get_extra_info("ssl_object")
    exchange = Exchange(
        ask.method,
        url,
        tuple(asked),
        answer.status,
        answer.extensions.get("reason_phrase", b"").decode("latin-1"),
        tuple(answer.headers),
        address,
        tls.getpeercert(binary_form=True) if tls else None,
        datetime.now(UTC),
    )
    ask.witness(exchange)
    return exchange


def _body(
    answer: httpcore.Response, most: int, exchange: Exchange | None = None
) -> tuple[bytes, bool]:
    """At most `most` bytes, decompressed no further than that; whether there were more."""
    coding = {name.lower(): value for name, value in answer.headers}.get(b"content-encoding", b"")
    coding = coding.strip().lower()
    if coding not in (b"", b"identity", b"gzip", b"x-gzip"):
        raise _Stop("failed", "the body is compressed in a way that was not asked for")
    unpack = zlib.decompressobj(_GZIP) if coding in (b"gzip", b"x-gzip") else None
    body = bytearray()
    for chunk in answer.iter_stream():
        if exchange is not None:
            exchange.body += chunk[: most - len(exchange.body)]
        body += unpack.decompress(chunk, most + 1 - len(body)) if unpack else chunk
        if len(body) > most:
            return bytes(body[:most]), True
    if exchange is not None:
        exchange.whole = len(exchange.body) < most
    if unpack and body and not unpack.eof:
        raise zlib.error("cut short")
    return bytes(body), False

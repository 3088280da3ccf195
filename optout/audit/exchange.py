"""One question to a server: the request that is sent, what is read of its answer."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import httpcore

from crawler.policy import MAX_REDIRECTS, USER_AGENT
from crawler.urls import origin, target
from optout.fetched import REDIRECTS, FetchedHop

_GZIP = 31  # zlib's window bits for a gzip stream
_BUSY = (429, 503)
_PATIENCE = 60.0  # seconds waited at most for a busy server, once
_HEADERS = [
    (b"User-Agent", USER_AGENT.encode()),
    (b"Accept", b"*/*"),
    (b"Accept-Encoding", b"gzip"),
]


@dataclass(frozen=True, slots=True)
class Wish:
    """How to ask for one address."""

    method: str = "GET"
    max_bytes: int | None = None  # read of the body; None: nothing of it
    max_redirects: int = MAX_REDIRECTS
    headers: frozenset[str] = frozenset()  # lower-case names of those kept
    also_send: tuple[tuple[bytes, bytes], ...] = ()
    only_to: str = ""  # the address that `also_send` is for


class Stop(Exception):
    """The chain ends here: (outcome, reason)."""


def request(url: str, wish: Wish) -> httpcore.Request:
    """The request for `url`, which is in clean form."""
    place = origin(url)
    scheme, _, netloc = place.partition("://")
    sent = [(b"Host", netloc.encode()), *_HEADERS]
    if wish.also_send and url == wish.only_to:
        sent += wish.also_send
    host, _, port = netloc.rpartition(":") if not netloc.endswith("]") else (netloc, "", "")
    if not host or not port.isdigit():
        host, port = netloc, ""
    address = httpcore.URL(
        scheme=scheme.encode(),
        host=host.strip("[]").encode(),
        port=int(port) if port else None,
        target=target(url).encode(),
    )
    return httpcore.Request(wish.method, address, headers=sent)


def asked_to_wait(answer: httpcore.Response) -> float | None:
    """Seconds after which a busy server wants to be asked again, where it says so in reason."""
    if answer.status not in _BUSY:
        return None
    from crawler.failures import retry_after

    said = {name.lower(): value for name, value in answer.headers}.get(b"retry-after")
    wait = retry_after(said) if said else None
    return wait if wait is not None and wait <= _PATIENCE else None


async def body_of(answer: httpcore.Response, wish: Wish, hop: FetchedHop) -> tuple[bytes, bool]:
    """At most `max_bytes`, decompressed no further than that; whether there were more."""
    if wish.method == "HEAD":
        await answer.aread()  # nothing comes, and the connection is free again
        return b"", False
    if wish.max_bytes is None or (hop.status in REDIRECTS and hop.value("location")):
        return b"", False
    coding = {name.lower(): value for name, value in answer.headers}.get(b"content-encoding", b"")
    coding = coding.strip().lower()
    if coding not in (b"", b"identity", b"gzip", b"x-gzip"):
        raise Stop("failed", "the body is compressed in a way that was not asked for")
    unpack = zlib.decompressobj(_GZIP) if coding in (b"gzip", b"x-gzip") else None
    body = bytearray()
    async for chunk in answer.aiter_stream():
        body += unpack.decompress(chunk, wish.max_bytes + 1 - len(body)) if unpack else chunk
        if len(body) > wish.max_bytes:
            return bytes(body[: wish.max_bytes]), True
    if unpack and body and not unpack.eof:
        raise zlib.error("cut short")
    return bytes(body), False

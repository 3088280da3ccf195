"""What a fetch was answered with, hop by hop: its records, and which header lines they keep."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from crawler.policy import KEPT_HEADERS

REDIRECTS = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True)
class FetchedHop:
    """One exchange."""

    url: str
    status: int
    address: str  # IP address that answered
    headers: tuple[tuple[str, str], ...]  # the lines that matter, in order, repeated ones apart

    def value(self, name: str) -> str | None:
        """Value of the first header line called `name` (lower-case)."""
        return next((value for header, value in self.headers if header.lower() == name), None)


@dataclass(frozen=True, slots=True)
class Fetched:
    """What became of a fetch. `outcome` is one of `crawler.records.OUTCOMES`."""

    url: str
    outcome: str
    reason: str = ""  # why not fetched: one sentence without the address
    hops: tuple[FetchedHop, ...] = ()
    body: bytes = b""  # decompressed
    truncated: bool = False  # only the first part was read
    observed_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def final_url(self) -> str:
        return self.hops[-1].url if self.hops else self.url

    @property
    def status(self) -> int | None:
        return self.hops[-1].status if self.hops else None


@dataclass(slots=True)
class Exchange:
    """One exchange as it went over the wire, for those who keep it (`fetch(witness=…)`)."""

    method: str
    url: str
    asked: tuple[tuple[str, str], ...]
    status: int
    phrase: str  # the server's words beside its status
    lines: tuple[tuple[bytes, bytes], ...]  # all header lines of the answer, in order
    address: str  # IP address that answered
    certificate: bytes | None  # of a TLS server, DER
    at: datetime  # when the headers had come
    body: bytearray = field(default_factory=bytearray)  # as sent, of chunks joined; what was read
    whole: bool = False  # the body was read to its end


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer whose body is still arriving."""

    url: str  # that answered, after redirects
    status: int
    headers: dict[str, str]  # names in lower case; the first of several
    chunks: Iterator[bytes]

    def first(self, most: int) -> bytes:
        """At most the first `most` bytes of the body."""
        body = bytearray()
        for chunk in self.chunks:
            body += chunk
            if len(body) >= most:
                break
        return bytes(body[:most])


def by_name(headers: Sequence[tuple[bytes, bytes]]) -> dict[str, str]:
    """Header lines by their names in lower case; the first of several."""
    found: dict[str, str] = {}
    for name, value in headers:
        found.setdefault(name.decode("latin-1").lower(), value.decode("latin-1"))
    return found


def kept(
    headers: Sequence[tuple[bytes, bytes]], names: Container[str] = KEPT_HEADERS
) -> tuple[tuple[str, str], ...]:
    """Those of the header lines whose names (lower-case) are wanted, as text, in order."""
    lines = ((name.decode("latin-1"), value) for name, value in headers)
    return tuple((name, _text(value)) for name, value in lines if name.lower() in names)


def _text(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")  # what header bytes are by default (RFC 9110, 5.5)

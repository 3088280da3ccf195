"""The one fetch policy: which addresses may be asked for, how much is read, who we say we are.

Every part that fetches goes through these functions: the crawl (Scrapy) and single fetches
(httpx). They decide; they do not fetch.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from crawler import kept

PRODUCT_TOKEN = "optout"  # noqa: S105 – not a secret: the name robots.txt rules can address
USER_AGENT = "optout/0.1 (checks opt-out signals for the artist who runs it; product token: optout)"

SCHEMES = ("http", "https")
MAX_REDIRECTS = 10  # of pages and images; robots.txt follows 5 (RFC 9309, 2.3.1.2)
MAX_ROBOTS_REDIRECTS = 5
MAX_PAGE_BYTES = 16 * 2**20
MAX_IMAGE_BYTES = 64 * 2**20
# RFC 9309, 2.5: at least 500 kibibytes must be read.
MAX_SITE_FILE_BYTES = 512 * 2**10
TIMEOUT = 30.0  # seconds for one exchange
MAX_URL_LENGTH = 8192

# Header lines kept as evidence, lower-case. Cookies and the like are not.
KEPT_HEADERS = kept.HEADERS


@dataclass(frozen=True, slots=True)
class Reach:
    """What may be reached beside the public internet.

    `started` are host names or addresses the user began with: those may be private.
    `allow_private` opens all of them (the flag of the same name).
    """

    started: frozenset[str] = field(default_factory=frozenset)
    allow_private: bool = False


def refusal(url: str, reach: Reach) -> str | None:
    """Why `url` must not be asked for, in words; None when it may, as far as the text tells.

    >>> refusal("ftp://a.example/x", Reach())
    'ftp is not http or https'
    >>> refusal("http://[::ffff:169.254.169.254]/", Reach())
    '169.254.169.254 is a link-local address'
    """
    if len(url) > MAX_URL_LENGTH:
        return f"the address is longer than {MAX_URL_LENGTH} characters"
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "the address cannot be read"
    if parts.scheme not in SCHEMES:
        return f"{parts.scheme or 'an address without a scheme'} is not http or https"
    if not host:
        return "the address names no host"
    return address_refusal(host, host, reach)


def started_private(hosts: Iterable[str]) -> frozenset[str]:
    """Those of the hosts a user starts at that lead to a private address now. Asks DNS.

    Only they are exempt: a public name that later leads to a private address was not started
    there.
    """
    import socket

    found = set()
    for host in hosts:
        try:
            addresses = {str(info[4][0]) for info in socket.getaddrinfo(host, None)}
        except (OSError, UnicodeError):
            continue
        if any(address_refusal(host, address, Reach()) for address in addresses):
            found.add(host.rstrip(".").lower())
    return frozenset(found)


def address_refusal(host: str, address: str, reach: Reach) -> str | None:
    """Why `host`, resolved to `address`, must not be reached; None when it may.

    Call it with what DNS answered, at connection time: a name may point anywhere.

    >>> address_refusal("evil.example", "10.0.0.7", Reach())
    '10.0.0.7 is a private address'
    >>> address_refusal("localhost", "127.0.0.1", Reach(started=frozenset({"localhost"})))
    """
    ip = _ip(address)
    name = host.strip("[]").rstrip(".").lower()
    if ip is None or reach.allow_private or name in reach.started:
        return None
    kind = _private_kind(ip)
    return f"{ip} is {kind}" if kind else None


def _ip(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        ip = ipaddress.ip_address(text.strip("[]").split("%", 1)[0])
    except ValueError:
        return _loose_ipv4(text)
    return _embedded(ip)


def _embedded(
    ip: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """The IPv4 address inside an IPv6 one (mapped, 6to4, NAT64), else the address itself."""
    if isinstance(ip, ipaddress.IPv4Address):
        return ip
    if ip in ipaddress.ip_network("64:ff9b::/96"):
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour or ip


def _loose_ipv4(text: str) -> ipaddress.IPv4Address | None:
    """The forms the C library also takes: 127.1, 0x7f000001, 2130706433, 0177.0.0.1."""
    import socket

    if not text or text[0] not in "0123456789":
        return None
    try:
        return ipaddress.IPv4Address(socket.inet_aton(text))
    except (OSError, UnicodeEncodeError):
        return None


def _private_kind(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str | None:
    kinds = (
        ("is_loopback", "a loopback address"),
        ("is_link_local", "a link-local address"),
        ("is_unspecified", "the unspecified address"),
        ("is_multicast", "a multicast address"),
        ("is_private", "a private address"),
        ("is_reserved", "a reserved address"),
    )
    for attribute, words in kinds:
        if getattr(ip, attribute):
            return words
    # Shared address space of carriers (RFC 6598) and anything else not routed publicly.
    return None if ip.is_global else "not a public address"

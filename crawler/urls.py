"""Addresses as written in a page → addresses that can be asked for, as a browser would."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import urljoin, urlsplit

from w3lib.url import safe_url_string

# Resolving is the hot path of a crawl; most addresses need no repair.
_PLAIN_PATH = re.compile(
    r"/(?!/)(?:[A-Za-z0-9_~!$&'()*+,;=:@%/-]|\.(?![./]|$))*(?:\?[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*)?"
)
_PLAIN_URL = re.compile(
    r"https?://[a-z0-9.-]+(?::(?!80(?:/|$)|443(?:/|$))\d+)?"
    r"/(?:[A-Za-z0-9_~!$&'()*+,;=:@%/-]|\.(?![./]|$))*(?:\?[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*)?"
)
_BAD_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_REMOVED = str.maketrans("", "", "\t\r\n")  # URL Standard, 4.4: these vanish inside an address
_DEFAULT_PORTS = {"http": 80, "https": 443}


@lru_cache(maxsize=8192)
def resolve(base: str, written: str) -> str | None:
    """`written` against `base` as the URL Standard resolves it, without the fragment.

    None where no http(s) address comes out (mailto:, data:, javascript:, unreadable).

    >>> resolve("https://a.example/b/c.html", " ../d e.jpg#x\\n")
    'https://a.example/d%20e.jpg'
    >>> resolve("https://a.example/", "data:image/gif;base64,R0lGOD") is None
    True
    """
    written = written.strip(" \t\n\r\f\0").translate(_REMOVED).partition("#")[0]
    if _PLAIN_PATH.fullmatch(written) and not _BAD_PERCENT.search(written):
        return origin(base) + written
    if _PLAIN_URL.fullmatch(written) and not _BAD_PERCENT.search(written):
        return written
    try:
        return clean(urljoin(base, written.replace("\\", "/") if "://" not in written else written))
    except ValueError:
        return None


def clean(url: str) -> str | None:
    """An absolute address in the one form the crawl uses, or None when it is not http(s).

    >>> clean("HTTP://User@EXAMPLE.com:80?a b#f")
    'http://example.com/?a%20b'
    """
    try:
        parts = urlsplit(safe_url_string(url.strip()))
        scheme, host, port = parts.scheme.lower(), parts.hostname, parts.port
    except (ValueError, UnicodeError):
        return None
    if scheme not in _DEFAULT_PORTS or not host:
        return None
    if ":" in host:
        host = f"[{host}]"
    netloc = host if port in (None, _DEFAULT_PORTS[scheme]) else f"{host}:{port}"
    query = f"?{parts.query}" if parts.query else ""
    path = parts.path or "/"
    if "/." in path:
        path = urlsplit(urljoin(f"{scheme}://h/", path)).path
    return f"{scheme}://{netloc}{path}{query}"


@lru_cache(maxsize=4096)
def origin(url: str) -> str:
    """scheme://host[:port] of an absolute address: what one robots.txt speaks for.

    >>> origin("https://a.example:8443/b?c")
    'https://a.example:8443'
    """
    end = url.find("/", url.find("://") + 3)
    query = url.find("?", url.find("://") + 3)
    ends = [e for e in (end, query) if e >= 0]
    return url[: min(ends)] if ends else url


def target(url: str) -> str:
    """Path and query of an absolute address, as robots.txt rules are matched against.

    >>> target("https://a.example/b?c=d")
    '/b?c=d'
    """
    return url[len(origin(url)) :] or "/"


def host_of(url: str) -> str:
    """Host name of an absolute address, without port.

    >>> host_of("http://127.0.0.1:8000/x")
    '127.0.0.1'
    """
    netloc = origin(url).partition("://")[2]
    if netloc.startswith("["):
        return netloc.partition("]")[0] + "]"
    return netloc.partition(":")[0]

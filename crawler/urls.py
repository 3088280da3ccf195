"""Addresses as written in a page → addresses that can be asked for, by the URL Standard."""

from __future__ import annotations

from functools import lru_cache

from ada_url import URL, join_url, normalize_url


@lru_cache(maxsize=8192)
def resolve(base: str, written: str) -> str | None:
    """`written` against `base` as a browser resolves it, without fragment, user and password.

    None where no http(s) address comes out (mailto:, data:, javascript:, unreadable).

    >>> resolve("https://a.example/b/c.html", " ../d e.jpg#x\\n")
    'https://a.example/d%20e.jpg'
    >>> resolve("https://a.example/", "data:image/gif;base64,R0lGOD") is None
    True
    """
    try:
        return _plain(join_url(base, _encodable(written)))
    except ValueError:
        return None


def clean(url: str) -> str | None:
    """An absolute address in the one form the crawl uses, or None when it is not http(s).

    >>> clean("HTTP://User@EXAMPLE.com:80?a b#f"), clean("http://0x7f.1/")
    ('http://example.com/?a%20b', 'http://127.0.0.1/')
    """
    try:
        return _plain(normalize_url(_encodable(url)))
    except ValueError:
        return None


def _encodable(text: str) -> str:
    """Lone surrogates, which pages can hold, become U+FFFD as in a browser."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def _plain(url: str) -> str | None:
    if not url.startswith(("http://", "https://")):
        return None
    url = url.partition("#")[0]
    if "@" in origin(url):
        parts = URL(url)
        parts.username = parts.password = ""
        return parts.href
    return url


@lru_cache(maxsize=4096)
def origin(url: str) -> str:
    """scheme://host[:port] of an absolute address: what one robots.txt speaks for.

    >>> origin("https://a.example:8443/b?c")
    'https://a.example:8443'
    """
    start = url.find("://") + 3
    ends = [at for at in (url.find("/", start), url.find("?", start)) if at >= 0]
    return url[: min(ends)] if ends else url


def target(url: str) -> str:
    """Path and query of an absolute address, as robots.txt rules are matched against.

    >>> target("https://a.example/b?c=d")
    '/b?c=d'
    """
    return url[len(origin(url)) :] or "/"


def place_of(url: str) -> str:
    """host[:port] of an absolute address in clean form.

    >>> place_of("http://127.0.0.1:8000/x")
    '127.0.0.1:8000'
    """
    return origin(url).partition("://")[2]


def host_of(url: str) -> str:
    """Host name of an absolute address in clean form, without port and brackets.

    >>> host_of("http://127.0.0.1:8000/x"), host_of("http://[::1]:80/")
    ('127.0.0.1', '::1')
    """
    place = place_of(url)
    if place.startswith("["):
        return place[1:].partition("]")[0]
    return place.partition(":")[0]

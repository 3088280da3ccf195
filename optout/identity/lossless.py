"""An address as written → its lossless normal form: parts that cannot change the picture are gone.

http and https count as equal, so the form has no scheme: `host[:port]/path[?query]`. What a server
may tell apart (case of the path, order of parameters, `www.`, `//`) stays.
"""

from __future__ import annotations

import html
import re
from typing import NamedTuple

from optout.identity.memory import Memory


class Address(NamedTuple):
    """The parts of a readable http(s) address in normal form."""

    host: str  # lower-case, punycode, no trailing dot; IPv6 in brackets
    port: str  # "" when it is 80 or 443
    path: str  # begins with "/"
    query: str  # without "?"; "" when there is none

    def text(self) -> str:
        """The lossless form: host[:port]/path[?query]."""
        host, port, path, query = self
        if port:
            host = f"{host}:{port}"
        return f"{host}{path}?{query}" if query else host + path


_SPACE = " \t\n\r\f\0"
_REMOVED = str.maketrans("", "", "\t\r\n")  # URL Standard, 4.4: these vanish inside an address
_ESCAPED_AMPERSAND = re.compile(r"&(?:amp|#0*38|#[xX]0*26);")
_ENTITY = re.compile(r"&(?:[A-Za-z]+[0-9]*|#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6});")
_START = re.compile(r"(?:https?:)?//", re.I)
_HOST = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*")
_SERVER = re.compile(r"[^/?\\]*")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
# An escape in upper case of anything but the unreserved is in normal form.
_ESCAPE = "%(?:[0189A-F][0-9A-F]|2[0-9A-CF]|3[A-F]|40|5[B-E]|60|7[B-DF])"
# What is not in normal form; RFC 3986, 3.3 and 3.4, say what may stand unencoded.
_ODD = f"(?!{_ESCAPE})%(?:[0-9A-Fa-f]{{2}})?"
_ODD_IN_PATH = re.compile(_ODD + r"|[^%A-Za-z0-9_~!$&'()*+,;=:@/.-]")
_ODD_IN_QUERY = re.compile(_ODD + r"|[^%A-Za-z0-9_~!$&'()*+,;=:@/?.-]")
# Most addresses are in normal form but for the scheme: no port, no fragment. An "&" is left to the
# long way where a ";" may follow, as in "&amp;".
_PLAIN = re.compile(
    r"(?:https?:)?//((?:[a-z0-9_-]+\.)+[a-z0-9_-]+)"
    rf"(/[A-Za-z0-9_~!$'()*+,=:@/.-]*(?:{_ESCAPE}[A-Za-z0-9_~!$'()*+,=:@/.-]*)*)?"
    rf"(?:\?([A-Za-z0-9_~!$&'()*+,=:@/.?-]*(?:{_ESCAPE}[A-Za-z0-9_~!$&'()*+,=:@/.?-]*)*))?"
)
_LONGEST_HOST = 253  # RFC 1035, 2.3.4, without the dot of the root
_DEFAULT_PORTS = {"", "80", "443"}


def parse(url: str) -> Address | None:
    """The lossless parts of `url`, or None when it is not a readable http(s) address.

    >>> parse("HTTP://u:p@Example.COM.:443/a/../%7eb%2f c?x=1&amp;y=2#f").text()
    'example.com/~b%2F%20c?x=1&y=2'
    >>> parse("UNLIKELY") is None
    True
    """
    plain = _PLAIN.fullmatch(url)
    if plain and "/." not in url:
        host, path, query = plain.groups("")
        if len(host) <= _LONGEST_HOST:
            return Address(host, "", path or "/", query)
    url = _unescaped(url.strip(_SPACE).translate(_REMOVED))
    start = _START.match(url)
    if not start:
        return None
    rest = url[start.end() :].partition("#")[0]
    written = _SERVER.match(rest)[0]  # type: ignore[index]  # it fits anything
    server = _server(written)
    if server is None:
        return None
    path, _, query = rest[len(written) :].partition("?")
    query = _ODD_IN_QUERY.sub(_encoded, query.replace("\\\\", "\\"))
    return Address(*server, _path(path), query)


def lossless(url: str) -> str | None:
    """The lossless form of `url` as text, or None.

    >>> lossless("https://bücher.example/a+b.jpg?") == lossless("//xn--bcher-kva.example/a+b.jpg")
    True
    """
    address = parse(url)
    return address.text() if address else None


def _unescaped(url: str) -> str:
    # Rows of the data sets keep the page's escaping; an address that escapes one ampersand
    # escapes the rest too. Once only: what is then left was meant.
    if "&" not in url or not _ESCAPED_AMPERSAND.search(url):
        return url
    return _ENTITY.sub(lambda entity: html.unescape(entity[0]), url)


def _server(text: str) -> tuple[str, str] | None:
    text = text.rpartition("@")[2]
    if text.startswith("["):
        host, closed, port = text.partition("]")
        ipv6 = _ipv6(host[1:]) if closed and port[:1] in ("", ":") else None
        return _with_port(ipv6, port[1:])
    host, _, port = text.partition(":")
    return _with_port(_host(host), port)


def _with_port(host: str | None, port: str) -> tuple[str, str] | None:
    if host is None or not (port == "" or (port.isascii() and port.isdigit() and len(port) < 9)):
        return None
    port = port.lstrip("0")
    return host, "" if port in _DEFAULT_PORTS else port


def _ipv6(text: str) -> str | None:
    import ipaddress

    try:
        return f"[{ipaddress.IPv6Address(text).compressed}]"
    except ValueError:
        return None


def _host(text: str) -> str | None:
    host = text.lower()
    if "%" in host:
        from urllib.parse import unquote

        host = unquote(host).lower()
    if not host.isascii():
        host = _punycode(host)
    host = host.removesuffix(".")
    return host if len(host) <= _LONGEST_HOST and _HOST.fullmatch(host) else None


def _punycode(host: str) -> str:
    import idna

    try:
        return idna.encode(host, uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        try:
            return host.encode("idna").decode("ascii")  # older names that IDNA 2008 refuses
        except UnicodeError:
            return ""


def _path(text: str) -> str:
    if "\\" in text:
        # One old pipeline doubled backslashes; browsers read one as a slash (URL Standard, 4.4).
        text = text.replace("\\\\", "\\").replace("\\", "/")
    path = _ODD_IN_PATH.sub(_encoded, text)
    return _without_dots(path) if "/." in path else path or "/"


def _encoded(found: re.Match[str]) -> str:
    return _ENCODED[found[0]]


def _one(piece: str) -> str:
    """Percent-encoding of RFC 3986, 6.2.2: upper-case hex, nothing encoded that need not be."""
    if len(piece) == 3:
        char = chr(int(piece[1:], 16))
        return char if char in _UNRESERVED else piece.upper()
    return "".join(f"%{byte:02X}" for byte in piece.encode("utf-8", "replace"))


_ENCODED = Memory(_one)


def _without_dots(path: str) -> str:
    """RFC 3986, 5.2.4, for paths that begin with a slash."""
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in (".", ".."):
        kept.append("")
    return "/" + "/".join(kept)

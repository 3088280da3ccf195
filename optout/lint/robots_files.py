"""How robots.txt is answered and written down → what was found."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from crawler.signals.robots_lines import LIMIT
from crawler.urls import host_of, origin
from optout.lint.seen import File, Seen
from optout.lint.table import Found, finds

_TOLD = (404, 410, 429)  # no file is no trap; R38
_UTF8 = b"\xef\xbb\xbf"


def _robots(seen: Seen) -> Iterator[File]:
    return (file for file in seen.files if file.kind == "robots.txt")


@finds("R30")
def server_errors(seen: Seen) -> Iterator[Found]:
    """5xx: unreachable (RFC 9309, 2.3.1.4)."""
    for file in _robots(seen):
        if file.status is not None and file.status >= 500:
            yield Found(file.url, None, "", {"status": str(file.status)})


@finds("R31")
def redirects(seen: Seen) -> Iterator[Found]:
    """Answered by another host, or never."""
    for file in _robots(seen):
        if file.status is not None and 300 <= file.status < 400:
            yield Found(file.url, None, "", {"where": "an address that was not reached"})
        elif file.text is not None and _site(file.final_url) not in ("", _site(file.url)):
            yield Found(file.url, None, "", {"where": file.final_url})


@finds("R32")
def pages(seen: Seen) -> Iterator[Found]:
    """A page in place of robots.txt."""
    for file in _robots(seen):
        if file.text is not None and file.is_page:
            first = file.text[:200].decode("utf-8", "replace").strip().splitlines()
            yield Found(file.url, 1, first[0] if first else "")


@finds("R33")
def too_long(seen: Seen) -> Iterator[Found]:
    """More than the 500 KiB that a crawler must read."""
    for file in _robots(seen):
        size = max(file.size, len(file.body or b""))
        if file.status == 200 and (size > LIMIT or file.truncated):
            yield Found(file.url, None, "", {"size": f"{size:,}"})


@finds("R34")
def byte_order_mark(seen: Seen) -> Iterator[Found]:
    """A mark before the first line."""
    for file, body in seen.kind("robots.txt"):
        first = body[len(_UTF8) : 500].decode("utf-8", "replace").splitlines()
        # Before a comment or a blank line it harms nobody.
        if body.startswith(_UTF8) and first and first[0].partition("#")[0].strip():
            yield Found(file.url, 1, first[0])


@finds("R35")
def not_utf8(seen: Seen) -> Iterator[Found]:
    """Text that crawlers cannot read: UTF-16 and the like."""
    for file, body in seen.kind("robots.txt"):
        if body.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in body[:1000]:
            yield Found(file.url, 1, body[:80].decode("utf-8", "replace").replace("\0", ""))


@finds("R36")
def odd_octets(seen: Seen) -> Iterator[Found]:
    """A rule or a name in another encoding than UTF-8."""
    for file, robots in seen.robots():
        if file.body and b"\0" in file.body[:1000]:
            continue  # R35
        for line in robots.lines:
            if line.key in ("user-agent", "allow", "disallow") and not _is_utf8(line.octets):
                yield Found(file.url, line.line, line.raw)


@finds("R37")
def twins_differ(seen: Seen) -> Iterator[Found]:
    """With and without www., http and https: the same site, other rules."""
    sites: dict[str, list[File]] = {}
    for file in _robots(seen):
        answered = file.status is not None and file.status // 100 in (2, 4)
        if answered and file.status != 429 and not file.is_page:
            sites.setdefault(_site(file.url), []).append(file)
    for files in sites.values():
        for file in files[1:]:
            if _lines(file) != _lines(files[0]):
                other = origin(files[0].url)
                yield Found(file.url, None, "", {"other": other, "this": origin(file.url)})


@finds("R38")
def too_many_requests(seen: Seen) -> Iterator[Found]:
    """429: unavailable by RFC 9309, 2.3.1.3; a server error for Google."""
    for file in _robots(seen):
        if file.status == 429:
            yield Found(file.url)


@finds("R39")
def not_shown(seen: Seen) -> Iterator[Found]:
    """401, 403 and their like: unavailable by RFC 9309, 2.3.1.3, as if there were no file."""
    for file in _robots(seen):
        if file.status is not None and 400 <= file.status < 500 and file.status not in _TOLD:
            yield Found(file.url, None, "", {"status": str(file.status)})


def _site(url: str) -> str:
    """Host without www., and port where it is an unusual one."""
    try:
        port = urlsplit(url).port
    except ValueError:
        return url
    return host_of(url).removeprefix("www.") + (f":{port}" if port not in (None, 80, 443) else "")


def _lines(file: File) -> list[bytes]:
    """What counts of it: no comments, no blanks."""
    lines = (line.partition(b"#")[0].strip() for line in (file.text or b"").splitlines())
    return [line for line in lines if line and not line.lower().startswith(b"sitemap")]


def _is_utf8(octets: bytes) -> bool:
    try:
        octets.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True

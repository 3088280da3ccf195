"""Servers that data sets are read from: one that gives parts, and one that speaks as the Hub."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.harness import Page, serving

SHA = "0123456789abcdef0123456789abcdef01234567"


@dataclass(frozen=True)
class Asked:
    """One request as the server saw it."""

    path: str
    range: str | None
    authorization: str | None
    status: int
    sent: int  # bytes of the body


@dataclass
class Shelf:
    """Files by path, given in parts; counts what it gives. Troubles are set by the test."""

    files: dict[str, bytes] = field(default_factory=dict)
    etag: str = '"v1"'
    ranges: bool = True
    asked: list[Asked] = field(default_factory=list)
    # Given the number of the request: an answer instead of the file, or None.
    instead: Callable[[int, str], Page | None] = lambda number, path: None
    breaks: dict[int, int] = field(default_factory=dict)  # request → bytes before it breaks off

    @property
    def sent(self) -> int:
        return sum(one.sent for one in self.asked)

    def __call__(self, path: str, handler: BaseHTTPRequestHandler) -> Page | None:
        number = len(self.asked)
        status, lines, body = self.instead(number, path) or self.answer(path, handler)
        rest = self.breaks.get(number)
        self.asked.append(
            Asked(path, handler.headers["Range"], handler.headers["Authorization"], status,
                  len(body) if rest is None else rest)
        )  # fmt: skip
        if rest is None:
            return status, lines, body
        handler.send_response(status)
        for name, value in [*lines, ("Content-Length", str(len(body)))]:
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body[:rest])
        handler.wfile.flush()
        handler.connection.shutdown(2)
        handler.close_connection = True
        return None

    def answer(self, path: str, handler: BaseHTTPRequestHandler) -> Page:
        body = self.files.get(unquote(urlsplit(path).path))
        lines = [("ETag", self.etag)] if self.etag else []
        if body is None:
            return 404, [], b"<html>not here"
        found = re.fullmatch(r"bytes=(\d+)-(\d+)", handler.headers["Range"] or "")
        if not found or not self.ranges:
            return 200, lines, body
        first, last = int(found[1]), min(int(found[2]), len(body) - 1)
        if first > last:
            return 416, [("Content-Range", f"bytes */{len(body)}")], b""
        lines.append(("Content-Range", f"bytes {first}-{last}/{len(body)}"))
        return 206, lines, body[first : last + 1]


@contextmanager
def shelf(files: dict[str, bytes], tls: Any = None) -> Iterator[tuple[str, Shelf]]:
    """A running server of `files`, and what it saw."""
    store = Shelf(files)
    with serving(store, tls) as base:
        yield base, store


@dataclass
class Hub:
    """Speaks as the Hub does: revisions, pages of a listing, large files on another server."""

    store: str  # base address of the server that large files are on
    files: dict[str, bytes]  # by path in laion/relaion-test at `main`
    gated: bool = False
    token: str = "hf_right"
    small: bool = False  # files are small: they are on this server too, behind a redirect
    page: int = 2  # entries of one page of a listing
    asked: list[Asked] = field(default_factory=list)
    base: str = ""

    def __call__(self, path: str, handler: BaseHTTPRequestHandler) -> Page:
        authorization = handler.headers["Authorization"]
        status, lines, body = self.answer(path, authorization)
        self.asked.append(Asked(path, handler.headers["Range"], authorization, status, len(body)))
        return status, lines, body

    def answer(self, target: str, authorization: str | None) -> Page:
        parts = urlsplit(target)
        path = unquote(parts.path)
        if "/laion/relaion-test/" not in path:
            return 401, [("X-Error-Code", "RepoNotFound")], b"{}"
        if path.startswith("/api/datasets/laion/relaion-test/revision/"):
            if path.rpartition("/")[2] != "main":
                return 404, [("X-Error-Code", "RevisionNotFound")], b"{}"
            return 200, [], json.dumps({"sha": SHA, "gated": self.gated}).encode()
        tree = f"/api/datasets/laion/relaion-test/tree/{SHA}"
        if path.startswith(tree):
            return self.listing(parts, path.removeprefix(tree).lstrip("/"))
        if self.gated and authorization != f"Bearer {self.token}":
            status = 403 if authorization else 401
            return status, [("X-Error-Code", "GatedRepo")], b"{}"
        cached = "/api/resolve-cache/laion/relaion-test/"
        if path.startswith(cached):
            return 200, [], self.files[path.removeprefix(cached)]
        name = path.removeprefix(f"/datasets/laion/relaion-test/resolve/{SHA}/")
        if name not in self.files:
            return 404, [("X-Error-Code", "EntryNotFound")], b"{}"
        if self.small:
            return 307, [("Location", f"/api/resolve-cache/laion/relaion-test/{name}")], b""
        return 302, [("Location", f"{self.store}/{name}")], b"Found"

    def listing(self, parts: Any, folder: str) -> Page:
        entries = [{"type": "directory", "oid": "1", "size": 0, "path": "data"}]
        entries += [
            {"type": "file", "oid": "2", "size": len(body), "path": name}
            for name, body in sorted(self.files.items())
            if name.startswith(f"{folder}/" if folder else "")
        ]
        at = int(parse_qs(parts.query).get("cursor", ["0"])[0])
        lines = []
        if at + self.page < len(entries):
            following = f"{self.base}{parts.path}?recursive=true&cursor={at + self.page}"
            lines = [("Link", f'<{following}>; rel="next"')]
        return 200, lines, json.dumps(entries[at : at + self.page]).encode()

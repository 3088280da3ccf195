"""site/ → two web servers on loopback: the artist's site, and the host of its pictures.

Threaded, silent, and awkward on purpose: answers.toml adds headers, redirects and a wrong type,
and the calendar under /events/ never ends.
"""

from __future__ import annotations

import os
import re
import sys
import threading
import tomllib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any
from urllib.parse import unquote

# Ports that nobody has registered; the bundled data set names them. Others are taken when these
# are in use.
PREFERRED = (8631, 8632)
_MONTH = re.compile(r"/events/(\d{1,4})/(\d{1,2})/")
# By suffix; what the system says of types differs from machine to machine.
_TYPES = {
    "html": "text/html; charset=utf-8",
    "txt": "text/plain; charset=utf-8",
    "xml": "application/xml",
    "jpg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "gif": "image/gif",
}
_TEXTS = {"html", "txt", "xml"}  # in these, {{site}} and {{cdn}} stand for the addresses


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the demo is served, without a slash at the end."""

    site: str
    cdn: str

    def fill(self, text: str) -> str:
        """`text` with {{site}} and {{cdn}} replaced.

        >>> at(8631, 8632).fill("{{cdn}}/works/")
        'http://localhost:8632/works/'
        """
        return text.replace("{{site}}", self.site).replace("{{cdn}}", self.cdn)


def at(site_port: int, cdn_port: int) -> Addresses:
    """The addresses for two ports. Two names of loopback, so that the pictures' host is another."""
    return Addresses(f"http://127.0.0.1:{site_port}", f"http://localhost:{cdn_port}")


@contextmanager
def serving(ports: tuple[int, int] = PREFERRED) -> Iterator[Addresses]:
    """Serve the demo while the block runs, on `ports` or, where taken, on free ones (0: free)."""
    with ExitStack() as stack:
        site, cdn = (stack.enter_context(_listening(port)) for port in ports)
        where = at(site.server_port, cdn.server_port)
        for server, folder in ((site, "www"), (cdn, "cdn")):
            server.RequestHandlerClass = _handler(folder, where)
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
            stack.callback(server.shutdown)
        yield where


@contextmanager
def _listening(port: int) -> Iterator[ThreadingHTTPServer]:
    try:
        server = _Server(("127.0.0.1", port), BaseHTTPRequestHandler)
    except OSError:  # in use
        server = _Server(("127.0.0.1", 0), BaseHTTPRequestHandler)
    with server:
        yield server


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # Windows would let two demos share a port; elsewhere this only skips the wait after a stop.
    allow_reuse_address = os.name != "nt"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Readers go away in the middle of an answer; that is no news."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def _handler(folder: str, where: Addresses) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        server_version = "demo"
        sys_version = ""

        def do_GET(self) -> None:
            status, headers, body = respond(folder, self.path, where)
            self.send_response(status)
            for name, value in (*headers, ("Content-Length", str(len(body)))):
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_HEAD = do_GET

        def log_message(self, format: str, *args: object) -> None:
            """Silent: the terminal belongs to the commands."""

    return Handler


def respond(folder: str, target: str, where: Addresses) -> tuple[int, list[tuple[str, str]], bytes]:
    """What the server of `folder` ("www" or "cdn") answers: status, header lines, body."""
    path = unquote(target.partition("?")[0])
    month = _MONTH.fullmatch(path) if folder == "www" else None
    if month:
        return 200, [("Content-Type", "text/html; charset=utf-8")], _calendar(month)
    answer = _answers().get((folder, path), {})
    body, kind = _file(folder, path, where)
    lines = [(name, where.fill(value)) for name, value in answer.get("headers", [])]
    status = answer.get("status", 200 if body is not None else 404)
    if body is None:
        body, kind = b"", "text/plain"
    if not any(name.lower() == "content-type" for name, _ in lines):
        lines.insert(0, ("Content-Type", kind))
    return status, lines, body


@cache
def _answers() -> dict[tuple[str, str], dict[str, Any]]:
    table = tomllib.loads((_site() / "answers.toml").read_text("utf-8"))
    return {(entry["host"], entry["path"]): entry for entry in table["answer"]}


def _site() -> Traversable:
    return resources.files(__package__) / "site"


def _file(folder: str, path: str, where: Addresses) -> tuple[bytes | None, str]:
    """Body and type of the file behind a path; (None, "") when there is none."""
    name = path.lstrip("/") + ("index.html" if path.endswith("/") else "")
    if ".." in name.split("/") or "\\" in name or "\0" in name:
        return None, ""
    file = _site().joinpath(folder, *name.split("/"))
    if not file.is_file():
        return None, ""
    body = file.read_bytes()
    suffix = name.rpartition(".")[2]
    if suffix in _TEXTS:
        body = where.fill(body.decode("utf-8")).encode("utf-8")
    return body, _TYPES.get(suffix, "application/octet-stream")


def _calendar(month: re.Match[str]) -> bytes:
    year, number = int(month[1]), int(month[2])
    following = f"/events/{year + number // 12}/{number % 12 + 1:02}/"
    text = (_site() / "www" / "events" / "month.html").read_text("utf-8")
    text = text.replace("{{month}}", f"{year}-{number:02}").replace("{{next}}", following)
    return text.encode("utf-8")

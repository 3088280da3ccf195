"""Shared by all tests: time zone, the reference material beside the checkout, a server."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

os.environ["TZ"] = "UTC"

# How long an example takes depends on what else the machine does: no test judges by the clock.
settings.register_profile("optout", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("optout")

SHARED = Path(os.environ.get("OPTOUT_SHARED", Path(__file__).parents[2] / "shared"))


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of reference material; the test is skipped where it is absent."""
    if not (SHARED / "facts").is_dir():
        pytest.skip(f"no reference material at {SHARED} (set OPTOUT_SHARED)")
    return SHARED


# What a handler function gets (method, path, headers) and returns (status, header lines, body).
Answer = tuple[int, list[tuple[str, str]], bytes]
Respond = Callable[[str, str, dict[str, str]], Answer]


@pytest.fixture
def serve() -> Iterator[Callable[[Respond], str]]:
    """serve(respond) → base address of a real HTTP server on a free loopback port."""
    servers: list[ThreadingHTTPServer] = []

    def start(respond: Respond) -> str:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                status, lines, body = respond(self.command, self.path, dict(self.headers))
                self.send_response(status)
                for name, value in lines:
                    self.send_header(name, value)
                if not any(n.lower() in ("content-length", "transfer-encoding") for n, _ in lines):
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            do_HEAD = do_GET
            do_POST = do_GET

            def log_message(self, format: str, *args: object) -> None:
                """Silent."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()

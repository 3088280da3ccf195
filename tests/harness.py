"""What several test modules use: run the command line, read a run, serve a site of functions."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

FAST = ("--delay", "0", "--no-autothrottle", "--per-host", "4")

# path → (status, header lines, body); a callable gets the request handler and may stream.
Page = tuple[int, list[tuple[str, str]], bytes]
Site = Callable[[str, BaseHTTPRequestHandler], "Page | None"]


def optout(*args: str, cwd: Path, timeout: float = 120) -> subprocess.CompletedProcess[str]:
    """Run `optout ARGS` as a user would, in `cwd`."""
    return subprocess.run(
        [sys.executable, "-m", "optout", *args],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=timeout,
        env={**os.environ, "PYTHONWARNINGS": ""},
        check=False,
    )


def rows(case: Path, relation: str) -> list[dict[str, Any]]:
    """All rows of a relation over all runs of a case."""
    found: list[dict[str, Any]] = []
    for file in sorted((case / "observations").glob(f"run=*/{relation}.parquet")):
        found += pq.read_table(file).to_pylist()
    return found


@contextmanager
def serving(site: Site, tls: Any = None) -> Iterator[str]:
    """Serve `site` on a free loopback port; the base address without a slash at its end."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            answer = site(self.path, self)
            if answer is None:
                return  # the site wrote it itself
            status, lines, body = answer
            self.send_response(status)
            for name, value in lines:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_HEAD = do_GET

        def log_message(self, format: str, *args: object) -> None:
            """Silent."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 64

        def handle_error(self, request: Any, client_address: Any) -> None:
            """A client that goes away is what some tests are about."""

    server = Server(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http{'s' if tls else ''}://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def html(body: str, head: str = "") -> Page:
    """A page."""
    text = f"<!doctype html><html><head><title>T</title>{head}</head><body>{body}</body></html>"
    return 200, [("Content-Type", "text/html; charset=utf-8")], text.encode()


def jpeg(seed: int, width: int = 40, height: int = 30) -> bytes:
    """A real JPEG that differs by seed."""
    import io

    from PIL import Image

    out = io.BytesIO()
    Image.new("RGB", (width, height), (seed % 256, seed // 256 % 256, 99)).save(out, "JPEG")
    return out.getvalue() + seed.to_bytes(4)

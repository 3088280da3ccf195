"""Servers that lie about sizes, statuses and times: each address has its row all the same."""

from __future__ import annotations

import gzip
import json
import signal
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from crawler.journal import FILE
from tests.harness import FAST, Page, html, jpeg, optout, rows, serving

ASKED: list[str] = []
BIG_ROBOTS = b"User-agent: x\nDisallow: /x\n" * 30_000


def raw(handler: BaseHTTPRequestHandler, text: bytes) -> None:
    """Write an answer byte by byte as given."""
    handler.wfile.write(text)
    handler.close_connection = True


def site(path: str, handler: BaseHTTPRequestHandler) -> Page | None:
    ASKED.append(f"{handler.command} {path}")
    port = handler.server.server_port  # type: ignore[attr-defined]
    if path == "/":
        return html(
            "<img src=/chunked.jpg><img src=/status.jpg><img src=/length.jpg>"
            "<img src=/later.jpg><img src=/gzip.jpg>"
            f"<img src=http://127.0.0.1:65536/x.jpg><img src=http://localhost:{port}/dns.jpg>"
            "<img srcset='/set.jpg " + "9" * 5000 + "w'>"
            "<a href=/after>x</a>",
            '<meta name="googlebot" content="none"><meta name="viewport" content="width=1">',
        )
    if path == "/after":
        return html("still here")
    if path == "/robots.txt":
        return 200, [("Content-Encoding", "gzip")], gzip.compress(BIG_ROBOTS)
    if path == "/chunked.jpg":
        raw(
            handler,
            b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n3\r\n\xff\xd8\xff\r\n0\r\n\r\n",
        )
        return None
    if path == "/status.jpg":
        raw(handler, b"HTTP/1.1 70000 OK\r\nContent-Length: 0\r\n\r\n")
        return None
    if path == "/length.jpg":
        raw(handler, b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n")
        return None
    if path == "/later.jpg":
        raw(handler, b"HTTP/1.1 503 No\r\nRetry-After: \xb2\r\nContent-Length: 0\r\n\r\n")
        return None
    if path == "/gzip.jpg":
        body = gzip.compress(jpeg(3))
        return 200, [("Content-Encoding", "gzip"), ("Content-Type", "image/jpeg")], body
    return (200, [], jpeg(1)) if path.endswith(".jpg") else (404, [], b"")


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    folder = tmp_path_factory.mktemp("hostile")
    with serving(site) as base:
        result = optout("crawl", base, "--case", "c", *FAST, cwd=folder)
    return folder / "c", result


def test_every_address_has_its_row_and_nothing_is_printed_but_words(crawled: Any) -> None:
    case, result = crawled
    assert result.returncode == 0, result.stderr
    assert "Traceback" not in result.stderr
    images = {r["image_url"].rsplit("/", 1)[1]: r for r in rows(case, "images")}
    assert images["chunked.jpg"]["size"] == 3
    assert "70000" in images["status.jpg"]["reason"]
    assert images["length.jpg"]["outcome"] in ("too_large", "failed")
    assert images["later.jpg"]["status"] == 503
    assert images["dns.jpg"]["outcome"] == "private_address"
    assert images["set.jpg"]["status"] == 200
    assert {r["url"].rsplit("/", 1)[1] for r in rows(case, "pages")} == {"", "after"}


def test_headers_are_kept_as_served(crawled: Any) -> None:
    case, _ = crawled
    (hop,) = [h for h in rows(case, "hops") if h["url"].endswith("/gzip.jpg")]
    assert {"name": "content-encoding", "value": "gzip"} in hop["headers"]


def test_a_large_robots_txt_is_hashed_as_it_is_kept(crawled: Any) -> None:
    import hashlib

    case, _ = crawled
    files = [f for f in rows(case, "site_files") if f["kind"] == "robots.txt"]
    (file,) = [f for f in files if "127.0.0.1" in f["origin"]]
    assert file["truncated"]
    assert file["size"] == len(file["body"]) == 512 * 1024
    assert file["sha256"] == hashlib.sha256(file["body"]).hexdigest()


def test_metas_that_name_an_agent(crawled: Any) -> None:
    case, _ = crawled
    assert [(m["name"], m["content"]) for m in rows(case, "metas")] == [("googlebot", "none")]


def test_headers_only_asks_with_head(tmp_path: Path) -> None:
    asked = []

    def heads(path: str, handler: BaseHTTPRequestHandler) -> Page | None:
        asked.append(f"{handler.command} {path}")
        if path == "/no-head.jpg" and handler.command == "HEAD":
            return 405, [], b""
        if path.endswith(".jpg"):
            return 200, [("Content-Type", "image/jpeg"), ("X-Robots-Tag", "noai")], jpeg(1)
        return html("<img src=/a.jpg><img src=/no-head.jpg>") if path == "/" else (404, [], b"")

    with serving(heads) as base:
        result = optout("crawl", base, "--case", "c", *FAST, "--headers-only", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "HEAD /a.jpg" in asked
    assert "GET /a.jpg" not in asked
    assert "GET /no-head.jpg" in asked
    images = {r["image_url"].rsplit("/", 1)[1]: r for r in rows(tmp_path / "c", "images")}
    assert {i["sha256"] for i in images.values()} == {None}
    assert {i["status"] for i in images.values()} == {200}
    assert images["no-head.jpg"]["hop_count"] == 2


def test_a_time_budget_holds_while_waiting_and_what_waits_is_named(tmp_path: Path) -> None:
    def slow(path: str, handler: BaseHTTPRequestHandler) -> Page | None:
        if path == "/robots.txt":
            return 200, [], b"User-agent: *\nCrawl-delay: 86400"
        return html("<img src=/a.jpg><a href=/b>b</a>")

    with serving(slow) as base:
        began = time.monotonic()
        result = optout("crawl", base, "--case", "c", "--max-minutes", "0.05", cwd=tmp_path)
    assert time.monotonic() - began < 30
    assert "time budget" in result.stderr
    assert "asks for 86400 s" in result.stderr
    summary = json.loads(next(tmp_path.glob("c/observations/run=*/summary.json")).read_text())
    assert sum(cut["count"] for cut in summary["cut_short"]) >= 1


def test_a_root_that_leads_elsewhere_names_the_place(tmp_path: Path) -> None:
    def moved(path: str, handler: BaseHTTPRequestHandler) -> Page | None:
        return (
            (301, [("Location", "http://other.example/")], b"") if path == "/" else (404, [], b"")
        )

    with serving(moved) as base:
        result = optout("crawl", base, "--case", "c", *FAST, cwd=tmp_path)
    assert result.returncode == 1
    assert "http://other.example/" in result.stderr
    assert "sites" in result.stderr
    assert rows(tmp_path / "c", "pages")[0]["outcome"] == "out_of_scope"


def test_a_page_budget_counts_the_same_after_a_kill(tmp_path: Path) -> None:
    def chain(path: str, handler: BaseHTTPRequestHandler) -> Page | None:
        if path == "/robots.txt":
            return 200, [], b"User-agent: *\nDisallow: /no"
        if path.endswith(".xml"):
            return 404, [], b""
        time.sleep(0.05)
        n = int(path[1:] or 0)
        return html(f"<a href=/no{n}>n</a><a href=/{n + 1}>next</a>")

    budget = ["--max-pages", "9", "--trap-limit", "0"]
    with serving(chain) as base:
        command = [sys.executable, "-m", "optout", "crawl", base, "--case", "c", *FAST, *budget]
        first = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.DEVNULL)
        while sum(f.read_bytes().count(b"\n") for f in _journals(tmp_path)) < 8:
            time.sleep(0.01)
        first.send_signal(signal.SIGKILL)
        first.wait()
        for file in _journals(tmp_path):  # damage that is not even JSON of our kind
            with file.open("ab") as journal:
                journal.write(b'123\n"x"\n{"kind":"page"}\n{"kind":"image","image":3}\n')
        again = optout(*command[3:-1], "5", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    assert "going on with the run" in again.stderr
    assert "trap limit" in again.stderr
    assert sum(r["status"] == 200 for r in rows(tmp_path / "c", "pages")) == 9


def _journals(folder: Path) -> list[Path]:
    return list(folder.glob("c/observations/.run=*/" + FILE))


def test_a_damaged_earlier_run_is_told_before_the_crawl(tmp_path: Path) -> None:
    def small(path: str, handler: BaseHTTPRequestHandler) -> Page | None:
        return html("x") if path == "/" else (404, [], b"")

    with serving(small) as base:
        assert optout("crawl", base, "--case", "c", *FAST, cwd=tmp_path).returncode == 0
        (pages,) = tmp_path.glob("c/observations/run=*/pages.parquet")
        pages.write_bytes(pages.read_bytes()[:100])
        result = optout("crawl", base, "--case", "c", *FAST, cwd=tmp_path)
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    assert len(list(tmp_path.glob("c/observations/*run=*"))) == 1

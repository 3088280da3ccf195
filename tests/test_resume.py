"""A crawl killed with SIGKILL at random moments records what an undisturbed one records."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from crawler.journal import FILE, Journal, entries
from tests.harness import FAST, Page, html, jpeg, optout, rows, serving

PAGES = 150


def site(path: str, handler: BaseHTTPRequestHandler) -> Page | None:
    time.sleep(0.004)  # long enough to be killed in the middle
    if path == "/" or path.startswith("/p/"):
        n = int(path[3:]) if path != "/" else 0
        links = "".join(f'<a href="/p/{(n * 7 + k) % PAGES}">x</a>' for k in range(1, 8))
        images = "".join(f'<img src="/i/{n * 3 + k}.jpg" alt="Number {k}">' for k in range(3))
        return html(links + images + f'<img src="/m/{n}.jpg">')
    if path.startswith("/m/"):
        return 301, [("Location", f"/i/{path[3:]}")], b""
    if path.startswith("/i/"):
        return 200, [("Content-Type", "image/jpeg")], jpeg(int(path[3:-4]))
    return 404, [], b""


def recorded(case: Path) -> tuple[set[object], set[object], set[object]]:
    pages = [(r["url"].split("/", 3)[3], r["status"], r["outcome"]) for r in rows(case, "pages")]
    images = [
        (r["image_url"].split("/", 3)[3], r["status"], r["sha256"]) for r in rows(case, "images")
    ]
    refs = [
        (r["page_url"].split("/", 3)[3], r["position"], r["raw"]) for r in rows(case, "image_refs")
    ]
    for records in (pages, images, refs):
        assert len(records) == len(set(records)), "recorded twice"
    return set(pages), set(images), set(refs)


def test_killed_five_times(tmp_path: Path) -> None:
    chance = random.Random(7)
    with serving(site) as base:
        assert optout("crawl", base, "--case", "whole", *FAST, cwd=tmp_path).returncode == 0
        kills = 0
        command = [sys.executable, "-m", "optout", "crawl", base, "--case", "killed", *FAST]
        while kills < 5:
            process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.DEVNULL)
            journal = tmp_path / "killed" / "observations"
            _wait_for_growth(journal, process)
            time.sleep(chance.uniform(0, 0.35))
            if process.poll() is not None:
                break
            process.kill()
            process.wait()
            kills += 1
        end = optout(*command[3:], cwd=tmp_path)
    assert kills == 5, "the crawl was over before it was killed five times"
    assert end.returncode == 0, end.stderr
    assert recorded(tmp_path / "killed") == recorded(tmp_path / "whole")
    assert not list((tmp_path / "killed/observations").glob(".run=*"))


def _wait_for_growth(observations: Path, process: subprocess.Popen[bytes]) -> None:
    """Until this process has added to the journal."""
    size = _size(observations)
    while process.poll() is None and _size(observations) <= size:
        time.sleep(0.01)


def _size(observations: Path) -> int:
    return sum(f.stat().st_size for f in observations.glob(f".run=*/{FILE}"))


def test_a_torn_last_line_is_dropped(tmp_path: Path) -> None:
    record = {"pages": [], "further": [], "spent": [0.1, 5]}
    with Journal(tmp_path) as journal:
        journal.write("sitemap", {"url": "1", **record})
    with (tmp_path / FILE).open("ab") as file:
        file.write(b'{"kind":"sitemap","url":')
    with Journal(tmp_path) as journal:
        journal.write("sitemap", {"url": "2", **record})
    assert [entry["url"] for entry in entries(tmp_path)] == ["1", "2"]
    assert (tmp_path / FILE).read_bytes().count(b"\n") == 2


def test_two_crawls_do_not_share_a_case(tmp_path: Path) -> None:
    def slow(path: str, handler: BaseHTTPRequestHandler) -> Page | None:
        time.sleep(1.5)
        return html('<a href="/x">x</a>') if path == "/" else (404, [], b"")

    with serving(slow) as base:
        command = [sys.executable, "-m", "optout", "crawl", base, "--case", "one", *FAST]
        first = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.DEVNULL)
        while not list(tmp_path.glob("one/observations/.run=*/" + FILE)):
            time.sleep(0.01)
        second = optout(*command[3:], cwd=tmp_path)
        assert first.wait() == 0
    assert second.returncode == 1
    assert "another crawl" in second.stderr
    assert "Traceback" not in second.stderr

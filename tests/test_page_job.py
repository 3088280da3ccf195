"""A check in its own process: begun once, killed, gone on with, failing midway, stopped."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import httpx
import pytest

from optout.case import Case, create_case
from optout.web import job
from optout.web.serve import is_open, serve
from optout.web.starters import write_starter
from tests.harness import Page, html, jpeg, serving

FAST = job.Choices(keep_images=True, allow_private=True, delay=0.0)
PAGES = 12


class Site:
    """A small site of pages in a row; `slow` seconds for each, `gone` closes the connection."""

    def __init__(self) -> None:
        self.slow = 0.0
        self.gone = False
        self.asked: list[str] = []
        self.lock = threading.Lock()

    def __call__(self, path: str, handler: BaseHTTPRequestHandler) -> Page | None:
        with self.lock:
            self.asked.append(path)
        if self.gone:
            handler.close_connection = True
            return None
        if path.endswith(".jpg"):
            return 200, [("Content-Type", "image/jpeg")], jpeg(len(path))
        found = re.fullmatch(r"/(\d*)", path)
        if not found:
            return 404, [], b""
        time.sleep(self.slow)
        number = int(found[1] or 0)
        following = f'<a href="/{number + 1}">on</a>' if number < PAGES else ""
        return html(f'<img src="/{"x" * number}.jpg" alt="a picture of mine">{following}')


def until(true: Callable[[], object], seconds: float = 60) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.05)


def begun(case: Case, when: str = "1") -> bool:
    return job.start(case, FAST, f"2026-11-21T10:00:0{when}+00:00")


def ended(case: Case) -> job.State:
    until(lambda: not job.watch(case.folder).running)
    return job.read(case.folder)


def test_a_check_runs_to_its_end_and_says_what_it_did(tmp_path: Path) -> None:
    with serving(Site()) as base:
        case = create_case(tmp_path / "case", [f"{base}/"], names=["Mira Solberg"])
        assert begun(case)
        state = ended(case)
        assert (state.outcome, state.failed, state.step, state.steps) == (job.DONE, (), 4, 4)
        assert any("13 pages read" in line for line in state.lines)
        assert len(case.runs()) == 1 and case.report.is_file() and not state.news
        assert begun(case, "2")
        news = ended(case).news
    assert len(case.runs()) == 2
    assert news == {"rows_new": 0, "rows_gone": 0, "signals_new": 0, "signals_gone": 0}


def test_however_often_it_is_begun_one_runs(tmp_path: Path) -> None:
    site = Site()
    site.slow = 0.3
    with serving(site) as base:
        case = create_case(tmp_path / "case", [f"{base}/"])
        answers: list[bool] = []
        threads = [
            threading.Thread(target=lambda n=n: answers.append(begun(case, str(n))))
            for n in range(6)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(answers) == [False] * 5 + [True]
        until(lambda: job.read(case.folder).pid)
        assert job.stop(case.folder)
        state = ended(case)
    assert state.outcome == job.STOPPED
    assert not job.stop(case.folder)


def test_a_killed_check_goes_on_from_what_is_on_disk(tmp_path: Path) -> None:
    site = Site()
    site.slow = 0.2
    with serving(site) as base:
        case = create_case(tmp_path / "case", [f"{base}/"])
        begun(case)
        until(lambda: len([p for p in site.asked if p.strip("/").isdigit()]) >= 3)
        os.kill(job.read(case.folder).pid, signal.SIGKILL)
        until(lambda: job.watch(case.folder).interrupted)
        assert not case.runs()
        before = len(site.asked)
        site.slow = 0.0
        assert begun(case, "2")
        assert ended(case).outcome == job.DONE
    assert len(case.runs()) == 1
    again = set(site.asked[:before]) & {p for p in site.asked[before:] if p.strip("/").isdigit()}
    assert len(again) <= 2, "what was read is not read again"


def test_a_site_that_fails_midway_costs_nothing_that_was_seen(tmp_path: Path) -> None:
    site = Site()
    site.slow = 0.1
    with serving(site) as base:
        case = create_case(tmp_path / "case", [f"{base}/"])
        begun(case)
        until(lambda: len(site.asked) >= 8)
        site.gone = True
        state = ended(case)
    assert state.outcome == job.DONE
    assert any("partial" in line for line in state.lines)
    assert len(case.runs()) == 1


def test_a_step_that_fails_is_named(tmp_path: Path) -> None:
    case = create_case(tmp_path / "case", ["http://127.0.0.1:9/"])
    begun(case)
    state = ended(case)
    assert state.outcome == job.FAILED and "reading your sites" in state.failed
    assert any("could be read" in line for line in state.lines)


def opened(folder: Path, *more: str) -> tuple[subprocess.Popen[str], str]:
    """A running `optout serve` and the address it printed."""
    server = subprocess.Popen(
        [sys.executable, "-m", "optout", "serve", "--case", str(folder), "--no-browser", *more],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert server.stdout
    return server, server.stdout.readline().strip()


def test_ending_the_server_ends_the_check_gently(tmp_path: Path) -> None:
    site = Site()
    site.slow = 0.3
    with serving(site) as base:
        case = create_case(tmp_path / "case", [f"{base}/"], names=["Mira"])
        for kind in (signal.SIGINT, signal.SIGTERM):
            server, address = opened(case.folder)
            with httpx.Client(follow_redirects=True, trust_env=False) as client:
                text = client.get(address).text
                fields = dict(re.findall(r'name="(csrf|shown)" value="([^"]*)"', text))
                fields |= {"allow_private": "1", "delay": "0"}
                own = re.sub("/start.*", "", address)
                client.post(f"{own}/check/start", data=fields, headers={"Origin": own})
                until(lambda: job.read(case.folder).step)
                assert is_open(case.folder)
                server.send_signal(kind)
            _, told = server.communicate(timeout=30)
            assert "what it gathered is kept" in told and "Traceback" not in told
            assert ended(case).outcome == job.STOPPED
            assert not is_open(case.folder)


def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    with serving(Site()) as base:
        server, address = opened(tmp_path, "--port", base.rpartition(":")[2])
        _, told = server.communicate(timeout=30)
    assert (server.returncode, address) == (1, "")
    assert "cannot be used" in told and "hint:" in told and "Traceback" not in told


def test_a_server_that_does_not_answer_any_more_is_told(tmp_path: Path) -> None:
    import fcntl

    from optout.errors import CaseError

    (tmp_path / job.FOLDER).mkdir()
    with (tmp_path / job.FOLDER / "page.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(CaseError, match="open in another program"):
            serve(tmp_path, 0, print, print)


@pytest.mark.parametrize("system", ["linux", "darwin", "win32"])
def test_a_starter_starts_this_program_with_this_case(tmp_path: Path, system: str) -> None:
    case = tmp_path / "my $case 'x' %f"
    written = write_starter(tmp_path, case, system)
    text = written.read_text("utf-8")
    assert "-m optout serve --case" in text and "{{" not in text
    if system == "linux":
        assert os.access(written, os.X_OK) and text.startswith("[Desktop Entry]\n")
    if system == "darwin":
        assert os.access(written, os.X_OK) and text.startswith("#!/bin/sh\n")
        assert "Not tried" in text
    if system == "win32":
        assert "\r\n" in written.read_bytes().decode() and "Not tried" in text

"""The page in the system's Chromium: the whole way on the demo by words; axe; hostile text."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from optout.case import load_case
from optout.control import tokens
from optout.decisions import decisions
from optout.register import standings
from optout.requests.declared import declarations
from tests.request_case import crawled, make_case, match, matched
from tests.walk import Walk

pytestmark = pytest.mark.chromium

SHOTS = os.environ.get("OPTOUT_SHOTS")  # a folder for a screenshot of every page
WIDTHS = (1280, 390)
PAGES = ("/who", "/where", "/check", "/results", "/results/list", "/results/list?pictures=1",
         "/results/groups?by=host", "/results/groups?by=folder", "/results/groups?by=work",
         "/told", "/letters", "/letters/preview/common-crawl", "/evidence", "/register", "/proof",
         "/nothing-here")  # fmt: skip


@dataclass
class Seen:
    """What a walk left."""

    folder: Path
    origin: str = ""
    origins: list[str] = field(default_factory=list)  # of the page, one a start
    asked: set[str] = field(default_factory=set)  # origins of every request of the browser
    errors: list[str] = field(default_factory=list)  # of the console
    names: list[str] = field(default_factory=list)  # pages reached
    violations: dict[str, list[str]] = field(default_factory=dict)
    too_wide: list[str] = field(default_factory=list)
    zip_names: list[str] = field(default_factory=list)
    killed_while: str = ""


@contextmanager
def served(folder: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`optout serve` as a user starts it, and the address it prints."""
    server = subprocess.Popen(
        [sys.executable, "-m", "optout", "serve", "--case", str(folder), "--no-browser"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdout
    try:
        yield server, server.stdout.readline().strip()
    finally:
        if server.poll() is None:
            server.send_signal(signal.SIGINT)
        server.wait(30)
        server.stdout.close()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """The machine's Chromium; the test is skipped where there is none."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        pytest.skip("no Chromium on this machine")
    playwright = pytest.importorskip("playwright.sync_api")
    root = os.geteuid() == 0  # Chromium's own sandbox does not work for root
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=program,
            args=["--headless=new", "--disable-gpu", "--no-first-run",
                  "--disable-background-networking", "--disable-component-update",
                  *(["--no-sandbox"] if root else [])],
            chromium_sandbox=not root,
        )  # fmt: skip
        yield browser
        browser.close()


@contextmanager
def tab(browser: Any, seen: Seen, **options: Any) -> Iterator[Any]:
    """A tab of a new profile in which every request and every complaint is recorded."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, **options)
    opened = context.new_page()
    context.on("request", lambda request: seen.asked.add(origin(request.url)))
    opened.on("pageerror", lambda error: seen.errors.append(str(error)))
    opened.on("dialog", lambda dialog: (seen.errors.append("dialog"), dialog.dismiss()))
    opened.on("console", lambda m: m.type == "error" and seen.errors.append(m.text))
    yield opened
    context.close()


def origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


@pytest.fixture(scope="module")
def walked(chromium: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    """The whole way once: stopped, gone on with, the server killed, started again, letters."""
    from optout.commands.demo import make_case as make_demo
    from optout.demo.server import serving

    folder = tmp_path_factory.mktemp("page") / "case"
    seen = Seen(folder)
    with serving((0, 0)) as where:
        make_demo(folder, where)
        with tab(chromium, seen) as opened:
            walk = Walk(opened, lambda name: look(opened, seen, name))
            with served(folder) as (server, address):
                seen.origins.append(origin(address))
                opened.goto(address)
                opened.get_by_role("link", name=re.compile("Who are you")).click()
                walk.introduce("Tuva Lindqvarn", "studio@tuva-lindqvarn.example")
                walk.places(f"{where.site}/", folder / "laion_demo.parquet")
                walk.start()
                walk.stop_and_go_on()
                server.kill()
            with served(folder) as (server, address):
                seen.origins.append(origin(address))
                opened.goto(address)
                opened.get_by_role("link", name=re.compile("Check")).first.click()
                seen.killed_while = opened.get_by_role("main").inner_text()
                walk.results()
                walk.decide()
                walk.told()
                walk.notice()
                seen.zip_names = zipfile.ZipFile(walk.letters()).namelist()
                walk.proof()
                walk.evidence()
                walk.follow_up()
                every_page(opened, seen, origin(address))
                yield seen


def look(opened: Any, seen: Seen, name: str) -> None:
    """A page that was reached: is it usable for everybody, and does it fit?"""
    seen.names.append(name)
    seen.violations[name] = serious(opened)
    if SHOTS and name != "running":
        opened.wait_for_load_state("networkidle")
    for width in WIDTHS if SHOTS else ():
        opened.set_viewport_size({"width": width, "height": 900})
        opened.screenshot(path=Path(SHOTS or "") / f"{len(seen.names):02}-{name}-{width}.png",
                          full_page=True)  # fmt: skip
    opened.set_viewport_size({"width": 1280, "height": 900})


def every_page(opened: Any, seen: Seen, base: str) -> None:
    """Every page on its own, also at phone width and at 200 % zoom."""
    opened.goto(f"{base}/results/list")
    first = opened.get_by_role("link", name="Compare").first.get_attribute("href")
    opened.goto(f"{base}/register")
    letter = opened.get_by_role("link", name="Open").first.get_attribute("href")
    opened.goto(f"{base}/evidence")
    pack = opened.get_by_role("link", name="Look at it").get_attribute("href")
    for path in (*PAGES, first, letter, pack):
        opened.goto(base + path)
        seen.violations[path] = serious(opened)
        for width in (640, 390, 320):
            opened.set_viewport_size({"width": width, "height": 700})
            wide = opened.evaluate("document.scrollingElement.scrollWidth")
            if wide > width:
                seen.too_wide.append(f"{path} at {width}: {wide}")
        opened.set_viewport_size({"width": 1280, "height": 900})
    opened.emulate_media(color_scheme="dark")
    for path in ("/results", "/results/list", "/letters", "/told", letter, pack, "/proof"):
        opened.goto(base + path)
        seen.violations[f"{path}, dark"] = serious(opened)
        if SHOTS:
            name = re.sub(r"[^a-z]+", "-", path)[:40]
            opened.screenshot(path=Path(SHOTS) / f"dark{name}.png")


def serious(opened: Any) -> list[str]:
    """axe-core's serious and critical findings, in words."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    found = axe.run(opened).response["violations"]
    return [
        f"{v['id']}: {v['help']} · {v['nodes'][0]['html'][:200]}"
        for v in found
        if v["impact"] in ("serious", "critical")
    ]


def test_the_words_of_the_pages_lead_to_a_folder_of_letters(walked: Seen) -> None:
    case = load_case(walked.folder)
    days = [path for path in case.requests.iterdir() if path.name[0].isdigit()]
    written = {
        path.relative_to(days[0]).as_posix() for path in days[0].rglob("*") if path.is_file()
    }
    assert written == set(walked.zip_names)
    assert "laion/letter.html" in written
    said = sorted(word.verdict for word in decisions(case).values())
    assert said.count("rejected") == 2 and said.count("confirmed") >= 1


def test_a_killed_server_loses_nothing(walked: Seen) -> None:
    """The check went on without it, or is gone on with; either way one run and all results."""
    assert "The check" in walked.killed_while
    assert len(load_case(walked.folder).runs()) == 1


def test_what_was_entered_by_words_alone_is_in_the_case(walked: Seen) -> None:
    case = load_case(walked.folder)
    assert {said.kind for said in declarations(case).values()} == {"dsa_notice"}
    assert tokens(case) and [path.suffix for path in case.folder.glob("evidence/*.zip")] == [".zip"]
    found = [one for one in standings(case) if one.status == "refused"]
    assert found and {one.last.text for one in found} == {"They name the research exception."}


def test_nothing_but_the_page_itself_is_asked(walked: Seen) -> None:
    assert walked.asked == set(walked.origins)
    refused = [error for error in walked.errors if "404" not in error and "ERR_" not in error]
    assert refused == []


def test_no_page_shuts_anybody_out(walked: Seen) -> None:
    assert {"who", "where", "check", "running", "stopped", "done", "results", "list", "compare",
            "groups", "told", "letters", "letter", "draft", "statement", "notice", "proof",
            "proof-wanted", "pack-running", "pack-done", "pack", "register", "refused",
            *PAGES} <= set(walked.violations)  # fmt: skip
    assert {name: found for name, found in walked.violations.items() if found} == {}


def test_the_check_for_that_finds_what_shuts_people_out(chromium: Any, tmp_path: Path) -> None:
    with tab(chromium, Seen(tmp_path)) as opened:
        opened.set_content("<html lang=en><main><img src=x><input></main></html>")
        assert {found.partition(":")[0] for found in serious(opened)} >= {"image-alt", "label"}


def test_no_page_runs_over_the_edge_of_a_phone_or_at_double_size(walked: Seen) -> None:
    assert walked.too_wide == []


HOSTILE = [
    "<script>window.hacked=1</script>", "<img src=x onerror='window.hacked=1'>",
    "\"><svg onload='window.hacked=1'>", "' autofocus onfocus='window.hacked=1' x='",
    "</textarea></title><script>window.hacked=1</script>", "javascript:window.hacked=1",
    "<a hx-get=//evil.example hx-trigger=load>x</a>", "<base href=//evil.example>",
    "<meta http-equiv=refresh content='0;//evil.example'>", "x" * 100_000,
    "<form action=//evil.example><button>Mine</button></form>", "\u202egpj.exe\u0000\u2066",
]  # fmt: skip


def test_hostile_text_runs_nowhere(chromium: Any, tmp_path: Path) -> None:
    case = make_case(tmp_path / "case", names=(HOSTILE[0],), contact=HOSTILE[4])
    crawled(case)
    rows = [
        match(n, caption=text, url=f"https://b.example/{text}", image_url=text, page_url=text,
              edition=text[:500], dataset_file=text[:500], license=text[:500], contradiction=text,
              strength="lead", place="elsewhere") | {"url_host": text[:200]}
        for n, text in enumerate(HOSTILE, 1)
    ]  # fmt: skip
    matched(case, rows)
    seen = Seen(case.folder)
    with served(case.folder) as (_, address), tab(chromium, seen) as opened:
        base = origin(address)
        opened.goto(address)
        paths = [p for p in PAGES if "preview" not in p]
        paths += [f"/compare/m-{n:016x}" for n in range(1, len(HOSTILE) + 1)]
        for path in paths:
            opened.goto(base + path)
            assert not opened.evaluate("window.hacked"), path
            assert opened.url == base + path
        opened.goto(f"{base}/results/list")
        opened.get_by_role("button", name="Mine", exact=True).first.click()
        Walk(opened).reads("you said: mine")
        opened.get_by_role("button", name="None is mine").click()
        opened.wait_for_url("**/results")
        assert not opened.evaluate("window.hacked")
    assert len(decisions(case)) == len(HOSTILE)
    assert seen.asked == {base}
    assert [error for error in seen.errors if "404" not in error] == []


def test_everything_works_without_scripts_and_by_keyboard(chromium: Any, tmp_path: Path) -> None:
    case = make_case(tmp_path / "case")
    crawled(case)
    matched(case, [match(1), match(2, strength="lead")])
    seen = Seen(case.folder)
    with served(case.folder) as (_, address):
        with tab(chromium, seen, java_script_enabled=False) as opened:
            opened.goto(address)
            opened.goto(f"{origin(address)}/results/list?state=waiting")
            opened.get_by_role("button", name="Mine", exact=True).first.click()
            Walk(opened).reads("No row here.")
        assert decisions(case)["m-0000000000000002"].verdict == "confirmed"
    with served(case.folder) as (_, address), tab(chromium, seen) as opened:
        opened.goto(address)
        opened.goto(f"{origin(address)}/results/list")
        opened.keyboard.press("Tab")
        assert opened.evaluate("document.activeElement.textContent") == "Skip to the content"
        opened.keyboard.press("Enter")
        reached = []
        for _ in range(40):
            opened.keyboard.press("Tab")
            reached.append(opened.evaluate(
                "[document.activeElement.textContent.trim() || document.activeElement.id,"
                " getComputedStyle(document.activeElement).outlineStyle]"))  # fmt: skip
            if reached[-1][0] == "Not mine":
                break
        assert {style for name, style in reached if name != "BODY"} <= {"solid", "auto"}
        opened.keyboard.press("Enter")
        Walk(opened).reads("you said: not mine")
        # The way back after the form sends nothing twice, and focus has not jumped away.
        assert opened.evaluate("document.activeElement.textContent.trim()") == "Not mine"
    assert decisions(case)["m-0000000000000001"].verdict == "rejected"


def test_a_second_start_shows_the_page_that_is_open(chromium: Any, tmp_path: Path) -> None:
    case = make_case(tmp_path / "case")
    with served(case.folder) as (_, address), served(case.folder) as (second, again):
        assert origin(again) == origin(address) and again != address
        assert second.wait(30) == 0
        seen = Seen(case.folder)
        with tab(chromium, seen) as one, tab(chromium, seen) as other:
            one.goto(address)
            other.goto(again)
            assert other.get_by_role("heading", level=1).inner_text() == "Check"
            assert one.url == other.url

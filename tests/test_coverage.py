"""What a crawl did not see: every reason planted on a served site, in the records, in print and
in the report; a crawl that was stopped counts the same."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from bs4 import BeautifulSoup
from OpenSSL.SSL import Error as SSLError
from scrapy.http import Request
from twisted.internet.error import (
    ConnectionLost,
    ConnectionRefusedError,
    DNSLookupError,
    TimeoutError,
)

from crawler import failures, records, shape
from crawler.render import record as rendered
from optout.report.words import words
from tests.harness import FAST, Page, html, jpeg, optout, serving

STATIC = ("--render", "never")
JPEG = [("Content-Type", "image/jpeg")]
DEEP = "<a href='/deep/1'>down</a>"

# Image element → why a LAION-type pipeline could not have captured it, by words.toml.
PICTURES = {
    "<img src='{base}/i/1.jpg' alt='A fox in the snow'>": "captured",
    # Shown twice: once is enough.
    "<img src='/i/2.jpg' alt='Owl'><img src='{base}/i/2.jpg' alt='An owl at dusk'>": "captured",
    "<img src='{base}/i/3.jpg' alt='Owl'>": "alt",
    "<img src='{base}/i/4.jpg'>": "alt",
    # Of two reasons the one nearest to capture.
    "<a href='/i/5.jpg'>full</a><img src='/i/5.jpg' alt='A hare in the grass'>": "relative",
    "<img src='{base}/i/6.gif' alt='A heron, animated'>": "address",
    "<div style='background:url(/i/7.jpg)'></div>": "place",
    "<a href='/i/8.jpg'>full</a>": "place",
}
# With those of `front` that could not be fetched.
EXPECTED_SHAPES = {"captured": 2 + 1, "alt": 2, "relative": 1 + 4, "address": 1, "place": 2}

# (what, why) → addresses, with the options of `crawled`.
EXPECTED = {
    ("pages", "robots"): 2,
    ("pages", "budget"): 0,
    ("pages", "depth"): 1,
    ("pages", "trap"): 1,
    ("pages", "address"): 1,
    ("pages", "timeout"): 1,
    ("pages", "error"): 1,
    ("pages", "refused"): 2,
    ("pages", "not_there"): 2,
    ("pages", "not_a_page"): 1,
    ("pages", "led_elsewhere"): 1,
    ("pages", "in_part"): 1,
    ("pages", "browser"): 1,
    ("pages", "scope"): 3,
    ("images", "robots"): 1,
    ("images", "not_there"): 1,
    ("images", "private_address"): 1,
    ("images", "no_image"): 2,
    ("files", "site_file"): 1,
}
COUNTED = ("robots", "depth", "trap", "address", "timeout", "error", "refused", "not_there",
           "not_a_page")  # fmt: skip
READ = 8  # /, /moved/to, /large, /script, /deep/1, /deep/2, /elsewhere/linked, /many


def site(path: str, handler: BaseHTTPRequestHandler) -> Page | None:
    host = handler.headers["Host"]
    base = f"http://{host}"
    fixed: dict[str, Page] = {
        "/robots.txt": (200, [], b"User-agent: *\nDisallow: /no/\nSitemap: /broken.xml\n"),
        "/gone": (410, [], b""),
        "/error": (500, [], b""),
        "/login": (401, [], b""),
        "/members": (403, [], b""),
        "/moved": (302, [("Location", "/moved/to")], b""),
        "/away": (301, [("Location", "https://shop.example/")], b""),
        "/file": (200, [("Content-Type", "application/pdf")], b"%PDF-1.7"),
        "/moved/to": html("here"),
        "/script": html("<div id='root'></div><script src='/x.js'></script>"),
        "/deep/1": html("<a href='/deep/2'>down</a>"),
        "/deep/2": html("<a href='/deep/3'>down</a>"),
        "/elsewhere/linked": html("<a href='https://one.example/'>again</a>"),
        "/many": html("<a href='/gone'>again</a>" * 3),
        "/broken.xml": (500, [], b""),
        # A site of one page answers every address with it.
        "/soft.jpg": html("nothing here"),
        "/soft.png": (200, [("Content-Type", "image/png")], html("nothing here")[2]),
    }
    if path in fixed:
        return fixed[path]
    if path == "/cut":
        handler.connection.close()
        return None
    if path == "/large":
        return html("x" * 20_000_000)
    if path.startswith("/i/") and path != "/i/404.jpg":
        return 200, JPEG, jpeg(len(path))
    return (200, *front(base)[1:]) if path == "/" else (404, [], b"")


def front(base: str) -> Page:
    links = [
        "/no/1", "/no/2", "/gone", "/never", "/error", "/login", "/members", "/moved", "/away",
        "/file", "/script", "/deep/1", "/cut", "/large", "/elsewhere/linked", "/many",
        "/a/a/a/a", "/" + "long" * 3000, "https://one.example/", "https://two.example/x",
        "//three.example/",
    ]  # fmt: skip
    pictures = [
        "<img src='/no/secret.jpg' alt='Not to be asked for'>",
        "<img src='/i/404.jpg' alt='Lost in the post'>",
        "<img src='/soft.jpg' alt='Gone, politely'><img src='/soft.png' alt='Gone as well'>",
        "<img src='http://10.0.0.1/router.jpg' alt='A private place'>",
    ]
    body = "".join(f"<a href='{link}'>x</a>" for link in links)
    return html(body + "".join(pictures) + "".join(PICTURES).format(base=base))


def summary(case: Path) -> dict[str, Any]:
    (file,) = case.glob("observations/run=*/summary.json")
    return json.loads(file.read_text("utf-8"))  # type: ignore[no-any-return]


def shown(case: Path) -> list[dict[str, Any]]:
    done = optout("show", "coverage", "--json", "--case", case.name, cwd=case.parent)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def counts(case: Path) -> dict[tuple[str, str], int]:
    rows = [row for row in shown(case) if row["what"] != "LAION shape"]
    assert len({(row["what"], row["why"]) for row in rows}) == len(rows), "each reason once"
    return {(row["what"], row["why"]): row["addresses"] for row in rows}


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A crawl of the site; its case and what it said."""
    place = tmp_path_factory.mktemp("coverage")
    options = ("--case", "c", "--max-depth", "2", "--timeout", "5", *STATIC, *FAST)
    with serving(site) as base:
        done = optout("crawl", base, *options, cwd=place)
    assert done.returncode == 0, done.stderr
    return place / "c", done.stderr


def test_every_reason_is_counted(crawled: tuple[Path, str]) -> None:
    case, _ = crawled
    assert counts(case) == {key: count for key, count in EXPECTED.items() if count}


def test_every_reason_has_an_example_of_its_kind(crawled: tuple[Path, str]) -> None:
    examples = {(r["what"], r["why"]): r["example"].partition("/")[2] for r in shown(crawled[0])}
    assert examples["pages", "trap"].endswith("/a/a/a/a")
    assert examples["pages", "depth"].endswith("/deep/3")
    assert examples["pages", "refused"].endswith("/login")
    assert examples["pages", "scope"] == "/one.example/"
    assert examples["files", "site_file"].endswith("/broken.xml")


def test_the_summary_holds_what_was_left_out_and_what_was_answered(
    crawled: tuple[Path, str],
) -> None:
    found = summary(crawled[0])
    assert {cut["kind"] for cut in found["cut_short"]} <= set(records.CUTS)
    assert {(c["what"], c["kind"]): c["count"] for c in found["cut_short"]} == {
        ("pages", "depth"): 1,
        ("pages", "trap"): 1,
        ("pages", "address"): 1,
        ("pages", "browser"): 1,
        ("pages", "scope"): 3,
        ("files", "site_file"): 1,
    }
    assert found["outcomes"]["pages"] == {
        # … the redirect, a file, and what answered with 401, 403, 404, 410 and 500.
        "fetched": READ + 7,
        "robots_disallowed": 2,
        "failed": 1,
        "out_of_scope": 1,
    }
    assert found["outcomes"]["images"]["robots_disallowed"] == 1


def test_the_end_of_the_crawl_says_it(crawled: tuple[Path, str]) -> None:
    case, said = crawled
    lines = said[said.index(f"{READ} pages read") :].splitlines()
    assert lines[0].startswith(f"{READ} pages read")
    assert lines[1] == "  this crawl is partial: not everything on the sites was seen"
    for row in shown(case):
        if row["what"] == "LAION shape":
            continue
        many = "" if row["addresses"] == 1 else "s"
        start = f"  {row['addresses']} {row['what'].removesuffix('s')}{many} "
        assert any(
            line.startswith(start) and row["words"] in line and row["example"][:200] in line
            for line in lines
        ), row
    assert (
        "  as far as is known, a LAION-type pipeline could have captured 3 of 13 images "
        "(icons aside), and 10 not:"
    ) in lines
    assert lines[0].endswith(", 8 of them answered with an image")
    assert "2 images not seen: answered, but with no image (text/html; e.g. " in said


def test_one_page_in_the_place_of_images_makes_no_work_of_them(crawled: tuple[Path, str]) -> None:
    from optout.case import load_case
    from optout.database import dictionaries, open_case, relation

    with open_case(load_case(crawled[0])) as connection:
        found = dictionaries(relation(connection, "work_images"))
    files = {row["image_url"].rpartition("/")[2]: row["sha256"] for row in found}
    assert files["soft.jpg"] == files["soft.png"] == []
    assert len(files["8.jpg"]) == 1


def test_the_report_says_it(crawled: tuple[Path, str]) -> None:
    case, _ = crawled
    assert optout("report", "--case", case.name, cwd=case.parent).returncode == 0
    page = BeautifulSoup((case / "report.html").read_text("utf-8"), "html.parser")
    facts = {str(e["data-fact"]): int(str(e["data-value"])) for e in page.select("[data-fact]")}
    unseen = sum(EXPECTED["pages", why] for why in COUNTED)
    assert (facts["pages_fetched"], facts["pages_not_fetched"]) == (READ, unseen)
    assert (facts["images_in_shape"], facts["images_not_in_shape"]) == (3, 10)
    assert page.select_one("header #partial")
    tables = page.select("#coverage ~ details table")
    printed = [
        [td.get_text(" ", strip=True) for td in tr.select("td")] for tr in tables[0].select("tr")
    ]
    for (what, why), count in EXPECTED.items():
        label = words()["unseen"][why]["label"]
        found = [r for r in printed[1:] if r[0] == what and r[1].partition(" — ")[0] == label]
        assert [r[2] for r in found] == ([str(count)] if count else []), (what, why)


def test_what_a_pipeline_could_have_captured(crawled: tuple[Path, str]) -> None:
    found = {r["why"]: r["addresses"] for r in shown(crawled[0]) if r["what"] == "LAION shape"}
    assert found == EXPECTED_SHAPES


def test_every_reason_of_the_crawl_has_words() -> None:
    """No kind of crawler.records reaches the user by its bare key."""
    seen = set(words()["unseen"])
    assert set(records.CUTS) <= seen
    assert {"too_large", "private_address", "failed"} <= seen


def test_each_cause_of_failure_is_counted_apart(tmp_path: Path) -> None:
    from optout.database import open_case
    from optout.report.coverage import current
    from tests.report_case import image, make_case, write_run

    causes = {
        "no_host": DNSLookupError(),
        "tls": SSLError([("SSL routines", "", "certificate verify failed")]),
        "timeout": TimeoutError(),
        "connection": ConnectionRefusedError(),
        "failed": ConnectionLost(),
    }
    found = []
    for number, (why, error) in enumerate(causes.items()):
        for host in range(number + 1):
            url = f"https://{why}{host}.example/a.jpg".replace("_", "-")
            failure = SimpleNamespace(request=Request(url), value=error)
            outcome, reason, _ = failures.explain(failure, {})
            found.append(image(url, outcome=outcome, reason=reason, status=None))
    case = make_case(tmp_path / "case")
    write_run(case, {"images": found})
    with open_case(case) as connection:
        seen = current(connection).unseen
    assert {row["why"]: row["addresses"] for row in seen} == dict(
        zip(causes, range(1, 6), strict=True)
    )
    assert all(row["words"] == words()["unseen"][row["why"]]["label"] for row in seen)


@pytest.mark.parametrize(
    ("because", "why"),
    [
        (shape.laion_shape("a", "href", "http://a/b.jpg", None)[1], "place"),
        (shape.laion_shape("img", "src", "b.jpg", "A fox")[1], "relative"),
        (shape.laion_shape("img", "src", "http://a/b.jpg", "Fox")[1], "alt"),
        (shape.laion_shape("img", "src", "http://a/b.svg", "A fox")[1], "address"),
        (rendered._BY_SCRIPT, "scripts"),
        (rendered._BY_BROWSER, "scripts"),
        ("a reason of tomorrow", "other"),
    ],
)
def test_every_reason_of_the_shape_has_words(tmp_path: Path, because: str, why: str) -> None:
    from optout.database import open_case
    from optout.report.coverage import current
    from tests.report_case import make_case, reference, write_run

    case = make_case(tmp_path / "case")
    reason = {"in_laion_shape": False, "not_in_shape_because": because}
    write_run(case, {"image_refs": [reference("/", "http://a/b.jpg", **reason)]})
    with open_case(case) as connection:
        (row,) = current(connection).shapes
    assert (row["shape"], row["images"], row["words"]) == (why, 1, words()["shape"][why])


# --- budgets, and runs that are stopped ---

PAGES = 60


def chain(path: str, handler: BaseHTTPRequestHandler) -> Page | None:
    """A front page that names 60 pages, each with one picture."""
    time.sleep(0.02)
    if path == "/":
        return html("".join(f"<a href='/p/{n}'>x</a>" for n in range(PAGES)))
    if path.startswith("/p/"):
        return html(f"<img src='/i/{path[3:]}.jpg' alt='Number {path[3:]}'>")
    if path.startswith("/i/"):
        return 200, JPEG, jpeg(int(path[3:-4]))
    return 404, [], b""


def left_out(case: Path, kind: str) -> dict[str, int]:
    return {c["what"]: c["count"] for c in summary(case)["cut_short"] if c["kind"] == kind}


def test_what_a_page_budget_leaves_out_is_known(tmp_path: Path) -> None:
    with serving(chain) as base:
        done = optout("crawl", base, "--case", "c", "--max-pages", "11", *FAST, cwd=tmp_path)
    assert left_out(tmp_path / "c", "budget") == {"pages": PAGES + 1 - 11}
    assert (
        "50 pages not seen: the limit of this crawl was reached (page budget of 11" in done.stderr
    )
    note = optout("show", "pages", "--csv", "--case", "c", cwd=tmp_path).stderr
    assert note.startswith("this crawl is partial")


def test_what_a_time_budget_leaves_out_is_known(tmp_path: Path) -> None:
    def slow(path: str, handler: BaseHTTPRequestHandler) -> Page | None:
        time.sleep(2 if path.startswith("/p/") else 0)
        return chain(path, handler)

    with serving(slow) as base:
        optout("crawl", base, "--case", "c", "--max-minutes", "0.15", *FAST, cwd=tmp_path)
    found = summary(tmp_path / "c")
    asked = found["rows"]["pages"] - 1
    assert 0 < left_out(tmp_path / "c", "budget")["pages"] == PAGES - asked


def test_the_numbers_are_the_same_after_kills(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "optout", "crawl"]
    with serving(chain) as base:
        options = [base, "--case", "c", "--max-pages", "31", "--delay", "0", "--no-autothrottle"]
        for _ in range(3):
            process = subprocess.Popen(
                [*command, *options], cwd=tmp_path, stderr=subprocess.DEVNULL
            )
            _wait_for_lines(tmp_path, 4)
            process.kill()
            process.wait()
        done = optout("crawl", *options, cwd=tmp_path)
    assert done.returncode == 0 and "going on with the run" in done.stderr
    assert left_out(tmp_path / "c", "budget") == {"pages": PAGES + 1 - 31}


def test_a_run_closed_as_it_is_says_what_it_had_left(tmp_path: Path) -> None:
    with serving(chain) as base:
        process = subprocess.Popen(
            [sys.executable, "-m", "optout", "crawl", base, "--case", "c", "--delay", "0.05"],
            cwd=tmp_path,
            stderr=subprocess.DEVNULL,
        )
        _wait_for_lines(tmp_path, 12)
        process.send_signal(signal.SIGKILL)
        process.wait()
        options = ("--case", "c", "--new-run", "--max-pages", "1", *FAST)
        assert optout("crawl", base, *options, cwd=tmp_path).returncode == 0
    first = sorted((tmp_path / "c" / "observations").glob("run=*/summary.json"))[0]
    found = json.loads(first.read_text("utf-8"))
    (cut,) = [c for c in found["cut_short"] if (c["kind"], c["what"]) == ("interrupted", "pages")]
    assert cut["count"] == PAGES + 1 - found["rows"]["pages"]


def _wait_for_lines(place: Path, more: int) -> None:
    """Until the journal has grown by some lines."""
    before, end = _lines(place), time.monotonic() + 30
    while _lines(place) < before + more and time.monotonic() < end:
        time.sleep(0.01)


def _lines(place: Path) -> int:
    return sum(f.read_bytes().count(b"\n") for f in place.glob("c/observations/.run=*/journal.*"))


def test_a_crawl_that_saw_everything_is_not_called_partial(tmp_path: Path) -> None:
    with serving(chain) as base:
        done = optout("crawl", base, "--case", "c", *FAST, cwd=tmp_path)
    assert "partial" not in done.stderr and summary(tmp_path / "c")["cut_short"] == []
    assert optout("report", "--case", "c", cwd=tmp_path).returncode == 0
    text = (tmp_path / "c" / "report.html").read_text("utf-8")
    assert "artial" not in BeautifulSoup(text, "html.parser").get_text()
    assert "Every page that your sites link to and that may be read was asked for" in text


# --- since the crawl before ---


def test_the_report_says_what_changed_since_the_crawl_before(tmp_path: Path) -> None:
    pictures = ["1", "2", "3"]

    def changing(path: str, handler: BaseHTTPRequestHandler) -> Page | None:
        if path == "/":
            head = "" if "4" not in pictures else "<meta name=robots content=noai>"
            return html("".join(f"<img src='/i/{n}.jpg' alt='No. {n}'>" for n in pictures), head)
        if path.startswith("/i/"):
            return 200, JPEG, jpeg(len(pictures) if path == "/i/2.jpg" else 1)
        return 404, [], b""

    def report() -> BeautifulSoup:
        assert optout("report", "--case", "c", cwd=tmp_path).returncode == 0
        text = (tmp_path / "c" / "report.html").read_text("utf-8")
        return BeautifulSoup(text, "html.parser")

    with serving(changing) as base:
        crawl = ("crawl", base, "--case", "c", *FAST)
        optout(*crawl, cwd=tmp_path)
        assert report().select_one("#changes") is None, "nothing to compare with"
        optout(*crawl, cwd=tmp_path)
        same = report().select_one("#changes")
        assert same is not None and "Nothing changed" in same.get_text()
        pictures[:] = ["2", "3", "4", "5"]
        optout(*crawl, cwd=tmp_path)
    section = report().select_one("#changes")
    assert section is not None
    facts = {str(e["data-fact"]): int(str(e["data-value"])) for e in section.select("[data-fact]")}
    assert facts == {
        "images_new": 2,
        "images_gone": 1,
        "images_changed": 1,
        "signals_new": 1,
        "signals_gone": 0,
    }
    rows = [[td.get_text(strip=True) for td in tr.select("td")] for tr in section.select("tr")]
    assert ["new", "meta robots", f"{base}/", "noai"] in rows
    assert ["not seen again", "image", f"{base}/i/1.jpg", ""] in rows


def test_a_crawl_of_one_site_says_that_the_others_are_read_too(tmp_path: Path) -> None:
    with serving(chain) as first, serving(chain) as second:
        options = ("--case", "c", "--max-pages", "4", *FAST)
        optout("crawl", first, second, *options, cwd=tmp_path)
        done = optout("crawl", first, *options, cwd=tmp_path)
    (line,) = [line for line in done.stderr.splitlines() if "this reads all" in line]
    assert line == f"this reads all 2 sites of c/optout.toml, also {second}/"

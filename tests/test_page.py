"""The page without a browser: who is answered, what a form changes, what strangers' text does."""

from __future__ import annotations

import errno
import hashlib
import io
import json
import re
import sqlite3
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import lxml.html
import pytest
from PIL import Image
from starlette.testclient import TestClient

from optout.case import Case, load_case
from optout.decisions import decisions, known_hosts, licensed_hosts
from optout.web import job, words
from optout.web import serve as serving
from optout.web.app import make_app
from optout.web.findings import PER_PAGE
from optout.web.guard import HEADERS
from tests.harness import jpeg
from tests.page_window import HOME, OWN, PORT, Window, harmless
from tests.request_case import (
    RUNS,
    add_run,
    crawled,
    every_kind,
    image,
    make_case,
    match,
    matched,
)

PAGES = (
    "/who", "/where", "/check", "/results", "/results/list", "/results/groups?by=host",
    "/results/groups?by=folder", "/results/groups?by=work", "/told", "/letters",
    "/evidence", "/register", "/proof",
    "/compare/m-0000000000000001",
)  # fmt: skip

Open = Callable[..., "Window"]


@pytest.fixture
def case(tmp_path: Path) -> Case:
    made = make_case(tmp_path / "case")
    crawled(made)
    matched(made, every_kind())
    return made


@pytest.fixture
def window(case: Case) -> Iterator[Window]:
    opened = Window(case.folder)
    with opened.client:
        yield opened


# --- who is answered ---


def test_without_a_key_nothing_of_the_case_is_said(case: Case) -> None:
    stranger = Window(case.folder, enter=False)
    for path in ("/", *PAGES, "/letters/all.zip", "/told.zip", "/check/events", "/report"):
        answer = stranger.get(path)
        assert answer.status_code == 403, path
        assert "Mira" not in answer.text and str(case.folder) not in answer.text
        assert "optout serve" in answer.text, "what to do is said"


@pytest.mark.parametrize(
    "host",
    ["evil.example", f"evil.example:{PORT}", "127.0.0.1", "127.0.0.1:1", f"127.0.0.2:{PORT}",
     f"localhost.evil.example:{PORT}", f"[::1]:{PORT}", f"127.0.0.1:{PORT}.evil.example", ""],
)  # fmt: skip
def test_other_names_are_not_answered(window: Window, host: str) -> None:
    """A name that was made to point here (DNS rebinding) is still another name."""
    for path in ("/who", "/static/page.css", f"/start/{window.site.keys.new_start()}"):
        assert window.get(path, Host=host).status_code == 421


def test_localhost_is_a_name_of_this_computer(window: Window) -> None:
    assert window.get("/static/page.css", Host=f"localhost:{PORT}").status_code == 200


def test_a_start_address_works_once(case: Case) -> None:
    site = Window(case.folder, enter=False)
    address = f"/start/{site.site.keys.new_start()}"
    first = site.get(address)
    assert (first.status_code, first.headers["location"]) == (303, "/")
    cookie = first.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=strict" in cookie and "path=/" in cookie
    assert site.get(address).status_code == 303, "the same window may go back to it"
    other = TestClient(site.client.app, base_url=HOME, follow_redirects=False)
    assert other.get(address).status_code == 403
    assert other.get("/start/made-up").status_code == 403
    assert not other.cookies


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": HOME, "Sec-Fetch-Site": "cross-site"},
        {"Origin": HOME, "Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
    ],
)
def test_a_form_that_another_site_may_have_sent_changes_nothing(
    window: Window, case: Case, headers: dict[str, str]
) -> None:
    fields = {"csrf": window.csrf, "match": "m-0000000000000005", "verdict": "confirmed"}
    assert window.client.post("/decide", data=fields, headers=headers).status_code == 403
    assert decisions(case) == {}


@pytest.mark.parametrize("headers", [OWN, {"Origin": "null", "Sec-Fetch-Site": "same-origin"},
                                     {"Origin": HOME}])  # fmt: skip
def test_forms_of_the_page_itself_are_taken(
    window: Window, case: Case, headers: dict[str, str]
) -> None:
    """Chromium says "null" for a page without referrer; browsers of 2022 send no Sec-Fetch."""
    fields = {"csrf": window.csrf, "match": "m-0000000000000005", "verdict": "confirmed"}
    assert window.client.post("/decide", data=fields, headers=headers).status_code == 303
    assert list(decisions(case)) == ["m-0000000000000005"]


def test_nor_does_another_site_get_to_look(window: Window) -> None:
    assert window.get("/results", **{"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert window.get("/picture/mine/x", **{"Sec-Fetch-Site": "same-site"}).status_code == 403
    assert window.get("/results", Origin="https://evil.example").status_code == 403


@pytest.mark.parametrize("csrf", ["", "0" * 64, None, "é"])
def test_a_form_carries_what_only_its_window_knows(
    window: Window, case: Case, csrf: str | None
) -> None:
    fields = {"match": "m-0000000000000005", "verdict": "confirmed"}
    fields |= {} if csrf is None else {"csrf": csrf}
    assert window.client.post("/decide", data=fields, headers=OWN).status_code == 403
    other = Window(case.folder)
    stolen = window.client.post("/decide", data=fields | {"csrf": other.csrf}, headers=OWN)
    assert stolen.status_code == 403
    assert decisions(case) == {}


def test_other_methods_and_forms_too_large_are_refused(window: Window) -> None:
    assert window.client.request("DELETE", "/who", headers=OWN).status_code == 405
    assert window.client.request("TRACE", "/who", headers=OWN).status_code == 405
    assert window.post("/who", names="x" * 2**21).status_code == 413
    assert window.post("/who", **{f"f{n}": "1" for n in range(6000)}).status_code == 400
    assert window.get("/results/list?" + "a=1&" * 6000).status_code == 400


def test_a_second_start_gets_a_fresh_address_with_the_key_of_the_case(window: Window) -> None:
    again = window.site.keys.again
    given = {"Authorization": f"Bearer {again}"}
    assert window.client.post("/again", headers=given).text.startswith("/start/")
    for key in ("", "Bearer ", f"Bearer {again}x"):
        assert window.client.post("/again", headers={"Authorization": key}).status_code == 403
    foreign = given | {"Host": "evil.example"}
    assert window.client.post("/again", headers=foreign).status_code == 421


def test_every_answer_keeps_to_itself(window: Window) -> None:
    stranger = TestClient(window.client.app, base_url=HOME)
    answers = [window.get(p) for p in (*PAGES, "/nothing", "/static/page.js", "/static/nothing")]
    answers += [stranger.get("/who"), window.get("/who", Host="evil.example")]
    for answer in answers:
        for name, value in HEADERS:
            assert answer.headers.get_list(name) == [value], (answer.url, name)
    assert all("no-store" in window.get(path).headers["cache-control"] for path in PAGES)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_holds_no_script_style_or_foreign_address(window: Window, path: str) -> None:
    answer = window.get(path)
    assert answer.status_code == 200
    tree = lxml.html.fromstring(answer.text)
    assert not tree.xpath("//style | //@style | //script[not(@src)] | //iframe | //object")
    assert not [a for a in tree.xpath("//@*") if a.attrname.startswith("on")]
    for address in tree.xpath("//@href | //@src | //@action | //@*[starts-with(name(),'hx-')]"):
        if address.attrname.startswith("hx-") and address.attrname not in ("hx-get", "hx-post"):
            continue
        assert re.match(r"[/#](?!/)", address), address
    assert all(
        form.xpath(".//input[@name='csrf']") for form in tree.xpath("//form[@method='post']")
    )


@pytest.mark.parametrize(
    "path",
    ["/letters/file/..%2f..%2foptout.toml/x", "/letters/file/../optout.toml",
     "/letters/file/laion/..%2f..%2f..%2foptout.toml", "/letters/preview/%2e%2e",
     "/static/..%2fapp.py",
     "/static/%2e%2e/app.py", "/picture/mine/..%2f..%2foptout.toml", "/compare/%00"],
)  # fmt: skip
def test_a_path_leads_nowhere_else(window: Window, path: str) -> None:
    window.post("/letters")
    assert window.get(path).status_code in (404, 403)


# --- steps 1 and 2 ---


def test_a_case_is_made_and_changed_without_losing_its_comments(tmp_path: Path) -> None:
    window = Window(tmp_path / "new")
    assert window.get("/").headers["location"] == "/who"
    assert window.get("/where").headers["location"] == "/who"
    assert window.post("/who", names=" Mira Solberg \r\n\r\n", contact="studio").status_code == 303
    answer = window.post(
        "/where",
        sites="mira.example\r\nhttps://old.example/art",
        hosts="old.example from 2012-01-01 until 2019-12-31",
        account_platform="tumblr", account_name="mira", account_host="", account_id="",
    )  # fmt: skip
    assert (answer.status_code, answer.headers["location"]) == (303, "/check")
    case = load_case(tmp_path / "new")
    assert case.names == ("Mira Solberg",) and case.contact == "studio"
    assert case.sites == ("https://mira.example/", "https://old.example/art")
    assert [str(host.until) for host in case.hosts] == ["2019-12-31"]
    assert [(a.platform, a.name) for a in case.accounts] == [("tumblr", "mira")]
    text = (case.folder / "optout.toml").read_text("utf-8")
    assert "# names every record; keep it" in text and "# Hosts that are yours." in text
    assert window.get("/").headers["location"] == "/check"


@pytest.mark.parametrize(
    ("path", "fields", "said"),
    [
        ("/who", {"names": "  "}, "no name was given"),
        ("/where", {"sites": "ftp://mira.example"}, "not an address to crawl"),
        ("/where", {"sites": "https://mira.example", "datasets": "/nowhere.parquet"}, "nowhere"),
        ("/where", {"sites": "https://mira.example", "hosts": "a from yesterday"}, "not a host"),
        ("/where/add", {"path": "/nowhere", "count": "0"}, "neither a file nor a folder"),
        ("/where/add", {"path": "", "count": "0"}, "no folder or list"),
    ],
)
def test_what_cannot_be_is_said_beside_the_form_and_nothing_is_lost(
    window: Window, case: Case, path: str, fields: dict[str, str], said: str
) -> None:
    before = (case.folder / "optout.toml").read_bytes()
    answer = window.post(path, **fields)
    assert answer.status_code == 422 and said in answer.text
    tree = lxml.html.fromstring(answer.text)
    assert tree.xpath("//*[@role='alert']") and words.text("problem.helps") in answer.text
    for name, value in fields.items():  # what was typed is still there
        field = tree.xpath(f"//*[@name='{name}']")[0]
        assert value.strip() in (field.get("value") or field.text_content())
    assert (case.folder / "optout.toml").read_bytes() == before


def test_a_form_sent_twice_changes_the_file_once(window: Window, case: Case) -> None:
    fields = {"names": "Mira Solberg\r\nM. Solberg", "contact": "here"}
    window.post("/who", **fields)
    once = (case.folder / "optout.toml").read_bytes()
    assert window.post("/who", **fields).status_code == 303
    assert (case.folder / "optout.toml").read_bytes() == once


def test_pictures_added_twice_are_recorded_once(window: Window, case: Case, tmp_path: Path) -> None:
    listed = tmp_path / "mine.txt"
    listed.write_text("https://mira.example/a.jpg\nhttps://mira.example/b.jpg\n", "utf-8")
    before = len(case.runs())
    for _ in range(2):
        answer = window.post("/where/add", path=str(listed), count="0")
        assert answer.headers["location"] == "/where#pictures"
    assert len(case.runs()) == before + 1
    assert "mine.txt: 2 pictures" in window.get("/where").text


def test_two_windows_do_not_undo_each_other(window: Window, case: Case) -> None:
    shown = lxml.html.fromstring(window.get("/who").text)
    seen = shown.xpath("//input[@name='seen']/@value")[0]
    assert window.post("/who", names="First", seen=seen).status_code == 303
    late = window.post("/who", names="Second", seen=seen)
    assert late.status_code == 422 and "changed elsewhere" in late.text
    assert load_case(case.folder).names == ("First",)
    assert window.post("/who", names="First", seen=seen).status_code == 303, "the same said twice"


def test_a_toml_injection_stays_a_name(window: Window, case: Case) -> None:
    hostile = 'x"]\ndemo = true #\u2028'
    assert (
        window.post("/who", names=hostile.replace("\n", " "), contact='"""\n[x]').status_code == 303
    )
    assert load_case(case.folder).contact == '"""\n[x]'
    assert "demo" not in (case.folder / "optout.toml").read_text("utf-8").split("[artist]")[0]


# --- decisions ---


def test_a_word_said_twice_is_recorded_once(window: Window, case: Case) -> None:
    for _ in range(2):
        answer = window.post("/decide", match="m-0000000000000005", verdict="confirmed",
                             back="/results/list?page=2")  # fmt: skip
        assert (answer.status_code, answer.headers["location"]) == (303, "/results/list?page=2")
    window.post("/decide", host="agency.example", verdict="licensed")
    window.post("/decide", host="agency.example", verdict="licensed")
    window.post("/decide", host="board.example", verdict="known")
    rows = sqlite3.connect(case.decisions).execute("SELECT subject, verdict FROM decision")
    assert rows.fetchall() == [
        ("m-0000000000000005", "confirmed"),
        ("agency.example", "licensed"),
        ("board.example", "confirmed"),
    ]
    assert list(licensed_hosts(case)) == ["agency.example"]
    assert list(known_hosts(case)) == ["agency.example", "board.example"]


def test_all_of_a_choice_is_decided_at_once(window: Window, case: Case) -> None:
    window.post("/decide", all="1", pile="others", strength="same_image", verdict="rejected")
    assert sorted(decisions(case)) == [f"m-{n:016x}" for n in (3, 10, 11)]
    window.post("/decide", all="1", folder="https://board.example/", verdict="confirmed")
    assert decisions(case)["m-0000000000000006"].verdict == "confirmed"
    window.post("/decide", all="1", work="", verdict="confirmed")
    assert decisions(case)["m-0000000000000005"].verdict == "confirmed"
    assert len(decisions(case)) == 5


@pytest.mark.parametrize("back", ["https://evil.example", "//evil.example", "/\\evil.example",
                                  "/results\r\nX: y", "javascript:alert(1)"])  # fmt: skip
def test_the_way_back_leads_nowhere_else(window: Window, back: str) -> None:
    answer = window.post("/decide", match="m-0000000000000005", verdict="confirmed", back=back)
    assert answer.headers["location"] == "/results"


def test_a_word_on_nothing_is_told(window: Window, case: Case) -> None:
    unknown = window.post("/decide", match="m-<script>", verdict="confirmed")
    assert unknown.status_code == 409 and "m-&lt;script&gt;" in unknown.text
    odd = window.post("/decide", match="m-0000000000000005", verdict="deleted")
    assert odd.status_code == 409
    assert decisions(case) == {}


def test_a_decision_that_cannot_be_written_is_told_in_words(window: Window, case: Case) -> None:
    case.decisions.mkdir()
    answer = window.post("/decide", match="m-0000000000000005", verdict="confirmed")
    assert answer.status_code == 409 and words.text("problem.kept") in answer.text


# --- results ---


def test_counts_come_first_and_add_up(window: Window) -> None:
    tree = lxml.html.fromstring(window.get("/results").text)
    assert "12 rows of data sets are tied to you" in tree.text_content()
    sums = tree.xpath("//tbody/tr/td[last()]")
    assert sum(int(cell.text_content()) for cell in sums) == 12
    assert not tree.xpath("//img"), "no picture unasked"
    assert "3 wait for your word" in tree.text_content()


def test_a_long_list_comes_in_pages(window: Window, case: Case) -> None:
    matched(case, [match(n) for n in range(1, 2 * PER_PAGE + 8)])
    seen: list[str] = []
    for number in (1, 2, 3):
        tree = lxml.html.fromstring(window.get(f"/results/list?page={number}").text)
        seen += tree.xpath("//article/@id")
    assert seen == [f"m-{n:016x}" for n in range(1, 2 * PER_PAGE + 8)]
    for odd in ("4", "0", "-1", "x", "9" * 30, "²"):
        tree = lxml.html.fromstring(window.get(f"/results/list?page={odd}").text)
        assert tree.xpath("//article/@id")[0] == "m-0000000000000001"


def test_a_case_without_a_search_says_what_is_missing(tmp_path: Path) -> None:
    bare = make_case(tmp_path / "bare")
    window = Window(bare.folder)
    assert "No data set has been searched" in window.get("/results").text
    assert window.get("/told").status_code == 200
    assert window.get("/letters").status_code == 200
    refused = window.post("/letters")
    assert refused.status_code in (303, 409)


def test_nothing_found_says_what_was_searched_and_what_that_does_not_mean(
    window: Window, case: Case
) -> None:
    matched(case, [])
    file = {"file": "part-00007.parquet", "rows": 31_000_000}
    summary = {"datasets": [{"dataset": "relaion5b", "edition": "e", "files": [file]}]}
    (case.matches / "summary.json").write_text(json.dumps(summary), "utf-8")
    text = window.get("/results").text
    assert words.text("results.none_help") in text
    assert "part-00007.parquet" in text and "31,000,000 rows" in text


def test_a_damaged_file_is_told_and_the_other_pages_work(window: Window, case: Case) -> None:
    whole = (case.matches / "matches.parquet").read_bytes()
    (case.matches / "matches.parquet").write_bytes(whole[:-200] + b"\0" * 200)
    assert window.get("/results").status_code in (200, 409)
    assert window.get("/who").status_code == 200
    (case.folder / "optout.toml").write_text("= broken", "utf-8")
    answer = window.get("/who")
    assert answer.status_code == 409 and "not valid TOML" in answer.text


# --- pictures ---


def pixels_without_end() -> bytes:
    """A PNG whose head promises 60,000 × 60,000 pixels."""
    out = io.BytesIO()
    Image.new("1", (8, 8)).save(out, "PNG")
    content = bytearray(out.getvalue())
    content[16:24] = struct.pack(">II", 60_000, 60_000)
    content[29:33] = struct.pack(">I", zlib.crc32(content[12:29]))
    return bytes(content)


SVG = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"


@pytest.mark.parametrize(
    ("status", "body", "problem"),
    [
        (200, jpeg(7, 2000, 1000), ""),
        (200, SVG, "no picture that can be shown"),
        (200, b"<script>alert(1)</script>", "no picture that can be shown"),
        (200, jpeg(7)[:200], "no picture that can be shown"),
        (200, pixels_without_end(), "no picture that can be shown"),
        (404, jpeg(7), "status 404"),
    ],
)
def test_a_listed_picture_is_asked_for_on_request_and_shown_as_a_copy(
    tmp_path: Path, serve: Callable[[Any], str], status: int, body: bytes, problem: str
) -> None:
    asked: list[str] = []

    def answer(method: str, path: str, headers: dict[str, str]) -> Any:
        asked.append(path)
        return status, [("Content-Type", "image/jpeg")], body

    base = serve(answer)
    case = make_case(tmp_path / "case", sites=(f"{base}/",))
    matched(case, [match(1, url=f"{base}/fox.jpg")])
    window, one = Window(case.folder), "m-0000000000000001"
    for path in (f"/compare/{one}", "/results/list?pictures=1", f"/results/thumb/{one}"):
        assert window.get(path).status_code == 200
    assert window.get(f"/picture/theirs/{one}").status_code == 404
    assert asked == [], "nothing is asked unasked"
    assert window.post(f"/compare/{one}/fetch?pile=mine").headers["location"].endswith("pile=mine")
    assert asked == ["/fox.jpg"]
    text, shown = window.get(f"/compare/{one}").text, window.get(f"/picture/theirs/{one}")
    assert asked == ["/fox.jpg"], "once"
    if problem:
        assert problem in text and shown.status_code == 404
    else:
        assert shown.headers["content-type"] == "image/jpeg" and shown.content != body
        assert Image.open(io.BytesIO(shown.content)).size == (640, 320)


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:1/a.jpg", "http://169.254.169.254/latest", "file:///etc/passwd",
     "http://[::1]/a", "gopher://x/", ""],
)  # fmt: skip
def test_no_address_leads_into_the_own_network(window: Window, case: Case, url: str) -> None:
    matched(case, [match(1, url=url)])
    assert window.post("/compare/m-0000000000000001/fetch").status_code == 303
    assert "no picture came" in window.get("/compare/m-0000000000000001").text
    assert window.get("/picture/theirs/m-0000000000000001").status_code == 404


@pytest.mark.parametrize(
    "stored_as", ["images/fox", "../../optout.toml", "/etc/passwd", "images/no"]
)
def test_a_kept_picture_comes_from_its_run_alone(tmp_path: Path, stored_as: str) -> None:
    case = make_case(tmp_path / "case")
    kept = image("https://images.mira.example/fox.jpg", b"fox") | {"stored_as": stored_as}
    add_run(case, RUNS[0], images=[kept])
    place = case.observations / f"run={RUNS[0]}" / "images"
    place.mkdir()
    (place / "fox").write_bytes(jpeg(3))
    matched(case, [match(1)])
    answer = Window(case.folder).get("/picture/mine/m-0000000000000001")
    assert answer.status_code == (200 if stored_as == "images/fox" else 404)


# --- letters ---


def test_letters_are_written_read_and_saved(window: Window, case: Case) -> None:
    assert window.post("/letters").headers["location"] == "/letters"
    tree = lxml.html.fromstring(window.get("/letters").text)
    folders = tree.xpath("//input[@name='folder']/@value")
    assert "laion" in folders
    letter = window.get("/letters/preview/laion")
    assert letter.status_code == 200 and "Mira Solberg" in letter.text
    whole = window.get("/letters/all.zip")
    assert whole.content == window.get("/letters/all.zip").content, "the same bytes twice"
    names = zipfile.ZipFile(io.BytesIO(whole.content)).namelist()
    beside = {"README.txt", "manifest.json", "requests.xlsx"}
    assert names == sorted(names)
    assert {n.partition("/")[0] for n in names} == {*folders, *beside}
    chosen = window.get("/letters/all.zip?folder=laion&folder=../x").content
    names = zipfile.ZipFile(io.BytesIO(chosen)).namelist()
    assert {name.partition("/")[0] for name in names} == {"laion"}
    saved = window.get("/letters/file/laion/requests.csv")
    assert saved.headers["content-disposition"].startswith("attachment")
    before = {p: p.read_bytes() for p in case.requests.rglob("*") if p.is_file()}
    window.post("/letters")
    assert before == {p: p.read_bytes() for p in case.requests.rglob("*") if p.is_file()}


def test_the_zip_of_what_to_put_on_a_site_is_what_protect_writes(window: Window) -> None:
    content = window.get("/told.zip").content
    assert "README.txt" in zipfile.ZipFile(io.BytesIO(content)).namelist()
    assert content == window.get("/told.zip").content


# --- strangers' text ---

HOSTILE = (
    "<script>fetch('/decide')</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "' autofocus onfocus='alert(1)",
    "{{ 7*7 }}{% raw %}",
    "a\x00b\x1b[31m\r\nSet-Cookie: x=1",
    "\u202egnp.exe\u2066\u200b",
    "</textarea></title><script>1</script>",
    "javascript:alert(1)",
    "x" * 100_000,
    "\ud7ff\uffff🦊 ｆｕｌｌ",
)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_text_of_strangers_is_shown_and_does_nothing(window: Window, case: Case, text: str) -> None:
    short = text[:300]
    hostile = match(1, caption=text, dataset=short, edition=short, dataset_file=short,
                    license=text[:300], contradiction=text, page_url=f"https://a.example/{text}",
                    image_url=f"https://a.example/{text}", strength="lead")  # fmt: skip
    hostile |= {"url": f"https://b.example/{text}", "url_host": text[:200]}
    matched(case, [hostile])
    for path in (*PAGES, "/results/list?pile=mine&host=&folder=&work="):
        answer = window.get(path)
        assert answer.status_code == 200, path
        harmless(answer.text)
        assert len(answer.content) < (2_000_000 if "compare" in path else 200_000), path
    assert window.post("/decide", host=text[:200], verdict="known").status_code == 303
    harmless(window.get("/results").text)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_text_typed_into_a_form_comes_back_as_text(window: Window, text: str) -> None:
    short = text[:1000]
    for path, fields in (
        ("/who", {"names": "", "contact": short}),
        ("/where", {"sites": short, "hosts": short, "account_platform": short,
                    "account_name": short, "account_host": short, "account_id": short}),
        ("/where/add", {"path": short, "count": "0"}),
        ("/where/add", {"path": f"~{short}", "count": "0"}),
    ):  # fmt: skip
        answer = window.post(path, **fields)
        assert answer.status_code in (303, 422), (path, answer.text[:500])
        harmless(answer.text)
    for query in ("pile", "strength", "state", "host", "folder", "work", "by", "back", "page"):
        for path in ("/results/list", "/results/groups", "/compare/m-0000000000000001"):
            answer = window.client.get(path, params={query: short})
            assert answer.status_code == 200
            harmless(answer.text)


# --- the check ---


def test_a_check_that_was_killed_is_told_as_interrupted(window: Window, case: Case) -> None:
    (case.folder / job.FOLDER).mkdir()
    job.save(case.folder, job.State(pid=1, began="2026-11-21T10:00:00", step=1, steps=4))
    text = window.get("/check").text
    assert words.text("check.interrupted") in text and words.text("check.again") in text
    (case.folder / job.FOLDER / "job.json").write_text('{"pid": "x', "utf-8")
    assert window.get("/check").status_code == 200


def test_an_old_page_starts_no_second_check(window: Window, case: Case) -> None:
    (case.folder / job.FOLDER).mkdir()
    done = job.State(pid=1, began="2026-11-21T10:00:00", outcome=job.DONE)
    job.save(case.folder, done)
    assert window.post("/check/start", shown="").headers["location"] == "/check"
    assert job.read(case.folder) == done
    assert window.post("/check/start", shown=done.began, delay="soon").status_code == 409
    assert window.post("/check/stop").headers["location"] == "/check"


def test_a_check_that_cannot_be_begun_is_told(window: Window, case: Case) -> None:
    (case.folder / job.FOLDER).write_text("a file in its place", "utf-8")
    answer = window.post("/check/start", shown="")
    assert answer.status_code == 409 and "nothing can be written" in answer.text


def test_a_folder_that_cannot_be_written_is_said_on_every_page(case: Case) -> None:
    window = Window(case.folder)
    site = replace(window.site, writable=False)
    window.client = TestClient(make_app(site), base_url=HOME, follow_redirects=False)
    window.client.get(f"/start/{site.keys.new_start()}")
    for path in PAGES:
        assert words.text("page.read_only") in window.get(path).text


def test_a_read_only_folder_is_served_for_looking(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "mkdir", refuse)
        with serving._alone(tmp_path / "case") as alone:
            assert alone is None
    with serving._alone(tmp_path / "case") as first, serving._alone(tmp_path / "case") as second:
        assert (first, second) == (True, False)


# --- the catalogue of texts ---

TEMPLATES = Path(words.__file__).parent / "templates"


def keys_used() -> Iterator[str]:
    """Keys in templates and code; one that is put together ends with what its pieces share."""
    for file in [*TEMPLATES.glob("*.j2"), *TEMPLATES.parent.rglob("*.py")]:
        text = file.read_text("utf-8")
        yield from re.findall(
            r"""(?:\bt|words\.text|\btext)\(\s*f?["']([\w.{}]+)["'](?:\s*~)?""", text
        )


def test_every_text_is_in_the_catalogue_and_every_entry_is_used() -> None:
    known = set(words.catalogue())
    plain = {key.removesuffix(".one").removesuffix(".other") for key in known}
    source = "\n".join(
        f.read_text("utf-8") for f in [*TEMPLATES.glob("*.j2"), *TEMPLATES.parent.rglob("*.py")]
    )
    for key in keys_used():
        whole = key.partition("{")[0]
        assert whole in plain or any(k.startswith(whole) for k in plain), key
    for key in plain:
        group = key.rpartition(".")[0]
        named = key in source or f'"{group}.' in source or f"'{group}.'" in source
        start = next((k for k in keys_used() if k and key.startswith(k.partition("{")[0])), "")
        assert named or start, f"{key} is used nowhere"


def test_what_is_shipped_is_what_the_notice_names() -> None:
    static = TEMPLATES.parent / "static"
    notice = (static / "NOTICE").read_text("utf-8")
    content = (static / "htmx.min.js").read_bytes()
    assert hashlib.sha256(content).hexdigest() in notice and "0BSD" in notice
    version = re.search(rb'version:"([\d.]+)"', content)
    assert version and f"htmx {version[1].decode()} " in notice


def test_templates_turn_escaping_off_nowhere() -> None:
    for file in TEMPLATES.glob("*.j2"):
        text = file.read_text("utf-8")
        assert "|safe" not in text.replace(" ", "") and "autoescape" not in text, file.name

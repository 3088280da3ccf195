"""Letters on the page: languages, kinds, destinations, and statements that only the user makes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import lxml.html
import pytest

from optout.case import Case
from optout.decisions import confirm
from optout.requests.declared import declarations
from optout.web import letter_sets
from tests.page_window import Window, harmless
from tests.request_case import crawled, every_kind, make_case, match, matched

DSA, NOTICE = "host:dsa_notice", "host_dsa_notice-repost.example"


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


def written(case: Case) -> dict[str, letter_sets.Written]:
    return {one.folder: one for one in letter_sets.letters(case)}


def ticked(html: str, name: str) -> list[str]:
    tree = lxml.html.fromstring(html)
    chosen = f"//input[@name='{name}'][@checked or @type='hidden']/@value"
    return [*tree.xpath(chosen), *tree.xpath(f"//select[@name='{name}']/option[@selected]/@value")]


@pytest.mark.parametrize(
    ("code", "word"), [("en", "Request for removal"), ("de", "Bitte"), ("fr", "demande")]
)
def test_letters_come_in_the_language_chosen(
    window: Window, case: Case, code: str, word: str
) -> None:
    assert window.post("/letters", language=code).status_code == 303
    assert written(case)["laion"].language == code
    assert word in window.get("/letters/preview/laion").text
    assert ticked(window.get("/letters").text, "language") == [code], "it stays chosen"


def test_what_does_not_exist_is_told_beside_the_form(window: Window, case: Case) -> None:
    for fields in ({"language": "<script>"}, {"to": "nobody"}, {"to": "laion:dmca_takedown"},
                   {"shows": "some", "shown": "m-none"}):  # fmt: skip
        answer = window.post("/letters", **fields)
        assert answer.status_code == 409 and 'role="alert"' in answer.text
        harmless(answer.text)
    assert written(case) == {}


def test_the_data_protection_letter_holds_the_pictures_that_show_the_sender(
    window: Window, case: Case
) -> None:
    window.post("/letters")
    assert "laion-gdpr" not in written(case)
    window.post("/letters", shows="some", shown=["m-0000000000000001"])
    assert written(case)["laion-gdpr"].rows == 1
    html = window.get("/letters").text
    assert ticked(html, "shown") == ["m-0000000000000001"] and ticked(html, "shows") == ["some"]
    window.post("/letters", shows="all")
    assert written(case)["laion-gdpr"].rows > 1
    named = window.get("/letters?shows_me=m-0000000000000002").text
    assert "m-0000000000000002" in ticked(named, "shown")


def test_a_notice_is_a_draft_until_every_statement_is_ticked(window: Window, case: Case) -> None:
    confirm(case, ["m-0000000000000003"])
    window.post("/letters", to=[DSA, "openai:tdm_reservation_notice"])
    assert written(case)[NOTICE].draft and "openai" in written(case)
    assert "This is not a letter yet" in window.get(f"/letters/preview/{NOTICE}").text
    page = window.get(f"/letters/statement/{NOTICE}").text
    harmless(page)
    assert "https://repost.example/copies/fox copy.jpg" in page
    covers = ticked(page, "covers")[0]
    for stated in ([], ["1"], ["1", "1"]):
        answer = window.post(f"/letters/statement/{NOTICE}", covers=covers, stated=stated)
        assert answer.status_code == 409 and "not every statement is ticked" in answer.text
    assert declarations(case) == {}
    window.post(f"/letters/statement/{NOTICE}", covers=covers, stated=["1", "2"])
    window.post(f"/letters/statement/{NOTICE}", covers=covers, stated=["1", "2"])
    now = written(case)[NOTICE]
    assert not now.draft and "letter.txt" in now.files and "openai" in written(case)
    said = declarations(case)[NOTICE]
    assert said.statements == "not_authorised dsa_good_faith" and said.declared_at


def test_a_statement_covers_the_entries_that_were_shown(window: Window, case: Case) -> None:
    confirm(case, ["m-0000000000000003"])
    window.post("/letters", to=DSA)
    covers = ticked(window.get(f"/letters/statement/{NOTICE}").text, "covers")[0]
    more = match(33, strength="same_image", evidence=["file_hash"], place="elsewhere",
                 url="https://repost.example/another.jpg")  # fmt: skip
    matched(case, [*every_kind(), more])
    confirm(case, ["m-0000000000000021"])
    answer = window.post(f"/letters/statement/{NOTICE}", covers=covers, stated=["1", "2"])
    assert answer.status_code == 409 and "have changed" in answer.text
    assert declarations(case) == {} and "another.jpg" in answer.text, "the new one is shown"


def test_other_letters_need_no_statement(window: Window) -> None:
    window.post("/letters")
    answer = window.get("/letters/statement/laion")
    assert answer.status_code == 200 and "needs no statement" in answer.text
    assert window.get("/letters/statement/..%2fx").status_code == 404
    assert window.get("/letters/statement/none").status_code == 404


def test_what_a_notice_needs_of_its_sender_is_asked_for(window: Window, case: Case) -> None:
    confirm(case, ["m-0000000000000003"])
    window.post("/letters", to="host:dmca_takedown")
    assert "a telephone number, a postal address" in " ".join(window.get("/letters").text.split())
    seen = ticked(window.get("/who").text, "seen")[0]
    fields = {"names": "Mira Solberg", "contact": "studio@mira.example", "phone": "+47 1",
              "address": "Box 12, Oslo", "email": "studio@mira.example", "seen": seen}  # fmt: skip
    assert window.post("/who", **fields).status_code == 303
    assert "a telephone number" not in window.get("/letters").text


def test_a_folder_without_a_readable_manifest_is_left_out(window: Window, case: Case) -> None:
    window.post("/letters")
    day = letter_sets.latest_day(case)
    assert day
    (day / "laion" / "manifest.json").write_text("{", "utf-8")
    odd = json.loads((day / "common-crawl" / "manifest.json").read_text("utf-8"))
    (day / "common-crawl" / "manifest.json").write_text(json.dumps(odd | {"kind": "x"}), "utf-8")
    assert window.get("/letters").status_code == 200
    assert window.get("/letters/statement/common-crawl").status_code == 200

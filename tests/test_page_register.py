"""The register on the page: entered by letter or by entry, kept, exported; hostile texts."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from optout.case import Case
from optout.register import Standing, standings
from optout.requests import write_requests
from tests.page_window import Window, harmless
from tests.request_case import crawled, every_kind, make_case, match, matched

LAION, ROWS = "2026-11-20/laion", 8  # rows of every_kind() that may be asked of LAION
HOSTILE = ("<script>window.hacked=1</script>", "=HYPERLINK(\"//evil.example\")", "+1;=1\r\n-2",
           "\u202egpj.exe\u2066", "a\x00b\x1b[2J", "' autofocus onfocus='x", "\ufffe\ud7ff🦊",
           "x" * 30_000)  # fmt: skip


@pytest.fixture
def case(tmp_path: Path) -> Case:
    made = make_case(tmp_path / "case")
    crawled(made)
    matched(made, every_kind())
    write_requests(made)
    return made


@pytest.fixture
def window(case: Case) -> Iterator[Window]:
    opened = Window(case.folder)
    with opened.client:
        yield opened


def at(key: str, **more: object) -> str:
    return f"/register/letter?{urlencode({'key': key} | more)}"


def of_laion(case: Case) -> list[Standing]:
    return [one for one in standings(case) if one.request.destination_id == "laion"]


def test_a_letter_goes_its_way(window: Window, case: Case) -> None:
    assert standings(case) == [], "looking enters nothing"
    assert f"Drafted: {ROWS} entries" in window.get("/register").text
    for status, more in (
        ("approved", {}),
        ("sent", {"on": "2026-11-20"}),
        ("acknowledged", {"on": "2026-11-21"}),
        ("refused", {"on": "2026-11-21", "text": "they name the research exception"}),
        ("escalated", {"due": "2027-01-31", "text": "asked the authority"}),
    ):
        answer = window.post("/register/letter", key=LAION, status=status, **more)
        assert answer.headers["location"] == at(LAION), answer.text
    found = of_laion(case)
    assert len(found) == ROWS and {one.status for one in found} == {"escalated"}
    assert {one.due_on for one in found} == {"2027-01-31"}
    assert (case.folder / "sent" / LAION / "letter.txt").is_file(), "what was sent is kept"
    text = window.get(at(LAION)).text
    for said in ("Taken further", "they name the research exception", "2027-01-31", "Refused"):
        assert said in text
    listed = window.get("/register").text
    assert listed.index("LAION e.V.") < listed.index("Common Crawl"), "what is due comes first"


def test_only_the_entries_that_are_ticked(window: Window, case: Case) -> None:
    window.post("/register/letter", key=LAION, status="approved")
    first, *_ = of_laion(case)
    one = first.request.request_id
    window.post("/register/letter", key=LAION, status="sent", which="some", request=one)
    window.post("/register/letter", key=LAION, which="some", request=one, text="by registered mail")
    by_id = {each.request.request_id: each for each in of_laion(case)}
    assert by_id.pop(one).status == "sent" and {e.status for e in by_id.values()} == {"approved"}
    text = window.get(at(LAION)).text
    assert "by registered mail" in text and "Approved" in text and "Sent" in text


def test_a_form_sent_twice_is_entered_once(window: Window, case: Case) -> None:
    for _ in range(2):
        window.post("/register/letter", key=LAION, status="sent", on="2026-11-20")
    for _ in range(2):
        window.post("/register/letter", key=LAION, text="a note")
    assert {len(one.entries) for one in of_laion(case)} == {2}
    fields = {"to": "Pin board", "kind": "courtesy_removal", "about": "https://board.example/1"}
    where = window.post("/register/add", **fields).headers["location"]
    window.post("/register/letter", key=where.partition("=")[2], status="sent")
    assert window.post("/register/add", **fields).headers["location"] == where
    own = next(one for one in standings(case) if one.request.destination_id == "own")
    assert own.status == "sent", "entering it again changes nothing"
    assert "Pin board" in window.get(where).text


@pytest.mark.parametrize(
    ("fields", "words"),
    [({"status": "refused", "text": " "}, "write the reason they gave"),
     ({"status": "answered"}, "enter first that it was sent"),
     ({"status": "sent", "on": "2999-01-01"}, "has not come yet"),
     ({"status": "sent", "on": "soon"}, "the day cannot be read"),
     ({"status": "sent", "due": "31.1."}, "the day cannot be read"),
     ({"status": "stolen"}, "no word on a match"), ({}, "nothing to enter")],
)  # fmt: skip
def test_what_cannot_be_is_said_beside_the_form(
    window: Window, case: Case, fields: dict[str, str], words: str
) -> None:
    answer = window.post("/register/letter", key=LAION, **fields)
    assert answer.status_code == 409 and words in answer.text
    assert standings(case) == []


def test_nobody_to_ask_is_told(window: Window, case: Case) -> None:
    answer = window.post("/register/add", to=" ", kind="courtesy_removal", about="x")
    assert answer.status_code == 409 and "fill in both fields" in answer.text
    assert window.post("/register/add", to="a", kind="x", about="x").status_code == 409
    for key in ("", "none", "../laion", "2026-11-20/../laion", "<script>"):
        assert window.get(at(key)).status_code == 404
        assert window.post("/register/letter", key=key, status="sent").status_code == 404
    assert standings(case) == []


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_notes_and_reasons_are_text(window: Window, case: Case, text: str) -> None:
    window.post("/register/letter", key=LAION, status="sent", on="2026-11-20")
    window.post("/register/letter", key=LAION, status="refused", text=text)
    window.post("/register/letter", key=LAION, text=text + " noted")
    added = window.post("/register/add", to=text, kind="dsa_notice", about=text, text=text)
    assert added.status_code == 303
    for path in ("/register", at(LAION), added.headers["location"]):
        answer = window.get(path)
        assert answer.status_code == 200
        harmless(answer.text)
    table = window.get("/register/register.csv").content.decode("utf-8-sig")
    for row in csv.reader(io.StringIO(table, newline="")):
        assert not any(cell.lstrip().startswith(tuple("=+-@\t\r")) for cell in row), row
        assert not any("\x00" in cell for cell in row)
    lines = window.get("/register/register.jsonl").text.splitlines()
    assert all(json.loads(line)["request_id"].startswith("r-") for line in lines)
    assert len(lines) == ROWS + 1


def test_what_was_sent_stays_when_lists_are_written_anew(window: Window, case: Case) -> None:
    window.post("/register/letter", key=LAION, status="sent", on="2026-11-20")
    matched(case, [*every_kind(), match(40, dataset_row=40)])
    window.post("/letters")
    text = window.get("/register").text
    assert f"Sent: {ROWS} entries" in text and "Drafted: 1 entry" in text


def test_a_long_letter_comes_in_pages(window: Window, case: Case) -> None:
    matched(case, [match(n) for n in range(1, 121)])
    window.post("/letters")
    text = window.get(at(LAION, page=3)).text
    assert "Page 3 of 3" in text and text.count('name="request"') == 20
    window.post("/register/letter", key=LAION, status="sent", page="3")
    assert len(of_laion(case)) == 120

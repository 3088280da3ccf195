"""Lists: every cap of the table is obeyed, nothing is lost or twice, and no cell is active."""

from __future__ import annotations

import csv
import io
import re
import subprocess
import unicodedata
import zipfile
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from bs4 import BeautifulSoup
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.render.browser import chromium
from optout.case import Case
from optout.requests import workbook as workbook_module
from optout.requests import write_requests
from optout.requests.annex import repository
from optout.requests.batches import batches, lists
from optout.requests.formats import CSV_COLUMNS, requests_csv
from optout.requests.forms import _HOLDS
from optout.requests.own import _FORM_HOLDS
from optout.requests.plain import plain_url
from optout.requests.recipients import (
    CHANNELS,
    CONFIDENCE,
    EFFECTS,
    FILES,
    LISTS,
    PROFILE,
    ROLES,
    Recipient,
    kinds,
    recipients,
    table,
)  # fmt: skip
from optout.requests.workbook import workbook
from tests.request_case import crawled, every_kind, make_case, match, matched
from tests.test_requests import HOSTILE, files

NOW = datetime(2026, 11, 20, 8, 30, tzinfo=UTC)
EDITIONS = ("relaion2B-en-research-safe", "relaion2B-multi-research-safe", "laion400m", "", None)

ROWS = st.lists(
    st.builds(
        lambda host, path, edition, number: match(number, url=f"{host}/{path}", edition=edition),
        st.sampled_from(
            ["https://a.example", "http://a.example", "https://b.example:8080", "ftp://x"]
        ),
        st.integers(0, 30),
        st.sampled_from(EDITIONS),
        st.integers(0, 5),
    ),
    max_size=120,
)


# ------------------------------------------------------------------------------------ splitting


@settings(max_examples=60)
@given(
    rows=ROWS,
    cap=st.none() | st.integers(1, 20),
    one_host=st.booleans(),
    one_repository=st.booleans(),
)
def test_every_cap_is_obeyed_and_nothing_is_lost_or_twice(
    rows: list[dict[str, Any]], cap: int | None, one_host: bool, one_repository: bool
) -> None:
    recipient = replace(
        recipients()["hugging-face"],
        batch_cap=cap,
        one_host_per_batch=one_host,
        one_repository_per_batch=one_repository,
    )
    made = batches(recipient, rows)

    for batch in made:
        assert 0 < len(batch.urls) <= (cap or len(rows))
        assert list(batch.urls) == sorted(set(batch.urls))
        assert {plain_url(row["url"]) for row in batch.rows} == set(batch.urls)
        if one_host:
            assert {url.split("/")[2] for url in batch.urls} == {batch.host}
        if one_repository:
            assert {repository(row["edition"]) for row in batch.rows} == {batch.repository}
    listed = [row for row in rows if plain_url(row["url"])]
    assert Counter(id(row) for batch in made for row in batch.rows) == Counter(map(id, listed))
    if not one_repository:
        urls = [url for batch in made for url in batch.urls]
        assert len(urls) == len(set(urls))


CAPPED = [r for r in recipients().values() if r.batch_cap or r.one_host_per_batch]


@pytest.mark.parametrize("recipient", CAPPED, ids=lambda r: r.id)
def test_the_lists_of_the_table_obey_its_caps(recipient: Recipient) -> None:
    most = recipient.batch_cap or 250
    rows = [match(n, url=f"https://{h}.example/{n}.jpg") for h in "ab" for n in range(most + 50)]
    files = lists(recipient, [*rows, *rows], ())
    contents = [c.decode().splitlines() for name, c in files.items() if name.startswith("urls")]

    assert sorted(line for lines in contents for line in lines) == sorted(
        plain_url(row["url"]) or "" for row in rows
    )
    for lines in contents:
        assert len(lines) == len(set(lines)) <= most
        if recipient.one_host_per_batch:
            assert len({line.split("/")[2] for line in lines}) == 1


def test_cloudflare_takes_250_of_one_host() -> None:
    rows = [match(n, url=f"https://{host}.example/{n}.jpg") for host in "ba" for n in range(300)]
    made = lists(recipients()["cloudflare"], rows, ())

    assert list(made) == ["urls.001.txt", "urls.002.txt", "urls.003.txt", "urls.004.txt"]
    assert [content.count(b"\n") for content in made.values()] == [250, 50, 250, 50]
    assert list(lists(recipients()["laion"], rows, ())) == ["urls.txt"]
    assert lists(recipients()["laion"], [match(1, url="nothing")], ()) == {}


def test_a_locator_names_repository_edition_file_and_row() -> None:
    rows = [match(7), match(8, edition="laion400m", dataset_file="part\t1\n.parquet")]
    made = lists(recipients()["hugging-face"], rows, ())
    assert made["locators.002.txt"] == (
        b"laion/relaion2B-en-research-safe\trelaion2B-en-research-safe\tpart-00007.parquet\t7\n"
    )
    assert made["locators.001.txt"] == b"\tlaion400m\tpart 1 .parquet\t8\n"


# ------------------------------------------------------------------------------------- workbook


def record(**values: Any) -> dict[str, Any]:
    return dict.fromkeys(CSV_COLUMNS) | values


def read(raw: bytes) -> Any:
    return openpyxl.load_workbook(io.BytesIO(raw))


def test_a_sheet_per_destination_with_a_frozen_header() -> None:
    rows = [record(match_url="https://a.example/x.jpg", dataset_row=7, http_status=200)]
    book = read(workbook([("laion", rows), ("host-a.example", [])], NOW))

    assert book.sheetnames == ["laion", "host-a.example"]
    sheet = book["laion"]
    assert sheet.freeze_panes == "A2"
    assert tuple(cell.value for cell in sheet[1]) == CSV_COLUMNS
    by_name = dict(zip(CSV_COLUMNS, sheet[2], strict=True))
    assert by_name["match_url"].value == "https://a.example/x.jpg"
    assert by_name["match_url"].hyperlink is None
    assert by_name["dataset_row"].value == 7
    assert by_name["caption"].value is None
    assert book.properties.created == NOW.replace(tzinfo=None)


@settings(max_examples=50)
@given(
    st.lists(
        st.text(max_size=30) | st.sampled_from([*HOSTILE, "_x003D_1+1"]), min_size=1, max_size=12
    )
)
def test_no_text_in_a_workbook_is_a_formula_or_a_link(texts: list[str]) -> None:
    raw = workbook(
        [("laion", [record(request_id="r-1", caption=text, notes=text) for text in texts])], NOW
    )
    sheet = read(raw)["laion"]

    assert sheet.max_row == len(texts) + 1
    for row in sheet.iter_rows(min_row=2):
        for one in row:
            assert one.data_type in ("s", "n")
            assert one.hyperlink is None
            if isinstance(one.value, str):
                assert not re.match(r"\s*[=+\-@＝＋－＠]", one.value)
                assert not [c for c in one.value if unicodedata.category(c) in ("Cc", "Cs")]
                assert not re.search("[\u202a-\u202e\u2066-\u2069]", one.value)
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        names = set(archive.namelist())
        assert not [n for n in names if "external" in n or "hyperlink" in n or n.endswith(".bin")]
        xml = archive.read("xl/worksheets/sheet1.xml")
        assert b"<f>" not in xml
        assert b"<hyperlink" not in xml
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 31, 0, 0, 0)}


@settings(max_examples=60)
@given(
    st.lists(
        st.text(min_size=1, max_size=60) | st.sampled_from(["host-" + "a" * 90, "History"]),
        max_size=6,
    )
)
def test_any_name_gives_a_sheet_of_its_own(titles: list[str]) -> None:
    book = read(workbook([(title, []) for title in titles] or [("x", [])], NOW))
    assert len(book.sheetnames) == max(len(titles), 1)
    assert len({name.casefold() for name in book.sheetnames}) == len(book.sheetnames)
    assert all(0 < len(name) <= 31 for name in book.sheetnames)


def test_more_rows_than_a_sheet_holds_go_on_in_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook_module, "ROWS", 11)
    rows = [record(dataset_row=n) for n in range(25)]
    book = read(workbook([("laion", rows)], NOW))

    assert book.sheetnames == ["laion", "laion 2", "laion 3"]
    column = CSV_COLUMNS.index("dataset_row")
    values = [row[column] for s in book for row in s.iter_rows(min_row=2, values_only=True)]
    assert values == list(range(25))


def test_two_workbooks_are_identical_and_carry_the_case_s_time(tmp_path: Path) -> None:
    case = make_case(tmp_path / "case")
    crawled(case)
    matched(case, every_kind())
    folder = write_requests(case).folder
    first = files(folder)
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    folder.rmdir()
    assert files(write_requests(case).folder) == first
    book = read(first["requests.xlsx"])
    assert book.sheetnames[:2] == ["laion", "common-crawl"]
    assert book.properties.created.isoformat() == "2026-11-20T08:30:00"


# ------------------------------------------------------------------------------------- two CSVs


@given(st.text(max_size=80))
def test_no_separator_brings_a_formula_to_life(text: str) -> None:
    """Whichever of the two separators a program takes, no cell of either file is a formula."""
    for written in ",;":
        raw = requests_csv([record(caption=text)], written).decode("utf-8-sig")
        for taken in ",;":
            for line in csv.reader(io.StringIO(raw, newline=""), delimiter=taken):
                for one in line:
                    # What a quoted cell holds in its middle is that cell's text.
                    assert not re.match(r"\s*[=+\-@＝＋－＠]", one), (written, taken, one)


# ----------------------------------------------------------------------------------- injections


@pytest.fixture
def hostile(tmp_path: Path) -> Case:
    """Everything that a stranger controls, as bad as it gets."""
    probe = '"><img src=x onerror=document.title="owned"><script>document.title="owned"</script>'
    texts = [*HOSTILE, probe, "\u202eevil", "a\0b", "javascript:alert(1)"]
    case = make_case(tmp_path / "case", names=(probe,), contact=probe + "\r\nBcc: x@evil.example")
    rows = [
        match(n, caption=text, dataset_file=text or "f", sample_id=text, place="elsewhere",
              strength="same_image", evidence=["file_hash"], page_url=text, image_url=text,
              url=f"https://h{n}.example/{text[:200]}")
        for n, text in enumerate(texts)
    ]  # fmt: skip
    hosts = [
        "../../etc",
        "..",
        "%2e%2e%2f",
        "con",
        "a/../../b",
        "x" * 300,
        "a\0b",
        "bücher.example",
    ]
    rows += [
        match(
            100 + n,
            url=f"https://{host}/x.jpg",
            strength="same_image",
            evidence=["file_hash"],
            place="elsewhere",
        )
        for n, host in enumerate(hosts)
    ]
    matched(case, rows)
    return case


def test_no_probe_leaves_its_folder_or_adds_a_header(hostile: Case) -> None:
    folder = write_requests(hostile, shows_me=True).folder
    for path in folder.rglob("*"):
        assert re.fullmatch(r"[A-Za-z0-9._-]{1,150}", path.name)
        assert path.resolve().is_relative_to(folder.resolve())
    for mail in folder.glob("*/mail.eml"):
        head = mail.read_bytes().split(b"\r\n\r\n")[0].lower()
        assert not re.search(rb"(?m)^(bcc|cc|reply-to):", head)
    for manifest in folder.rglob("manifest.json"):
        assert manifest.read_bytes().isascii()


def test_no_probe_is_markup(hostile: Case) -> None:
    for page in write_requests(hostile).folder.glob("*/letter.html"):
        soup = BeautifulSoup(page.read_text("utf-8"), "html.parser")
        assert not soup.find_all(["script", "img", "a", "link", "iframe", "svg", "object"])
        assert not [tag for tag in soup.find_all(True) if any(k[:2] == "on" for k in tag.attrs)]


@pytest.mark.chromium
def test_no_probe_runs_in_a_browser(hostile: Case, tmp_path: Path) -> None:
    browser = chromium()
    if browser is None:
        pytest.skip("no Chromium on this machine")
    page = write_requests(hostile).folder / "laion" / "letter.html"
    done = subprocess.run(
        [browser, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom",
         f"--user-data-dir={tmp_path / 'profile'}", page.as_uri()],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    soup = BeautifulSoup(done.stdout.decode("utf-8", "replace"), "html.parser")
    assert soup.title is not None
    assert "owned" not in soup.title.get_text()
    assert not soup.find_all(["script", "img"])


# ---------------------------------------------------------------------------------------- table


def test_a_kind_that_is_about_copies_never_goes_to_a_data_set_of_links() -> None:
    for recipient in recipients().values():
        if recipient.datasets:
            assert not [k for k in recipient.kinds if kinds()[k].copies], recipient.id
    copies = {kind.id for kind in kinds().values() if kind.copies}
    assert copies == {kind.id for kind in kinds().values() if kind.declares}
    assert copies == {kind.id for kind in kinds().values() if kind.confirm}


@pytest.mark.parametrize("recipient", recipients().values(), ids=lambda r: r.id)
def test_every_recipient_is_complete(recipient: Recipient) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9-]*", recipient.id)
    assert recipient.role in ROLES
    assert recipient.channel in CHANNELS
    assert recipient.files in FILES
    assert recipient.effect in EFFECTS
    assert recipient.effect_source
    assert recipient.effect_note
    assert recipient.source.startswith("https://")
    assert recipient.confidence in CONFIDENCE
    assert not recipient.address or re.match(r"https://|[\w.]+@", recipient.address)
    assert set(recipient.lists) <= set(LISTS)
    assert set(recipient.needs) <= set(PROFILE)
    assert set(recipient.kinds) <= kinds().keys()
    assert {field.holds for field in recipient.form} <= _HOLDS.keys()
    assert bool(recipient.publishes_note) == recipient.publishes_sender
    assert recipient.needs_oath == any(kinds()[kind].declares for kind in recipient.kinds) or (
        recipient.place == "elsewhere"
    )


def test_the_places_of_a_form_are_those_that_can_be_filled() -> None:
    assert set(_FORM_HOLDS) == set(_HOLDS)


def test_the_table_names_no_destination_twice() -> None:
    raw = Path(write_requests.__code__.co_filename).with_name("recipients.toml").read_bytes()
    names = re.findall(rb"(?m)^\[([a-z0-9-]+)\]$", raw)
    assert len(names) == len(set(names)) == len(table("recipients"))

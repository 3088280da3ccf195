"""Requests: what may enter, where it goes, that letters ask, and that no cell bites."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import re
import shutil
import unicodedata
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st

from optout.case import Case, load_case
from optout.cli import main
from optout.decisions import confirm, licensed_host, reject
from optout.errors import CaseError, RequestError
from optout.requests import RequestSummary, write_requests
from optout.requests.formats import CSV_COLUMNS, requests_csv
from optout.requests.hosts import own_domains, own_hosts
from optout.requests.plain import cell, clean, plain_url
from tests.request_case import CDN, add_run, crawled, every_kind, make_case, match, matched

GOLDEN = Path(__file__).parent / "golden" / "requests" / "set"
DAY = "2026-11-20"

# No letter may allege, threaten or say what became of a picture.
FORBIDDEN = re.compile(
    r"violat|illegal|unlawful|damages|stolen|steal|theft|infring|train(ed|ing)? on|"
    r"used (for|in|to) train|cease|desist|lawsuit|legal action|court|penalt|must|immediately|"
    r"without permission|without consent|deadline|within \d+|lawyer|attorney|OLG|Hamburg",
    re.IGNORECASE,
)
SAFE = "This is a request, not an allegation of infringement."

HOSTILE = [
    '=HYPERLINK("http://evil.example","click")',
    "+1+1",
    "-2+3",
    "@SUM(1)",
    "\t=1",
    "\r=1",
    "   =1+1",
    "＝1+1",
    "a;=cmd|' /C calc'!A0",
    '<script>alert(1)</script><img src="http://evil.example/x.gif">',
    "{{ 7 * 7 }}{% raw %}",
    "nul\x00 esc\x1b[2J bell\x07",
    "\u202egnp.exe\u202c",
    "line\r\nTo: somebody else\r\n\r\nanother letter",
    "x" * 100_000,
    "",
]


@pytest.fixture
def case(tmp_path: Path) -> Case:
    made = make_case(tmp_path / "case")
    crawled(made)
    matched(made, every_kind())
    return made


def rows(summary: RequestSummary, folder: str) -> list[dict[str, Any]]:
    """The records of a folder's requests.jsonl, without the first line."""
    lines = (summary.folder / folder / "requests.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines[1:]]


def numbers(summary: RequestSummary, folder: str) -> set[int]:
    """Numbers of the matches in a folder."""
    return {int(row["match_id"].removeprefix("m-"), 16) for row in rows(summary, folder)}


def folders(summary: RequestSummary) -> set[str]:
    return {path.name for path in summary.folder.iterdir() if path.is_dir()}


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


# ------------------------------------------------------------------------------- what enters


def test_only_what_is_certain_enters_by_itself(case: Case) -> None:
    summary = write_requests(case)

    assert numbers(summary, "laion") == {1, 2, 3, 4, 9, 10, 11, 12}
    assert numbers(summary, "hugging-face") == numbers(summary, "laion")
    assert summary.waiting == {"similar_image": 1, "lead": 1, "caption_only": 1}
    assert summary.no_destination == (("coyo700m", 1),)


def test_a_host_of_a_repost_is_never_ones_own_or_used_or_shared_by_address_alone(
    case: Case,
) -> None:
    summary = write_requests(case)

    # 10 is on a shared host where the crawl found the artist's own images; 12 is the same
    # address on a host of somebody else: no repost is shown by that.
    hosts = {name for name in folders(summary) if name.startswith("host-")}
    assert hosts == {"host-repost.example", "host-proxy.example", "host-agency.example"}


def test_a_shared_host_can_be_the_host_of_a_repost_but_is_no_domain(case: Case) -> None:
    row = match(20, strength="same_image", place="elsewhere", url="https://i.pinimg.com/a/b.jpg")
    matched(case, [row])
    summary = write_requests(case)

    assert "host-i.pinimg.com" in folders(summary)
    assert (summary.folder / "laion" / "domains.txt").read_bytes() == b"mira.example\n"


@pytest.mark.parametrize("number", [5, 6, 7])
def test_a_weak_match_enters_when_confirmed(case: Case, number: int) -> None:
    confirm(case, [f"m-{number:016x}"])
    summary = write_requests(case)

    assert number in numbers(summary, "laion")
    row = next(r for r in rows(summary, "laion") if r["match_id"] == f"m-{number:016x}")
    assert "confirmed by the sender" in row["notes"]


def test_a_rejected_match_enters_nowhere_even_if_confirmed_before(case: Case) -> None:
    everything = [row["match_id"] for row in every_kind()]
    confirm(case, everything)
    reject(case, everything)
    summary = write_requests(case)

    assert folders(summary) == {"common-crawl"}
    assert summary.rejected == len(everything)
    assert {left[0] for left in summary.left_out} == {
        "laion", "laion-gdpr", "hugging-face", "host",
    }  # fmt: skip


def test_a_licensed_host_gets_no_letter(case: Case) -> None:
    licensed_host(case, "agency.example")
    summary = write_requests(case)

    assert "host-agency.example" not in folders(summary)
    licence = {row["host"]: row["licensed_use"] for row in rows(summary, "laion")}
    assert licence["agency.example"] == "yes"
    assert licence["repost.example"] == "unknown"


def test_the_gdpr_letter_needs_the_users_word_and_is_apart(case: Case) -> None:
    assert "laion-gdpr" not in folders(write_requests(case))

    summary = write_requests(case, shows_me=True)
    assert {row["kind"] for row in rows(summary, "laion-gdpr")} == {"gdpr_erasure"}
    assert {row["personal_data"] for row in rows(summary, "laion-gdpr")} == {"yes"}
    assert {row["kind"] for row in rows(summary, "laion")} == {"courtesy_removal"}
    assert "GDPR" not in (summary.folder / "laion" / "letter.txt").read_text("utf-8")
    gdpr = (summary.folder / "laion-gdpr" / "letter.txt").read_text("utf-8")
    assert "within one month (Article 12(3))" in gdpr


def test_request_ids_come_from_content(case: Case) -> None:
    first = {r["match_id"]: r["request_id"] for r in rows(write_requests(case), "laion")}
    matched(case, every_kind()[:3])
    second = {r["match_id"]: r["request_id"] for r in rows(write_requests(case), "laion")}

    assert second.items() <= first.items()
    assert len(set(first.values())) == len(first)
    assert all(re.fullmatch(r"r-[0-9a-f]{16}", i) for i in first.values())


# ------------------------------------------------------------------------------- own domains


@pytest.mark.parametrize(
    ("sites", "hosts", "listed"),
    [
        (["https://www.mira.example/"], [], ["mira.example"]),
        (["https://mira.example/"], ["img.mira.example"], ["mira.example"]),
        ([], ["img.gallery.example"], ["img.gallery.example"]),  # not the domain above it
        (["https://mira.tumblr.com/"], [], ["mira.tumblr.com"]),
        (["https://mira.github.io/"], [], ["mira.github.io"]),
        (["https://www.behance.net/mira"], [], []),
        (["https://people.uni.example/~mira/"], [], []),
        ([], ["cdn.shopify.com/s/files/1/0190/8574", "res.cloudinary.com", "github.io"], []),
        ([], ["*.mira.example"], []),  # names below it, not it
        ([], ["*.tumblr.com", "64.media.tumblr.com", "*.co.uk"], []),
        (["http://127.0.0.1:8631/", "http://localhost/", "http://[::1]/", "http://nas.local/"],
         [], []),
        (["https://Bücher.example"], [], ["xn--bcher-kva.example"]),
        ([], ["evil.example\nmira.example", "", "a b", "-"], ["evil.examplemira.example"]),
    ],
)  # fmt: skip
def test_domains_are_wholly_the_artists(
    tmp_path: Path, sites: list[str], hosts: list[str], listed: list[str]
) -> None:
    case = make_case(tmp_path, sites=tuple(sites), hosts=tuple(hosts))

    domains = own_domains(case, date(2026, 11, 20))
    if "" not in hosts:
        assert list(domains.listed) == listed
        assert bool(domains.left_out) == (not listed)
    assert not any(c in d for d in domains.listed for c in "\n/ ")


def test_a_host_counts_only_in_its_time(tmp_path: Path) -> None:
    case = make_case(tmp_path, sites=(), hosts=())
    text = (tmp_path / "optout.toml").read_text("utf-8")
    text = text.replace("hosts = []", 'hosts = [{ host = "old.example", until = 2019-12-31 }]')
    (tmp_path / "optout.toml").write_text(text, "utf-8")
    case = load_case(tmp_path)
    assert own_domains(case, date(2019, 6, 1)).listed == ("old.example",)
    assert own_domains(case, date(2026, 1, 1)).listed == ()
    assert not own_hosts(case, date(2026, 1, 1)).own("old.example")


# ----------------------------------------------------------------------------------- letters


@pytest.fixture
def all_letters(case: Case) -> dict[str, str]:
    """Every letter that can be written, as text and as the text of the page."""
    confirm(case, [row["match_id"] for row in every_kind()])
    summary = write_requests(case, shows_me=True)
    made = {}
    for folder in sorted(p for p in summary.folder.iterdir() if p.is_dir()):
        made[f"{folder.name}.txt"] = (folder / "letter.txt").read_text("utf-8")
        page = (folder / "letter.html").read_text("utf-8")
        made[f"{folder.name}.html"] = BeautifulSoup(page, "html.parser").get_text(" ")
    return made


def test_no_letter_accuses_or_threatens(all_letters: dict[str, str]) -> None:
    assert len(all_letters) >= 2 * 6
    for name, text in all_letters.items():
        words = " ".join(text.split()).replace(SAFE, "")
        assert not FORBIDDEN.search(words), name


def test_each_letter_asks_lists_dates_and_names_the_sender(all_letters: dict[str, str]) -> None:
    for name, text in all_letters.items():
        words = " ".join(text.split())
        assert re.search(r"\bI (ask|request|object)", words), name
        assert "Annex" in words
        assert DAY in words
        assert "Mira Solberg" in words
        assert "studio@mira.example" in words
        said = "first recorded 2026-10-02, last verified 2026-11-20" in words
        assert said == (not name.startswith("laion-gdpr"))  # a reservation is another kind's ground
    assert (
        "edition relaion2B-en-research-safe (relaion5b), file part-00007.parquet, row 1"
        in (all_letters["laion.txt"])
    )


def test_what_to_expect_is_beside_the_letter_not_in_it(case: Case) -> None:
    summary = write_requests(case, shows_me=True)

    for place in summary.written:
        readme = (place.folder / "README.txt").read_text("utf-8")
        letter = (place.folder / "letter.txt").read_text("utf-8")
        assert f"What to expect: {place.effect}\n" in readme
        assert place.effect_source in readme
        assert place.effect not in letter
        assert ("careful: " in readme) == bool(place.publishes)
        assert ("please check" in readme) == (place.confidence == "please check")


def test_without_a_contact_a_placeholder_is_seen(tmp_path: Path) -> None:
    case = make_case(tmp_path, contact="", names=())
    matched(case, [match(1)])
    summary = write_requests(case)

    letter = (summary.folder / "laion" / "letter.txt").read_text("utf-8")
    assert letter.startswith("[your name]\n[your public contact]\n")
    assert "fill in what stands in [brackets]" in (
        summary.folder / "laion" / "README.txt"
    ).read_text("utf-8")


def test_a_reservation_is_called_machine_readable_only_where_one_was_seen(tmp_path: Path) -> None:
    case = make_case(tmp_path)
    hop = {
        "subject": "image", "url": f"{CDN}/a.jpg", "hop": 0, "hop_url": f"{CDN}/a.jpg",
        "headers": [{"name": "X-Robots-Tag", "value": "max-snippet: 20"},
                    {"name": "tdm-reservation", "value": "0"}],
    }  # fmt: skip
    add_run(case, "2026-11-20T080000Z", hops=[hop])
    letter = (write_requests(case).folder / "common-crawl" / "letter.txt").read_text("utf-8")

    assert "I reserve the use of my works" in letter
    assert "machine-readable" not in letter
    assert "Signals found" not in letter


def test_signals_of_an_earlier_run_are_not_found_today(case: Case) -> None:
    add_run(case, "2026-11-21T080000Z")
    summary = write_requests(case)

    letter = (summary.folder / "laion" / "letter.txt").read_text("utf-8")
    assert "Signals found" not in letter
    assert rows(summary, "laion")[0]["signal_last_seen"] == "2026-11-20T08:00:00Z"


# ----------------------------------------------------------------------------------- formats


def test_hostile_captions_bite_nowhere(tmp_path: Path) -> None:
    case = make_case(tmp_path, names=("=cmd|'/C calc'!A0",), contact="<b>Mira</b>")
    matched(case, [match(n, caption=caption) for n, caption in enumerate(HOSTILE)])
    folder = write_requests(case).folder / "laion"

    raw = (folder / "requests.csv").read_bytes()
    table = list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig"), newline="")))
    assert [row["dataset_row"] for row in table] == [str(n) for n in range(len(HOSTILE))]
    for row in table:
        for value in row.values():
            assert not re.match(r"\s*[=+\-@＝＋－＠]", value)
            assert not [c for c in value if unicodedata.category(c) in ("Cc", "Cs")]
            assert not re.search("[\u202a-\u202e\u2066-\u2069]", value)
            assert len(value) < 32_767
    lines = (folder / "requests.jsonl").read_text("ascii").splitlines()[1:]
    assert [json.loads(line)["caption"] for line in lines] == HOSTILE  # nothing is lost

    letter = (folder / "letter.txt").read_text("utf-8")
    assert not re.search(r"^To: somebody else", letter, re.MULTILINE)
    assert "(100000 characters)" in letter
    page = (folder / "letter.html").read_text("utf-8")
    soup = BeautifulSoup(page, "html.parser")
    assert not soup.find_all(["script", "img", "a", "link", "b", "iframe"])
    assert "{{ 7 * 7 }}" in soup.get_text()
    for text in (letter, page):
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]", text)


def test_a_letter_is_one_file_that_loads_nothing(case: Case) -> None:
    page = (write_requests(case).folder / "laion" / "letter.html").read_text("utf-8")

    assert "default-src 'none'; style-src 'unsafe-inline'" in page
    assert "size: A4" in page
    soup = BeautifulSoup(page, "html.parser")
    assert not [tag for tag in soup.find_all(True) if {"src", "href", "style"} & tag.attrs.keys()]
    assert not re.search(r"url\(|@import", str(soup.style))


def test_the_csv_is_rfc_4180_with_a_bom(case: Case) -> None:
    raw = (write_requests(case).folder / "laion" / "requests.csv").read_bytes()

    assert raw.startswith(b"\xef\xbb\xbfrequest_id,destination_id,kind,")
    assert raw.endswith(b"\r\n")
    assert raw.count(b"\n") == raw.count(b"\r\n") == 9
    header = raw.decode("utf-8-sig").splitlines()[0]
    assert tuple(header.split(",")) == CSV_COLUMNS


@given(st.text())
def test_no_text_becomes_a_formula_or_breaks_its_record(text: str) -> None:
    row = dict.fromkeys(CSV_COLUMNS, text)
    read = list(csv.reader(io.StringIO(requests_csv([row]).decode("utf-8-sig"), newline="")))

    assert len(read) == 2
    assert set(read[1]) == {str(cell(text)).encode("utf-8", "replace").decode()}
    assert not re.match(r"[\s\0]*[=+\-@＝＋－＠]", read[1][0])
    assert "\n" not in clean(text)


@given(st.text() | st.builds("http://{}/{}".format, st.text(min_size=1), st.text()))
def test_a_line_of_urls_is_always_one_address(text: str) -> None:
    url = plain_url(text)
    if url is None:
        return
    assert re.fullmatch(r"https?://[a-z0-9_.\[\]:-]+/[!-~]*", url), url
    assert not re.search(r'[<>"\s]', url)
    assert plain_url(url) == url


def test_urls_are_sorted_unique_and_without_bom(case: Case) -> None:
    hostile = ["javascript:alert(1)", "ftp://a.example/x", "data:image/png;base64,AA", "UNLIKELY"]
    more = [match(30 + n, url=url) for n, url in enumerate(hostile)]
    matched(case, every_kind() + more)
    lines = (write_requests(case).folder / "laion" / "urls.txt").read_bytes()

    assert not lines.startswith(b"\xef\xbb\xbf")
    assert b"\r" not in lines
    urls = lines.decode("ascii").splitlines()
    assert urls == sorted(set(urls))
    assert "http://images.mira.example/fox.jpg?a=1&b=2" in urls
    assert "https://repost.example/copies/fox%20copy.jpg" in urls
    assert all(url.startswith(("http://", "https://")) for url in urls)


def test_folder_names_cannot_leave_the_folder(case: Case) -> None:
    urls = ["https://..%2f..%2fetc/x.jpg", "https://[::1]/x.jpg", "https://" + "a." * 120 + "b/x"]
    matched(case, [match(n, strength="same_image", place="elsewhere", url=url)
                   for n, url in enumerate(urls)])  # fmt: skip
    summary = write_requests(case)

    hosts = {name for name in folders(summary) if name.startswith("host-")}
    assert len(hosts) == 2
    assert all(re.fullmatch(r"[a-z0-9.-]{1,120}", name) for name in hosts)


def test_jsonl_is_typed_and_names_its_version(case: Case) -> None:
    lines = (write_requests(case).folder / "laion" / "requests.jsonl").read_text().splitlines()
    head, first = json.loads(lines[0]), json.loads(lines[1])

    assert (head["schema"], head["version"], head["rows"]) == ("optout-requests", 1, 8)
    assert set(CSV_COLUMNS) <= first.keys()
    assert isinstance(first["dataset_row"], int)
    assert isinstance(first["http_status"], int)
    assert isinstance(first["evidence"], list)


# ----------------------------------------------------------------------- writing and repeating


def test_the_manifest_names_every_file(case: Case) -> None:
    for folder in sorted(p for p in write_requests(case).folder.iterdir() if p.is_dir()):
        manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
        listed = {e["name"]: (e["size"], e["sha256"]) for e in manifest["files"]}
        present = {
            name: (len(content), hashlib.sha256(content).hexdigest())
            for name, content in files(folder).items()
            if name != "manifest.json"
        }
        assert listed == present
        assert manifest["rows"] == len(rows_of_csv(folder))


def rows_of_csv(folder: Path) -> list[dict[str, str]]:
    text = (folder / "requests.csv").read_text("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_two_runs_give_identical_bytes(case: Case) -> None:
    first = write_requests(case)
    before = files(first.folder)
    times = {p: p.stat().st_mtime_ns for p in first.folder.rglob("*")}
    second = write_requests(case)

    assert first.changed
    assert not second.changed
    assert files(second.folder) == before
    assert {p: p.stat().st_mtime_ns for p in second.folder.rglob("*")} == times
    shutil.rmtree(first.folder)
    assert files(write_requests(case).folder) == before


def test_a_changed_set_replaces_its_date_and_no_other(case: Case) -> None:
    first = write_requests(case)
    earlier = case.requests / "2026-01-01"
    shutil.copytree(first.folder, earlier)
    before = files(earlier)
    matched(case, every_kind()[:1])
    second = write_requests(case)

    assert second.changed
    assert second.kept is None
    assert folders(second) == {"laion", "hugging-face", "common-crawl"}
    assert files(earlier) == before
    assert sorted(p.name for p in case.requests.iterdir()) == ["2026-01-01", DAY]


def test_a_set_edited_by_hand_is_kept(case: Case) -> None:
    letter = write_requests(case).folder / "laion" / "letter.txt"
    letter.write_text("my own words", "utf-8")
    summary = write_requests(case)

    assert summary.kept == case.requests / f"edited-{DAY}"
    assert (summary.kept / "laion" / "letter.txt").read_text("utf-8") == "my own words"
    assert "Dear LAION team" in letter.read_text("utf-8")
    (summary.folder / "notes.txt").write_text("sent on Monday", "utf-8")
    assert write_requests(case).kept == case.requests / f"edited-{DAY}-2"


def test_a_full_disk_leaves_the_last_set(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    before = files(write_requests(case).folder)
    matched(case, every_kind()[:1])
    write = Path.write_bytes

    def full(self: Path, data: bytes) -> int:
        if self.name == "letter.txt":
            raise OSError(28, "No space left on device", str(self))
        return write(self, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    assert main(["requests", "--case", str(case.folder)]) == 1
    assert files(case.requests / DAY) == before
    assert [p.name for p in case.requests.iterdir()] == [DAY]


# --------------------------------------------------------------------------------- bad input


def test_without_matches_and_domains_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    case = make_case(tmp_path, sites=("http://127.0.0.1:8631/",), hosts=())

    with pytest.raises(RequestError, match="nothing to ask for yet"):
        write_requests(case)
    assert main(["requests", "--case", str(tmp_path)]) == 1
    assert "hint: optout match --dataset SPEC" in capsys.readouterr().err
    assert not case.requests.exists()


def test_without_matches_the_domains_are_written(tmp_path: Path) -> None:
    case = make_case(tmp_path)
    summary = write_requests(case)

    assert folders(summary) == {"common-crawl"}
    folder = summary.folder / "common-crawl"
    assert (folder / "domains.txt").read_bytes() == b"mira.example\n"
    assert not (folder / "urls.txt").exists()
    assert {why for _, _, why in summary.left_out} == {
        "no data set has been searched",
        "only when a picture or its address shows you: optout requests --shows-me",
    }


def test_matches_without_a_row_say_what_was_searched(tmp_path: Path) -> None:
    case = make_case(tmp_path, sites=(), hosts=())
    matched(case, [])
    summary_json = {"files": 3, "rows": 12000,
                    "datasets": [{"dataset": "relaion5b", "edition": "x"}]}  # fmt: skip
    (case.matches / "summary.json").write_text(json.dumps(summary_json), "utf-8")
    summary = write_requests(case)

    assert summary.written == ()
    assert not summary.folder.exists()
    reasons = {name: why for name, _, why in summary.left_out}
    assert "3 files with 12,000 rows of relaion5b x" in reasons["laion"]
    assert reasons["common-crawl"] == "no site or host of yours is named in optout.toml"


@pytest.mark.parametrize("keep", [0, 10, 3000])
def test_damaged_matches_are_one_sentence(case: Case, keep: int) -> None:
    path = case.matches / "matches.parquet"
    path.write_bytes(path.read_bytes()[:keep])

    with pytest.raises(CaseError):
        write_requests(case)


def test_matches_of_another_shape_are_one_sentence(case: Case) -> None:
    shutil.copy(case.matches / "works.parquet", case.matches / "matches.parquet")

    with pytest.raises(CaseError, match="cannot be read"):
        write_requests(case)


# ----------------------------------------------------------------------------------- commands


def test_the_command_prints_label_source_and_folder(
    case: Case, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["requests", "--case", str(case.folder), "--exit-code"]) == 3
    out, err = capsys.readouterr()
    laion = next(line for line in out.splitlines() if line.startswith("LAION e.V.:"))
    assert "8 rows · no known effect (https://laion.ai/faq" in laion
    assert laion.endswith(str(case.requests / DAY / "laion"))
    assert "waiting for your word: 1 similar image, 1 lead, 1 caption only" in err
    assert "optout confirm" in err
    assert "no destination known for 1 row of coyo700m (is" in err
    assert f"wrote {case.requests / DAY}" in err
    assert main(["requests", "--case", str(case.folder), "--exit-code"]) == 0


def test_json_is_one_object_per_line(case: Case, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["requests", "--case", str(case.folder), "--json"]) == 0
    objects = [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    assert objects[0]["destination_id"] == "laion"
    assert {"name", "kind", "host", "unit", "rows", "effect", "effect_source", "confidence",
            "checked", "publishes", "folder"} <= objects[0].keys()  # fmt: skip
    assert objects[-1] == {
        "destination_id": "laion-gdpr",
        "name": "LAION e.V. (data protection)",
        "rows": 0,
        "why": "only when a picture or its address shows you: optout requests --shows-me",
    }


# --------------------------------------------------------------------------------- golden files


def test_the_whole_set_is_as_agreed(case: Case) -> None:
    """Set OPTOUT_UPDATE_GOLDEN=1 to rewrite the files after a change that is meant."""
    confirm(case, [f"m-{5:016x}"])
    licensed_host(case, "agency.example")
    matched(case, [*every_kind(), match(13, caption='=HYPERLINK("http://evil.example") <b>&amp;')])
    made = files(write_requests(case, shows_me=True).folder)
    # A workbook is the library's bytes; what is in it is read in test_requests_lists.py.
    made = {name: content for name, content in made.items() if not name.endswith(".xlsx")}
    made["manifest.json"] = re.sub(rb'"(size|sha256)": [^,\n]+', b'"-": 0', made["manifest.json"])
    if os.environ.get("OPTOUT_UPDATE_GOLDEN") == "1":
        assert not os.environ.get("CI"), "golden files are not rewritten in CI"
        shutil.rmtree(GOLDEN, ignore_errors=True)
        for name, content in made.items():
            (GOLDEN / name).parent.mkdir(parents=True, exist_ok=True)
            (GOLDEN / name).write_bytes(content)
    assert made == files(GOLDEN)

"""The report page: its numbers, its words, its safety, and how Chromium shows it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest
from bs4 import BeautifulSoup, Tag
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from optout.case import Case, DeclaredHost
from optout.cli import main
from optout.decisions import confirm, reject
from optout.report import write_report
from optout.report.gather import gather
from optout.report.render import cut, render, visible
from optout.report.thumbnails import thumbnail
from tests.conftest import Respond
from tests.report_case import (
    CDN,
    SITE,
    TIME,
    hop,
    image,
    make_case,
    match,
    page,
    reason,
    reference,
    robots,
    work,
    write_matches,
    write_run,
)

GOLDEN = Path(__file__).parent / "golden" / "report" / "report.html"
FOX, OWL, HARE = f"{CDN}/fox-1.jpg", f"{CDN}/owl.jpg", f"{CDN}/hare.jpg"
HOSTILE = (
    '=HYPERLINK("http://evil.example")<script>alert(1)</script><img src=x onerror=alert(1)>'
    "{{ 7 * 7 }}\x00\x1b[2J\u202efdp.exe\u2066 " + "A" * 100_000
)


@pytest.fixture
def case(tmp_path: Path) -> Case:
    """Two pages read, three images, four matches of four strengths, one hostile caption."""
    case = make_case(tmp_path / "case")
    scanned(case)
    matched(case)
    asked(case)
    return case


def scanned(case: Case) -> None:
    forbidden = "robots.txt line 4: Disallow: /private/"
    calendar = [f"{SITE}/events/2031/05/"]
    write_run(
        case,
        {
            "pages": [
                page("/"),
                page("/about", depth=1),
                page("/gone", status=404),
                page(
                    "/private",
                    outcome="robots_disallowed",
                    status=None,
                    reason=forbidden,
                    robots_rule="4: Disallow: /private/",
                ),
            ],
            "metas": [
                {"page_url": f"{SITE}/about", "name": "robots", "content": "noai, noimageai"},
                {"page_url": f"{SITE}/", "name": "robots", "content": "max-snippet:20"},
            ],
            "image_refs": [
                reference("/", FOX),
                reference("/about", OWL),
                reference(
                    "/about",
                    HARE,
                    1,
                    absolute=False,
                    in_laion_shape=False,
                    not_in_shape_because="the address is relative",
                ),
                reference("/about", f"{CDN}/icon.png", 2, furniture=True),
            ],
            "images": [image(FOX), image(OWL), image(HARE, status=404, sha256=None)],
            "hops": [hop(FOX), hop(OWL, [("X-Robots-Tag", "noai")]), hop(HARE, status=404)],
            "site_files": [
                robots(SITE, b"User-agent: GPTBot\nDisallow: /\n\nUser-agent: *\nAllow: /\n"),
                robots(CDN, b"", 404),
            ],
        },
        started_at="2026-11-21T10:00:00+00:00",
        cut_short=[
            {
                "kind": "trap",
                "what": "pages",
                "reason": "a page pattern without new images",
                "count": 12,
                "examples": calendar,
            }
        ],
        overrides=["mira.example"],
    )


def matched(case: Case) -> None:
    other_bytes = "the address now serves other bytes: md5 aa in the row, bb on 2026-11-21"
    elsewhere = {"place": "elsewhere", "url_host": "reposts.example"}
    nothing = {"image_url": None, "page_url": None, "work_id": None}
    write_matches(
        case,
        matches=[
            match(1, "same_address", ["url_exact", "alt_or_title"], contradiction=other_bytes),
            match(2, "lead", ["declared_host"], caption=HOSTILE, **nothing),
            match(3, "caption_only", ["alt_or_title"], **elsewhere),
            match(4, "same_image", ["file_hash"], md5="b" * 32, nsfw="UNLIKELY", **elsewhere),
        ],
        evidence=[
            reason(1, "url_exact", "same_address", FOX),
            reason(1, "alt_or_title", "caption_only", "Fox in the snow, gouache", weight=0.25),
            reason(2, "declared_host", "lead", "cdn.mira.example", image_url=None),
            reason(3, "alt_or_title", "caption_only", "Fox in the snow, gouache", weight=0.25),
            reason(4, "file_hash", "same_image", "md5 " + "b" * 32),
        ],
        works=[work(1, FOX, "Fox in the snow"), work(2, OWL, "Owl"), work(3, HARE, "Hare")],
        not_listed=[
            not_listed(OWL, True),
            not_listed(HARE, False, not_in_shape_because="the address is not written in full"),
        ],
    )
    (case.matches / "summary.json").write_text(json.dumps(SUMMARY), "utf-8")


SUMMARY = {
    "datasets": [
        {
            "dataset": "relaion2B-en-research-safe",
            "edition": "2024-08",
            "files": [
                {"file": "part-00000.parquet", "rows": 5000, "skipped": 1, "null_urls": 2},
                {"file": "part-00001.parquet", "rows": 4000, "skipped": 0, "null_urls": 0},
            ],
            "skipped_examples": [{"file": "part-00000.parquet", "row": 4758, "value": "UNLIKELY"}],
        }
    ],
    "images": 3,
    "works": 3,
    "too_common": [{"text": "Untitled", "rows": 31, "what": "text"}],
    "not_searched": [
        {"host": "cdn.shopify.com", "advice": "write your own part, as cdn.shopify.com/s/files/…"}
    ],
}


def not_listed(url: str, in_shape: bool, **more: object) -> dict[str, object]:
    return {"image_url": url, "work_id": "w-0", "in_laion_shape": in_shape, **more}


def asked(case: Case) -> None:
    folder = case.requests / "2026-11-21" / "laion"
    folder.mkdir(parents=True)
    manifest = {"name": "LAION e.V.", "rows": 2, "effect": "no known effect"}
    (folder / "manifest.json").write_text(json.dumps(manifest), "utf-8")


def soup(case: Case, **options: bool) -> BeautifulSoup:
    return BeautifulSoup(write_report(case, **options).read_text("utf-8"), "html.parser")


def facts(page: BeautifulSoup) -> dict[str, int]:
    found = [(tag["data-fact"], int(tag["data-value"])) for tag in page.select("[data-fact]")]
    assert len(dict(found)) == len(found), "a fact stands once in the page"
    return dict(found)


def steps(page: BeautifulSoup) -> list[str]:
    return [tag["data-step"] for tag in page.select("[data-step]")]


def words(tag: Tag) -> str:
    return " ".join(tag.get_text().split())


def test_every_headline_number_is_the_planted_one(case: Case) -> None:
    assert facts(soup(case)) == {
        "pages_fetched": 2,
        "pages_not_fetched": 2 + 12,
        "images_found": 4,
        "images_fetched": 2,
        "images_furniture": 1,
        "images_in_shape": 2,
        "images_not_in_shape": 1,
        "datasets_searched": 1,
        "files_searched": 2,
        "rows_searched": 9000,
        "rows_skipped": 1,
        "rows_without_url": 2,
        "matches_same_address": 1,
        "matches_same_image": 1,
        "matches_lead": 1,
        "matches_caption_only": 1,
        "matches_waiting": 2,
        "contradictions": 1,
        "images_searched": 3,
        "images_not_listed": 2,
        "images_not_listed_outside": 1,
        "request_destinations": 1,
        **verdict_facts("img2dataset", 1, 1, 1),
        **verdict_facts("CCBot", 3, 0, 0),
        **verdict_facts("GPTBot", 3, 0, 0),
        **verdict_facts("Google-Extended", 3, 0, 0),
        **verdict_facts("ClaudeBot", 3, 0, 0),
    }


def verdict_facts(reader: str, allowed: int, disallowed: int, unknown: int) -> dict[str, int]:
    counts = {"allowed": allowed, "disallowed": disallowed, "unknown": unknown}
    return {f"images_{value}_{reader}": count for value, count in counts.items()}


def test_the_names_of_the_facts_are_documented(case: Case) -> None:
    import optout.report

    for name in facts(soup(case)):
        stem = re.sub(r"^(images_(?:allowed|disallowed|unknown)|matches)_.*", r"\1", name)
        assert stem in (optout.report.__doc__ or ""), name


def test_a_match_names_its_row_and_says_why(case: Case) -> None:
    card = soup(case).select_one("#m-0000000000000001")
    text = words(card)
    for part in (
        "Listed in relaion2B-en-research-safe, edition 2024-08, file part-00000.parquet, row 1",
        FOX,
        "Fox in the snow, gouache",
        "weight 0.25",
        "pixels 800 × 600",
        "similarity 0.314",
        "Look first: the address now serves other bytes: md5 aa in the row",
    ):
        assert part in text, part
    assert [li.get_text().split(":")[1].strip() for li in card.select("li")] == [
        "https",
        "Fox in the snow, gouache (weight 0.25)",
    ], "strongest evidence first"


def test_the_row_is_shown_with_its_own_fields(case: Case) -> None:
    text = words(soup(case).select_one("#m-0000000000000004"))
    assert "nsfw UNLIKELY" in text
    assert "b" * 32 in text


def test_what_was_cut_short_and_overridden_is_said(case: Case) -> None:
    text = words(soup(case).select_one("#searched"))
    assert "This crawl is partial" in text
    (row,) = [
        r for r in soup(case).select("#searched tbody tr") if "a page pattern" in r.get_text()
    ]
    assert [words(td) for td in row.select("td")] == [
        "pages",
        "part of something endless, like a calendar — a page pattern without new images",
        "12",
        f"{SITE}/events/2031/05/",
    ]
    assert "mira.example is yours, so its robots.txt was recorded but not obeyed" in text
    assert "part-00000.parquet, row 4758: “UNLIKELY”" in text
    assert "cdn.shopify.com: write your own part" in text
    assert "Untitled” (31 rows)" in text
    assert "none (answered 404), which crawlers read as “everything allowed”" in text


def test_a_page_only_signal_is_named_as_such(case: Case) -> None:
    rows = soup(case).select("#page-only ~ table tbody tr")
    assert len(rows) == 1, "max-snippet restricts nothing"
    cells = [td.get_text().strip() for td in rows[0].select("td")]
    assert "noai, noimageai" in rows[0].get_text()
    assert cells == ["1", "3", "0"], "the owl answers with its own header, the hare with 404"


def test_a_page_signal_over_an_image_without_header_is_counted(tmp_path: Path) -> None:
    case = make_case(tmp_path / "case")
    write_run(
        case,
        {
            "pages": [page("/")],
            "metas": [{"page_url": f"{SITE}/", "name": "robots", "content": "noai"}],
            "image_refs": [reference("/", FOX), reference("/", FOX, 1)],
            "images": [image(FOX, hop_count=2, final_url=OWL)],
            # The header is on the redirect, not on the answer that brings the image.
            "hops": [
                hop(FOX, [("X-Robots-Tag", "noai")], status=301),
                hop(FOX, hop=1, hop_url=OWL),
            ],
        },
    )
    cells = [td.get_text().strip() for td in soup(case).select("#page-only ~ table tbody td")]
    assert cells == ["1", "1", "1"]


def test_the_next_steps_follow_from_the_findings(case: Case) -> None:
    page = soup(case)
    assert steps(page) == [
        "cut_short",
        "left_out_hosts",
        "waiting",
        "requests",
        "header_missing",
        "robots_missing",
        "again",
    ]
    text = words(page.select_one("#next"))
    assert (
        "requests/2026-11-21/" in text and "no known effect" in text and "Nothing was sent" in text
    )


def test_an_open_robots_txt_is_named_with_the_lines_to_add(tmp_path: Path) -> None:
    case = make_case(tmp_path / "case")
    own = f"{SITE}/fox.jpg"
    write_run(
        case,
        {
            "pages": [page("/")],
            "image_refs": [reference("/", own)],
            "images": [image(own)],
            "hops": [hop(own, [("X-Robots-Tag", "noai")])],
            "site_files": [robots(SITE, b"User-agent: GPTBot\nDisallow: /\n")],
        },
    )
    report = soup(case)
    assert steps(report) == ["no_dataset", "robots_open", "again"]
    text = report.select_one("[data-step=robots_open]").get_text()
    assert "User-agent: CCBot\n" in text and "Disallow: /" in text
    assert "CCBot, Google-Extended, ClaudeBot" in text, "GPTBot is kept out already"


def test_a_builder_is_named_with_what_it_can_do(tmp_path: Path) -> None:
    case = make_case(tmp_path / "case")
    url = "https://images.squarespace-cdn.com/content/v1/fox.jpg"
    write_run(
        case,
        {"image_refs": [reference("/", url)], "images": [image(url)], "hops": [hop(url)]},
    )
    text = words(soup(case).select_one("[data-step=header_missing]"))
    assert "Squarespace" in text and "Headers on images cannot be set there" in text


def test_an_unanswered_robots_txt_is_unknown_not_allowed(tmp_path: Path) -> None:
    case = make_case(tmp_path / "case")
    write_run(
        case,
        {
            "pages": [page("/")],
            "image_refs": [reference("/", FOX)],
            "images": [image(FOX)],
            "hops": [hop(FOX)],
            "site_files": [
                robots(
                    CDN, None, outcome="failed", status=None, reason="the connection was refused"
                )
            ],
        },
    )
    report = soup(case)
    assert facts(report)["images_unknown_CCBot"] == 1
    assert (
        "the connection was refused" in report.select_one("[data-step=robots_unknown]").get_text()
    )


def test_without_a_data_set_the_page_says_how_to_get_one(tmp_path: Path) -> None:
    case = make_case(tmp_path / "case")
    scanned(case)
    report = soup(case)
    assert "no_dataset" in steps(report)
    assert "No data set has been searched yet" in report.select_one("#glance").get_text()
    assert "huggingface.co/datasets/laion/relaion2B-en-research-safe" in report.get_text()
    assert not any(name.startswith("matches_") for name in facts(report))


def test_without_a_crawl_the_page_says_how_to_begin(tmp_path: Path) -> None:
    report = soup(make_case(tmp_path / "case"))
    assert steps(report) == ["no_crawl", "no_dataset", "again"]
    assert facts(report) == {"pages_fetched": 0, "images_found": 0}
    assert report.find("time").get_text() == "20 November 2026", "the day the case was made"


def test_pages_without_images_read_well(tmp_path: Path) -> None:
    case = make_case(tmp_path / "case")
    write_run(case, {"pages": [page("/")]})
    assert "No image was found" in soup(case).get_text()


def test_nothing_found_says_what_that_does_not_prove(tmp_path: Path) -> None:
    case = make_case(tmp_path / "case")
    scanned(case)
    write_matches(case)
    (case.matches / "summary.json").write_text(json.dumps(SUMMARY), "utf-8")
    text = words(soup(case).select_one("#found"))
    assert "does not say that your images are in no data set" in text


def test_the_users_word_counts(case: Case) -> None:
    reject(case, ["m-0000000000000003"])
    confirm(case, ["m-0000000000000002"])
    report = soup(case)
    found = facts(report)
    assert found["matches_caption_only"] == 0 and found["matches_rejected"] == 1
    assert found["matches_lead"] == 1 and "matches_waiting" not in found
    assert "You confirmed it" in report.select_one("#m-0000000000000002").get_text()
    assert report.select_one("#m-0000000000000003") is None


def test_decisions_on_rows_of_other_data_sets_do_not_count(case: Case) -> None:
    reject(case, ["m-ffffffffffffffff"])
    assert "matches_rejected" not in facts(soup(case))


def test_only_the_latest_run_is_counted(case: Case) -> None:
    early = datetime(2026, 11, 1, 8, tzinfo=UTC)
    old = {"pages": [page(f"/{n}") for n in range(9)]}
    write_run(case, old, run_id="2026-11-01T080000Z", time=early)
    report = soup(case)
    assert facts(report)["pages_fetched"] == 2
    assert "1 earlier run, the first of 1 November 2026, 08:00 UTC" in report.get_text()


def test_text_from_strangers_stays_text(case: Case) -> None:
    html = write_report(case).read_text("utf-8")
    assert (
        "<script" not in html and "<img" not in html and "{{" not in html.replace("{{ 7 * 7 }}", "")
    )
    assert (
        "49" not in BeautifulSoup(html, "html.parser").select_one("#m-0000000000000002").get_text()
    )
    assert "⟨U+0000⟩" in html and "⟨U+202E⟩" in html and "⟨U+001B⟩" in html
    assert "characters in all)" in html and "A" * 400 not in html
    hidden = {c for c in html if unicodedata.category(c) in {"Cc", "Cf"} and c != "\n"}
    assert not hidden


def test_the_page_asks_the_network_for_nothing(case: Case) -> None:
    report = soup(case)
    policy = report.find("meta", {"http-equiv": "Content-Security-Policy"})["content"]
    assert "default-src 'none'" in policy and "img-src data:" in policy
    assert not report.select("script, link, iframe, object, embed, form, base, video, audio, img")
    style = report.style.get_text()
    assert "url(" not in style and "@import" not in style
    for tag in report.find_all(True):
        assert not [name for name in tag.attrs if name.startswith("on")], tag
        assert not {"src", "srcset", "style", "background"} & set(tag.attrs), tag
        assert tag.get("href", "#").startswith("#"), tag


def test_the_page_can_be_heard(case: Case) -> None:
    """Headings in order, captions and scopes on tables, unique ids, links that lead somewhere."""
    report = soup(case)
    assert report.html["lang"] == "en"
    levels = [int(tag.name[1]) for tag in report.find_all(re.compile(r"^h[1-6]$"))]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    for table in report.find_all("table"):
        assert table.caption and table.caption.get_text().strip()
        assert all(th.get("scope") for th in table.find_all("th"))
        roles = {"table": "table", "tr": "row", "td": "cell", "tbody": "rowgroup"}
        assert all(
            table.find_all(name, role=role) or name == "table" for name, role in roles.items()
        )
    ids = [tag["id"] for tag in report.select("[id]")]
    assert len(ids) == len(set(ids))
    targets = {a["href"][1:] for a in report.select("a[href]")}
    targets |= {tag["aria-labelledby"] for tag in report.select("[aria-labelledby]")}
    assert targets <= set(ids)


def test_the_words_are_careful(case: Case) -> None:
    text = soup(case).get_text().lower()
    for word in ("stolen", "theft", "used for training", "trained on", "infring", "illegal"):
        assert word not in text, word
    assert "listed is not the same as used" in text


def test_two_reports_have_the_same_bytes(case: Case) -> None:
    first = write_report(case).read_bytes()
    os.utime(case.folder / "optout.toml", (0, 0))
    assert write_report(case).read_bytes() == first


def test_the_golden_page(case: Case) -> None:
    """The whole page, letter by letter; OPTOUT_UPDATE_GOLDEN=1 writes it anew."""
    text = render(replace(gather(case), version="0.0.0"))
    if os.environ.get("OPTOUT_UPDATE_GOLDEN") == "1":
        assert "CI" not in os.environ, "golden files are not made in CI"
        GOLDEN.parent.mkdir(parents=True, exist_ok=True)
        GOLDEN.write_text(text, "utf-8")
    assert text == GOLDEN.read_text("utf-8")


def test_twenty_thousand_matches_stay_usable(case: Case) -> None:
    numbers = range(10, 20_010)
    write_matches(
        case,
        matches=[
            match(n, "same_address", ["url_exact"], url_host=f"h{n}.example", work_id=f"w-{n}")
            for n in numbers
        ],
        evidence=[reason(n, "url_exact", "same_address", FOX) for n in numbers],
        not_listed=[not_listed(f"{CDN}/{n}.jpg", True) for n in numbers],
    )
    path = write_report(case)
    report = BeautifulSoup(path.read_text("utf-8"), "html.parser")
    assert path.stat().st_size < 1_000_000
    assert facts(report)["matches_same_address"] == 20_000
    assert len(report.select("article")) == 100
    text = report.get_text()
    for noun in ("rows", "hosts", "works", "images"):
        assert f"The first 100 of 20,000 {noun} are shown here; all of them are in matches/" in text


def test_many_reasons_of_one_match_are_cut(case: Case) -> None:
    many = [reason(1, "alt_or_title", "caption_only", f"text {n}") for n in range(50)]
    write_matches(case, matches=[match(1, "caption_only", ["alt_or_title"])], evidence=many)
    assert "and 30 more in matches/evidence.parquet" in soup(case).select_one("article").get_text()


def test_thumbnails_only_when_asked_and_only_from_kept_files(case: Case) -> None:
    run = case.runs()[0]
    (run / "images").mkdir()
    Image.new("RGB", (1200, 900), "teal").save(run / "images" / "fox.png")
    write_run(case, {"images": [image(FOX, stored_as="images/fox.png")]})
    assert not soup(case).select("img")
    (shown,) = soup(case, thumbnails=True).select("img")
    assert shown["src"].startswith("data:image/jpeg;base64,") and shown["alt"] == ""
    assert len(shown["src"]) < 20_000


@pytest.mark.parametrize("content", [b"", b"<svg/>", b"\xff\xd8\xff\xe0 broken", b"GIF89a\x00"])
def test_a_broken_file_gives_no_thumbnail(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x").write_bytes(content)
    assert thumbnail(tmp_path, "x") is None


def test_a_picture_of_too_many_pixels_gives_no_thumbnail(tmp_path: Path) -> None:
    Image.new("1", (20_000, 20_000)).save(tmp_path / "bomb.png")
    assert thumbnail(tmp_path, "bomb.png") is None


def test_a_thumbnail_stays_in_the_runs_folder(tmp_path: Path) -> None:
    Image.new("RGB", (9, 9)).save(tmp_path / "secret.png")
    (tmp_path / "run").mkdir()
    assert thumbnail(tmp_path / "run", "../secret.png") is None
    assert thumbnail(tmp_path, "secret.png")


@pytest.mark.parametrize(
    ("file", "content", "sentence"),
    [
        ("matches/summary.json", '{"datasets": 3}', "summary.json cannot be read"),
        ("matches/summary.json", "{half", "summary.json cannot be read"),
        ("requests/2026-11-21/laion/manifest.json", "[]", "manifest.json cannot be read"),
        ("decisions.db", "no database " * 99, "decisions"),
        ("matches/matches.parquet", "PAR1 no", "is damaged"),
        ("observations/run=2026-11-21T101500Z/pages.parquet", "", "cannot read pages"),
    ],
)
def test_damage_is_told_in_one_sentence(
    case: Case, capsys: pytest.CaptureFixture[str], file: str, content: str, sentence: str
) -> None:
    (case.folder / file).write_text(content)
    assert main(["report", "--case", str(case.folder)]) == 1
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 2 and sentence in told[0] and told[1].startswith("hint: ")


def test_damage_inside_a_file_is_told_too(case: Case, capsys: pytest.CaptureFixture[str]) -> None:
    """The footer is whole, so the file opens; its pages are not."""
    for file in (case.runs()[0] / "pages.parquet", case.matches / "matches.parquet"):
        whole = file.read_bytes()
        file.write_bytes(whole[:4] + b"\xee" * 200 + whole[204:])
        assert main(["report", "--case", str(case.folder)]) == 1
        name = "matches" if file.parent == case.matches else "pages"
        for args in (["report"], ["show", name, "--json"]):
            capsys.readouterr()
            assert main([*args, "--case", str(case.folder)]) == 1
            told = capsys.readouterr().err.splitlines()
            assert len(told) == 2 and "damaged" in told[0], args
        file.write_bytes(whole)


def test_a_full_disk_leaves_the_earlier_report(
    case: Case, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = write_report(case).read_bytes()

    def full(self: Path, data: bytes) -> int:
        self.touch()
        raise OSError(28, "No space left on device", str(self))

    monkeypatch.setattr(Path, "write_bytes", full)
    assert main(["report", "--case", str(case.folder)]) == 1
    assert "No space left" in capsys.readouterr().err
    assert case.report.read_bytes() == before
    assert not [p for p in case.folder.iterdir() if p.name.startswith(".report")]


def test_the_command_names_what_it_wrote(case: Case, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "--case", str(case.folder)]) == 0
    captured = capsys.readouterr()
    assert captured.out == "" and f"wrote {case.report}" in captured.err


@given(st.text())
def test_visible_text_holds_nothing_hidden(text: str) -> None:
    shown = visible(text)
    hidden = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    kept = set("\t\n\r\u200c\u200d\u00ad")
    assert all(c in kept or unicodedata.category(c) not in hidden for c in shown)
    shown.encode("utf-8")


@given(st.text(), st.integers(0, 50))
def test_a_cut_text_says_its_length(text: str, limit: int) -> None:
    short = cut(text, limit)
    assert short == text if len(text) <= limit else f"({len(text):,} characters in all)" in short


@pytest.fixture(scope="session")
def chromium() -> str:
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if not found:
        pytest.skip("no Chromium on this machine")
    return found


def browse(chromium: str, profile: Path, *args: str) -> str:
    command = [
        chromium,
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--allow-file-access-from-files",
        f"--user-data-dir={profile}",
        *args,
    ]
    done = subprocess.run(command, capture_output=True, timeout=120, check=True)
    return done.stdout.decode()


# A window narrower than 500 px does not exist in headless Chromium; a frame may have any width.
HARNESS = """<!doctype html><title>-</title><iframe src="{src}" width="{width}" height="800"
 style="border:0"></iframe><script>
onload = () => {{
  const page = document.querySelector("iframe").contentDocument;
  const wide = [...page.querySelectorAll("body *")].filter(
    e => e.getClientRects().length && e.getBoundingClientRect().right > {width} + 0.5
  ).map(e => e.tagName + "." + e.className);
  const root = page.documentElement;
  document.title = JSON.stringify({{scroll: root.scrollWidth, client: root.clientWidth, wide}});
}};
</script>"""


@pytest.mark.chromium
@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_runs_over_the_edge(chromium: str, case: Case, tmp_path: Path, width: int) -> None:
    harness = tmp_path / "harness.html"
    src = write_report(case).as_uri()
    harness.write_text(HARNESS.format(src=src, width=width), "utf-8")
    dom = browse(
        chromium, tmp_path / "profile", "--window-size=1400,900", "--dump-dom", harness.as_uri()
    )
    title = BeautifulSoup(dom, "html.parser").title.get_text()
    seen = json.loads(title)
    assert seen["scroll"] <= seen["client"], seen
    assert not seen["wide"], seen


@pytest.mark.chromium
def test_chromium_asks_no_server(
    chromium: str, case: Case, tmp_path: Path, serve: Callable[[Respond], str]
) -> None:
    """Captions full of markup that would fetch from a server; the server hears nothing."""
    asked: list[str] = []

    def respond(method: str, path: str, headers: dict[str, str]) -> tuple[int, list, bytes]:
        asked.append(path)
        return 200, [], b""

    base = serve(respond)
    evil = (
        f'"><img src="{base}/1"><link rel=stylesheet href="{base}/2">'
        f"</style><style>body {{ background: url({base}/3) }}</style>"
        f'<script src="{base}/4"></script>'
    )
    hostile = replace(case, names=(evil,), hosts=(DeclaredHost(evil),))
    write_matches(
        case,
        matches=[match(1, "lead", ["declared_host"], caption=evil, url=evil, dataset=evil)],
        evidence=[reason(1, "declared_host", "lead", evil)],
        works=[work(1, FOX, evil)],
    )
    path = write_report(hostile)
    assert base in path.read_text("utf-8")
    browse(chromium, tmp_path / "profile", f"--print-to-pdf={tmp_path / 'a4.pdf'}", path.as_uri())
    assert (tmp_path / "a4.pdf").read_bytes().startswith(b"%PDF-")
    assert asked == []


def test_the_time_of_the_page_is_the_runs(case: Case) -> None:
    time = soup(case).find("time")
    assert datetime.fromisoformat(time["datetime"]) == TIME
    assert time.get_text() == "21 November 2026, 10:15 UTC"

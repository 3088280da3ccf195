"""`optout show`: the case's tables as JSON lines, CSV and text, with hostile strings in them."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
import unicodedata
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from crawler.records import SCHEMAS
from optout import tables
from optout.case import Case
from optout.cli import main
from optout.commands.show import COLUMNS, command
from optout.report.formats import csv_lines, json_lines
from tests.report_case import (
    CDN,
    SITE,
    hop,
    image,
    make_case,
    match,
    page,
    reason,
    reference,
    robots,
    write_matches,
    write_run,
)

HOSTILE = '=HYPERLINK("http://evil.example")\x1b[2J\x9b31m\u202efdp.exe<b>\r\nnext'


@pytest.fixture
def case(tmp_path: Path) -> Case:
    case = make_case(tmp_path / "case")
    fox, owl = f"{CDN}/fox-1.jpg", f"{CDN}/owl.jpg"
    write_run(
        case,
        {
            "pages": [page("/", title=HOSTILE), page("/gone", outcome="failed", status=None)],
            "image_refs": [
                reference("/", fox),
                reference("/", fox, 1, attribute="srcset", alt=None, alt_state="missing"),
                reference("/about", "x:y", image_url=None, raw="x:y", alt=HOSTILE),
            ],
            "images": [image(fox), image(owl, status=404, sha256=None)],
        },
    )
    return case


def show(case: Case, *args: str) -> Result:
    return CliRunner().invoke(command, [*args, "--case", str(case.folder)], catch_exceptions=False)


def objects(case: Case, *args: str) -> list[dict]:
    return [json.loads(line) for line in show(case, *args, "--json").stdout.splitlines()]


def test_images_are_one_object_per_mention_and_unmentioned_images_follow(case: Case) -> None:
    rows = objects(case, "images")
    assert [(r["page_url"], r["attribute"], r["image_url"], r["status"]) for r in rows] == [
        (SITE + "/", "src", f"{CDN}/fox-1.jpg", 200),
        (SITE + "/", "srcset", f"{CDN}/fox-1.jpg", 200),
        (SITE + "/about", "src", None, None),
        (None, None, f"{CDN}/owl.jpg", 404),
    ]
    assert rows[1]["alt"] is None and rows[1]["alt_state"] == "missing"
    assert rows[0]["sha256"] == "a" * 64 and rows[3]["sha256"] is None
    assert rows[0]["observed_at"] == "2026-11-21T10:15:00Z"


def test_the_documented_names_of_images_are_there(case: Case) -> None:
    named = set(objects(case, "images")[0])
    assert {
        "image_url", "page_url", "alt", "tag", "attribute", "status", "sha256", "alt_state",
        "in_laion_shape", "raw", "outcome", "width", "height", "content_type", "sniffed_type",
        "size", "md5", "image_group",
    } <= named  # fmt: skip


@pytest.mark.parametrize("name", ["pages", "images"])
def test_every_recorded_column_is_printed(case: Case, name: str) -> None:
    recorded = {column for column in SCHEMAS[name].names if column != "case_id"}
    if name == "images":
        recorded |= {column for column in SCHEMAS["image_refs"].names if column != "case_id"}
    assert set(objects(case, name)[0]) == recorded


def test_matches_have_exactly_the_documented_columns(case: Case) -> None:
    write_matches(
        case,
        matches=[
            match(7, "lead", ["declared_host"]),
            match(9, "same_address", ["url_exact", "alt_or_title"], similarity=float("nan")),
        ],
        evidence=[reason(9, "url_exact", "same_address", f"{CDN}/fox-1.jpg")],
    )
    rows = objects(case, "matches")
    assert [list(row) for row in rows] == [tables.MATCHES.names] * 2
    assert [row["dataset_row"] for row in rows] == [9, 7], "strongest first"
    assert rows[0]["evidence"] == ["url_exact", "alt_or_title"]
    assert rows[0]["similarity"] is None, "NaN is not JSON"


def test_all_runs_shows_what_an_earlier_run_saw(case: Case) -> None:
    early = datetime(2026, 11, 1, tzinfo=UTC)
    write_run(case, {"pages": [page("/old")]}, run_id="2026-11-01T000000Z", time=early)
    assert SITE + "/old" not in {row["url"] for row in objects(case, "pages")}
    assert SITE + "/old" in {row["url"] for row in objects(case, "pages", "--all-runs")}


def test_limit_counts_rows(case: Case) -> None:
    assert len(objects(case, "images", "--limit", "2")) == 2
    assert len(objects(case, "images", "--limit", "0")) == 4


def test_csv_is_whole_and_harmless(case: Case) -> None:
    text = show(case, "pages", "--csv").stdout_bytes.decode()
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert text.count("\r\n") >= 3 and len(rows) == 2
    assert rows[0]["title"].startswith("'=HYPERLINK"), "a formula stays a text"
    assert "\x1b" not in text and "\x9b" not in text


def test_no_string_reaches_the_terminal_as_a_command(case: Case) -> None:
    for args in (["pages"], ["images"], ["pages", "--json"], ["images", "--json"]):
        shown = show(case, *args).stdout.replace("\n", "")
        bad = [c for c in shown if unicodedata.category(c) == "Cc" or c == "\u202e"]
        assert not bad, args


def test_a_table_names_its_rest(case: Case) -> None:
    result = show(case, "images", "--limit", "1")
    assert "the first 1 rows" in result.stderr
    assert "fox-1.jpg" in result.stdout.replace("\n", "")


def test_requests_come_from_the_latest_date(case: Case) -> None:
    for day, url in (("2026-11-01", "old"), ("2026-11-21", "new")):
        folder = case.requests / day / "laion"
        folder.mkdir(parents=True)
        lines = [{"schema": 1}, {"request_id": "r-1", "kind": "courtesy_removal", "match_url": url}]
        (folder / "requests.jsonl").write_text("".join(json.dumps(x) + "\n" for x in lines))
    assert [row["match_url"] for row in objects(case, "requests")] == ["new"]
    assert [r["match_url"] for r in objects(case, "requests", "--all-runs")] == ["old", "new"]


@pytest.mark.parametrize(
    ("table", "sentence", "step"),
    [
        ("matches", "no data set has been searched", "optout match --dataset"),
        ("requests", "no requests have been written", "optout requests"),
    ],
)
def test_what_is_not_there_is_said_in_one_sentence(
    case: Case, capsys: pytest.CaptureFixture[str], table: str, sentence: str, step: str
) -> None:
    assert main(["show", table, "--case", str(case.folder)]) == 1
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 2 and sentence in told[0] and step in told[1]


def test_an_empty_case_prints_nothing_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    case = make_case(tmp_path / "empty")
    assert main(["show", "images", "--case", str(case.folder)]) == 0
    assert "no images in this case" in capsys.readouterr().err


def test_damaged_lines_of_requests_are_named(
    case: Case, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = case.requests / "2026-11-21" / "laion"
    folder.mkdir(parents=True)
    (folder / "requests.jsonl").write_text('{"schema": 1}\n{"half')
    assert main(["show", "requests", "--json", "--case", str(case.folder)]) == 1
    assert "line 2 of" in capsys.readouterr().err


def test_json_and_csv_exclude_each_other(case: Case) -> None:
    assert main(["show", "pages", "--json", "--csv", "--case", str(case.folder)]) == 2


def test_the_columns_of_the_screen_exist(case: Case) -> None:
    assert set(COLUMNS["images"]) <= set(objects(case, "images")[0])
    assert set(COLUMNS["pages"]) <= set(objects(case, "pages")[0])
    assert set(COLUMNS["matches"]) <= set(tables.MATCHES.names)


_texts = st.text() | st.text(st.sampled_from("=+-@;, \t\r\n\x00'\"\uff1da"))


@given(st.dictionaries(st.text(min_size=1), _texts, min_size=1))
def test_any_text_survives_json_and_csv(row: dict[str, str]) -> None:
    (line,) = json_lines([row])
    assert json.loads(line) == row
    _, record = csv_lines([row])
    (cells,) = csv.reader(io.StringIO(record, newline=""))
    for cell, value in zip(cells, row.values(), strict=True):
        plain = "".join(c for c in value if c in "\t\n\r" or unicodedata.category(c) != "Cc")
        assert cell.replace("'", "") == plain.replace("'", ""), "only apostrophes are added"
        for begun in cell.split(";"):  # as a spreadsheet that splits at semicolons would
            assert begun.lstrip()[:1] not in tuple("=+-@\uff1d\uff0b\uff0d\uff20")


def test_memory_stays_flat_for_a_million_rows(case: Case) -> None:
    """Peak memory of the command with ten times the rows is about the same."""
    peaks = {}
    for rows in (100_000, 1_000_000):
        _write_many(case, rows)
        code = (
            "import resource, sys; from optout.cli import main; code = main(sys.argv[1:]);"
            "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr);"
            "sys.exit(code)"
        )
        done = subprocess.run(
            [sys.executable, "-c", code, "show", "pages", "--json", "--case", str(case.folder)],
            capture_output=True,
            check=True,
        )
        assert done.stdout.count(b"\n") == rows
        peaks[rows] = int(done.stderr.split()[-1]) // 1024
    assert peaks[1_000_000] < peaks[100_000] + 600, peaks  # MB: the sorting buffer, no more


def _write_many(case: Case, rows: int) -> None:
    run = case.runs()[0]
    urls = pa.array([f"{SITE}/page/{number:07d}" for number in range(rows)])
    columns = {
        name: urls if name in ("url", "final_url", "title") else pa.nulls(rows)
        for name in SCHEMAS["pages"].names
    } | {"run_id": pa.array([run.name.removeprefix("run=")] * rows)}
    table = pa.table(columns).cast(SCHEMAS["pages"])
    pq.write_table(table, run / "pages.parquet")


def test_signals_are_header_lines_metas_files_and_robots_lines(case: Case) -> None:
    fox = f"{CDN}/fox-1.jpg"
    write_run(
        case,
        {
            "metas": [
                {"page_url": SITE + "/", "position": 0, "name": "robots", "raw": "<meta noai>"}
            ],
            "images": [image(fox)],
            "hops": [hop(fox, [("X-Robots-Tag", "noai"), ("Server", "x")])],
            "site_files": [robots(SITE, b"User-agent: *\nDisallow: /\x1b[2J\n")],
        },
    )
    rows = objects(case, "signals")
    assert [(row["signal"], row["raw"], row["line"]) for row in rows] == [
        ("x-robots-tag", "noai", None),
        ("meta robots", "<meta noai>", None),
        ("robots.txt", "fetched with status 200", None),
        ("robots.txt", "User-agent: *", 1),
        ("robots.txt", "Disallow: /\x1b[2J", 2),
    ]
    assert len({tuple(row) for row in rows}) == 1, "every row has the same names"
    assert "\x1b" not in show(case, "signals").stdout
    assert set(COLUMNS["signals"]) <= set(rows[0])

"""The ledger: what real crawls of a changing site leave in it, and that no byte changes unseen."""

from __future__ import annotations

import hashlib
import json
import os
import random
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from itertools import groupby
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from warcio.archiveiterator import ArchiveIterator

from crawler.records import SCHEMAS
from crawler.writer import write_run
from optout.case import Case, create_case, load_case
from optout.cli import main
from optout.database import connect
from optout.errors import CaseError
from optout.ledger import check, export, write_page
from optout.ledger.exported import read_export
from optout.ledger.read import derive, periods
from tests.harness import FAST, Page, html, optout, rows, serving

GOLDEN = Path(__file__).parent / "golden" / "ledger"
GIF = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,"
ONE_BY_ONE = ("--delay", "0", "--no-autothrottle", "--per-host", "1", "--render", "never")

# --- a site that changes from run to run ---


def picture(number: int, *lines: tuple[str, str]) -> Page:
    return 200, [("Content-Type", "image/gif"), *lines], GIF + bytes([number])


def text(body: str) -> Page:
    return 200, [("Content-Type", "text/plain")], body.encode()


NOAI = ("X-Robots-Tag", "noai, noimageai")
NOAI_2 = ("X-Robots-Tag", "otherbot: none")
TDM = ("TDM-Reservation", "1")
IMAGES = "".join(f'<img src="/i/{name}.gif">' for name in ("a", "b", "moved"))
SITE: list[dict[str, Page]] = [
    {
        "/robots.txt": text("User-agent: GPTBot\nDisallow: /\n"),
        "/": html(IMAGES, '<meta name="robots" content="noai">'),
        "/i/a.gif": picture(1, NOAI, NOAI_2),
        "/i/b.gif": picture(2, NOAI, TDM),
        "/i/moved.gif": (302, [("Location", "/i/new.gif"), NOAI], b""),
        "/i/new.gif": picture(3),
    },
]
# The robots.txt and the picture b change, the header of a is lost.
SITE.append(
    SITE[0]
    | {
        "/robots.txt": text("User-agent: GPTBot\nUser-agent: CCBot\nDisallow: /\n"),
        "/i/a.gif": picture(1),
        "/i/b.gif": picture(4, NOAI, TDM),
    }
)
# The site is down.
SITE.append({})
# The header of a is back, b is gone, the page has lost its meta, the redirect its end.
SITE.append(
    SITE[1]
    | {
        "/": html(IMAGES),
        "/i/a.gif": SITE[0]["/i/a.gif"],
        "/i/b.gif": (404, [], b""),
        "/i/new.gif": (503, [], b""),
    }
)


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """(case, base address) after four runs."""
    folder = tmp_path_factory.mktemp("ledger")
    now = {"run": 0}

    def site(path: str, _: BaseHTTPRequestHandler) -> Page:
        answers = SITE[now["run"]]
        return answers.get(path, (404, [], b"")) if answers else (503, [], b"")

    with serving(site) as base:
        for run in range(len(SITE)):
            now["run"] = run
            done = optout("crawl", base, "--case", "case", "--warc", *ONE_BY_ONE, cwd=folder)
            assert done.returncode == (1 if not SITE[run] else 0), done.stderr
        yield folder / "case", base


@pytest.fixture
def case(crawled: tuple[Path, str], tmp_path: Path) -> Case:
    """A copy of the crawled case that a test may damage."""
    shutil.copytree(crawled[0], tmp_path / "case")
    return load_case(tmp_path / "case")


def test_the_ledger_of_four_runs_is_exactly_this(case: Case, crawled: tuple[Path, str]) -> None:
    """OPTOUT_UPDATE_GOLDEN=1 writes it anew after a change that is meant."""
    export(case, case.folder / "ledger.jsonl")
    found = steady((case.folder / "ledger.jsonl").read_text(), case, crawled[1])
    file = GOLDEN / "four_runs.jsonl"
    if os.environ.get("OPTOUT_UPDATE_GOLDEN") == "1":
        file.parent.mkdir(exist_ok=True)
        file.write_text(found, "utf-8")
    assert found == file.read_text("utf-8")


def steady(exported: str, case: Case, base: str) -> str:
    """An export without what differs from one machine and minute to the next."""
    for number, run in enumerate(case.runs(), 1):
        exported = exported.replace(run.name.removeprefix("run="), f"run-{number}")
    lines = []
    for line in exported.replace(base, "http://site").splitlines():
        record = json.loads(line)
        record.pop("hash")
        if record["kind"] == "ledger" or record["signal"] not in SIGNALS:
            continue  # what else is asked for of a host is not what this site is about
        for one in record["seen"]:
            one.pop("at", None)
            one.pop("rows")
        lines.append(json.dumps({k: v for k, v in record.items() if k not in TIMES}))
    return "\n".join(lines) + "\n"


TIMES = ("first_at", "last_at")
SIGNALS = ("image", "x-robots-tag", "tdm-reservation", "meta robots", "robots.txt")


def test_every_sighting_leads_to_a_row_that_says_so(case: Case) -> None:
    told = 0
    for line in exported(case)[1:]:
        for seen in line["seen"]:
            if "file" not in seen:
                continue
            table = pq.read_table(case.observations / seen["file"]).to_pylist()
            for number in seen["rows"]:
                row = table[number]
                places = (row.get(k) for k in ("hop_url", "image_url", "page_url", "url"))
                assert line["place"] in places
                assert row["run_id"] == seen["run"]
                assert row["observed_at"] == datetime.fromisoformat(seen["at"])
                told += 1
    assert told > 25


def test_two_exports_give_the_same_bytes(case: Case) -> None:
    first, second = case.folder / "1.jsonl", case.folder / "2.jsonl"
    assert export(case, first) == export(case, second)
    assert first.read_bytes() == second.read_bytes()
    assert export(case, first)[1] == hashlib.sha256(first.read_bytes()).hexdigest()


def test_the_hash_of_a_text_is_that_of_what_was_served(case: Case) -> None:
    lines = exported(case)
    robots = [line for line in lines if line.get("signal") == "robots.txt"]
    served = [SITE[run]["/robots.txt"][2] for run in (0, 1)]
    assert [line["raw"].encode() for line in robots if line["raw"]] == [*served, served[1]]
    for line in lines[1:]:
        if line["raw"] is not None:
            assert hashlib.sha256(line["raw"].encode()).hexdigest() == line["sha256"]
    tag = next(line for line in lines if line.get("signal") == "x-robots-tag")
    assert tag["raw"] == "x-robots-tag: noai, noimageai\nx-robots-tag: otherbot: none\n"


def exported(case: Case) -> list[dict[str, Any]]:
    path = case.folder / "ledger.jsonl"
    export(case, path)
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_the_terminal_the_json_lines_and_the_page(
    case: Case, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["ledger", "--case", str(case.folder)]) == 0
    table = capsys.readouterr().out
    assert "robots.txt" in table
    assert "x-robots-tag" in table
    assert main(["ledger", "--case", str(case.folder), "--json"]) == 0
    printed = capsys.readouterr().out
    export(case, case.folder / "ledger.jsonl")
    assert printed == (case.folder / "ledger.jsonl").read_text()
    page = case.folder / "ledger.html"
    assert main(["ledger", "--case", str(case.folder), "--html", str(page)]) == 0
    said = page.read_text("utf-8")
    assert "<ins>User-agent: CCBot</ins>" in said
    assert "The same as before the gap." in said
    assert "removed since" not in said


# --- what changes, against a plain reading of the same sequence ---

STATES = st.sampled_from(["A", "B", "absent", "unknown", "not asked"])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(STATES, min_size=1, max_size=8), min_size=1, max_size=6))
def test_periods_and_changes_are_those_of_a_plain_reading(stories: list[list[str]]) -> None:
    with connect() as connection:
        given_runs(connection, stories)
        derive(connection)
        found: dict[str, list[tuple[int, str, int, int | None]]] = {}
        for row in periods(connection):
            value = {"present": row["sha256"]}.get(row["state"], row["state"])
            entry = (row["number"], value, len(row["seen"]), row["changed_from"])
            found.setdefault(row["place"], []).append(entry)
    length = max(map(len, stories))
    expected = {
        f"https://a.example/{number}": plain_reading(story, length)
        for number, story in enumerate(stories)
    }
    assert found == {place: read for place, read in expected.items() if read}


def plain_reading(story: list[str], runs: int) -> list[tuple[int, str, int, int | None]]:
    """(number, value, runs, changed from) of each stretch, one run after the other."""
    if not {"A", "B"} & set(story):
        return []  # it was never there
    asked = [*story, *["not asked"] * (runs - len(story))]
    while asked[0] == "not asked":
        asked.pop(0)
    values = ["unknown" if value == "not asked" else value for value in asked]
    found: list[tuple[int, str, int, int | None]] = []
    known: tuple[int, str] | None = None
    for number, (value, group) in enumerate(groupby(values), 1):
        changed = known is not None and value not in ("unknown", known[1])
        found.append((number, value, len(list(group)), known[0] if changed and known else None))
        if value != "unknown":
            # What is the same again after a gap is the later stretch.
            known = (number, value)
    return found


def given_runs(connection: Any, stories: list[list[str]]) -> None:
    """Tables as the observations leave them: each story is one image's header over the runs."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    seen: list[dict[str, Any]] = []
    for run in range(max(map(len, stories))):
        for place, story in enumerate(stories):
            value = story[run] if run < len(story) else "not asked"
            if value == "not asked":
                continue
            there = value in ("A", "B")
            seen.append(
                {
                    "archived": False,
                    "subject": "image",
                    "place": f"https://a.example/{place}",
                    "signal": "x-robots-tag",
                    "state": "present" if there else value,
                    "sha256": value if there else None,
                    "raw": value.encode() if there else None,
                    "reason": None,
                    "observed_at": start + timedelta(days=run, seconds=place),
                    "run_id": f"2026-01-{run + 1:02}",
                    "file": f"run={run}/hops.parquet",
                    "file_rows": [place],
                }
            )
    connection.register("given", pa.Table.from_pylist(seen, schema=SEEN))
    connection.execute("CREATE TABLE ledger_seen AS FROM given")
    days = [start + timedelta(days=run, hours=1) for run in range(max(map(len, stories)))]
    connection.register(
        "runs",
        pa.table(
            {
                "run_id": [f"{day:%Y-%m-%d}" for day in days],
                "source": ["crawl"] * len(days),
                "finished_at": pa.array(days, pa.timestamp("us", tz="UTC")),
            }
        ),
    )
    for name in ("pages", "images"):
        connection.register(f"empty_{name}", SCHEMAS[name].empty_table())
        connection.execute(
            f"CREATE VIEW located_{name} AS "
            f"SELECT *, '' AS file, 0::BIGINT AS file_row FROM empty_{name}"
        )


SEEN = pa.schema(
    [
        ("archived", pa.bool_()),
        *[(name, pa.string()) for name in ("subject", "place", "signal", "state", "sha256")],
        ("raw", pa.binary()),
        ("reason", pa.string()),
        ("observed_at", pa.timestamp("us", tz="UTC")),
        ("run_id", pa.string()),
        ("file", pa.string()),
        ("file_rows", pa.list_(pa.int64())),
    ]
)


# --- archived, grouped, hostile ---


def made(folder: Path, *runs: tuple[str, str, list[tuple[str, dict[str, Any]]]]) -> Case:
    """A case with runs of the given (day, source, rows)."""
    made_case = create_case(folder, ["https://a.example/"], created=date(2026, 1, 1))
    for day, source, records in runs:
        moment = f"{day}T12:00:00+00:00"
        write_run(
            ((name, {"observed_at": moment} | row) for name, row in records),
            made_case.observations,
            {"started_at": moment, "finished_at": moment, "cut_short": []},
            case_id=made_case.case_id,
            run_id=f"{day}T120000Z",
            source=source,
        )
    return made_case


def site_file(body: bytes | None, status: int | None = 200, **more: Any) -> Any:
    row = {
        "origin": "https://a.example",
        "kind": "ai.txt",
        "url": "https://a.example/ai.txt",
        "outcome": "fetched" if status else "failed",
        "status": status,
        "body": body,
        "sha256": hashlib.sha256(body).hexdigest() if body else None,
        "truncated": False,
    }
    return "site_files", row | more


def states(case: Case, **which: Any) -> list[str]:
    return [
        line["state"]
        for line in exported(case)[1:]
        if all(line[name] == value for name, value in which.items())
    ]


def test_any_file_of_a_host_is_followed_under_its_own_name(tmp_path: Path) -> None:
    answers = [
        site_file(b"User-Agent: *\nDisallow: /\n"),
        site_file(None, None, reason="no answer in time"),
        site_file(b" \n<!DOCTYPE html><p>not found"),
        site_file(b"", 404),
        site_file(b"", 403),
        site_file(b"\xff\xfe\x00"),
    ]
    case = made(
        tmp_path, *((f"2026-01-{day:02}", "crawl", [one]) for day, one in enumerate(answers, 1))
    )
    lines = [line for line in exported(case) if line.get("signal") == "ai.txt"]
    assert [line["state"] for line in lines] == [
        "present", "unknown", "absent", "unknown", "present",
    ]  # fmt: skip
    assert lines[2]["reasons"] == ["answered 404", "answered with a web page"]
    assert lines[2]["changed_from"] == 1
    assert lines[-1]["raw"] is None
    assert lines[-1]["raw_base64"] == "//4A"


def hop(value: str | None, **more: Any) -> tuple[str, dict[str, Any]]:
    url = "https://a.example/x.jpg"
    headers = [{"name": "x-robots-tag", "value": value}] if value else []
    row = {"subject": "image", "url": url, "hop": 0, "hop_url": url, "status": 200}
    return "hops", row | {"headers": headers} | more


def test_captures_stand_apart_and_have_no_gaps(tmp_path: Path) -> None:
    case = made(
        tmp_path,
        ("2026-01-01", "capture", [hop("noai", observed_at="2021-05-05T00:00:00+00:00")]),
        ("2026-01-02", "crawl", [hop("noai")]),
        ("2026-01-03", "crawl", []),
    )
    assert states(case, archived=True) == ["present"]
    assert states(case, archived=False) == ["present", "unknown"]
    write_page(case, tmp_path / "l.html")
    page = (tmp_path / "l.html").read_text("utf-8")
    assert page.index("2 January 2026") < page.index("From archives") < page.index("5 May 2021")


def test_a_refused_second_way_of_asking_is_no_gap(tmp_path: Path) -> None:
    """HEAD is refused, GET answered: the run learnt what it asked."""
    day = "2026-01-01T12:00:0"
    case = made(
        tmp_path,
        (
            "2026-01-01",
            "crawl",
            [
                hop(None, status=405, observed_at=f"{day}0+00:00"),
                hop("noai", observed_at=f"{day}1+00:00"),
            ],
        ),
    )
    assert states(case, signal="x-robots-tag") == ["present"]


def test_what_a_run_could_not_keep_is_unknown_in_it(tmp_path: Path) -> None:
    case = made(tmp_path, ("2026-01-01", "crawl", [hop(None)]), ("2026-01-02", "crawl", [hop("x")]))
    path = case.runs()[0] / "summary.json"
    summary = json.loads(path.read_text())
    assert states(case, signal="x-robots-tag") == ["absent", "present"]
    summary["kept_headers"].remove("x-robots-tag")
    path.write_text(json.dumps(summary))
    assert states(case, signal="x-robots-tag") == ["unknown", "present"]
    summary["kept_headers"] = {"odd": 1}
    path.write_text(json.dumps(summary))
    assert states(case, signal="x-robots-tag") == ["unknown", "present"]


def page(**more: Any) -> tuple[str, dict[str, Any]]:
    row = {"url": "https://a.example/", "outcome": "fetched", "status": 200, "truncated": False}
    return "pages", row | more


def meta(content: str, **more: Any) -> tuple[str, dict[str, Any]]:
    raw = f'<meta name="robots" content="{content}">'
    row = {"page_url": "https://a.example/", "position": 0, "name": "robots", "raw": raw}
    return "metas", row | more


def test_captures_of_one_page_are_told_apart_by_their_times(tmp_path: Path) -> None:
    days = [f"20{year}-01-01T00:00:00+00:00" for year in (15, 16, 17, 18)]
    rows = [page(observed_at=day) for day in days[:3]] + [page(status=503, observed_at=days[3])]
    rows += [meta("noai", observed_at=days[0]), meta("all", observed_at=days[2])]
    case = made(tmp_path, ("2026-01-01", "capture", rows))
    assert states(case) == ["present", "absent", "present", "unknown"]


def test_several_metas_of_a_name_are_one_text_in_their_order(tmp_path: Path) -> None:
    rows = [page(), meta("b", position=2), meta("a", position=1)]
    case = made(tmp_path, ("2026-01-01", "crawl", rows), ("2026-01-02", "crawl", [page()]))
    first, second = exported(case)[1:]
    assert first["raw"] == '<meta name="robots" content="a">\n<meta name="robots" content="b">\n'
    assert first["seen"][0]["rows"] == [1, 0]
    assert (second["state"], second["changed_from"]) == ("absent", 1)


def packet(kind: str, raw: bytes | None, **more: Any) -> tuple[str, dict[str, Any]]:
    row = {"image_url": "https://a.example/x.jpg", "position": 0, "kind": kind, "raw": raw}
    return "file_metadata", row | {"truncated": False} | more


@pytest.mark.skipif("file_metadata" not in SCHEMAS, reason="packets of files are not recorded")
def test_packets_in_image_files_are_followed(tmp_path: Path) -> None:
    days = [
        [packet("xmp", b"<x/>"), packet("c2pa", b"\x00" * 20_000, position=1)],
        [packet("not_read", None, problem="larger than allowed")],
        [packet("none", None)],
        [image("a" * 64)],
        [image(None, status=404)],
    ]
    case = made(tmp_path, *((f"2026-01-{n:02}", "crawl", rows) for n, rows in enumerate(days, 1)))
    for signal, raw in (("file xmp", "<x/>"), ("file c2pa", None)):
        told = [line for line in exported(case) if line.get("signal") == signal]
        assert [line["state"] for line in told] == ["present", "unknown", "absent", "unknown"]
        assert told[0]["raw"] == raw
        assert told[0]["sha256"]
        assert told[1]["reasons"] == ["larger than allowed"]
        assert told[3]["reasons"] == ["answered 404", "it was not looked for in the answer"]


@pytest.mark.skipif("elements" not in SCHEMAS, reason="other elements are not recorded")
def test_other_elements_of_a_page_are_followed(tmp_path: Path) -> None:
    link = {"page_url": "https://a.example/", "position": 0, "tag": "link", "name": "license"}
    first = ("elements", link | {"raw": '<link rel="license" href="/l">'})
    case = made(
        tmp_path, ("2026-01-01", "crawl", [page(), first]), ("2026-01-02", "crawl", [page()])
    )
    assert states(case, signal="element license") == ["present", "absent"]


def image(sha256: str | None, **more: Any) -> tuple[str, dict[str, Any]]:
    row = {"image_url": "https://a.example/x.jpg", "outcome": "fetched", "status": 200}
    return "images", row | {"sha256": sha256} | more


def test_kept_pictures_are_those_that_were_recorded_no_more_no_less(tmp_path: Path) -> None:
    body = b"a picture"
    name = hashlib.sha256(body).hexdigest()
    case = made(tmp_path, ("2026-01-01", "crawl", [image(name, stored_as=f"images/{name}")]))
    folder = case.runs()[0] / "images"
    folder.mkdir()
    (folder / name).write_bytes(body)
    assert check(case).problems == ()
    (folder / "slipped-in.jpg").write_bytes(b"x")
    (folder / name).write_bytes(b"another")
    said = check(case).problems
    assert [one.partition("images/")[2].partition(" is ")[2] for one in said] == [
        "not as row 0 of images.parquet says",
        "not in images.parquet",
    ]


def test_headers_alone_do_not_say_that_a_picture_changed(tmp_path: Path) -> None:
    days = [image("a" * 64), image(None), image("a" * 64)]
    case = made(tmp_path, *((f"2026-01-{n:02}", "crawl", [one]) for n, one in enumerate(days, 1)))
    assert [(x["state"], x["changed_from"]) for x in exported(case)[1:]] == [
        ("present", None),
        ("unknown", None),
        ("present", None),
    ]


def test_an_export_stays_true_when_later_runs_learn_more(tmp_path: Path) -> None:
    case = made(tmp_path, ("2026-01-01", "crawl", [image(None), hop(None)]))
    export(case, tmp_path / "old.jsonl")
    moment = "2026-01-02T12:00:00+00:00"
    later = [image("b" * 64), hop("noai")]
    write_run(
        ((name, {"observed_at": moment} | row) for name, row in later),
        case.observations,
        {"started_at": moment, "finished_at": moment, "cut_short": []},
        case_id=case.case_id,
        run_id="2026-01-02T120000Z",
        source="crawl",
    )
    assert check(case, tmp_path / "old.jsonl").problems == ()


def test_strangers_text_is_shown_and_never_obeyed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    evil = "<script>alert(1)</script>\x1b[31m\u202egpj"
    meta = {"page_url": "https://a.example/", "position": 0, "name": "ev\x1b[31mil", "raw": evil}
    page = {"url": "https://a.example/", "outcome": "fetched", "status": 200, "truncated": False}
    run = [("pages", page), ("metas", meta), hop(evil), site_file(evil.encode())]
    case = made(tmp_path, ("2026-01-01", "crawl", run))
    write_page(case, tmp_path / "l.html")
    text = (tmp_path / "l.html").read_text("utf-8")
    assert "<script" not in text
    assert "\u202e" not in text
    assert "\x1b" not in text
    for option in ([], ["--json"]):
        assert main(["ledger", "--case", str(tmp_path), *option]) == 0
        out = capsys.readouterr().out
        assert "\x1b[31m" not in out
        assert "\u202e" not in out


def test_a_case_without_runs_and_flags_that_do_not_go_together(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    create_case(tmp_path, ["https://a.example/"])
    assert main(["ledger", "--case", str(tmp_path)]) == 1
    assert "no finished run yet" in capsys.readouterr().err
    assert main(["ledger", "--case", str(tmp_path), "--check", "--json"]) == 2


# --- nothing changes unseen ---


def test_a_case_as_it_was_recorded_passes(case: Case, capsys: pytest.CaptureFixture[str]) -> None:
    export(case, case.folder / "l.jsonl")
    assert main(["ledger", "--case", str(case.folder), "--check"]) == 0
    found = check(case, case.folder / "l.jsonl")
    there = [file for run in case.runs() for file in run.iterdir() if file.suffix != ".json"]
    assert (found.files, found.problems, found.unknown) == (len(there), (), ())
    assert found.records > 30


def test_one_changed_byte_of_a_parquet_file_is_named_with_its_rows(
    case: Case, capsys: pytest.CaptureFixture[str]
) -> None:
    file = case.runs()[0] / "hops.parquet"
    at = pq.ParquetFile(file).metadata.row_group(0).column(6)  # hop_url
    flip(file, at.data_page_offset + at.total_compressed_size // 2)
    assert main(["ledger", "--case", str(case.folder), "--check"]) == 1
    told = capsys.readouterr().err
    last = len(pq.read_table(case.runs()[1] / "hops.parquet"))
    assert f"{case.runs()[0].name}/hops.parquet was changed, in rows 0 to" in told
    assert last > 1
    assert "Traceback" not in told


def flip(file: Path, offset: int) -> None:
    data = bytearray(file.read_bytes())
    data[offset] ^= 1
    file.write_bytes(data)


def test_every_byte_of_a_run_counts(case: Case) -> None:
    chance = random.Random(11)
    for name in ("site_files.parquet", "responses.warc.gz", "metas.parquet"):
        file = case.runs()[0] / name
        whole = file.read_bytes()
        for _ in range(8):
            flip(file, chance.randrange(len(whole)))
            problems = check(case).problems
            assert problems[0].startswith(f"{case.runs()[0].name}/{name} was changed"), name
            file.write_bytes(whole)
    assert check(case).problems == ()


def test_a_row_rewritten_with_other_words_is_named(case: Case) -> None:
    export(case, case.folder / "l.jsonl")
    run = case.runs()[1]
    table = pq.read_table(run / "hops.parquet")
    changed = [
        row
        | {"headers": [h | {"value": h["value"].replace("noai", "all")} for h in row["headers"]]}
        for row in table.to_pylist()
    ]
    hit = [n for n, row in enumerate(table.to_pylist()) if row != changed[n]]
    pq.write_table(pa.Table.from_pylist(changed, schema=table.schema), run / "hops.parquet")
    problems = check(case, case.folder / "l.jsonl").problems
    assert problems[0] == f"{run.name}/hops.parquet was changed"
    assert len(hit) == 2
    for row in hit:
        assert any(f"{run.name}/hops.parquet, row {row} does not" in p for p in problems), problems


def test_bytes_of_a_robots_txt_that_do_not_give_their_hash_are_named(case: Case) -> None:
    run = case.runs()[0]
    table = pq.read_table(run / "site_files.parquet")
    changed = [row | {"body": row["body"].replace(b"GPT", b"BAD")} for row in table.to_pylist()]
    pq.write_table(pa.Table.from_pylist(changed, schema=table.schema), run / "site_files.parquet")
    problems = check(case).problems
    assert any(f"{run.name}/site_files.parquet, row 0: the bytes of" in p for p in problems)


def test_a_changed_summary_is_found_by_the_run_after_it(case: Case) -> None:
    first, second = case.runs()[:2]
    path = first / "summary.json"
    path.write_text(path.read_text().replace('"pages_read": 1', '"pages_read": 2'))
    expected = f"{first.name}/summary.json was changed after {second.name} was closed"
    assert check(case).problems == (expected,)


def test_files_that_came_or_went(case: Case) -> None:
    run = case.runs()[0]
    (run / "metas.parquet").rename(run / "more.parquet")
    problems = check(case).problems
    assert f"{run.name}/metas.parquet is missing" in problems
    assert f"{run.name}/more.parquet was not there when the run was closed" in problems


def test_a_run_from_before_hashes_were_kept_is_unknown(case: Case) -> None:
    run = case.runs()[-1]
    summary = json.loads((run / "summary.json").read_text())
    summary.pop("files")
    (run / "summary.json").write_text(json.dumps(summary))
    found = check(case)
    assert found.problems == ()
    assert found.unknown == (f"{run.name}: it was closed before hashes of files were kept",)


def test_a_run_taken_out_is_missed_by_the_export(case: Case) -> None:
    export(case, case.folder / "l.jsonl")
    gone = case.runs()[1]
    shutil.rmtree(gone)
    found = check(case, case.folder / "l.jsonl")
    assert any(p.startswith(f"{gone.name}, which l.jsonl was made from") for p in found.problems)
    assert any("follows it, and it is not in the case" in text for text in found.unknown)


@settings(max_examples=120, deadline=None)
@given(st.data())
def test_every_byte_of_an_export_counts(small: Path, data: st.DataObject) -> None:
    whole = small.read_bytes()
    at = data.draw(st.integers(0, len(whole) - 1))
    other = data.draw(st.integers(0, 255).filter(lambda byte: byte != whole[at]))
    changed = small.with_name("changed.jsonl")
    changed.write_bytes(whole[:at] + bytes([other]) + whole[at + 1 :])
    number = whole[:at].count(b"\n") + 1
    try:
        problems = read_export(changed).problems
    except CaseError:
        assert number == 1
    else:
        assert any(f"line {number} of" in problem for problem in problems), problems


def test_a_byte_that_no_reader_shows_counts_too(small: Path) -> None:
    changed = small.with_name("changed.jsonl")
    changed.write_bytes(small.read_bytes().replace(b"/*?a", b"/*\xffa"))
    assert read_export(changed).problems


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("small")
    case = made(
        folder,
        ("2026-01-01", "crawl", [hop("noai"), site_file(b"User-Agent: *\nDisallow: /*?a\n")]),
        ("2026-01-02", "crawl", [hop(None)]),
    )
    export(case, folder / "l.jsonl")
    assert read_export(folder / "l.jsonl").problems == []
    return folder / "l.jsonl"


def test_lines_taken_out_or_swapped_are_found(small: Path) -> None:
    lines = small.read_bytes().splitlines(keepends=True)
    other = small.with_name("other.jsonl")
    for kept in (lines[:-1], [*lines[:2], *lines[3:]], [lines[0], lines[2], lines[1], *lines[3:]]):
        other.write_bytes(b"".join(kept))
        assert read_export(other).problems
    other.write_bytes(small.read_bytes()[:-1])
    assert read_export(other).problems


@pytest.mark.parametrize("content", [b"", b"\n", b"{}\n", b"[" * 9999, b"\xff" * 99, b"null\n"])
def test_what_is_no_ledger_is_said_to_be_none(
    small: Path, content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    other = small.with_name("none.jsonl")
    other.write_bytes(content)
    assert main(["ledger", "--case", str(small.parent), "--check", str(other)]) == 1
    assert "is no exported ledger" in capsys.readouterr().err


def test_records_of_odd_shapes_in_an_export_are_differences(small: Path) -> None:
    """Somebody else's file with right hashes and wrong contents."""
    from optout.ledger.export import chained

    records = [json.loads(line) for line in small.read_text().splitlines()]
    records[1]["seen"] = [{"at": 5, "file": ["x"], "rows": "no"}, 7, {"at": None}]
    records[1]["sha256"] = {"a": 1}
    previous, text = "", ""
    for record in records:
        record.pop("hash")
        body = json.dumps(record, separators=(",", ":"))
        previous = chained(previous, body)
        text += f'{body[:-1]},"hash":"{previous}"}}\n'
    other = small.with_name("odd.jsonl")
    other.write_text(text)
    assert len(check(load_case(small.parent), other).problems) == 1


# --- answers as served ---


def test_the_warc_holds_what_was_served(case: Case, crawled: tuple[Path, str]) -> None:
    for run, answers in zip(case.runs(), SITE, strict=True):
        found = archived(run / "responses.warc.gz")
        for path, (status, lines, body) in answers.items():
            record = found[crawled[1] + path]
            assert (record["status"], record["body"]) == (status, body), path
            for name, value in lines:
                assert (name.lower(), value) in record["lines"], path
            assert record["asked"].startswith("optout/")
        assert answers or {one["status"] for one in found.values()} == {503}


def archived(path: Path) -> dict[str, dict[str, Any]]:
    """Address → the last exchange with it; every record's digests are checked."""
    found: dict[str, dict[str, Any]] = {}
    with path.open("rb") as file:
        for record in ArchiveIterator(file, check_digests="raise"):
            url = record.rec_headers.get_header("WARC-Target-URI")
            if record.rec_type == "response":
                lines = [(n.lower(), v) for n, v in record.http_headers.headers]
                found[url] = {
                    "status": int(record.http_headers.get_statuscode()),
                    "lines": lines,
                    "body": record.raw_stream.read(),
                    "cut": record.rec_headers.get_header("WARC-Truncated"),
                    "id": record.rec_headers.get_header("WARC-Record-ID"),
                }
            elif record.rec_type == "request":
                assert found[url]["id"] == record.rec_headers.get_header("WARC-Concurrent-To")
                found[url]["asked"] = record.http_headers.get_header("User-Agent")
    return found


def test_bodies_are_kept_as_encoded_and_cut_at_the_limits(tmp_path: Path) -> None:
    import gzip

    packed = gzip.compress(html('<img src="/big.gif"><a href="/pic">x</a>')[2], mtime=0)

    def site(path: str, handler: BaseHTTPRequestHandler) -> Page | None:
        if path == "/":
            lines = [("Content-Type", "text/html"), ("Content-Encoding", "gzip"), ("X-A", "\xe9")]
            return 200, lines, packed
        if path == "/pic":
            return 200, [("Content-Type", "image/gif")], GIF * 9000
        if path == "/big.gif":
            # More than is read of an image, and not a byte of it comes.
            head = f"HTTP/1.1 200 OK\r\nContent-Type: image/gif\r\nContent-Length: {2**27}\r\n\r\n"
            handler.wfile.write(head.encode())
            return None
        return 404, [], b""

    with serving(site) as base:
        done = optout("crawl", base, "--case", "c", "--warc", *ONE_BY_ONE, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    found = archived(next(tmp_path.glob("c/observations/run=*/responses.warc.gz")))
    assert found[f"{base}/"]["body"] == packed
    assert ("content-encoding", "gzip") in found[f"{base}/"]["lines"]
    assert any(name == "x-a" for name, _ in found[f"{base}/"]["lines"])
    assert found[f"{base}/big.gif"]["cut"] == "length"
    assert found[f"{base}/pic"]["body"] == GIF * 9000
    assert rows(tmp_path / "c", "pages")[0]["title"] == "T"


def test_no_warc_is_written_unless_asked_for(tmp_path: Path) -> None:
    with serving(lambda path, _: html("") if path == "/" else (404, [], b"")) as base:
        assert optout("crawl", base, "--case", "c", *ONE_BY_ONE, cwd=tmp_path).returncode == 0
    assert not list(tmp_path.rglob("*.warc.gz"))


def test_a_killed_crawl_leaves_a_readable_warc_and_goes_on(tmp_path: Path) -> None:
    served: set[str] = set()
    lock = threading.Lock()

    def site(path: str, _: BaseHTTPRequestHandler) -> Page:
        time.sleep(0.004)
        with lock:
            served.add(path)
        if path == "/":
            return html("".join(f'<img src="/i/{n}.gif">' for n in range(250)))
        if path.startswith("/i/"):
            body = GIF + random.Random(path).randbytes(20_000)
            return 200, [("Content-Type", "image/gif")], body
        return 404, [], b""

    with serving(site) as base:
        command = [sys.executable, "-m", "optout", "crawl", base, "--case", "c", "--warc", *FAST]
        command += ["--render", "never"]
        for _ in range(3):
            before = sum(f.stat().st_size for f in tmp_path.glob("c/observations/.run=*/*.warc.gz"))
            process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.DEVNULL)
            while process.poll() is None and before + 200_000 > sum(
                f.stat().st_size for f in tmp_path.glob("c/observations/.run=*/*.warc.gz")
            ):
                time.sleep(0.01)
            assert process.poll() is None, "the crawl was over before it was killed"
            process.kill()
            process.wait()
            file = next(tmp_path.glob("c/observations/.run=*/responses.warc.gz"))
            with file.open("ab") as torn:
                torn.write(b"\x1f\x8b\x08\x00half a member")
        end = optout(*command[3:], cwd=tmp_path)
    assert end.returncode == 0, end.stderr
    run = next(tmp_path.glob("c/observations/run=*"))
    found = archived(run / "responses.warc.gz")
    assert {url.removeprefix(base) for url in found} == served
    for row in rows(tmp_path / "c", "images"):
        assert hashlib.sha256(found[row["image_url"]]["body"]).hexdigest() == row["sha256"]
    assert check(load_case(tmp_path / "c")).problems == ()


def test_a_torn_archive_is_cut_after_its_last_whole_member(tmp_path: Path) -> None:
    import gzip

    from crawler.warc import mend

    members = [gzip.compress(os.urandom(n) + b"\0" * 500_000) for n in (10, 100_000, 3)]
    path = tmp_path / "x.warc.gz"
    for end in range(0, len(members[2]), 97):
        path.write_bytes(members[0] + members[1] + members[2][:end])
        mend(path)
        assert path.read_bytes() == members[0] + members[1]
    path.write_bytes(b"".join(members))
    mend(path)
    assert path.read_bytes() == b"".join(members)
    path.write_bytes(b"no gzip at all")
    mend(path)
    assert path.read_bytes() == b""


def test_a_full_disk_leaves_the_archive_whole(tmp_path: Path) -> None:
    script = """
import resource, sys
from pathlib import Path
from scrapy.http import Request, Response
from crawler.warc import Archive
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
archive = Archive(Path(sys.argv[1]))
for number in range(9):
    request = Request(f"https://a.example/{number}")
    body = __import__("random").Random(number).randbytes(30_000)
    try:
        archive.add(request, Response(request.url, body=body))
    except OSError as error:
        print(number, error.errno)
"""
    path = tmp_path / "x.warc.gz"
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True
    )
    failed = [int(line.split()[0]) for line in done.stdout.splitlines()]
    assert failed == list(range(failed[0], 9))
    assert [url[-1] for url in archived(path)] == [str(n) for n in range(failed[0])]


def test_the_guide_names_what_there_is() -> None:
    guide = (Path(__file__).parents[1] / "docs/guides/ledger.md").read_text("utf-8")
    for key in ("place", "signal", "state", "sha256", "changed_from", "seen", "hash"):
        assert re.search(rf"`{key}`", guide), key

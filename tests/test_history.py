"""The past: an archive served on loopback, its index, its records, and what becomes of them."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import zlib
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.http_date import asked_wait
from crawler.policy import MAX_PAGE_BYTES
from optout.case import Case, DeclaredHost, create_case, load_case
from optout.cli import main
from optout.database import dictionaries, open_case, relation
from optout.errors import CaseError, CrawlError, FetchError
from optout.history import HistoryOptions, HistoryResult, archive_for, known_archive, read_history
from optout.history.captures import PAGE, ROBOTS, Capture, capture_of
from optout.history.host import TRIES
from optout.history.index import MOST_LINES, chosen, lines
from optout.history.place import Place, places
from optout.history.plan import plan, within
from optout.history.record import RecordError, read_record
from optout.history.state import folder_of
from optout.history.then import Past
from optout.readers.site import reader_summary, robots_rows
from tests.archive import HTML, PLAIN, Answer, Archive, digest, record
from tests.conftest import Respond
from tests.harness import FAST, html, optout, rows, serving

Serve = Callable[[Respond], str]

OLD = "http://mira.example"
NOW = "CC-MAIN-2026-10"
HERON, FOX = f"{OLD}/art/heron.jpg", "http://images.elsewhere.example/m/fox-in-snow.jpg"
MARKUP = f'<img src="{HERON}" alt="Heron over the marsh"><img src="{FOX}" alt="Fox in snow, oil">'
FAST_OPTIONS = HistoryOptions(pause=0, sleep=lambda seconds: None)


@pytest.fixture
def archive() -> Archive:
    kept = Archive()
    kept.robots("CC-MAIN-2016-07", f"{OLD}/robots.txt", "20160201101100", "User-agent: *\nAllow: /")
    kept.page("CC-MAIN-2016-07", f"{OLD}/", "20160201101112", MARKUP)
    kept.page("CC-MAIN-2017-04", f"{OLD}/", "20170201101112", MARKUP)
    text = "User-agent: CCBot\nDisallow: /"
    kept.robots("CC-MAIN-2019-04", f"{OLD}/robots.txt", "20190101000000", text)
    kept.page("CC-MAIN-2019-04", f"{OLD}/about", "20190101000001", "<p>nothing</p>")
    return kept


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return create_case(tmp_path / "case", [f"{OLD}/"], created=date(2026, 11, 21))


def read(
    case: Case, base: str, *sites: str, options: HistoryOptions = FAST_OPTIONS
) -> HistoryResult:
    return read_history(case, sites, archive_for(case, index=base, data=base), options)


def become(options: HistoryOptions = FAST_OPTIONS, **fields: Any) -> HistoryOptions:
    from dataclasses import replace

    return replace(options, **fields)


# --- what is recorded ---


def test_captures_become_observations(archive: Archive, case: Case, serve: Serve) -> None:
    base = serve(archive.answer)
    result = read(case, base)
    assert result.run
    pages = rows(case.folder, "pages")
    assert {(p["url"], p["observed_at"].year, p["outcome"]) for p in pages} == {
        (f"{OLD}/", 2016, "fetched"),
        (f"{OLD}/", 2017, "listed"),  # the same bytes: fetched once
        (f"{OLD}/about", 2019, "fetched"),
    }
    assert {row["source"] for row in pages} == {"capture"}
    first = next(p for p in pages if p["observed_at"].year == 2016)
    assert first["found_on"].startswith(f"{base}/crawl-data/CC-MAIN-2016-07/")
    assert first["found_on"].endswith(f"#bytes={archive.entries[1]['offset']}-"
                                      f"{int(archive.entries[1]['length']) - 1}")  # fmt: skip
    same = next(p for p in pages if p["observed_at"].year == 2017)
    assert same["sha256"] == first["sha256"]
    refs = rows(case.folder, "image_refs")
    assert [(r["image_url"], r["alt"], r["observed_at"]) for r in refs] == [
        (HERON, "Heron over the marsh", datetime(2016, 2, 1, 10, 11, 12, tzinfo=UTC)),
        (FOX, "Fox in snow, oil", datetime(2016, 2, 1, 10, 11, 12, tzinfo=UTC)),
    ]
    texts = {row["observed_at"].year: row["body"] for row in rows(case.folder, "site_files")}
    assert texts == {
        2016: b"User-agent: *\nAllow: /",
        2019: b"User-agent: CCBot\nDisallow: /",
    }
    hops = rows(case.folder, "hops")
    assert {hop["address"] for hop in hops} == {"203.0.113.7"}
    assert not rows(case.folder, "images")


def test_every_record_is_asked_for_once_and_never_again(
    archive: Archive, case: Case, serve: Serve
) -> None:
    base = serve(archive.answer)
    read(case, base)
    asked = archive.records_asked()
    assert len(asked) == len(set(asked)) == 4
    again = read(case, base)
    assert again.run is None
    assert again.known == 5
    assert archive.records_asked() == asked
    # The same bytes at a new time need no fetch; a page of other bytes does.
    archive.page("CC-MAIN-2020-05", f"{OLD}/", "20200101000000", MARKUP)
    archive.page("CC-MAIN-2020-05", f"{OLD}/", "20200102000000", "<p>new</p>")
    third = read(case, base)
    assert third.run
    assert len(archive.records_asked()) == 5
    assert [one["outcome"] for one in third.captures] == ["listed", "fetched"]


def test_two_readings_of_the_same_archive_give_the_same_rows(
    archive: Archive, tmp_path: Path, serve: Serve
) -> None:
    base = serve(archive.answer)
    tables = []
    for name in ("a", "b"):
        one = create_case(tmp_path / name, [f"{OLD}/"], created=date(2026, 11, 21))
        read(one, base)
        found = {t: rows(one.folder, t) for t in ("pages", "image_refs", "site_files", "hops")}
        for row in [row for part in found.values() for row in part]:
            row.pop("run_id")
        tables.append(found)
    assert tables[0] == tables[1]


def test_only_the_servers_named_are_asked(archive: Archive, case: Case, serve: Serve) -> None:
    """The list of crawls names another server, which is of no interest."""
    base = serve(archive.answer)
    read(case, base)
    assert archive.asked[0] == "/collinfo.json"
    assert any("showNumPages=true" in one for one in archive.asked)
    assert all(one.startswith(("/collinfo", "/CC-MAIN-", "/crawl-data/")) for one in archive.asked)


def test_the_crawls_asked(archive: Archive, case: Case, serve: Serve) -> None:
    archive.page(NOW, f"{OLD}/", "20260301000000", "<p>new</p>")
    archive.page("CC-MAIN-2024-10", f"{OLD}/", "20240301000000", "<p>2024</p>")
    archive.page("CC-MAIN-2012", f"{OLD}/", "20120301000000", "<p>2012</p>")
    base = serve(archive.answer)

    def crawls(**options: Any) -> list[str]:
        asked: list[str] = read(case, base, options=become(**options)).summary["crawls"]
        return asked

    assert crawls() == ["CC-MAIN-2016-07", "CC-MAIN-2017-04", "CC-MAIN-2019-04", NOW]
    assert crawls(first="2024") == ["CC-MAIN-2024-10", NOW]
    assert crawls(last="2016") == ["CC-MAIN-2016-07"]
    assert crawls(first="2010", last="2013") == ["CC-MAIN-2012"]
    assert crawls(crawls=("CC-MAIN-2024-10",)) == ["CC-MAIN-2024-10"]
    with pytest.raises(FetchError, match="no crawl from 1999 to 2000"):
        crawls(first="1999", last="2000")


def test_a_page_of_many_versions_is_taken_at_even_distances(
    archive: Archive, case: Case, serve: Serve
) -> None:
    for month in range(1, 13):
        stamp = f"2018{month:02}01000000"
        archive.page("CC-MAIN-2018-05", f"{OLD}/blog", stamp, f"<p>{month}</p>")
    result = read(case, serve(archive.answer), options=become(versions=3))
    months = sorted(
        one["captured_at"][5:7] for one in result.captures if one["url"].endswith("/blog")
    )
    assert months == ["01", "07", "12"]
    (cut,) = result.summary["cut_short"]
    assert (cut["reason"], cut["count"]) == ("left out, more than 3 versions of a page", 9)


def test_a_budget_takes_robots_txt_and_every_page_first(
    archive: Archive, case: Case, serve: Serve
) -> None:
    result = read(case, serve(archive.answer), options=become(most=3))
    assert [(one["kind"], one["outcome"]) for one in result.captures] == [
        (ROBOTS, "fetched"), (ROBOTS, "fetched"), (PAGE, "fetched"), (PAGE, "listed"),
    ]  # fmt: skip
    assert result.summary["cut_short"][0]["count"] == 1
    rest = read(case, serve(archive.answer), options=become(most=3))
    assert [one["url"] for one in rest.captures] == [f"{OLD}/about"]


def test_the_same_bytes_at_another_address_are_read_there_too(
    archive: Archive, case: Case, serve: Serve
) -> None:
    """Relative addresses lie elsewhere."""
    for path in ("/a/", "/b/"):
        archive.page("CC-MAIN-2018-05", f"{OLD}{path}", "20180101000000", '<img src="x.jpg">')
    read(case, serve(archive.answer))
    found = {row["image_url"] for row in rows(case.folder, "image_refs")}
    assert {f"{OLD}/a/x.jpg", f"{OLD}/b/x.jpg"} <= found
    assert len(archive.records_asked()) == 5
    # Headers were seen at one of the two alone.
    assert [h["url"] for h in rows(case.folder, "hops") if "/a/" in h["url"] or "/b/" in h["url"]
            ] == [f"{OLD}/a/"]  # fmt: skip


# --- the bridge in time ---


def test_lost_addresses_are_recognised_only_after_history(tmp_path: Path) -> None:
    """A redesign that shares no address with the old site, whose captures are in the archive."""
    kept = Archive()

    def site(path: str, handler: Any) -> Any:
        if path == "/robots.txt":
            return 200, [("Content-Type", "text/plain")], b"User-agent: CCBot\nDisallow: /\n"
        return html("<p>all new</p>") if path == "/" else (404, [], b"")

    with (
        serving(site) as new,
        serving(lambda path, h: kept.answer("GET", path, dict(h.headers))) as base,
    ):
        old = f"{new}/2014/heron-at-dawn.jpg"
        markup = (
            f'<img src="{old}" alt="Heron at dawn, egg tempera"><img src="{FOX}" alt="Fox in snow">'
        )
        kept.robots("CC-MAIN-2016-07", f"{new}/robots.txt", "20160201000000", "User-agent: *\n")
        kept.page("CC-MAIN-2016-07", f"{new}/gallery.html", "20160201000001", markup)
        kept.page("CC-MAIN-2018-05", f"{new}/gallery.html", "20180201000001", markup)
        listed = [
            {"url": FOX, "caption": "Fox in snow"},
            {"url": "http://images.elsewhere.example/m/other.jpg", "caption": "someone else's"},
        ]
        pq.write_table(pa.Table.from_pylist(listed), tmp_path / "rows.parquet")
        crawled = optout("crawl", new, *FAST, cwd=tmp_path)
        assert crawled.returncode == 0, crawled.stderr
        before = optout("match", "--dataset", "rows.parquet", "--json", cwd=tmp_path)
        assert (before.returncode, before.stdout) == (0, "")
        signals_before = optout("show", "signals", "--json", cwd=tmp_path).stdout

        done = optout("history", new, "--index", base, "--data", base, "--delay", "0", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert "image addresses: 2, of them 2 that nothing else in this case names" in done.stdout
        assert "optout match" in done.stderr
        after = optout("match", "--dataset", "rows.parquet", "--json", cwd=tmp_path)
    (found,) = map(json.loads, after.stdout.splitlines())
    assert (found["url"], found["strength"]) == (FOX, "same_address")
    assert found["page_url"] is None  # no page of today shows it
    assert "looked for as well: 2 images that only archived pages show" in after.stderr

    shown = optout("show", "matches", cwd=tmp_path).stdout
    assert f"a capture of 2016-02-01 shows this tag: img src={FOX} on {new}/gallery.html" in shown
    assert "a capture of 2018-02-01 shows this tag" in shown
    assert "CCBot then: allowed by robots.txt as captured 2016-02-01" in shown
    captures = [
        json.loads(line)
        for line in optout("show", "captures", "--json", cwd=tmp_path).stdout.splitlines()
    ]
    assert [(one["captured_at"][:4], one["page_outcome"], one["robots_then"]) for one in captures] \
        == [("2016", "fetched", "allowed"), ("2018", "listed", "allowed")]  # fmt: skip
    assert {one["match_id"] for one in captures} == {found["match_id"]}

    # Today's signals are those of today's crawl: the archive changes nothing about them.
    assert optout("show", "signals", "--json", cwd=tmp_path).stdout == signals_before
    assert optout("report", cwd=tmp_path).returncode == 0
    page = (tmp_path / "optout-case" / "report.html").read_text("utf-8")
    assert "What archived pages show" in page
    assert "it does not say where the row came from" in page
    assert found["match_id"] in page
    assert not rows(tmp_path / "optout-case", "images") or all(
        row["source"] == "crawl" for row in rows(tmp_path / "optout-case", "images")
    )


def test_captures_give_no_verdict_of_today(archive: Archive, case: Case, serve: Serve) -> None:
    read(case, serve(archive.answer))
    with open_case(case) as connection:
        for name in ("pages", "image_refs", "metas", "hops", "site_files"):
            assert not connection.sql(f"SELECT * FROM current_{name}").fetchall()
        for query in ("robots_files", "report_sites", "image_answers"):
            assert not dictionaries(relation(connection, query))
        assert not dictionaries(relation(connection, "signals", all_runs=True))
        assert not dictionaries(relation(connection, "request_signals"))
        assert not reader_summary(connection)
        assert not list(robots_rows(connection))
    assert case.as_of() == datetime(2026, 11, 21, tzinfo=UTC)


def test_robots_txt_is_that_of_then(archive: Archive, case: Case, serve: Serve) -> None:
    archive.robots("CC-MAIN-2020-05", f"{OLD}/robots.txt", "20200101000000", "gone", status=404)
    archive.robots("CC-MAIN-2021-04", f"{OLD}/robots.txt", "20210101000000", "moved", status=301)
    archive.robots("CC-MAIN-2022-05", f"{OLD}/robots.txt", "20220101000000", "down", status=503)
    read(case, serve(archive.answer))
    with open_case(case) as connection:
        past = Past(connection, known_archive().reader)

    def said(day: str, url: str = f"{OLD}/x") -> tuple[str, int | None]:
        then = past.at(url, datetime.fromisoformat(f"{day}T00:00:00+00:00"))
        return then.verdict, then.captured_at.year if then.captured_at else None

    assert said("2016-01-31") == ("unknown", None)  # nothing is concluded from a later text
    assert said("2016-02-02") == ("allowed", 2016)
    assert said("2018-12-31") == ("allowed", 2016)
    assert said("2019-01-01") == ("disallowed", 2019)
    assert said("2020-06-01") == ("allowed", 2020)  # 404: no rules (RFC 9309, 2.3.1.3)
    assert said("2021-06-01") == ("allowed", 2020)  # a redirect says nothing of where it leads
    assert said("2022-06-01") == ("disallowed", 2022)  # 503: all is forbidden (2.3.1.4)
    assert said("2019-01-01", "https://mira.example/") == ("unknown", None)
    line = past.at(f"{OLD}/x", datetime(2019, 6, 1, tzinfo=UTC))
    assert (line.line, line.raw) == (2, "Disallow: /")


# --- stop and go on ---


def test_a_killed_reading_goes_on_where_it_was(archive: Archive, tmp_path: Path) -> None:
    for number in range(20):
        stamp = f"201802010000{number:02}"
        archive.page("CC-MAIN-2018-05", f"{OLD}/p{number}", stamp, f'<img src="{number}.jpg">')
    held = {"at": 12}

    def slow(path: str, handler: Any) -> Any:
        if len(archive.records_asked()) >= held["at"] and "crawl-data" in path:
            time.sleep(60 if held["at"] else 0)
        return archive.answer("GET", path, dict(handler.headers))

    with serving(slow) as base:
        arguments = ["history", OLD, "--index", base, "--data", base, "--delay", "0"]
        child = subprocess.Popen(
            [sys.executable, "-m", "optout", *arguments],
            cwd=tmp_path,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        deadline = time.monotonic() + 60
        while len(archive.records_asked()) < held["at"] and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(0.3)
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        before = list(archive.asked)
        held["at"] = 10_000
        done = optout(*arguments, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "going on with the reading begun" in done.stderr
    after = archive.asked[len(before) :]
    assert [one for one in after if "-index?" in one] == []  # the index is not asked again
    records = archive.records_asked()
    assert len(records) - len(set(records)) <= 1  # but for the one under way
    folder = tmp_path / "optout-case"
    assert len(rows(folder, "image_refs")) == 20 + 2
    assert len(list((folder / "observations").glob("run=*"))) == 1
    assert not folder_of(load_case(folder)).exists()


def test_a_kill_between_the_run_and_the_clearing_repeats_nothing(
    archive: Archive, case: Case, serve: Serve, tmp_path: Path
) -> None:
    base = serve(archive.answer)

    def stop(text: str) -> None:
        if text.startswith("read "):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        read(case, base, options=become(tell=stop))
    shutil.copytree(folder_of(case), tmp_path / "kept")
    assert read(case, base).run
    shutil.copytree(tmp_path / "kept", folder_of(case))
    assert read(case, base).run is None
    assert len(case.runs()) == 1
    assert len(archive.records_asked()) == 4


def test_a_torn_journal_costs_one_record(archive: Archive, case: Case, serve: Serve) -> None:
    base = serve(archive.answer)

    def stop(text: str) -> None:
        if text.startswith("read "):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        read(case, base, options=become(tell=stop))
    journal = folder_of(case) / "journal.jsonl"
    journal.write_bytes(journal.read_bytes()[:-20])
    result = read(case, base)
    assert len(result.captures) == 5
    assert len(archive.records_asked()) == 5


def test_two_readings_of_a_case_at_once(archive: Archive, case: Case, serve: Serve) -> None:
    from crawler.journal import alone

    base = serve(archive.answer)
    with (
        alone(case.observations / ".captures"),
        pytest.raises(CrawlError, match="another reading"),
    ):
        read(case, base)


# --- servers that ask for patience, or misbehave ---


@pytest.mark.parametrize("status", [403, 429, 503])
def test_a_busy_server_is_asked_again(
    archive: Archive, case: Case, serve: Serve, status: int
) -> None:
    refused: set[str] = set()
    waited: list[float] = []

    def busy(method: str, path: str, headers: dict[str, str]) -> Answer:
        if path not in refused:
            refused.add(path)
            return status, [("Retry-After", "7")] if "index" in path else [], b"slow down"
        return archive.answer(method, path, headers)

    result = read(case, serve(busy), options=become(sleep=waited.append))
    assert len(result.captures) == 5
    assert set(waited) == {7.0, 5.0}


def test_a_server_that_stays_busy_is_left_alone_and_nothing_is_lost(
    archive: Archive, case: Case, serve: Serve
) -> None:
    down = {"now": True}

    def answer(method: str, path: str, headers: dict[str, str]) -> Answer:
        if "crawl-data" in path and down["now"]:
            archive.asked.append(path)
            return 503, [], b""
        return archive.answer(method, path, headers)

    base = serve(answer)
    with pytest.raises(FetchError, match="cannot be asked: it answered 503") as raised:
        read(case, base)
    assert "the same command goes on" in raised.value.hint
    assert len(archive.records_asked()) == TRIES
    down["now"] = False
    asked = len([one for one in archive.asked if "-index?" in one])
    assert read(case, base).run
    assert len([one for one in archive.asked if "-index?" in one]) == asked


def test_a_server_that_asks_for_hours(archive: Archive, case: Case, serve: Serve) -> None:
    base = serve(lambda method, path, headers: (429, [("Retry-After", "7200")], b""))
    with pytest.raises(FetchError, match="left alone for 120 minutes"):
        read(case, base)


def test_an_answer_that_breaks_off_is_asked_for_again(
    archive: Archive, case: Case, serve: Serve
) -> None:
    broken = {"left": 1}

    def answer(method: str, path: str, headers: dict[str, str]) -> Answer:
        status, lines, body = archive.answer(method, path, headers)
        if "page=0" in path and broken["left"]:
            broken["left"] -= 1
            return status, [*lines, ("Content-Length", str(len(body) + 9)),
                            ("Connection", "close")], body  # fmt: skip
        return status, lines, body

    with serving(lambda p, h: cut(answer("GET", p, dict(h.headers)), h)) as base:
        assert len(read(case, base).captures) == 5


def cut(answer: Answer, handler: Any) -> Any:
    """Write an answer whose length is a lie, and hang up."""
    status, lines, body = answer
    if not any(name == "Content-Length" for name, _ in lines):
        return answer
    handler.send_response(status)
    for name, value in lines:
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(body)
    handler.close_connection = True
    return None


def test_a_redirect_leads_nowhere(archive: Archive, case: Case, serve: Serve) -> None:
    reached: list[str] = []
    other = serve(lambda method, path, headers: (reached.append(path), (200, [], b"[]"))[1])
    base = serve(lambda method, path, headers: (302, [("Location", other)], b""))
    with pytest.raises(FetchError, match="sends us elsewhere") as raised:
        read(case, base)
    assert "--index" in raised.value.hint
    assert not reached


def test_no_network(tmp_path: Path) -> None:
    gone = "http://127.0.0.1:9"
    done = optout("history", OLD, "--index", gone, "--data", gone, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stdout == ""
    assert "optout: 127.0.0.1:9 cannot be asked: the connection is refused" in done.stderr
    assert "hint: try again later; check the network" in done.stderr
    assert "Traceback" not in done.stderr


def test_no_captures(archive: Archive, tmp_path: Path, serve: Serve) -> None:
    base = serve(archive.answer)
    done = optout("history", "unseen.example", "--index", base, "--data", base, "--delay", "0",
                  cwd=tmp_path)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout == "no capture of https://unseen.example/ in the 3 crawls asked\n"
    assert "that says nothing about the data sets" in done.stderr
    assert not list((tmp_path / "optout-case" / "observations").glob("run=*"))


def test_an_index_without_such_a_crawl(archive: Archive, case: Case, serve: Serve) -> None:
    def answer(method: str, path: str, headers: dict[str, str]) -> Answer:
        if path.startswith("/CC-MAIN-1999-01"):
            return 404, [], b"<html>not found</html>"
        return archive.answer(method, path, headers)

    result = read(case, serve(answer), options=become(crawls=("CC-MAIN-1999-01",)))
    assert result.summary["crawls_absent"] == ["CC-MAIN-1999-01"]
    assert result.run is None


@pytest.mark.parametrize("body", [b"", b"<html>", b"[1]", b'{"id": 3}', b"[" * 100_000])
def test_no_list_of_crawls(case: Case, serve: Serve, body: bytes) -> None:
    with pytest.raises(FetchError, match="no list of crawls") as raised:
        read(case, serve(lambda method, path, headers: (200, [], body)))
    assert "--crawl" in raised.value.hint


# --- hostile indexes ---


def entry(**fields: Any) -> dict[str, Any]:
    return {
        "url": f"{OLD}/",
        "timestamp": "20160201101112",
        "mime": "text/html",
        "status": "200",
        "digest": "A" * 32,
        "filename": "crawl-data/x.warc.gz",
        "offset": "0",
        "length": "100",
    } | fields


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "http://evil.example/"},
        {"url": "file:///etc/passwd"},
        {"url": None},
        {"timestamp": "20160231000000"},
        {"timestamp": "2016"},
        {"timestamp": "２０１６０２０１１０１１１２"},
        {"filename": "../secret.warc.gz"},
        {"filename": "/etc/passwd"},
        {"filename": "a/../../b.warc.gz"},
        {"filename": "http://evil.example/x.warc.gz"},
        {"filename": "x.warc.gz?y"},
        {"filename": "x.warc.gz\r\nHost: evil.example"},
        {"filename": "@evil.example/x.warc.gz"},
        {"offset": "-5"},
        {"offset": "1e9"},
        {"offset": True},
        {"length": "0"},
        {"length": "99999999999"},
        {"length": "1,2"},
        {"status": "404"},
        {"mime": "image/png"},
        {"filename": "x" * 10_000 + ".warc.gz"},
    ],
)
def test_what_no_index_should_say(wrong: dict[str, Any]) -> None:
    ours = Place(f"{OLD}/").holds
    assert capture_of(entry(), PAGE, "c", ours)
    assert capture_of(entry(**wrong), PAGE, "c", ours) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(sorted(entry())), JSON))
def test_any_line_is_a_capture_or_none(fields: dict[str, Any]) -> None:
    found = capture_of(entry(**fields), PAGE, "c", Place(f"{OLD}/").holds)
    assert found is None or 0 < found.length <= 32 * 2**20


@given(st.lists(st.binary(max_size=30)))
def test_lines_come_out_however_the_chunks_are_cut(chunks: list[bytes]) -> None:
    whole = b"".join(chunks)
    expected = whole.split(b"\n")
    if not expected[-1].strip():
        expected.pop()
    assert list(lines(chunks)) == expected


def test_an_endless_index_is_read_up_to_a_limit(case: Case) -> None:
    """Streamed: neither a line nor an answer without end is held."""
    sent = {"bytes": 0}

    def endless(path: str, handler: Any) -> Any:
        if "collinfo" in path:
            return 200, [], b'[{"id": "CC-MAIN-2016-07"}]'
        if "showNumPages" in path:
            return 200, [], b"1"
        handler.send_response(200)
        handler.end_headers()
        block = b"\n".join([b"{}"] * 5000) + b"\n"
        try:
            handler.wfile.write(b"x" * 5_000_000 + b"\n")
            while sent["bytes"] < 2 * 10**8:
                handler.wfile.write(block)
                sent["bytes"] += len(block)
        except OSError:
            pass
        handler.close_connection = True
        return None

    with serving(endless) as base:
        result = read(case, base)
    assert result.summary["odd_lines"] == 2 * MOST_LINES
    assert "longer than is read" in result.summary["cut_short"][0]["reason"]
    assert sent["bytes"] < 10**8


def test_an_index_that_counts_without_end(
    archive: Archive, case: Case, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("optout.history.index._MOST_PAGES", 20)

    def answer(method: str, path: str, headers: dict[str, str]) -> Answer:
        if "showNumPages" in path:
            return 200, [], b'{"pages": 1e300}' if "prefix" in path else b'{"pages": 900000000}'
        return archive.answer(method, path, headers)

    result = read(case, serve(answer), options=become(crawls=("CC-MAIN-2016-07",)))
    assert len(result.captures) == 2
    assert len(archive.asked) < 50


# --- hostile records ---

STAMP = "20160201101112"


def capture(packed: bytes, body: bytes = b"", **fields: Any) -> Capture:
    found = {
        "kind": PAGE,
        "crawl": "c",
        "url": f"{OLD}/",
        "timestamp": STAMP,
        "status": 200,
        "digest": digest(body),
        "filename": "x.warc.gz",
        "offset": 0,
        "length": len(packed),
    } | fields
    return Capture(**found)


def test_a_record_and_its_digest() -> None:
    body = b"<p>x</p>"
    packed = record(f"{OLD}/", STAMP, body)
    kept, same = read_record(packed, capture(packed, body), "here")
    assert (kept.body, kept.status, kept.truncated, same) == (body, 200, False, True)
    _, same = read_record(packed, capture(packed, b"other"), "here")
    assert not same


@pytest.mark.parametrize(
    ("packed", "words"),
    [
        (b"", "cut short"),
        (b"not gzip at all", "not gzip"),
        (gzip.compress(b""), "no WARC record"),
        (gzip.compress(b"\x00" * 1000), "no WARC record"),
        (gzip.compress(b"WARC/1.0\r\n\r\n"), "no response"),
        (gzip.compress(b"WARC/1.0\r\nWARC-Type: response\r\nContent-Length: x\r\n\r\n"), "no"),
        (record(f"{OLD}/", STAMP, b"x" * 5000)[:-30], "cut short"),
        (record("http://evil.example/", STAMP, b"x"), "another address"),
        (record(f"{OLD}/", "20190101000000", b"x"), "another time"),
        (record(f"{OLD}/", STAMP, b"x", warc={"WARC-Date": "yesterday"}), "no readable time"),
        (record(f"{OLD}/", STAMP, b"x", status="OK"), "no HTTP status"),
        (record(f"{OLD}/", STAMP, b"x", status="999 OK"), "no HTTP status"),
    ],
    ids=range(12),
)
def test_a_record_that_cannot_be_used(packed: bytes, words: str) -> None:
    with pytest.raises(RecordError, match=words):
        read_record(packed, capture(packed), "here")


def test_a_bomb_is_unpacked_no_further_than_a_page_may_be() -> None:
    import tracemalloc

    bomb = record(f"{OLD}/", STAMP, b"<p>" + b"\x00" * 400_000_000)
    assert len(bomb) < 2**20
    tracemalloc.start()
    kept, _ = read_record(bomb, capture(bomb), "here")
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept.truncated
    assert len(kept.body) <= MAX_PAGE_BYTES
    assert most < 8 * MAX_PAGE_BYTES


def test_a_bomb_within_the_body() -> None:
    packed_body = zlib.compress(b"\x00" * 400_000_000)
    headers = (("Content-Type", "text/html"), ("Content-Encoding", "deflate"))
    packed = record(f"{OLD}/", STAMP, packed_body, headers)
    kept, _ = read_record(packed, capture(packed, packed_body), "here")
    assert kept.truncated
    assert len(kept.body) == MAX_PAGE_BYTES


@pytest.mark.parametrize(
    ("headers", "body", "expected"),
    [
        ((("Content-Encoding", "gzip"),), gzip.compress(b"<p>1</p>"), b"<p>1</p>"),
        ((("Content-Encoding", "gzip"),), b"<p>plain</p>", b"<p>plain</p>"),  # as archives keep it
        ((("Content-Encoding", "gzip"),), b"\x1f\x8bbroken", b"\x1f\x8bbroken"),
        ((("Content-Encoding", "br"),), b"<p>2</p>", b"<p>2</p>"),
        ((("Transfer-Encoding", "chunked"),), b"4\r\n<p>3\r\n4\r\n</p>\r\n0\r\n\r\n", b"<p>3</p>"),
        ((("Transfer-Encoding", "chunked"),), b"<p>4</p>", b"<p>4</p>"),
        ((("Content-Length", "99999999"),), b"<p>5</p>", b"<p>5</p>"),
    ],
    ids=range(7),
)
def test_headers_that_lie(
    headers: tuple[tuple[str, str], ...], body: bytes, expected: bytes
) -> None:
    packed = record(f"{OLD}/", STAMP, body, (*HTML, *headers))
    kept, same = read_record(packed, capture(packed, body), "here")
    assert (kept.body, same) == (expected, True)


@given(st.binary(max_size=400), st.integers(0, 300), st.integers(0, 255))
def test_any_bytes_are_a_record_or_a_reason(noise: bytes, at: int, value: int) -> None:
    whole = record(f"{OLD}/", STAMP, b"<p>x</p>")
    unpacked = bytearray(gzip.decompress(whole))
    unpacked[at % len(unpacked)] = value
    for packed in (noise, gzip.compress(noise), gzip.compress(b"WARC/1.0\r\n" + noise),
                   gzip.compress(bytes(unpacked)), whole[:at]):  # fmt: skip
        try:
            kept, _ = read_record(packed, capture(packed), "here")
        except RecordError as error:
            assert str(error)
        else:
            assert 100 <= kept.status <= 599


def test_records_that_cannot_be_had_are_named_and_cost_nothing_else(
    archive: Archive, case: Case, serve: Serve
) -> None:
    def more(path: str, **fields: Any) -> None:
        archive.page("CC-MAIN-2018-05", f"{OLD}/{path}", "20180201000001", path, **fields)

    more("gone", filename="crawl-data/nowhere.warc.gz")
    more("beyond", offset="99999999")
    more("long", length="12345678")
    more("short", length="50")
    other = record("http://evil.example/", "20180201000001", b"x")
    more("other", packed=other)
    more("digest", digest="A" * 32)
    result = read(case, serve(archive.answer))
    reasons = {one["url"].rpartition("/")[2]: one["reason"] for one in result.captures}
    assert reasons["gone"] == "it answered 404 when asked for a part of the file"
    assert reasons["beyond"] == "it answered 416 when asked for a part of the file"
    assert reasons["long"] == "it gave another part of the file than was asked for"
    assert reasons["short"] == "the record is cut short"
    assert reasons["other"] == "the record is of another address than the index says"
    assert reasons["digest"] == "its bytes do not have the digest that the index gives"
    outcomes = {row["url"].rpartition("/")[2]: row["outcome"] for row in rows(case.folder, "pages")}
    assert outcomes["gone"] == outcomes["short"] == "failed"
    assert outcomes["digest"] == "fetched"
    # What failed is tried again by the next reading, what was read is not.
    again = read(case, serve(archive.answer))
    assert {one["url"].rpartition("/")[2] for one in again.captures} == {
        "gone", "beyond", "long", "short", "other",
    }  # fmt: skip


def test_a_data_server_without_ranges(archive: Archive, case: Case, serve: Serve) -> None:
    def answer(method: str, path: str, headers: dict[str, str]) -> Answer:
        return archive.answer(method, path, {})

    result = read(case, serve(answer))
    assert {one["reason"] for one in result.captures} == {
        "it answered 200 when asked for a part of the file"
    }


def test_a_data_server_that_gives_nothing_is_not_asked_for_ever(
    archive: Archive, case: Case, serve: Serve
) -> None:
    for number in range(50):
        stamp = f"201802010000{number:02}"
        archive.page("CC-MAIN-2018-05", f"{OLD}/p{number}", stamp, f"<p>{number}</p>")
    archive.files.clear()
    with pytest.raises(FetchError, match="gave none of the last 20 records"):
        read(case, serve(archive.answer))
    assert len(archive.records_asked()) < 25


@pytest.mark.parametrize(
    ("encoding", "declared"),
    [("utf-8", "utf-8"), ("iso-8859-1", "iso-8859-1"), ("windows-1252", ""), ("utf-16", ""),
     ("shift_jis", "shift_jis"), ("utf-8", "no-such-charset")],
)  # fmt: skip
def test_pages_of_any_charset(
    archive: Archive, case: Case, serve: Serve, encoding: str, declared: str
) -> None:
    alt = "狐の絵" if encoding == "shift_jis" else "Fuchs, Öl"
    markup = f'<html><meta charset="{encoding}"><img src="f.jpg" alt="{alt}"></html>'
    kind = "text/html" + (f"; charset={declared}" if declared else "")
    archive.add("CC-MAIN-2018-05", f"{OLD}/c", "20180101000000", markup.encode(encoding),
                headers=(("Content-Type", kind),))  # fmt: skip
    read(case, serve(archive.answer))
    alts = {row["alt"] for row in rows(case.folder, "image_refs") if row["page_url"] == f"{OLD}/c"}
    assert alts == {alt}


def test_archived_text_is_harmless_where_it_is_shown(
    archive: Archive, case: Case, serve: Serve, tmp_path: Path
) -> None:
    nasty = "http://images.elsewhere.example/x.jpg"
    alt = '"><script>alert(1)</script>\x1b[2J=HYPERLINK("x")'
    archive.page("CC-MAIN-2018-05", f"{OLD}/n?<b>", "20180101000000",
                 f"<img src='{nasty}' alt='{alt}'>")  # fmt: skip
    archive.robots("CC-MAIN-2018-05", f"{OLD}/robots.txt", "20180101000000",
                   "User-agent: CCBot\nDisallow: /<script>\x1b[2J\u202e")  # fmt: skip
    read(case, serve(archive.answer))
    pq.write_table(pa.Table.from_pylist([{"url": nasty, "caption": "c"}]), tmp_path / "d.parquet")
    folder = str(case.folder)
    assert main(["match", "--case", folder, "--dataset", str(tmp_path / "d.parquet")]) == 0
    assert main(["report", "--case", folder]) == 0
    assert "<script>" not in case.report.read_text("utf-8")
    for arguments in (["show", "matches"], ["show", "captures"], ["show", "captures", "--csv"]):
        done = optout(*arguments, "--case", folder, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert "\x1b" not in done.stdout
        assert "2018-01-01" in done.stdout


# --- the columnar index ---


def test_robots_txt_from_the_columnar_index(archive: Archive, case: Case, serve: Serve) -> None:
    """Where the CDX API names none: rows of one file, read by ranges, most of it not read."""
    crawl = "CC-MAIN-2018-05"
    text = "User-agent: CCBot\nDisallow: /new"
    ours = archive.add(
        crawl, f"{OLD}/robots.txt", "20180101000000", text.encode(), headers=PLAIN, index=False
    )
    others = [
        {**ours, "url": f"http://site{number:05}.example/robots.txt", "digest": f"{number:032}"}
        for number in range(40_000)
    ]
    archive.table(crawl, [ours, *others], groups=20)
    archive.crawls = [crawl]
    base = serve(archive.answer)
    assert not [one for one in read(case, base).captures if one["kind"] == ROBOTS]
    result = read(case, base, options=become(table=True))
    (found,) = [one for one in result.captures if one["kind"] == ROBOTS]
    assert (found["url"], found["captured_at"][:10]) == (f"{OLD}/robots.txt", "2018-01-01")
    bodies = [row["body"] for row in rows(case.folder, "site_files")]
    assert bodies == [text.encode()]
    parquet = next(name for name in archive.files if name.endswith(".parquet"))
    asked = [one.rpartition("=")[2].split("-") for one in archive.asked if parquet in one]
    read_bytes = sum(int(b) - int(a) + 1 if a else int(b) for a, b in asked)
    assert read_bytes < len(archive.files[parquet]) / 2
    assert not any("subset=warc" in one for one in archive.asked)


def test_the_list_of_the_tables_files_may_be_a_file(
    archive: Archive, case: Case, serve: Serve, tmp_path: Path
) -> None:
    crawl = "CC-MAIN-2016-07"
    listed = archive.table(crawl, [archive.entries[0]])
    (tmp_path / "paths.txt").write_bytes(gzip.decompress(archive.files.pop(listed)))
    base = serve(archive.answer)
    options = become(table=True, crawls=(crawl,))
    with pytest.raises(FetchError, match="answered 404 for the list") as raised:
        read(case, base, options=options)
    assert "--table-paths" in raised.value.hint
    paths = str(tmp_path / "paths.txt")
    table = archive_for(case, index=base, data=base, table_paths=paths)
    assert read_history(case, (), table, options).run


@pytest.mark.parametrize("damage", ["cut", "noise", "columns", "no ranges"])
def test_a_table_that_cannot_be_read(
    archive: Archive, case: Case, serve: Serve, damage: str
) -> None:
    crawl = "CC-MAIN-2016-07"
    archive.table(crawl, [archive.entries[0]])
    name = next(name for name in archive.files if name.endswith(".parquet"))
    whole = archive.files[name]
    if damage == "cut":
        archive.files[name] = whole[: len(whole) // 2]
    elif damage == "noise":
        archive.files[name] = b"PAR1" + b"\xff" * 5000 + b"PAR1"
    elif damage == "columns":
        import io

        out = io.BytesIO()
        pq.write_table(pa.table({"x": [1]}), out)
        archive.files[name] = out.getvalue()

    def answer(method: str, path: str, headers: dict[str, str]) -> Answer:
        without = damage == "no ranges" and path.endswith(".parquet")
        return archive.answer(method, path, {} if without else headers)

    with pytest.raises(FetchError, match=r"part-00000-0f\.c000\.gz\.parquet on 127") as raised:
        read(case, serve(answer), options=become(table=True, crawls=(crawl,)))
    assert "--table" in raised.value.hint


# --- the real sample files ---


def test_the_real_index_lines(shared: Path) -> None:
    text = (shared / "data/commoncrawl/commoncrawl_cdxj_lines/cdxj_lines.cdxj").read_bytes()
    from optout.history.index import _entry

    entries = [_entry(line) for line in lines([text])]
    assert all(entries)
    found = [capture_of(one or {}, PAGE, "c", lambda url: True) for one in entries]
    assert [one and (one.timestamp, one.digest, one.offset, one.length) for one in found] == [
        ("20240518015810", "RY7PLBUFQNI2FFV5FTUQK72W6SNPXLQU", 80610731, 17423),
        ("20250512054001", "ZA6MPPJEFGZ53KWFSLWMF7NDO7RKOWR4", 243658810, 78501),
        None,  # a redirect: no page
    ]


def test_the_real_record(shared: Path, archive: Archive, tmp_path: Path, serve: Serve) -> None:
    """Served as the archive serves it; the digest is the one the real index has."""
    packed = (shared / "data/commoncrawl/commoncrawl_whirlwind/whirlwind.warc.gz").read_bytes()
    starts = [0]
    while starts[-1] < len(packed):
        member = zlib.decompressobj(31)
        member.decompress(packed[starts[-1] :])
        starts.append(len(packed) - len(member.unused_data))
    url, name = "https://an.wikipedia.org/wiki/Escopete", "crawl-data/CC-MAIN-2024-22/w.warc.gz"
    archive.files[name] = packed
    archive.crawls.insert(0, "CC-MAIN-2024-22")
    archive.entries.append(
        entry(url=url, timestamp="20240518015810", digest="sha1:RY7PLBUFQNI2FFV5FTUQK72W6SNPXLQU",
              filename=name, offset=str(starts[2]), length=str(starts[3] - starts[2]),
              crawl="CC-MAIN-2024-22")
    )  # fmt: skip
    case = create_case(tmp_path / "case", ["https://an.wikipedia.org/"], created=date(2026, 1, 1))
    result = read(case, serve(archive.answer))
    assert [one["reason"] for one in result.captures] == [None]
    (page,) = rows(case.folder, "pages")
    assert page["title"].startswith("Escopete")
    refs = rows(case.folder, "image_refs")
    imgs = [row for row in refs if (row["tag"], row["attribute"]) == ("img", "src")]
    assert len(imgs) == 13
    thumb = "//upload.wikimedia.org/wikipedia/commons/thumb/d/d2/Map_pointer.svg/12px-Map_pointer"
    (pointer,) = [row for row in imgs if row["raw"] == f"{thumb}.svg.png"]
    assert (pointer["image_url"], pointer["alt"]) == (f"https:{thumb}.svg.png", "Escopete")
    (meta,) = rows(case.folder, "metas")
    assert (meta["name"], meta["content"]) == ("robots", "max-image-preview:standard")


def test_the_real_row_of_the_columnar_index(
    shared: Path, archive: Archive, tmp_path: Path, serve: Serve
) -> None:
    from optout.history.host import Host, Pace
    from optout.history.table import _entries

    folder = shared / "data/commoncrawl/cc_index_table_schema/sample/crawl=CC-MAIN-2024-22"
    (file,) = (folder / "subset=warc").glob("*.parquet")
    archive.files["t.parquet"] = file.read_bytes()
    with Host(serve(archive.answer), Pace(0)) as host:
        (row,) = _entries(host, "t.parquet", Place("https://wikipedia.org/", subdomains=True))
        assert not list(_entries(host, "t.parquet", Place("https://wikipedia.org/")))
    assert row["timestamp"] == "20240518015810"
    assert row["digest"] == "RY7PLBUFQNI2FFV5FTUQK72W6SNPXLQU"
    assert (row["offset"], row["length"]) == (80610731, 17423)


def test_the_edge_cases_of_warcio(shared: Path) -> None:
    """Whatever the file, a record or a reason."""
    told = []
    for file in sorted((shared / "data/commoncrawl/warcio_edge_cases").glob("*arc*")):
        data = file.read_bytes()
        packed = data if data[:2] == b"\x1f\x8b" else gzip.compress(data)
        try:
            read_record(packed, capture(packed, url="http://example.com/"), "here")
        except RecordError as error:
            told.append((file.name, str(error)))
    assert len(told) == 11


def test_real_records_as_crawls_before_2013_wrote_them(shared: Path) -> None:
    data = (shared / "data/commoncrawl/warcio_edge_cases/example.arc").read_bytes()
    packed = gzip.compress(data[data.index(b"http://example.com/") :])
    body = capture(packed, url="http://example.com/", timestamp="20140216050221")
    kept, _ = read_record(packed, body, "here")
    assert (kept.status, kept.address) == (200, "93.184.216.119")
    assert b"Example Domain" in kept.body


# --- places, plans, options ---


def test_a_place_is_a_site_or_a_folder_of_one() -> None:
    site, tenant = Place("https://mira.example/"), Place("https://shared.example/mira/")
    assert site.holds("http://www.mira.example/x")
    assert not site.holds("http://other.mira.example/x")
    assert Place("https://mira.example/", subdomains=True).holds("http://other.mira.example/x")
    assert not Place("https://mira.example/", subdomains=True).holds("http://notmira.example/")
    assert tenant.holds("http://shared.example/mira/x")
    assert not tenant.holds("http://shared.example/tom/x")
    assert tenant.holds("http://shared.example/robots.txt")


def test_on_a_shared_host_only_the_artists_folder_is_theirs(tmp_path: Path) -> None:
    roots = {
        "https://mira.example/en": "https://mira.example/",
        "https://mira.example/en/index.html?x": "https://mira.example/",
        "https://storage.googleapis.com/mira": "https://storage.googleapis.com/mira/",
        "https://storage.googleapis.com/mira/home.html": "https://storage.googleapis.com/mira/",
    }
    case = create_case(tmp_path / "case", [], created=date(2026, 11, 21))
    assert [one.root for site in roots for one in places(case, [site])] == list(roots.values())
    with pytest.raises(CrawlError, match=r"behance\.net holds many people's pages"):
        places(case, ["https://www.behance.net"])
    assert places(case, ["https://mira.medium.com"]) == [Place("https://mira.medium.com/")]


def test_hosts_of_the_case_bring_their_time(tmp_path: Path) -> None:
    case = create_case(tmp_path / "case", ["https://mira.example/"], hosts=["x.example"])
    from dataclasses import replace

    case = replace(
        case,
        hosts=(
            DeclaredHost("old.example", date(2012, 1, 1), date(2015, 12, 31)),
            DeclaredHost("*.studio.example"),
        ),
    )
    assert places(case, []) == [
        Place("https://mira.example/"),
        Place("https://old.example/", since=date(2012, 1, 1), until=date(2015, 12, 31)),
        Place("https://studio.example/", subdomains=True),
    ]
    (named,) = places(case, ["http://www.old.example"])
    assert (named.since, named.until) == (date(2012, 1, 1), date(2015, 12, 31))
    stamps = ["20111231235959", "20120101000000", "20151231235959", "20160101000000"]
    captures = [capture(b"x", timestamp=stamp) for stamp in stamps]
    assert [one.timestamp for one in within(captures, named, "", "")] == stamps[1:3]
    assert [one.timestamp for one in within(captures, named, "2015", "201512")] == stamps[2:3]


CAPTURES = st.builds(
    capture,
    st.just(b"x"),
    kind=st.sampled_from([PAGE, ROBOTS]),
    url=st.sampled_from([f"{OLD}/", f"{OLD}/a", "https://www.mira.example/a"]),
    timestamp=st.integers(10, 28).map(lambda day: f"201601{day}000000"),
    digest=st.sampled_from(["", "A" * 32, "B" * 32, "C" * 32]),
    offset=st.integers(0, 30),
)


@given(st.lists(CAPTURES), st.integers(1, 4), st.integers(1, 10))
def test_a_plan_names_every_body_once_within_its_limits(
    captures: list[Capture], versions: int, most: int
) -> None:
    made = plan(captures, versions=versions, most=most)
    assert len(made.groups) <= most
    keys = [one.key for group in made.groups for one in group.captures]
    assert len(keys) == len(set(keys))
    left = sum(count for _, count, _ in made.left_out)
    assert len(keys) + left == len({one.key for one in captures})
    bodies = [(g.first.kind, g.first.digest or g.first.key) for g in made.groups]
    assert len(bodies) == len(set(bodies))
    assert made == plan(list(reversed(captures)), versions=versions, most=most) or len(
        {one.key for one in captures}
    ) < len(captures)


def test_crawls_of_any_name() -> None:
    assert chosen([], 2014, 2022, True) == []
    assert chosen(["weekly"], 2014, 2022, True) == ["weekly"]
    assert asked_wait("Wed, 21 Oct 2015 07:28:00 GMT", datetime(2015, 10, 21, 7, 27, tzinfo=UTC)) \
        == 60.0  # fmt: skip


def test_the_case_file_names_another_archive(archive: Archive, case: Case, serve: Serve) -> None:
    base = serve(archive.answer)
    path = case.folder / "optout.toml"
    path.write_text(path.read_text("utf-8") + f'\n[history]\nindex = "{base}/"\ndata = "{base}"\n')
    case = load_case(case.folder)
    assert archive_for(case).index == base
    assert archive_for(case, data="http://b.example").data == "http://b.example"
    assert main(["history", "--case", str(case.folder), "--delay", "0"]) == 0
    assert len(case.runs()) == 1
    path.write_text(path.read_text("utf-8").replace("index =", "indx ="))
    with pytest.raises(CaseError, match="indx"):
        load_case(case.folder)


@pytest.mark.parametrize(
    "address", ["ftp://a.example", "a.example", "http://", "http://a.example?x", "http://u@a.b/",
                "http://[::1"]
)  # fmt: skip
def test_servers_that_are_none(case: Case, address: str) -> None:
    with pytest.raises(CaseError, match="not the address of a server"):
        archive_for(case, index=address)


@pytest.mark.parametrize(
    "arguments",
    [["--from", "soon"], ["--to", "2016-13"], ["--from", "2018", "--to", "2016"],
     ["--crawl", "../x"], ["--max-captures", "0"]],
)  # fmt: skip
def test_wrong_usage(case: Case, arguments: list[str]) -> None:
    assert main(["history", "--case", str(case.folder), *arguments]) == 2


def test_json_is_one_capture_per_line(archive: Archive, case: Case, serve: Serve) -> None:
    base = serve(archive.answer)
    done = optout("history", "--case", str(case.folder), "--index", base, "--data", base,
                  "--delay", "0", "--json", cwd=case.folder)  # fmt: skip
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(found) == 5
    assert list(found[0]) == [
        "kind", "url", "captured_at", "crawl", "status", "outcome", "reason", "digest", "sha256",
        "read", "filename", "offset", "length", "key",
    ]  # fmt: skip


def test_no_site_at_all(tmp_path: Path, serve: Serve, archive: Archive) -> None:
    case = create_case(tmp_path / "case", [], created=date(2026, 11, 21))
    with pytest.raises(CaseError, match="names no site and no host"):
        read(case, serve(archive.answer))

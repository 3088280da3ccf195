"""A second run: only what is new or gone, with dates; what was asked is not asked again."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from optout.case import Case
from optout.cli import main
from optout.decisions import reject
from optout.register import asked, named, set_status, standings
from optout.report import write_report
from optout.requests import write_requests
from optout.second_run import SecondRun, flat, second_run_of
from tests.harness import FAST, html, jpeg, optout, serving
from tests.request_case import CDN, add_run, crawled, every_kind, hop, image, make_case, matched

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


class Sites:
    """A site that changes between two runs."""

    def __init__(self) -> None:
        self.second = False

    def __call__(self, path: str, handler: Any) -> Any:
        host = handler.headers["Host"]
        port = host.rpartition(":")[2]
        if path == "/robots.txt":
            return 200, [("Content-Type", "text/plain")], b"User-agent: *\nAllow: /\n"
        if path == "/":
            pictures = [f"http://127.0.0.1:{port}/1.jpg"]
            if self.second:
                pictures += [f"http://localhost:{port}/{n}.jpg" for n in (3, 4, 5)]
            return html("".join(f'<img src="{p}" alt="Picture {p[-5]}">' for p in pictures))
        if path.endswith(".jpg"):
            lines = [("Content-Type", "image/jpeg")]
            lines += [] if self.second else [("X-Robots-Tag", "noai")]
            return 200, lines, jpeg(int(path[1]))
        return 404, [], b""


@pytest.fixture(scope="module")
def twice(tmp_path_factory: pytest.TempPathFactory) -> tuple[Case, str, str]:
    """A case that was run twice, and what the two runs said."""
    from optout.case import load_case

    folder, sites = tmp_path_factory.mktemp("twice"), Sites()
    with serving(sites) as base:
        port = base.rpartition(":")[2]
        urls = [f"http://localhost:{port}/{n}.jpg" for n in (3, 4, 5)]
        urls += [f"http://127.0.0.1:{port}/{n}.jpg" for n in (1, 2)]
        table = pa.table({"URL": urls, "TEXT": [f"Picture {n}" for n in range(5)]})
        pq.write_table(table, folder / "mine.parquet")
        run = ("run", base, "--case", "case", "--dataset", "mine.parquet", "--allow-private", *FAST)
        first = optout(*run, cwd=folder)
        assert first.returncode == 0, first.stderr
        sites.second = True
        pq.write_table(table.slice(0, 4), folder / "mine.parquet")
        second = optout(*run, cwd=folder)
        assert second.returncode == 0, second.stderr
    return load_case(folder / "case"), first.stderr, second.stderr


def test_the_second_run_says_what_is_new_or_gone(twice: tuple[Case, str, str]) -> None:
    case, first, second = twice
    today = case.as_of().date().isoformat()
    assert "since " not in first.splitlines()[-2]
    [line] = [text for text in second.splitlines() if text.startswith(f"since {today}:")]
    assert "3 new matches, 1 match gone, 1 host new (localhost)" in line
    assert "x-robots-tag of http://127.0.0.1" in line.lower()
    assert f"(1 image) lost since {today}, last seen {today}" in line


def test_searching_again_keeps_what_is_new(twice: tuple[Case, str, str]) -> None:
    case, _, _ = twice
    before = second_run_of(case)
    spec = str(case.folder.parent / "mine.parquet")
    assert main(["match", "--dataset", spec, "--case", str(case.folder)]) == 0
    assert second_run_of(case) == before
    assert before and [m["change"] for m in before.matches] == ["new"] * 3 + ["gone"]


def test_another_data_set_is_not_new(twice: tuple[Case, str, str]) -> None:
    case, _, _ = twice
    copy = case.folder.parent / "other.parquet"
    copy.write_bytes((case.folder.parent / "mine.parquet").read_bytes())
    spec = str(case.folder.parent / "mine.parquet")
    both = ["match", "--dataset", spec, "--dataset", str(copy), "--case", str(case.folder)]
    assert main(both) == 0
    found = second_run_of(case)
    assert found and len(found.matches_by("new")) == 3
    assert len(found.matches_by("new", both_read=False)) == 4
    assert "4 matches in files that were not read before" in found.sentences
    assert main(["match", "--dataset", spec, "--case", str(case.folder)]) == 0


def test_rejected_matches_are_not_new(twice: tuple[Case, str, str]) -> None:
    case, _, _ = twice
    found = second_run_of(case)
    assert found
    reject(case, [found.matches_by("new")[0]["match_id"]])
    again = second_run_of(case)
    assert again and len(again.matches_by("new")) == 2


def test_the_report_and_json_say_the_same(
    twice: tuple[Case, str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    case, _, _ = twice
    found = second_run_of(case)
    assert found
    page = write_report(case).read_text("utf-8")
    assert all(sentence in page for sentence in found.sentences)
    assert main(["show", "changes", "--json", "--case", str(case.folder)]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert rows == [dict(row) for row in flat(found)]
    assert {row["what"] for row in rows} >= {"match", "host"}


def test_a_first_run_has_nothing_to_compare(tmp_path: Path) -> None:
    case = make_case(tmp_path / "case")
    assert second_run_of(case) is None
    matched(case, every_kind())
    assert second_run_of(case) is None


@pytest.mark.parametrize("summary", [b"", b"[]", b'{"before": 1}', b'{"before": {"date": "x"}}'])
def test_a_damaged_summary_costs_the_comparison_only(tmp_path: Path, summary: bytes) -> None:
    case = make_case(tmp_path / "case")
    crawled(case)
    matched(case, every_kind())
    (case.matches / "summary.json").write_bytes(summary)
    found = second_run_of(case)
    assert found and found.matches == ()


def test_two_crawls_that_say_the_same_differ_in_nothing(tmp_path: Path) -> None:
    case = make_case(tmp_path / "case")
    crawled(case)
    found = second_run_of(case)
    assert isinstance(found, SecondRun) and found.sentences == ()


def test_a_host_that_gives_nothing_any_more_and_a_lost_header_are_told_with_days(
    tmp_path: Path,
) -> None:
    case = make_case(tmp_path / "case")
    fox, owl = f"{CDN}/fox.jpg", "https://old.example/owl.jpg"
    lines = [hop(fox, ("x-robots-tag", "noai")), hop(owl)]
    both = [image(fox, b"fox"), image(owl, b"owl")]
    add_run(case, "2026-10-02T080000Z", images=both, hops=lines)
    add_run(case, "2026-11-04T080000Z", images=both[:1], hops=[hop(fox)])
    for run in case.runs():  # a crawl says which lines it could keep; else absence says nothing
        summary = json.loads((run / "summary.json").read_text())
        kept = json.dumps(summary | {"kept_headers": ["x-robots-tag"]})
        (run / "summary.json").write_text(kept)
    found = second_run_of(case)
    assert found and found.sentences == (
        "1 host gone (old.example)",
        f"x-robots-tag of {CDN} (1 image) lost since 2026-11-04, last seen 2026-10-02",
    )


# --- what was asked ---


@pytest.fixture
def case(tmp_path: Path) -> Case:
    case = make_case(tmp_path / "case")
    crawled(case)
    matched(case, every_kind())
    return case


def test_what_was_sent_is_left_out_of_new_lists_and_kept(case: Case) -> None:
    first = write_requests(case)
    laion = named(case, ("laion",))
    assert (
        main(["register", "set", "sent", "laion", "--on", "2026-11-20", "--case", str(case.folder)])
        == 0
    )
    again = write_requests(case)
    assert "laion" in {one.destination_id for one in first.written}
    assert "laion" not in {one.destination_id for one in again.written}
    [why] = [why for name, _, why in again.left_out if name == "laion"]
    assert why == f"already asked on 2026-11-20 ({len(laion)})"
    assert {one.request_id for one in laion} <= {one.request.request_id for one in standings(case)}
    assert (case.folder / "sent" / "2026-11-20" / "laion" / "letter.txt").is_file()


def test_only_the_rest_is_asked_and_what_was_withdrawn_comes_back(case: Case) -> None:
    write_requests(case)
    laion = named(case, ("laion",))
    set_status(case, laion[:1], "sent", on=date(2026, 11, 20), now=NOW)
    write_requests(case)
    assert {one.request_id for one in named(case, ("laion",))} == {o.request_id for o in laion[1:]}
    set_status(case, laion[:1], "withdrawn", now=NOW)
    write_requests(case)
    assert named(case, ("laion",)) == laion


def test_other_recipients_are_asked_all_the_same(case: Case) -> None:
    write_requests(case)
    before = {i for i, one in asked(case).items() if one.destination_id != "laion"}
    set_status(case, named(case, ("laion",)), "sent", on=date(2026, 11, 20), now=NOW)
    write_requests(case)
    assert {i for i, one in asked(case).items() if one.destination_id != "laion"} == before


def test_the_command_says_what_it_left_out(case: Case, capsys: pytest.CaptureFixture[str]) -> None:
    write_requests(case)
    set_status(case, named(case, ("laion",)), "sent", on=date(2026, 11, 20), now=NOW)
    assert main(["requests", "--case", str(case.folder)]) == 0
    assert "left out · LAION e.V.: already asked on 2026-11-20" in capsys.readouterr().err

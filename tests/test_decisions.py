"""Decisions: the last word counts, every word stays, damage is told in one sentence."""

from __future__ import annotations

import multiprocessing
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from optout.case import Case, load_case
from optout.cli import main
from optout.decisions import (
    Decision,
    confirm,
    decisions,
    licensed_host,
    licensed_hosts,
    reject,
)
from optout.errors import CaseError
from tests.request_case import every_kind, make_case, matched

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return make_case(tmp_path / "case")


def run(case: Case, *args: str) -> int:
    return main([*args, "--case", str(case.folder)])


def test_no_file_means_no_decision_and_reading_makes_none(case: Case) -> None:
    assert decisions(case) == {}
    assert licensed_hosts(case) == {}
    assert not case.decisions.exists()


def test_the_last_word_counts_and_earlier_words_stay(case: Case) -> None:
    confirm(case, ["m-1", "m-2", "m-1"], "mine", now=NOW)
    reject(case, ["m-1"], "not mine after all", now=NOW)

    at = "2026-11-21T09:00:00+00:00"
    assert decisions(case) == {
        "m-1": Decision("m-1", "rejected", "not mine after all", at),
        "m-2": Decision("m-2", "confirmed", "mine", at),
    }
    with closing(sqlite3.connect(case.decisions)) as database:
        assert database.execute("SELECT count(*) FROM decision").fetchone() == (3,)
        for statement in ("DELETE FROM decision", "UPDATE decision SET note = ''"):
            with pytest.raises(sqlite3.IntegrityError, match="only added"):
                database.execute(statement)


def test_hosts_are_kept_apart_from_matches(case: Case) -> None:
    licensed_host(case, " Agency.EXAMPLE. ", "contract of 2020", now=NOW)

    assert list(licensed_hosts(case)) == ["agency.example"]
    assert decisions(case) == {}


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(words=st.lists(st.tuples(st.sampled_from("abc"), st.booleans(), st.text(max_size=20))))
def test_any_sequence_of_words_reads_back(
    tmp_path_factory: pytest.TempPathFactory, words: list[tuple[str, bool, str]]
) -> None:
    case = make_case(tmp_path_factory.mktemp("case"))
    expected = {}
    for match_id, mine, note in words:
        (confirm if mine else reject)(case, [match_id], note)
        expected[match_id] = ("confirmed" if mine else "rejected", note)

    read = {match_id: (d.verdict, d.note) for match_id, d in decisions(case).items()}
    assert read == expected


def _confirm_many(folder: str, name: str) -> None:
    for number in range(20):
        confirm(load_case(Path(folder)), [f"{name}-{number}"])


def test_two_processes_at_once_lose_nothing(case: Case) -> None:
    context = multiprocessing.get_context("spawn")
    workers = [
        context.Process(target=_confirm_many, args=(str(case.folder), name)) for name in "ab"
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)

    assert [worker.exitcode for worker in workers] == [0, 0]
    assert set(decisions(case)) == {f"{name}-{n}" for name in "ab" for n in range(20)}


@pytest.mark.parametrize("at", [0, 100, 8192])
def test_a_damaged_file_is_one_sentence(case: Case, at: int) -> None:
    confirm(case, [f"m-{n}" for n in range(500)])
    content = bytearray(case.decisions.read_bytes())
    content[at : at + 200] = b"\xff" * 200
    case.decisions.write_bytes(content)

    with pytest.raises(CaseError, match=r"decisions\.db"):
        decisions(case)
    with pytest.raises(CaseError, match=r"decisions\.db"):
        confirm(case, ["m-1"])


def test_a_truncated_file_is_one_sentence(case: Case) -> None:
    confirm(case, [f"m-{n}" for n in range(500)])
    case.decisions.write_bytes(case.decisions.read_bytes()[:9000])

    with pytest.raises(CaseError, match="is damaged") as raised:
        decisions(case)
    assert "restore it from a copy" in raised.value.hint


def test_a_newer_file_is_refused(case: Case) -> None:
    confirm(case, ["m-1"])
    with closing(sqlite3.connect(case.decisions)) as database:
        database.execute("PRAGMA user_version = 2")

    with pytest.raises(CaseError, match="has version 2"):
        decisions(case)


def test_an_empty_file_counts_as_none_and_can_be_written(case: Case) -> None:
    case.decisions.touch()

    assert decisions(case) == {}
    confirm(case, ["m-1"])
    assert list(decisions(case)) == ["m-1"]


def test_a_folder_in_its_place_is_one_sentence(case: Case) -> None:
    case.decisions.mkdir()

    with pytest.raises(CaseError, match="cannot use"):
        confirm(case, ["m-1"])


def test_the_commands_record_what_they_name(case: Case) -> None:
    matched(case, every_kind())

    assert run(case, "confirm", f"m-{5:016x}", "--note", "old series") == 0
    assert run(case, "reject", f"m-{6:016x}") == 0
    assert {i: (d.verdict, d.note) for i, d in decisions(case).items()} == {
        f"m-{5:016x}": ("confirmed", "old series"),
        f"m-{6:016x}": ("rejected", ""),
    }


def test_a_host_stands_for_all_its_matches(case: Case) -> None:
    matched(case, every_kind())

    assert run(case, "reject", "--host", "Board.example") == 0
    assert {i: d.verdict for i, d in decisions(case).items()} == {f"m-{6:016x}": "rejected"}
    assert run(case, "confirm", "--licensed", "agency.example") == 0
    assert list(licensed_hosts(case)) == ["agency.example"]


def test_unknown_ids_are_one_sentence_and_nothing_is_recorded(
    case: Case, capsys: pytest.CaptureFixture[str]
) -> None:
    matched(case, every_kind())

    assert run(case, "confirm", f"m-{5:016x}", "m-nonsense'; DROP TABLE matches; --") == 1
    error = capsys.readouterr().err
    assert "m-nonsense" in error
    assert "hint: see: optout show matches" in error
    assert not case.decisions.exists()


def test_without_matches_or_without_a_name_the_next_step_is_told(
    case: Case, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(case, "confirm", "m-1") == 1
    assert "no data set has been searched" in capsys.readouterr().err
    assert run(case, "reject") == 2
    assert "name a match" in capsys.readouterr().err


def test_decisions_outlive_new_matches(case: Case) -> None:
    matched(case, every_kind())
    assert run(case, "confirm", f"m-{5:016x}") == 0
    matched(case, every_kind()[:2])
    matched(case, every_kind())

    assert decisions(case)[f"m-{5:016x}"].verdict == "confirmed"

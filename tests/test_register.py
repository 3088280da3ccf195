"""The register: what was entered stays, deadlines follow the table, kills lose nothing."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optout.case import Case
from optout.cli import main
from optout.errors import CaseError, RequestError
from optout.register import (
    STATUSES,
    add,
    asked,
    asked_already,
    named,
    note,
    set_status,
    standings,
)
from optout.register.database import path_of
from optout.register.deadlines import deadline, deadlines
from optout.register.entries import statuses
from optout.requests import write_requests
from optout.requests.recipients import kinds
from tests.request_case import crawled, every_kind, make_case, matched

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


@pytest.fixture
def case(tmp_path: Path) -> Case:
    """A case with one set of request lists."""
    case = make_case(tmp_path / "case")
    crawled(case)
    matched(case, every_kind())
    write_requests(case, shows_me=True)
    return case


def run(case: Case, *args: str) -> int:
    return main([*args, "--case", str(case.folder)])


def test_a_request_is_named_by_its_id_its_folder_its_date_or_its_path(case: Case) -> None:
    laion = named(case, ("laion",))
    assert [one.destination for one in laion] == ["LAION e.V."] * len(laion)
    assert laion == named(case, ("2026-11-20/laion",))
    assert laion == named(case, (str(case.requests / "2026-11-20" / "laion"),))
    assert named(case, (laion[0].request_id, "laion")) == laion
    with pytest.raises(RequestError, match=r"no request of .* is called 'nobody'"):
        named(case, ("nobody",))


def test_lists_of_others_are_read_with_care(case: Case) -> None:
    folder = case.requests / "2026-12-01" / "odd"
    folder.mkdir(parents=True)
    lines = [b"\xff\xfe", b"[]", b"{}", b'{"request_id": 7}', b"[" * 100_000,
             b'{"request_id": "r-00000000000000aa", "kind": null, "host": ["x"]}']  # fmt: skip
    (folder / "requests.jsonl").write_bytes(b"\n".join(lines))
    (folder / "manifest.json").write_bytes(b"[1]")
    assert [one.request_id for one in named(case, ("odd",))] == ["r-00000000000000aa"]
    assert "r-00000000000000aa" in asked(case)


def test_the_last_status_counts_and_every_entry_stays(case: Case) -> None:
    laion = named(case, ("laion",))
    set_status(case, laion, "sent", on=date(2026, 11, 22), now=NOW)
    set_status(case, laion[:1], "refused", "the research exception", now=NOW)
    note(case, laion[:1], "they were polite", now=NOW)

    found = {one.request.request_id: one for one in standings(case)}
    first = found[laion[0].request_id]
    assert first.status == "refused" and first.last.text == "the research exception"
    assert [entry.status for entry in first.entries] == ["sent", "refused", ""]
    assert not first.due_on
    assert found[laion[1].request_id].status == "sent"
    with closing(sqlite3.connect(path_of(case))) as database:
        for statement in ("DELETE FROM entry", "UPDATE entry SET text = ''", "DELETE FROM request"):
            with pytest.raises(sqlite3.IntegrityError, match="only added"):
                database.execute(statement)


@pytest.mark.parametrize(
    ("kind", "sent", "due", "by_law"),
    [
        ("laion-gdpr", date(2026, 11, 20), "2026-12-21", True),  # 20 December is a Sunday
        ("laion-gdpr", date(2026, 1, 30), "2026-03-02", True),  # 28 February is a Saturday
        ("laion", date(2026, 11, 20), "2027-01-20", False),
    ],
)
def test_when_an_answer_is_due(case: Case, kind: str, sent: date, due: str, by_law: bool) -> None:
    set_status(case, named(case, (kind,)), "sent", on=sent, now=NOW)
    [due_on] = {(one.due_on, one.due_by_law) for one in standings(case)}
    assert due_on == (due, by_law)
    assert standings(case, due=date.fromisoformat(due))
    assert not standings(case, due=date(2026, 2, 27))


def test_a_day_of_the_user_replaces_the_table(case: Case) -> None:
    one = named(case, ("laion",))[:1]
    set_status(case, one, "sent", due=date(2026, 12, 1), now=NOW)
    assert standings(case)[0].due_on == "2026-12-01"
    assert standings(case)[0].due_because == "the day you set"


def test_what_cannot_be_is_refused_and_not_recorded(case: Case) -> None:
    one = named(case, ("laion",))
    with pytest.raises(RequestError, match="needs the reason"):
        set_status(case, one, "refused", " ", now=NOW)
    with pytest.raises(RequestError, match=r"was never|were never"):
        set_status(case, one, "answered", now=NOW)
    with pytest.raises(RequestError, match="has not come yet"):
        set_status(case, one, "sent", on=date(2027, 1, 1), now=NOW)
    assert standings(case) == []


def test_every_kind_has_a_deadline_and_the_tables_agree() -> None:
    from optout.commands.register import _STATUSES

    assert tuple(statuses()) == STATUSES == _STATUSES
    assert not deadlines()[-1].kinds
    assert {kind for one in deadlines() for kind in one.kinds} <= kinds().keys() | {
        *("gdpr_objection", "gdpr_access", "dsa_notice", "dmca_takedown"),
        *("search_delisting", "ai_act_complaint"),
    }
    assert all(deadline(kind).source and deadline(kind).since in STATUSES for kind in kinds())


def test_the_register_outlives_requests_and_keeps_what_was_sent(case: Case) -> None:
    assert run(case, "register", "set", "sent", "laion", "--on", "2026-11-20") == 0
    letter = (case.requests / "2026-11-20" / "laion" / "letter.txt").read_bytes()
    for folder in case.requests.iterdir():
        folder.rename(case.folder / f"gone-{folder.name}")
    [request_id] = {one.request.request_id for one in standings(case)[:1]}
    assert run(case, "register", "set", "acknowledged", request_id) == 0
    assert (case.folder / "sent" / "2026-11-20" / "laion" / "letter.txt").read_bytes() == letter


def test_what_its_recipient_has_is_asked_already(case: Case) -> None:
    first, second, third = named(case, ("laion",))[:3]
    set_status(case, [first, second], "sent", now=NOW)
    set_status(case, [second], "withdrawn", now=NOW)
    set_status(case, [third], "approved", now=NOW)
    assert list(asked_already(case)) == [first.request_id]


def test_the_same_words_add_the_same_request(case: Case) -> None:
    one = add(case, "Pin board", "courtesy_removal", "https://board.example/1.jpg", now=NOW)
    assert add(case, "Pin board", "courtesy_removal", "https://board.example/1.jpg", now=NOW) == one
    assert [s.status for s in standings(case)] == ["drafted"]


HOSTILE = [
    '=cmd|"/C calc"!A1',
    "@SUM(1)",
    "a\r\nb",
    "x; =1+1",
    "\u202egpj",
    "\x1b[2J",
    "\ud800",
    "\0",
]


def test_the_export_is_no_formula_and_no_command(
    case: Case, capsys: pytest.CaptureFixture[str]
) -> None:
    for text in HOSTILE:
        note(
            case, [add(case, text + "to", "courtesy_removal", text + "about", now=NOW)], text + "."
        )
    out = case.folder / "register.csv"
    assert run(case, "register", "export", "--out", str(out)) == 0
    table = list(csv.DictReader(io.StringIO(out.read_text("utf-8-sig"), newline="")))
    assert len(table) == len(HOSTILE)
    cells = [cell for row in table for cell in row.values()]
    assert not [cell for cell in cells if cell.lstrip()[:1] in tuple("=+-@") and cell]
    assert not [cell for cell in cells if "\x1b" in cell or "\0" in cell]
    capsys.readouterr()
    assert run(case, "register", "list", "--json") == 0
    lines = capsys.readouterr().out.splitlines()
    assert len([json.loads(line) for line in lines]) == len(HOSTILE)
    assert not any("\u202e" in line or "\x1b" in line for line in lines)


@pytest.mark.parametrize("sound", [b"not a database", b"SQLite format 3\0" + bytes(2000)])
def test_a_damaged_register_is_told_in_one_sentence(case: Case, sound: bytes) -> None:
    path_of(case).write_bytes(sound)
    with pytest.raises(CaseError, match="damaged"):
        standings(case)
    with pytest.raises(CaseError, match="damaged"):
        add(case, "a", "courtesy_removal", "b")
    assert path_of(case).read_bytes() == sound


def test_a_newer_register_is_refused(case: Case) -> None:
    add(case, "a", "courtesy_removal", "b")
    with closing(sqlite3.connect(path_of(case))) as database:
        database.execute("PRAGMA user_version = 99")
    with pytest.raises(CaseError, match="version 99"):
        standings(case)


WRITER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from optout.case import load_case
from optout.register import add, note
case = load_case(Path(sys.argv[1]))
for number in range(int(sys.argv[3])):
    one = add(case, sys.argv[2], "courtesy_removal", f"picture {number}")
    note(case, [one], "kept")
    print(number, flush=True)
"""


def writer(case: Case, name: str, count: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(case.folder), name, str(count)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[1],
    )


def test_what_was_acknowledged_survives_kill_9(case: Case) -> None:
    with writer(case, "killed", 100_000) as process:
        assert process.stdout
        for _ in range(5):
            last = process.stdout.readline()
        os.kill(process.pid, signal.SIGKILL)
        rest = process.stdout.read().split()
    last = (rest or [last])[-1]
    about = {one.request.url for one in standings(case) if one.entries[-1].text == "kept"}
    assert {f"picture {number}" for number in range(int(last) + 1)} <= about


def test_two_processes_at_once_lose_nothing(case: Case) -> None:
    with writer(case, "one", 15) as one, writer(case, "two", 15) as two:
        one.communicate(timeout=60), two.communicate(timeout=60)
    assert (one.returncode, two.returncode) == (0, 0)
    assert len(standings(case)) == 30


def test_a_read_only_folder_is_read_and_told(case: Case) -> None:
    add(case, "a", "courtesy_removal", "b")
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    case.folder.chmod(0o500)
    try:
        assert len(standings(case)) == 1
        with pytest.raises(CaseError, match="cannot use"):
            add(case, "c", "courtesy_removal", "d")
    finally:
        case.folder.chmod(0o700)


STEP = st.tuples(st.integers(0, 2), st.sampled_from(STATUSES), st.text(max_size=20))


@settings(max_examples=25)
@given(st.lists(STEP, max_size=12))
def test_any_order_of_words_leaves_the_last_one_valid(steps: list[tuple[int, str, str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        case = make_case(Path(folder))
        ones = [add(case, "a", "courtesy_removal", str(n), now=NOW) for n in range(3)]
        expected = ["drafted"] * 3
        entries, sent = [1, 1, 1], [False] * 3
        for which, status, text in steps:
            allowed = (sent[which] or not statuses()[status].after_sent) and (
                bool(text.strip()) or not statuses()[status].needs_text
            )
            try:
                set_status(case, [ones[which]], status, text, now=NOW)
            except RequestError:
                assert not allowed
                continue
            assert allowed
            expected[which], entries[which] = status, entries[which] + 1
            sent[which] = sent[which] or status == "sent"
        found = {one.request.url: one for one in standings(case)}
        assert [found[str(n)].status for n in range(3)] == expected
        assert [len(found[str(n)].entries) for n in range(3)] == entries


def test_thousands_of_requests_are_entered_and_read_in_a_moment(case: Case) -> None:
    from optout.register import Asked

    many = [Asked(f"r-{n:016x}", "laion", "LAION e.V.", "courtesy_removal") for n in range(20_000)]
    before = time.monotonic()
    set_status(case, many, "sent", now=NOW)
    assert len(asked_already(case)) == 20_000
    assert time.monotonic() - before < 20

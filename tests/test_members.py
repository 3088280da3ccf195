"""Members of an organisation: files, cases, one pass, one gate, numbers, removal."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import date
from http.server import BaseHTTPRequestHandler
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.gate import Gate
from optout.case import load_case
from optout.datasets import resolve
from optout.errors import MembersError
from optout.index import build
from optout.members.choosing import choose
from optout.members.counted import Counted, Rows
from optout.members.importing import Imported, import_members
from optout.members.matching import match_members
from optout.members.reading import Rules
from optout.members.register import (
    Member,
    Organisation,
    alone,
    read_register,
    safe_name,
    write_register,
)
from optout.members.statistics import Line, statistics
from optout.members.suppression import LEAST, Cell, hide
from optout.members.writing import write_all_requests
from tests.harness import Page, html, jpeg, optout, serving
from tests.members_file import BROKEN_LINES, members_csv, name_of

TODAY = date(2026, 11, 21)
HEAD = "member number;names;sites;accounts;mandate date;status\n"


def imported(folder: Path, text: str | bytes, **rules: Any) -> Imported:
    file = folder / "members.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return import_members(file, Organisation(folder / "org"), today=TODAY, rules=Rules(**rules))


def broken(done: Imported) -> list[tuple[int, str]]:
    return [(one.line, one.column) for one in done.broken]


def row(number: str = "1", names: str = "Mira Solberg", sites: str = "", **cells: str) -> str:
    rest = (cells.get("accounts", ""), cells.get("mandate", "2025-11-04"), cells.get("status", ""))
    return ";".join((number, names, sites, *rest)) + "\n"


# --- reading ---


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
def test_files_of_spreadsheets_are_read_whatever_their_form(
    tmp_path: Path, encoding: str, delimiter: str
) -> None:
    text = members_csv(20, broken=False, delimiter=delimiter)
    done = imported(tmp_path, text.encode(encoding, "replace"))
    assert (len(done.new), done.broken) == (20, ())
    members = read_register(Organisation(tmp_path / "org"))
    assert [m.number for m in members] == [f"{n:05d}" for n in range(1, 21)]
    if encoding != "cp1252":
        assert members[2].names == (name_of(3),)


@pytest.mark.parametrize(
    "header",
    [
        "Mitglieds-Nr.;Künstlername;Webseite;Konten;Mandatsdatum;Status",
        "Numéro d'adhérent;Noms;Site web;Comptes;Date du mandat;Statut",
        "Nº de socio;Nombre;Sitio web;Cuentas;Fecha del mandato;Estado",
        "sep=;\nMEMBER_NO;Artist names;Web sites;Social media;Mandate since;state",
    ],
)
def test_headers_are_known_in_four_languages(tmp_path: Path, header: str) -> None:
    body = row(sites="https://mira.example", accounts="Tumblr:mira", status="aktiv")
    done = imported(tmp_path, f"{header}\n{body}")
    assert done.new == ("1",) and not done.broken
    [member] = read_register(Organisation(tmp_path / "org"))
    assert (member.sites, member.status) == (("https://mira.example/",), "active")
    assert member.accounts[0].platform == "tumblr" and member.mandate_from == date(2025, 11, 4)


def test_three_broken_rows_of_five_thousand_are_listed_and_the_others_go_on(tmp_path: Path) -> None:
    file = tmp_path / "members.csv"
    file.write_text(members_csv(5000), "utf-8", newline="")
    done = optout("members", "import", "members.csv", cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    told = [line for line in done.stderr.splitlines() if line.startswith("broken: ")]
    assert [int(line.split()[2].strip(",:")) for line in told] == list(BROKEN_LINES)
    organisation = Organisation(tmp_path / "optout-members")
    assert len(read_register(organisation)) == 4997 == len(list(organisation.cases.iterdir()))
    with (organisation.folder / "broken_rows.csv").open(encoding="utf-8-sig") as listed:
        assert [int(r["line"]) for r in csv.DictReader(listed)] == list(BROKEN_LINES)
    again = optout("members", "import", "members.csv", cwd=tmp_path)
    assert "0 new members, 0 changed, 4,997 unchanged" in again.stderr


@pytest.mark.parametrize(
    ("bad", "column", "reason"),
    [
        (row("2", mandate="04/11/2025"), "mandate date", "4 November or 11 April"),
        (row("2", mandate="04.11.25"), "mandate date", "two digits"),
        (row("2", mandate="45965"), "mandate date", "spreadsheet's number"),
        (row("2", mandate="31.02.2025"), "mandate date", "no such day"),
        (row("", "Nobody"), "member number", "no member number"),
        (row("1,23E+05"), "member number", "shortened"),
        (row("#REF!"), "member number", "error of the spreadsheet"),
        (row("=A1+1"), "member number", "formula"),
        (row("2", "=HYPERLINK(A1)"), "names", "formula"),
        (row("1"), "member number", "line 2 already"),
        (row("2", sites="ftp://a.example"), "sites", "not an address to crawl"),
        (row("2", sites="http://10.0.0.7/"), "sites", "private address"),
        (row("2", sites="http://169.254.169.254/latest"), "sites", "link-local"),
        (row("2", sites="mira"), "sites", "no full host"),
        (row("2", accounts="mira"), "accounts", "platform:name"),
        (row("2", accounts="nowhere:mira"), "accounts", "none of"),
        (row("2", ""), "names", "nothing to look for"),
        (row("2", "Mira\x1b[2J"), "names", "control characters"),
        ('2;"Mira;https://a.example;;;\n', "", "not closed"),
        ("2;Mira;;;;;seven;cells\n", "", "8 cells"),
    ],
)
def test_a_broken_row_is_set_apart_with_its_line_column_and_reason(
    tmp_path: Path, bad: str, column: str, reason: str
) -> None:
    done = imported(tmp_path, HEAD + row("1") + bad + row("3", "Ana Vries"))
    assert done.new == ("1", "3")
    [one] = done.broken
    assert (one.line, one.column) == (3, column) and reason in one.reason


def test_a_torn_byte_breaks_its_row_only(tmp_path: Path) -> None:
    text = (HEAD + row("1", "Élodie") + row("2", "Søren") + row("3", "Zoë")).encode()
    done = imported(tmp_path, text.replace("Søren".encode(), b"S\xc3ren"))
    assert (done.new, broken(done)) == (("1", "3"), [(3, "names")])


def test_a_file_cut_short_breaks_its_last_row(tmp_path: Path) -> None:
    done = imported(tmp_path, HEAD + row("1") + "2;Mira")
    assert (done.new, broken(done)) == (("1",), [(3, "")])


def test_the_order_of_dates_can_be_said(tmp_path: Path) -> None:
    for order, month in (("day", 11), ("month", 4)):
        folder = tmp_path / order
        folder.mkdir()
        imported(folder, HEAD + row(mandate="04/11/2025"), date_order=order)
        [member] = read_register(Organisation(folder / "org"))
        assert member.mandate_from and member.mandate_from.month == month


def test_text_formulas_keep_their_zeros_and_lost_zeros_are_noticed(tmp_path: Path) -> None:
    assert imported(tmp_path, HEAD + row('="00123"')).new == ("00123",)
    done = imported(tmp_path, HEAD + row("123"))
    assert done.new == () and "did a spreadsheet drop the zeros" in done.broken[0].reason


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"PK\x03\x04rest", "a workbook, not CSV"),
        (b"", "no column with member numbers"),
        (b"a;b\n1;2\n", "in its first line (a, b)"),
        (b"number;member no\n1;2\n", "both mean number"),
    ],
)
def test_what_is_no_members_file_is_told_in_a_sentence(
    tmp_path: Path, content: bytes, words: str
) -> None:
    with pytest.raises(MembersError) as told:
        imported(tmp_path, content)
    assert words in told.value.message and told.value.hint


@given(st.binary(max_size=400))
def test_no_bytes_after_the_header_end_an_import(tmp_path_factory: Any, noise: bytes) -> None:
    folder = tmp_path_factory.mktemp("noise")
    done = imported(folder, HEAD.encode() + row("1").encode() + noise)
    lines = {one.line for one in done.broken}
    assert "1" in done.new or 2 in lines


@given(st.text(min_size=1, max_size=60), st.text(min_size=1, max_size=60))
def test_no_two_numbers_share_a_folder_and_none_leaves_its_place(one: str, other: str) -> None:
    names = [safe_name(one), safe_name(other)]
    assert one == other or names[0].casefold() != names[1].casefold()
    for name in names:
        assert Path(name).name == name and name not in (".", "..") and name.isascii()
        assert not name.startswith((".", "-")) or name[0] == "-"


def test_hostile_member_numbers_stay_below_the_folder(tmp_path: Path) -> None:
    numbers = ("../../x", "/etc/passwd", "con", "A1", "a1", "a/b", "..", "~", "x" * 90)
    imported(tmp_path, HEAD + "".join(row(number) for number in numbers))
    organisation = Organisation(tmp_path / "org")
    folders = [organisation.case_folder(m) for m in read_register(organisation)]
    assert len({str(f).casefold() for f in folders}) == len(numbers)
    assert {f.resolve().parent for f in folders} == {organisation.cases.resolve()}
    assert all((f / "optout.toml").is_file() for f in folders)


# --- importing again ---


def test_a_newer_file_changes_what_it_says_and_nothing_else(tmp_path: Path) -> None:
    imported(tmp_path, HEAD + row("1", sites="https://a.example") + row("2", "Ana Vries"))
    organisation = Organisation(tmp_path / "org")
    case = organisation.cases / "1"
    toml = case / "optout.toml"
    text = toml.read_text("utf-8").replace("hosts = []", 'hosts = ["img.a.example"]  # mine')
    toml.write_text(text, "utf-8")
    (case / "decisions.db").write_bytes(b"kept")
    done = imported(tmp_path, HEAD + row("1", "Mira Solberg|M. S. Solberg", "https://b.example"))
    assert (done.changed, done.removed) == (("1",), ("2",))
    now = load_case(case)
    assert now.sites == ("https://b.example/",) and now.hosts[0].host == "img.a.example"
    assert now.names == ("Mira Solberg", "M. S. Solberg")
    assert "# mine" in toml.read_text("utf-8") and (case / "decisions.db").read_bytes() == b"kept"
    assert (organisation.cases / "2").is_dir()
    [_, gone] = read_register(organisation)
    assert gone.no_mandate(TODAY) == "not in the last members file"


def test_a_member_whose_row_is_broken_now_is_not_taken_for_removed(tmp_path: Path) -> None:
    imported(tmp_path, HEAD + row("1") + row("2"))
    done = imported(tmp_path, HEAD + row("1") + row("2", mandate="04/11/2025"))
    assert (done.removed, broken(done)) == ((), [(3, "mandate date")])


def test_two_members_on_one_site_are_listed_and_both_kept(tmp_path: Path) -> None:
    site = "https://www.studio.example/"
    done = imported(tmp_path, HEAD + row("1", sites=site) + row("2", sites="studio.example"))
    assert [(c.what, c.members) for c in done.conflicts] == [("site", ("1", "2"))]
    assert done.new == ("1", "2")


# --- mandates and choices ---


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({}, ""),
        ({"mandate_from": None}, "no mandate date"),
        ({"mandate_until": date(2026, 11, 20)}, "mandate ended 2026-11-20"),
        ({"mandate_until": TODAY}, ""),
        ({"mandate_from": date(2027, 1, 1)}, "mandate begins 2027-01-01"),
        ({"mandate_scope": "Nur Statistik"}, "covers no requests"),
        ({"listed": False}, "not in the last members file"),
    ],
)
def test_requests_need_a_mandate_in_force(changed: dict[str, Any], words: str) -> None:
    member = Member(**{"number": "1", "folder": "1", "mandate_from": date(2025, 1, 1), **changed})
    assert words in member.no_mandate(TODAY) and bool(words) == bool(member.no_mandate(TODAY))


def test_members_are_chosen_by_status_or_number(tmp_path: Path) -> None:
    text = HEAD + row("001") + row("002", status="ausgetreten") + row("003", status="honorary")
    imported(tmp_path, text)
    organisation = Organisation(tmp_path / "org")

    def numbers(*status: str) -> list[str]:
        return [m.number for m in choose(organisation, status)]

    assert (numbers(), numbers("left")) == (["001"], ["002"])
    assert numbers("all") == ["001", "002", "003"] and numbers("honorary") == ["003"]
    with pytest.raises(MembersError, match="no member has the status"):
        numbers("actve")
    with pytest.raises(MembersError) as told:
        choose(organisation, numbers=["1"])
    assert told.value.hint == "did you mean 001?"


# --- searching ---


def dataset(folder: Path, urls: list[str]) -> Path:
    captions = [f"text of row number {n}" for n in range(len(urls))]
    table = pa.table({"url": urls, "caption": captions, "width": [512] * len(urls)})
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, folder / "part-00000.parquet")
    return folder


def organisation_of(folder: Path, count: int) -> Organisation:
    """Members 001 … each with a site of their own; nothing crawled."""
    body = "".join(
        row(f"{n:03d}", f"Name{n} Solberg", f"https://a{n}.example") for n in range(count)
    )
    imported(folder, HEAD + body)
    return Organisation(folder / "org")


def test_a_search_writes_every_members_matches(tmp_path: Path) -> None:
    organisation = organisation_of(tmp_path, 3)
    data = dataset(tmp_path / "data", [f"https://a{n}.example/x.jpg" for n in (0, 0, 2)])
    (organisation.cases / "001" / "optout.toml").write_text("broken [", "utf-8")
    found = match_members(organisation, read_register(organisation), [str(data)])
    assert {n: s.data["matches"] for n, s in found.summaries.items()} == {"000": 2, "002": 1}
    assert list(found.failed) == ["001"]


def test_a_file_that_cannot_be_read_to_its_end_is_told(tmp_path: Path) -> None:
    organisation = organisation_of(tmp_path, 2)
    dataset(tmp_path / "data", ["https://a0.example/x.jpg"])
    (tmp_path / "data" / "part-00001.parquet").write_bytes(damaged(tmp_path / "torn"))
    folder = ("--folder", str(organisation.folder))
    done = optout("members", "match", *folder, "--dataset", "data", "--json", cwd=tmp_path)
    assert done.returncode == 1 and "part-00001.parquet" in done.stderr
    told = {row["number"]: row["matches"] for row in map(json.loads, done.stdout.splitlines())}
    assert told == {"000": 1, "001": 0}


def test_a_search_tells_how_many_cases_it_has_gathered_and_written(tmp_path: Path) -> None:
    organisation_of(tmp_path, 102)
    dataset(tmp_path / "data", ["https://a0.example/x.jpg"])
    done = optout("members", "match", "--folder", "org", "--dataset", "data", cwd=tmp_path)
    told = [line for line in done.stderr.splitlines() if " of 102 members" in line]
    assert told[:4] == [
        "100 of 102 members gathered",
        "102 of 102 members gathered",
        "100 of 102 members' matches written",
        "102 of 102 members' matches written",
    ]


def test_an_index_answers_for_all_members(tmp_path: Path) -> None:
    organisation = organisation_of(tmp_path, 2)
    data = dataset(tmp_path / "data", [f"https://a{n}.example/x.jpg" for n in (0, 0, 1)])
    build(resolve([str(data)]), tmp_path / "index")
    folder = ("--folder", str(organisation.folder))
    done = optout("members", "match", *folder, "--index", "index", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    told = {row["number"]: row["matches"] for row in map(json.loads, done.stdout.splitlines())}
    assert told == {"000": 2, "001": 1}
    assert "which an index does not cover" in done.stderr


def test_all_members_are_searched_for_in_one_scan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is read as often for ten members as for one, by what the system counts."""
    data = dataset(tmp_path / "data", [f"https://h{n}.example/{n:09d}.jpg" for n in range(200_000)])
    read = []
    for count in (1, 10):
        folder = tmp_path / str(count)
        folder.mkdir()
        organisation = organisation_of(folder, count)
        before = _bytes_read()
        match_members(organisation, read_register(organisation), [str(data)])
        read.append(_bytes_read() - before)
    assert read[1] < 1.5 * read[0] + 10 * 100_000


def _bytes_read() -> int:
    """Bytes this process asked the system for, whether they came from the disk or not."""
    lines = Path("/proc/self/io").read_text("ascii").splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("rchar")))


def test_requests_are_left_out_without_a_mandate(tmp_path: Path) -> None:
    text = HEAD + row("1", sites="https://a.example") + row("2", sites="b.example", mandate="")
    imported(tmp_path, text)
    organisation = Organisation(tmp_path / "org")
    data = dataset(tmp_path / "data", ["https://a.example/x.jpg", "https://b.example/y.jpg"])
    members = read_register(organisation)
    match_members(organisation, members, [f"laion5b={data}"])
    results = write_all_requests(organisation, members, today=TODAY)
    assert [(r.number, r.outcome) for r in results] == [("1", "written"), ("2", "no_mandate")]
    assert (organisation.cases / "1" / "requests").is_dir()
    assert not (organisation.cases / "2" / "requests").exists()


# --- statistics ---


def cells(groups: list[list[int]]) -> list[Cell]:
    return [Cell(str(n), len(g) + 1, frozenset(g)) for n, g in enumerate(groups)]


@given(st.lists(st.lists(st.integers(0, 40), max_size=14), max_size=9))
def test_hidden_cells_rest_together_on_enough_members(groups: list[list[int]]) -> None:
    table = cells(groups)
    hidden = hide(table)
    assert hidden.cells >= {c.name for c in table if len(c.members) < LEAST}
    if hidden.cells and not hidden.total:
        together = [c for c in table if c.name in hidden.cells]
        assert len(frozenset().union(*(c.members for c in together))) >= LEAST


@given(st.lists(st.integers(0, 9), min_size=1, max_size=4))
def test_every_hidden_cell_can_hold_few_and_many_by_all_that_is_shown(sizes: list[int]) -> None:
    """By trying all tables that agree with what is shown."""
    shown = published(sizes)
    if shown[-1] is None:
        return  # without a total nothing bounds the cells
    could = [range(shown[-1] + 1) if value is None else (value,) for value in shown[:-1]]
    agree = [table for table in product(*could) if sum(table) == shown[-1]]
    assert tuple(sizes) in agree
    for place, value in enumerate(shown[:-1]):
        if value is None:
            values = [table[place] for table in agree]
            assert min(values) < LEAST <= max(values) and max(values) - min(values) >= LEAST


@pytest.mark.parametrize("number", [2, 3, 4])
def test_who_knows_the_method_learns_of_no_hidden_cell_that_it_is_small(number: int) -> None:
    """Every table of up to 20 members: what is published of it is published of others as well."""
    could: dict[Any, list[tuple[int, ...]]] = defaultdict(list)
    for sizes in product(range(21), repeat=number):
        if LEAST <= sum(sizes) <= 20:
            could[tuple(published(list(sizes)))].append(sizes)
    for shown, tables in could.items():
        for place, value in enumerate(shown[:-1]):
            values = {table[place] for table in tables}
            assert value is not None or min(values) < LEAST <= max(values), (shown, tables)


def published(sizes: list[int]) -> list[int | None]:
    """A table of members as it is published: its cells, then the total; None for what is not."""
    table, first = [], 0
    for place, size in enumerate(sizes):
        table.append(Cell(str(place), size, frozenset(range(first, first + size))))
        first += size
    hidden = hide(table)
    values = [None if c.name in hidden.cells else c.value for c in table]
    return [*values, None if hidden.total else first]


def counted(strongest: dict[str, int], rows_each: int = 1) -> Counted:
    """Members by the strength of the rows found for them; "none" for those without."""
    names = [name for name, count in strongest.items() for _ in range(count)]
    everybody = tuple(range(len(names)))
    rows = [
        Rows(place, name, "a.example", "one", rows_each)
        for place, name in enumerate(names)
        if name != "none"
    ]
    return Counted(everybody, everybody, tuple(rows), {}, {})


@pytest.mark.parametrize(
    "strongest",
    [
        {"lead": 20, "none": 5},
        {"same_address": 5, "lead": 20},
        {"same_address": 300, "lead": 40, "caption_only": 800, "none": 3000},
        {"lead": 7, "none": 1},
        {"caption_only": 23, "none": 1},
    ],
)
def test_no_table_tells_what_another_hides(
    strongest: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("optout.members.statistics.choose", lambda *_: [])
    monkeypatch.setattr("optout.members.statistics.count", lambda *_: counted(strongest, 2))
    lines = statistics(Organisation(Path("nowhere"))).lines
    hidden: dict[str, set[str]] = defaultdict(set)
    for line in lines:
        assert line.why == ("withheld" if line.value is None else "")
        if line.value is None:
            hidden[line.table].add(line.cell)
    members = sum(strongest.values())
    assert hidden["members_by_match"] - {"none", "not searched"} == (
        hidden["rows_by_strength"] - {"total"}
    )
    assert len({"total" in hidden[name] for name in hidden if name.startswith("rows_")}) == 1
    told = [line.members_at_least or (0 if line.value is None else LEAST)
            for line in lines if line.table.startswith("rows_")]  # fmt: skip
    assert "none" not in hidden["members_by_match"] or members - max(told) >= LEAST
    [total] = [x.value for x in lines if (x.table, x.cell) == ("members_by_match", "total")]
    assert total == members


def test_hidden_cells_are_in_no_order_of_their_values(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [Rows(n, "lead", "a.example", f"edition {n % 3}", 9 - n % 3) for n in range(12)]
    rows += [Rows(1, "lead", "a.example", name, many) for name, many in (("b", 90), ("a", 1))]
    found = Counted(tuple(range(30)), tuple(range(30)), tuple(rows), {}, {})
    monkeypatch.setattr("optout.members.statistics.choose", lambda *_: [])
    monkeypatch.setattr("optout.members.statistics.count", lambda *_: found)
    lines = statistics(Organisation(Path("nowhere"))).lines
    names = [x.cell for x in lines if x.table == "rows_by_edition" and x.value is None]
    assert len(names) >= 3 and names == sorted(names)


def test_damaged_cases_do_not_count_towards_the_least_number_of_members(tmp_path: Path) -> None:
    organisation = organisation_of(tmp_path, 12)
    for number in range(8):
        (organisation.cases / f"{number:03d}" / "optout.toml").write_text("broken [", "utf-8")
    done = optout("members", "statistics", "--folder", "org", cwd=tmp_path)
    assert done.returncode == 1
    assert "4 members whose cases can be read are too few" in done.stderr
    assert not (organisation.folder / "statistics.json").exists()


def test_statistics_show_no_small_cell_and_no_host_of_few(tmp_path: Path) -> None:
    organisation = organisation_of(tmp_path, 12)
    urls = [f"https://a{n}.example/x.jpg" for n in range(8) for _ in range(n + 1)]
    shared = [f"https://cdn.shared.example/{n}.jpg" for n in range(12)]
    data = dataset(tmp_path / "data", urls + shared)
    for n in range(12):
        toml = organisation.cases / f"{n:03d}" / "optout.toml"
        text = toml.read_text("utf-8").replace("hosts = []", 'hosts = ["cdn.shared.example"]')
        toml.write_text(text, "utf-8")
    members = read_register(organisation)
    match_members(organisation, members, [str(data)])
    lines = statistics(organisation).lines
    shown = {(line.table, line.cell): line for line in lines}
    assert shown["rows_by_host", "cdn.shared.example"] == Line(
        "rows_by_host", "cdn.shared.example", 144, "", 5
    )
    assert not [line for line in lines if "a1.example" in line.cell]
    assert shown["rows_by_strength", "same_image"].why == "withheld"
    by_match = {line.value for line in lines if line.table == "members_by_match"}
    assert by_match == {12, None}
    write_register(organisation, members[:4])
    with pytest.raises(MembersError, match="too few"):
        statistics(organisation)


# --- one gate for all crawls ---

_HOLD = """
import sys, time
from pathlib import Path
from crawler.gate import Gate
gate = Gate(Path(sys.argv[1]))
assert gate.enter("cdn.example")
print("in", flush=True)
time.sleep(60)
"""


def test_a_host_is_let_to_one_process_and_given_back_when_it_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "gate"
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(path)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout and holder.stdout.readline() == "in\n"
        gate = Gate(path)
        assert not gate.enter("cdn.example") and gate.enter("other.example")
    finally:
        holder.kill()
        holder.wait()
        assert holder.stdout
        holder.stdout.close()
    assert gate.enter("cdn.example")
    gate.leave("cdn.example", pause=0.3)
    assert not gate.enter("cdn.example")
    time.sleep(0.35)
    assert gate.enter("cdn.example")
    gate.close()


class Site:
    """Members' sites on one server under two names, and who asked for what at the same time."""

    def __init__(self) -> None:
        self.asked: list[tuple[float, str, str]] = []
        self.clashes: list[tuple[str, str]] = []
        self._under_way: dict[str, str] = {}
        self._lock = threading.Lock()
        self.port = 0

    def __call__(self, path: str, handler: BaseHTTPRequestHandler) -> Page:
        host = (handler.headers.get("Host") or "").partition(":")[0]
        with self._lock:
            if host in self._under_way:
                self.clashes.append((self._under_way[host], path))
            self._under_way[host] = path
            self.asked.append((time.monotonic(), host, path))
        time.sleep(0.03)
        with self._lock:
            self._under_way.pop(host, None)
        if path.endswith(".jpg"):
            return 200, [("Content-Type", "image/jpeg")], jpeg(len(path))
        if path.count("/") == 2 and path.endswith("/"):
            cdn = f"http://127.0.0.1:{self.port}"
            return html(
                "".join(f'<img src="{cdn}{path}{i}.jpg" alt="A fox in snow {i}">' for i in range(4))
            )
        return 404, [], b""


def test_hosts_that_members_share_are_asked_by_one_crawl_at_a_time(tmp_path: Path) -> None:
    site = Site()
    with serving(site) as base:
        site.port = int(base.rpartition(":")[2])
        # Two sites that do not exclude each other, whose images lie on one host.
        text = HEAD + row("1", sites=f"http://localhost:{site.port}/one/")
        text += row("2", sites=f"http://127.0.0.1:{site.port}/two/")
        imported(tmp_path, text, private=True)
        args = ("--allow-private", "--delay", "0.05", "--no-autothrottle", "--folder", "org")
        refused = optout("members", "crawl", "--folder", "org", cwd=tmp_path)
        assert not site.asked and "2 without a page" in refused.stderr
        done = optout("members", "crawl", "--again", *args, cwd=tmp_path)
        assert done.returncode == 0 and "2 crawled" in done.stderr, done.stderr
        images = [(at, path) for at, _, path in site.asked if path.endswith(".jpg")]
        assert len(images) == 8 and not site.clashes
        pauses = [b - a for (a, _), (b, _) in pairwise(images)]
        assert min(pauses) >= 0.05
        before = len(site.asked)
        again = optout("members", "crawl", *args, cwd=tmp_path)
        assert "2 done before" in again.stderr and len(site.asked) == before


def test_crawls_end_with_the_process_that_began_them_and_go_on_later(tmp_path: Path) -> None:
    asked: list[str] = []

    def slow(path: str, handler: BaseHTTPRequestHandler) -> Page:
        asked.append(path)
        time.sleep(0.1)
        if path.endswith(("/robots.txt", ".xml", ".json", ".txt")):
            return 404, [], b""
        if path.count("/") == 2:
            return html("".join(f'<a href="{path}{n}/">page {n}</a>' for n in range(15)))
        return html("<p>A page</p>")

    with serving(slow) as base:
        text = HEAD + row("1", sites=f"{base}/one/")
        text += row("2", sites=f"{base.replace('127.0.0.1', 'localhost')}/two/")
        imported(tmp_path, text, private=True)
        args = ["members", "crawl", "--allow-private", "--delay", "0", "--no-autothrottle"]
        args += ["--folder", "org"]
        begun = subprocess.Popen(
            [sys.executable, "-m", "optout", *args],
            cwd=tmp_path,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONWARNINGS": ""},
        )
        wait_until(lambda: len(asked) > 12)
        busy = pytest.raises(MembersError, match="another optout is at work")
        with busy, alone(Organisation(tmp_path / "org")):
            pass
        begun.kill()
        begun.wait()
        before = -1
        while before != len(asked):
            before = len(asked)
            time.sleep(1.5)
        done = optout(*args, cwd=tmp_path)
        assert "2 crawled" in done.stderr, done.stderr
    pages = [path for path in asked[:before] if path.count("/") == 3]
    assert not {*pages[:-3]} & {*asked[before:]}


def wait_until(happened: Callable[[], Any], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


# --- removal ---


def test_a_removal_leaves_nothing_of_the_member(tmp_path: Path) -> None:
    organisation = organisation_of(tmp_path, 7)
    data = dataset(tmp_path / "data", [f"https://a{n}.example/x.jpg" for n in range(7)])
    args = ("--folder", "org")
    for step in (("match", "--dataset", str(data)), ("statistics",)):
        assert optout("members", step[0], *step[1:], *args, cwd=tmp_path).returncode == 0
    assert optout("members", "remove", "003", *args, cwd=tmp_path).returncode == 130  # not said yes
    assert len(read_register(organisation)) == 7
    done = optout("members", "remove", "003", "--yes", *args, cwd=tmp_path)
    assert done.returncode == 0 and "left, and not in this program's hands" in done.stderr
    held = files_below(organisation.folder)
    assert not [p for p in held if b"a3.example" in p.read_bytes() or "003" in p.parts]
    assert [m.number for m in read_register(organisation)] == [f"00{n}" for n in (0, 1, 2, 4, 5, 6)]
    assert json.loads((organisation.folder / "statistics.json").read_text("utf-8"))["members"] == 6


def test_what_an_unfinished_search_keeps_is_in_no_members_case_and_goes_with_a_member(
    tmp_path: Path,
) -> None:
    organisation = organisation_of(tmp_path, 3)
    data = dataset(tmp_path / "data", [f"https://a{n}.example/x.jpg" for n in range(3)])
    (data / "part-00001.parquet").write_bytes(damaged(tmp_path / "torn"))
    args = ("--folder", "org")
    search = ("members", "match", *args, "--dataset", str(data))
    assert optout(*search, cwd=tmp_path).returncode == 1
    first = organisation.cases / "000"
    assert not [p for p in files_below(first) if b"a1.example" in p.read_bytes()]
    [kept] = organisation.unfinished_search.iterdir()
    changed = kept.stat().st_mtime_ns
    assert optout(*search, cwd=tmp_path).returncode == 1
    [again] = organisation.unfinished_search.iterdir()
    assert (again, again.stat().st_mtime_ns) == (kept, changed)  # not read a second time
    done = optout("members", "remove", "001", "--yes", *args, cwd=tmp_path)
    assert done.returncode == 0 and "unfinished search" in done.stderr
    held = files_below(organisation.folder)
    assert not [p for p in held if b"a1.example" in p.read_bytes()]
    (data / "part-00001.parquet").unlink()
    assert optout(*search, cwd=tmp_path).returncode == 0
    assert not organisation.unfinished_search.exists()


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def damaged(folder: Path) -> bytes:
    """A Parquet file whose data are spoilt and whose footer is not."""
    dataset(folder, [f"https://a1.example/{n * 7919}.jpg" for n in range(5000)])
    body = (folder / "part-00000.parquet").read_bytes()
    middle = len(body) // 3
    return body[:middle] + b"\xff" * 900 + body[middle + 900 :]


_KILLED = """
import os, signal, sys
from pathlib import Path
from optout.members import removal, statistics
from optout.members.register import Organisation, read_register, write_register
organisation = Organisation(Path(sys.argv[1]))
stop = lambda *a, **k: os.kill(os.getpid(), signal.SIGKILL)
setattr(removal, sys.argv[2], stop) if hasattr(removal, sys.argv[2]) else setattr(
    removal.shutil, sys.argv[2], stop)
removal.remove(organisation, read_register(organisation)[0])
"""


@pytest.mark.parametrize("moment", ["rmtree", "write_register"])
def test_a_removal_that_was_killed_is_finished_by_the_next_call(
    tmp_path: Path, moment: str
) -> None:
    organisation = organisation_of(tmp_path, 2)
    killed = subprocess.run(
        [sys.executable, "-c", _KILLED, str(organisation.folder), moment],
        check=False,
        env={**os.environ, "PYTHONWARNINGS": ""},
    )
    assert killed.returncode == -signal.SIGKILL
    assert len(read_register(organisation)) == 2
    done = optout("members", "remove", "000", "--yes", "--folder", "org", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert [m.number for m in read_register(organisation)] == ["001"]
    assert not (organisation.cases / "000").exists()
    assert not list(organisation.folder.glob(".removing*"))


# --- the command ---


def test_the_file_alone_does_every_step(tmp_path: Path) -> None:
    (tmp_path / "members.csv").write_text(
        HEAD
        + "".join(row(f"{n:02d}", f"Mira{n} Solberg", f"https://a{n}.example") for n in range(6)),
        "utf-8",
    )
    dataset(tmp_path / "data", ["https://a1.example/x.jpg"])
    args = ("members.csv", "--dataset", "data", "--no-crawl")
    done = optout("members", *args, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "rows were found for 1 of 6 members" in done.stderr
    folder = tmp_path / "optout-members"
    assert (folder / "members" / "01" / "report.html").is_file()
    listed = optout("members", "list", "--json", cwd=tmp_path)
    rows = [json.loads(line) for line in listed.stdout.splitlines()]
    assert [r["matches"] for r in rows] == [0, 1, 0, 0, 0, 0]
    nothing = optout("members", "crwal", cwd=tmp_path)
    assert nothing.returncode == 2 and "No such command" in nothing.stderr

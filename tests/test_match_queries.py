"""The queries of the search: each header tells what the query reads and gives."""

from __future__ import annotations

import re
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from optout.case import create_case
from optout.database import connect, open_case, relation
from optout.datasets.files import resolve
from optout.datasets.text import batches
from optout.datasets.view import view_sql
from optout.matching.artist import gather
from optout.matching.cases import _QUERIES
from optout.matching.lookups import lookups
from optout.matching.raw import RawFiles
from optout.matching.scan import scan
from optout.matching.sieve import Sieve
from optout.matching.wanted import wanted
from queries import read

BEFORE = ("case_images", "case_addresses", "relative_sources", "case_texts", "case_files",
          "latest_files", "work_images")  # fmt: skip


def _header(name: str, key: str) -> list[str]:
    line = re.search(rf"^-- {key}: (.*)$", read(name), re.M)
    assert line, f"{name}.sql has no line “-- {key}: …”"
    return line[1].split(", ")


@pytest.mark.parametrize("name", [*BEFORE, "searched", "survivors", *_QUERIES])
def test_the_header_tells_the_truth(tmp_path: Path, name: str) -> None:
    case = create_case(tmp_path / "case", ["https://mira.example/"], created=date(2026, 11, 21))
    (tmp_path / "x.csv").write_text("url,caption\nhttp://mira.example/a.jpg,x\n")
    files = resolve([str(tmp_path / "x.csv")])
    connection = open_case(case)
    artist = gather(connection, case)
    with closing(RawFiles(Sieve(wanted([artist])))) as source:
        found = scan(source, files, [artist])
    rows = replace(files[0], columns=replace(files[0].columns, names={"url": "url"}))
    connection.register("rows", next(batches(files[0].path, files[0].columns)))
    connection.execute(f"CREATE VIEW dataset AS {view_sql(rows, 'rows', 'dataset_row')}")
    connection.register("candidates", found.candidates[0])
    for table, known in lookups(artist, []).items():
        connection.register(table, known)
    for query in _QUERIES:
        result = relation(connection, query, case_id="c", most_rows=20).to_arrow_table()
        connection.register(query, result)
    assert relation(connection, name).columns == _header(name, "columns")
    connection.close()
    with connect() as empty:  # names only, nothing is there to be read
        assert sorted(empty.get_table_names(read(name))) == sorted(_header(name, "reads"))

"""The made-up edition of the benchmarks: its shape, its truth, the same bytes twice."""

from __future__ import annotations

import statistics
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from optout.datasets import resolve
from tests.benchmarks.laion_shaped import EDITIONS, artists, read_people, write


@pytest.mark.parametrize("edition", EDITIONS)
def test_rows_have_the_shape_of_the_edition_and_hold_what_was_planted(
    edition: str, tmp_path: Path
) -> None:
    people = artists(3, 6, 30)
    for folder in ("one", "two"):
        write(2000, tmp_path / folder, edition=edition, people=people, row_group=300)
    ours, again = ([f.read_bytes() for f in sorted((tmp_path / n).rglob("*.parquet"))]
                   for n in ("one", "two"))  # fmt: skip
    assert ours == again
    assert read_people(tmp_path / "one") == people
    files = resolve([str(tmp_path / "one" / "rows")])
    assert {file.edition for file in files} == {edition}
    assert (sum(file.columns.rows or 0 for file in files), len(files)) == (2000, 4)
    tables = {f.name: pq.read_table(f.path, columns=list(f.columns.names.values())) for f in files}
    truth = pq.read_table(tmp_path / "one" / "truth.parquet").to_pylist()
    assert len(truth) == 10 + 2 * 2
    url = files[0].columns.names["url"]
    for row in truth:
        if row["tie"] == "exact":
            assert tables[row["dataset_file"]][url][row["dataset_row"]].as_py() == row["image_url"]
    urls = [u for table in tables.values() for u in table[url].to_pylist() if u]
    assert 80 <= statistics.median(map(len, urls)) <= 110

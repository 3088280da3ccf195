"""Published training filters: what rows meet, on every edge, and what nobody can tell."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from optout.cli import main
from optout.database import connect
from optout.datasets import find
from optout.lineage.filters import COLUMNS, rows_lineage, stages
from optout.tables import MATCHES
from tests.report_case import make_case, match, write_matches

IMPROVED = "improved_aesthetics_5plus"
GOOD = {"width": 512, "height": 512, "aesthetic": 5.01, "pwatermark": 0.49, "punsafe": 0.05}
AESTHETICS = "v1-2 to v1-4: laion-improved-aesthetics"
LARGE = "v1-1, then: laion-high-resolution"
V2 = "512-base, then: at 512 × 512"
YES, NO, UNTOLD = "meets", "does_not_meet", "cannot_be_told"

CASES: dict[str, tuple[dict[str, Any], str, str]] = {
    "everything fits": ({}, AESTHETICS, YES),
    "the score itself is not above it": ({"aesthetic": 5.0}, AESTHETICS, NO),
    "the smallest score above": ({"aesthetic": 5.0000005}, AESTHETICS, YES),
    "the watermark's edge is out": ({"pwatermark": 0.5}, AESTHETICS, NO),
    "just below it": ({"pwatermark": 0.4999999}, AESTHETICS, YES),
    "511 pixels are too few": ({"width": 511}, AESTHETICS, NO),
    "either way round": ({"height": 511}, AESTHETICS, NO),
    "no score": ({"aesthetic": None}, AESTHETICS, UNTOLD),
    "no watermark estimate": ({"pwatermark": None}, AESTHETICS, UNTOLD),
    "no width": ({"width": None}, AESTHETICS, UNTOLD),
    "one failure decides, whatever is missing": (
        {"pwatermark": None, "aesthetic": 4.0}, AESTHETICS, NO
    ),
    "nothing known": (dict.fromkeys(COLUMNS), AESTHETICS, UNTOLD),
    "another predictor's score is no score": ({"edition": "laion2B-en-aesthetic"}, AESTHETICS,
                                              UNTOLD),
    "without any score column": ({"edition": "laion2B-en", "aesthetic": None}, AESTHETICS, UNTOLD),
    "another language is another data set": ({"edition": "laion2B-multi"}, AESTHETICS, UNTOLD),
    "an unknown edition": ({"edition": ""}, AESTHETICS, UNTOLD),
    "1024 in both": ({"width": 1024, "height": 1024}, LARGE, YES),
    "1023 is too small": ({"width": 1023, "height": 2000}, LARGE, NO),
    "any language counts": ({"width": 1024, "height": 1024, "edition": "laion1B-nolang"}, LARGE,
                            YES),
    "a data set of another crawl": ({"width": 2000, "height": 2000, "edition": "laion400m"}, LARGE,
                                    UNTOLD),
    "English rows are all of the first stage": ({}, "v1-1, first: laion2B-en", YES),
    "what remains of them too": ({"edition": "relaion2B-en-research-safe"},
                                 "v1-1, first: laion2B-en", YES),
    "an edge that the card leaves open": ({"punsafe": 0.1}, V2, UNTOLD),
    "above it": ({"punsafe": 0.11}, V2, NO),
    "4.5 is at least 4.5": ({"aesthetic": 4.5}, V2, YES),
}  # fmt: skip


def row(number: int = 0, **more: Any) -> dict[str, Any]:
    return {
        "match_id": f"m-{number:016}", "dataset": "laion-improved-aesthetics", "edition": IMPROVED,
        "dataset_file": "a.parquet", "dataset_row": number, "strength": "same_address", **GOOD,
        **more,
    }  # fmt: skip


def table(rows: list[dict[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(rows, pa.schema([MATCHES.field(name) for name in row()]))


@pytest.mark.parametrize("name", CASES)
def test_each_edge_of_the_published_filters(name: str) -> None:
    more, stage, outcome = CASES[name]
    with connect() as connection:
        found = rows_lineage(connection, table([row(**more)]))
    (one,) = (one for one in found if one.stage == stage)
    assert one.outcome == outcome, one.because
    assert one.because or outcome == YES


def test_the_reason_names_the_value_and_the_published_one() -> None:
    with connect() as connection:
        found = rows_lineage(connection, table([row(aesthetic=4.2, pwatermark=None)]))
    (one,) = (one for one in found if one.stage == AESTHETICS)
    assert one.because == (
        "aesthetic 4.2 (published: above 5.0)",
        "pwatermark not known (published: below 0.5)",
    )
    assert one.words == f"does not meet the filter published for Stable Diffusion v1 ({AESTHETICS})"


def test_no_sentence_says_that_a_picture_was_used() -> None:
    with connect() as connection:
        found = rows_lineage(connection, table([row(), row(1, edition="laion400m")]))
    assert len(found) == 2 * len(stages())
    for one in found:
        assert not any(word in one.words for word in ("used", "trained", "stolen"))


def test_every_edition_named_is_a_known_one_and_every_source_dated() -> None:
    for stage in stages():
        assert stage.source.startswith("https://")
        assert stage.checked
        for edition in stage.editions:
            assert find(edition), edition


def test_the_command_reads_matches_and_similar_rows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    case = make_case(tmp_path / "case")
    assert main(["lineage", "--case", str(case.folder)]) == 1
    assert "nothing has been searched for yet" in capsys.readouterr().err
    write_matches(case, matches=[
        match(1, "same_address", ["url_exact"], edition="laion2B-en", width=2000, height=1500)
    ])  # fmt: skip
    assert main(["lineage", "--case", str(case.folder), "--json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(rows) == len(stages())
    assert {one["stage"]: one["outcome"] for one in rows}[LARGE] == YES
    assert main(["lineage", "--case", str(case.folder), "--model", "Stable Diffusion v1"]) == 0
    out, err = capsys.readouterr()
    assert "1 row: meet the published filter" in out
    assert "Stable Diffusion v2" not in out
    assert "not what was used" in err

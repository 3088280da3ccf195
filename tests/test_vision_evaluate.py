"""Searching many references, and the measures: on drawings, through the road in use."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optout.errors import VisionError
from optout.vision import references as search
from optout.vision.edits import EDITS, edited
from optout.vision.evaluate import evaluate, name_in, picture_files, read_truth, suite_queries
from optout.vision.measures import Pair, by_index_size, micro_ap, precision, recall, upper_bound
from optout.vision.references import find, references
from optout.vision.summary import summary
from optout.vision.verify import Comparison, Seen, look
from tests.drawn import as_file, drawn
from tests.harness import optout

CALLED = {edit.name: edit for edit in EDITS}


def pair(query: str, reference: str, score: float, accepted: bool = True) -> Pair:
    verdict = "edited copy" if accepted else "different"
    return Pair(query, reference, Comparison(verdict, score, "geometry"))


# --- measures ---


def test_recall_and_precision_count_pairs() -> None:
    truth = {("q1", "a"), ("q2", "b")}
    pairs = [pair("q1", "a", 0.9), pair("q1", "b", 0.8), pair("q2", "b", 0.3, accepted=False)]
    assert recall(pairs, truth) == 0.5
    assert precision(pairs, truth) == 0.5
    assert recall([], set()) == precision([], truth) == 1.0


def test_micro_ap_puts_all_queries_in_one_order() -> None:
    truth = {("q1", "a"), ("q2", "b")}
    perfect = [pair("q1", "a", 0.9), pair("q2", "b", 0.8), pair("q2", "a", 0.1)]
    assert micro_ap(perfect, truth) == 1.0
    # A wrong pair in between: 1/1 and 2/3, over two.
    between = [pair("q1", "a", 0.9), pair("q2", "a", 0.85), pair("q2", "b", 0.8)]
    assert micro_ap(between, truth) == pytest.approx((1 + 2 / 3) / 2)
    # What was never compared counts as missed; equal scores count the less favourable way.
    assert micro_ap([pair("q1", "a", 0.9)], truth) == 0.5
    assert micro_ap([pair("q1", "a", 0.9), pair("q1", "b", 0.9)], truth) == 0.25


@given(st.integers(0, 20), st.integers(21, 10_000))
def test_the_bound_lies_above_what_was_seen(errors: int, trials: int) -> None:
    bound = upper_bound(errors, trials)
    assert errors / trials < bound <= 1
    assert bound <= upper_bound(errors + 1, trials)


def test_the_bound_of_known_cases() -> None:
    # No error in n: 1 − 0.05^(1/n); the published table gives 1 of 100: 4.66 %.
    assert upper_bound(0, 100) == pytest.approx(1 - 0.05**0.01)
    assert upper_bound(1, 100) == pytest.approx(0.0466, abs=1e-4)
    assert upper_bound(0, 0) == upper_bound(3, 3) == 1.0


def test_a_larger_index_never_needs_a_lower_threshold() -> None:
    names = [f"r{i}" for i in range(16)]
    pairs = [pair("q", name, i / 20) for i, name in enumerate(names)]
    sizes = by_index_size(pairs, {("q", "r15")}, names)
    assert [one.references for one in sizes] == [2, 4, 8, 16]
    assert sorted(one.threshold for one in sizes) == [one.threshold for one in sizes]


# --- search ---


def seen(seed: int) -> Seen:
    return look(as_file(drawn(seed)))


def edit_of(seed: int, name: str, family: int = 0) -> Seen:
    return look(edited(CALLED[name], drawn(seed), 5, family))


@pytest.fixture(scope="module")
def index() -> search.References:
    return references([seen(i) for i in range(12)])


@pytest.mark.parametrize(
    "name", ["jpeg 10", "crop 25 %", "mirror", "inverted + crop 75 %", "screenshot", "collage"]
)
def test_an_edit_finds_its_reference_and_no_other(index: search.References, name: str) -> None:
    found = find(edit_of(3, name), index)
    assert [i for i, one in found if one.is_copy] == [3]


def test_the_same_bytes_are_found_as_the_same_file(index: search.References) -> None:
    assert [(i, one.verdict) for i, one in find(seen(5), index)] == [(5, "same file")]


def test_the_exact_search_in_parts_is_that_of_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    sketches = np.random.default_rng(1).integers(0, 256, (500, 32), dtype=np.uint8)
    whole = search._Exact(sketches)
    distances, places = whole.search(sketches[:40], 5)
    assert (places[:, 0] == np.arange(40)).all()
    monkeypatch.setattr(search, "MATCHED_AT_ONCE", 70)
    assert np.array_equal(whole.search(sketches[:40], 5)[0], distances)


def test_a_stranger_finds_nothing(index: search.References) -> None:
    assert not [one for _, one in find(seen(99), index) if one.is_copy]
    assert find(look(b"<svg/>"), index) == []


def test_the_inverted_file_of_faiss_finds_what_the_exact_search_finds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("faiss")
    monkeypatch.setattr(search, "EXACT_UP_TO", 1)
    quick = references([seen(i) for i in range(12)])
    assert not isinstance(quick.index, search._Exact)
    for name in ("crop 25 %", "meme frame"):
        assert [i for i, one in find(edit_of(3, name), quick) if one.is_copy] == [3]


def test_of_files_without_pixels_and_plain_ones_only_the_same_file_is_found() -> None:
    from PIL import Image

    plain = look(as_file(Image.new("RGB", (300, 200), (9, 90, 190))))
    index = references([look(b"<svg/>"), plain, seen(1)])
    assert [i for i, one in find(edit_of(1, "crop 50 %"), index) if one.is_copy] == [2]
    assert [(i, one.verdict) for i, one in find(plain, index)] == [(1, "same file")]
    other = look(as_file(Image.new("RGB", (200, 300), (9, 90, 190))))
    assert find(other, index) == []
    assert find(seen(1), references([])) == []


def test_a_stamp_that_recurs_is_left_out_and_the_pictures_are_still_found() -> None:
    stamp = drawn(40, 100, 70)
    marked = []
    for i in range(8):
        picture = drawn(50 + i, 420, 320)
        picture.paste(stamp, (10, 240))
        marked.append(picture)
    index = references([look(as_file(p)) for p in marked])

    def counted(one: Seen) -> tuple[int, int]:
        """Features inside the stamp, and elsewhere."""
        places = one.features.points
        inside = int(((places[:, 0] < 110) & (places[:, 1] > 240)).sum())
        return inside, len(places) - inside

    before = np.array([counted(look(as_file(p))) for p in marked]).sum(axis=0)
    after = np.array([counted(one) for one in index.seen]).sum(axis=0)
    # What reaches over the edge of a stamp differs from picture to picture and stays.
    assert after[0] < 0.75 * before[0]
    assert after[1] > 0.9 * before[1]
    found = find(look(edited(CALLED["crop 75 %"], marked[2], 5)), index)
    assert [i for i, one in found if one.is_copy] == [2]


def test_the_index_is_the_same_twice() -> None:
    one, two = (references([seen(i) for i in range(6)]) for _ in range(2))
    assert np.array_equal(one.index.sketches, two.index.sketches)
    first, second = (find(edit_of(2, "crop 50 %"), x) for x in (one, two))
    assert first == second


# --- evaluation ---


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("pictures")
    for i in range(4):
        (place / f"{i}.png").write_bytes(as_file(drawn(60 + i)))
    return place


def test_the_suite_splits_pictures_seeds_fonts_and_frames(folder: Path) -> None:
    files = picture_files(folder)
    queries, truth = suite_queries(folder, files, [CALLED["meme frame"], CALLED["crop 50 %"]])
    assert len(queries) == len(truth) == 8
    assert {q.half for q in queries if q.name.startswith(("0", "2"))} == {"choosing"}
    assert {q.half for q in queries if q.name.startswith(("1", "3"))} == {"holding out"}


def test_everything_measured_is_told(folder: Path) -> None:
    files = picture_files(folder)
    queries, truth = suite_queries(folder, files, [CALLED["jpeg 30"], CALLED["crop 50 %"]])
    known = [(name_in(folder, p), p) for p in files]
    outcome = evaluate(known, queries, truth, jobs=2)
    records = summary(outcome)
    total = records[0]
    assert (total["record"], total["recall"], total["false_accepts"]) == ("total", 1.0, 0)
    assert total["wrong_pairs"] == 8 * 4 - 8
    assert total["false_rate_95"] == pytest.approx(upper_bound(0, 24))
    assert total["accepted_by"] == {"geometry": 4, "pdq": 4}
    kinds = [record["record"] for record in records]
    assert kinds.count("half") == 2
    assert kinds.count("edit") == 2
    assert records == summary(evaluate(known, queries, truth, jobs=1))


def test_the_command_measures_own_pairs(folder: Path, tmp_path: Path) -> None:
    asked = tmp_path / "queries"
    asked.mkdir()
    (asked / "a.jpg").write_bytes(edited(CALLED["crop 50 %"], drawn(61), 3))
    (asked / "b.jpg").write_bytes(as_file(drawn(98), "JPEG"))
    (asked / "c.txt").write_text("no picture")
    (tmp_path / "pairs.csv").write_text("query,reference\na.jpg,1.png\n")
    done = optout(
        *("evaluate", "--references", str(folder), "--queries", "queries"),
        *("--truth", "pairs.csv", "--json", "--jobs", "1"),
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    total = json.loads(done.stdout.splitlines()[0])
    assert (total["queries"], total["references"]) == (3, 4)
    assert (total["recall"], total["precision"], total["micro_ap"]) == (1.0, 1.0, 1.0)
    assert total["wrong_pairs"] == 11


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ("a,b\n1,2\n", "no table of true pairs"),
        ("query,reference\nx.jpg,1.png\n", "names the query x.jpg"),
        ("query,reference\n0.png,x.png\n", "names the reference x.png"),
    ],
)
def test_a_wrong_table_of_pairs_is_told(
    folder: Path, tmp_path: Path, table: str, sentence: str
) -> None:
    (tmp_path / "pairs.csv").write_text(table)
    done = optout(
        *("evaluate", "--references", str(folder), "--queries", str(folder)),
        *("--truth", "pairs.csv"),
        cwd=tmp_path,
    )
    assert done.returncode == 1
    assert sentence in done.stderr


def test_queries_and_truth_go_together(folder: Path, tmp_path: Path) -> None:
    done = optout("evaluate", "--references", str(folder), "--queries", str(folder), cwd=tmp_path)
    assert done.returncode == 1
    assert "go together" in done.stderr
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(VisionError, match="no files"):
        picture_files(empty)


def test_a_table_of_pairs_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "pairs.csv"
    path.write_text("﻿query,reference\na,b\n", "utf-8")
    assert read_truth(path) == {("a", "b")}

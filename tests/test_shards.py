"""Vectors in published form are searched exactly, and whatever is wrong with them is told."""

from __future__ import annotations

import json
import os
import pickle
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="needs the extra clip")
np = pytest.importorskip("numpy")

import pyarrow as pa  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402
from hypothesis import given  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from optout.embeddings.arithmetic import Arithmetic, arithmetic  # noqa: E402
from optout.embeddings.identity import ModelIdentity, write_identity  # noqa: E402
from optout.embeddings.npy import look  # noqa: E402
from optout.embeddings.scan import Question, scan  # noqa: E402
from optout.embeddings.search import search  # noqa: E402
from optout.embeddings.shards import find_shards  # noqa: E402
from optout.errors import EmbeddingError  # noqa: E402

TINY = ModelIdentity("tiny", "ab" * 32, "32 shortest", False, 24)
WAYS = {
    "as this machine does": arithmetic(),
    "bfloat16": Arithmetic("cpu", "bfloat16", 0.0125, 64, 2),
    "float16": Arithmetic("cpu", "float16", 0.002, 64, 2),
    "float32": Arithmetic("cpu", "float32", 1e-5, 64, 3),
    "one row at a time": Arithmetic("cpu", "float32", 1e-5, 1, 1),
}


def unit(seed: int, rows: int, dimensions: int = 24) -> Any:
    found = np.random.default_rng(seed).standard_normal((rows, dimensions)).astype(np.float32)
    return found / np.linalg.norm(found, axis=1, keepdims=True)


def vectors(path: Path, rows: Any) -> Any:
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, rows)
    return look(path)


def metadata(path: Path, rows: int, **columns: list[Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    urls = [f"https://host{i}.example/{path.stem}/{i}.jpg" for i in range(rows)]
    captions = [f"caption {i}" for i in range(rows)]
    pq.write_table(pa.table({"url": urls, "caption": captions, **columns}), path)


def expected(rows: Any, queries: Any, threshold: float, most: int) -> list[tuple[int, int, float]]:
    scores = (rows.astype(np.float64) @ queries.astype(np.float64).T).round(6)
    found = []
    for query in range(len(queries)):
        hits = [(-scores[row, query], row) for row in range(len(rows))]
        hits = sorted(hit for hit in hits if -hit[0] >= threshold)[:most]
        found += [(query, row, -score) for score, row in hits]
    return found


def triples(pairs: Any) -> list[tuple[int, int, float]]:
    return list(zip(pairs.query.tolist(), pairs.row.tolist(), pairs.score.tolist(), strict=True))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("most", [3, 10_000])
def test_every_way_of_computing_finds_the_same_rows(tmp_path: Path, way: str, most: int) -> None:
    rows, queries = unit(1, 700).astype(np.float16), unit(2, 9)
    found = scan(vectors(tmp_path / "a.npy", rows), Question(queries, 0.25, most), WAYS[way])
    assert triples(found.pairs) == expected(rows, queries, 0.25, most)
    if most == 10_000:
        assert found.counts.sum() == len(found.pairs.row)
        assert not found.at_least.any()


@given(st.integers(0, 2**31), st.integers(1, 300), st.integers(1, 5), st.floats(-1, 1))
def test_no_threshold_loses_a_row(
    tmp_path_factory: pytest.TempPathFactory, seed: int, rows: int, queries: int, threshold: float
) -> None:
    path = tmp_path_factory.mktemp("v") / "a.npy"
    stored, asked = unit(seed, rows).astype(np.float16), unit(seed + 1, queries)
    exact = (stored.astype(np.float64) @ asked.astype(np.float64).T).round(6)
    # A row on the threshold itself may fall to either side of it by the last bit of float32.
    sure = np.abs(exact - threshold) > 2e-6
    found = scan(vectors(path, stored), Question(asked, threshold, 1000), WAYS["bfloat16"])
    got = {(row, query) for query, row, _ in triples(found.pairs)}
    wanted = {tuple(pair) for pair in np.argwhere((exact >= threshold) & sure).tolist()}
    assert wanted <= got
    assert got <= {tuple(pair) for pair in np.argwhere((exact >= threshold) | ~sure).tolist()}


def test_the_neighbours_are_those_of_faiss(tmp_path: Path) -> None:
    faiss = pytest.importorskip("faiss")
    rows, queries = unit(3, 5000, 64).astype(np.float16), unit(4, 20, 64)
    index = faiss.IndexFlatIP(64)
    index.add(rows.astype(np.float32))
    scores, ids = index.search(queries, 10)
    found = scan(vectors(tmp_path / "a.npy", rows), Question(queries, -1, 10))
    assert found.pairs.row.reshape(20, 10).tolist() == ids.tolist()
    assert np.abs(found.pairs.score.reshape(20, 10) - scores).max() < 1e-5


@pytest.mark.parametrize("way", WAYS)
def test_of_equal_rows_the_first_are_kept_and_all_are_counted_or_said_to_be_more(
    tmp_path: Path, way: str
) -> None:
    rows = np.repeat(unit(1, 1), 9000, axis=0).astype(np.float16)
    queries = np.repeat(unit(1, 1), 3, axis=0)
    found = scan(vectors(tmp_path / "a.npy", rows), Question(queries, 0.9, 5), WAYS[way])
    assert found.pairs.row.tolist() == [0, 1, 2, 3, 4] * 3
    assert found.at_least.all()
    assert (found.counts >= 6).all() and (found.counts <= 9000).all()


@pytest.mark.parametrize("way", WAYS)
def test_broken_rows_are_named_and_the_others_found(tmp_path: Path, way: str) -> None:
    rows = unit(5, 400).astype(np.float16)
    queries = rows[[7, 300]].astype(np.float32)
    queries /= np.linalg.norm(queries, axis=1, keepdims=True)
    rows[10, 3] = np.nan
    rows[11] = 0
    rows[12, 1] = np.inf
    rows[13, 2] = -np.inf
    rows[14] = rows[7] * 3
    found = scan(vectors(tmp_path / "a.npy", rows), Question(queries, 0.99, 5), WAYS[way])
    assert found.pairs.row.tolist() == [7, 300]
    assert dict(found.damaged) == {
        10: "the vector holds numbers that are not finite",
        11: "the vector is zero",
        12: "the vector holds numbers that are not finite",
        13: "the vector holds numbers that are not finite",
        14: "the vector has the length 3, not 1",
    }
    assert found.damaged_rows == 5


def test_float32_files_and_empty_ones_are_searched_too(tmp_path: Path) -> None:
    rows = unit(5, 90)
    found = scan(vectors(tmp_path / "a.npy", rows), Question(rows[[8]], 0.999, 5))
    assert triples(found.pairs) == [(0, 8, 1.0)]
    empty = scan(vectors(tmp_path / "b.npy", rows[:0]), Question(rows[[8]], 0.5, 5))
    assert triples(empty.pairs) == []


# --- files ---


def good(path: Path, rows: int = 50, seed: int = 9) -> Any:
    return vectors(path, unit(seed, rows).astype(np.float16))


def spoilt(path: Path, how: str) -> None:
    rows = unit(9, 50).astype(np.float16)
    good(path)
    whole = path.read_bytes()
    match how:
        case "cut":
            path.write_bytes(whole[:-100])
        case "long":
            path.write_bytes(whole + b"x")
        case "empty":
            path.write_bytes(b"")
        case "text":
            path.write_bytes(b"<!doctype html><title>log in</title>")
        case "head only":
            path.write_bytes(whole[:20])
        case "objects":
            np.save(path, np.array([{"a": 1}], dtype=object), allow_pickle=True)
        case "pickle":
            path.write_bytes(pickle.dumps(rows))
        case "integers":
            np.save(path, (rows * 100).astype(np.int8))
        case "big end":
            np.save(path, rows.astype(">f2"))
        case "one dimension":
            np.save(path, rows[0])
        case "by columns":
            np.save(path, np.asfortranarray(rows))
        case "long header":
            path.write_bytes(whole[:8] + b"\xff\xff" + b"(" * 70000)
        case "huge shape":
            path.write_bytes(whole.replace(b"(50, 24)", b"(9**9**9, 24)", 1))
        case "ten times too long":
            np.save(path, rows * 10)
        case "only zeros":
            np.save(path, rows * 0)


REASONS = {
    "cut": "is cut short: 47 of 50 rows are there",
    "long": "is longer than its header says",
    "empty": "is no .npy file",
    "text": "is no .npy file",
    "head only": "is no .npy file",
    "objects": "holds Python objects, which are never loaded",
    "pickle": "is no .npy file",
    "integers": "holds numbers of the type |i1",
    "big end": "holds numbers of the type >f2",
    "one dimension": "has the shape (24,)",
    "by columns": "has the shape (50, 24)",
    "long header": "is no .npy file",
    "huge shape": "is no .npy file",
    "ten times too long": "have the length 10, not 1",
    "only zeros": "holds no vectors",
}


@pytest.mark.parametrize("how", REASONS)
def test_a_bad_file_is_one_row_with_its_reason(tmp_path: Path, how: str) -> None:
    good(tmp_path / "img_emb_0000.npy")
    spoilt(tmp_path / "img_emb_0001.npy", how)
    shards, left_out = find_shards(tmp_path)
    assert [shard.name for shard in shards] == ["img_emb_0000.npy"]
    assert [one.name for one in left_out] == ["img_emb_0001.npy"]
    assert REASONS[how] in left_out[0].reason


def test_metadata_is_found_in_both_layouts_and_must_fit(tmp_path: Path) -> None:
    good(tmp_path / "img_emb" / "img_emb_0007.npy")
    metadata(tmp_path / "metadata" / "metadata_0007.parquet", 50)
    good(tmp_path / "flat" / "img_emb_3.npy")
    metadata(tmp_path / "flat" / "metadata_3.parquet", 50)
    good(tmp_path / "flat" / "img_emb_4.npy")
    metadata(tmp_path / "flat" / "metadata_4.parquet", 49)
    good(tmp_path / "flat" / "img_emb_5.npy")
    (tmp_path / "flat" / "metadata_5.parquet").write_bytes(b"PAR1 nothing PAR1")
    good(tmp_path / "flat" / "img_emb_6.npy")
    shards, left_out = find_shards(tmp_path)
    assert [(s.name, s.metadata and s.metadata.name) for s in shards] == [
        ("flat/img_emb_3.npy", "metadata_3.parquet"),
        ("flat/img_emb_6.npy", None),
        ("img_emb/img_emb_0007.npy", "metadata_0007.parquet"),
    ]
    assert [one.name for one in left_out] == ["flat/img_emb_4.npy", "flat/img_emb_5.npy"]
    assert "50 vectors, metadata_4.parquet 49 rows" in left_out[0].reason
    assert "damaged" in left_out[1].reason


def test_vectors_of_another_model_are_not_compared(tmp_path: Path) -> None:
    others = {
        "1": replace(TINY, weights_sha256="cd" * 32),
        "2": replace(TINY, quick_gelu=True),
        "3": replace(TINY, preprocess="32 squash"),
        "4": replace(TINY, name="other"),
        "5": TINY,
        "6": replace(TINY, weights_sha256=""),
    }
    for number, identity in others.items():
        good(tmp_path / f"img_emb_{number}.npy")
        write_identity(tmp_path / f"img_emb_{number}.npy", identity)
    good(tmp_path / "img_emb_7.npy")
    vectors(tmp_path / "img_emb_8.npy", unit(1, 9, 25).astype(np.float16))
    good(tmp_path / "img_emb_9.npy")
    (tmp_path / "img_emb_9.model.json").write_text("[" * 100_000)
    shards, left_out = find_shards(tmp_path, TINY)
    assert [s.name[8] for s in shards] == ["5", "6", "7"]
    assert [one.name[8] for one in left_out] == ["1", "2", "3", "4", "8", "9"]
    assert "quick_gelu: False here, True there" in left_out[1].reason
    assert "25 dimensions, tiny 24" in left_out[4].reason


def test_a_folder_file_names_the_model_of_all(tmp_path: Path) -> None:
    good(tmp_path / "img_emb_1.npy")
    (tmp_path / "model.json").write_text(json.dumps(asdict(TINY)))
    assert find_shards(tmp_path)[0][0].identity == TINY


def test_a_folder_without_vectors_is_an_error_with_a_hint(tmp_path: Path) -> None:
    with pytest.raises(EmbeddingError, match="no file of vectors") as told:
        find_shards(tmp_path)
    assert "img_emb/" in told.value.hint


# --- several shards ---


def three(folder: Path) -> Any:
    rows = [unit(seed, 200).astype(np.float16) for seed in (1, 2, 3)]
    rows[2][5] = rows[0][9]
    for number, block in enumerate(rows):
        vectors(folder / f"img_emb_{number}.npy", block)
    query = rows[0][[9]].astype(np.float32)
    return query / np.linalg.norm(query)


def test_hits_of_all_shards_are_merged_in_a_fixed_order(tmp_path: Path) -> None:
    query = three(tmp_path)
    shards, _ = find_shards(tmp_path)
    found = search(shards, Question(query, 0.3, 4))
    assert [(hit.shard.name[8], hit.row) for hit in found.hits][:2] == [("0", 9), ("2", 5)]
    assert len(found.hits) == 4
    assert found.rows == 600
    assert found.counts[0] > 4


def test_a_search_goes_on_where_it_was_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import optout.embeddings.search as module

    query = three(tmp_path / "shards")
    shards, _ = find_shards(tmp_path / "shards")
    whole = search(shards, Question(query, 0.3, 50))
    asked: list[str] = []

    def counted(vectors: Any, *rest: Any) -> Any:
        asked.append(vectors.path.name)
        if len(asked) == 2:
            raise KeyboardInterrupt
        return scan(vectors, *rest)

    monkeypatch.setattr(module, "scan", counted)
    with pytest.raises(KeyboardInterrupt):
        search(shards, Question(query, 0.3, 50), kept_in=tmp_path / "kept")
    assert search(shards, Question(query, 0.3, 50), kept_in=tmp_path / "kept") == whole
    assert asked == ["img_emb_0.npy", "img_emb_1.npy", "img_emb_1.npy", "img_emb_2.npy"]
    # What is kept holds for these files and this question alone.
    for file in (tmp_path / "kept").glob("*.npz"):
        file.write_bytes(file.read_bytes()[:50])
    os.utime(tmp_path / "shards" / "img_emb_0.npy", ns=(1, 1))
    assert search(shards, Question(query, 0.3, 50), kept_in=tmp_path / "kept") == whole
    assert asked[4:] == ["img_emb_0.npy", "img_emb_1.npy", "img_emb_2.npy"]


def test_a_file_that_shrinks_between_look_and_search_is_left_out(tmp_path: Path) -> None:
    query = three(tmp_path)
    shards, _ = find_shards(tmp_path)
    path = tmp_path / "img_emb_1.npy"
    path.write_bytes(path.read_bytes()[:3000])
    found = search(shards, Question(query, 0.3, 50))
    assert [one.name for one in found.not_searched] == ["img_emb_1.npy"]
    assert "became shorter" in found.not_searched[0].reason
    assert found.rows == 400


def test_progress_ends_with_all_rows(tmp_path: Path) -> None:
    query = three(tmp_path)
    shards, _ = find_shards(tmp_path)
    told: list[tuple[int, int, int, int]] = []
    search(shards, Question(query, 0.3, 50), progress=lambda *state: told.append(state))
    assert told[-1] == (3, 3, 600, 600)
    assert [rows for *_, rows, _ in told] == sorted(rows for *_, rows, _ in told)

"""A clip-retrieval folder with its faiss index: what it names, and what is computed again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="needs the extra clip")
faiss = pytest.importorskip("faiss")
np = pytest.importorskip("numpy")

import pyarrow as pa  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402

from optout.embeddings.asked import Asked, Subject  # noqa: E402
from optout.embeddings.identity import ModelIdentity, write_identity  # noqa: E402
from optout.embeddings.named import ByIndex  # noqa: E402
from optout.embeddings.similar import Similar, find_similar  # noqa: E402
from optout.embeddings.vectors import unit  # noqa: E402
from optout.errors import EmbeddingError  # noqa: E402

SIDE, PARTS = 32, (700, 500, 300)
MODEL = ModelIdentity("tiny", "ab" * 32, "32 shortest", False, SIDE)


def vectors() -> Any:
    """Random ones, and beside the first row of each part three that are near to it."""
    draw = np.random.default_rng(5)
    found = unit(draw.normal(size=(sum(PARTS), SIDE)).astype(np.float32))
    for start in (0, 700, 1200):
        for step, off in ((10, 0.02), (20, 0.05), (30, 0.08)):
            found[start + step] = found[start] + off * draw.normal(size=SIDE)
    return unit(found).astype(np.float16)


VECTORS = vectors()


def folder(path: Path, kind: str = "Flat", metric: int = faiss.METRIC_INNER_PRODUCT) -> Path:
    """What `clip-retrieval index` leaves: the index, and metadata in parts."""
    (path / "metadata").mkdir(parents=True)
    start = 0
    for number, rows in enumerate(PARTS):
        names = [f"http://x.example/{number}/{row}.jpg" for row in range(rows)]
        pq.write_table(pa.table({"url": names}), path / "metadata" / f"metadata_{number}.parquet")
        start += rows
    index = faiss.index_factory(SIDE, kind, metric)
    index.train(VECTORS.astype(np.float32))
    index.add(VECTORS.astype(np.float32))
    faiss.write_index(index, str(path / "image.index"))
    return path


def with_vectors(path: Path) -> Path:
    (path / "img_emb").mkdir()
    start = 0
    for number, rows in enumerate(PARTS):
        np.save(path / "img_emb" / f"img_emb_{number}.npy", VECTORS[start : start + rows])
        start += rows
    return path


def asked() -> Asked:
    queries = unit(VECTORS[[0, 700, 1200]].astype(np.float32))
    subjects = tuple(Subject(f"{number}.png") for number in range(3))
    return Asked(subjects, queries, (0, 1, 2), ("whole",) * 3)


def similar(path: Path, by_index: ByIndex = "if needed", threshold: float = 0.9) -> Similar:
    spec = f"laion5b={path}"
    return find_similar([spec], asked(), MODEL, threshold=threshold, by_index=by_index)


def rows(found: Similar) -> list[tuple[str, str, int]]:
    return [(row["query"], row["dataset_file"], row["dataset_row"]) for row in found.rows]


@pytest.mark.parametrize("metric", [faiss.METRIC_INNER_PRODUCT, faiss.METRIC_L2])
@pytest.mark.parametrize("kind", ["Flat", "IVF16,Flat", "HNSW16"])
def test_an_index_that_keeps_whole_vectors_names_what_the_scan_finds(
    tmp_path: Path, kind: str, metric: int
) -> None:
    path = folder(tmp_path / "index", kind, metric)
    by_index = similar(path)
    exact = similar(with_vectors(path))
    assert exact.summary["approximate"] == []
    assert rows(by_index) == rows(exact)
    assert len(rows(exact)) >= 9
    for one, other in zip(by_index.rows, exact.rows, strict=True):
        assert one["model_similarity"] == pytest.approx(other["model_similarity"], abs=1e-3)
        assert (one["match_id"], one["url"]) == (other["match_id"], other["url"])
        assert (one["vectors_file"], one["model_said_by"]) == ("image.index", "user")
    [said] = by_index.summary["approximate"]
    assert (said["rows"], said["estimates"]) == (1500, True)


def test_estimates_are_computed_again_where_the_vectors_are(tmp_path: Path) -> None:
    path = with_vectors(folder(tmp_path / "index", "IVF16,PQ8x4"))
    exact, again = similar(path), similar(path, "always")
    assert again.summary["approximate"][0]["estimates"] is False
    scores = {
        key: row["model_similarity"] for key, row in zip(rows(exact), exact.rows, strict=True)
    }
    for key, row in zip(rows(again), again.rows, strict=True):
        assert row["model_similarity"] == pytest.approx(scores[key], abs=1e-6)
    for number in range(3):
        assert (f"{number}.png", f"metadata/metadata_{number}.parquet", 0) in rows(again)


def test_most_limits_each_query_over_all_parts(tmp_path: Path) -> None:
    path = folder(tmp_path / "index")
    found = find_similar([str(path)], asked(), MODEL, threshold=-1, most=5, by_index="always")
    assert len(found.rows) == 15
    assert all(one["more"] for one in found.summary["subjects"])


def test_an_index_that_does_not_fit_is_refused_with_a_sentence(tmp_path: Path) -> None:
    path = folder(tmp_path / "index")
    (path / "metadata" / "metadata_2.parquet").unlink()
    with pytest.raises(EmbeddingError, match=r"1,500 vectors, the metadata beside it 1,200 rows"):
        similar(path)
    for file in (path / "metadata").iterdir():
        file.unlink()
    with pytest.raises(EmbeddingError, match="no metadata/ beside it"):
        similar(path)


def test_a_damaged_index_and_one_of_another_model_are_refused(tmp_path: Path) -> None:
    path = folder(tmp_path / "index")
    write_identity(path / "image.index", ModelIdentity("other", "cd" * 32, "x", False, SIDE))
    with pytest.raises(EmbeddingError, match="made by another model"):
        similar(path)
    (path / "image.model.json").unlink()
    whole = (path / "image.index").read_bytes()
    for damaged in (b"", b"no index at all", whole[: len(whole) // 2]):
        (path / "image.index").write_bytes(damaged)
        with pytest.raises(EmbeddingError, match="no faiss index, or damaged"):
            similar(path)


def test_the_command_says_that_an_index_may_miss_rows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from optout.cli import main
    from tests.clip_model import save_clip, save_picture

    model = f"local-dir:{save_clip(tmp_path / 'tiny')}"
    for seed in range(6):
        save_picture(tmp_path / "pictures" / f"{seed}.png", seed, 96, 96)
    out = tmp_path / "shards"
    assert main(["embed", str(tmp_path / "pictures"), "--out", str(out), "--model", model]) == 0
    made = np.load(out / "img_emb_0000.npy").astype(np.float32)
    index = faiss.IndexFlatIP(made.shape[1])
    index.add(made)
    faiss.write_index(index, str(out / "image.index"))
    capsys.readouterr()
    asks = ["similar", str(tmp_path / "pictures" / "3.png"), "--shards", str(out), "--model", model,
            "--threshold", "0.999", "--whole-only", "--approximate", "--json"]  # fmt: skip
    assert main(asks) == 0
    told = capsys.readouterr()
    assert [json.loads(line)["url"] for line in told.out.splitlines()] == ["file:3.png"]
    assert "image.index is approximate: it may miss rows; similarities are not" in told.err

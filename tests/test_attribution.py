"""What a picture is most similar to: exact scores, honest figures, a page that loads nothing."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="needs the extra clip")
np = pytest.importorskip("numpy")

from hypothesis import given  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from optout.cli import main  # noqa: E402
from optout.embeddings.asked import Asked, Subject  # noqa: E402
from optout.embeddings.attribution import attribute  # noqa: E402
from optout.embeddings.attribution_page import page  # noqa: E402
from optout.embeddings.identity import ModelIdentity  # noqa: E402
from optout.embeddings.scan import Question  # noqa: E402
from optout.embeddings.shards import find_shards  # noqa: E402
from optout.embeddings.split_product import split_product, split_search  # noqa: E402
from optout.embeddings.statistics import BIN, distribution, normalised  # noqa: E402
from optout.errors import EmbeddingError  # noqa: E402
from tests.clip_model import save_clip, save_picture  # noqa: E402
from tests.test_shards import metadata, unit, vectors  # noqa: E402

# q, v, chunks, split product: the published definition, worked by hand.
VECTORS = [
    ([1, 1, 1, 1], [1, 1, 1, 1], 2, 0.5),
    ([1, 0, 0, 0], [1, 0, 0, 0], 2, 1.0),
    ([1, 0, 1, 0], [1, 0, 0, 1], 2, 0.5),
    ([1, 0, 1, 0], [0, 1, 0, 1], 2, 0.0),
    ([1, 0, 0, 0], [-1, 0, 0, 0], 2, 0.0),
    ([1, 1, 1, 1], [1, 1, 1, 1], 1, 1.0),
    ([2, 0, 0, 0], [7, 0, 0, 0], 4, 1.0),
]


@pytest.mark.parametrize(("q", "v", "chunks", "score"), VECTORS)
def test_the_split_product_is_as_defined(
    q: list[float], v: list[float], chunks: int, score: float
) -> None:
    found = split_product(np.array([q], np.float32), np.array([v], np.float32), chunks)
    assert found[0, 0] == pytest.approx(score, abs=1e-6)


@given(st.integers(0, 10_000), st.sampled_from([1, 2, 3, 4, 6, 12]))
def test_it_lies_between_the_share_of_the_cosine_and_one(seed: int, chunks: int) -> None:
    q, v = unit(seed, 3, 12), unit(seed + 1, 4, 12)
    split, cosine = split_product(q, v, chunks), q @ v.T
    assert (split <= 1 + 1e-5).all()
    assert (split >= cosine / chunks - 1e-5).all()
    if chunks == 1:
        assert np.allclose(split, cosine, atol=1e-5)


def test_chunks_at_other_places_give_another_score() -> None:
    q = unit(1, 1, 12)
    swapped = np.concatenate([q[:, 6:], q[:, :6]], axis=1)
    assert split_product(q, q, 2)[0, 0] > split_product(q, swapped, 2)[0, 0] + 0.05


def test_chunks_must_divide_the_vector() -> None:
    with pytest.raises(EmbeddingError, match="cannot be cut into 5"):
        split_product(unit(1, 1, 12), unit(1, 1, 12), 5)


def test_the_search_by_split_product_is_that_of_all_pairs(tmp_path: Path) -> None:
    rows, queries = unit(1, 300).astype(np.float16), unit(2, 4)
    rows[9] = 0
    vectors(tmp_path / "img_emb_0.npy", rows[:200])
    vectors(tmp_path / "img_emb_1.npy", rows[200:])
    shards, _ = find_shards(tmp_path)
    found = split_search(shards, Question(queries, -1, 5), 6)
    exact = split_product(queries, rows.astype(np.float32), 6)
    exact[:, 9] = -2
    for query in range(4):
        got = [
            (200 * (hit.shard.name[8] == "1") + hit.row) for hit in found.hits if hit.query == query
        ]
        assert got == np.argsort(-exact[query], kind="stable")[:5].tolist()
    assert found.damaged_rows == 1


def test_the_figures_are_those_of_the_definition() -> None:
    found = distribution([0.1, 0.5, 0.5, 0.9], [0.5, 0.75])
    assert found is not None
    assert (found.count, found.mean) == (4, 0.5)
    assert found.above == ((0.5, 0.25), (0.75, 0.25))
    assert sum(found.densities) * BIN == pytest.approx(1)
    assert [place for place, bar in enumerate(found.densities) if bar] == [20, 100, 180]
    assert distribution([], [0.5]) is None
    edges = distribution([-0.2, 1.0, 1.2], [])
    assert edges is not None
    assert edges.densities[0] and edges.densities[-1]


def test_normalising_takes_away_what_is_near_to_everything() -> None:
    assert normalised(0.9, np.array([0.6, 0.5, 0.4])) == pytest.approx(0.4)
    assert normalised(0.9, np.array([0.6, 0.5, 0.4, 0.0])) == pytest.approx(0.4)
    assert normalised(0.9, np.array([0.6])) == pytest.approx(0.3)


# --- the whole ---

TINY = ModelIdentity("tiny", "ab" * 32, "32 shortest", False, 24)


def data(folder: Path, rows: Any) -> Path:
    vectors(folder / "img_emb_0.npy", rows.astype(np.float16))
    captions = ["<script>alert(1)</script>"] * len(rows)
    metadata(folder / "metadata_0.parquet", len(rows), TEXT=captions)
    return folder


def asked(queries: Any) -> Asked:
    names = tuple(Subject(f"made{n}.png") for n in range(len(queries)))
    return Asked(names, queries, tuple(range(len(queries))), ("whole",) * len(queries))


def test_a_copied_item_stands_out_and_an_unrelated_picture_has_no_match(tmp_path: Path) -> None:
    rows = unit(1, 400)
    near = rows[[33]] * 0.95 + 0.05 * unit(5, 1)
    near /= np.linalg.norm(near)
    found = attribute(
        [str(data(tmp_path / "d", rows))], asked(np.concatenate([near, unit(9, 1)])), TINY,
        threshold=0.9, background=str(data(tmp_path / "b", unit(77, 200))),
    )  # fmt: skip
    copied, other = found.pictures
    assert copied.items[0].row["dataset_row"] == 33
    assert (copied.above, other.above) == (1, 0)
    assert len(copied.items) == len(other.items) == 20
    assert copied.items[0].normalised is not None
    assert copied.items[0].normalised == pytest.approx(
        copied.items[0].score - np.sort(near @ unit(77, 200).T)[0, -3:].mean(), abs=1e-3
    )
    assert found.searched == 400
    assert found.background == 200
    assert found.data is not None
    assert found.data.count == 400
    among = rows @ rows.T - 2 * np.eye(400)
    assert found.data.mean == pytest.approx(among.max(axis=1).mean(), abs=1e-3)


def test_without_a_threshold_the_set_itself_gives_it(tmp_path: Path) -> None:
    folder = str(data(tmp_path / "d", unit(1, 400)))
    for chunks in (None, 6):
        found = attribute([folder], asked(unit(9, 2)), TINY, chunks=chunks)
        assert found.calibrated
        assert found.data is not None
        assert found.threshold == found.data.percentiles[2]


def test_the_page_escapes_loads_nothing_and_says_what_it_does_not_prove(tmp_path: Path) -> None:
    found = attribute([str(data(tmp_path, unit(1, 60)))], asked(unit(9, 1)), TINY, threshold=0.99)
    text = page(found)
    assert text == page(found)
    assert "<script" not in text
    assert not re.findall(r"(?:src|href)=[\"'](?!data:)", text)
    assert "60 items" in text
    assert "Similarity is not proof of use" in text
    assert "No match at or above 0.99" in text
    assert text.count("<svg") == 1
    assert "stolen" not in text


def test_the_command_finds_the_planted_picture_by_vectors_and_by_patches(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = f"local-dir:{save_clip(tmp_path / 'tiny')}"
    for seed in range(8):
        save_picture(tmp_path / "data" / f"{seed}.png", seed)
    made = save_picture(tmp_path / "made.png", 5)
    for extra in ([], ["--patches"]):
        shards, out = tmp_path / f"s{len(extra)}", tmp_path / f"a{len(extra)}.html"
        main(["embed", str(tmp_path / "data"), "--out", str(shards), "--model", model, *extra])
        capsys.readouterr()
        code = main(["attribute", str(made), "--shards", str(shards), "--model", model, *extra,
                     "--out", str(out), "--json"])  # fmt: skip
        printed, err = capsys.readouterr()
        assert code == 0
        (line,) = printed.splitlines()
        assert json.loads(line)["items"][0]["row"]["dataset_row"] == 5
        assert "8 items searched; similarity is not proof of use" in err
        assert "data:image/jpeg;base64," in out.read_text("utf-8")
    # Vectors of patches are not those of the pooled model.
    assert main(["attribute", str(made), "--shards", str(tmp_path / "s1"), "--model", model]) == 1

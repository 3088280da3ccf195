"""Pictures are found again among published vectors, and every row says why it is listed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="needs the extra clip")
np = pytest.importorskip("numpy")

import pyarrow.parquet as pq  # noqa: E402

from optout.cli import main  # noqa: E402
from optout.tables import SIMILAR, match_id  # noqa: E402
from tests.clip_model import picture, save_clip, save_picture, save_sscd  # noqa: E402
from tests.report_case import SITE, image, make_case, reference, write_run  # noqa: E402


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"local-dir:{save_clip(tmp_path_factory.mktemp('clip') / 'tiny')}"


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory, model: str) -> Path:
    folder = tmp_path_factory.mktemp("data")
    for seed in range(12):
        save_picture(folder / "pictures" / f"{seed:02}.png", seed, 96, 96)
    (folder / "pictures" / "broken.jpg").write_bytes(b"\xff\xd8\xff nothing")
    assert main(["embed", str(folder / "pictures"), "--out", str(folder / "shards"),
                 "--model", model]) == 0  # fmt: skip
    return folder / "shards"


def run(capsys: pytest.CaptureFixture[str], *args: object) -> tuple[int, list[Any], str]:
    code = main([str(arg) for arg in args])
    out, err = capsys.readouterr()
    return code, [json.loads(line) for line in out.splitlines()] if "--json" in args else [out], err


def test_a_picture_is_found_with_all_that_its_row_says(
    capsys: pytest.CaptureFixture[str], shards: Path, model: str, tmp_path: Path
) -> None:
    asked = save_picture(tmp_path / "mine.png", 3)
    code, rows, err = run(
        capsys, "similar", asked, "--shards", f"laion400m={shards}", "--model", model,
        "--threshold", "0.999", "--whole-only", "--json",
    )  # fmt: skip
    assert code == 0
    (row,) = rows
    assert list(row) == SIMILAR.names
    assert (row["dataset"], row["dataset_file"], row["dataset_row"]) == (
        "laion400m", "metadata_0000.parquet", 3
    )  # fmt: skip
    edition = row["edition"]
    assert row["match_id"] == match_id("laion400m", edition, "metadata_0000.parquet", 3)
    assert row["url"] == "file:03.png"
    assert row["model_similarity"] == pytest.approx(1, abs=1e-3)
    assert (row["kind"], row["strength"]) == ("embedding", "similar_image")
    assert (row["threshold"], row["model"], row["model_said_by"]) == (0.999, "tiny", "file")
    assert "searched 12 rows by tiny" in err
    assert len(row["weights_sha256"]) == 64


def test_a_row_made_of_the_border_of_a_picture_is_found_by_a_part_of_it(
    capsys: pytest.CaptureFixture[str], model: str, tmp_path: Path
) -> None:
    from PIL import Image

    wide = picture(50, 600, 96)
    (tmp_path / "data").mkdir()
    Image.fromarray(wide[:, :96]).save(tmp_path / "data" / "border.png")
    Image.fromarray(wide).save(tmp_path / "wide.png")
    main(["embed", str(tmp_path / "data"), "--out", str(tmp_path / "s"), "--model", model])
    asked = ("similar", tmp_path / "wide.png", "--shards", tmp_path / "s", "--model", model,
             "--threshold", "0.9995", "--json")  # fmt: skip
    assert run(capsys, *asked, "--whole-only")[1] == []
    assert [row["view"] for row in run(capsys, *asked)[1]] == ["first end"]


def test_shards_of_another_model_are_not_compared(
    capsys: pytest.CaptureFixture[str], shards: Path, tmp_path: Path
) -> None:
    other = save_clip(tmp_path / "other", seed=8)
    asked = save_picture(tmp_path / "mine.png", 3)
    code, _, err = run(
        capsys, "similar", asked, "--shards", shards, "--model", f"local-dir:{other}"
    )
    assert code == 1
    assert "was made by another model" in err
    assert "weights_sha256" in err


def test_shards_that_do_not_say_their_model_are_searched_and_that_is_said(
    capsys: pytest.CaptureFixture[str], shards: Path, model: str, tmp_path: Path
) -> None:
    for file in shards.iterdir():
        if file.suffix != ".json":
            (tmp_path / "s" / file.name).parent.mkdir(exist_ok=True)
            (tmp_path / "s" / file.name).write_bytes(file.read_bytes())
    asked = save_picture(tmp_path / "mine.png", 3)
    code, rows, err = run(
        capsys, "similar", asked, "--shards", tmp_path / "s", "--model", model, "--json"
    )
    assert code == 0
    assert {row["model_said_by"] for row in rows} == {"user"}
    assert "1 shard without a word about their model: taken to be tiny" in err


def test_a_copy_descriptor_searches_its_own_shards(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    sscd = save_sscd(tmp_path / "sscd.pt")
    for seed in range(5):
        save_picture(tmp_path / "data" / f"{seed}.png", seed)
    main(["embed", str(tmp_path / "data"), "--out", str(tmp_path / "s"), "--sscd", str(sscd)])
    _, rows, err = run(
        capsys, "similar", tmp_path / "data" / "2.png", "--shards", tmp_path / "s",
        "--sscd", sscd, "--threshold", "0.999", "--whole-only", "--json",
    )  # fmt: skip
    assert [row["dataset_row"] for row in rows] == [2]
    assert "DISC2021" in err


def test_a_text_is_searched_by_the_model_and_ties_nothing_to_the_case(
    capsys: pytest.CaptureFixture[str], shards: Path, model: str
) -> None:
    code, rows, _ = run(
        capsys, "similar", "--text", "a red fox", "--shards", shards, "--model", model,
        "--threshold", "-1", "--json",
    )  # fmt: skip
    assert code == 0
    assert len(rows) == 12
    assert {row["strength"] for row in rows} == {None}
    scores = [row["model_similarity"] for row in rows]
    assert scores == sorted(scores, reverse=True)


def test_captions_are_searched_without_a_model(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    from tests.test_shards import good, metadata

    good(tmp_path / "img_emb_0.npy", 4)
    captions = ["A Fox in the snow", "snow", None, "fox, snow%_'; DROP"]
    metadata(tmp_path / "metadata_0.parquet", 4, TEXT=captions)
    table = pq.read_table(tmp_path / "metadata_0.parquet").drop(["caption"])
    pq.write_table(table, tmp_path / "metadata_0.parquet")
    _, rows, err = run(
        capsys, "similar", "--caption", "snow FOX", "--shards", f"x={tmp_path}", "--json"
    )
    assert [(row["dataset_row"], row["caption"]) for row in rows] == [
        (0, captions[0]), (3, captions[3])
    ]  # fmt: skip
    assert "2 rows with these words" in err
    assert run(capsys, "similar", "--caption", "%", "--shards", tmp_path, "--json")[1] == [
        rows[1] | {"dataset": tmp_path.name}
    ]


def case_with_pictures(folder: Path, seeds: list[int]) -> Any:
    case = make_case(folder)
    run = case.observations / "run=2026-11-21T101500Z"
    rows, references = [], []
    for seed in seeds:
        url = f"{SITE}/art/{seed}.png"
        file = save_picture(run / "images" / f"{seed}.png", seed)
        rows.append(image(url, stored_as=f"images/{file.name}", sha256=f"{seed:064x}"))
        references.append(reference("/", url, seed))
    write_run(case, {"images": rows, "image_refs": references})
    return case


def test_the_pictures_of_a_case_are_searched_and_the_rows_kept_in_it(
    capsys: pytest.CaptureFixture[str], shards: Path, model: str, tmp_path: Path
) -> None:
    case = case_with_pictures(tmp_path / "case", [4, 7, 40])
    command = ("similar", "--case", case.folder, "--shards", shards, "--model", model,
               "--threshold", "0.999", "--whole-only")  # fmt: skip
    code, (out,), err = run(capsys, *command)
    assert code == 0
    assert f"{SITE}/art/4.png: 1 similar row" in out
    assert f"{SITE}/art/40.png: 0 similar rows" in out
    assert "next: optout lineage --case" in err
    first = (case.folder / "similar" / "similar.parquet").read_bytes()
    table = pq.read_table(case.folder / "similar" / "similar.parquet")
    assert table.schema.equals(SIMILAR)
    kept = table.to_pylist()
    assert [(row["image_url"], row["dataset_row"]) for row in kept] == [
        (f"{SITE}/art/4.png", 4), (f"{SITE}/art/7.png", 7)
    ]  # fmt: skip
    assert all(row["work_id"].startswith("w-") for row in kept)
    # The second time nothing is computed anew, and the same bytes are written.
    assert run(capsys, *command)[0] == 0
    assert (case.folder / "similar" / "similar.parquet").read_bytes() == first


def test_a_case_without_kept_files_says_what_to_do(
    capsys: pytest.CaptureFixture[str], shards: Path, model: str, tmp_path: Path
) -> None:
    case = make_case(tmp_path / "case")
    code, _, err = run(
        capsys, "similar", "--case", case.folder, "--shards", shards, "--model", model
    )
    assert code == 1
    assert "keeps no picture files" in err
    assert "--keep-images" in err


def test_a_picture_that_cannot_be_read_is_named_and_the_others_searched(
    capsys: pytest.CaptureFixture[str], shards: Path, model: str, tmp_path: Path
) -> None:
    save_picture(tmp_path / "p" / "a.png", 1)
    (tmp_path / "p" / "b.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    code, rows, err = run(
        capsys, "similar", tmp_path / "p", "--shards", shards, "--model", model,
        "--threshold", "0.999", "--whole-only", "--json",
    )  # fmt: skip
    assert code == 0
    assert [row["dataset_row"] for row in rows] == [1]
    assert "b.png cannot be read as a picture" in err


def test_damaged_metadata_costs_the_address_and_not_the_row(
    capsys: pytest.CaptureFixture[str], shards: Path, model: str, tmp_path: Path
) -> None:
    for file in shards.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    path = tmp_path / "metadata_0000.parquet"
    data = bytearray(path.read_bytes())
    data[4:200] = b"\xff" * 196
    path.write_bytes(data)
    asked = save_picture(tmp_path / "mine.png", 3)
    code, rows, err = run(
        capsys, "similar", asked, "--shards", tmp_path, "--model", model,
        "--threshold", "0.999", "--whole-only", "--json",
    )  # fmt: skip
    assert code == 0
    assert [(row["dataset_row"], row["url"]) for row in rows] == [(3, None)]
    assert "metadata_0000.parquet cannot be read" in err


def test_two_models_or_none_are_refused(
    capsys: pytest.CaptureFixture[str], shards: Path, tmp_path: Path
) -> None:
    asked = save_picture(tmp_path / "mine.png", 3)
    code, _, err = run(capsys, "similar", asked, "--shards", shards)
    assert code == 1
    assert "name one model" in err

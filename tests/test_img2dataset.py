"""What img2dataset writes, as a data set: rows of every status, hashes of what was downloaded."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from optout.case import Case
from optout.datasets import resolve
from optout.datasets.columns import check
from optout.errors import DatasetError
from optout.matching import match_case
from tests.drawn import as_file, drawn
from tests.looking_case import kept_case
from tests.report_case import CDN

BODY = as_file(drawn(1))
# As its writer gives them, in its order; the last is the hash it was asked to compute.
SCHEMA = pa.schema(
    [(name, pa.string()) for name in ("url", "caption", "key", "status", "error_message")]
    + [(name, pa.int32()) for name in ("width", "height", "original_width", "original_height")]
    + [("exif", pa.string())]
)


def shard(folder: Path, number: int, algorithm: str) -> None:
    """One shard as `--output_format webdataset` leaves it."""
    digest = hashlib.new(algorithm, BODY).hexdigest()
    sizes = {"width": 256, "height": 195, "original_width": 420, "original_height": 320}
    rows: list[dict[str, Any]] = [
        {"url": "http://repost.example/a1.jpg", "caption": "a wallpaper", "status": "success",
         "exif": json.dumps({"Image Make": "x"}), algorithm: digest, **sizes},
        {"url": f"{CDN}/fox.png", "status": "failed_to_download", "error_message":
         "Use of image disallowed by X-Robots-Tag directive"},
        {"url": f"{CDN}/fox.png?w=300", "status": "failed_to_resize", "error_message": "x"},
        {"url": "http://repost.example/b2.jpg", "status": "success", algorithm: "0" * len(digest)},
    ]  # fmt: skip
    for n, row in enumerate(rows):
        row["key"] = f"{number:05}{n:04}"
    schema = SCHEMA.append(pa.field(algorithm, pa.string()))
    pq.write_table(pa.Table.from_pylist(rows, schema), folder / f"{number:05}.parquet")
    (folder / f"{number:05}_stats.json").write_text('{"count": 4, "successes": 2}')
    with tarfile.open(folder / f"{number:05}.tar", "w") as tar:
        entry = tarfile.TarInfo(f"{number:05}0000.jpg")
        entry.size = len(BODY)
        tar.addfile(entry, io.BytesIO(BODY))


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return kept_case(tmp_path / "case", {"fox.png": drawn(1)})


@pytest.mark.parametrize("algorithm", ["sha256", "md5"])
def test_its_shards_are_searched_by_address_and_by_the_hash_of_the_file(
    case: Case, tmp_path: Path, algorithm: str
) -> None:
    folder = tmp_path / "laion-art-256"
    (folder / "_tmp").mkdir(parents=True)
    (folder / "_tmp" / "0.feather").write_bytes(b"unfinished")
    for number in (0, 1):
        shard(folder, number, algorithm)
    summary = match_case(case, [str(folder)])
    assert (summary.data["files"], summary.data["rows"]) == (2, 8)
    found = pq.read_table(case.matches / "matches.parquet").to_pylist()
    listed = {(one["dataset_file"], one["dataset_row"]): one for one in found}
    assert sorted(listed) == [(f"0000{shard}.parquet", row) for shard in (0, 1) for row in range(3)]
    repost, refused, cut = (listed["00000.parquet", row] for row in range(3))
    assert repost["dataset"] == "laion-art-256"
    assert (repost["strength"], repost["evidence"]) == ("same_image", ["file_hash"])
    assert repost["place"] == "elsewhere"
    # A row that was not downloaded is a row all the same.
    assert (refused["strength"], cut["strength"]) == ("same_address", "same_address")
    assert (refused["width"], refused[algorithm]) == (None, None)
    assert refused["contradiction"] is None


def test_pictures_as_single_files_are_passed_over(case: Case, tmp_path: Path) -> None:
    shard(tmp_path, 0, "sha256")
    (tmp_path / "00000").mkdir()
    (tmp_path / "00000" / "000000000.jpg").write_bytes(BODY)
    (tmp_path / "00000" / "000000000.json").write_text("{}")
    (tmp_path / "00000" / "000000000.txt").write_text("a wallpaper")
    [file] = resolve([str(tmp_path / "0*")])
    assert file.name == "00000.parquet"


def test_a_tar_of_pictures_points_to_the_rows_beside_it(tmp_path: Path) -> None:
    shard(tmp_path, 0, "sha256")
    with pytest.raises(DatasetError) as told:
        check(tmp_path / "00000.tar")
    assert "00000.parquet" in told.value.hint

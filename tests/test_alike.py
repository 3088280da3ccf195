"""Picture hashes in rows: which are nearly those of the artist's pictures, and what that ties."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from optout.case import Case
from optout.database import connect, relation
from optout.datasets import resolve
from optout.index import build, open_index
from optout.looking.run import look_at_case
from optout.matching import match_case
from optout.matching.alike import Alike, limits
from optout.matching.blind_spots import blind_spots
from optout.vision.edits import EDITS, edited
from optout.vision.fingerprint import fingerprint
from tests.drawn import as_file, drawn
from tests.harness import serving
from tests.looking_case import kept_case
from tests.report_case import CDN

HASHES = st.integers(0, 2**64 - 1)
EDITION = "part-00000-17da4908-939c-46e5-91d0-15f256041956-c000.snappy.parquet"


def written(value: int) -> str:
    return f"{value:016x}"


def turned(phash: str, *bits: int) -> str:
    """The hash with some of its bits the other way."""
    value = int(phash, 16)
    for bit in bits:
        value ^= 1 << bit
    return written(value)


@given(
    st.lists(HASHES, min_size=1, max_size=5),
    st.lists(st.tuples(HASHES, st.sets(st.integers(0, 63), max_size=12)), max_size=30),
)
def test_hashes_are_near_by_the_bits_that_differ(
    known: list[int], others: list[tuple[int, set[int]]]
) -> None:
    pictures = [written(one) for one in known]
    texts = [turned(pictures[place % len(known)], *bits) for place, bits in others]
    texts += [written(value) for value, _ in others]
    expected = [
        [n for n, one in enumerate(known) if (one ^ int(text, 16)).bit_count() <= limits().differ]
        for text in texts
    ]
    alike = Alike(pictures)
    assert [alike.of(text) for text in texts] == expected
    rows = alike.rows(pa.array(texts, pa.string())).tolist()
    assert rows == [n for n, near in enumerate(expected) if near]
    assert _by_sql(pictures, texts) == rows


def _by_sql(pictures: list[str], texts: list[str]) -> list[int]:
    connection = connect()
    rows = pa.table({"match_id": [f"{n:03}" for n in range(len(texts))], "phash": texts})
    rows = rows.cast(pa.schema([("match_id", pa.string()), ("phash", pa.string())]))
    connection.register("candidates", rows)
    known = {"phash": pictures, "image_url": [str(n) for n in range(len(pictures))]}
    connection.register("known_phashes", pa.table(known))
    found = relation(connection, "evidence_alike", differ=limits().differ).fetchall()
    connection.close()
    return [int(match_id) for match_id, *_ in found]


def test_what_is_no_picture_hash_is_near_to_nothing() -> None:
    known = "e9e90c24f1d9c674"
    texts = [None, "", "0x", "e9e9", known, "é9e90c24f1d9c67", "e9e90c24f1d9c67g", f"{known}0"]
    assert Alike([known]).rows(pa.array(texts, pa.string())).tolist() == [4]
    assert Alike([known]).rows(pa.array(texts, pa.string()).slice(3, 2)).tolist() == [1]
    assert [Alike([known]).of(text) for text in texts[-2:]] == [[], []]
    assert Alike([]).of(known) == []


# ------------------------------------------------------------------------------- the search
FOX, OWL = drawn(1), drawn(2)


@pytest.fixture
def case(tmp_path: Path) -> Case:
    sky = Image.new("RGB", (300, 200), (120, 160, 220))
    return kept_case(tmp_path / "case", {"fox.png": FOX, "owl.png": OWL, "sky.png": sky})


def phash(picture: Image.Image) -> str:
    return fingerprint(as_file(picture)).phash or ""


def rows() -> list[dict[str, Any]]:
    smaller = edited(next(edit for edit in EDITS if edit.name == "jpeg 30"), FOX, 1)
    sky = Image.new("RGB", (80, 60), (120, 160, 220))
    hashes = [
        phash(FOX),
        phash(FOX).upper(),
        turned(phash(OWL), 1, 20, 40),
        turned(phash(OWL), *range(0, 32, 4)),  # 8 bits: one too many
        fingerprint(smaller).phash,
        phash(sky),
        "no hash",
        None,
    ]
    return [
        {"id": n, "url": f"http://repost{n}.example/{n}.jpg", "text": "wallpaper",
         "image_phash": one, "nsfw_score_opennsfw2": 0.01, "nsfw_score_gantman": 0.02}
        for n, one in enumerate(hashes)
    ]  # fmt: skip


def coyo(folder: Path) -> str:
    folder.mkdir()
    pq.write_table(pa.Table.from_pylist(rows()), folder / EDITION)
    return str(folder)


def found(case: Case) -> dict[int, dict[str, Any]]:
    table = pq.read_table(case.matches / "matches.parquet")
    return {row["dataset_row"]: row for row in table.to_pylist()}


def test_rows_with_nearly_the_same_picture_hash_are_similar_and_no_more(
    case: Case, tmp_path: Path
) -> None:
    summary = match_case(case, [coyo(tmp_path / "data")])
    matches = found(case)
    assert list(matches) == [0, 1, 2, 4]
    for match in matches.values():
        assert (match["strength"], match["evidence"]) == ("similar_image", ["perceptual_hash"])
        assert match["edition"] == "coyo-700m"
    assert [matches[n]["image_url"] for n in (0, 1, 2, 4)] == [
        f"{CDN}/{name}.png" for name in ("fox", "fox", "owl", "fox")
    ]
    evidence = pq.read_table(case.matches / "evidence.parquet").to_pylist()
    owl = next(one for one in evidence if one["match_id"] == matches[2]["match_id"])
    assert owl["detail"] == f"phash {turned(phash(OWL), 1, 20, 40)}, 3 of 64 bits differ"
    assert owl["weight"] == pytest.approx(61 / 64)
    assert summary.data["not_covered"] == []
    assert not [spot for spot in blind_spots(case) if spot.way == "perceptual_hash"]


def test_each_picture_is_hashed_once(case: Case, tmp_path: Path) -> None:
    data = coyo(tmp_path / "data")
    match_case(case, [data])
    kept = case.looked_at / "phashes.jsonl"
    before = kept.read_bytes()
    assert len(before.splitlines()) == 3
    kept.write_bytes(before[:-20])  # killed while it wrote
    match_case(case, [data])
    assert sorted(found(case)) == [0, 1, 2, 4]


def test_files_without_picture_hashes_cost_no_hashing(case: Case, tmp_path: Path) -> None:
    pq.write_table(pa.table({"url": ["http://a.example/1.jpg"]}), tmp_path / "plain.parquet")
    match_case(case, [str(tmp_path / "plain.parquet")])
    assert not case.looked_at.exists()


def test_without_the_extra_it_is_said_that_looks_were_not_compared(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("optout.vision.extra.LIBRARIES", ("no_such_library",))
    summary = match_case(case, [coyo(tmp_path / "data")])
    assert not found(case)
    assert summary.data["not_covered"] == ["perceptual_hash"]
    reasons = {spot.reason for spot in blind_spots(case) if spot.way == "perceptual_hash"}
    assert reasons == {"its picture hashes were not compared"}


def test_an_index_finds_equal_picture_hashes(case: Case, tmp_path: Path) -> None:
    data = coyo(tmp_path / "data")
    build(resolve([data]), tmp_path / "index")
    match_case(case, [], index=open_index(tmp_path / "index"))
    matches = found(case)
    assert {0, 1} <= set(matches) <= {0, 1, 4}
    assert matches[0]["strength"] == "similar_image"
    reasons = {spot.reason for spot in blind_spots(case) if spot.way == "perceptual_hash"}
    assert reasons == {"of its picture hashes an index finds only those that are equal"}


def test_many_rows_are_sieved_as_one_by_one() -> None:
    chance = random.Random(3)
    pictures = [written(chance.getrandbits(64)) for _ in range(40)]
    texts = [
        turned(chance.choice(pictures), *chance.sample(range(64), chance.randrange(14)))
        for _ in range(20_000)
    ]
    alike = Alike(pictures)
    places = alike.rows(pa.array(texts, pa.string())).tolist()
    assert places == [n for n, text in enumerate(texts) if alike.of(text)]


def test_what_looks_alike_is_looked_at_unless_a_score_calls_it_unsafe(
    case: Case, tmp_path: Path
) -> None:
    smaller = edited(next(edit for edit in EDITS if edit.name == "jpeg 30"), FOX, 1)
    asked: list[str] = []

    def site(path: str, request: Any) -> tuple[int, list[tuple[str, str]], bytes]:
        asked.append(path)
        picture = 200, [("Content-Type", "image/jpeg")], smaller
        return (404, [], b"") if path == "/robots.txt" else picture

    scores = {"first.jpg": (0.1, 0.2), "second.jpg": (0.45, 0.0), "third.jpg": (None, 0.47)}
    with serving(site) as base:
        listed = [
            {"id": 1, "url": f"{base}/{name}", "text": "wallpaper", "image_phash": phash(FOX),
             "nsfw_score_opennsfw2": one, "nsfw_score_gantman": other}
            for name, (one, other) in scores.items()
        ]  # fmt: skip
        pq.write_table(pa.Table.from_pylist(listed), tmp_path / EDITION)
        match_case(case, [str(tmp_path / EDITION)])
        looks = look_at_case(case, allow_private=True, delay=0).rows.to_pylist()
    assert asked == ["/robots.txt", "/first.jpg"]
    told = [(row["verdict"], row["reason"].split(":")[0]) for row in looks]
    assert told == [
        ("same picture", ""), *[("not looked at", "flagged as unsafe")] * 2
    ]  # fmt: skip
    strengths = {n: (m["strength"], m["evidence"]) for n, m in found(case).items()}
    assert strengths == {
        0: ("same_image", ["verified_copy", "perceptual_hash"]),
        1: ("similar_image", ["perceptual_hash"]),
        2: ("similar_image", ["perceptual_hash"]),
    }

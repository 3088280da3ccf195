"""Data sets: known ones, naming files, columns, damage, text formats."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from optout.cli import main
from optout.database import connect
from optout.datasets import crawl_period, find, known, resolve
from optout.datasets.columns import ROW, check
from optout.datasets.editions import columns
from optout.datasets.text import batches
from optout.datasets.view import identifier, view_sql
from optout.embeddings.metadata import rows_of
from optout.errors import DatasetError

UUID = "339dc23d-0869-4dc0-9390-b4036fcc80c2"


def parquet(path: Path, **table: list[object]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(table), path)
    return path


def test_known_data_sets_say_what_they_are_and_where_that_can_be_checked() -> None:
    assert known()[0].name == "relaion5b"
    for dataset in known():
        assert dataset.what and dataset.obtain and dataset.ask and dataset.checked
        assert dataset.source.startswith("https://") and dataset.homepage.startswith("https://")
        for edition in dataset.editions:
            assert find(edition.name) is not None
    names = [e.name.casefold() for d in known() for e in d.editions]
    assert len(names) == len(set(names))


def test_crawl_periods() -> None:
    assert str(crawl_period("coyo700m")[0]) == "2020-10-01"
    assert crawl_period("laion5b")[0] is None
    assert crawl_period("my-own-list") == (None, None)


def test_a_file_a_folder_a_glob_and_what_they_are_called(tmp_path: Path) -> None:
    folder = tmp_path / "pile"
    parquet(folder / "b" / "two.parquet", URL=["http://a.example/"])
    parquet(folder / "one.parquet", url=["http://a.example/"])
    (folder / "one.parquet.crc").write_bytes(b"crc")
    (folder / "_SUCCESS").write_bytes(b"")
    (folder / "00000_stats.json").write_text("{}")
    parquet(folder / ".hidden" / "three.parquet", url=["http://a.example/"])
    found = resolve([str(folder)])
    assert [(f.dataset, f.edition, f.name) for f in found] == [
        ("pile", "", "b/two.parquet"),
        ("pile", "", "one.parquet"),
    ]
    (single,) = resolve([str(folder / "one.parquet")])
    assert (single.dataset, single.name, single.columns.rows) == ("one", "one.parquet", 1)
    globbed = resolve([str(folder / "**" / "*.parquet*")])
    assert [(f.dataset, f.name) for f in globbed] == [
        ("pile", "b/two.parquet"),
        ("pile", "one.parquet"),
    ]
    assert len(resolve([str(folder), str(folder / "one.parquet")])) == 2


def test_editions_are_recognised_by_uuid_file_name_and_folder(tmp_path: Path) -> None:
    part = parquet(tmp_path / f"part-00000-{UUID}-c000.snappy.parquet", url=["http://a.example/"])
    art = parquet(tmp_path / "laion-art.parquet", URL=["http://a.example/"])
    plain = parquet(tmp_path / "laion2B-en-md5" / "x" / "part-0.parquet", url=["http://a.example/"])
    found = resolve([str(part), str(art), str(plain.parents[1])])
    assert [(f.dataset, f.edition) for f in found] == [
        ("relaion5b", "relaion2B-en-research-safe"),
        ("laion-art", "laion-art"),
        ("laion5b", "laion2B-en-md5"),
    ]


def test_the_user_says_what_a_path_is(tmp_path: Path) -> None:
    file = parquet(tmp_path / "x.parquet", url=["http://a.example/"])
    for spec, named in [
        (f"relaion2b-en-research={file}", ("relaion5b", "relaion2B-en-research")),
        (f"laion5b:laion2B-en={file}", ("laion5b", "laion2B-en")),
        (f"laion5b:of-a-friend={file}", ("laion5b", "of-a-friend")),
        (f"mine={file}", ("mine", "")),
        (f"mine:v2={file}", ("mine", "v2")),
    ]:
        (found,) = resolve([spec])
        assert (found.dataset, found.edition) == named
    odd = parquet(tmp_path / "run=1" / "x.parquet", url=["http://a.example/"])
    assert resolve([str(odd.parent)])[0].dataset == "run=1"


def test_two_files_of_one_name_must_be_told_apart(tmp_path: Path) -> None:
    one = parquet(tmp_path / "1" / "x.parquet", url=["http://a.example/"])
    two = parquet(tmp_path / "2" / "x.parquet", url=["http://a.example/"])
    with pytest.raises(DatasetError, match=r"would both be called x\.parquet"):
        resolve([str(one), str(two)])
    assert len(resolve([f"a={one}", f"b={two}"])) == 2


def _error(spec: Path | str) -> DatasetError:
    with pytest.raises(DatasetError) as caught:
        resolve([str(spec)])
    assert caught.value.hint
    assert "\n" not in caught.value.message
    return caught.value


def _bytes(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def test_each_kind_of_damage_gives_one_sentence_naming_the_file(tmp_path: Path) -> None:
    whole = parquet(tmp_path / "whole.parquet", url=["http://a.example/"] * 100).read_bytes()
    for name, content, words in [
        ("empty.parquet", b"", "is empty"),
        ("tiny.parquet", b"\x00", "not a Parquet file"),
        ("cut.parquet", whole[:-50], "cut short"),
        ("footer.parquet", whole[:-60] + b"\xff" * 52 + whole[-8:], "damaged"),
        ("text.parquet", b"url,text\nhttp://a.example/,x\n", "is text, not Parquet"),
        ("page.parquet", b"<!doctype html><title>Log in", "is a web page"),
        ("pointer.parquet", b"version https://git-lfs.github.com/spec/v1\n", "Git LFS pointer"),
        ("zip.parquet", b"PK\x03\x04\x00\x00", "zip archive"),
        ("noise.parquet", bytes(range(64)), "not a Parquet file"),
        ("list.jsonl", b"[1, 2]\n", "one JSON object per line"),
        ("deep.jsonl", b"[" * 100000, "one JSON object per line"),
        ("no.csv", b"name,text\nx,y\n", "no column with image addresses"),
        ("blank.csv", b"\n\n", "no column with image addresses"),
        ("no.jsonl", b'{"name": "x"}\n', "no column with image addresses"),
        ("table.xlsx", b"PK\x03\x04", "of a kind that is not read"),
    ]:
        error = _error(_bytes(tmp_path / name, content))
        assert words in error.message, name
        assert name in error.message
    missing = _error(parquet(tmp_path / "missing.parquet", text=["x"], pos=[1]))
    assert "no column with image addresses (columns: text, pos)" in missing.message


def test_columns_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    numbers = parquet(tmp_path / "numbers.parquet", url=[1, 2])
    with pytest.raises(DatasetError, match=r"the column url of .* holds int64, not addresses"):
        check(numbers)
    taken = parquet(tmp_path / "taken.parquet", url=["http://a.example/"], File_Row_Number=[7])
    with pytest.raises(DatasetError, match=r"taken.parquet has a column called file_row_number"):
        check(taken)
    coded = pa.table({"url": pa.array(["http://a.example/"]).dictionary_encode()})
    pq.write_table(coded, tmp_path / "coded.parquet")
    assert check(tmp_path / "coded.parquet").rows == 1
    parquet(tmp_path / "bytes.parquet", url=["http://a.example/ä".encode()])
    assert check(tmp_path / "bytes.parquet").rows == 1


def test_names_that_lead_nowhere(tmp_path: Path) -> None:
    (tmp_path / "bare").mkdir()
    assert "holds no data set file" in _error(tmp_path / "bare").message
    assert "there is no file or folder" in _error(tmp_path / "gone.parquet").message
    assert "neither a file nor a known data set" in _error("relaion6b").message
    assert "fits" in _error(tmp_path / "*.parquet").message
    obtain = _error("relaion2B-en-research-safe")
    assert "to get the metadata of relaion5b" in obtain.message
    assert "--dataset relaion2B-en-research-safe=FOLDER" in obtain.hint


FAMILIES = {
    "laion400m": "SAMPLE_ID URL TEXT HEIGHT WIDTH LICENSE NSFW similarity",
    "joined": "URL TEXT WIDTH HEIGHT similarity LANGUAGE hash pwatermark punsafe",
    "v2": "URL TEXT WIDTH HEIGHT similarity punsafe pwatermark AESTHETIC_SCORE hash",
    "relaion": "url caption similarity hash pwatermark punsafe key status error_message width"
    " height original_width original_height exif md5",
    "coyo": "id url text width height image_phash clip_similarity_vitb32 nsfw_score_opennsfw2"
    " nsfw_score_gantman watermark_score"
    " aesthetic_score_laion_v2",
    "datacomp": "uid url text original_width original_height clip_b32_similarity_score sha256",
    "redcaps": "image_id author image_url raw_caption caption",
}


@pytest.mark.parametrize("family", FAMILIES)
def test_column_families(tmp_path: Path, family: str) -> None:
    path = parquet(tmp_path / "x.parquet", **{name: ["1"] for name in FAMILIES[family].split()})
    names = check(path).names
    assert names["url"].lower() in ("url", "image_url")
    assert names["caption"].lower() in ("text", "caption")
    ours = {name for name in columns() if names.get(name)}
    expected = {
        "laion400m": {"sample_id", "width", "height", "license", "nsfw", "similarity"},
        "joined": {"width", "height", "similarity", "language", "hash", "pwatermark", "punsafe"},
        "v2": {"width", "height", "similarity", "hash", "pwatermark", "punsafe", "aesthetic"},
        "relaion": {"similarity", "hash", "pwatermark", "punsafe", "status", "width", "height",
                    "original_width", "original_height", "md5"},
        "coyo": {"sample_id", "width", "height", "phash", "similarity", "pwatermark", "aesthetic",
                 "nsfw_opennsfw2", "nsfw_gantman"},
        "datacomp": {"sample_id", "original_width", "original_height", "similarity", "sha256"},
        "redcaps": {"sample_id"},
    }[family]  # fmt: skip
    assert ours == expected | {"url", "caption"}


def test_of_two_unsafe_scores_the_higher_counts(tmp_path: Path) -> None:
    path = parquet(
        tmp_path / "coyo.parquet",
        url=["http://a.example/1"] * 5,
        nsfw_score_opennsfw2=[0.1, 0.46, None, float("nan"), None],
        nsfw_score_gantman=[0.2, 0.02, 0.3, 0.4, None],
    )
    (file,) = resolve([str(path)])
    source = f"read_parquet('{path}', file_row_number = true)"
    found = connect().sql(f"SELECT punsafe FROM ({view_sql(file, source, ROW)})").fetchall()
    assert found == [(0.2,), (0.46,), (0.3,), (0.4,), (None,)]
    assert [row.get("punsafe") for row in rows_of(path, range(5)).values()] == [
        0.2, 0.46, 0.3, 0.4, None
    ]  # fmt: skip


def test_values_are_read_alike_whatever_their_types(tmp_path: Path) -> None:
    path = parquet(
        tmp_path / 'a "b".parquet',
        URL=["http://a.example/1", None],
        WIDTH=[float("nan"), 640.0],
        HEIGHT=[480.0, float("inf")],
        similarity=["0.3", "x"],
        MD5=[" AB ", None],
        hash=[-43411753905009670, None],
    )
    (file,) = resolve([str(path)])
    source = f"read_parquet('{path}', file_row_number = true)"
    with connect() as connection:
        rows = connection.sql(view_sql(file, source, "file_row_number")).fetchall()
        names = connection.sql(view_sql(file, source, "file_row_number")).columns
    first, second = (dict(zip(names, row, strict=True)) for row in rows)
    assert (first["width"], first["height"], first["md5"]) == (None, 480, "ab")
    assert (second["width"], second["height"], second["similarity"]) == (640, None, None)
    assert first["hash"] == "-43411753905009670" and first["caption"] is None
    assert (first["similarity"], second["dataset_row"], second["file_width"]) == (0.3, 1, 640)


def test_sizes_after_resizing_are_not_those_of_the_file(tmp_path: Path) -> None:
    path = parquet(tmp_path / "x.parquet", url=["u"], status=["success"], width=[256], height=[256])
    (file,) = resolve([str(path)])
    with connect() as connection:
        result = connection.sql(view_sql(file, f"read_parquet('{path}')", "0"))
        row = dict(zip(result.columns, result.fetchall()[0], strict=True))
    assert (row["width"], row["file_width"]) == (256, None)


def test_identifiers_are_quoted() -> None:
    assert identifier('a"; DROP TABLE x; --') == '"a""; DROP TABLE x; --"'


def _rows(path: Path) -> list[dict[str, object]]:
    (file,) = resolve([str(path)])
    return [row for table in batches(path, file.columns) for row in table.to_pylist()]


def test_csv_with_quotes_line_ends_short_rows_and_bad_bytes(tmp_path: Path) -> None:
    path = _bytes(
        tmp_path / "x.csv",
        b'\xef\xbb\xbfURL,TEXT\r\n"http://a.example/,1","two\nlines"\r\n\r\nhttp://a.example/2\r\n'
        b"http://a.example/\xff,\x00zero\r\n",
    )
    assert _rows(path) == [
        {"dataset_row": 0, "url": "http://a.example/,1", "caption": "two\nlines"},
        {"dataset_row": 1, "url": "http://a.example/2", "caption": None},
        {"dataset_row": 2, "url": "http://a.example/\ufffd", "caption": "zero"},
    ]


def test_tsv_with_and_without_a_header(tmp_path: Path) -> None:
    cc3m = _bytes(tmp_path / "Train_GCC-training.tsv", b'a "fox\thttp://a.example/1\n')
    cc12m = _bytes(tmp_path / "anything.tsv", b"http://a.example/1\ta fox\n")
    header = _bytes(tmp_path / "headed.tsv", b"caption\turl\na fox\thttp://a.example/1\n")
    assert _rows(cc3m)[0] == {"dataset_row": 0, "url": "http://a.example/1", "caption": 'a "fox'}
    assert _rows(cc12m)[0]["url"] == "http://a.example/1"
    assert _rows(header)[0]["caption"] == "a fox"
    assert resolve([str(cc3m)])[0].dataset == "cc3m"


def test_jsonl_keeps_the_number_of_a_broken_line(tmp_path: Path) -> None:
    path = _bytes(
        tmp_path / "x.jsonl",
        b'{"url": "http://a.example/1", "width": 3}\n{"url": "http://a\n\n["x"]\n'
        b'{"url": "\\ud800", "width": null}\n',
    )
    rows = _rows(path)
    assert [row["url"] for row in rows] == ["http://a.example/1", '{"url": "http://a', '["x"]', "?"]
    assert (rows[0]["width"], rows[3]["dataset_row"]) == ("3", 3)


def test_a_quote_that_is_never_closed_ends_with_one_sentence(tmp_path: Path) -> None:
    path = _bytes(tmp_path / "x.csv", b'url\n"http://a.example/' + b"x\n" * 9_000_000)
    with pytest.raises(DatasetError, match="cannot be read on"):
        _rows(path)


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(["x.csv", "x.tsv", "x.jsonl", "x.parquet"]), st.binary(max_size=300))
@example("x.tsv", b"\x00")
def test_no_bytes_end_in_a_traceback(tmp_path: Path, name: str, content: bytes) -> None:
    for start in (b"", b"url,text\n", b"url\ttext\n", b'{"url": 1}\n', b"PAR1"):
        path = _bytes(tmp_path / name, start + content)
        try:
            _rows(path) if name != "x.parquet" else resolve([str(path)])
        except DatasetError as error:
            assert name in error.message


def test_datasets_command(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["datasets"]) == 0
    out = capfd.readouterr().out
    assert out.startswith("relaion5b · gated · 5,526,641,167 rows")
    assert main(["datasets", "--json"]) == 0
    records = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert records[0]["name"] == "relaion5b" and records[0]["gated"] is True
    assert {"what", "rows", "size", "licence", "obtain", "ask", "source"} <= set(records[0])
    assert main(["datasets", "laion2B-en"]) == 0
    assert "laion2B-multi-joined" in capfd.readouterr().out
    assert main(["datasets", "nonsense"]) == 1
    assert "optout datasets" in capfd.readouterr().err

"""What a data set holds, and what changed between two editions or two searches."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from optout.datasets import resolve
from optout.diff.editions import compare_editions
from optout.errors import DatasetError
from optout.explore import Exploration, explore
from optout.explore.mentioned import Mentioned
from optout.explore.page import render
from optout.explore.work import workspace
from optout.identity.lossless import lossless
from optout.index import build
from tests.harness import optout

NASTY = "<img src=x onerror=alert(1)>\"'\u202e"


def write(path: Path, **columns: list[Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), path)
    return path


def bars(found: Exploration, name: str) -> dict[str, int]:
    [table] = [table for table in found.tables if table.name == name]
    return {bar.label: bar.rows for bar in table.bars}


def edition(folder: Path) -> Path:
    """Two files, one without scores; odd and empty values; a hostile host and language."""
    write(
        folder / "a.parquet",
        URL=["https://a.example/1.jpg", "http://WWW.a.example:80/2.jpg", None, "UNLIKELY"],
        TEXT=["by Mira Solberg", "mira  sólberg, fox", None, ""],
        WIDTH=[600.0, float("nan"), -1.0, 80.0],
        punsafe=[0.01, 0.99, 7.5, None],
        LANGUAGE=["en", NASTY, None, "en"],
    )
    write(
        folder / "b.parquet",
        URL=[f"https://{NASTY.replace('/', '')}/x.jpg", "https://mira.tumblr.com/x.jpg"],
        TEXT=["Jonas Weiß", "nobody"],
    )
    return folder


def test_every_column_is_counted_once_and_a_missing_one_is_said(tmp_path: Path) -> None:
    found = explore([str(edition(tmp_path))], names=["Mira Solberg", "Jonas Weiss", "Ann"])
    assert found.rows == 6 and found.sources[0].files == 2
    assert bars(found, "hosts") == {"a.example": 1, "mira.tumblr.com": 1, "www.a.example": 1}
    assert bars(found, "domains") == {"a.example": 2, "mira.tumblr.com": 1}
    assert bars(found, "names") == {"Mira Solberg": 2, "Jonas Weiss": 1}
    assert found.names_left_out == ("Ann",)
    tables = {table.name: table for table in found.tables}
    hosts, width, language = tables["hosts"], tables["width"], tables["language"]
    assert (hosts.nulls, hosts.odd) == (1, 2)
    assert bars(found, "width") == {"64–127": 1, "128–255": 0, "256–511": 0, "512–1023": 1}
    assert (width.nulls, width.odd, width.without_column, width.files_without) == (1, 1, 2, 1)
    assert (language.nulls, language.without_column) == (1, 2)
    assert bars(found, "punsafe")["0.95–1.00"] == 1 and tables["punsafe"].odd == 1
    assert tables["aesthetic"].without_column == 6 and not tables["aesthetic"].bars


def test_text_files_are_counted_as_parquet_is(tmp_path: Path) -> None:
    urls = [f"https://h{n % 3}.example/{n}.jpg" for n in range(70_000)]
    write(tmp_path / "p" / "rows.parquet", url=urls, caption=["text"] * len(urls))
    with (tmp_path / "rows.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("url", "caption"), *((url, "text") for url in urls)])
    one = explore([str(tmp_path / "p")])
    other = explore([str(tmp_path / "rows.csv")])
    assert one.rows == other.rows == 70_000 and one.tables == other.tables


def test_the_page_is_whole_offline_and_escapes_strangers(tmp_path: Path) -> None:
    found = explore([str(edition(tmp_path))], names=["Mira Solberg"])
    page = render(found)
    assert page == render(found)
    assert "<img" not in page and "onerror=alert" in page and "\u202e" not in page
    assert not re.search(r'(?:src|href)="(?!#)', page) and "<script" not in page
    assert "http" not in re.sub(r"http-equiv|https?://", "", page.replace("xmlns", ""))
    for table in found.tables:
        section = page.partition(f'<section id="{table.name}"')[2].partition("</section>")[0]
        assert not table.bars or (section.count("<rect") == len(table.bars) and "<table" in section)


def test_the_command_prints_tables_json_and_writes_the_page(tmp_path: Path) -> None:
    edition(tmp_path / "data")
    (tmp_path / "names.txt").write_text("Mira Solberg\n", "utf-8")
    args = ("--dataset", "data", "--names", "names.txt", "--html", "page.html")
    done = optout("explore", *args, cwd=tmp_path)
    assert done.returncode == 0 and "Domains with most rows" in done.stdout, done.stderr
    assert "\x1b" not in done.stdout and "rows of 1 files without this column" in done.stdout
    assert (tmp_path / "page.html").read_text("utf-8").startswith("<!doctype html>")
    lines = optout("explore", "--dataset", "data", "--json", cwd=tmp_path).stdout.splitlines()
    rows = [json.loads(line) for line in lines]
    assert {"table": "domains", "label": "a.example", "rows": 2} in rows


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ((), "no data set to look into"),
        (("--dataset", "nowhere/"), "there is no file or folder nowhere/"),
        (("--dataset", "cut.parquet"), "cut.parquet is cut short"),
        (("--dataset", "torn.parquet"), "torn.parquet cannot be read"),
        (("--index", "."), "no finished index"),
        (("--dataset", "good.parquet", "--names", "none.txt"), "cannot read none.txt"),
    ],
)
def test_bad_input_is_told_in_one_sentence(
    tmp_path: Path, args: tuple[str, ...], words: str
) -> None:
    urls = [f"https://a{n}.example/{n * 7919}.jpg" for n in range(5000)]
    whole = write(tmp_path / "good.parquet", url=urls).read_bytes()
    (tmp_path / "cut.parquet").write_bytes(whole[:-10])
    middle = len(whole) // 3
    (tmp_path / "torn.parquet").write_bytes(whole[:middle] + b"\xff" * 900 + whole[middle + 900 :])
    done = optout("explore", *args, cwd=tmp_path)
    assert done.returncode == 1 and words in done.stderr and "hint: " in done.stderr, done.stderr
    assert "Traceback" not in done.stderr


def test_an_index_is_explored_by_its_table_of_rows(tmp_path: Path) -> None:
    urls = ["https://a.example/1.jpg", "https://b.example/2.jpg", "https://a.example/3.jpg"]
    data = write(tmp_path / "data" / "0.parquet", url=urls, width=[600, 700, None])
    spec = f"laion2B-en={data}"
    build(resolve([spec]), tmp_path / "index")
    found = explore([], index=tmp_path / "index")
    assert found.sources[0].edition == "laion2B-en"
    assert found.tables == explore([spec]).tables
    manifest = tmp_path / "index" / "manifest.json"
    manifest.write_text(manifest.read_text("utf-8").replace("rows/", "../"), "utf-8")
    with pytest.raises(DatasetError, match="no part of an index"):
        explore([], index=tmp_path / "index")


NAMES = ["Mira Solberg", "Solberg", "Jonas Weiß", "Ana María de la Cruz", "O'Brien Kelly"]
NAMES += ["田中太郎"]
WORDS = ["MIRA", "solberg", "Sólberg", "jonas", "weiss", "de", "la", "cruz", "maria", "ana"]
WORDS += ["O'Brien", "Kelly", "田中太郎", "&amp;", "x", "1", *" .,-'_&;"]


@given(st.lists(st.sampled_from(WORDS), max_size=12))
def test_names_are_found_as_the_search_finds_them(parts: list[str]) -> None:
    from optout.matching.texts import names

    caption = "".join(parts)
    found = Mentioned(NAMES).in_caption(caption)
    assert found == sorted(name for name in NAMES if names([name]).found(caption))


# --- two editions ---


PIECES = ["http://", "https://", "//", "a.example", "B.example", "/x", "/./", "/../", "%7e", "%2F"]
PIECES += [
    "?",
    "a=1",
    "&amp;",
    "&",
    ";",
    "#f",
    ":80",
    ":8080",
    " ",
    "é",
    "\\",
    "user@",
    ".jpg",
    "+",
]


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=2), max_size=9).map("".join))
@example("https://a.example/x?")
@example("https://a.example/x?a=1&amp;b=2")
@example("https://a.example/%7efox.jpg")
@example("https://a.example/.")
@example("https://" + "a." * 140 + "example/x")
@example("https://a.example/x\n")
def test_the_quick_way_to_an_address_gives_what_the_slow_one_gives(url: str) -> None:
    from optout.database import dictionaries, relation

    try:
        url.encode()
    except UnicodeEncodeError:
        return
    functions = {"lossless_address": lambda text: lossless(text) if text is not None else None}
    with workspace(functions) as connection:
        table = pa.table({"url": pa.array([url], pa.string()), "dataset_row": [0]})
        connection.register("dataset", table)
        rows = dictionaries(relation(connection, "diff_rows"))
        address = lossless(url)
        wanted = connection.execute("SELECT hash($1::VARCHAR)", [address]).fetchall()[0][0]
    assert [row["address"] for row in rows] == ([] if address is None else [wanted])


def two_editions(folder: Path) -> tuple[Path, Path]:
    old = [f"http://a{n % 4}.example/{n}.jpg" for n in range(1000)]
    # Another spelling of the same address is no change; every tenth is gone; 3 are new.
    new = [f"https://A{n % 4}.example:443/{n}.jpg" for n in range(1000) if n % 10]
    new += [f"https://new.example/{n}.jpg" for n in range(3)]
    write(folder / "old" / "x.parquet", url=[*old, None, "UNLIKELY"])
    write(folder / "new" / "x.parquet", url=new[::-1])
    return folder / "old", folder / "new"


def test_editions_differ_by_their_addresses_not_by_their_spelling(tmp_path: Path) -> None:
    old, new = two_editions(tmp_path)
    rows: list[dict[str, Any]] = []
    found = compare_editions([str(old)], [str(new)], sink=rows.extend)
    assert (found.gone, found.new) == (100, 3)
    assert (found.before.rows, found.before.readable, found.before.addresses) == (1002, 1000, 1000)
    assert [row["dataset_row"] for row in rows if row["change"] == "gone"] == list(
        range(0, 1000, 10)
    )
    assert found.hosts[-1] == {"host": "new.example", "gone": 0, "new": 3}


def test_the_command_writes_what_changed_and_says_so_by_its_exit_code(tmp_path: Path) -> None:
    two_editions(tmp_path)
    done = optout("diff", "old", "new", "--out", "rows.csv", "--exit-code", cwd=tmp_path)
    assert done.returncode == 3 and "100 rows gone · 3 rows new" in done.stdout, done.stderr
    assert "2 rows of old have no readable address" in done.stderr
    with (tmp_path / "rows.csv").open(encoding="utf-8", newline="") as file:
        assert len(list(csv.DictReader(file))) == 103
    same = optout("diff", "old", "old", "--json", "--exit-code", cwd=tmp_path)
    assert same.returncode == 0 and json.loads(same.stdout)["gone"] == 0
    bad = optout("diff", "old", "nowhere/", cwd=tmp_path)
    assert bad.returncode == 1 and "there is no file or folder nowhere/" in bad.stderr


def test_two_searches_differ_by_their_matches(tmp_path: Path) -> None:
    urls = ["https://mira.example/1.jpg", "https://mira.example/2.jpg"]
    write(tmp_path / "data" / "x.parquet", url=urls, caption=["a", "b"])
    assert optout("init", "https://mira.example", cwd=tmp_path).returncode == 0
    assert optout("match", "--dataset", "data", cwd=tmp_path).returncode == 0
    (tmp_path / "optout-case" / "matches").rename(tmp_path / "before")
    write(tmp_path / "data" / "x.parquet", url=urls[:1], caption=["a"])
    assert optout("match", "--dataset", "data", cwd=tmp_path).returncode == 0
    done = optout("diff", "before", "--case", "optout-case", "--json", cwd=tmp_path)
    summary, row = (json.loads(line) for line in done.stdout.splitlines())
    assert summary == {"gone": 1, "new": 0, "changed": 0}
    assert (row["change"], row["url"], row["strength_after"]) == ("gone", urls[1], None)
    none = optout("diff", "data", "--case", "optout-case", cwd=tmp_path)
    assert none.returncode == 1 and "data holds no matches" in none.stderr

"""One pass for many cases: the answers that each gets alone; nothing lost by sieve or kill."""

from __future__ import annotations

import html
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from optout.case import Case, create_case, load_case
from optout.cli import main
from optout.datasets import DataFile, resolve
from optout.errors import CaseError, DatasetError
from optout.identity import identify
from optout.matching import match_case, match_cases
from optout.matching.look import Look
from optout.matching.raw import RawFiles
from optout.matching.scan import scan
from optout.matching.sieve import Sieve
from optout.matching.starts import Starts, Text
from optout.matching.texts import folded, names, normal, pieces
from optout.matching.wanted import wanted
from tests.benchmarks.laion_shaped import artists as invented
from tests.benchmarks.laion_shaped import write
from tests.benchmarks.onepass import as_searched
from tests.test_matching import dataset, found, image, observe, ref

EDITION = "relaion2B-en-research-safe"


def case_of(folder: Path, one: Any) -> Case:
    """A case whose crawl has seen the pictures of an invented artist."""
    sites = [f"https://{host}/" for host in one.hosts]
    create_case(folder / one.artist, sites, names=[one.name], created=date(2026, 11, 21))
    path = folder / one.artist / "optout.toml"
    path.write_text(re.sub('case_id = ".*?"', f'case_id = "{one.artist}"', path.read_text("utf-8")))
    case = load_case(folder / one.artist)
    observe(
        case,
        images=[image(p.url, md5=p.md5) for p in one.pictures],
        image_refs=[ref(p.url, p.alt) for p in one.pictures],
    )
    return case


def written(case: Case) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(case.matches.iterdir())}


# ------------------------------------------------------------------------------- many at once
def test_many_cases_at_once_get_what_each_gets_alone(tmp_path: Path) -> None:
    people = invented(12, 12, 30)
    write(4000, tmp_path, files=3, edition=EDITION, people=people, row_group=300)
    spec = str(tmp_path / "rows")
    cases = [case_of(tmp_path, one) for one in people]
    together = match_cases(cases, [spec])
    assert list(together) == [one.artist for one in people]
    ours = [written(case) for case in cases]
    assert sum(summary.data["matches"] for summary in together.values()) > 40
    for case, files in zip(cases, ours, strict=True):
        match_case(case, [spec])
        assert written(case) == files
    truth = pq.read_table(tmp_path / "truth.parquet").to_pylist()
    listed = {
        (case.case_id, match["dataset_file"], match["dataset_row"])
        for case in cases
        for match in found(case)
    }
    assert {(t["artist"], t["dataset_file"], t["dataset_row"]) for t in truth} <= listed


def test_two_cases_of_one_name_are_refused_and_none_is_nothing(tmp_path: Path) -> None:
    spec = dataset(tmp_path, [{"url": "https://mira.example/a.jpg"}])
    cases = [create_case(tmp_path / name, [], created=date(2026, 11, 21)) for name in "ab"]
    with pytest.raises(CaseError, match="both called"):
        match_cases([cases[0], cases[0].__class__(tmp_path / "b", cases[0].case_id, date.min)],
                    [spec])  # fmt: skip
    assert match_cases([], [spec]) == {}


def test_more_hosts_than_one_pattern_takes(tmp_path: Path) -> None:
    hosts = [f"artist-{n}.example" for n in range(3000)]
    case = create_case(tmp_path / "case", [], hosts=hosts, created=date(2026, 11, 21))
    rows = [{"url": f"http://img.artist-{n}.example/x.jpg"} for n in range(0, 3000, 7)]
    rows += [{"url": f"http://artist-{n}.example/x.jpg"} for n in range(0, 3000, 7)]
    match_case(case, [dataset(tmp_path, rows)])
    assert [match["dataset_row"] for match in found(case)] == list(range(len(rows) // 2, len(rows)))


# ---------------------------------------------------------------------- nothing is held back
def passing(sieve: Sieve, rows: list[dict[str, Any]]) -> set[int]:
    columns = {name: pa.array([row.get(name) for row in rows], pa.string())
               for name in ("url", "caption", "md5", "sha256")}  # fmt: skip
    return set(sieve.passing(pa.record_batch(columns)).tolist())


def tying(look: Look, rows: list[dict[str, Any]]) -> set[int]:
    blank = dict.fromkeys(("url", "caption", "md5", "sha256"))
    return {
        number
        for number, row in enumerate(rows)
        if row["url"] and row["url"].strip().lower().startswith(("http://", "https://"))
        and look.ties({**blank, **row}, "x")
    }  # fmt: skip


@pytest.mark.shared
def test_every_real_row_that_ties_passes(shared: Path) -> None:
    table = pq.read_table(shared / "data/laion/img2dataset_testfiles/test_10000.parquet")
    rows = [{"url": row["URL"], "caption": row["TEXT"]} for row in table.to_pylist()]
    rng = random.Random(20261121)
    for _ in range(4):
        mine = rng.sample([row for row in rows if identify(row["url"]).key], 400)
        words = [" ".join(row["caption"].split()[:2]) for row in mine]
        artist = artist_of([row["url"] for row in mine], words, [row["caption"] for row in mine])
        sieve = Sieve(wanted([artist]))
        among, ties = passing(sieve, rows), tying(Look([artist]), rows)
        assert len(ties) >= 400
        assert ties <= among
        assert ties <= passing(without_hyperscan(sieve), rows)
        plain = passing(Sieve(wanted([artist], captions=False)), rows)
        assert tying(Look([artist], captions=False), rows) <= plain < among


@pytest.mark.shared
def test_every_real_pair_of_addresses_that_ties_passes(shared: Path) -> None:
    lines = (shared / "suites/url_identity/pairs.jsonl").read_text("utf-8").splitlines()
    pairs = [(pair["canonical_candidate"], pair["variant"]) for pair in map(json.loads, lines)]
    tied = 0
    for mine, theirs in [*pairs, *((b, a) for a, b in pairs)][::3]:
        artist = artist_of([mine])
        if tying(Look([artist]), [{"url": theirs}]):
            tied += 1
            sieve = Sieve(wanted([artist]))
            assert passing(sieve, [{"url": theirs}]), (mine, theirs)
            assert passing(without_hyperscan(sieve), [{"url": theirs}]), (mine, theirs)
    assert tied > 1000


def artist_of(urls: Sequence[str], called: Sequence[str] = (), alts: Sequence[str] = ()) -> Any:
    from optout.matching.artist import Text as Alt
    from tests.benchmarks.laion_shaped import Artist, Picture

    one = as_searched(Artist("a", "", (), tuple(Picture(url, "", url) for url in urls)))
    known = tuple(k for k in one.known if k.identity.key)
    texts = {normal(alt): Alt(alt, "x") for alt in alts if len(normal(alt)) > 11}
    return replace(one, known=known, names=names(called), texts=texts, hashes=frozenset())


MINE = [
    "https://img.mira.example/art/red-fox_2019.jpg",
    "https://mira.example/Grüße/größe-fuchs_2.jpg",
    "https://mira.example/лиса-в-снегу-2019.jpg",
    "https://bücher.example/a/Füchse-im-Schnee-12.jpg",
    "https://i.pinimg.com/originals/ab/cd/ef/abcdef0123456789abcdef0123456789.jpg",
    "https://cdn.shopify.com/s/files/1/0190/8574/products/Mira-Fox.jpg?v=1",
    "https://live.staticflickr.com/65535/8044487835_abcdef0123_z.jpg",
    "https://mira.example/gallery/54a8ab7cb6dfd/3.jpg",
    "https://mira.example/kelvin-mask_2020.jpg",
]
WRAPPERS = ["{}", "{}?w=300", "https://i0.wp.com/{bare}", "https://images.weserv.nl/?url={quoted}",
            "https://x.example/img.php?src={}", "https://res.cloudinary.com/a/image/fetch/{quoted}",
            "http://repost.example/uploads/{name}", "http://repost.example/f?file={name}&amp;x=1",
            "http://repost.example/300x200x{name}.pagespeed.ic.jpg",
            "http://repost.example/thumb_{name}", "https://www.{bare}",
            "https://a.example/{base64}"]  # fmt: skip


@st.composite
def spoilt(draw: st.DrawFn) -> str:
    """One of the artist's addresses in a wrapper, written in some other way."""
    import base64

    url = draw(st.sampled_from(MINE))
    url = draw(
        st.sampled_from([url, url.upper(), url.replace("https", "http"), quote(url, ":/?=")])
    )
    form = {"bare": url.partition("//")[2], "quoted": quote(url, ""), "name": url.split("/")[-1],
            "base64": base64.urlsafe_b64encode(url.encode()).decode()}  # fmt: skip
    address = draw(st.sampled_from(WRAPPERS)).format(url, **form)
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(8, len(address) - 1))
        sign = address[at]
        address = address[:at] + draw(st.sampled_from([
            quote(sign, ""), "".join(f"%{b:02x}" for b in sign.encode()), sign.swapcase(),
            f"&#{ord(sign)};", f"\t{sign}", f"/../{sign}", f"//{sign}", f"-{sign}", "\\", "ſ", "K",
        ])) + address[at + 1 :]  # fmt: skip
    return address


ARTIST = artist_of(MINE)
SIEVE, LOOK = Sieve(wanted([ARTIST])), Look([ARTIST])


def without_hyperscan(sieve: Sieve) -> Sieve:
    sieve._fast = None
    return sieve


PLAIN_SIEVE = without_hyperscan(Sieve(wanted([ARTIST])))


@given(st.lists(spoilt(), min_size=1, max_size=8))
@example(["http://repost.example/%4bELVIN-mas%E2%84%AA_2020.jpg", "http://b/GR%C3%B6%C3%9Fe-x"])
def test_addresses_written_in_any_way_pass_when_they_tie(urls: list[str]) -> None:
    rows = [{"url": url} for url in urls]
    assert tying(LOOK, rows) <= passing(SIEVE, rows)
    assert tying(LOOK, rows) <= passing(PLAIN_SIEVE, rows)


NAMES = ["Mira Sólberg", "Velazqo", "Greta Weiß", "宮崎 駿子", "김민수", "O'Brien-Łuk", "A_b Cde"]
ALTS = ["The “Red Fox” of Sólheimar | gouache & ink", "A quiet evening by the lake",
        "Red fox: no. 12 -- (study)"]  # fmt: skip
BETWEEN = ["", " ", "  ", "-", " – ", ", ", "&amp;", "&nbsp;", "\xa0", "...", "\t", "\u200b",
           "\x1b", "\x1e", "_", "'", "&#10;", "x"]  # fmt: skip


@st.composite
def caption(draw: st.DrawFn) -> str:
    words = [w for text in NAMES + ALTS for w in text.replace("-", " ").split()] + [
        "by",
        "&",
        "fox",
    ]
    parts = draw(st.lists(st.sampled_from(words + NAMES + ALTS), max_size=6))
    text = "".join(part + draw(st.sampled_from(BETWEEN)) for part in parts)
    how = draw(st.sampled_from([str, str.upper, str.lower, str.title, html.escape, folded]))
    return draw(st.sampled_from(BETWEEN)) + how(text)


SPEAKING = artist_of([], NAMES, ALTS)
TEXT_SIEVE, TEXT_LOOK = Sieve(wanted([SPEAKING])), Look([SPEAKING])


@given(st.lists(caption() | st.text(max_size=40), min_size=1, max_size=8))
def test_captions_written_in_any_way_pass_when_they_tie(captions: list[str]) -> None:
    rows = [{"url": "http://x.example/1", "caption": text} for text in captions]
    rows = [row for row in rows if row["caption"].isprintable() or "\ud800" not in row["caption"]]
    assert tying(TEXT_LOOK, rows) <= passing(TEXT_SIEVE, rows)
    for text in captions:
        expected = SPEAKING.names.found(text)
        assert next(iter(TEXT_LOOK._named(text).values()), None) == expected


@given(st.text(max_size=30))
def test_a_name_begins_with_a_piece_of_the_text_it_stands_in(text: str) -> None:
    called = names([text])
    for first in called.first_pieces():
        if called.found(text):
            assert first in {"", *pieces(folded(html.unescape(text)))}


@given(st.lists(st.binary(min_size=4, max_size=30), max_size=5), st.lists(st.text(max_size=40)))
def test_beginnings_are_found_wherever_a_word_begins(starts: list[bytes], texts: list[str]) -> None:
    table = Starts(starts)
    among = set(table.texts(Text.of(pa.array(texts, pa.string()))).tolist())
    for number, text in enumerate(texts):
        if any(text.encode().lower().startswith(start.lower()) for start in starts):
            assert number in among


# --------------------------------------------------------------------------- what goes wrong
def edition(folder: Path, files: int = 3) -> Path:
    """Small files, each with rows of mira.example among others."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(files):
        rows = [
            {
                "url": f"http://{'x' if n % 10 else 'mira'}.example/{number}/{n}.jpg",
                "caption": f"{n}",
            }
            for n in range(30)
        ]
        dataset(folder, rows, f"{number}.parquet")
    return folder


def damage(path: Path) -> None:
    """Spoil the data and leave the footer."""
    rng = random.Random(1)
    pq.write_table(
        pa.table({"url": [f"https://h.example/{rng.random()}" for _ in range(20000)]}), path
    )
    content = bytearray(path.read_bytes())
    content[1000:60000] = bytes(59000)
    path.write_bytes(content)


def mira(folder: Path) -> Case:
    return create_case(folder / "case", ["https://mira.example/"], created=date(2026, 11, 21))


def test_a_damaged_file_is_named_and_the_others_count(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    case, folder = mira(tmp_path), edition(tmp_path / "rows")
    whole = match_case(case, [str(folder)])
    good = (folder / "1.parquet").read_bytes()
    damage(folder / "1.parquet")
    assert main(["match", "--case", str(case.folder), "--dataset", str(folder)]) == 1
    out, err = capfd.readouterr()
    assert "6 matching rows among 60 rows of 2 files" in out
    assert "1 file could not be searched" in err and "1.parquet cannot be read" in err
    data = json.loads((case.matches / "summary.json").read_text())
    assert len(data["not_read"]) == 1 and "1.parquet" in data["not_read"][0]
    (folder / "1.parquet").write_bytes(good)
    read: list[str] = []
    rows = RawFiles.rows

    def noted(self: RawFiles, file: DataFile, *rest: Any) -> Any:
        read.append(file.name)
        return rows(self, file, *rest)

    monkeypatch.setattr(RawFiles, "rows", noted)
    again = match_case(case, [str(folder)])
    assert read == ["1.parquet"]
    assert again.data == whole.data
    assert sorted(p.name for p in case.folder.iterdir() if p.name.startswith(".")) == []


@pytest.mark.parametrize("content", [b"PAR1 cut off", b"", b"a text", "no addresses"])
def test_a_file_that_is_none_is_named_and_the_others_count(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], content: bytes | str
) -> None:
    case, folder = mira(tmp_path), edition(tmp_path / "rows")
    if isinstance(content, bytes):
        (folder / "1.parquet").write_bytes(content)
    else:
        dataset(folder, [{"name": content}], "1.parquet")
    assert main(["match", "--case", str(case.folder), "--dataset", str(folder)]) == 1
    out, err = capfd.readouterr()
    assert "6 matching rows among 60 rows of 2 files" in out
    assert "1 file could not be searched" in err and "1.parquet" in err
    for name in ("0.parquet", "1.parquet", "2.parquet"):
        (folder / name).write_bytes(b"nothing")
    assert main(["match", "--case", str(case.folder), "--dataset", str(folder)]) == 1
    assert "0.parquet" in capfd.readouterr().err
    assert "6 matching rows" in out and len(found(case)) == 6  # the earlier search is kept


def test_what_was_kept_serves_the_same_question_only(tmp_path: Path) -> None:
    case, folder = mira(tmp_path), edition(tmp_path / "rows")
    damage(folder / "2.parquet")
    match_case(case, [str(folder)])
    dataset(folder, [{"url": "http://mira.example/new.jpg"}], "0.parquet")
    match_case(case, [str(folder)], hosts=["x.example"])
    assert {m["url"] for m in found(case) if m["dataset_file"] == "0.parquet"} == {
        "http://mira.example/new.jpg"
    }
    assert len([m for m in found(case) if m["dataset_file"] == "1.parquet"]) == 30


def test_nothing_that_can_be_read_is_an_error_and_the_last_search_stays(tmp_path: Path) -> None:
    case, folder = mira(tmp_path), edition(tmp_path / "rows", files=1)
    match_case(case, [str(folder)])
    before = written(case)
    damage(folder / "0.parquet")
    with pytest.raises(DatasetError, match=r"0\.parquet cannot be read"):
        match_case(case, [str(folder)])
    assert written(case) == before


def test_a_copy_of_a_file_is_counted_once_and_told(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    case, folder = mira(tmp_path), edition(tmp_path / "rows")
    (folder / "copy of 1.parquet").write_bytes((folder / "1.parquet").read_bytes())
    assert main(["match", "--case", str(case.folder), "--dataset", str(folder)]) == 0
    out, err = capfd.readouterr()
    assert "9 matching rows among 90 rows of 3 files" in out
    assert "counted once: copy of 1.parquet holds the same as 1.parquet" in err


def test_a_file_that_changes_while_it_is_read_is_not_used(tmp_path: Path) -> None:
    case, folder = mira(tmp_path), edition(tmp_path / "rows")
    path = folder / "1.parquet"

    def touched(done: int, files: int, rows: int) -> None:
        os.utime(path, ns=(time.time_ns(), path.stat().st_mtime_ns + 1))

    data = match_case(case, [str(folder)], progress=touched).data
    assert any("1.parquet was changed while it was searched" in told for told in data["not_read"])


def test_without_captions_the_summary_says_so(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    case = create_case(tmp_path / "case", ["https://mira.example/"], names=["Mira Solberg"],
                       created=date(2026, 11, 21))  # fmt: skip
    rows = [{"url": "http://mira.example/1.jpg", "caption": "one"},
            {"url": "http://x.example/1.jpg", "caption": "by Mira Solberg"}]  # fmt: skip
    spec = dataset(tmp_path, rows)
    command = ["match", "--case", str(case.folder), "--dataset", spec]
    assert main([*command, "--no-captions"]) == 0
    assert "not looked for: same text as one of your images, your name in the text" in (
        capfd.readouterr().err
    )
    (match,) = found(case)
    assert match["caption"] == "one"
    data = json.loads((case.matches / "summary.json").read_text())
    assert data["not_covered"] == ["alt_or_title", "artist_name"]
    assert main(command) == 0
    assert len(found(case)) == 2


def test_killed_at_any_time_the_search_goes_on_and_loses_nothing(tmp_path: Path) -> None:
    people = invented(2, 30, 60)
    write(30_000, tmp_path, files=8, edition=EDITION, people=people, row_group=1000)
    case, spec = case_of(tmp_path, people[0]), str(tmp_path / "rows")
    match_case(case, [spec])
    before = written(case)
    begin = (
        "import sys; from pathlib import Path; from optout.case import load_case;"
        "from optout.matching import match_case;"
        "show = lambda done, files, rows: print(done, flush=True);"
        "match_case(load_case(Path(sys.argv[1])), [sys.argv[2]], progress=show)"
    )
    for files in (1, 3, 6):
        command = [sys.executable, "-c", begin, str(case.folder), spec]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as search:
            assert search.stdout
            for line in search.stdout:
                if int(line) >= files:
                    break
            os.kill(search.pid, signal.SIGKILL)
        assert written(case) == before
    kept = list((case.folder / ".matches.unfinished").glob("*.parquet"))
    assert len(kept) >= 6
    match_case(case, [spec])
    assert written(case) == before
    assert not (case.folder / ".matches.unfinished").exists()


def test_with_and_without_hyperscan_the_answers_are_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = invented(3, 30, 60)
    write(5000, tmp_path, files=2, edition=EDITION, people=people)
    artists, files = [as_searched(one) for one in people], resolve([str(tmp_path / "rows")])
    results = []
    for most in (10_000, 0, -1):
        monkeypatch.setattr("optout.matching.fast.MOST", most)
        sieve = Sieve(wanted(artists))
        with closing(RawFiles(sieve if most >= 0 else without_hyperscan(sieve))) as source:
            results.append(scan(source, files, artists))
    assert results[0].candidates == results[1].candidates == results[2].candidates


def test_parts_of_a_file_give_the_same_as_the_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = invented(2, 30, 60)
    write(5000, tmp_path, files=1, edition=EDITION, people=people, row_group=100)
    artists, files = [as_searched(one) for one in people], resolve([str(tmp_path / "rows")])
    results = []
    for rows in (500_000, 250):
        monkeypatch.setattr("optout.matching.raw._PART", rows)
        with closing(RawFiles(Sieve(wanted(artists)), 3)) as source:
            results.append(scan(source, files, artists))
    assert results[0].candidates == results[1].candidates
    assert results[0].counts == results[1].counts

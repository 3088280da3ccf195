"""The search: every kind of evidence, places, contradictions, what is not listed, real rows."""

from __future__ import annotations

import html
import json
import random
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.records import SCHEMAS
from optout.case import Case, DeclaredHost, create_case, load_case
from optout.cli import main
from optout.errors import CaseError, DatasetError
from optout.identity import identify, shared_host
from optout.matching import MatchSummary, match_case
from optout.matching.declared import read
from optout.matching.kinds import kinds
from optout.matching.texts import folded, names, normal, says_something
from optout.tables import EVIDENCE, MATCHES, NOT_LISTED, STRENGTHS, WORKS

RUN = "2026-11-21T101500Z"
SEEN = datetime(2026, 11, 21, 10, 15, tzinfo=UTC)
MD5 = "0123456789abcdef0123456789abcdef"


def observe(
    case: Case, run_id: str = RUN, seen: datetime = SEEN, **records: list[dict[str, Any]]
) -> None:
    """One finished run of the case, holding `records` by relation."""
    folder = case.observations / f"run={run_id}"
    folder.mkdir(parents=True)
    common = {"case_id": case.case_id, "run_id": run_id, "source": "crawl", "observed_at": seen}
    for name, schema in SCHEMAS.items():
        rows = [{**common, **record} for record in records.get(name, [])]
        pq.write_table(pa.Table.from_pylist(rows, schema=schema), folder / f"{name}.parquet")
    summary = {"run_id": run_id, "source": "crawl", "finished_at": seen.isoformat(), "format": 1,
               "case_id": case.case_id}  # fmt: skip
    (folder / "summary.json").write_text(json.dumps(summary))


def image(url: str, **fields: Any) -> dict[str, Any]:
    return {"image_url": url, "final_url": url, "outcome": "fetched", "status": 200, **fields}


def ref(url: str, alt: str | None = None, **fields: Any) -> dict[str, Any]:
    state = "missing" if alt is None else "text" if alt.strip() else "empty"
    return {"page_url": "https://mira.example/", "position": 1, "tag": "img", "attribute": "src",
            "raw": url, "image_url": url, "image_group": url, "alt": alt, "alt_state": state,
            "absolute": True, "in_laion_shape": True, "furniture": False, **fields}  # fmt: skip


def dataset(folder: Path, rows: list[dict[str, Any]], name: str = "rows.parquet") -> str:
    pq.write_table(pa.Table.from_pylist(rows), folder / name)
    return str(folder / name)


MakeCase = Callable[..., Case]


@pytest.fixture
def make(tmp_path: Path) -> MakeCase:
    def build(sites: tuple[str, ...] = ("https://mira.example/",), **fields: Any) -> Case:
        return create_case(tmp_path / "case", list(sites), created=date(2026, 11, 21), **fields)

    return build


def found(case: Case) -> list[dict[str, Any]]:
    return pq.read_table(case.matches / "matches.parquet").to_pylist()


def by_row(case: Case) -> dict[int, dict[str, Any]]:
    return {match["dataset_row"]: match for match in found(case)}


def reasons(case: Case) -> list[tuple[str, str, float]]:
    rows = pq.read_table(case.matches / "evidence.parquet").to_pylist()
    return [(row["kind"], row["detail"], row["weight"]) for row in rows]


# ------------------------------------------------------------------------------------ addresses
def test_kinds_of_the_same_address(make: MakeCase, tmp_path: Path) -> None:
    case = make(sites=())
    fox = "https://img.mira.example/art/red-fox_2019.jpg?a=1&b=2"
    photo = "https://live.staticflickr.com/65535/8044487835_abcdef0123_z.jpg"
    observe(case, images=[image(fox), image(photo)])
    spec = dataset(tmp_path, [
        {"url": fox},
        {"url": "http://IMG.mira.example:80/art/red-fox_2019.jpg?a=1&amp;b=2#x"},
        {"url": "http://www.img.mira.example/art/red-fox_2019.jpg?a=1&b=2&w=300"},
        {"url": "https://proxy.example/?url=https%3A%2F%2Fimg.mira.example%2Fart%2Fred-fox_2019.jpg%3Fa%3D1%26b%3D2"},
        {"url": "http://farm9.static.flickr.com/8170/8044487835_0123456789_o.jpg"},
        {"url": "http://farm9.static.flickr.com/8170/8044487836_0123456789_o.jpg"},
        {"url": "https://img.mira.example/art/red-fox_2019.jpg?a=1&b=3"},
    ])  # fmt: skip
    summary = match_case(case, [spec])
    matches = by_row(case)
    assert [matches[i]["evidence"][0] for i in range(5)] == [
        "url_exact", "url_lossless", "url_rule", "url_unwrapped", "url_rule",
    ]  # fmt: skip
    assert {matches[i]["strength"] for i in range(5)} == {"same_address"}
    assert matches[3]["image_url"] == fox and matches[4]["image_url"] == photo
    assert [matches[i]["place"] for i in range(5)] == [
        "seen_host", "seen_host", "elsewhere", "elsewhere", "elsewhere",
    ]  # fmt: skip
    assert 5 not in matches
    assert matches[6]["evidence"] == ["stem_same_domain"] and matches[6]["strength"] == "lead"
    assert summary.data["by_strength"]["same_address"] == 5
    assert summary.data["images_not_listed"] == 0


def test_what_looks_like_a_size_counts_on_own_hosts_only(make: MakeCase, tmp_path: Path) -> None:
    case = make(sites=("https://mira.example/",))
    own, elsewhere = "https://mira.example/art/01.jpg", "https://uni.example/~mira/art/01.jpg"
    observe(case, images=[image(own), image(elsewhere)])
    rows = [
        {"url": "https://mira.example/art/thumbs/01.jpg"},
        {"url": "https://uni.example/~mira/art/thumbs/01.jpg"},
        {"url": "https://uni.example/~mira/art/01.jpg?utm_source=x"},
    ]
    match_case(case, [dataset(tmp_path, rows)])
    matches = by_row(case)
    assert [(matches[n]["evidence"][0], matches[n]["strength"]) for n in range(3)] == [
        ("url_rule", "same_address"), ("url_alike", "lead"), ("url_rule", "same_address"),
    ]  # fmt: skip


def test_redirect_targets_and_all_runs_and_sources_count(make: MakeCase, tmp_path: Path) -> None:
    case = make(sites=())
    old, new = "https://mira.example/a.jpg", "https://cdn.mira.example/a-b-c.jpg"
    hops = [{"subject": "image", "url": old, "hop": 1, "hop_url": "https://mid.example/z.jpg"}]
    observe(case, images=[image(old, final_url=new)], hops=hops)
    later = datetime(2026, 12, 1, tzinfo=UTC)
    observe(
        case, "2026-12-01T000000Z", later, image_refs=[ref("https://mira.example/only-later.jpg")]
    )
    spec = dataset(tmp_path, [
        {"url": "http://cdn.mira.example/a-b-c.jpg"},
        {"url": "https://mid.example/z.jpg"},
        {"url": "https://mira.example/only-later.jpg"},
    ])  # fmt: skip
    match_case(case, [spec])
    assert [m["strength"] for m in found(case)] == ["same_address"] * 3
    assert by_row(case)[0]["image_url"] == old
    assert any("redirects there" in detail for _, detail, _ in reasons(case))


def test_addresses_as_early_crawls_mis_resolved_them(make: MakeCase, tmp_path: Path) -> None:
    case = make(sites=())
    page = "https://mira.example/b/c.html"
    observe(case, image_refs=[
        ref("https://mira.example/b/img.jpg", raw="img.jpg", page_url=page),
        ref("https://mira.example/b/two.jpg", raw="two.jpg", page_url=page),
        ref("https://mira.example/two.jpg", raw="/two.jpg", page_url=page),
    ])  # fmt: skip
    spec = dataset(tmp_path, [
        {"url": "https://mira.example/img.jpg"}, {"url": "https://mira.example/two.jpg"},
    ])  # fmt: skip
    match_case(case, [spec])
    matches = by_row(case)
    assert matches[0]["image_url"] == "https://mira.example/b/img.jpg"
    assert matches[0]["strength"] == "same_address"
    assert matches[0]["evidence"] == ["url_derived"]
    # A picture of its own lies there: the row means that one.
    assert matches[1]["image_url"] == "https://mira.example/two.jpg"


def test_an_address_cut_at_2000_characters_is_found(make: MakeCase, tmp_path: Path) -> None:
    case = make(sites=())
    url = "https://mira.example/" + "a" * 2100 + ".jpg"
    observe(case, images=[image(url)])
    match_case(case, [dataset(tmp_path, [{"url": url[:2000]}])])
    assert found(case)[0]["image_url"] == url
    assert found(case)[0]["evidence"] == ["url_derived"]


def test_pictures_on_shared_hosts_are_found_by_their_id_only(
    make: MakeCase, tmp_path: Path
) -> None:
    case = make(sites=())
    mine = "https://cdn.artstation.com/p/assets/images/images/012/345/678/large/mira-fox.jpg?1"
    shop = "https://cdn.shopify.com/s/files/1/0190/8574/products/Mira-Fox.jpg?v=1"
    observe(case, images=[image(mine), image(shop)])
    spec = dataset(tmp_path, [
        {"url": "http://cdna.artstation.com/p/assets/images/images/012/345/678/small/x.jpg"},
        {"url": "http://cdna.artstation.com/p/assets/images/images/012/345/679/small/x.jpg"},
        {"url": "https://cdn.shopify.com/s/files/1/0190/8574/t/2/products/Mira-Fox_grande.jpg"},
        {"url": "https://cdn.shopify.com/s/files/1/9999/8574/products/Mira-Fox_grande.jpg"},
        {"url": "https://cdn.shopify.com/s/files/1/0190/8574/products/Other_grande.jpg"},
    ])  # fmt: skip
    match_case(case, [spec])
    assert sorted(by_row(case)) == [0, 2]
    assert by_row(case)[2]["place"] == "seen_host"


# ------------------------------------------------------------------------------ files and clashes
def test_hashes_and_contradictions(make: MakeCase, tmp_path: Path) -> None:
    case = make(sites=())
    url = "https://mira.example/fox-a.jpg"
    observe(case, images=[image(url, md5=MD5, sha256="ab" * 32, width=600, height=400)])
    spec = dataset(tmp_path, [
        {"url": "https://repost.example/x.jpg", "md5": MD5.upper(), "width": 1, "height": 1},
        {"url": url, "md5": "f" * 32, "width": 400, "height": 600},
        {"url": url, "md5": MD5, "width": 300, "height": 200},
        {"url": url, "md5": None, "width": None, "height": 200},
        {"url": f"{url[:-4]}-300x200.jpg", "md5": "e" * 32, "width": 300, "height": 200},
    ])  # fmt: skip
    summary = match_case(case, [spec])
    matches = by_row(case)
    assert (matches[0]["strength"], matches[0]["place"]) == ("same_image", "elsewhere")
    assert matches[0]["image_url"] == url
    assert matches[1]["contradiction"] == (
        f"the address now serves other bytes: md5 {'f' * 32} in the row, {MD5} on 2026-11-21"
    )
    assert matches[2]["evidence"] == ["url_exact", "file_hash"]
    assert "300 × 200 in the row, 600 × 400 on 2026-11-21" in matches[2]["contradiction"]
    assert matches[3]["contradiction"] is None
    assert matches[4]["contradiction"] is None  # another size has other bytes
    assert summary.data["contradictions"] == 2


def test_sizes_after_a_download_prove_nothing(make: MakeCase, tmp_path: Path) -> None:
    case = make(sites=())
    url = "https://mira.example/fox-a.jpg"
    observe(case, images=[image(url, md5=MD5, width=600, height=400)])
    rows = [{"url": url, "status": "success", "width": 256, "height": 256,
             "original_width": 400, "original_height": 600}]  # fmt: skip
    match_case(case, [dataset(tmp_path, rows)])
    assert (found(case)[0]["contradiction"], found(case)[0]["width"]) == (None, 256)


# -------------------------------------------------------------------------------------- leads
def test_declared_hosts_exact_below_with_port_and_as_tenants(
    make: MakeCase, tmp_path: Path
) -> None:
    case = make(sites=("https://www.mira.example/", "http://127.0.0.1:8000/"), hosts=[
        "images.mira.example", "*.old.example", "cdn.shopify.com/s/files/1/0190/8574",
        "https://port.example:8080", "cdn.shopify.com", "i.pinimg.com", "not a host",
    ])  # fmt: skip
    spec = dataset(tmp_path, [
        {"url": "http://mira.example/1"},
        {"url": "http://images.mira.example:8443/2"},
        {"url": "http://other.mira.example/3"},
        {"url": "http://a.b.old.example/4"},
        {"url": "http://old.example/5"},
        {"url": "https://cdn.shopify.com/s/files/1/0190/8574/products/x.jpg"},
        {"url": "https://cdn.shopify.com/s/files/1/0190/85749/products/x.jpg"},
        {"url": "https://port.example:8080/x"},
        {"url": "https://port.example/x"},
        {"url": "http://127.0.0.1:8000/x"},
        {"url": "http://127.0.0.1:8001/x"},
        {"url": "http://elsewhere.example/?u=mira.example"},
        {"url": "http://notmira.example/x"},
    ])  # fmt: skip
    summary = match_case(case, [spec])
    places = {row: match["place"] for row, match in by_row(case).items()}
    assert places == {
        0: "own_site", 1: "declared", 3: "declared", 5: "declared", 7: "declared", 9: "own_site",
    }  # fmt: skip
    left_out = {one["host"]: one["advice"] for one in summary.data["not_searched"]}
    assert set(left_out) == {"cdn.shopify.com", "i.pinimg.com", "not a host"}
    assert "cdn.shopify.com/s/files/1/0190/8574" in left_out["cdn.shopify.com"]


def test_hosts_of_another_time_are_no_lead(make: MakeCase, tmp_path: Path) -> None:
    case = make(sites=())
    (case.folder / "optout.toml").write_text(
        'case_id = "mira"\ncreated = 2026-11-21\n[where]\nhosts = [\n'
        '{ host = "early.example", until = 2012-01-01 },\n'
        '{ host = "late.example", from = 2023-01-01 },\n'
        '{ host = "then.example", from = 2016-01-01, until = 2017-01-01 }]\n'
    )
    rows = [{"url": f"http://{host}.example/x"} for host in ("early", "late", "then")]
    path = dataset(tmp_path, rows)
    match_case(load_case(case.folder), [f"laion400m={path}"])
    assert sorted(by_row(case)) == [2]
    match_case(load_case(case.folder), [path])  # nobody states when these were crawled
    assert sorted(by_row(case)) == [0, 1, 2]


def test_image_hosts_are_never_declared_by_the_crawl(make: MakeCase, tmp_path: Path) -> None:
    case = make(sites=())
    observe(case, images=[image("https://cdn.example/mira/a.jpg")])
    match_case(case, [dataset(tmp_path, [{"url": "https://cdn.example/somebody/else.jpg"}])])
    assert found(case) == []


def test_file_names_on_the_own_domain_and_elsewhere(make: MakeCase, tmp_path: Path) -> None:
    case = make(sites=())
    observe(
        case,
        images=[
            image("https://mira.example/a/red-fox_2019.jpg"),
            image("https://mira.example/DSC_0001.jpg"),
        ],
        image_refs=[ref("https://mira.example/icon-set-2019.png", furniture=True)],
    )
    rows = [
        {"url": "http://old.mira.example/x/Red-Fox_2019-300x200.jpg"},
        {"url": "http://repost.example/Red-Fox_2019.JPG"},
        {"url": "http://repost.example/DSC_0001.jpg"},
        {"url": "http://repost.example/icon-set-2019.png"},
    ]
    match_case(case, [dataset(tmp_path, rows)])
    assert {row: match["evidence"] for row, match in by_row(case).items()} == {
        0: ["stem_same_domain"], 1: ["stem_elsewhere"],
    }  # fmt: skip
    many = rows + [{"url": f"http://host{n}.example/red-fox_2019.jpg"} for n in range(30)]
    summary = match_case(case, [dataset(tmp_path, many)])
    assert sorted(by_row(case)) == [0]
    assert {"text": "red-fox_2019", "rows": 31, "what": "file name"} in summary.data["too_common"]


# ------------------------------------------------------------------------------------ captions
def test_texts_are_compared_without_case_entities_and_spaces(
    make: MakeCase, tmp_path: Path
) -> None:
    case = make(sites=())
    alt = "The “Red Fox” of Sólheimar | gouache & ink"
    observe(case, image_refs=[ref("https://mira.example/1.jpg", alt)])
    texts = [
        alt,
        "the &quot;red fox&quot;  OF sólheimar   gouache &amp; ink",
        "The \u201cred fox\u201d of s\u00f3lheimar\u00a0gouache & ink ",
        "The “Red Fox” of Solheimar | gouache & ink",
        "The Red Fox",
        None,
    ]
    rows = [{"url": f"http://h{n}.example/{n}", "caption": text} for n, text in enumerate(texts)]
    match_case(case, [dataset(tmp_path, rows)])
    assert sorted(by_row(case)) == [0, 1, 2]
    assert by_row(case)[0]["strength"] == "caption_only"
    assert by_row(case)[0]["image_url"] == "https://mira.example/1.jpg"
    assert [weight for _, _, weight in reasons(case)] == [1 / 3] * 3


def test_common_and_short_texts_prove_nothing_but_are_counted(
    make: MakeCase, tmp_path: Path
) -> None:
    case = make(sites=())
    observe(case, image_refs=[
        ref("https://mira.example/1.jpg", "Untitled"),
        ref("https://mira.example/2.jpg", "A quiet evening by the lake"),
        ref("https://mira.example/3.jpg", "Oil on canvas"),
        ref("https://mira.example/4.png", "A menu to open things", furniture=True),
    ])  # fmt: skip
    texts = (
        ["Untitled"] * 5
        + ["a quiet evening by the lake"] * 21
        + ["oil on canvas", "A menu to open things"]
    )
    rows = [{"url": f"http://h{n}.example/{n}", "caption": text} for n, text in enumerate(texts)]
    summary = match_case(case, [dataset(tmp_path, rows)])
    assert found(case) == []
    assert summary.data["too_common"] == [
        {"text": "A quiet evening by the lake", "rows": 21, "what": "text"},
        {"text": "Oil on canvas", "rows": None, "what": "text"},
        {"text": "Untitled", "rows": None, "what": "text"},
    ]
    match_case(case, [dataset(tmp_path, rows[:25])])
    assert len(found(case)) == 20


def test_names_in_captions(make: MakeCase, tmp_path: Path) -> None:
    case = make(sites=(), names=["Mira Sólberg", "Ann", "Velazqo"])
    texts = ["Fox by MIRA   SOLBERG", "mira-solberg fox", "Miras Solbergs", "Ann draws",
             "by velazqo.", "velazqos", "Fox by Mira S&oacute;lberg"]  # fmt: skip
    rows = [{"url": f"http://h{n}.example/{n}", "caption": text} for n, text in enumerate(texts)]
    summary = match_case(case, [dataset(tmp_path, rows)])
    assert sorted(by_row(case)) == [0, 1, 4, 6]
    assert {m["evidence"][0] for m in found(case)} == {"artist_name"}
    assert summary.data["not_searched"][0]["host"] == "Ann"


def test_names_with_a_sharp_s_and_in_scripts_without_spaces(make: MakeCase, tmp_path: Path) -> None:
    case = make(sites=(), names=["Greta Weiß", "宮崎 駿子", "김민수", "林"])
    texts = ["Fuchs, GRETA WEISS", "greta weiß: fox", "greta weis", "作者宮崎駿子の絵", "宮崎 駿子",
             "그림 김민수 작가", "森林"]  # fmt: skip
    rows = [{"url": f"http://h{n}.example/{n}", "caption": text} for n, text in enumerate(texts)]
    summary = match_case(case, [dataset(tmp_path, rows)])
    assert sorted(by_row(case)) == [0, 1, 3, 4, 5]
    assert [entry["host"] for entry in summary.data["not_searched"]] == ["林"]


@given(st.text(max_size=80), st.text(alphabet="abÀéßK \t\n\x1b\xa0|“”’\u200b", max_size=80))
def test_normal_texts(a: str, b: str) -> None:
    assert normal(normal(b)) == normal(b)
    assert normal(f"  {a}\n{b} ") == normal(f"{a} {b}")
    says_something(a)
    names([a, b]).found(folded(b))


# --------------------------------------------------------------------------------- the whole
def test_what_is_written_is_what_the_tables_say(make: MakeCase, tmp_path: Path) -> None:
    case = make()
    observe(case, images=[image("https://mira.example/a.jpg"), image("https://mira.example/b.jpg")],
            image_refs=[ref("https://mira.example/b.jpg", in_laion_shape=False,
                            not_in_shape_because="no alt"),
                        ref("https://mira.example/icon.png", furniture=True)])  # fmt: skip
    spec = dataset(
        tmp_path, [{"url": "https://mira.example/a.jpg", "caption": "x", "punsafe": 0.5}]
    )
    summary = match_case(case, [spec])
    for name, schema in [
        ("matches", MATCHES),
        ("evidence", EVIDENCE),
        ("works", WORKS),
        ("not_listed", NOT_LISTED),
    ]:
        assert pq.read_schema(case.matches / f"{name}.parquet").equals(schema), name
    (match,) = found(case)
    assert (match["punsafe"], match["url_host"], match["case_id"]) == (
        0.5,
        "mira.example",
        "mira.example",
    )
    assert match["match_id"].startswith("m-") and match["work_id"].startswith("w-")
    assert match["evidence"] == ["url_exact", "declared_host"]
    (missing,) = pq.read_table(case.matches / "not_listed.parquet").to_pylist()
    assert (missing["image_url"], missing["not_in_shape_because"]) == (
        "https://mira.example/b.jpg",
        "no alt",
    )
    data = json.loads((case.matches / "summary.json").read_text())
    assert data == summary.data
    assert (data["date"], data["images"], data["works"], data["works_not_listed"]) == (
        SEEN.isoformat(),
        2,
        2,
        1,
    )


def test_twice_gives_the_same_bytes_and_changes_are_told(make: MakeCase, tmp_path: Path) -> None:
    case = make()
    observe(case, images=[image(f"https://mira.example/fox-{n}-a.jpg") for n in range(30)])
    rows = [{"url": f"http://mira.example/fox-{n}-a.jpg", "caption": "x"} for n in range(50)]
    spec = dataset(tmp_path, rows)

    def files() -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in case.matches.iterdir()}

    first, before = match_case(case, [spec]), files()
    again = match_case(case, [spec])
    assert (first.changed, again.changed) == (True, False)
    assert files() == before
    assert match_case(case, [dataset(tmp_path, rows[:5])]).changed
    assert sorted(path.name for path in case.folder.iterdir()) == [
        "matches",
        "observations",
        "optout.toml",
    ]


def test_several_data_sets_in_one_search(make: MakeCase, tmp_path: Path) -> None:
    case = make()
    one = dataset(tmp_path, [{"URL": "https://mira.example/a.jpg"}], "laion-art.parquet")
    (tmp_path / "two.csv").write_text("url,caption\nhttps://mira.example/b.jpg,x\nnone,x\n")
    summary = match_case(case, [one, str(tmp_path / "two.csv")])
    assert [(m["dataset"], m["edition"], m["dataset_row"]) for m in found(case)] == [
        ("laion-art", "laion-art", 0), ("two", "", 0),
    ]  # fmt: skip
    assert [d["dataset"] for d in summary.data["datasets"]] == ["laion-art", "two"]
    assert summary.data["datasets"][1]["skipped_examples"] == [
        {"file": "two.csv", "row": 1, "value": "none"}
    ]


def test_rows_without_an_address_are_counted_apart(make: MakeCase, tmp_path: Path) -> None:
    case = make()
    urls = [
        None,
        "",
        " ",
        "UNLIKELY",
        "ftp://mira.example/x",
        "//mira.example/x",
        " https://mira.example/ok",
        "http://",
        None,
    ]
    summary = match_case(
        case, [dataset(tmp_path, [{"url": url, "width": float("nan")} for url in urls])]
    )
    assert (summary.data["null_urls"], summary.data["skipped"]) == (2, 5)
    assert [e["row"] for e in summary.data["datasets"][0]["skipped_examples"]] == [1, 2, 3, 4, 5]
    assert sorted(by_row(case)) == [6]
    assert by_row(case)[6]["width"] is None


def test_bytes_that_were_not_said_to_be_text_are_read(make: MakeCase, tmp_path: Path) -> None:
    case = make()
    dataset(tmp_path, [{"url": "https://mira.example/füchse.jpg".encode(), "TEXT": "ä".encode()}])
    match_case(case, [str(tmp_path / "rows.parquet")])
    (match,) = found(case)
    assert (match["url"], match["caption"]) == ("https://mira.example/füchse.jpg", "ä")


def test_damage_found_midway_names_the_file_and_keeps_the_last_search(
    make: MakeCase, tmp_path: Path
) -> None:
    case = make()
    match_case(case, [dataset(tmp_path, [{"url": "https://mira.example/a.jpg"}])])
    rng = random.Random(1)
    rows = [{"url": f"https://h.example/{rng.random()}"} for _ in range(20000)]
    path = Path(dataset(tmp_path, rows, "broken.parquet"))
    content = bytearray(path.read_bytes())
    content[1000:60000] = bytes(59000)
    path.write_bytes(content)
    with pytest.raises(DatasetError, match=r"broken\.parquet cannot be read"):
        match_case(case, [str(path)])
    assert len(found(case)) == 1


def test_hostile_names_and_values_reach_no_sql(make: MakeCase, tmp_path: Path) -> None:
    evil = "x'); DROP TABLE kinds; --"
    case = make(sites=(), names=[evil, "%_(["], hosts=[f"{evil}.example", "a.example"])
    observe(
        case,
        images=[image(f"https://a.example/{evil}.jpg")],
        image_refs=[ref("https://a.example/2.jpg", evil * 2)],
    )
    folder = tmp_path / "it's [odd] * {0}"
    folder.mkdir()
    spec = dataset(
        folder,
        [{"url": f"https://a.example/{evil}.jpg", evil: "x", "caption": evil}],
        "a'b[1].parquet",
    )
    match_case(case, [spec])
    assert found(case)[0]["evidence"][0] == "url_exact"
    assert "artist_name" in found(case)[0]["evidence"]


def test_many_pictures_on_platforms_are_still_found(make: MakeCase, tmp_path: Path) -> None:
    case = make(sites=())
    urls = [f"https://i.pinimg.com/originals/00/00/00/{n:032x}.jpg" for n in range(1500)]
    observe(case, images=[image(url) for url in urls])
    rows = [{"url": url.replace("originals", "236x")} for url in urls] + [
        {"url": "https://i.pinimg.com/a.jpg"}
    ]
    match_case(case, [dataset(tmp_path, rows)])
    assert len(found(case)) == 1500


def test_a_search_that_was_killed_between_renames_loses_nothing(
    make: MakeCase, tmp_path: Path
) -> None:
    case = make()
    spec = dataset(tmp_path, [{"url": "https://mira.example/a.jpg"}])
    match_case(case, [spec])
    case.matches.rename(case.folder / ".matches.before")
    assert not match_case(case, [spec]).changed
    (case.matches / "matches.parquet").write_bytes(b"PAR1")
    assert match_case(case, [spec]).changed


def test_a_folder_that_cannot_be_written_is_told(
    make: MakeCase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = make()
    spec = dataset(tmp_path, [{"url": "https://mira.example/a.jpg"}])
    match_case(case, [spec])

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pq, "write_table", full)
    with pytest.raises(CaseError, match="No space left"):
        match_case(case, [spec])
    monkeypatch.undo()
    assert len(found(case)) == 1


def test_evidence_table_is_complete_and_in_order() -> None:
    table = kinds()
    assert [kind.strength for kind in table.values()] == sorted(
        (kind.strength for kind in table.values()), key=STRENGTHS.index
    )
    assert all(kind.computed for kind in table.values())
    assert all(
        k.confirm for k in table.values() if k.strength in ("similar_image", "lead", "caption_only")
    )


def test_declared_hosts_are_read_or_refused() -> None:
    usable, refused = read(
        ["https://mira.example/shop", "https://www.tumblr.com/mira", "https://mira.tumblr.com"],
        [
            DeclaredHost("Bücher.example."),
            DeclaredHost("res.cloudinary.com/mira"),
            DeclaredHost("github.io"),
        ],
    )
    assert [one.host for one in usable] == [
        "mira.example", "www.mira.example", "mira.tumblr.com", "www.mira.tumblr.com",
        "xn--bcher-kva.example", "res.cloudinary.com",
    ]  # fmt: skip
    assert [one.host for one in refused] == ["https://www.tumblr.com/mira", "github.io"]


# ----------------------------------------------------------------------------------- command
def test_match_command(make: MakeCase, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    case = make()
    observe(case, images=[image("https://mira.example/a.jpg"), image("https://mira.example/b.jpg")])
    spec = dataset(
        tmp_path, [{"url": "https://mira.example/a.jpg", "caption": "<b>"}, {"url": "x"}]
    )
    arguments = ["match", "--case", str(case.folder), "--dataset", spec, "--exit-code"]
    assert main(arguments) == 3
    out, err = capfd.readouterr()
    assert "1 matching row among 2 rows of 1 file\n  same address      1\n" in out
    assert (
        "1 of your 2 images not listed in the files searched (rows: 1 file, 2 rows; 2026-11-21)"
        in out
    )
    assert "rows.parquet row 1: 'x'" in err and "next: optout requests" in err
    assert main([*arguments, "--json"]) == 0
    out, err = capfd.readouterr()
    assert out.count("\n") == 1
    assert {
        "dataset",
        "dataset_file",
        "dataset_row",
        "url",
        "caption",
        "strength",
        "evidence",
        "image_url",
    } <= set(json.loads(out))


def test_match_command_makes_a_case_for_hosts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    spec = dataset(tmp_path, [{"url": "https://mira.example/a.jpg"}])
    assert main(["match", "--dataset", spec]) == 1
    assert main(["match", "--dataset", spec, "--host", "mira.example"]) == 0
    assert load_case(tmp_path / "optout-case").hosts == (DeclaredHost("mira.example"),)
    assert main(["match"]) == 1
    assert "optout datasets relaion5b" in capfd.readouterr().err


# -------------------------------------------------------------------------------- real rows
def _reference(path: Path, column: str = "URL") -> dict[int, str]:
    """Row → host, by the standard library alone."""
    hosts = {}
    for row, url in enumerate(pq.read_table(path)[column].to_pylist()):
        try:
            hosts[row] = urlsplit(html.unescape(url.strip())).hostname or ""
        except ValueError:
            hosts[row] = ""
    return hosts


@pytest.mark.shared
def test_fifty_real_hosts_match_exactly_what_a_few_lines_find(shared: Path, make: MakeCase) -> None:
    path = shared / "data" / "laion" / "img2dataset_testfiles" / "test_10000.parquet"
    hosts = _reference(path)
    urls = pq.read_table(path)["URL"].to_pylist()

    def plain(host: str) -> bool:
        return bool(host) and not shared_host(host)

    def with_mark(*marks: str) -> list[str]:
        return sorted(
            {h for r, h in hosts.items() if plain(h) and any(m in urls[r] for m in marks)}
        )

    rng = random.Random(20261121)
    servers = {row: [*urls[row].split("/"), "", ""][2] for row in hosts}
    upper = sorted({h for r, h in hosts.items() if plain(h) and servers[r] != servers[r].lower()})
    ports = sorted({h for r, h in hosts.items() if plain(h) and ":" in servers[r]})
    assert upper and ports
    chosen = set(upper[:5]) | set(ports[:5]) | set(rng.sample(with_mark("&amp;"), 8))
    chosen |= set(rng.sample(with_mark("%2", "%C"), 8))
    others = sorted({h for h in hosts.values() if plain(h)} - chosen)
    chosen |= set(rng.sample(others, 50 - len(chosen)))
    assert len(chosen) == 50
    case = make(sites=(), hosts=sorted(chosen))
    summary = match_case(case, [str(path)])
    assert set(by_row(case)) == {row for row, host in hosts.items() if host in chosen}
    assert {tuple(m["evidence"]) for m in found(case)} == {("declared_host",)}
    # The column-shifted row stands at position 4674; its pandas index says 4758.
    assert summary.data["datasets"][0]["skipped_examples"] == [
        {"file": "test_10000.parquet", "row": 4674, "value": "UNLIKELY"}
    ]
    assert summary.data["skipped"] == 1 and 4674 not in by_row(case)


def _variant(url: str, rng: random.Random) -> str:
    way = rng.randrange(5)
    head, _, rest = url.partition("://")
    server, _, path = rest.partition("/")
    if way == 0:
        return f"{'http' if head == 'https' else 'https'}://{rest}"
    if way == 1 and ":" not in server:
        return f"{head}://{server}:{443 if head == 'https' else 80}/{path}"
    if way == 2:
        return url.replace("&amp;", "&") if "&amp;" in url else url.replace("&", "&amp;")
    if way == 3:
        return "%".join(
            part[:2].swapcase() + part[2:] if i else part for i, part in enumerate(url.split("%"))
        )
    return f"{head}://{server.upper()}/{path}"


@pytest.mark.shared
def test_variants_of_real_addresses_are_the_same_address(shared: Path, make: MakeCase) -> None:
    path = shared / "data" / "laion" / "img2dataset_testfiles" / "test_10000.parquet"
    urls = pq.read_table(path)["URL"].to_pylist()
    rng = random.Random(7)
    marked = [r for r, u in enumerate(urls) if "&amp;" in u or "%" in u or "+" in u]
    readable = [r for r, u in enumerate(urls) if identify(u).lossless]
    rows = sorted({*rng.sample(marked, 80), *rng.sample(readable, 120)})
    case = make(sites=())
    observe(case, images=[image(_variant(urls[row], rng)) for row in rows])
    match_case(case, [str(path)])
    matches = by_row(case)
    for row in rows:
        assert matches[row]["evidence"][0] in ("url_exact", "url_lossless"), urls[row]
        assert matches[row]["strength"] == "same_address"
    extra = [m for r, m in matches.items() if r not in rows and m["strength"] == "same_address"]
    assert len(extra) <= 4  # the file repeats a few pictures


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("laion400m_printed_rows/laion400m_19rows.parquet", "URL"),
        ("coyo700m_readme_rows/coyo_readme_rows.parquet", "url"),
        ("laion_aesthetics_samples/laion_art_2000_urls.csv", "URL"),
        ("laion_pop_samples/laion_pop_100.jsonl", "url"),
    ],
)
def test_real_files_of_other_families(shared: Path, make: MakeCase, name: str, column: str) -> None:
    path = shared / "data" / "laion" / name
    if path.suffix == ".parquet":
        urls = pq.read_table(path)[column].to_pylist()
    elif path.suffix == ".csv":
        urls = path.read_text("utf-8").splitlines()[1:]
    else:
        urls = [json.loads(line)[column] for line in path.read_text("utf-8").splitlines()]
    chosen = {3: urls[3], len(urls) - 1: urls[-1]}
    case = make(sites=())
    observe(case, images=[image(url.replace("&amp;", "&")) for url in chosen.values()])
    summary: MatchSummary = match_case(case, [str(path)])
    assert {r for r, m in by_row(case).items() if m["strength"] == "same_address"} >= set(chosen)
    assert summary.data["rows"] == len(urls)
    if "laion400m" in name:
        match = by_row(case)[3]
        assert match["sample_id"] and match["nsfw"] == "UNLIKELY" and match["similarity"] > 0.2
    if "coyo" in name:
        assert len(by_row(case)[3]["phash"]) == 16

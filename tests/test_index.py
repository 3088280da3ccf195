"""The index: the same answers as a scan, builds that go on after a kill, damage that is found."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optout.case import Case, create_case, load_case
from optout.cli import main
from optout.datasets import resolve
from optout.errors import DatasetError
from optout.identity import identify
from optout.identity.rules import text as rules_text
from optout.index import build, merge, open_index, read_manifest, verify
from optout.index import rows as row_runs
from optout.index.asked import Asked, asked_for
from optout.index.hosts import covered_domains, parts
from optout.index.layout import BOUNDS
from optout.index.layout import key as key_of
from optout.index.lookup import _is_web, candidates
from optout.matching import match_case
from optout.matching.artist import Artist, Known, _stems
from optout.matching.look import Look
from optout.matching.texts import names
from optout.remote import Session
from optout.remote.session import _size
from tests.remote_servers import shelf
from tests.test_matching import MD5, image, observe, ref

OWN = "https://img.mira.example/art/red-fox_2019.jpg?a=1&b=2"
FLICKR = "https://live.staticflickr.com/65535/8044487835_abcdef0123_z.jpg"
SHOP = "https://cdn.shopify.com/s/files/1/0190/8574/products/snowy-owl-print_300x300.jpg?v=1"
IMGUR = "https://i.imgur.com/AbCdEfGh.jpg"
BUCKET = "https://storage.googleapis.com/miras-bucket/art/winter-heron-2020.png"
WIKI = "https://upload.wikimedia.org/wikipedia/commons/a/ab/Red_fox_by_Mira.jpg"
JAPANESE = "https://mira.example/art/" + quote("赤い狐の絵二千十九年冬") + ".jpg"
GERMAN = "https://mira.example/bilder/lange-strasse-im-winter-2018.jpg"
PICTURES = (OWN, FLICKR, SHOP, IMGUR, BUCKET, WIKI, JAPANESE, GERMAN)


def hidden(url: str) -> str:
    return base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")


ROWS = [
    *PICTURES,
    None,
    "",
    "UNLIKELY",
    "ftp://img.mira.example/x.jpg",
    "  https://img.mira.example/art/other.jpg ",
    "http://IMG.mira.example:80/art/red-fox_2019.jpg?a=1&amp;b=2#x",
    "http://www.img.mira.example/art/red-fox_2019.jpg?a=1&b=2&w=300",
    "http://user:pass@img.mira.example./art/red-fox_2019.jpg?a=1&b=2",
    "https://proxy.example/?url=https%3A%2F%2Fimg.mira.example%2Fart%2Fred-fox_2019.jpg%3Fa%3D1%26b%3D2",
    "https://proxy.example/?url=https%253A%252F%252Fimg.mira.example%252Fart%252Fred-fox_2019.jpg",
    "https://i0.wp.com/img.mira.example/art/red-fox_2019.jpg?resize=300%2C200",
    f"https://img.other.example/rs:fit:300:200/{hidden(OWN)}.webp",
    f"https://camo.githubusercontent.com/{'0123456789' * 4}/{OWN.encode().hex()}",
    "http://img.mira%2Eexample/art/red-fox_2019.jpg?a=1&b=2",
    "http://img。mira。example/art/red-fox_2019.jpg?a=1&b=2",
    "https://img.cdn.example/mw640_q100/img.mira.example/art/red-fox_2019.jpg",
    "http://farm9.static.flickr.com/8170/8044487835_0123456789_o.jpg",
    "http://farm9.static.flickr.com/8170/8044487836_0123456789_o.jpg",
    "https://i1.wp.com/farm9.static.flickr.com/8170/8044487835_0123456789_o.jpg?w=1",
    f"https://img.other.example/x/{hidden(FLICKR)}.jpg",
    "https://cdn.shopify.com/s/files/1/0190/8574/products/snowy-owl-print_1024x1024.jpg?v=9",
    "https://cdn.shopify.com/s/files/1/0190/8574/products/something-else.jpg",
    "http://imgur.com/AbCdEfG.png",
    "http://imgur.com/abcdefg.png",
    "https://storage.googleapis.com/miras-bucket/art/winter-heron-2020-300x200.png",
    "https://upload.wikimedia.org/wikipedia/commons/thumb/a/ab/Red_fox_by_Mira.jpg/320px-Red_fox_by_Mira.jpg",
    "https://blog.example/wp-content/uploads/red-fox_2019-300x200.jpg",
    "https://blog.example/thumbs/large_red-fox_2019.png",
    "https://blog.example/RED-FOX_2019.JPG",
    "https://blog.example/show.php?id=3&file=lange-strasse-im-winter-2018.jpg&w=300",
    "https://blog.example/show.php?w=3&amp;file=lange-strasse-im-winter-2018.jpg&amp;h=4",
    "https://proxy.example/?w=3&amp;url=https%3A%2F%2Fimg.mira.example%2Fart%2Fred-fox_2019.jpg&amp;q=3",
    "https://proxy.example/?w=3&amp;amp;url=https://img.mira.example/art/red-fox_2019.jpg&amp;#x26;q=3",
    "https://blog.example/art&amp;red-fox_2019.jpg?a=1&amp;b=2",
    "https://blog.example/get?src=%2Fart%2Flange-strasse-im-winter-2018.jpg",
    "https://blog.example/art/lange-strasse-im-winter-2018.jpg/300x200",
    "https://blog.example/art/lange-strasse-im-winter-2018.jpg!thumb",
    "https://blog.example/art/300x200xlange-strasse-im-winter-2018.jpg.pagespeed.ic.abc.jpg",
    "https://blog.example/r%65d-fox_2019.jpg",
    "https://blog.example/.hidden/red-fox_2019.jpg",
    "https://other.example/" + quote("赤い狐の絵二千十九年冬") + "-300x200.jpg",
    "https://other.example/赤い狐の絵二千十九年冬.jpg",
    "https://other.example/lange-straße-im-winter-2018.jpg",
    "https://other.example/lange-stra%C3%9Fe-im-winter-2018.jpg",
    "https://other.example/caf%E9-red-fox.jpg",
    "https://user:secret@evil.example/?x=mira.example",
    "http://[::1]/red-fox_2019.jpg",
    "http://127.0.0.1:8080/red-fox_2019.jpg",
    "https://nowhere.example/IMG_0001.jpg",
    *(f"https://many{i}.example/red-fox_2019.jpg" for i in range(25)),
]  # fmt: skip


def write_rows(
    folder: Path, urls: list[str | None], files: int = 3, seed: int = 1, **more: list[Any]
) -> str:
    """The rows as Parquet files of a data set of no known name, in small row groups."""
    folder.mkdir(parents=True)
    rows = [
        {"url": url, "caption": f"row {i}", "width": i, "height": 7, "similarity": 0.3,
         "md5": MD5 if i % 41 == 3 else None, **{k: v[i] for k, v in more.items()}}
        for i, url in enumerate(urls)
    ]  # fmt: skip
    random.Random(seed).shuffle(rows)
    for number in range(files):
        table = pa.Table.from_pylist(rows[number::files])
        pq.write_table(table, folder / f"part-{number:05}.parquet", row_group_size=50)
    return str(folder)


def artist(folder: Path, pictures: tuple[str, ...] = PICTURES, **fields: Any) -> Case:
    case = create_case(folder, ["https://mira.example/"], **fields)
    file = image(OWN)
    file |= {"md5": MD5, "sha256": "ab" * 32}
    observe(case, images=[file, *map(image, pictures[1:])], image_refs=[ref(u) for u in pictures])
    return load_case(folder)


def answers(case: Case) -> dict[str, Any]:
    """Everything that a search writes, without what names the source."""
    found: dict[str, Any] = {
        name: pq.read_table(case.matches / f"{name}.parquet").to_pylist()
        for name in ("matches", "evidence", "works", "not_listed")
    }
    found["summary"] = json.loads((case.matches / "summary.json").read_text())
    return found


def both(case: Case, spec: str, index: Path) -> dict[str, Any]:
    """The answers of a scan without captions, which are those of the index."""
    match_case(case, [spec], captions=False)
    scanned = answers(case)
    match_case(case, [], index=open_index(index), captions=False)
    indexed = answers(case)
    for name, value in scanned.items():
        assert indexed[name] == value, name
    return indexed


def test_the_answers_are_those_of_a_scan(tmp_path: Path) -> None:
    spec = write_rows(tmp_path / "rows", [*ROWS, *map(str, range(200))])
    hosts = [
        "cdn.shopify.com/s/files/1/0190/8574",
        "storage.googleapis.com/miras-bucket",
        "*.gallery.example",
    ]
    case = artist(tmp_path / "case", hosts=hosts)
    build(resolve([spec]), tmp_path / "index")
    found = both(case, spec, tmp_path / "index")
    assert len(found["matches"]) > 25
    assert found["summary"]["too_common"]
    kinds = {row["kind"] for row in found["evidence"]}
    assert {"url_exact", "url_unwrapped", "url_rule", "file_hash", "stem_elsewhere"} <= kinds


def pictures_of(urls: list[str], seed: int) -> tuple[str, ...]:
    """Some addresses as those of an artist, so that rows of every form tie to something."""
    readable = [url for url in urls if identify(url).level is not None and len(url) < 1500]
    return (OWN, *random.Random(seed).sample(readable, min(150, len(readable))))


def test_real_rows_give_the_same_answers(tmp_path: Path, shared: Path) -> None:
    data = shared / "data" / "laion" / "img2dataset_testfiles" / "test_10000.parquet"
    urls = duckdb.read_parquet(str(data)).project("url").fetchall()
    folder = tmp_path / "rows"
    folder.mkdir()
    (folder / "real.parquet").symlink_to(data)
    pairs = (shared / "suites" / "url_identity" / "pairs.jsonl").read_text("utf-8").splitlines()
    more = [variant for line in pairs[:2000] for variant in [json.loads(line)["variant"]]]
    write_rows(tmp_path / "rows" / "pairs", more, files=1)
    known = [json.loads(line)["canonical_candidate"] for line in pairs[:2000]]
    build(resolve([str(folder)]), tmp_path / "index")
    pictures = pictures_of([url for (url,) in urls if url] + known, 1)
    case = artist(tmp_path / "case", pictures, hosts=["i.pinimg.com", "*.ebayimg.com"])
    found = both(case, str(folder), tmp_path / "index")
    assert len(found["matches"]) > 100


def test_every_address_of_a_picture_is_asked_for(shared: Path) -> None:
    """What is asked of a known address leads to each other address with its key."""
    examples = [
        example["url"]
        for kind in ("unwrap", "rule", "rewrite")
        for entry in tomllib.loads(rules_text())[kind]
        for example in entry.get("examples", ())
    ]
    lines = (shared / "suites" / "url_identity" / "pairs.jsonl").read_text("utf-8").splitlines()
    pairs = [json.loads(line) for line in lines]
    urls = [*examples, *(p[k] for p in pairs for k in ("variant", "canonical_candidate"))]
    by_key: dict[str, list[str]] = {}
    for url in urls:
        key = identify(url).key
        if key:
            by_key.setdefault(key, []).append(url)
    lost = []
    for key, same in by_key.items():
        known = Known(same[0], same[0], 1, None, identify(same[0]))
        asked = asked_for_known(known)
        for url in same:
            hosts = {identify(url).host or "", key.partition("/")[0].partition(":")[0]}
            # Rows with hidden addresses come with the parts of what they hide.
            held = parts(url) | (parts(key) if "aHR0c" in url or "camo." in url else set())
            reached: set[Any] = asked.domains & {key_of(host, 2) for host in hosts}
            reached |= asked.sites & {(key_of(host, 2), key_of(host, 3)) for host in hosts}
            reached |= {part for some in asked.parts for part in some if some <= held}
            if not reached and not asked.stems:
                lost.append((same[0], url))
    assert not lost, lost[:5]


def asked_for_known(known: Known) -> Asked:
    return asked_for([dataclasses.replace(NOBODY, known=(known,))], covered_domains())


IDN = "https://bücher.example/kunst/7.jpg"
LAKE = "https://mira.example/art/long-lake-view-2.jpg"
PLAIN = "https://mira.example/x/7.jpg"
SIX = "http://[2001:db8::7]/x/7.jpg"
TUMBLR = "https://mira.tumblr.com/post/1/pic.jpg"
BLOGGER = (
    "https://1.bp.blogspot.com/-abcdefghijk/Abcdefghijk/AAAAAAAAabc/Abcdefghijk/s1600/my-fox.jpg"
)
LAKES = "https://other.example/x/long-lake-view-2.jpg"
UNNAMED = "https://other.example/x/long-lake-view-2"


def escaped(text: str, times: int = 1) -> str:
    """Percent-encoded whole, so many times."""
    for _ in range(times):
        text = quote(text, safe="")
    return text


def camo(url: str) -> str:
    return f"https://camo.githubusercontent.com/{'0123456789' * 4}/{url.encode().hex()}"


def passed(url: str, times: int = 1) -> str:
    return f"https://proxy.example/?u={escaped(url, times)}"


# An address of an artist, and rows that name the picture behind an address of somebody else's.
CARRIED: dict[str, list[str]] = {
    IDN: [
        "https://i0.wp.com/b%C3%BCcher.example/kunst/7.jpg",
        "https://i0.wp.com/bücher.example/kunst/7.jpg",
        "https://images.weserv.nl/?url=b%C3%BCcher.example/kunst/7.jpg",
        "https://images.weserv.nl/?url=B%C3%9CCHER.example%2Fkunst%2F7.jpg",
        "https://images.weserv.nl/?url=xn--bcher-kva.example/kunst/7.jpg",
        f"https://shop.example/_next/image?url={escaped(IDN)}&w=640&q=75",
        f"https://res.cloudinary.com/demo/image/fetch/{escaped(IDN)}",
        passed(IDN),
        passed(IDN, 2),
        f"https://proxy.example/{escaped(IDN, 2)}",
        f"https://proxy.example/{IDN}",
        f"https://web.archive.org/web/2019im_/{IDN}",
        camo(IDN),
        passed(camo(IDN)),
    ],
    LAKE: [
        f"https://substackcdn.com/image/fetch/w_100,c_limit/{escaped(LAKES)}",
        f"https://substackcdn.com/image/fetch/w_100,c_limit/{escaped(UNNAMED)}",
        f"https://proxy.example/{escaped(LAKES, 2)}",
        f"https://proxy.example/{escaped(LAKES.replace('long', 'thumb_long'))}",
        f"https://images.weserv.nl/?url={escaped(UNNAMED.removeprefix('https://'))}",
        f"https://shop.example/_next/image?url={escaped('/media/long-lake-view-2')}&w=640",
        f"https://shop.example/cdn-cgi/image/w=640/{escaped('media/long-lake-view-2')}",
        passed("https://other.example/x?img=long-lake-view-2.jpg&w=1"),
        passed("https://other.example/long%20lake.jpg").replace("%2520lake", "-lake-view-2"),
        "https://other.example/show.php?w=9&src=art/long-lake-view-2.bmp",
        passed(LAKES, 2),
        passed(camo(LAKES)),
        camo(LAKES),
    ],
    "https://mira.example/art/the%20long%20lake-2.jpg": [
        passed("https://other.example/x/the%20long%20lake-2-300x200.jpg"),
        f"https://proxy.example/{escaped('https://other.example/the%20long%20lake-2.jpg', 2)}",
    ],
    IMGUR: [camo(IMGUR), f"https://www.x.example/{hidden(IMGUR)}.jpg", passed(IMGUR, 2)],
    SHOP: [camo(SHOP), f"https://www.x.example/{hidden(SHOP)}.jpg"],
    WIKI: [camo(WIKI), f"https://www.x.example/{hidden(WIKI)}.jpg"],
    BLOGGER: [camo(BLOGGER), passed(BLOGGER, 2)],
    TUMBLR: [f"https://web.archive.org/web/2019im_/{TUMBLR.replace('.', '。', 1)}"],
    PLAIN: [
        passed(camo(PLAIN)),
        passed(camo(PLAIN).replace("camo.g", "CaMo.G")),
        f"https://web.archive.org/web/2019im_/{camo(PLAIN)}",
        f"https://images.weserv.nl/?url={camo(PLAIN).removeprefix('https://')}",
        f"https://i0.wp.com/{camo(PLAIN).removeprefix('https://')}?resize=1",
        "https://web.archive.org/web/2019im_/https://mira。example/x/7.jpg",
        "https://proxy.example/?u=https://mira。example/x/7.jpg",
        "https://images.weserv.nl/?url=mira。example/x/7.jpg",
        "https://web.archive.org/web/2019im_/https://ｍira.example/x/7.jpg",
        passed("https://ｍira.example/x/7.jpg"),
        passed("https://mi\u00adra.example/x/7.jpg"),
        "https://proxy.example/?u=https://mi\u00adra.example/x/7.jpg",
        "https://x.example/b/https://mira.example:/x/7.jpg",
        "https://i0.wp.com/mira.example:/x/7.jpg",
        "https://web.archive.org/web/2019im_/https:\\\\mira.example\\x\\7.jpg",
        passed("https://a:b@mira.example/x/7.jpg"),
        "https://proxy.example/" + escaped("https://u%40:p@mira.example/x/7.j%70g", 2),
    ],
    SIX: [
        SIX,
        "http://[2001:DB8:0::7]/x/7.jpg",
    ],
}


def test_rows_that_carry_an_address_are_found_one_by_one(tmp_path: Path) -> None:
    """Each picture alone, so that no row is found in passing by what is known of another."""
    rows = [row for carrying in CARRIED.values() for row in carrying]
    build(resolve([write_rows(tmp_path / "rows", list(rows), files=1)]), tmp_path / "index")
    assert not (lost := lost_rows(tmp_path / "index", CARRIED, rows)), lost
    for mine, carrying in CARRIED.items():
        assert tied_rows(only(mine), rows).issuperset(carrying), mine


def lost_rows(index: Path, pictures: Iterable[str], rows: Sequence[str]) -> list[tuple[str, str]]:
    """Each picture with the rows that tie to it and that the index does not give for it."""
    opened = open_index(index)
    lost = []
    for mine in pictures:
        batches = [one for found in candidates(opened, [only(mine)]).values() for one in found]
        given = {url for batch in batches for url in batch["url"].to_pylist()}
        lost += [(mine, row) for row in sorted(tied_rows(only(mine), rows) - given)]
    return lost


def tied_rows(artist: Artist, rows: Sequence[str]) -> set[str]:
    look = Look([artist], captions=False)
    web = [row for row in rows if _is_web(row)]
    return {row for row in web if look.ties({"url": row, **NO_TEXTS}, "")}


NO_TEXTS = dict.fromkeys(("caption", "md5", "sha256"))


def only(url: str) -> Artist:
    """Somebody of whom one picture is known, and no site."""
    known = Known(url, url, 1, None, identify(url))
    stems = _stems([known], frozenset([url]))
    keys = frozenset([known.identity.key or ""])
    return dataclasses.replace(NOBODY, known=(known,), keys=keys, stems=stems)


NOBODY = Artist(
    frozenset(), frozenset(), (), frozenset(), frozenset(), {}, {}, (), names(()), (), ()
)


BITS = st.sampled_from(
    ["img.mira.example", "mira.example", "x.example", "WWW.", "i0.wp.com/", "http://", "https://",
     "https%3A%2F%2F", "%2F", "%252F", "/", "//", "/./", "\\", ":", ":80", "@", "?url=", "&amp;",
     "art/", "red-fox_2019", "RED-FOX_2019", "r%65d-fox_2019", "red%2Dfox_2019", "-300x200", ".jpg",
     ".JPG", "large_", "?a=1&b=2", "#x", " ", "\t", "é", "%E9", "%C3%A9", "。", "%2E",
     "8044487835_", "static.flickr.com/8170/", "abcdef0123_z.jpg", hidden(OWN),
     "aHR0c", "&#x2f;", "miras-bucket/"]
)  # fmt: skip


def in_host(change: Callable[[str], str]) -> Callable[[str], str]:
    """Another spelling of an address's host."""

    def spelled(url: str) -> str:
        scheme, _, rest = url.partition("://")
        host, slash, path = rest.partition("/")
        return f"{scheme}://{change(host)}{slash}{path}"

    return spelled


def bare(url: str) -> str:
    return url.partition("://")[2]


CHANGES: list[Callable[[str], str]] = [
    *(in_host(change) for change in (
        str.upper,
        lambda host: host.replace(".", "。", 1),
        lambda host: host.replace("m", "ｍ").replace("b", "ｂ"),
        lambda host: host.replace("r", "r\u00ad", 1),
        lambda host: quote(host, safe=":[]"),
        lambda host: f"{host}:",
        lambda host: f"{host}:80",
        lambda host: f"{host}.",
        lambda host: f"u%40:p@{host}",
        lambda host: f"www.{host}",
        lambda host: host if "[" in host else "other.example",
    )),
    lambda url: url.replace("/", "\\"),
    lambda url: url.replace("g", "%67", 1),
    lambda url: url.replace("-", "&#45;").replace("&", "&amp;"),
    lambda url: url.rpartition(".")[0] if url.endswith(".jpg") else url,
    lambda url: url.replace("long", "300x200-long"),
]  # fmt: skip
CARRIERS: list[Callable[[str], str]] = [
    passed,
    lambda url: passed(url, 2),
    lambda url: f"https://proxy.example/?u={url}",
    lambda url: f"https://proxy.example/{escaped(url)}",
    lambda url: f"https://proxy.example/{escaped(url, 2)}",
    lambda url: f"https://proxy.example/{escaped(url, 3)}",
    lambda url: f"https://web.archive.org/web/2019im_/{url}",
    lambda url: f"https://i0.wp.com/{bare(url)}?resize=1%2C2",
    lambda url: f"https://images.weserv.nl/?url={bare(url)}&w=3",
    lambda url: f"https://wsrv.nl/?w=3&url={escaped(bare(url))}",
    lambda url: f"https://shop.example/_next/image?url={escaped(url)}&w=640",
    lambda url: f"https://res.cloudinary.com/demo/image/fetch/{escaped(url)}",
    lambda url: f"https://shop.example/cdn-cgi/image/w=3/{url}",
    lambda url: f"https://img.cdn.example/mw640_q100/{bare(url)}",
    lambda url: f"https://www.x.example/{hidden(url)}.jpg",
    lambda url: f"https://other.example/x%2F{url.rpartition('/')[2]}",
    camo,
]
MADE_UP = [*CARRIED, FLICKR, BUCKET, JAPANESE, GERMAN]


def carried(url: str, changes: list[Callable[[str], str]]) -> str:
    for change in changes:
        url = change(url)
    return url


CARRYING = st.builds(
    carried,
    st.sampled_from(MADE_UP),
    st.lists(st.one_of(st.sampled_from(CARRIERS), st.sampled_from(CHANGES)), max_size=4),
)


@settings(max_examples=8)
@given(
    st.lists(st.lists(BITS, max_size=9).map("".join), min_size=1, max_size=60),
    st.lists(CARRYING, max_size=60),
    st.data(),
)
def test_made_up_addresses_give_the_same_answers(
    tmp_path_factory: pytest.TempPathFactory,
    urls: list[str],
    carrying: list[str],
    data: st.DataObject,
) -> None:
    folder = tmp_path_factory.mktemp("made-up")
    rows = [f"https://{url}" if data.draw(st.booleans()) else url for url in urls] + carrying
    spec = write_rows(folder / "rows", list(rows), files=1)
    case = artist(folder / "case", (*PICTURES, *MADE_UP))
    build(resolve([spec]), folder / "index")
    assert not (lost := lost_rows(folder / "index", MADE_UP, rows)), lost
    both(case, spec, folder / "index")


def test_text_files_and_known_editions(tmp_path: Path) -> None:
    folder = tmp_path / "cc12m"
    folder.mkdir()
    lines = [f"{url}\ta fox\n" for url in ROWS if url and url.strip() and "\t" not in url]
    (folder / "cc12m.tsv").write_text("".join(lines), "utf-8")
    (folder / "own.jsonl").write_text("".join(json.dumps({"url": u}) + "\n" for u in ROWS))
    case = artist(tmp_path / "case")
    build(resolve([str(folder)]), tmp_path / "index")
    found = both(case, str(folder), tmp_path / "index")
    assert {match["dataset_file"]: match["edition"] for match in found["matches"]} == {
        "cc12m.tsv": "cc12m", "own.jsonl": ""
    }  # fmt: skip


def contents(index: Path) -> dict[str, list[Any]]:
    """All rows of all tables, in order; bounds are those of files, which may be cut elsewhere."""
    return {
        table: duckdb.read_parquet(
            sorted(str(f) for f in (index / table).glob("*.parquet"))
        ).fetchall()
        for table in read_manifest(index).tables
        if table != BOUNDS
    }


def test_files_of_the_same_content_are_counted_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = write_rows(tmp_path / "rows", list(ROWS))
    shutil.copy(Path(spec, "part-00000.parquet"), Path(spec, "part-00000 again.parquet"))
    Path(spec, "part-00009.parquet").hardlink_to(Path(spec, "part-00001.parquet"))
    case, index = artist(tmp_path / "case"), tmp_path / "index"
    assert main(["index", "build", "--dataset", spec, "--out", str(index)]) == 0
    assert "counted once: part-00009.parquet holds the same as" in capsys.readouterr().err
    found = both(case, spec, index)
    assert found["summary"]["rows"] == len(ROWS)
    twins = [(one.file, one.same_as) for one in read_manifest(index).same_content]
    assert [tuple(one.values()) for one in found["summary"]["same_content"]] == twins
    assert len(twins) == 2
    # Parts of the same files give the same index.
    for number in range(4):
        command = ["index", "build", "--dataset", spec, "--out", str(tmp_path / f"part{number}")]
        assert main([*command, "--files", f"{number}:{number + 1}"]) == (number == 1)
    assert "holds the same as" in capsys.readouterr().err
    parts = [tmp_path / f"part{number}" for number in (0, 2, 3)]
    assert merge(parts, tmp_path / "merged").sources == read_manifest(index).sources
    assert contents(tmp_path / "merged") == contents(index)
    (tmp_path / "other" / "rows").mkdir(parents=True)
    shutil.copy(Path(spec, "part-00009.parquet"), tmp_path / "other" / "rows" / "more.parquet")
    build(resolve([str(tmp_path / "other" / "rows")]), tmp_path / "copy")
    with pytest.raises(DatasetError, match="more than one"):
        merge([index, tmp_path / "copy"], tmp_path / "twice")
    assert main(["explore", "--dataset", spec, "--json"]) == 0
    said = capsys.readouterr()
    assert said.err.count("counted once: ") == 2
    assert {json.loads(line)["rows"] for line in said.out.splitlines()[1:] if "null" in line} == {
        len(ROWS)
    }


def test_two_builds_give_the_same_bytes(tmp_path: Path) -> None:
    spec = write_rows(tmp_path / "rows", list(ROWS) * 40)
    one, two = (build(resolve([spec]), tmp_path / name) for name in ("one", "two"))
    assert one.tables == two.tables and one.sources == two.sources


def test_parts_that_are_merged_are_the_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = write_rows(tmp_path / "rows", list(ROWS) * 40, files=4)
    files = resolve([spec])
    whole = build(files, tmp_path / "whole")
    build(files[:1], tmp_path / "a")
    build(files[1:], tmp_path / "b")
    monkeypatch.setattr("optout.index.building.rows_at_once", lambda memory: 1000)
    in_runs = build(files, tmp_path / "runs")
    merged = merge([tmp_path / "a", tmp_path / "b"], tmp_path / "merged")
    expected = contents(tmp_path / "whole")
    assert contents(tmp_path / "merged") == expected
    assert contents(tmp_path / "runs") == expected
    assert whole.sources == merged.sources == in_runs.sources
    with pytest.raises(DatasetError, match="more than one"):
        merge([tmp_path / "a", tmp_path / "a"], tmp_path / "twice")


# --------------------------------------------------------------------- kills, damage, bad input
def test_killed_five_times_a_build_comes_out_the_same(tmp_path: Path) -> None:
    spec = write_rows(tmp_path / "rows", list(ROWS) * 300, files=6)
    script = (
        "import sys; from pathlib import Path; from optout.datasets import resolve\n"
        "import optout.index.building as b; b.rows_at_once = lambda memory: 4000\n"
        "b.build(resolve([sys.argv[1]]), Path(sys.argv[2]), threads=1)"
    )
    command = [sys.executable, "-c", script, spec, str(tmp_path / "killed")]
    begun = time.monotonic()
    undisturbed = [*command[:-1], str(tmp_path / "undisturbed")]
    subprocess.run(undisturbed, check=True, env={**os.environ})
    took = time.monotonic() - begun
    chance = random.Random(5)
    kills = 0
    while kills < 5:
        process = subprocess.Popen(command)
        try:
            process.wait(chance.uniform(0.3, 1) * took * 0.8)
            break
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            kills += 1
    assert kills >= 1
    subprocess.run(command, check=True)
    assert contents(tmp_path / "killed") == contents(tmp_path / "undisturbed")
    assert not verify(tmp_path / "killed")
    assert not (tmp_path / "killed" / ".build").exists()


@pytest.fixture
def small(tmp_path: Path) -> Path:
    build(resolve([write_rows(tmp_path / "rows", list(ROWS) * 3)]), tmp_path / "index")
    return tmp_path / "index"


def test_verify_finds_what_is_wrong(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["index", "verify", str(small)]) == 0
    names = small / "names" / "part-00000.parquet"
    data = bytearray(names.read_bytes())
    data[len(data) // 2] ^= 1
    names.write_bytes(data)
    (small / "hashes" / "part-00000.parquet").unlink()
    (small / "rows" / "part-00009.parquet").write_bytes(b"")
    source = Path(read_manifest(small).sources[1].path)
    pq.write_table(pa.table({"url": ["https://other.example/"]}), source)
    Path(read_manifest(small).sources[2].path).unlink()
    problems = {(one.what, Path(one.file).name) for one in verify(small)}
    assert problems == {
        ("changed", "part-00000.parquet"),
        ("missing", "part-00000.parquet"),
        ("added", "part-00009.parquet"),
        ("source_changed", "part-00001.parquet"),
        ("source_missing", "part-00002.parquet"),
    }
    assert main(["index", "verify", str(small), "--json"]) == 1
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {line["what"] for line in lines} == {what for what, _ in problems}


def test_a_source_that_changes_stops_the_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = write_rows(tmp_path / "rows", list(ROWS) * 30)
    files = resolve([spec])
    monkeypatch.setattr("optout.index.building.rows_at_once", lambda memory: 1)
    real = row_runs.write_run

    def disturbed(connection: Any, run: Any, *args: Any) -> None:
        real(connection, run, *args)
        if run[0][0] == 1:
            os.utime(files[1].path, ns=(1, 1))

    monkeypatch.setattr(row_runs, "write_run", disturbed)
    with pytest.raises(DatasetError, match="has changed since") as told:
        build(files, tmp_path / "index")
    assert str(files[1].path) in told.value.message
    assert (tmp_path / "index" / ".build" / "run-00000").is_dir()
    with pytest.raises(DatasetError, match="unfinished index of other files"):
        build(resolve([spec]), tmp_path / "index")


def test_a_damaged_source_is_named_and_finished_parts_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = write_rows(tmp_path / "rows", list(ROWS) * 30)
    whole = Path(spec, "part-00001.parquet")
    data = bytearray(whole.read_bytes())
    data[200:20000] = b"\x55" * 19800
    whole.write_bytes(data)
    monkeypatch.setattr("optout.index.building.rows_at_once", lambda memory: 1)
    assert main(["index", "build", "--dataset", spec, "--out", str(tmp_path / "index")]) == 1
    said = capsys.readouterr().err
    assert "part-00001.parquet cannot be read" in said and "hint:" in said
    assert (tmp_path / "index" / ".build" / "run-00000").is_dir()
    assert main(["index", "info", str(tmp_path / "index")]) == 1
    assert "no finished index" in capsys.readouterr().err


def test_a_full_disk_is_said_and_the_next_build_goes_on(tmp_path: Path) -> None:
    spec = write_rows(tmp_path / "rows", [f"https://x{i}.example/{i}.jpg" for i in range(30_000)])
    limited = (
        "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))\n"
        "import sys; from optout.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    arguments = ["index", "build", "--dataset", spec, "--out", str(tmp_path / "index")]
    done = subprocess.run(
        [sys.executable, "-c", limited, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1, done.stderr
    assert "no room left" in done.stderr and "Traceback" not in done.stderr
    assert main(arguments) == 0
    assert not verify(tmp_path / "index")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda data: data.update(format=99), "newer optout"),
        (lambda data: data.pop("sources"), "is damaged"),
        (lambda data: data["tables"]["rows"][0].update(file="../../etc/passwd"), "no part of"),
        (lambda data: data["tables"]["rows"][0].update(file="rows/*.parquet"), "no part of"),
        (lambda data: data["tables"].pop("names"), "no part of"),
    ],
)
def test_a_damaged_manifest_is_refused(small: Path, change: Any, said: str) -> None:
    data = json.loads((small / "manifest.json").read_text())
    change(data)
    (small / "manifest.json").write_text(json.dumps(data))
    with pytest.raises(DatasetError, match=said):
        open_index(small)


def test_a_damaged_table_is_one_sentence(small: Path, tmp_path: Path) -> None:
    case = artist(tmp_path / "case")
    path = small / "rows" / "part-00000.parquet"
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(DatasetError, match="cannot be read"):
        match_case(case, [], index=open_index(small), captions=False)


def test_folders_are_not_mixed_up(small: Path, tmp_path: Path) -> None:
    other = write_rows(tmp_path / "other", ["https://x.example/1.jpg"], files=1)
    with pytest.raises(DatasetError, match="index of other files"):
        build(resolve([other]), small)
    with pytest.raises(DatasetError, match="is not empty"):
        build(resolve([other]), tmp_path / "rows")
    with pytest.raises(DatasetError, match="is no size"):
        build(resolve([other]), tmp_path / "new", memory="lots")
    files = resolve([str(tmp_path / "rows")])
    assert build(files, small) == read_manifest(small)  # nothing is done twice


def test_an_index_of_other_rules_says_so(small: Path) -> None:
    index = open_index(small)
    assert not index.warnings()
    other = dataclasses.replace(index.manifest, rules="0" * 64)
    assert "build it again" in dataclasses.replace(index, manifest=other).warnings()[0]


# -------------------------------------------------------------------------------------- commands
def test_the_commands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    spec = write_rows(tmp_path / "rows", list(ROWS))
    artist(tmp_path / "case")
    for part, name in (("0:1", "a"), ("1:", "b")):
        assert main(["index", "build", "--dataset", spec, "--out", name, "--files", part]) == 0
    assert main(["index", "build", "--dataset", spec, "--out", "c", "--files", "7:9"]) == 1
    assert main(["index", "merge", "a", "b", "--out", "whole"]) == 0
    said = capsys.readouterr().err
    assert "not covered: alternative text, name in a caption" in said
    assert "next: optout match --index whole" in said
    assert main(["index", "info", "whole", "--json"]) == 0
    info = json.loads(capsys.readouterr().out)
    assert info["format"] == 2 and len(info["sources"]) == 3
    assert main(["index", "info", "whole"]) == 0
    assert f"{len(ROWS)} rows of 3 files" in capsys.readouterr().out
    assert main(["match", "--case", "case", "--index", "whole", "--json"]) == 0
    found = capsys.readouterr()
    assert len(found.out.splitlines()) > 20 and "not searched: texts and names" in found.err
    assert main(["match", "--case", "case", "--index", "whole", "--dataset", spec]) == 2


def test_a_lookup_reads_few_row_groups(tmp_path: Path) -> None:
    """The boundaries of row groups are used: all others may be spoilt.

    Something of each kind is asked for; of a table that is joined with nothing, the database reads
    the first row group before it stops.
    """
    urls = [f"https://h{i:06}.example/{i:06}-picture.jpg" for i in range(120_000)]
    build(resolve([write_rows(tmp_path / "rows", list(urls), files=1)]), tmp_path / "index")
    index = tmp_path / "index"
    for table in ("rows", "names"):
        file = pq.ParquetFile(index / table / "part-00000.parquet")
        hosts = [key_of(host, 2) for host in ("h060000.example", "z.example")]
        wanted, column = (hosts, "domain") if table == "rows" else (["060000-"], "short")
        place = file.schema_arrow.get_field_index(column)
        groups = [file.metadata.row_group(number) for number in range(file.num_row_groups)]
        data = bytearray((index / table / "part-00000.parquet").read_bytes())
        spoilt = 0
        for group in groups:
            bounds = group.column(place).statistics
            if any(bounds.min <= value <= bounds.max for value in wanted):
                continue
            # What the boundaries rule out is overwritten: reading it would fail.
            start = group.column(0).dictionary_page_offset or group.column(0).data_page_offset
            size = sum(group.column(i).total_compressed_size for i in range(group.num_columns))
            data[start : start + size] = b"\xee" * size
            spoilt += 1
        assert spoilt >= len(groups) - 2 > 10
        (index / table / "part-00000.parquet").write_bytes(data)
    case = create_case(
        tmp_path / "case", ["https://h060000.example/"], hosts=["img.h060000.example"]
    )
    observe(case, images=[image("https://z.example/060000-picture.jpg")],
            image_refs=[ref("https://z.example/060000-picture.jpg")])  # fmt: skip
    match_case(load_case(tmp_path / "case"), [], index=open_index(index), captions=False)
    [match] = answers(case)["matches"]
    assert match["url"] == urls[60_000] and len(match["evidence"]) == 2


def hash_of(number: int) -> str:
    return hashlib.md5(str(number).encode(), usedforsecurity=False).hexdigest()


def on_shelf(index: Path) -> dict[str, bytes]:
    files = [file for file in index.rglob("*") if file.is_file()]
    return {f"/relaion/{file.relative_to(index)}": file.read_bytes() for file in files}


def test_an_index_elsewhere_gives_the_same_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OPTOUT_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    more = [f"https://h{i:06}.example/{hash_of(i)}/{hash_of(-i)}.jpg" for i in range(60_000)]
    urls = [*ROWS[:22], *more]
    spec = write_rows(tmp_path / "rows", urls, md5=[None] * len(urls))
    build(resolve([spec]), tmp_path / "index")
    case = artist(tmp_path / "case", (OWN,))
    match_case(case, [], index=open_index(tmp_path / "index"), captions=False)
    expected = answers(case)
    with shelf(on_shelf(tmp_path / "index")) as (base, store):
        command = ["match", "--case", "case", "--index", f"{base}/relaion/"]
        assert main([*command, "--cache-limit", "0"]) == 0
        assert answers(case) == expected
        said = capsys.readouterr().err
        assert f"fetched {_size(store.sent)} in {len(store.asked)} requests" in said
        assert store.sent < read_manifest(tmp_path / "index").bytes() / 2
        assert not any(one.range and one.range.endswith("-") for one in store.asked)
        # What was fetched once is there for the next search.
        assert main(command) == 0
        once = len(store.asked)
        assert main(command) == 0
        assert len(store.asked) - once <= len(store.files)  # a look at each file, no more
        assert "more from the cache" in capsys.readouterr().err


def test_neighbours_that_are_fetched_apart_are_read_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Row groups side by side that are more than is fetched at a time."""
    monkeypatch.setenv("OPTOUT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("optout.index.place._MOST", 5000)
    urls = [f"https://mira.example/{hash_of(i)}/{hash_of(-i)}.jpg" for i in range(10_000)]
    build(resolve([write_rows(tmp_path / "rows", urls)]), tmp_path / "index")
    case = create_case(tmp_path / "case", ["https://mira.example/"])
    with shelf(on_shelf(tmp_path / "index")) as (base, _), Session("0") as session:
        match_case(
            case, [], index=open_index(f"{base}/relaion", session), captions=False, session=session
        )
    assert len(answers(case)["matches"]) == len(urls)


@pytest.mark.parametrize("spoil", [b"", b"PAR1", b"\x00" * 5000])
def test_damage_elsewhere_is_one_sentence(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spoil: bytes
) -> None:
    monkeypatch.setenv("OPTOUT_CACHE", str(tmp_path / "cache"))
    case = artist(tmp_path / "case")
    with shelf(on_shelf(small)) as (base, store), Session("0") as session:
        for name in ("rows/part-00000.parquet", "bounds/names-00000.parquet"):
            whole = store.files[f"/relaion/{name}"]
            store.files[f"/relaion/{name}"] = spoil
            with pytest.raises(DatasetError):
                match_case(
                    case, [], index=open_index(f"{base}/relaion", session), captions=False,
                    session=session,
                )  # fmt: skip
            store.files[f"/relaion/{name}"] = whole
            session.files.clear()
        del store.files["/relaion/manifest.json"]
        with pytest.raises(DatasetError):
            open_index(f"{base}/relaion", session)


def test_the_demo_gives_the_same_answers(tmp_path: Path) -> None:
    data = str(Path(__file__).parents[1] / "optout" / "demo" / "laion_demo.parquet")
    [column] = [n for n in pq.read_schema(data).names if n.lower() == "url"]
    urls = [url for url in pq.read_table(data)[column].to_pylist() if url]
    build(resolve([data]), tmp_path / "index")
    for seed in range(3):
        case = artist(tmp_path / f"case{seed}", pictures_of(urls, seed)[:40])
        assert both(case, data, tmp_path / "index")["matches"]

"""A case with observations and matches in real Parquet, for the tests of requests and decisions."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.parquet as pq

from crawler.records import SCHEMAS
from optout.case import Case, load_case
from optout.tables import MATCHES, WORKS

SITE = "https://www.mira.example"
CDN = "https://images.mira.example"
RUNS = ("2026-10-02T080000Z", "2026-11-20T080000Z")

TOML = """\
version = 1
case_id = "mira"
created = 2026-10-01
[artist]
names = {names}
contact = {contact}
[where]
sites = {sites}
hosts = {hosts}
"""


def make_case(
    folder: Path,
    *,
    names: tuple[str, ...] = ("Mira Solberg",),
    contact: str = "Studio Solberg, P.O. Box 12, 0123 Oslo, studio@mira.example",
    sites: tuple[str, ...] = (f"{SITE}/",),
    hosts: tuple[str, ...] = ("images.mira.example", "cdn.shopify.com/s/files/1/0190/8574"),
) -> Case:
    """A case folder without any run."""
    folder.mkdir(parents=True, exist_ok=True)
    quoted = {"contact": json.dumps(contact, ensure_ascii=False)}
    lists = {"names": names, "sites": sites, "hosts": hosts}
    quoted |= {name: json.dumps(list(value), ensure_ascii=False) for name, value in lists.items()}
    (folder / "optout.toml").write_text(TOML.format(**quoted), "utf-8")
    return load_case(folder)


def add_run(case: Case, run_id: str, **relations: list[dict[str, Any]]) -> None:
    """Write one finished run; columns that a row does not name are NULL."""
    folder = case.observations / f"run={run_id}"
    folder.mkdir(parents=True)
    moment = datetime.strptime(run_id, "%Y-%m-%dT%H%M%SZ").replace(tzinfo=UTC)
    common = {"case_id": "mira", "run_id": run_id, "source": "crawl", "observed_at": moment}
    for name, schema in SCHEMAS.items():
        rows = [dict.fromkeys(schema.names) | common | row for row in relations.get(name, [])]
        pq.write_table(pa.Table.from_pylist(rows, schema), folder / f"{name}.parquet")
    summary = {
        "run_id": run_id,
        "source": "crawl",
        "case_id": "mira",
        "format": 1,
        "finished_at": moment.replace(minute=30).isoformat(),
    }
    (folder / "summary.json").write_text(json.dumps(summary), "utf-8")


def crawled(case: Case) -> None:
    """Two runs over the artist's site: signals on it, images on two own hosts and a shared one."""
    robots = b"User-agent: *\nAllow: /\n\nUser-agent: GPTBot\nUser-agent: CCBot\nDisallow: /\n"
    for run_id in RUNS:
        add_run(
            case,
            run_id,
            images=[
                image(f"{CDN}/fox.jpg", b"fox"),
                image(f"{CDN}/owl.jpg", b"owl"),
                image("https://cdn.shopify.com/s/files/1/0190/8574/hare.jpg", b"hare"),
            ],
            hops=[
                hop(f"{CDN}/fox.jpg", ("X-Robots-Tag", "noai, noimageai"), ("Server", "n")),
                hop(f"{CDN}/owl.jpg", ("X-Robots-Tag", "noai, noimageai")),
                hop(
                    "https://cdn.shopify.com/s/files/1/0190/8574/hare.jpg", ("X-Robots-Tag", "noai")
                ),
            ],
            metas=[{"page_url": f"{SITE}/", "position": 0, "name": "robots", "content": "noai"}],
            site_files=[
                {
                    "origin": SITE,
                    "kind": "robots.txt",
                    "url": f"{SITE}/robots.txt",
                    "outcome": "fetched",
                    "status": 200,
                    "sha256": hashlib.sha256(robots).hexdigest(),
                    "body": robots,
                }
            ],
        )


def image(url: str, content: bytes) -> dict[str, Any]:
    """A row of images that answered."""
    return {
        "image_url": url,
        "final_url": url,
        "outcome": "fetched",
        "status": 200,
        "sha256": hashlib.sha256(content).hexdigest(),
        "last_modified": "Tue, 03 Mar 2020 10:00:00 GMT",
    }


def hop(url: str, *headers: tuple[str, str]) -> dict[str, Any]:
    """One exchange for an image."""
    lines = [{"name": name, "value": value} for name, value in headers]
    return {
        "subject": "image",
        "url": url,
        "hop": 0,
        "hop_url": url,
        "status": 200,
        "headers": lines,
    }


def match(number: int, **fields: Any) -> dict[str, Any]:
    """A row of matches: same address in a Re-LAION edition unless told otherwise."""
    row = dict.fromkeys(MATCHES.names) | {
        "case_id": "mira",
        "match_id": f"m-{number:016x}",
        "dataset": "relaion5b",
        "edition": "relaion2B-en-research-safe",
        "dataset_file": "part-00007.parquet",
        "dataset_row": number,
        "url": f"{CDN}/fox.jpg",
        "caption": f"a fox in the snow, print no. {number}",
        "strength": "same_address",
        "evidence": ["url_exact"],
        "place": "declared",
        "image_url": f"{CDN}/fox.jpg",
        "page_url": f"{SITE}/fox",
        "work_id": "w-0000000000000001",
    }
    row |= fields
    return row | {"url_host": urlsplit(row["url"]).hostname}


def matched(case: Case, rows: list[dict[str, Any]]) -> None:
    """Write matches/ with these rows and the works they name."""
    case.matches.mkdir(exist_ok=True)
    works = [
        {
            "case_id": "mira",
            "work_id": "w-0000000000000001",
            "image_url": f"{CDN}/fox.jpg",
            "title": "Fox in the snow",
            "joined_by": "alone",
        }
    ]
    pq.write_table(pa.Table.from_pylist(rows, MATCHES), case.matches / "matches.parquet")
    pq.write_table(pa.Table.from_pylist(works, WORKS), case.matches / "works.parquet")


def every_kind() -> list[dict[str, Any]]:
    """One match of each sort that requests tell apart; their numbers are used by the tests."""
    return [
        match(1),
        match(2, url="http://images.mira.example:80/fox.jpg?a=1&amp;b=2", evidence=["url_rule"]),
        match(3, strength="same_image", evidence=["file_hash"], place="elsewhere",
              url="https://repost.example/copies/fox copy.jpg", caption="cute fox"),
        match(4, evidence=["url_unwrapped"], place="elsewhere",
              url="https://proxy.example/?url=https://images.mira.example/fox.jpg"),
        match(5, strength="lead", evidence=["declared_host"], url=f"{CDN}/old.jpg",
              image_url=None, work_id=None, page_url=None),
        match(6, strength="caption_only", evidence=["alt_or_title"], place="elsewhere",
              url="https://board.example/123.jpg", caption="Fox in the snow"),
        match(7, strength="similar_image", evidence=["perceptual_hash"], place="elsewhere",
              url="https://similar.example/fox.png"),
        match(8, dataset="coyo700m", edition="coyo-700m", dataset_file="part-3.parquet"),
        match(9, dataset="laion400m", edition="laion400m", sample_id="4711",
              caption="owl", contradiction="the address now serves other bytes: md5 a, b"),
        match(10, strength="same_image", evidence=["file_hash"], place="elsewhere",
              url="https://cdn.shopify.com/s/files/1/9999/0000/fox.jpg"),
        match(11, strength="same_image", evidence=["file_hash"], place="elsewhere",
              url="https://agency.example/fox.jpg"),
        match(12, evidence=["url_exact"], place="elsewhere", url="https://odd.example/fox.jpg"),
    ]  # fmt: skip

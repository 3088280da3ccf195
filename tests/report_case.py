"""A case made by hand: observations, matches and requests as the other commands write them."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from crawler.records import FORMAT, SCHEMAS
from optout import tables
from optout.case import Case, create_case

TIME = datetime(2026, 11, 21, 10, 15, tzinfo=UTC)
SITE = "https://mira.example"
CDN = "https://cdn.mira.example"

Row = dict[str, Any]


def make_case(folder: Path, *, sites: list[str] | None = None) -> Case:
    return create_case(
        folder,
        [SITE + "/"] if sites is None else sites,
        names=["Mira Solberg"],
        created=date(2026, 11, 20),
    )


def write(path: Path, rows: list[Row], schema: pa.Schema) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows, schema), path)


def write_run(
    case: Case,
    records: dict[str, list[Row]],
    *,
    run_id: str = "2026-11-21T101500Z",
    time: datetime = TIME,
    source: str = "crawl",
    **summary: Any,
) -> Path:
    folder = case.observations / f"run={run_id}"
    common = {"case_id": case.case_id, "run_id": run_id, "source": source, "observed_at": time}
    for name, schema in SCHEMAS.items():
        write(folder / f"{name}.parquet", [common | row for row in records.get(name, [])], schema)
    summary = {
        "case_id": case.case_id,
        "run_id": run_id,
        "source": source,
        "format": FORMAT,
        "finished_at": time.isoformat(),
        **summary,
    }
    (folder / "summary.json").write_text(json.dumps(summary), "utf-8")
    return folder


def page(path: str, **more: Any) -> Row:
    url = SITE + path
    return {
        "url": url,
        "final_url": url,
        "outcome": "fetched",
        "status": 200,
        "hop_count": 1,
        "content_type": "text/html",
        "size": 1000,
        "title": f"Page {path}",
        "depth": 0,
        **more,
    }


def reference(page_path: str, address: str, position: int = 0, **more: Any) -> Row:
    return {
        "page_url": SITE + page_path,
        "position": position,
        "tag": "img",
        "attribute": "src",
        "raw": address,
        "image_url": address,
        "image_group": f"g{position}",
        "alt": "Fox in the snow, gouache",
        "alt_state": "text",
        "absolute": True,
        "in_laion_shape": True,
        "furniture": False,
        **more,
    }


def image(url: str, **more: Any) -> Row:
    return {
        "image_url": url,
        "final_url": url,
        "outcome": "fetched",
        "method": "GET",
        "status": 200,
        "hop_count": 1,
        "content_type": "image/jpeg",
        "sniffed_type": "image/jpeg",
        "size": 54_321,
        "sha256": "a" * 64,
        "md5": "b" * 32,
        "width": 800,
        "height": 600,
        **more,
    }


def hop(url: str, headers: list[tuple[str, str]] | None = None, **more: Any) -> Row:
    return {
        "subject": "image",
        "url": url,
        "hop": 0,
        "hop_url": url,
        "method": "GET",
        "status": 200,
        "headers": [{"name": name, "value": value} for name, value in headers or []],
        **more,
    }


def robots(origin: str, body: bytes | None, status: int = 200, **more: Any) -> Row:
    return {
        "origin": origin,
        "kind": "robots.txt",
        "url": origin + "/robots.txt",
        "final_url": origin + "/robots.txt",
        "outcome": "fetched",
        "status": status,
        "hop_count": 1,
        "size": len(body or b""),
        "truncated": False,
        "body": body,
        **more,
    }


def match(number: int, strength: str, evidence: list[str], **more: Any) -> Row:
    return {
        "case_id": "mira-solberg",
        "match_id": f"m-{number:016x}",
        "dataset": "relaion2B-en-research-safe",
        "edition": "2024-08",
        "dataset_file": "part-00000.parquet",
        "dataset_row": number,
        "url": f"{CDN}/fox-{number}.jpg",
        "url_host": "cdn.mira.example",
        "caption": "Fox in the snow, gouache",
        "width": 800,
        "height": 600,
        "similarity": 0.3144912,
        "strength": strength,
        "evidence": evidence,
        "place": "seen_host",
        "image_url": f"{CDN}/fox-1.jpg",
        "page_url": SITE + "/",
        "work_id": "w-0000000000000001",
        **more,
    }


def reason(number: int, kind: str, strength: str, detail: str, **more: Any) -> Row:
    return {
        "case_id": "mira-solberg",
        "match_id": f"m-{number:016x}",
        "kind": kind,
        "strength": strength,
        "image_url": f"{CDN}/fox-1.jpg",
        "work_id": "w-0000000000000001",
        "detail": detail,
        "weight": 1.0,
        **more,
    }


def work(number: int, image_url: str, title: str, **more: Any) -> Row:
    return {
        "case_id": "mira-solberg",
        "work_id": f"w-{number:016x}",
        "image_url": image_url,
        "title": title,
        "joined_by": "alone",
        **more,
    }


def write_matches(case: Case, **rows: list[Row]) -> None:
    """matches/*.parquet; write_matches(case, matches=[…], evidence=[…], works=[…])."""
    for name in ("matches", "evidence", "works", "not_listed"):
        schema = getattr(tables, name.upper())
        write(case.matches / f"{name}.parquet", rows.get(name, []), schema)

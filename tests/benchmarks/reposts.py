"""Reposts planted on foreign hosts in a LAION-shaped file → the share found, by what points there.

python tests/benchmarks/reposts.py PICTURES [PICTURES …] --strangers FOLDER [--strangers FOLDER …]
    [--rows N] [--works N] [--seed S]

Pictures below the folders PICTURES are an invented artist's, those below FOLDER strangers'. These
are folders of their own because one folder often shows one thing twice (two photographs of a scene,
a scan and its edit), and which of them are copies is not for this program to say: none below FOLDER
may show what one below PICTURES does.
Of each of the artist's several reposts are listed on foreign hosts, edited by the suite of
`optout evaluate`: under the same file name (stem), the same text (alt), the artist's name (name),
byte for byte (hash), beside a vector that a model would find (embedding: that row is taken as
found), and with nothing that could point to them (nothing). Strangers' pictures are listed under
the artist's names and texts, too. A server on this machine serves all of them. First the metadata
is searched, then every address found is asked for and compared. One JSON object per line.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import random
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

import optout.network
from optout.case import Case
from optout.looking.run import look_at_case
from optout.matching import match_case
from optout.tables import SIMILAR, match_id
from optout.vision.edits import EDITS, edited
from tests.benchmarks.laion_shaped import write
from tests.harness import serving
from tests.report_case import image, make_case, reference, write_run
from tests.report_case import write as write_table

WAYS = ("stem", "alt", "name", "hash", "embedding", "nothing")
POINTED = WAYS[:-1]
EDITION = "relaion2B-en-research-safe"
_SIDE = 900  # pixels; larger ones say nothing more and cost time


@dataclass(frozen=True, slots=True)
class Repost:
    """One planted row; `work` is None for a stranger's picture."""

    way: str
    work: int | None
    url: str
    caption: str
    body: bytes
    edit: str  # of a stranger's picture its file


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("pictures", type=Path, nargs="+")
    parser.add_argument("--strangers", type=Path, action="append", required=True)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--works", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    chance = random.Random(args.seed)
    mine = _some(args.pictures, args.works, chance)
    others = _some(args.strangers, args.works, chance)
    with tempfile.TemporaryDirectory(prefix="reposts-") as name:
        folder = Path(name)
        served: dict[tuple[str, str], bytes] = {}
        with serving(lambda path, request: _answer(served, path, request)) as base:
            port = str(urlsplit(base).port)
            works = [_as_jpeg(path) for path in mine]
            case = _case(folder / "case", works)
            reposts = _reposts(works, others, port, chance)
            served |= {_place(one.url): one.body for one in reposts}
            file, places = _listed(folder, args.rows, args.seed, reposts)
            _alike(case, reposts, file, places)
            _run(case, file, reposts, places, mine, args.rows)


def _some(folders: list[Path], count: int, chance: random.Random) -> list[Path]:
    """So many pictures below the folders, drawn by lot."""
    found = sorted(p for folder in folders for p in folder.rglob("*.*") if _is_picture(p))
    chance.shuffle(found)
    return found[:count]


def _is_picture(path: Path) -> bool:
    return path.suffix.lower() in {".jpg", ".jpeg", ".png", ".webp"}


def _as_jpeg(path: Path) -> bytes:
    with Image.open(path) as opened:
        picture = opened.convert("RGB")
        picture.thumbnail((_SIDE, _SIDE))
        out = io.BytesIO()
        picture.save(out, "JPEG", quality=90)
    return out.getvalue()


def _name(work: int) -> str:
    return f"quiet-harbour-with-lanterns-{work:03d}-gouache.jpg"


def _alt(work: int) -> str:
    words = ("fox", "heron", "kettle", "orchard", "tram", "lighthouse", "mill", "paper boat")
    return f"A {words[work % 8]} waiting for the {words[work // 8 % 8]} number {work}, gouache"


def _case(folder: Path, works: list[bytes]) -> Case:
    case = make_case(folder)
    images, refs = [], []
    for n, body in enumerate(works):
        url = f"https://mira.example/art/{_name(n)}"
        hashes: dict[str, Any] = {
            "sha256": hashlib.sha256(body).hexdigest(),
            "md5": hashlib.md5(body).hexdigest(),
            "stored_as": f"images/{n}.jpg",
        }
        images.append(image(url, size=len(body), **hashes))
        refs.append(reference("/", url, n, alt=_alt(n)))
    run = write_run(case, {"images": images, "image_refs": refs})
    (run / "images").mkdir()
    for n, body in enumerate(works):
        (run / "images" / f"{n}.jpg").write_bytes(body)
    return case


def _reposts(
    works: list[bytes], strangers: list[Path], port: str, chance: random.Random
) -> list[Repost]:
    found = []
    edits = [edit for edit in EDITS if edit.name != "collage"]
    for n, body in enumerate(works):
        picture = Image.open(io.BytesIO(body)).convert("RGB")
        for way in WAYS:
            edit = chance.choice(edits)
            served = body if way == "hash" else edited(edit, picture, chance.randrange(10**6), 1)
            name = "same file" if way == "hash" else edit.name
            url, caption = _row(way, n, len(found), port)
            found.append(Repost(way, n, url, caption, served, name))
    for n, path in enumerate(strangers):
        way = ("stem", "alt", "name")[n % 3]
        url, caption = _row(way, n % len(works), len(found), port)
        found.append(Repost(way, None, url, caption, _as_jpeg(path), str(path)))
    return found


def _row(way: str, work: int, number: int, port: str) -> tuple[str, str]:
    """Address on a foreign host and caption of a row."""
    name = _name(work) if way == "stem" else f"{number:06d}.jpg"
    caption = {"alt": _alt(work), "name": f"Wallpaper by Mira Solberg, {number}"}
    return (
        f"http://repost{number % 60}.example:{port}/files/{name}?n={number}",
        caption.get(way, f"nice background {number}"),
    )


def _place(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.netloc, f"{parts.path}?{parts.query}"


def _answer(served: dict[tuple[str, str], bytes], path: str, request: Any) -> Any:
    body = served.get((request.headers.get("Host", ""), path))
    return (404, [], b"") if body is None else (200, [("Content-Type", "image/jpeg")], body)


def _listed(folder: Path, rows: int, seed: int, reposts: list[Repost]) -> tuple[Path, list[int]]:
    """The edition's file with the reposts in it, and in which row each is."""
    [file] = write(rows, folder / "data", files=1, seed=seed, edition=EDITION)
    places = np.random.default_rng(seed).choice(rows, len(reposts), replace=False).tolist()
    table = pq.read_table(file)
    values: dict[str, dict[int, Any]] = {"url": {}, "caption": {}, "md5": {}, "punsafe": {}}
    for place, one in zip(places, reposts, strict=True):
        values["url"][place] = one.url
        values["caption"][place] = one.caption
        values["md5"][place] = hashlib.md5(one.body).hexdigest()
        values["punsafe"][place] = 0.01
    for column, new in values.items():
        old = table[column].to_pylist()
        for place, value in new.items():
            old[place] = value
        index = table.schema.get_field_index(column)
        field = table.schema.field(index)
        table = table.set_column(index, field, pa.array(old, field.type))
    pq.write_table(table, file, compression="snappy")
    return file, places


def _alike(case: Case, reposts: list[Repost], file: Path, places: list[int]) -> None:
    """Rows as `optout similar` keeps them."""
    from optout.database import open_case
    from optout.works import case_works

    with open_case(case) as connection:
        ids = {work.image_url: work.work_id for work in case_works(connection)}
    rows = []
    for one, place in zip(reposts, places, strict=True):
        if one.way != "embedding":
            continue
        mine = f"https://mira.example/art/{_name(one.work or 0)}"
        rows.append(
            {
                "case_id": case.case_id, "dataset": "relaion5b", "edition": EDITION,
                "match_id": match_id("relaion5b", EDITION, file.name, place),
                "dataset_file": file.name, "dataset_row": place, "url": one.url,
                "url_host": urlsplit(one.url).hostname, "caption": one.caption,
                "kind": "embedding", "strength": "similar_image", "image_url": mine,
                "work_id": ids[mine], "view": "whole", "model_similarity": 0.9, "model": "given",
            }
        )  # fmt: skip
    write_table(case.folder / "similar" / "similar.parquet", rows, SIMILAR)


def _run(
    case: Case,
    file: Path,
    reposts: list[Repost],
    places: list[int],
    mine: list[Path],
    rows: int,
) -> None:
    begun = time.perf_counter()
    match_case(case, [str(file)])
    searched = time.perf_counter() - begun
    # Every foreign name leads to this machine, which the flag allows.
    optout.network._resolve = lambda *_: ["127.0.0.1"]  # type: ignore[assignment]
    begun = time.perf_counter()
    looked = look_at_case(case, allow_private=True, delay=0)
    seconds = time.perf_counter() - begun
    last = {row["dataset_row"]: row for row in _matches(case)}
    verdicts = {row["match_id"]: row for row in looked.rows.to_pylist()}
    planted, pointed, verified = Counter(), Counter(), Counter()
    missed: list[dict[str, Any]] = []
    false: list[dict[str, Any]] = []
    for one, place in zip(reposts, places, strict=True):
        row = last.get(place)
        seen = verdicts.get(row["match_id"]) if row else None
        copy = bool(row and "verified_copy" in row["evidence"])
        if one.work is None:
            if copy and seen:
                false.append(_taken(one, seen, mine))
            continue
        right = copy and bool(seen) and _name(one.work) in (seen or {}).get("image_url", "")
        planted[one.way] += 1
        pointed[one.way] += row is not None
        verified[one.way] += right
        if row and not right:
            missed.append(
                {"way": one.way, "edit": one.edit, "verdict": seen["verdict"] if seen else None}
            )
    for way in WAYS:
        _tell(way, planted[way], pointed[way], verified[way])
    _tell("all that anything points to", *(sum(c[w] for w in POINTED) for c in
                                           (planted, pointed, verified)))  # fmt: skip
    strangers = sum(one.work is None for one in reposts)
    print(json.dumps({"strangers_listed": strangers, "taken_for_copies": len(false)}))
    for one_taken in false:
        print(json.dumps({"taken_for_copy": one_taken}))
    for one_missed in missed:
        print(json.dumps({"missed": one_missed}))
    print(
        json.dumps(
            {
                "rows": rows, "search_seconds": round(searched, 1), "asked": looked.asked,
                "look_seconds": round(seconds, 1), "verdicts": looked.verdicts,
            }
        )
    )  # fmt: skip


def _taken(one: Repost, seen: dict[str, Any], mine: list[Path]) -> dict[str, Any]:
    """Which two pictures, so that a person can look at both."""
    work = next((str(p) for n, p in enumerate(mine) if _name(n) in (seen["image_url"] or "")), None)
    said = {key: seen[key] for key in ("verdict", "stage", "inliers", "alike", "spread")}
    return {"stranger": one.edit, "work": work, **said}


def _matches(case: Case) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(case.matches / "matches.parquet").to_pylist()
    return rows


def _tell(way: str, planted: int, pointed: int, verified: int) -> None:
    print(
        json.dumps(
            {
                "way": way, "planted": planted, "from_metadata": pointed, "verified": verified,
                "share": round(verified / planted, 3) if planted else None,
            }
        )
    )  # fmt: skip


if __name__ == "__main__":
    main()

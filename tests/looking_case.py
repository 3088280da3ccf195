"""A case whose rows list addresses on a server of ours: pictures drawn, edited, and worse."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from PIL import Image

from optout.case import Case
from tests.drawn import as_file, drawn
from tests.report_case import (
    CDN,
    image,
    make_case,
    match,
    reason,
    reference,
    work,
    write_matches,
    write_run,
)

Row = dict[str, Any]


def kept_case(folder: Path, pictures: dict[str, Image.Image]) -> Case:
    """A case that keeps these pictures, by file name; one work each."""
    import hashlib

    case = make_case(folder)
    records: dict[str, list[Row]] = {"images": [], "image_refs": []}
    bodies: dict[str, bytes] = {}
    for n, (name, picture) in enumerate(pictures.items()):
        body = as_file(picture)
        url = f"{CDN}/{name}"
        sha256 = hashlib.sha256(body).hexdigest()
        bodies[f"images/{name}"] = body
        md5 = hashlib.md5(body).hexdigest()
        more: Row = {"sha256": sha256, "md5": md5, "stored_as": f"images/{name}"}
        records["images"].append(image(url, size=len(body), **more))
        records["image_refs"].append(reference("/", url, n, alt=f"Drawn {name}"))
    run = write_run(case, records, time=datetime(2026, 11, 21, 10, 15, tzinfo=UTC))
    for name, body in bodies.items():
        (run / name).parent.mkdir(exist_ok=True)
        (run / name).write_bytes(body)
    return case


def work_ids(case: Case) -> dict[str, str]:
    """Image address → work, as the case has them."""
    from optout.database import open_case
    from optout.works import case_works

    with open_case(case) as connection:
        return {one.image_url: one.work_id for one in case_works(connection)}


def listed(case: Case, rows: list[Row]) -> None:
    """Write matches: each row has `url`, `name` of the picture it is said to be, and more."""
    ids = work_ids(case)
    matches, evidence = [], []
    for n, given in enumerate(rows, 1):
        name = given.get("name")
        image_url = f"{CDN}/{name}" if name else None
        tie = {"image_url": image_url, "work_id": ids.get(image_url or "")}
        row = {"url_host": "127.0.0.1", "place": "elsewhere", **tie, **given}
        row.pop("name", None)
        matches.append(match(n, "lead", ["stem_elsewhere"], **row))
        evidence.append(reason(n, "stem_elsewhere", "lead", "name", **tie))
    works = [
        work(0, url, url.rsplit("/", 1)[1]) | {"work_id": work_id} for url, work_id in ids.items()
    ]
    write_matches(case, matches=matches, evidence=evidence, works=works)
    (case.matches / "summary.json").write_text("{}", "utf-8")


def pictures(count: int = 2) -> dict[str, Image.Image]:
    return {f"drawn-{n}.png": drawn(n) for n in range(1, count + 1)}

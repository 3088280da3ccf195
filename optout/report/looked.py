"""What `optout compare` saw at the listed addresses → the parts of the page that show it."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.util import find_spec
from typing import TYPE_CHECKING

from crawler.http_date import moment
from optout.case import Case
from optout.errors import OptoutError
from optout.report.findings import MOST, Listing, Row

if TYPE_CHECKING:
    import duckdb

PICTURES = 24  # compare pictures in the page, about 60 kB each
_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Looked:
    """The last look at each match. `copies` has one row per address, with its place by `orders`."""

    at: datetime | None
    verdicts: tuple[Row, ...] = ()  # verdict, rows, addresses, hosts
    reasons: tuple[Row, ...] = ()  # why not looked at: reason, rows
    copies: Listing = field(default_factory=Listing)

    @property
    def still_served(self) -> tuple[Row, ...]:
        """Copies of pictures whose every page of the artist's is gone."""
        return tuple(row for row in self.copies.rows if row["post_gone"])

    def rows(self, verdict: str) -> int:
        """How many matches got this verdict."""
        return sum(row["rows"] for row in self.verdicts if row["verdict"] == verdict)


def looked(
    connection: duckdb.DuckDBPyConnection, case: Case, rejected: Sequence[str]
) -> Looked | None:
    """What was seen at the addresses; None where nobody has looked."""
    from optout.database import dictionaries, relation

    if not (case.looked_at / "comparisons.parquet").is_file():
        return None
    chosen = {"rejected": list(rejected)}
    found = dictionaries(relation(connection, "report_looked_verdicts", **chosen))
    copies = dictionaries(relation(connection, "report_looked_rows", **chosen, most=MOST))
    times = connection.sql("SELECT max(looked_at) AS at FROM comparisons")
    verdicts: dict[str, Row] = {}
    for row in found:
        counted = verdicts.setdefault(row["verdict"], {**row, "rows": 0, "addresses": 0})
        counted["rows"] += row["rows"]
        counted["addresses"] += row["addresses"]
    return Looked(
        at=dictionaries(times)[0]["at"],
        verdicts=tuple(verdicts.values()),
        reasons=tuple(row for row in found if row["verdict"] == "not looked at"),
        copies=Listing(tuple(_ordered(copies)), copies[0]["total"] if copies else 0),
    )


def _ordered(rows: Sequence[Row]) -> list[Row]:
    """The rows, most changed first, each with its place in the other orders."""
    keys = {
        "largest": lambda n: (-(rows[n]["width"] or 0) * (rows[n]["height"] or 0), n),
        "oldest": lambda n: (_modified(rows[n]), n),
        "host": lambda n: (rows[n]["url_host"] or "", n),
    }
    places: list[Row] = [{"changed": n} for n in range(len(rows))]
    for name, key in keys.items():
        for place, n in enumerate(sorted(range(len(rows)), key=key)):
            places[n][name] = place
    return [
        {**row, "order": place, "how": _how(row)} for row, place in zip(rows, places, strict=True)
    ]


def _modified(row: Row) -> datetime:
    """When the server says the file was last changed; what does not say comes last."""
    return moment(row["last_modified"] or "") or _NEVER


def _how(row: Row) -> str:
    """What was done to the artist's picture, in words."""
    parts = []
    if row["overlap"] is not None and row["overlap"] < 0.97:
        parts.append(f"shows {row['overlap']:.0%} of your picture")
    if row["covered"] is not None and row["covered"] < 0.97:
        parts.append(f"on {row['covered']:.0%} of its own area")
    if row["scale"] is not None:
        parts.append(f"at {row['scale']:.2f} of its size")
    parts += [word for word in ("mirrored", "inverted") if row[word]]
    if row["turn"] is not None and abs(row["turn"]) >= 1:
        parts.append(f"turned by {row['turn']:.0f}°")
    if row["stage"] == "geometry":
        parts.append(f"{row['inliers']} places agree, {row['alike']:.0%} of the blocks are alike")
    elif row["stage"] == "pdq":
        parts.append(f"picture hash (PDQ) differs in {row['pdq_distance']} of 256 bits")
    elif row["stage"] == "sha256":
        parts.append("every byte is the same")
    return ", ".join(parts)


def missing() -> str:
    """Which libraries of the extra are missing, in one line; empty where all are there."""
    from optout.vision.extra import LIBRARIES

    absent = [name for name in LIBRARIES if find_spec(name) is None]
    return ", ".join(absent)


def compare_pictures(case: Case, rows: Sequence[Row]) -> dict[str, str]:
    """match_id → data: address of both pictures, aligned; none without the extra or the files."""
    if missing() or not rows:
        return {}
    from optout.database import open_case
    from optout.looking.known import known
    from optout.looking.run import images_once

    try:
        with open_case(case) as connection:
            images_once(connection)
            kept = known(connection, case)
    except OptoutError:
        return {}
    found: dict[str, str] = {}
    for row in rows[:PICTURES]:
        mine = kept.path(row["image_url"] or "")
        theirs = case.looked_at / "files" / (row["sha256"] or "none")
        if mine and mine.is_file() and theirs.is_file():
            drawn = _drawn(mine.read_bytes(), theirs.read_bytes())
            found |= {row["match_id"]: drawn} if drawn else {}
    return found


def _drawn(mine: bytes, theirs: bytes) -> str | None:
    from PIL import Image

    from optout.vision.compare_picture import compare_picture
    from optout.vision.decode import Picture, decode
    from optout.vision.verify import compare, look

    one, two = decode(mine), decode(theirs)
    if not isinstance(one, Picture) or not isinstance(two, Picture):
        return None
    sheet = compare_picture(one.pixels, two.pixels, compare(look(mine), look(theirs)))
    out = io.BytesIO()
    with Image.open(io.BytesIO(sheet)) as picture:
        picture.convert("RGB").save(out, "JPEG", quality=75)
    return "data:image/jpeg;base64," + base64.b64encode(out.getvalue()).decode("ascii")

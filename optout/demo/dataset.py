"""planted.toml and invented noise → a Parquet file shaped like Re-LAION-5B.

`python -m optout.demo.dataset` writes the bundled file again, for the preferred ports.
"""

from __future__ import annotations

import hashlib
import random
import tomllib
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from optout.demo.pictures import PICTURES
from optout.demo.server import PREFERRED, Addresses, at

if TYPE_CHECKING:
    import pyarrow as pa

FILE = "laion_demo.parquet"

# The invented rows: words of captions, and the hosts their pictures are said to be on.
_ADJECTIVES = ("quiet", "blue", "wooden", "early", "borrowed", "northern", "small", "striped")
_NOUNS = ("bicycle", "kettle", "staircase", "raincoat", "orange", "bridge", "lantern", "garden")
_KINDS = ("photo", "poster", "vector", "wallpaper", "pattern", "icon", "sketch", "mockup")
_HOSTS = 400

Row = dict[str, Any]


@cache
def planted() -> dict[str, Any]:
    """planted.toml as it is."""
    return tomllib.loads((resources.files(__package__) / "planted.toml").read_text("utf-8"))


def bundled() -> bytes:
    """The shipped data set: its rows name the preferred ports."""
    return (resources.files(__package__) / FILE).read_bytes()


def write_dataset(path: Path, where: Addresses) -> None:
    """Write the data set for the addresses the demo is served at."""
    if where == at(*PREFERRED):
        path.write_bytes(bundled())
    else:
        _write(path, where)


def table(where: Addresses) -> pa.Table:
    """The 15 columns of Re-LAION-5B, sizes as doubles so that NaN can occur as in LAION-5B."""
    import pyarrow as pa

    return pa.Table.from_pylist(rows(where), _schema())


def rows(where: Addresses) -> list[Row]:
    """Every row, in order. The same addresses give the same rows."""
    facts = planted()
    dice = random.Random("laion_demo")  # noqa: S311 – invented rows, no secret
    found = [_noise(dice, number) for number in range(facts["rows"])]
    for entry in facts["row"]:
        found[entry["row"]] |= _planted(entry, where)
    for entry in facts["decoy"]:
        for n in range(entry.get("count", 1)):
            found[entry["row"] + n] |= {
                "url": entry["url"].replace("{n}", str(n)) or None,
                "caption": entry["caption"].replace("{n}", str(n)),
            }
    return [row | {"hash": _hash(row)} for row in found]


def fill(text: str, where: Addresses) -> str:
    """An address of planted.toml for the addresses the demo is served at."""
    site = urlsplit(where.site)
    text = text.replace("{{site_host}}", site.netloc).replace("{{site_port}}", str(site.port))
    return where.fill(text)


def _planted(entry: Row, where: Addresses) -> Row:
    row: Row = {"url": fill(entry["url"], where), "caption": entry["caption"]}
    if "shows" in entry:
        body = (resources.files(__package__) / "site" / entry["shows"]).read_bytes()
        width, height = (float(side) for side in PICTURES[entry["shows"]])
        row |= {"md5": hashlib.md5(body, usedforsecurity=False).hexdigest()}
        row |= {"original_width": width, "original_height": height}
    elif entry.get("md5") == "none":
        nan = float("nan")
        row |= {"md5": None, "status": "failed_to_download", "error_message": "timed out"}
        row |= {"width": nan, "height": nan, "original_width": nan, "original_height": nan}
    return row


def _noise(dice: random.Random, number: int) -> Row:
    # Only random() is promised to give the same numbers in every version of Python.
    def one_of(things: tuple[str, ...]) -> str:
        return things[int(dice.random() * len(things))]

    words = f"{one_of(_ADJECTIVES)} {one_of(_NOUNS)} {one_of(_KINDS)}"
    host = f"host-{int(dice.random() * _HOSTS):03}.example"
    digest = hashlib.sha256(f"{number} {words}".encode()).hexdigest()
    width, height = (float(int(256 + dice.random() * 1500)) for _ in range(2))
    return {
        "url": f"https://{host}/{digest[:2]}/{digest[2:14]}.jpg",
        "caption": f"{words} {number}",
        "similarity": round(0.28 + 0.12 * dice.random(), 6),
        "pwatermark": round(dice.random(), 4),
        "punsafe": round(0.4 * dice.random() ** 3, 6),
        "key": f"{number:09}",
        "status": "success",
        "error_message": None,
        "width": 256.0,
        "height": 256.0,
        "original_width": width,
        "original_height": height,
        "exif": "{}",
        "md5": digest[:32],
    }


def _hash(row: Row) -> int:
    text = f"{row['url'] or ''}{row['caption']}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big", signed=True)


def _schema() -> pa.Schema:
    import pyarrow as pa

    return pa.schema(
        [
            ("url", pa.string()),
            ("caption", pa.string()),
            ("similarity", pa.float64()),
            ("hash", pa.int64()),
            ("pwatermark", pa.float32()),
            ("punsafe", pa.float32()),
            ("key", pa.string()),
            ("status", pa.string()),
            ("error_message", pa.string()),
            ("width", pa.float64()),
            ("height", pa.float64()),
            ("original_width", pa.float64()),
            ("original_height", pa.float64()),
            ("exif", pa.string()),
            ("md5", pa.string()),
        ]
    )


def _write(path: Path, where: Addresses) -> None:
    import pyarrow.parquet as pq

    pq.write_table(table(where), path, compression="zstd", compression_level=19)


if __name__ == "__main__":
    _write(Path(__file__).with_name(FILE), at(*PREFERRED))

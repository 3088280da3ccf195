"""Invented artists as the members of an organisation → what one search for them all costs.

python tests/benchmarks/members.py DATA [--members N] [--folder DIR]

DATA is what laion_shaped.py wrote with --artists. Three rows of the members file are broken; every
other member gets a case with a finished crawl of their pictures. Prints the time of the import, of
the scan and of the cases behind it, the bytes that were read beside those of the data, the rows
found for how many members, and the peak memory.
"""

from __future__ import annotations

import argparse
import csv
import resource
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).parents[2]))

from optout.errors import OptoutError
from optout.members.choosing import choose
from optout.members.importing import import_members
from optout.members.matching import match_members
from optout.members.register import Member, Organisation
from tests.test_matching import image, observe, ref

_HEADER = ("member number", "names", "sites", "mandate date", "status")
_BROKEN = {7: "mandate date", 1000: "sites", 2500: "member number"}
_BAD = {"mandate date": "31.02.2025", "sites": "not a site", "member number": ""}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--members", type=int, default=5000)
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    artists = pq.read_table(given.data / "artists.parquet").slice(0, given.members).to_pylist()
    with tempfile.TemporaryDirectory() as folder:
        _run(given.data, artists, given.folder or Path(folder))


def _run(data: Path, artists: list[dict[str, Any]], folder: Path) -> None:
    file = folder / "members.csv"
    folder.mkdir(parents=True, exist_ok=True)
    _write(file, artists)
    organisation = Organisation(folder / "org")
    begun = time.monotonic()
    done = import_members(file, organisation, today=date(2026, 1, 1))
    print(f"import: {time.monotonic() - begun:.1f} s, {len(done.new):,} new, broken rows:", [
        (one.line, one.column) for one in done.broken
    ])  # fmt: skip
    members = choose(organisation)
    begun = time.monotonic()
    _crawled(organisation, members, artists)
    print(f"crawls made up: {time.monotonic() - begun:.1f} s", flush=True)
    _match(organisation, members, data)


def _match(organisation: Organisation, members: list[Member], data: Path) -> None:
    told: list[float] = []
    before, begun, used = _read(), time.monotonic(), time.process_time()
    found = match_members(
        organisation,
        members,
        [str(data / "rows")],
        progress=lambda *_: told.append(time.monotonic() - begun),
    )
    took = time.monotonic() - begun
    size = sum(path.stat().st_size for path in (data / "rows").iterdir())
    rows = {number: one.data["matches"] for number, one in found.summaries.items()}
    print(
        f"search: {took:.1f} s ({time.process_time() - used:.1f} cpu), of these the scan until "
        f"{max(told, default=0):.1f} s; read {(_read() - before) / 1e9:.2f} GB, the data have "
        f"{size / 1e9:.2f} GB; {sum(rows.values()):,} rows for "
        f"{sum(one > 0 for one in rows.values()):,} of {len(rows):,} members; "
        f"failed {found.failed}; peak "
        f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024:,} MB"
    )


def _write(file: Path, artists: list[dict[str, Any]]) -> None:
    with file.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.DictWriter(opened, _HEADER)
        writer.writeheader()
        for number, artist in enumerate(artists, 1):
            row = {
                "member number": f"{number:05}",
                "names": artist["name"],
                "sites": "; ".join(f"https://{host}/" for host in artist["hosts"]),
                "mandate date": "2025-11-04",
                "status": "active",
            }
            broken = _BROKEN.get(number)
            writer.writerow(row | ({broken: _BAD[broken]} if broken else {}))


def _crawled(
    organisation: Organisation, members: list[Member], artists: list[dict[str, Any]]
) -> None:
    for member in members:
        pictures = artists[int(member.number) - 1]["pictures"]
        images = [{**image(one["url"]), "md5": one["md5"]} for one in pictures]
        refs = [ref(one["url"], one["alt"]) for one in pictures]
        try:
            observe(organisation.case(member), images=images, image_refs=refs)
        except FileExistsError:  # by an earlier run of this script in the same folder
            continue
        except OptoutError as error:
            print(member.number, error.message)


def _read() -> int:
    """Bytes that this process has read so far, from files or the cache of the system."""
    lines = Path("/proc/self/io").read_text("ascii").splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("rchar")))


if __name__ == "__main__":
    main()

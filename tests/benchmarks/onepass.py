"""Made-up rows and artists → what one pass for them costs, printed beside plain scans.

python tests/benchmarks/onepass.py FOLDER [--rounds N] [--threads N]

FOLDER is what laion_shaped.py wrote with --artists 5000. Each pass is set against the least that
any search must do, `SELECT sum(strlen(url))` with the same database and threads, and every planted
row must be found. Each is run N times, and the quickest counts: the machine may have other work,
which disturbs the seconds of the processors less. Peak memory is that of a process of its own.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).parents[2]))

from optout.database import connect
from optout.datasets import resolve
from optout.identity import identify
from optout.matching.artist import Artist, Known, Text, _stems
from optout.matching.declared import read
from optout.matching.raw import RawFiles
from optout.matching.scan import Scan, scan
from optout.matching.sieve import Sieve
from optout.matching.texts import names, normal
from optout.matching.wanted import wanted
from tests.benchmarks.laion_shaped import Artist as Invented
from tests.benchmarks.laion_shaped import read_people


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--only", choices=_PASSES, help="one pass, once: for its peak memory")
    args = parser.parse_args()
    if args.only:
        _pass(args.folder, args.only, args.threads)
        print(_own_peak())
        return
    with closing(connect()) as connection:
        _threads(connection, args.threads)
        threads = connection.sql("SELECT current_setting('threads')").fetchall()[0][0]
        files = resolve([str(args.folder / "rows")])
        rows = sum(file.columns.rows or 0 for file in files)
        print(f"DuckDB {duckdb.__version__}, {threads} threads, {rows:,} rows, {len(files)} files")
        plain = {name: _quickest(args.rounds, _plain, connection, args.folder, sql)
                 for name, sql in _PLAIN.items()}  # fmt: skip
    for name, (seconds, cpu) in plain.items():
        print(f"{name:<42} {seconds:7.2f} s {cpu:7.2f} cpu {rows / seconds:12,.0f} rows/s")
    for name, (_, captions, _) in _PASSES.items():
        seconds, cpu = _quickest(args.rounds, _pass, args.folder, name, args.threads)
        least, least_cpu = plain["addresses and texts" if captions else "addresses"]
        print(
            f"{name:<42} {seconds:7.2f} s {cpu:7.2f} cpu {rows / seconds:12,.0f} rows/s · times "
            f"{seconds / least:.2f} ({cpu / least_cpu:.2f} cpu) · "
            f"peak {_peak(args.folder, name, args.threads):,} MB"
        )


# Name of a pass → artists (of those written), whether texts are looked at, whether names alone.
_PASSES: dict[str, tuple[int, bool, bool]] = {
    "1 artist": (1, False, False),
    "5,000 artists": (5000, False, False),
    "1 artist and texts": (1, True, False),
    "5,000 names in texts": (5000, True, True),
    "5,000 artists and texts": (5000, True, False),
}
_URL = "SELECT sum(strlen(URL)) FROM read_parquet('{}/rows/*.parquet')"
_PLAIN = {
    "addresses": _URL,
    "addresses and texts": _URL.replace("))", ")), sum(strlen(TEXT))", 1),
    # What a few lines of SQL find for the first artist: same address, host, name of the file.
    "exact, host and file name, in plain SQL": (
        "SELECT count(*) FROM read_parquet('{}/rows/*.parquet') "
        "WHERE URL IN (SELECT url FROM mine) "
        "OR split_part(URL, '/', 3) IN (SELECT split_part(url, '/', 3) FROM mine) "
        "OR parse_filename(URL) IN (SELECT parse_filename(url) FROM mine)"
    ),
}


def _plain(connection: duckdb.DuckDBPyConnection, folder: Path, sql: str) -> None:
    mine = pa.table({"url": [p.url for p in read_people_once(folder)[0].pictures]})
    connection.register("mine", mine)
    connection.sql(sql.format(folder)).fetchall()


_PEOPLE: dict[Path, list[Invented]] = {}
_ARTISTS: dict[tuple[Path, int], list[Artist]] = {}


def read_people_once(folder: Path) -> list[Invented]:
    """The artists written with the rows."""
    return _PEOPLE.setdefault(folder, _PEOPLE.get(folder) or read_people(folder))


def _artists(folder: Path, number: int) -> list[Artist]:
    if (folder, number) not in _ARTISTS:
        _ARTISTS[folder, number] = [as_searched(one) for one in read_people_once(folder)[:number]]
    return _ARTISTS[folder, number]


def as_searched(one: Invented) -> Artist:
    """What a case of this artist would be gathered to."""
    known = tuple(Known(p.url, p.url, 1, None, identify(p.url)) for p in one.pictures)
    pictures = frozenset(p.url for p in one.pictures)
    declared, not_searched = read([f"https://{host}/" for host in one.hosts], [])
    return Artist(
        pictures=pictures,
        archived=frozenset(),
        known=known,
        keys=frozenset(k.identity.key for k in known if k.identity.key),
        hashes=frozenset(p.md5 for p in one.pictures),
        stems=_stems(known, pictures),
        texts={normal(p.alt): Text(p.alt, p.url) for p in one.pictures},
        common_texts=(),
        names=names([one.name]),
        declared=tuple(declared),
        not_searched=tuple(not_searched),
    )


def _pass(folder: Path, name: str, threads: int) -> tuple[float, float]:
    """One pass; what was planted must be found."""
    number, captions, names_alone = _PASSES[name]
    artists = _artists(folder, number)
    if names_alone:
        artists = [_by_name(one) for one in artists]
    files = resolve([str(folder / "rows")])
    begun, cpu = time.perf_counter(), time.process_time()
    with closing(RawFiles(Sieve(wanted(artists, captions)), threads)) as source:
        found = scan(source, files, artists, captions=captions)
    seconds, cpu = time.perf_counter() - begun, time.process_time() - cpu
    ties = {"name"} if names_alone else _TIES - ({"alt", "name"} if not captions else set())
    _hold_to_truth(folder, found, number, ties)
    return seconds, cpu


_TIES = {"exact", "lossless", "size", "proxy", "host", "stem", "alt", "name", "hash"}


def _by_name(one: Artist) -> Artist:
    return replace(
        one, known=(), keys=frozenset(), hashes=frozenset(), stems={}, texts={}, declared=()
    )


def _hold_to_truth(folder: Path, found: Scan, number: int, ties: set[str]) -> None:
    people = [one.artist for one in read_people_once(folder)[:number]]
    planted = {
        (row["artist"], row["dataset_file"], row["dataset_row"])
        for row in pq.read_table(folder / "truth.parquet").to_pylist()
        if row["artist"] in set(people) and row["tie"] in ties
    }
    listed = {
        (artist, row["dataset_file"], row["dataset_row"])
        for artist, table in zip(people, found.candidates, strict=True)
        for row in table.select(["dataset_file", "dataset_row"]).to_pylist()
    }
    missing = planted - listed
    assert not missing, f"{len(missing)} of {len(planted)} planted rows: {sorted(missing)[:3]}"


def _threads(connection: duckdb.DuckDBPyConnection, threads: int) -> None:
    if threads:
        connection.execute(f"SET threads = {threads}")


def _quickest(rounds: int, what: Callable[..., Any], *arguments: Any) -> tuple[float, float]:
    """Seconds and seconds of the processors, the least of each."""
    taken = []
    for _ in range(rounds):
        begun, cpu = time.perf_counter(), time.process_time()
        own = what(*arguments)
        taken.append(own or (time.perf_counter() - begun, time.process_time() - cpu))
    return min(one[0] for one in taken), min(one[1] for one in taken)


def _own_peak() -> int:
    """Megabytes. The kernel's other count, ru_maxrss, begins with that of the parent process."""
    status = Path("/proc/self/status").read_text("utf-8")
    return int(status.partition("VmHWM:")[2].split()[0]) // 1024


def _peak(folder: Path, name: str, threads: int) -> int:
    command: Sequence[str] = [sys.executable, __file__, str(folder), "--only", name,
                              "--threads", str(threads)]  # fmt: skip
    done = subprocess.run(command, capture_output=True, check=True, text=True, env=dict(os.environ))
    return int(done.stdout.split()[-1])


if __name__ == "__main__":
    main()

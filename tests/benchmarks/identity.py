"""Pairs, negatives and addresses → recall by level, false merges and speed, printed.

python tests/benchmarks/identity.py [SUITE] [--addresses FILE ...] [--repeat N] [--processes N]

SUITE holds pairs.jsonl (variant, canonical_candidate, quality) and negatives.jsonl (a, b), each two
addresses of one picture, or of two. Pairs are told apart in two halves by a hash of their domain,
so that rules can be written on one and tried on the other. FILE is a Parquet file with a column
named URL, or a CSV file whose last column holds addresses; they are timed one by one, and N times
over in bulk. What is not named is looked for in the reference material: $OPTOUT_SHARED, else the
folder `shared` beside the checkout. Where that is absent too, made-up addresses are timed.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import os
import random
import resource
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from w3lib.url import canonicalize_url

from optout.database import connect
from optout.identity import ELSEWHERE, SAME_DOMAIN, Identity, identify, registered_domain
from optout.identity.bulk import keys, keys_of_many, register

LEVELS = (1, 2, 3, 4, 5, 6)
SHARED = Path(os.environ.get("OPTOUT_SHARED") or Path(__file__).parents[2].parent / "shared")
_LAION = SHARED / "data" / "laion"
FILES = (
    _LAION / "img2dataset_testfiles" / "test_10000.parquet",
    _LAION / "laion_aesthetics_samples" / "laion_art_2000_urls.csv",
)
_ROUNDS = 9  # the machine may have other things to do: the quickest round counts


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("suite", type=Path, nargs="?", default=SHARED / "suites" / "url_identity")
    parser.add_argument("--addresses", type=Path, nargs="*", default=FILES)
    parser.add_argument("--repeat", type=int, default=20)
    parser.add_argument("--processes", type=int, default=2)
    args = parser.parse_args()
    if (args.suite / "pairs.jsonl").is_file():
        _recall(args.suite)
    else:
        print(f"recall and false merges are not measured: there is no {args.suite / 'pairs.jsonl'}")
    urls = [url for file in args.addresses if file.is_file() for url in _addresses(file)]
    if not urls:
        print("no file of real addresses is there: made-up ones are timed")
        urls = _made_up()
    _rows_have_keys(urls)
    _speed(urls, args.repeat, args.processes)


def _recall(suite: Path) -> None:
    pairs = [pair for pair in _lines(suite / "pairs.jsonl") if pair["quality"] == "A"]
    for half in (0, 1, None):
        some = [pair for pair in pairs if half in (None, _half(pair))]
        found = Counter(_level(pair["variant"], pair["canonical_candidate"]) for pair in some)
        name = "all pairs" if half is None else f"half {half}"
        print(f"{name}: {len(some)} pairs; {_shares(found, len(some))}")
    negatives = list(_lines(suite / "negatives.jsonl"))
    merged = Counter(_level(pair["a"], pair["b"]) for pair in negatives)
    print(f"negatives: {len(negatives)} pairs; {_shares(merged, len(negatives))}")
    rules = Counter(
        (identify(pair["variant"]).rule or "none").split("+")[0] for pair in pairs
        if _level(pair["variant"], pair["canonical_candidate"]) in LEVELS[:4]
    )  # fmt: skip
    print("rules first in line:", ", ".join(f"{name} {n}" for name, n in rules.most_common(12)))


def _half(pair: dict[str, Any]) -> int:
    host = identify(pair["canonical_candidate"]).host or identify(pair["variant"]).host or ""
    return hashlib.sha256(registered_domain(host).encode()).digest()[0] & 1


def _level(a: str, b: str) -> int | None:
    one, other = identify(a), identify(b)
    if one.key == other.key:
        return 1 if a == b else max(one.level or 0, other.level or 0)
    if not one.candidate_key or not other.candidate_key:
        return None
    if one.candidate_key == other.candidate_key:
        return SAME_DOMAIN
    return ELSEWHERE if _stem(one) == _stem(other) and "/" not in _stem(one) else None


def _stem(identity: Identity) -> str:
    return (identity.candidate_key or "").partition("/")[2]


def _shares(found: Counter[int | None], total: int) -> str:
    by_level = ", ".join(f"level {level} {found[level] / total:.1%}" for level in LEVELS)
    same = sum(found[level] for level in LEVELS[:4]) / total
    any_level = sum(found[level] for level in LEVELS) / total
    return f"{by_level}; levels 1-4 {same:.2%}, with candidates {any_level:.2%}"


def _rows_have_keys(urls: list[str]) -> None:
    none = sum(identify(url).key is None for url in urls)
    candidates = sum(identify(url).candidate_key is not None for url in urls)
    print(f"addresses: {len(urls)}; without a key {none}; with a candidate key {candidates}")


def _speed(urls: list[str], repeat: int, processes: int) -> None:
    # Turn by turn, so that a slow moment of the machine slows both.
    rounds = [(_seconds(identify, urls), _seconds(canonicalize_url, urls)) for _ in range(_ROUNDS)]
    own, peer = (min(times) for times in zip(*rounds, strict=True))
    print(
        f"one by one: identify {own / len(urls) * 1e6:.1f} µs, canonicalize_url "
        f"{peer / len(urls) * 1e6:.1f} µs of processor time per address, ratio {own / peer:.2f}"
    )
    array = pa.array(urls, pa.string())
    _rate("bulk, 1 process", repeat * len(urls), lambda: _drain(map(keys, [array] * repeat)))
    _rate(
        f"bulk, {processes} processes",
        repeat * len(urls),
        lambda: _drain(keys_of_many((array for _ in range(repeat)), processes)),
    )
    _rate("database", repeat * len(urls), lambda: _in_database(array, repeat))


def _in_database(array: pa.Array, repeat: int) -> None:
    with connect() as connection:
        register(connection)
        connection.register("rows", pa.table({"url": array}))
        connection.sql(f"SELECT count(url_key(url).key) FROM rows, range({repeat})").fetchall()


def _seconds(function: Callable[[str], object], urls: list[str]) -> float:
    begun = time.process_time()
    for url in urls:
        function(url)
    return time.process_time() - begun


def _rate(name: str, rows: int, run: Callable[[], None]) -> None:
    begun, before = time.perf_counter(), _processor_time()
    run()
    rate = rows / (time.perf_counter() - begun)
    each = (_processor_time() - before) / rows * 1e6
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{name}: {rate:,.0f} rows/s, {each:.1f} µs of processor time per row with the start of "
        f"processes; most memory so far {peak:,.0f} MiB"
    )


def _processor_time() -> float:
    """Seconds, of this process and of those it started that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _drain(tables: Iterable[pa.Table]) -> None:
    for _ in tables:
        pass


def _lines(file: Path) -> Iterator[dict[str, Any]]:
    with file.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def _addresses(file: Path) -> Iterator[str]:
    if file.suffix == ".parquet":
        yield from filter(None, pq.read_table(file).column("URL").to_pylist())
        return
    with file.open(encoding="utf-8", newline="") as lines:
        yield from [row[-1] for row in csv.reader(lines)][1:]


_FOLDERS = (
    "art", "wp-content/uploads/2019/03", "images", "media/catalog/product", "thumbs", "300x200",
    "large", "files/styles/large/public", "gallery", "2017", "assets", "p", "image/cache/data",
)  # fmt: skip
_WORDS = ("red", "fox", "in", "snow", "img", "dsc", "portrait", "winter", "blue", "horse", "study")
_ENDS = ("", "", "", "", "-300x200", "_large", "-1024x768", "_m", "@2x", "-scaled", "_1200")
_QUERIES = ("", "", "", "", "?w=300", "?v=1571438579", "?id=7&size=large", "?utm_source=x&crop=1")


def _made_up(number: int = 12_000) -> list[str]:
    """Addresses of invented sites, the same ones every time."""
    some = random.Random(number)
    return [_one_made_up(some) for _ in range(number)]


def _one_made_up(some: random.Random) -> str:
    host = f"{some.choice(('www.', '', '', 'cdn.'))}artist-{some.randrange(4000)}.example"
    folders = "/".join(some.choices(_FOLDERS, k=some.randrange(4)))
    name = "-".join([*some.choices(_WORDS, k=some.randrange(1, 5)), str(some.randrange(10**6))])
    end, query = some.choice(_ENDS), some.choice(_QUERIES)
    return f"https://{host}/{folders}{'/' if folders else ''}{name}{end}.jpg{query}"


if __name__ == "__main__":
    main()

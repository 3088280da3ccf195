"""Pictures, edits of them and the truth → how often the comparison finds and errs.

The road is the one in use: hash stage, votes, geometry. Every pair of a query and a reference
that the truth does not name is a wrong pair, whether or not it came as far as geometry.
"""

from __future__ import annotations

import csv
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from optout.errors import VisionError
from optout.vision.edits import EDITS, Edit, edited
from optout.vision.measures import Pair, Truth
from optout.vision.references import References, find, references
from optout.vision.verify import Seen, look

HALVES = ("choosing", "holding out")
T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Query:
    """A query picture: its name, what was done to it, its half, how to get its bytes."""

    name: str
    edit: str
    half: str
    data: Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a measurement gave; `asked` are the queries in order, `unread` files without pixels."""

    asked: tuple[Query, ...]
    names: tuple[str, ...]
    truth: Truth
    pairs: tuple[Pair, ...]
    unread: tuple[tuple[str, str], ...]
    seconds: dict[str, float]


def picture_files(folder: Path) -> list[Path]:
    """All files below a folder, sorted; hidden ones left out. Raises VisionError when empty."""
    found = sorted(p for p in folder.rglob("*") if p.is_file() and not p.name.startswith("."))
    if not found:
        raise VisionError(f"no files in {folder}", "name a folder that holds pictures")
    return found


def suite_queries(
    folder: Path, files: Sequence[Path], edits: Sequence[Edit] = EDITS, seed: int = 1
) -> tuple[list[Query], set[tuple[str, str]]]:
    """Every edit of every picture, and the truth. Pictures alternate between the two halves.

    Each half has its own pictures, seeds, fonts and frames.
    """
    queries, truth = [], set()
    for number, path in enumerate(files):
        family = number % 2
        reference = name_in(folder, path)
        for edit in edits:
            name = f"{reference} · {edit.name}"
            data = _maker(edit, path, seed * 1_000_003 + number, family)
            queries.append(Query(name, edit.name, HALVES[family], data))
            truth.add((name, reference))
    return queries, truth


def name_in(folder: Path, path: Path) -> str:
    return path.relative_to(folder).as_posix()


def _maker(edit: Edit, path: Path, seed: int, family: int) -> Callable[[], bytes]:
    def make() -> bytes:
        from PIL import Image

        with Image.open(path) as picture:
            return edited(edit, picture, seed, family)

    return make


def folder_queries(folder: Path) -> list[Query]:
    """Every file of a folder as a query."""
    return [Query(name_in(folder, path), "", "", path.read_bytes) for path in picture_files(folder)]


def read_truth(path: Path) -> set[tuple[str, str]]:
    """pairs.csv with the columns query and reference. Raises VisionError."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
            return {(row["query"], row["reference"]) for row in rows}
    except (KeyError, UnicodeDecodeError, csv.Error) as error:
        raise VisionError(
            f"{path} is no table of true pairs", "a CSV file with the columns query,reference"
        ) from error


def evaluate(
    known: Sequence[tuple[str, Path]],
    queries: Sequence[Query],
    truth: set[tuple[str, str]],
    *,
    jobs: int = 1,
    cache: Path | None = None,
    progress: Callable[[str, int, int], None] = lambda what, done, total: None,
) -> Outcome:
    """Look every query up among the references (name, file). Raises VisionError.

    Features of the references are kept under `cache`, so that a second measurement is quicker.
    """
    names = [name for name, _ in known]
    _check_truth(truth, names, queries)
    begun = time.perf_counter()
    seen = _all(
        lambda one: _ready(look(one[1].read_bytes(), cache)), known, jobs, "references", progress
    )
    looked = time.perf_counter()
    index = references(seen)
    indexed = time.perf_counter()
    answers = _all(lambda one: _answered(one, index, names), queries, jobs, "queries", progress)
    ended = time.perf_counter()
    unread = [(n, s.fingerprint.reason) for n, s in zip(names, seen, strict=True)]
    return Outcome(
        asked=tuple(queries),
        names=tuple(names),
        truth=frozenset(truth),
        pairs=tuple(pair for found, _ in answers for pair in found),
        unread=tuple((name, reason) for name, reason in unread if reason),
        seconds={
            "references": looked - begun,
            "index": indexed - looked,
            "queries": ended - indexed,
        },
    )


def _check_truth(truth: Truth, names: Sequence[str], queries: Sequence[Query]) -> None:
    asked = {one.name for one in queries}
    known = set(names)
    for query, reference in sorted(truth):
        if query not in asked or reference not in known:
            what = f"query {query}" if query not in asked else f"reference {reference}"
            raise VisionError(
                f"the table of true pairs names the {what}, which is not there",
                "names are paths below the folder, with /",
            )


def _ready(seen: Seen) -> Seen:
    if seen.small is not None:
        _ = seen.features
    return seen


def _answered(
    query: Query, index: References, names: Sequence[str]
) -> tuple[list[Pair], str | None]:
    seen = look(query.data())
    pairs = [Pair(query.name, names[i], one) for i, one in find(seen, index)]
    return pairs, seen.fingerprint.reason


def _all(
    do: Callable[[T], R],
    items: Sequence[T],
    jobs: int,
    what: str,
    progress: Callable[[str, int, int], None],
) -> list[R]:
    """`do` of every item, in order, in threads: OpenCV, numpy and faiss let go of the lock."""
    done = []
    with ThreadPoolExecutor(max(1, jobs)) as pool:
        for result in pool.map(do, items):
            done.append(result)
            if len(done) % 50 == 0 or len(done) == len(items):
                progress(what, len(done), len(items))
    return done

"""A folder, and what an index is to be made of → what is there, and what is sorted together."""

from __future__ import annotations

import filecmp
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from crawler.whole import write_whole
from optout.datasets import DataFile
from optout.errors import DatasetError
from optout.index import layout
from optout.index.layout import Copied, Manifest, Source

_STATE = ".build"
# Of the memory allowed: so many rows are sorted at a time, and what a row takes while sorted. Where
# that is more than the memory, the rest is spilled.
_BYTES_A_ROW, _SORTED_BYTES_A_ROW = 160, 500
_UNITS = {"": 1, "k": 1000, "m": 10**6, "g": 10**9, "t": 10**12}


def finished(out: Path, sources: Sequence[Source]) -> Manifest | None:
    """The index that is there already. Raises DatasetError when it is another one."""
    if not (out / layout.MANIFEST).exists():
        return None
    manifest = layout.read_manifest(out)
    if [_place(one) for one in manifest.sources] != [_place(one) for one in sources]:
        raise DatasetError(
            f"{out} holds an index of other files, or of an earlier state of them",
            "name another folder with --out",
        )
    return manifest


def _place(one: Source) -> tuple[str | int, ...]:
    return one.dataset, one.edition, one.name, one.size, one.sha256


def begin(out: Path, plan: dict[str, Any]) -> Path:
    """The folder of the build's state; a plan that is there must be the same."""
    state, text = out / _STATE, json.dumps({**plan, "rules": layout.rules_digest()}, indent=1)
    if state.is_dir():
        kept = state / "plan.json"
        if kept.is_file() and kept.read_text("utf-8", errors="replace") != text:
            raise DatasetError(
                f"{out} holds an unfinished index of other files, or these have changed since",
                f"name another folder with --out, or delete {out}",
            )
    elif out.is_dir() and any(out.iterdir()):
        raise DatasetError(f"{out} is not empty", "name a new folder with --out")
    state.mkdir(parents=True, exist_ok=True)
    write_whole(state / "plan.json", text, lasting=True)
    return state


def each_once(
    files: Sequence[DataFile], before: Sequence[DataFile]
) -> tuple[list[DataFile], list[Copied]]:
    """The files without copies, as a search of the files counts; and those left out.

    Raises DatasetError when nothing is left, or a file can no longer be read.
    """
    from optout.matching.twins import without_twins

    kept, twins = without_twins(files, before)
    if twins and not kept:
        file, other = twins[0]
        raise DatasetError(f"{file} holds the same as {other}", "leave these files out")
    return kept, [Copied(*one) for one in twins]


def refuse_twice(sources: Sequence[Source]) -> None:
    """Raises DatasetError where a file, or its copy, would be in an index twice."""
    names: set[tuple[str, str, str]] = set()
    alike: dict[tuple[str, str, int, str], Source] = {}
    for one in sources:
        whose = (one.dataset, one.edition)
        other = alike.setdefault((*whose, one.size, one.sha256), one)
        if (*whose, one.name) in names or (other is not one and _same(one, other)):
            raise DatasetError(
                f"{one.name} of {one.edition or one.dataset} is in more than one of these indexes",
                "merge indexes of different files",
            )
        names.add((*whose, one.name))


def _same(one: Source, other: Source) -> bool:
    """Whether two files whose hashes agree are the same; of Parquet files those of the footers."""
    try:
        return filecmp.cmp(one.path, other.path, shallow=False)
    except OSError:
        return True


def runs(files: Sequence[DataFile], most: int) -> list[list[tuple[int, DataFile]]]:
    """Numbered files in groups of at most `most` rows, or of one file, that are sorted together."""
    runs: list[list[tuple[int, DataFile]]] = [[]]
    rows = 0
    for numbered in enumerate(files):
        size = rows_in(numbered[1])
        if runs[-1] and rows + size > most:
            runs.append([])
            rows = 0
        runs[-1].append(numbered)
        rows += size
    return runs


def rows_at_once(memory: str) -> int:
    """How many rows are sorted together. Raises DatasetError for what is no size.

    >>> rows_at_once("4GB")
    25000000
    """
    return max(1, size(memory) // _BYTES_A_ROW)


def spilling(rows: int, memory: str) -> bool:
    """Whether so many rows are too many to be sorted in memory. Raises DatasetError as `size`.

    >>> spilling(5_000_000, "4GB"), spilling(10_000_000, "4GB")
    (False, True)
    """
    return rows * _SORTED_BYTES_A_ROW > size(memory)


def for_database(memory: str) -> str:
    """What of the memory allowed the database may have: the writer of the tables needs some, too.

    >>> for_database("4GB")
    '3200000000B'
    """
    return f"{size(memory) * 4 // 5}B"


def rows_in(file: DataFile) -> int:
    """How many rows a file has. A text file does not say so; each has a hundred bytes or more."""
    return file.columns.rows or file.size // 100


def size(memory: str) -> int:
    """The bytes that a text such as "4GB" means. Raises DatasetError for what is no size."""
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?\s*", memory, re.I)
    if not found:
        raise DatasetError(f"{memory!r} is no size", "write for example --memory 4GB")
    return int(float(found[1]) * _UNITS[found[2].lower()])

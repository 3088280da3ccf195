"""Shards and query vectors → the rows that reach the threshold, each shard searched once.

What a shard gave is kept until the search is over, so one that was stopped goes on with the next.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crawler.whole import whole
from optout.embeddings.arithmetic import Arithmetic, arithmetic
from optout.embeddings.kept import Pairs
from optout.embeddings.scan import Found, Question, scan
from optout.embeddings.shards import NotSearched, Shard
from optout.errors import EmbeddingError

_VERSION = 1  # of what is kept; a change in what counts as a hit raises it

# Gets shards done, shards in all, rows done, rows in all.
Progress = Callable[[int, int, int, int], None]


@dataclass(frozen=True, slots=True)
class Hit:
    """A row of a shard that a query found."""

    query: int
    shard: Shard
    row: int  # zero-based
    score: float  # inner product, rounded to 1e-6


@dataclass(frozen=True, slots=True)
class Damaged:
    """A row that could not be compared."""

    shard: str
    row: int
    reason: str


@dataclass(frozen=True, slots=True)
class Result:
    """What a search gave, and what it looked at."""

    hits: tuple[Hit, ...]  # by query, highest first, then in the order of shards and rows
    counts: tuple[int, ...]  # rows at or above the threshold, per query
    at_least: tuple[bool, ...]  # where that is a lower bound, since only `most` were kept
    rows: int  # searched
    damaged: tuple[Damaged, ...]
    damaged_rows: int
    not_searched: tuple[NotSearched, ...]


def search(
    shards: Sequence[Shard],
    question: Question,
    *,
    kept_in: Path | None = None,
    how: Arithmetic | None = None,
    progress: Progress | None = None,
    besides: Sequence[tuple[Shard, Found]] = (),
) -> Result:
    """Every row of every shard that answers `question`; `besides`, what others have found.

    A shard that becomes unreadable is left out with its reason and the search goes on. With
    `kept_in`, a folder, what was searched there before with the same queries and the same files is
    not searched again.
    """
    how = how or arithmetic()
    told = _Told(progress, shards)
    found: list[tuple[Shard, Found]] = []
    left_out: list[NotSearched] = []
    for shard in shards:
        try:
            found.append((shard, _one(shard, question, kept_in, how, told.rows)))
        except (EmbeddingError, OSError) as error:
            reason = error.message if isinstance(error, EmbeddingError) else str(error)
            left_out.append(NotSearched(shard.name, reason))
        told.shard(shard)
    return together([*found, *besides], question, left_out)


class _Told:
    """Progress in rows, whatever worker or shard they belong to."""

    def __init__(self, progress: Progress | None, shards: Sequence[Shard]) -> None:
        self._progress = progress
        self._shards, self._all = len(shards), sum(shard.vectors.rows for shard in shards)
        self._done = self._before = self._now = 0

    def rows(self, rows: int) -> None:
        """So many more of the shard at hand."""
        self._now += rows
        self._say(self._before + self._now)

    def shard(self, shard: Shard) -> None:
        """The shard at hand is finished, searched or not."""
        self._done, self._now = self._done + 1, 0
        self._before += shard.vectors.rows
        self._say(self._before)

    def _say(self, rows: int) -> None:
        if self._progress:
            self._progress(self._done, self._shards, rows, self._all)


def _one(
    shard: Shard,
    question: Question,
    kept_in: Path | None,
    how: Arithmetic,
    progress: Callable[[int], None],
) -> Found:
    if kept_in is None:
        return scan(shard.vectors, question, how, progress)
    path = kept_in / f"{_key(shard, question)}.npz"
    before = _load(path)
    if before is not None:
        return before
    found = scan(shard.vectors, question, how, progress)
    _save(path, found)
    return found


def _key(shard: Shard, question: Question) -> str:
    """Changes with anything that changes the answer, the file's size and time included."""
    status = shard.vectors.path.stat()
    of = (question.threshold, question.most, question.queries.shape, str(shard.vectors))
    file = (status.st_size, status.st_mtime_ns)
    digest = hashlib.sha256(repr((_VERSION, of, file)).encode())
    digest.update(question.queries.tobytes())
    return digest.hexdigest()[:32]


def _save(path: Path, found: Found) -> None:
    import numpy as np

    path.parent.mkdir(parents=True, exist_ok=True)
    with whole(path) as beside, beside.open("wb") as file:
        np.savez(
            file,
            query=found.pairs.query,
            row=found.pairs.row,
            score=found.pairs.score,
            counts=found.counts,
            at_least=found.at_least,
            damaged=np.array([row for row, _ in found.damaged], dtype=np.int64),
            reasons=np.array([reason for _, reason in found.damaged], dtype=np.str_),
            damaged_rows=np.array(found.damaged_rows),
        )


def _load(path: Path) -> Found | None:
    """What is kept of a shard; None where there is nothing or it cannot be read."""
    import zipfile

    import numpy as np

    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as kept:
            columns: dict[str, Any] = dict(kept)
        damaged = zip(columns["damaged"].tolist(), columns["reasons"].tolist(), strict=True)
        return Found(
            Pairs(columns["query"], columns["row"], columns["score"]),
            columns["counts"],
            columns["at_least"],
            tuple(damaged),
            int(columns["damaged_rows"]),
        )
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None


def together(
    found: Sequence[tuple[Shard, Found]], question: Question, left_out: list[NotSearched]
) -> Result:
    """What each shard gave, as one result."""
    import numpy as np

    counts = np.zeros(len(question.queries), dtype=np.int64)
    at_least = np.zeros(len(question.queries), dtype=bool)
    for _, one in found:
        counts += one.counts
        at_least |= one.at_least
    return Result(
        hits=_highest(found, question.most),
        counts=tuple(counts.tolist()),
        at_least=tuple(at_least.tolist()),
        rows=sum(shard.vectors.rows for shard, _ in found),
        damaged=tuple(
            Damaged(shard.name, row, reason) for shard, one in found for row, reason in one.damaged
        ),
        damaged_rows=sum(one.damaged_rows for _, one in found),
        not_searched=tuple(left_out),
    )


def _highest(found: Sequence[tuple[Shard, Found]], most: int) -> tuple[Hit, ...]:
    """The first `most` of each query over all shards."""
    import numpy as np

    if not found:
        return ()
    query = np.concatenate([one.pairs.query for _, one in found])
    row = np.concatenate([one.pairs.row for _, one in found])
    score = np.concatenate([one.pairs.score for _, one in found])
    place = np.repeat(np.arange(len(found)), [len(one.pairs.row) for _, one in found])
    order = np.lexsort((row, place, -score, query))
    rank = np.arange(len(order)) - np.searchsorted(query[order], query[order], side="left")
    return tuple(
        Hit(int(query[i]), found[place[i]][0], int(row[i]), float(score[i]))
        for i in order[rank < most]
    )

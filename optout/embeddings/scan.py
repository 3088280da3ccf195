"""A file of vectors and many query vectors → every row whose inner product reaches a threshold.

Exact, though most of the arithmetic is done in few bits: a coarse product is off by at most
`margin`, so what lies below the threshold by more than that needs no second look, and what does
not is computed again in full precision. Needs numpy and torch, nothing else of the project.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from optout.embeddings.arithmetic import Arithmetic, arithmetic, fitting
from optout.embeddings.kept import Kept, Pairs
from optout.embeddings.npy import VectorFile, read_rows

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

Progress = Callable[[int], None]  # gets the number of rows done since the last call

# Largest length of a vector that counts as 1: float16 rounds by less than 0.001.
LENGTH_OFF = 0.02
MOST_DAMAGED = 1000  # damaged rows of one file that are named; all of them are counted


@dataclass(frozen=True, slots=True)
class Question:
    """What is searched for, in every file alike."""

    queries: NDArray[np.float32]  # (n, dimensions), each of length 1
    threshold: float  # lowest inner product that counts
    most: int  # hits kept of each query


@dataclass(frozen=True, slots=True)
class Found:
    """What the scan of one file gives. `score` is the inner product in float64, rounded to 1e-6."""

    pairs: Pairs  # by query, then highest score, then row
    counts: NDArray[np.int64]  # rows at or above the threshold, per query
    at_least: NDArray[np.bool_]  # where only `most` were kept: the count is a lower bound
    damaged: tuple[tuple[int, str], ...]  # row, what is wrong; the first MOST_DAMAGED
    damaged_rows: int


def scan(
    vectors: VectorFile,
    question: Question,
    how: Arithmetic | None = None,
    progress: Progress | None = None,
) -> Found:
    """Every row of `vectors` that answers `question`.

    Of each query the `most` highest are kept, ties in the order of rows. Rows that are not finite,
    zero or not of length 1 are named instead: all zero and not finite ones, the others where they
    would have been found. Raises EmbeddingError when the file becomes shorter while it is read.
    """
    import torch

    how = fitting(how or arithmetic(), vectors.dimensions)
    ranges = _ranges(vectors.rows, how)
    before = torch.get_num_threads()
    try:
        # Each worker computes alone: threads that share one product wait for one another, which
        # costs most where other programs use the machine too.
        with ThreadPoolExecutor(how.workers) as pool:
            jobs = [
                pool.submit(_scan_range, vectors, question, how, part, progress) for part in ranges
            ]
            parts = [job.result() for job in jobs]
    finally:
        torch.set_num_threads(before)
    kept = _nothing_yet(question)
    for part, _ in parts:
        kept.merge(part)
    damaged = sorted(row for _, rows in parts for row in rows)
    return _exact(vectors, question.queries, kept, damaged)


def _nothing_yet(question: Question) -> Kept:
    return Kept(len(question.queries), question.threshold, question.most)


def _ranges(rows: int, how: Arithmetic) -> list[range]:
    """One run of whole blocks for each worker."""
    blocks = -(-rows // how.rows)
    share = max(1, -(-blocks // how.workers)) * how.rows
    return [range(start, min(start + share, rows)) for start in range(0, rows, share)]


def _scan_range(
    vectors: VectorFile,
    question: Question,
    how: Arithmetic,
    rows: range,
    progress: Progress | None,
) -> tuple[Kept, list[tuple[int, str]]]:
    """One worker's share: its hits and its damaged rows."""
    import torch

    torch.set_num_threads(1)
    search = BlockSearch(question, how)
    block = torch.empty(
        (how.rows, vectors.dimensions),
        dtype=getattr(torch, vectors.dtype),
        pin_memory=how.device != "cpu",
    )
    with vectors.path.open("rb", buffering=0) as file, search.stream():
        for first in range(rows.start, rows.stop, how.rows):
            part = block[: min(how.rows, rows.stop - first)]
            read_rows(file.fileno(), vectors, first, part.numpy())
            search.add(part, first)
            if progress:
                progress(len(part))
    return search.kept, search.damaged


class BlockSearch:
    """Blocks of rows, one after the other → hits and damaged rows. One per worker."""

    def __init__(self, question: Question, how: Arithmetic) -> None:
        import torch

        queries = torch.from_numpy(question.queries)
        self.how, self.kept = how, _nothing_yet(question)
        self.damaged: list[tuple[int, str]] = []
        self._exact = queries.to(how.device, torch.float32).t().contiguous()
        self._coarse = self._exact.to(getattr(torch, how.coarse))
        self._block = torch.empty(
            (how.rows, queries.shape[1]), dtype=self._coarse.dtype, device=how.device
        )
        self._products = torch.empty(
            (how.rows, len(queries)), dtype=self._coarse.dtype, device=how.device
        )

    def stream(self) -> Any:
        """A stream of its own on a GPU, so that one worker's copy runs beside the other's work."""
        import torch

        if self.how.device == "cpu":
            return torch.inference_mode()
        make: Any = torch.cuda.Stream
        own = make(self.how.device)
        # The queries were put there on the stream that everybody shares.
        own.wait_stream(torch.cuda.current_stream())
        return torch.cuda.stream(own)

    def add(self, rows: torch.Tensor, first: int) -> None:
        """Search `rows` (n, dimensions), whose first is row `first` of the file."""
        import torch

        block, products = self._block[: len(rows)], self._products[: len(rows)]
        block.copy_(rows, non_blocking=True)
        torch.mm(block, self._coarse, out=products)
        near = self._near(products)
        if len(near):
            self._look_closely(rows, near, first)

    def _near(self, products: torch.Tensor) -> torch.Tensor:
        """Places of rows that any query may have found, and of those that are damaged.

        A row that is not finite has a product that is not either; a zero row has only zeros.
        """
        best = products.amax(1).float()
        cut = self.kept.lowest_bound() - self.how.margin
        ordinary = (best < cut) & (best > -float("inf")) & (best != 0)
        return (~ordinary).nonzero()[:, 0]

    def _look_closely(self, rows: torch.Tensor, near: torch.Tensor, first: int) -> None:
        import torch

        chosen = rows[near.to(rows.device)].to(self.how.device, torch.float32)
        lengths = torch.linalg.vector_norm(chosen, dim=1)
        wrong = ~((lengths - 1).abs() <= LENGTH_OFF)
        places = (near + first).cpu().numpy()
        if wrong.any():
            bad = wrong.nonzero()[:, 0].cpu().numpy()
            for place, length in zip(places[bad], lengths[wrong].tolist(), strict=True):
                self.damaged.append((int(place), _what_is_wrong(length)))
            chosen[wrong] = float("nan")
        self.kept.add((chosen @ self._exact).cpu().numpy(), places)


def _what_is_wrong(length: float) -> str:
    if length == 0:
        return "the vector is zero"
    if not math.isfinite(length):
        return "the vector holds numbers that are not finite"
    return f"the vector has the length {length:.3g}, not 1"


def _exact(
    vectors: VectorFile,
    queries: NDArray[np.float32],
    kept: Kept,
    damaged: list[tuple[int, str]],
) -> Found:
    """The same hits with scores that no order of summing, block or device can change."""
    pairs = kept.pairs()
    scores = _scores(vectors, queries, pairs)
    return Found(
        pairs=Pairs(pairs.query, pairs.row, scores).ordered(),
        counts=kept.counts,
        at_least=kept.at_least(),
        damaged=tuple(damaged[:MOST_DAMAGED]),
        damaged_rows=len(damaged),
    )


def _scores(vectors: VectorFile, queries: NDArray[np.float32], pairs: Pairs) -> NDArray[np.float64]:
    import numpy as np

    from optout.embeddings.npy import rows_at

    scores = np.empty(len(pairs.row), dtype=np.float64)
    # Some thousand at a time: a hundred thousand hits of 768 numbers would take a gigabyte.
    for start in range(0, len(scores), 4096):
        part = slice(start, start + 4096)
        rows, where = np.unique(pairs.row[part], return_inverse=True)
        values = rows_at(vectors, rows).astype(np.float64)[where]
        scores[part] = (values * queries[pairs.query[part]]).sum(axis=1)
    return scores.round(6)

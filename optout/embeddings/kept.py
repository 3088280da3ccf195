"""Products of rows and queries → the highest of each query, at most so many, and their number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Pairs:
    """Hits as three columns of the same length."""

    query: NDArray[np.int64]
    row: NDArray[np.int64]
    score: NDArray[np.float64]

    def ordered(self) -> Pairs:
        """By query, then the highest score first, then by row."""
        import numpy as np

        order = np.lexsort((self.row, -self.score, self.query))
        return self.take(order)

    def take(self, places: NDArray[np.int64] | NDArray[np.bool_]) -> Pairs:
        """The rows at `places`."""
        return Pairs(self.query[places], self.row[places], self.score[places])


def joined(parts: list[Pairs]) -> Pairs:
    """All hits of `parts`, one after the other."""
    import numpy as np

    return Pairs(
        np.concatenate([np.empty(0, np.int64), *(part.query for part in parts)]),
        np.concatenate([np.empty(0, np.int64), *(part.row for part in parts)]),
        np.concatenate([np.empty(0, np.float64), *(part.score for part in parts)]),
    )


def highest(pairs: Pairs, most: int) -> Pairs:
    """The first `most` hits of each query, in order."""
    import numpy as np

    pairs = pairs.ordered()
    starts = np.searchsorted(pairs.query, pairs.query, side="left")
    return pairs.take(np.arange(len(pairs.query)) - starts < most)


class Kept:
    """The hits so far. Once a query has `most` of them, only higher ones can still enter.

    What is held never grows beyond a small multiple of `most` for each query.
    """

    def __init__(self, queries: int, threshold: float, most: int) -> None:
        import numpy as np

        self.threshold, self.most = threshold, most
        self.counts = np.zeros(queries, dtype=np.int64)
        # Rows come in order, so a later row with the score of the last one kept is left out.
        self._bounds = np.full(queries, np.nextafter(np.float32(threshold), -np.inf), np.float32)
        self._parts: list[Pairs] = []
        self._held, self._limit = 0, max(2 * most * queries, 1 << 12)

    def lowest_bound(self) -> float:
        """Below this no query takes a row any more."""
        return float(self._bounds.min(initial=float("inf")))

    def at_least(self) -> NDArray[np.bool_]:
        """Of which queries there were more hits than are kept, so that the count is a bound."""
        return self.counts > self.most

    def add(self, products: NDArray[np.float32], rows: NDArray[np.int64]) -> None:
        """`products` is (rows, queries); NaN is never a hit."""
        import numpy as np

        place, query = np.nonzero(products > self._bounds)
        if not len(place):
            return
        self.counts += np.bincount(query, minlength=len(self.counts))
        score = products[place, query].astype(np.float64)
        self._append(Pairs(query, rows[place], score))

    def merge(self, other: Kept) -> None:
        """Take over what another worker kept."""
        self.counts += other.counts
        self._append(other.pairs())

    def _append(self, pairs: Pairs) -> None:
        self._parts.append(pairs)
        self._held += len(pairs.query)
        if self._held > self._limit:
            self._compact()

    def _compact(self) -> None:
        import numpy as np

        pairs = highest(joined(self._parts), self.most)
        self._parts, self._held = [pairs], len(pairs.query)
        full = np.bincount(pairs.query, minlength=len(self.counts)) >= self.most
        last = np.searchsorted(pairs.query, np.flatnonzero(full), side="right") - 1
        self._bounds[full] = pairs.score[last]

    def pairs(self) -> Pairs:
        """The highest of each query, in order."""
        return highest(joined(self._parts), self.most)

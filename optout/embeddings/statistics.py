"""Similarities → the figures of a distribution, its histogram, and scores made comparable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BIN = 0.005  # width of a bar of the histogram, as in the published evaluation
BINS = 200  # from 0 to 1
BETA, NEIGHBOURS = 1.0, 3  # score normalisation as SSCD's authors ran it: 1.00[0,2]


@dataclass(frozen=True, slots=True)
class Distribution:
    """The similarity of each of `count` items to its most similar one."""

    count: int
    mean: float
    deviation: float
    percentiles: tuple[float, float, float]  # 75, 90, 95
    above: tuple[tuple[float, float], ...]  # threshold, fraction above it
    densities: tuple[float, ...]  # BINS bars, which times BIN add up to 1


def distribution(values: Sequence[float], thresholds: Sequence[float]) -> Distribution | None:
    """The figures of `values`; None where there are none. Values beyond 0 and 1 count at the edge.

    >>> distribution([0.5, 0.7], [0.5]).above
    ((0.5, 0.5),)
    """
    import numpy as np

    if not len(values):
        return None
    found = np.asarray(values, dtype=np.float64)
    places = np.clip(np.floor(found / BIN + 1e-9), 0, BINS - 1).astype(np.int64)
    counts = np.bincount(places, minlength=BINS)
    seventy_five, ninety, ninety_five = np.percentile(found, (75, 90, 95)).round(6).tolist()
    return Distribution(
        count=len(found),
        mean=round(float(found.mean()), 6),
        deviation=round(float(found.std()), 6),
        percentiles=(seventy_five, ninety, ninety_five),
        above=tuple((t, round(float((found > t).mean()), 6)) for t in thresholds),
        densities=tuple((counts / (len(found) * BIN)).round(6).tolist()),
    )


def normalised(score: float, background: NDArray[np.float64]) -> float:
    """`score` less the mean similarity of the query to its nearest neighbours in the background.

    Makes scores of different queries comparable: of a query that is near to everything, less is
    left. `background` holds the similarities of one query, highest first.
    """
    return round(score - BETA * float(background[:NEIGHBOURS].mean()), 6)

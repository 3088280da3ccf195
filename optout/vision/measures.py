"""Scored pairs and the truth → recall, precision, micro-AP, and what zero errors are worth."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass

from optout.vision.verify import Comparison


@dataclass(frozen=True, slots=True)
class Pair:
    """One query compared with one reference; pairs never compared count as refused."""

    query: str
    reference: str
    comparison: Comparison

    @property
    def score(self) -> float:
        return self.comparison.score

    @property
    def accepted(self) -> bool:
        return self.comparison.is_copy


Truth = Set[tuple[str, str]]


def recall(pairs: Iterable[Pair], truth: Truth) -> float:
    """Share of the true pairs that were accepted; 1.0 of none."""
    found = {(p.query, p.reference) for p in pairs if p.accepted} & truth
    return len(found) / len(truth) if truth else 1.0


def precision(pairs: Iterable[Pair], truth: Truth) -> float:
    """Share of the accepted pairs that are true; 1.0 when nothing was accepted."""
    accepted = {(p.query, p.reference) for p in pairs if p.accepted}
    return len(accepted & truth) / len(accepted) if accepted else 1.0


def micro_ap(pairs: Sequence[Pair], truth: Truth) -> float:
    """Average precision over the pairs of all queries in one list, ordered by score.

    The base is the number of true pairs, so what was never compared counts as missed (the µAP of
    the Image Similarity Challenge 2021). Equal scores stand in the less favourable order.
    """
    ordered = sorted(pairs, key=lambda p: (-p.score, (p.query, p.reference) in truth, p.query))
    right, total = 0, 0.0
    for place, pair in enumerate((p for p in ordered if p.score > 0), start=1):
        if (pair.query, pair.reference) in truth:
            right += 1
            total += right / place
    return total / len(truth) if truth else 1.0


def upper_bound(errors: int, trials: int, confidence: float = 0.95) -> float:
    """The highest rate that `errors` of `trials` still allow (Clopper–Pearson, one-sided).

    With no error this is nearly 3 / trials, the rule of three.

    >>> round(upper_bound(0, 1_000_000) * 1_000_000, 2)
    3.0
    """
    if trials == 0 or errors >= trials:
        return 1.0
    from scipy.stats import beta

    return float(beta.ppf(confidence, errors + 1, trials - errors))


@dataclass(frozen=True, slots=True)
class AtSize:
    """With so many references: the highest score of a wrong pair, and recall above it."""

    references: int
    threshold: float
    recall: float


def by_index_size(
    pairs: Sequence[Pair], truth: Truth, references: Sequence[str], steps: int = 4
) -> list[AtSize]:
    """The threshold that lets no wrong pair through, against the number of references.

    Smaller indexes are every second, fourth … reference; of the true pairs all count, since an
    artist's own pictures are always in the index.
    """
    order = {name: place for place, name in enumerate(references)}
    found = []
    for step in reversed(range(steps)):
        wrong = [
            p.score
            for p in pairs
            if (p.query, p.reference) not in truth and order[p.reference] % 2**step == 0
        ]
        threshold = max(wrong, default=0.0)
        above = {(p.query, p.reference) for p in pairs if p.score > threshold} & truth
        size = len(range(0, len(references), 2**step))
        found.append(AtSize(size, threshold, len(above) / len(truth) if truth else 1.0))
    return found

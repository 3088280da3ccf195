"""What a measurement gave → records: in all, by half, by edit, by size of the index, each error."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from optout.vision.evaluate import HALVES, Outcome, Query
from optout.vision.measures import (
    AtSize,
    by_index_size,
    micro_ap,
    precision,
    recall,
    upper_bound,
)


def summary(outcome: Outcome) -> list[dict[str, Any]]:
    """Everything measured, one record each: total, half, edit, index_size, false_accept, missed."""
    records = [_counted("total", "", outcome)]
    for half in HALVES:
        part = _part(outcome, [q for q in outcome.asked if q.half == half])
        records += [_counted("half", half, part)] if part.asked else []
    for name in dict.fromkeys(q.edit for q in outcome.asked if q.edit):
        part = _part(outcome, [q for q in outcome.asked if q.edit == name])
        records.append(_counted("edit", name, part))
    sizes = by_index_size(outcome.pairs, outcome.truth, outcome.names)
    records += [_size(one) for one in sizes]
    return records + list(_errors(outcome))


def _part(outcome: Outcome, asked: list[Query]) -> Outcome:
    """The same measurement for some of its queries only."""
    kept = {q.name for q in asked}
    return replace(
        outcome,
        asked=tuple(asked),
        truth=frozenset(pair for pair in outcome.truth if pair[0] in kept),
        pairs=tuple(p for p in outcome.pairs if p.query in kept),
    )


def _counted(record: str, name: str, outcome: Outcome) -> dict[str, Any]:
    accepted = {(p.query, p.reference) for p in outcome.pairs if p.accepted}
    wrong_pairs = len(outcome.asked) * len(outcome.names) - len(outcome.truth)
    false = len(accepted - outcome.truth)
    by_stage = {
        stage: sum(p.accepted and p.comparison.stage == stage for p in outcome.pairs)
        for stage in sorted({p.comparison.stage for p in outcome.pairs if p.accepted})
    }
    return {
        "record": record,
        "name": name,
        "queries": len(outcome.asked),
        "references": len(outcome.names),
        "recall": round(recall(outcome.pairs, outcome.truth), 4),
        "precision": round(precision(outcome.pairs, outcome.truth), 4),
        "micro_ap": round(micro_ap(outcome.pairs, outcome.truth), 4),
        "false_accepts": false,
        "wrong_pairs": wrong_pairs,
        "false_rate_95": upper_bound(false, wrong_pairs),
        "accepted_by": by_stage,
    }


def _size(one: AtSize) -> dict[str, Any]:
    return {
        "record": "index_size",
        "references": one.references,
        "threshold": round(one.threshold, 4),
        "recall": round(one.recall, 4),
    }


def _errors(outcome: Outcome) -> Iterator[dict[str, Any]]:
    accepted = {(p.query, p.reference): p for p in outcome.pairs if p.accepted}
    for (query, reference), pair in sorted(accepted.items()):
        if (query, reference) not in outcome.truth:
            found = {"query": query, "reference": reference, "score": round(pair.score, 4)}
            yield {"record": "false_accept", **found, "stage": pair.comparison.stage}
    for query, reference in sorted(outcome.truth - accepted.keys()):
        yield {"record": "missed", "query": query, "reference": reference}
    for name, reason in outcome.unread:
        yield {"record": "unread", "name": name, "reason": reason}

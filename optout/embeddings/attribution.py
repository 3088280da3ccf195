"""Generated pictures × a searched set → the most similar items, and how unusual that is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from optout.embeddings.arithmetic import arithmetic
from optout.embeddings.asked import Asked
from optout.embeddings.identity import ModelIdentity
from optout.embeddings.named import open_folders
from optout.embeddings.npy import rows_at
from optout.embeddings.scan import Question
from optout.embeddings.search import Progress, Result, search
from optout.embeddings.similar import find_similar
from optout.embeddings.split_product import split_search
from optout.embeddings.statistics import NEIGHBOURS, Distribution, distribution, normalised
from optout.embeddings.vectors import unit

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from optout.embeddings.shards import Shard

    Find = Callable[[Sequence[Shard], Question], Result]

GALLERY = 20  # items shown of each picture
SAMPLE = 1000  # items of the set whose own nearest neighbour is looked up
# Published for plain products of copy descriptors: what Somepalli et al. call replication, and 90 %
# precision on DISC2021. Shown beside the user's own.
PUBLISHED = (0.5, 0.75)


@dataclass(frozen=True, slots=True)
class Item:
    """One item of the searched set beside one picture."""

    score: float  # cosine, or the split product where chunks were asked for
    normalised: float | None  # where there is a background set
    row: dict[str, Any]  # dataset, edition, dataset_file, dataset_row, url, caption …


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture with its most similar items, highest first."""

    name: str
    items: tuple[Item, ...]
    above: int  # how many of the items shown reach the threshold


@dataclass(frozen=True, slots=True)
class Attribution:
    """What the page says. Similarity is a measure of likeness, never of use."""

    model: str
    searched: int  # items
    threshold: float
    calibrated: bool  # the threshold is what 95 of 100 items of the set stay below among themselves
    thresholds: tuple[float, ...]  # of which fractions are told
    chunks: int | None
    background: int | None  # items of the background set
    pictures: tuple[Picture, ...]
    queries: Distribution | None  # each picture to its most similar item
    data: Distribution | None  # each sampled item to its most similar other item
    summary: dict[str, Any]  # of the search: what was left out, and why


def attribute(
    specs: Sequence[str],
    asked: Asked,
    model: ModelIdentity,
    *,
    threshold: float | None = None,
    chunks: int | None = None,
    background: str | None = None,
    device: str = "cpu",
    progress: Progress | None = None,
) -> Attribution:
    """The most similar items of the shards that `specs` name, for each picture of `asked`.

    `asked` holds one vector for each picture. With `chunks` the similarity is the split product.
    Without `threshold` it is the 95th percentile of the set's own: no number holds for all models.
    `background` is a folder of shards of the same model with unrelated pictures. Raises
    EmbeddingError as find_similar does, and when `chunks` does not divide the vectors.
    """
    found = find_similar(
        specs, asked, model,
        threshold=-1, most=GALLERY, chunks=chunks, device=device, progress=progress,
    )  # fmt: skip
    find = _finder(chunks, device)
    shards = _shards(specs, model)
    own = _data_to_data(shards, find)
    usual = distribution(own, ())
    least = threshold if threshold is not None else usual.percentiles[2] if usual else 1.0
    near = _background(background, asked, model, find)
    pictures = tuple(
        _picture(name.name, found.rows, near[0][number] if near else None, least)
        for number, name in enumerate(asked.subjects)
    )
    thresholds = tuple(sorted({round(least, 3), *(() if chunks else PUBLISHED)}))
    return Attribution(
        model=model.label(),
        searched=found.summary["rows_searched"],
        threshold=least,
        calibrated=threshold is None,
        thresholds=thresholds,
        chunks=chunks,
        background=near[1] if near else None,
        pictures=pictures,
        queries=distribution([p.items[0].score for p in pictures if p.items], thresholds),
        data=distribution(own, thresholds),
        summary=found.summary,
    )


def _finder(chunks: int | None, device: str) -> Find:
    if chunks:
        return lambda shards, question: split_search(shards, question, chunks)
    how = arithmetic(device)
    return lambda shards, question: search(shards, question, how=how)


def _shards(specs: Sequence[str], model: ModelIdentity) -> list[Shard]:
    folders, _ = open_folders(specs, model)
    return [shard for folder in folders for shard in folder.shards]


def _picture(
    name: str,
    rows: Sequence[dict[str, Any]],
    near: NDArray[np.float64] | None,
    threshold: float,
) -> Picture:
    items = tuple(
        Item(
            row["model_similarity"],
            normalised(row["model_similarity"], near) if near is not None else None,
            row,
        )
        for row in rows
        if row["query"] == name
    )
    return Picture(name, items, sum(item.score >= threshold for item in items))


def _background(
    folder: str | None, asked: Asked, model: ModelIdentity, find: Find
) -> tuple[NDArray[np.float64], int] | None:
    """Per picture its similarities to the nearest items of the background, and their number."""
    import numpy as np

    if folder is None:
        return None
    result = find(_shards([folder], model), Question(asked.vectors, -1.0, NEIGHBOURS))
    found = np.zeros((len(asked.vectors), max(1, min(NEIGHBOURS, result.rows))))
    place = [0] * len(asked.vectors)
    for hit in result.hits:
        found[hit.query, place[hit.query]] = hit.score
        place[hit.query] += 1
    return found, result.rows


def _data_to_data(shards: Sequence[Shard], find: Find) -> list[float]:
    """How similar items of the set are to the most similar other one: what is usual there."""
    names, vectors = _sample(shards)
    if not names:
        return []
    result = find(shards, Question(vectors, -1.0, 2))
    best: dict[int, float] = {}
    for hit in result.hits:
        if (hit.shard.vectors.path, hit.row) != names[hit.query]:
            best.setdefault(hit.query, hit.score)
    return [best[query] for query in sorted(best)]


def _sample(shards: Sequence[Shard]) -> tuple[list[tuple[Any, int]], NDArray[np.float32]]:
    """At most SAMPLE items, evenly spread: file and row, and their vectors."""
    import numpy as np

    whole = sum(shard.vectors.rows for shard in shards)
    if whole < 2:
        return [], np.empty((0, 0), np.float32)
    chosen = np.unique(np.linspace(0, whole - 1, min(SAMPLE, whole), dtype=np.int64))
    parts, names, first = [], [], 0
    for shard in shards:
        inside = chosen[(chosen >= first) & (chosen < first + shard.vectors.rows)] - first
        parts.append(rows_at(shard.vectors, inside))
        names += [(shard.vectors.path, int(row)) for row in inside]
        first += shard.vectors.rows
    rows = np.concatenate(parts)
    usable = np.flatnonzero(np.isfinite(rows).all(axis=1) & rows.any(axis=1))
    return [names[place] for place in usable], unit(rows[usable])

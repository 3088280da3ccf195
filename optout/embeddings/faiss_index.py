"""A faiss index of a clip-retrieval folder and query vectors → the rows that it names as similar.

The index is mapped, not loaded, so one of hundreds of gigabytes can be asked. What it says is an
estimate, and what it does not name may be there all the same; similarities are computed again where
the vectors themselves lie in the folder. Needs faiss.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optout.embeddings.identity import ModelIdentity, differences, read_identity
from optout.embeddings.kept import Pairs, highest
from optout.embeddings.npy import VectorFile, rows_at
from optout.embeddings.scan import Found, Question
from optout.embeddings.shards import METADATA, Shard, find_shards, rows_of_metadata
from optout.embeddings.thresholds import index_limits
from optout.errors import EmbeddingError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NAME = "image.index"  # as clip-retrieval calls it; text.index is one of captions


@dataclass(frozen=True, slots=True)
class IndexFile:
    """An index, and the rows that its numbers stand for: files of metadata, one after the other.

    `parts` are shards whose metadata is there, `exact` the vectors of each where they are too.
    """

    path: Path
    parts: tuple[Shard, ...]
    exact: tuple[VectorFile | None, ...]


def find_index(folder: Path, model: ModelIdentity | None) -> IndexFile | None:
    """The index in `folder`; None where there is none.

    Raises EmbeddingError for an index of another model, or without metadata.
    """
    path = folder / NAME
    if not path.is_file():
        return None
    metadata = sorted((folder / METADATA).glob("*.parquet")) or sorted(
        folder.glob(f"{METADATA}*.parquet")
    )
    if not metadata:
        raise EmbeddingError(
            f"{path} has no {METADATA}/ beside it: its rows have no address",
            f"put the folder {METADATA}/ of the same index there",
        )
    identity = read_identity(path)
    if model and identity and (points := differences(model, identity)):
        raise EmbeddingError(f"{path} was made by another model: {'; '.join(points)}")
    dimensions = model.dimensions if model else 0
    parts = tuple(
        Shard(
            NAME, VectorFile(path, rows_of_metadata(one), dimensions, "float32", 0), one, identity
        )
        for one in metadata
    )
    vectors = _vectors(folder, model)
    return IndexFile(path, parts, tuple(vectors.get(one.resolve()) for one in metadata))


def _vectors(folder: Path, model: ModelIdentity | None) -> dict[Path, VectorFile]:
    """Files of vectors below `folder` by their metadata."""
    try:
        shards, _ = find_shards(folder, model)
    except EmbeddingError:
        return {}
    return {one.metadata.resolve(): one.vectors for one in shards if one.metadata}


def ask_index(index: IndexFile, question: Question) -> list[tuple[Shard, Found]]:
    """What the index names at or above the threshold, by part. Raises EmbeddingError.

    Where a part's vectors are there its similarities are exact, and rows that the index puts a
    little too low are among them.
    """
    starts = list(accumulate((one.vectors.rows for one in index.parts), initial=0))
    margin = index_limits().margin if any(index.exact) else 0.0
    lower = replace(question, threshold=question.threshold - margin)
    query, row, score = _named(index.path, starts[-1], lower)
    found = []
    for place, part in enumerate(index.parts):
        inside = (row >= starts[place]) & (row < starts[place + 1])
        pairs = Pairs(query[inside], row[inside] - starts[place], score[inside])
        exact = index.exact[place]
        if exact:
            pairs = _again(exact, pairs, question)
        pairs = pairs.take(pairs.score >= question.threshold)
        found.append((part, _found(pairs, question)))
    return found


def _found(pairs: Pairs, question: Question) -> Found:
    import numpy as np

    counts = np.bincount(pairs.query, minlength=len(question.queries)).astype(np.int64)
    return Found(highest(pairs, question.most), counts, counts > question.most, (), 0)


def _again(vectors: VectorFile, pairs: Pairs, question: Question) -> Pairs:
    """The same pairs with their similarity computed from the vectors, rounded to 1e-6."""
    import numpy as np

    wanted, place = np.unique(pairs.row, return_inverse=True)
    rows = rows_at(vectors, wanted).astype(np.float64)
    queries = question.queries.astype(np.float64)
    products = np.einsum("ij,ij->i", rows[place], queries[pairs.query])
    return Pairs(pairs.query, pairs.row, np.round(products, 6))


def _named(
    path: Path, rows: int, question: Question
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Query, row over all parts and estimated similarity of everything the index names."""
    import numpy as np

    index, by_distance = _opened(path, rows, question.queries.shape[1])
    queries = np.ascontiguousarray(question.queries, np.float32)
    least = question.threshold
    query, row, score = _asked(index, queries, 2 - 2 * least if by_distance else least, question)
    # Of vectors of length 1 the squared distance is 2 - 2 · product.
    score = 1 - score / 2 if by_distance else score
    kept = (row >= 0) & (row < rows) & (score >= least)
    return query[kept], row[kept], np.round(score[kept].astype(np.float64), 6)


def _asked(index: Any, queries: Any, radius: float, question: Question) -> tuple[Any, Any, Any]:
    import numpy as np

    try:
        ends, scores, rows = index.range_search(queries, radius)
        query = np.repeat(np.arange(len(queries)), np.diff(ends.astype(np.int64)))
    except RuntimeError:  # a kind of index that knows only the nearest so many
        most = min(question.most + 1, index.ntotal)
        scores, rows = index.search(queries, most)
        query, scores, rows = np.repeat(np.arange(len(queries)), most), scores.ravel(), rows.ravel()
    return query.astype(np.int64), rows.astype(np.int64), scores


def _opened(path: Path, rows: int, dimensions: int) -> tuple[Any, bool]:
    """The index, mapped; and whether it measures by squared distance. Raises EmbeddingError."""
    if find_spec("faiss") is None:
        raise EmbeddingError(f"{path} needs faiss, which is not installed", "pip install faiss-cpu")
    import faiss

    try:
        index = faiss.read_index(str(path), faiss.IO_FLAG_MMAP | faiss.IO_FLAG_READ_ONLY)
    except (RuntimeError, MemoryError) as error:
        raise EmbeddingError(f"{path} is no faiss index, or damaged", "load it again") from error
    if index.metric_type not in (faiss.METRIC_INNER_PRODUCT, faiss.METRIC_L2):
        raise EmbeddingError(f"{path} measures neither by product nor by distance")
    if index.d != dimensions:
        raise EmbeddingError(f"{path} has {index.d} dimensions, the model {dimensions}")
    if index.ntotal != rows:
        raise EmbeddingError(
            f"{path} has {index.ntotal:,} vectors, the metadata beside it {rows:,} rows: "
            "they do not belong together"
        )
    _probe(faiss, index)
    return index, index.metric_type == faiss.METRIC_L2


def _probe(faiss: Any, index: Any) -> None:
    """Have an index of lists look at more than the nearest of them."""
    try:
        lists = faiss.extract_index_ivf(index)
    except RuntimeError:
        return  # it has none
    lists.nprobe = max(lists.nprobe, min(lists.nlist, index_limits().probes))


def approximate(indexes: Sequence[IndexFile]) -> list[dict[str, Any]]:
    """What is to be said of each index: its file, and whether its similarities are estimates."""
    return [
        {"file": str(one.path), "rows": sum(part.vectors.rows for part in one.parts),
         "estimates": not all(one.exact)}
        for one in indexes
    ]  # fmt: skip

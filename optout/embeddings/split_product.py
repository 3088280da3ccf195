"""Two sets of vectors → their split products: the similarity of the most similar part.

Somepalli et al., "Diffusion Art or Digital Forgery?" (CVPR 2023): each whole vector is divided by
its length, cut into chunks, and the highest inner product of two chunks at the same place counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from optout.embeddings.kept import Kept, Pairs
from optout.embeddings.npy import read_rows
from optout.embeddings.scan import MOST_DAMAGED, Found, Question
from optout.embeddings.search import Result, together
from optout.embeddings.shards import NotSearched, Shard
from optout.errors import EmbeddingError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_BLOCK_BYTES = 8 << 20  # read at once


def split_product(
    queries: NDArray[np.float32], values: NDArray[np.float32], chunks: int
) -> NDArray[np.float32]:
    """(n, D) and (m, D) → (n, m): max over chunks of the inner products of their chunks.

    The chunk products of two vectors add up to their cosine, so with one chunk this is the cosine,
    and the scale depends on the number of chunks: a threshold for a cosine does not hold here.
    Raises EmbeddingError when `chunks` does not divide D.

    >>> import numpy as np
    >>> a = np.array([[1, 0, 1, 0]], np.float32)
    >>> float(split_product(a, np.array([[1, 0, 0, 1]], np.float32), 2)[0, 0].round(6))
    0.5
    """
    import numpy as np

    from optout.embeddings.vectors import unit

    dimensions = queries.shape[1]
    if chunks < 1 or dimensions % chunks:
        raise EmbeddingError(
            f"vectors of {dimensions} numbers cannot be cut into {chunks} equal chunks",
            "choose a number that divides it, for example the number of patch tokens",
        )
    q, v = unit(queries), unit(values)
    best: NDArray[np.float32] | None = None
    width = dimensions // chunks
    # Chunk by chunk: all products at once would take `chunks` times the memory.
    for part in (slice(k, k + width) for k in range(0, dimensions, width)):
        product = q[:, part] @ v[:, part].T
        best = product if best is None else np.maximum(best, product)
    assert best is not None
    return best


def split_search(shards: Sequence[Shard], question: Question, chunks: int) -> Result:
    """Every row of every shard whose split product with a query reaches the threshold.

    Exact, as `optout.embeddings.search.search` is, and slower. Raises EmbeddingError when `chunks`
    does not divide the vectors; a shard that becomes unreadable is left out with its reason.
    """
    found: list[tuple[Shard, Found]] = []
    left_out: list[NotSearched] = []
    split_product(question.queries[:1], question.queries[:1], chunks)
    for shard in shards:
        try:
            found.append((shard, _one(shard, question, chunks)))
        except (EmbeddingError, OSError) as error:
            reason = error.message if isinstance(error, EmbeddingError) else str(error)
            left_out.append(NotSearched(shard.name, reason))
    return together(found, question, left_out)


def _one(shard: Shard, question: Question, chunks: int) -> Found:
    import numpy as np

    vectors = shard.vectors
    kept = Kept(len(question.queries), question.threshold, question.most)
    block = max(1, _BLOCK_BYTES // vectors.row_bytes)
    damaged: list[tuple[int, str]] = []
    with vectors.path.open("rb", buffering=0) as file:
        for first in range(0, vectors.rows, block):
            rows = np.arange(first, min(first + block, vectors.rows))
            values = np.empty((len(rows), vectors.dimensions), vectors.dtype)
            read_rows(file.fileno(), vectors, first, values)
            wide = values.astype(np.float32)
            broken = ~np.isfinite(wide).all(axis=1) | ~wide.any(axis=1)
            damaged += [(int(row), "the vector is zero or not finite") for row in rows[broken]]
            wide[broken] = 0
            products = split_product(wide, question.queries, chunks)
            products[broken] = np.nan
            kept.add(products, rows)
    pairs = kept.pairs()
    pairs = Pairs(pairs.query, pairs.row, pairs.score.round(6)).ordered()
    return Found(pairs, kept.counts, kept.at_least(), tuple(damaged[:MOST_DAMAGED]), len(damaged))

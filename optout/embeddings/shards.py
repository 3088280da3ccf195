"""A folder of published vectors → its shards, and each file that cannot be searched with why.

As LAION and clip-retrieval publish them: `img_emb/img_emb_0042.npy` holds the vectors of the rows
of `metadata/metadata_0042.parquet`, or both lie in one folder. Imports numpy alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from optout.embeddings.identity import ModelIdentity, differences, read_identity
from optout.embeddings.npy import VectorFile, look
from optout.errors import EmbeddingError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

VECTORS, METADATA = "img_emb", "metadata"
_NUMBERED = re.compile(r"_(\d+)$")
_SAMPLE = 256  # rows of a shard whose length is measured before it is searched


@dataclass(frozen=True, slots=True)
class Shard:
    """One file of vectors with what lies beside it."""

    name: str  # relative to the folder named, e.g. "img_emb/img_emb_0042.npy"
    vectors: VectorFile
    metadata: Path | None  # row for row the same
    identity: ModelIdentity | None  # None where nobody says which model


@dataclass(frozen=True, slots=True)
class NotSearched:
    """A file that was left out, and the reason."""

    name: str
    reason: str


def find_shards(
    folder: Path, model: ModelIdentity | None = None
) -> tuple[list[Shard], list[NotSearched]]:
    """Every shard below `folder` in the order of names; those that cannot be searched apart.

    With `model` those of another model, or of another number of dimensions, are left out too.
    Raises EmbeddingError when there is no file of vectors at all.
    """
    files = sorted(
        path for path in folder.rglob("*.npy") if path.stem == VECTORS or _is_vectors(path)
    )
    if not files:
        raise EmbeddingError(
            f"{folder} holds no file of vectors ({VECTORS}_….npy)",
            f"name the folder that holds {VECTORS}/ and {METADATA}/",
        )
    shards: list[Shard] = []
    left_out: list[NotSearched] = []
    for path in files:
        name = path.relative_to(folder).as_posix()
        try:
            shards.append(_checked(name, path, _beside(path), model))
        except EmbeddingError as error:
            left_out.append(NotSearched(name, error.message))
    return shards, left_out


def _is_vectors(path: Path) -> bool:
    return path.stem.startswith(f"{VECTORS}_") and _NUMBERED.search(path.stem) is not None


def _beside(vectors: Path) -> Path | None:
    """The metadata of the same number: in the folder, or in `metadata/` next to `img_emb/`."""
    number = _NUMBERED.search(vectors.stem)
    name = f"{METADATA}_{number[1]}.parquet" if number else f"{METADATA}.parquet"
    places = (vectors.parent, vectors.parent / METADATA, vectors.parent.parent / METADATA)
    return next((place / name for place in places if (place / name).is_file()), None)


def _checked(name: str, path: Path, metadata: Path | None, model: ModelIdentity | None) -> Shard:
    vectors, identity = look(path), read_identity(path)
    if metadata:
        rows = rows_of_metadata(metadata)
        if rows != vectors.rows:
            raise EmbeddingError(
                f"{name} has {vectors.rows:,} vectors, {metadata.name} {rows:,} rows: "
                "they do not belong together"
            )
    if identity and identity.dimensions != vectors.dimensions:
        raise EmbeddingError(
            f"{name} has {vectors.dimensions} dimensions, its model {identity.dimensions}"
        )
    if model and model.dimensions != vectors.dimensions:
        raise EmbeddingError(
            f"{name} has {vectors.dimensions} dimensions, {model.name} {model.dimensions}"
        )
    if model and identity and (points := differences(model, identity)):
        raise EmbeddingError(f"{name} was made by another model: {'; '.join(points)}")
    _check_lengths(name, vectors)
    return Shard(name, vectors, metadata, identity)


def rows_of_metadata(metadata: Path) -> int:
    """How many rows its footer names. Raises EmbeddingError."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return int(pq.read_metadata(metadata).num_rows)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise EmbeddingError(f"{metadata.name} is damaged or no Parquet file") from error


def _check_lengths(name: str, vectors: VectorFile) -> None:
    """Single wrong vectors are found in the scan; a file that is wrong as a whole is left out."""
    import numpy as np

    from optout.embeddings.npy import rows_at

    count = min(_SAMPLE, vectors.rows)
    rows = np.unique(np.linspace(0, max(0, vectors.rows - 1), count, dtype=np.int64))
    found = _lengths(rows_at(vectors, rows))
    usual = found[np.isfinite(found) & (found > 0)]
    if len(found) and not len(usual):
        raise EmbeddingError(f"{name} holds no vectors: all that were looked at are zero or broken")
    if len(usual) and abs(float(np.median(usual)) - 1) > 0.02:
        middle = float(np.median(usual))
        raise EmbeddingError(
            f"the vectors of {name} have the length {middle:.3g}, not 1: divide each by its length"
        )


def _lengths(rows: NDArray[np.float32]) -> NDArray[np.float64]:
    import numpy as np

    with np.errstate(over="ignore", invalid="ignore"):
        lengths: NDArray[np.float64] = np.sqrt((rows.astype(np.float64) ** 2).sum(axis=1))
    return lengths

"""A .npy file of vectors → blocks of rows, without ever unpickling or mapping it.

Blocks are read, not mapped: a file that is cut short while it is mapped ends the whole program.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optout.errors import EmbeddingError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DTYPES = ("float16", "float32")
MOST_DIMENSIONS = 1 << 20  # of one vector; the patch tokens of a large model have 260,000


@dataclass(frozen=True, slots=True)
class VectorFile:
    """A file of `rows` vectors of `dimensions` numbers each, the first at byte `offset`."""

    path: Path
    rows: int
    dimensions: int
    dtype: str  # float16 or float32
    offset: int

    @property
    def row_bytes(self) -> int:
        return self.dimensions * (2 if self.dtype == "float16" else 4)


def look(path: Path) -> VectorFile:
    """Read and check the header of `path`. Raises EmbeddingError naming what is wrong with it."""
    from numpy.lib import format as npy

    try:
        with path.open("rb") as file:
            version = npy.read_magic(file)
            read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
            shape, fortran, dtype = read(file)
            found = _described(path, shape, fortran, dtype, file.tell())
            size = os.fstat(file.fileno()).st_size
    except OSError as error:
        raise EmbeddingError(f"cannot read {path}: {error.strerror or error}", _LOAD) from error
    except (ValueError, SyntaxError, RecursionError, MemoryError, KeyError, TypeError) as error:
        raise EmbeddingError(f"{path} is no .npy file, or a damaged one", _LOAD) from error
    wanted = found.offset + found.rows * found.row_bytes
    if size < wanted:
        whole = max(0, size - found.offset) // found.row_bytes
        raise EmbeddingError(
            f"{path} is cut short: {whole:,} of {found.rows:,} rows are there", _LOAD
        )
    if size > wanted:
        raise EmbeddingError(f"{path} is longer than its header says", _LOAD)
    return found


_LOAD = "load the file again"


def _described(
    path: Path, shape: tuple[int, ...], fortran: bool, dtype: np.dtype[Any], offset: int
) -> VectorFile:
    if dtype.hasobject:
        raise EmbeddingError(f"{path} holds Python objects, which are never loaded", _LOAD)
    if dtype.name not in DTYPES or not dtype.isnative:
        raise EmbeddingError(
            f"{path} holds numbers of the type {dtype.str}, not float16 or float32",
            "name a folder of image embeddings (img_emb_….npy)",
        )
    if len(shape) != 2 or fortran or not 0 < shape[1] <= MOST_DIMENSIONS or shape[0] < 0:
        raise EmbeddingError(
            f"{path} has the shape {shape}; vectors stand in rows",
            "name a folder of image embeddings (img_emb_….npy)",
        )
    return VectorFile(path, int(shape[0]), int(shape[1]), dtype.name, offset)


def read_rows(file: int, vectors: VectorFile, first: int, out: NDArray[Any]) -> None:
    """Fill `out` (rows, dimensions) with rows from `first` on, from the open descriptor `file`.

    Raises EmbeddingError when the file has become shorter.
    """
    view = memoryview(out.data).cast("B")
    at, done = vectors.offset + first * vectors.row_bytes, 0
    while done < len(view):
        got = os.preadv(file, [view[done:]], at + done)
        if not got:
            raise EmbeddingError(f"{vectors.path} became shorter while it was read", _LOAD)
        done += got


def rows_at(vectors: VectorFile, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """Single rows, in the order of `rows`, as (n, dimensions) float32."""
    import numpy as np

    out = np.empty((len(rows), vectors.dimensions), dtype=vectors.dtype)
    with vectors.path.open("rb") as file:
        for place, row in enumerate(rows.tolist()):
            read_rows(file.fileno(), vectors, row, out[place : place + 1])
    return out.astype(np.float32)

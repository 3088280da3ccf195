"""A folder of pictures → vectors in the published form: img_emb_0000.npy, metadata_0000.parquet."""

from __future__ import annotations

from pathlib import Path

from optout.embeddings.asked import files, pictures
from optout.embeddings.identity import sha256_of, write_identity
from optout.embeddings.models import Model
from optout.errors import EmbeddingError


def embed_folder(folder: Path, out: Path, model: Model) -> tuple[int, tuple[tuple[str, str], ...]]:
    """Describe every picture below `folder`; the number of rows, and what could not be read.

    Row for row, `metadata_0000.parquet` has the file's name below `folder` as url and image_path,
    and its sha256; beside the vectors stands which model made them.
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    asked = pictures(model, files([folder]), whole_only=True)
    paths = [subject.path for subject in asked.subjects if subject.path]
    names = [path.relative_to(folder).as_posix() for path in paths]
    table = pa.table(
        {
            "url": pa.array([f"file:{name}" for name in names], pa.string()),
            "image_path": pa.array(names, pa.string()),
            "sha256": pa.array([sha256_of(path) for path in paths], pa.string()),
        }
    )
    vectors = out / "img_emb_0000.npy"
    try:
        out.mkdir(parents=True, exist_ok=True)
        pq.write_table(table, out / "metadata_0000.parquet")
        np.save(vectors, asked.vectors.astype(np.float16), allow_pickle=False)
        write_identity(vectors, model.identity)
    except OSError as error:
        raise EmbeddingError(
            f"cannot write {out}: {error.strerror or error}", "check the folder"
        ) from error
    return len(names), asked.unreadable

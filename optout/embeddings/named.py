"""Folders as the user named them → their shards, or the index that is asked in place of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from optout.embeddings.faiss_index import IndexFile, find_index
from optout.embeddings.identity import ModelIdentity
from optout.embeddings.shards import NotSearched, Shard, find_shards
from optout.errors import EmbeddingError

_NAMED = re.compile(r"(?P<label>[\w.+-]+(?::[\w.+-]+)?)=(?P<path>.+)", re.S)
ByIndex = Literal["never", "if needed", "always"]


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of shards as the user named it."""

    path: Path
    label: str  # data set or data set:edition, "" where not said
    shards: tuple[Shard, ...]
    index: IndexFile | None = None  # asked in place of the shards' vectors


def open_folders(
    specs: Sequence[str], model: ModelIdentity | None, *, by_index: ByIndex = "never"
) -> tuple[list[Folder], list[NotSearched]]:
    """The shards of every folder named (`DIR`, `NAME=DIR` or `NAME:EDITION=DIR`).

    A folder's faiss index is asked `always` where it has one, or `if needed`: where it has no
    vectors. Raises EmbeddingError for a folder that is not there or holds no vectors.
    """
    folders: list[Folder] = []
    left_out: list[NotSearched] = []
    for spec in specs:
        named = None if Path(spec).exists() else _NAMED.fullmatch(spec)
        path, label = (Path(named["path"]), named["label"]) if named else (Path(spec), "")
        if not path.is_dir():
            raise EmbeddingError(f"there is no folder {path}", "name the folder of the shards")
        index = None if by_index == "never" else find_index(path, model)
        if index and (by_index == "always" or not any(index.exact)):
            folders.append(Folder(path, label, index.parts, index))
            continue
        shards, without = find_shards(path, model)
        folders.append(Folder(path, label, tuple(shards)))
        left_out += without
    return folders, left_out

"""The metadata beside a shard → address, text and scores of single rows."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from optout.datasets.editions import columns, find, highest, recognise
from optout.embeddings.shards import Shard
from optout.errors import EmbeddingError

TEXTS = ("url", "caption", "nsfw", "md5", "sha256", "phash")
PATH = "image_path"
SIZES = ("width", "height")
NUMBERS = (*SIZES, "similarity", "punsafe", "pwatermark", "aesthetic")


def rows_of(metadata: Path, rows: Iterable[int]) -> dict[int, dict[str, Any]]:
    """Our columns of the rows asked for, by row; only the parts of the file that hold them are
    read. Raises EmbeddingError when the file is damaged or has no column with addresses."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    wanted = sorted(set(rows))
    try:
        with pq.ParquetFile(metadata) as file:
            names = _names(file.schema_arrow.names)
            return dict(_read(file, wanted, names))
    except (pa.ArrowException, OSError, ValueError) as error:
        raise EmbeddingError(f"{metadata} cannot be read", "load the file again") from error


def _names(found: Sequence[str]) -> dict[str, str]:
    """Our names → those of the file, without regard to case."""
    by_lower = {name.lower(): name for name in reversed(found)}
    scores = [one for several in highest().values() for one in several]
    aliases = {ours: columns()[ours] for ours in (*TEXTS, *NUMBERS, *scores)} | {PATH: (PATH,)}
    names = {
        ours: next((by_lower[alias] for alias in theirs if alias in by_lower), "")
        for ours, theirs in aliases.items()
    }
    return {ours: name for ours, name in names.items() if name}


def _read(
    file: Any, wanted: list[int], names: dict[str, str]
) -> Iterator[tuple[int, dict[str, Any]]]:
    first = 0
    for group in range(file.metadata.num_row_groups):
        after = first + file.metadata.row_group(group).num_rows
        inside = [row for row in wanted if first <= row < after]
        if inside:
            table = file.read_row_group(group, columns=list(names.values()))
            found = table.take([row - first for row in inside]).to_pylist()
            for row, record in zip(inside, found, strict=True):
                values = {ours: _value(ours, record[name]) for ours, name in names.items()}
                values |= _highest(values)
                path = values.pop(PATH, None)
                yield row, ({"url": f"file:{path}"} if path else {}) | values
        first = after


def _highest(values: dict[str, Any]) -> dict[str, Any]:
    """Of several scores the highest, and none of those it was taken from."""
    found: dict[str, Any] = {}
    for ours, several in highest().items():
        known = [one for name in several if (one := values.pop(name, None)) is not None]
        found |= {ours: max(known)} if known else {}
    return found


def _value(name: str, value: Any) -> Any:
    """Texts and numbers as the rest of the program has them; what is neither is left out."""
    if name in (*TEXTS, PATH):
        text = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
        return text if isinstance(text, str) else None if text is None else str(text)
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    if not math.isfinite(number):
        return None
    return int(number) if name in SIZES else number


def edition_of(shard: Shard, folder: Path, label: str = "") -> tuple[str, str]:
    """Data set and edition of a shard: as the user said, else by the names of its files and
    folders, else the name of `folder`.

    `label` is NAME or NAME:EDITION; the name may be that of a known edition.
    """
    if label:
        name, _, edition = label.partition(":")
        known = find(edition or name) or find(name)
        if known is None:
            return name, edition
        return known[0].name, known[1].name if known[1] else edition
    path = shard.metadata or shard.vectors.path
    # The folder named counts too, and the one above it where that is only `metadata`.
    above = [part.name for part in path.absolute().parents]
    depth = len(path.absolute().parts) - len(folder.absolute().parts) + 1
    found = recognise(path.name, above[:depth])
    return (found.dataset, found.name) if found else (folder.absolute().name, "")


def file_name(shard: Shard, folder: Path) -> str:
    """`dataset_file` of the shard's rows: that of the metadata, relative to the folder named."""
    path = shard.metadata or shard.vectors.path
    within = path.is_relative_to(folder)
    return path.relative_to(folder).as_posix() if within else path.name

"""Data files → the same without those that are another's copy: a row is counted once."""

from __future__ import annotations

import filecmp
from collections.abc import Sequence
from pathlib import Path

from optout.datasets import DataFile
from optout.errors import DatasetError

_TAIL = 65536  # bytes at the end, where Parquet says what is in the file


def without_twins(
    files: Sequence[DataFile], before: Sequence[DataFile] = ()
) -> tuple[list[DataFile], tuple[tuple[str, str], ...]]:
    """The files, each content of an edition once; and the names of those left out, each with its
    twin's. What the files `before` hold is left out, too.

    Raises DatasetError when one can no longer be read.
    """
    first = without_twins(before)[0] if before else []
    kept: list[DataFile] = []
    left_out: list[tuple[str, str]] = []
    alike: dict[tuple[str, str, int, bytes], list[DataFile]] = {}
    for file in [*first, *files]:
        if not isinstance(file.path, Path):
            kept.append(file)  # to compare remote files would mean to read them
            continue
        near = alike.setdefault((file.dataset, file.edition, file.size, _tail(file)), [])
        twin = next((one for one in near if filecmp.cmp(str(one.path), file.path, False)), None)
        if twin is None:
            near.append(file)
            kept.append(file)
        else:
            left_out.append((file.name, twin.name))
    return kept[len(first) :], tuple(left_out)


def _tail(file: DataFile) -> bytes:
    try:
        with file.path.open("rb") as opened:
            opened.seek(-min(_TAIL, file.size), 2)
            return opened.read()
    except OSError as error:
        raise DatasetError(
            f"cannot read {file.path}: {error.strerror}", "check who may read it"
        ) from error

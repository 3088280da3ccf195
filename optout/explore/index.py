"""An index folder → the files of its table of rows, each row of the sources once.

Reads no more of manifest.json than it needs: `sources` (dataset, edition) and `tables.rows` (file).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from optout.datasets import DataFile
from optout.datasets.columns import check
from optout.errors import DatasetError

_MANIFEST = "manifest.json"


def index_files(folder: Path) -> list[DataFile]:
    """The data files to read in place of those an index was made from. Raises DatasetError."""
    manifest = _manifest(folder)
    try:
        names = [Path(entry["file"]) for entry in manifest["tables"]["rows"]]
        sources = manifest["sources"]
        datasets = dict.fromkeys(source["dataset"] for source in sources)
        editions = dict.fromkeys(source["edition"] for source in sources if source["edition"])
    except (KeyError, TypeError) as error:
        raise DatasetError(f"{folder / _MANIFEST} names no table of rows", _HINT) from error
    outside = [name for name in names if name.is_absolute() or ".." in name.parts]
    if outside:
        raise DatasetError(f"{folder / _MANIFEST} names {outside[0]}, outside the index", _HINT)
    return [
        DataFile(
            folder / name,
            ", ".join(datasets),
            ", ".join(editions),
            name.as_posix(),
            (folder / name).stat().st_size if (folder / name).is_file() else 0,
            check(folder / name),
        )
        for name in names
    ]


_HINT = "build the index again: optout index build"


def _manifest(folder: Path) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads((folder / _MANIFEST).read_text("utf-8"))
    except OSError as error:
        raise DatasetError(
            f"{folder} is no finished index: it has no readable {_MANIFEST}", _HINT
        ) from error
    except ValueError as error:
        raise DatasetError(f"{folder / _MANIFEST} is damaged", _HINT) from error
    return manifest

"""An index folder → the files of its table of rows, each row of the sources once."""

from __future__ import annotations

from pathlib import Path

from optout.datasets import DataFile
from optout.datasets.columns import check


def index_files(folder: Path) -> list[DataFile]:
    """The data files to read in place of those an index was made from. Raises DatasetError."""
    from optout.index import read_manifest

    manifest = read_manifest(folder)
    datasets = dict.fromkeys(source.dataset for source in manifest.sources)
    editions = dict.fromkeys(source.edition for source in manifest.sources if source.edition)
    whose = ", ".join(datasets), ", ".join(editions)
    return [
        DataFile(folder / one.file, *whose, one.file, one.bytes, check(folder / one.file))
        for one in manifest.tables["rows"]
    ]

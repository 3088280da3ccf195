"""An index → what is wrong with it: files missing, changed or added, sources no longer as read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from optout.index import layout
from optout.index.layout import Manifest, Source, TableFile


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is not as the manifest says."""

    what: str  # "missing", "changed", "added", "source_missing", "source_changed"
    file: str
    detail: str


def verify(
    index: Path, *, sources: bool = True, progress: Callable[[int, int], None] | None = None
) -> list[Problem]:
    """Hash every file of an index again, and compare its sources; nothing found is nothing wrong.

    Raises DatasetError where there is no index. `progress` gets bytes done, of how many.
    """
    manifest = layout.read_manifest(index)
    found = list(_added(index, manifest))
    done, total = 0, manifest.bytes()
    for files in manifest.tables.values():
        for file in files:
            found += _file(index / file.file, file)
            done += file.bytes
            if progress:
                progress(done, total)
    if sources:
        found += [problem for one in manifest.sources for problem in _source(one)]
    return found


def _file(path: Path, file: TableFile) -> Iterator[Problem]:
    try:
        size = path.stat().st_size
        same = size == file.bytes and layout.digest(path) == file.sha256
    except OSError as error:
        yield Problem("missing", file.file, error.strerror or "it cannot be read")
        return
    if not same:
        detail = "other bytes" if size == file.bytes else f"{size:,} bytes, not {file.bytes:,}"
        yield Problem("changed", file.file, detail)


def _added(index: Path, manifest: Manifest) -> Iterator[Problem]:
    known = {file.file for files in manifest.tables.values() for file in files}
    for table in manifest.tables:
        for path in sorted((index / table).glob("*")):
            name = f"{table}/{path.name}"
            if name not in known:
                yield Problem("added", name, "the manifest does not know it")


def _source(one: Source) -> Iterator[Problem]:
    from optout.index.sources import source_digest

    path = Path(one.path)
    try:
        if path.stat().st_size == one.size and source_digest(path) == one.sha256:
            return
        yield Problem("source_changed", one.path, "not the file the index was made from")
    except OSError as error:
        yield Problem("source_missing", one.path, error.strerror or "it cannot be read")

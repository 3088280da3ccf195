"""The picture files that a case keeps → an index of them that a stranger's picture is held to."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from optout.case import Case
from optout.errors import VisionError

if TYPE_CHECKING:
    import duckdb

    from optout.vision.references import References


@dataclass(frozen=True, slots=True)
class Work:
    """One of the artist's files, and what it shows."""

    image_url: str
    work_id: str | None
    sha256: str = ""


class Known:
    """The artist's pictures. The index is made when the first stranger's picture asks for it."""

    def __init__(
        self, works: list[Work], files: list[Path], hashed: dict[str, Work], cache: Path
    ) -> None:
        self.works = works
        self.hashed = hashed  # sha256 of every file seen at an address of the case
        self._files = files
        self._cache = cache

    @cached_property
    def name(self) -> str:
        """Names this set of files and the rules of comparing; other verdicts need other names."""
        from importlib.resources import files

        rules = files("optout.vision").joinpath("thresholds.toml").read_bytes()
        hashes = "".join(sorted(work.sha256 for work in self.works))
        return hashlib.sha256(rules + hashes.encode()).hexdigest()[:16]

    @cached_property
    def references(self) -> References:
        """The files, decoded and indexed; one that is none any more is found by nobody."""
        from optout.vision.references import references
        from optout.vision.verify import look

        return references([look(file_bytes(file), self._cache) for file in self._files])

    def held(self, work_id: str | None) -> list[int]:
        """Which of `works` are files of this work."""
        return [n for n, work in enumerate(self.works) if work.work_id == work_id]

    def path(self, image_url: str) -> Path | None:
        """The kept file of one of the artist's images."""
        for work, file in zip(self.works, self._files, strict=True):
            if work.image_url == image_url:
                return file
        return None


def known(connection: duckdb.DuckDBPyConnection, case: Case) -> Known:
    """The pictures whose files the case keeps. Raises VisionError when it keeps none.

    `connection` holds the case with its `case_images` as a table.
    """
    from optout.database import relation
    from optout.works import case_works

    kept = relation(connection, "kept_pictures").fetchall()
    ids = {work.image_url: work.work_id for work in case_works(connection)}
    if not kept:
        raise VisionError(
            "the case keeps no picture files to compare with",
            "scan with: optout crawl --keep-images",
        )
    works = [Work(url, ids.get(url), sha256 or "") for url, _, _, sha256 in kept]
    files = [kept_file(case, run_id, stored_as) for _, run_id, stored_as, _ in kept]
    hashed: dict[str, Work] = {}
    for url, _, sha256 in relation(connection, "case_files").fetchall():
        if sha256:
            hashed.setdefault(sha256, Work(url, ids.get(url)))
    return Known(works, files, hashed, case.looked_at / "features")


def kept_file(case: Case, run_id: str, stored_as: str) -> Path:
    """Where a run keeps a file. Raises VisionError for a name that leads out of the run."""
    run = (case.observations / f"run={run_id}").resolve()
    path = (run / stored_as).resolve()
    if not path.is_relative_to(run):
        raise VisionError(f"{stored_as} leads out of {run.name}", "restore the run from a copy")
    return path


def file_bytes(path: Path) -> bytes:
    """At most as much as is refused for its size; nothing where the file is gone."""
    from optout.vision.decode import MAX_BYTES

    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError:
        return b""

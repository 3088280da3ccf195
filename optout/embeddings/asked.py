"""Files, the pictures of a case, or texts → the vectors that are searched for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from optout.case import Case
from optout.embeddings.decoding import SUFFIXES, pixels
from optout.embeddings.models import Model
from optout.embeddings.views import views
from optout.errors import EmbeddingError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Subject:
    """What is looked for: a picture, or a text."""

    name: str  # image address, path of a file, or the text itself
    path: Path | None = None  # of a picture
    image_url: str | None = None  # of a picture of the case
    work_id: str | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """Vectors to search for, several of a picture: `of` says which subject, `view` which view."""

    subjects: tuple[Subject, ...]
    vectors: NDArray[np.float32]  # (n, dimensions), each of length 1
    of: tuple[int, ...]
    view: tuple[str, ...]
    unreadable: tuple[tuple[str, str], ...] = ()  # name and reason of pictures left out


def files(paths: Iterable[Path]) -> list[Subject]:
    """Every picture file named, or in a folder named. Raises EmbeddingError when there is none."""
    found: list[Subject] = []
    for path in paths:
        if not path.exists():
            raise EmbeddingError(f"there is no file or folder {path}", "check the name")
        inside = sorted(path.rglob("*")) if path.is_dir() else [path]
        chosen = [file for file in inside if not path.is_dir() or file.suffix.lower() in SUFFIXES]
        found += [Subject(str(file), file) for file in chosen if file.is_file()]
    if not found:
        raise EmbeddingError("no picture among what was named", "name picture files, or a folder")
    return found


def case_pictures(case: Case) -> list[Subject]:
    """The pictures whose files the case keeps. Raises EmbeddingError when it keeps none."""
    from optout.database import open_case, relation
    from optout.works import case_works

    with open_case(case) as connection:
        query = relation(connection, "case_images")
        connection.execute("DROP VIEW IF EXISTS case_images")
        query.to_table("case_images")
        rows = relation(connection, "kept_pictures").fetchall()
        works = {work.image_url: work.work_id for work in case_works(connection)}
    if not rows:
        raise EmbeddingError(
            "the case keeps no picture files",
            "scan with: optout crawl --keep-images   (or name picture files)",
        )
    return [
        Subject(url, _kept(case, run_id, stored_as), url, works.get(url))
        for url, run_id, stored_as, _ in rows
    ]


def _kept(case: Case, run_id: str, stored_as: str) -> Path:
    run = (case.observations / f"run={run_id}").resolve()
    path = (run / stored_as).resolve()
    if not path.is_relative_to(run):
        raise EmbeddingError(f"{stored_as} leads out of {run.name}", "restore the run from a copy")
    return path


def pictures(model: Model, subjects: Sequence[Subject], *, whole_only: bool = False) -> Asked:
    """The views of every picture, described by `model`; pictures that cannot be read apart."""
    import numpy as np

    kept: list[Subject] = []
    parts: list[NDArray[np.float32]] = []
    of: list[int] = []
    names: list[str] = []
    unreadable: list[tuple[str, str]] = []
    for subject in subjects:
        try:
            assert subject.path is not None
            found = views(pixels(subject.path))[: 1 if whole_only else None]
            parts.append(model.pictures([view for _, view in found]))
        except EmbeddingError as error:
            unreadable.append((subject.name, error.message))
            continue
        of += [len(kept)] * len(found)
        names += [name for name, _ in found]
        kept.append(subject)
    empty = np.empty((0, model.identity.dimensions), np.float32)
    vectors = np.concatenate([empty, *parts])
    return Asked(tuple(kept), vectors, tuple(of), tuple(names), tuple(unreadable))


def texts(model: Model, of: Sequence[str]) -> Asked:
    """Each text as one vector. Raises EmbeddingError for a model of pictures alone."""
    if model.texts is None:
        raise EmbeddingError(f"{model.identity.name} describes no texts", "use a CLIP model")
    subjects = tuple(Subject(text) for text in of)
    return Asked(subjects, model.texts(of), tuple(range(len(of))), ("text",) * len(of))

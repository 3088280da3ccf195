"""needs.toml and the readers chosen → which site files and which header lines to ask for."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from optout.errors import OptoutError
from optout.readers.table import Reader, readers

ROBOTS = "robots.txt"


@dataclass(frozen=True, slots=True)
class FileKind:
    """A file that speaks for a whole origin."""

    kind: str
    paths: tuple[str, ...]
    max_bytes: int
    max_redirects: int


@dataclass(frozen=True, slots=True)
class Needs:
    """What to ask for on behalf of some readers."""

    files: tuple[FileKind, ...]
    images: bool  # header lines of each image's own answer
    headers: frozenset[str]  # lower-case names of those kept
    head_refused: frozenset[int]  # answers to HEAD after which GET is tried


def needs(of: Sequence[Reader], *, images: bool = True) -> Needs:
    """What the readers look at. `images=False`: no image is asked for, whoever would look.

    >>> from optout.readers.table import readers
    >>> needs([r for r in readers() if r.name == "CCBot"]).images
    False
    """
    table = _table()
    further = any(reader.method not in table["robots_txt_alone"] for reader in of)
    return Needs(
        files=tuple(_kind(one) for one in table["file"] if further or one["for"] == "all"),
        images=images and further,
        headers=frozenset(table["headers"]),
        head_refused=frozenset(table["head_refused"]),
    )


def chosen(names: Sequence[str]) -> tuple[Reader, ...]:
    """Readers by name, whatever its case, in the order given; without names, the builders' own.

    Raises OptoutError for a name that no reader has.
    """
    by_name = {reader.name.lower(): reader for reader in readers()}
    wanted = dict.fromkeys(name.strip().lower() for name in names or _table()["readers"])
    for name in wanted:
        if name not in by_name:
            known = ", ".join(reader.name for reader in by_name.values())
            raise OptoutError(f"there is no reader called {name[:60]}", f"the known ones: {known}")
    return tuple(by_name[name] for name in wanted)


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads((resources.files(__package__) / "needs.toml").read_text("utf-8"))


def _kind(one: dict[str, Any]) -> FileKind:
    return FileKind(one["kind"], tuple(one["paths"]), one["max_bytes"], one["max_redirects"])

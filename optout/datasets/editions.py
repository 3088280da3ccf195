"""datasets.toml → known data sets and editions, and which of them a file belongs to."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from typing import Any


@dataclass(frozen=True, slots=True)
class Edition:
    """One published form of a data set, and how its files are recognised."""

    dataset: str
    name: str
    uuids: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    headerless: tuple[str, ...] = ()  # columns of files without a header line
    rows: str = ""
    files_published: int | None = None
    url: str = ""


@dataclass(frozen=True, slots=True)
class DataSet:
    """A known data set, in the words of datasets.toml."""

    name: str
    what: str
    obtain: str
    homepage: str
    ask: tuple[str, ...]
    source: str
    checked: date
    rows: str = ""
    size: str = ""
    licence: str = ""
    gated: bool = False
    withdrawn: bool = False
    crawl_from: date | None = None
    crawl_until: date | None = None
    editions: tuple[Edition, ...] = ()


@cache
def known() -> tuple[DataSet, ...]:
    """Every data set of datasets.toml, in its order."""
    return tuple(_dataset(dict(entry)) for entry in _table()["dataset"])


@cache
def columns() -> dict[str, tuple[str, ...]]:
    """Our name of each column → the names it goes by in files, lower-case."""
    return {name: tuple(names) for name, names in _table()["columns"].items()}


@cache
def highest() -> dict[str, tuple[str, ...]]:
    """Our columns of which the highest of several counts → the names of these in columns()."""
    return {name: tuple(names) for name, names in _table()["highest"].items()}


def find(name: str) -> tuple[DataSet, Edition | None] | None:
    """The data set, or data set and edition, called `name` (in any case); None if unknown.

    >>> find("relaion2b-EN-research-safe")[0].name
    'relaion5b'
    """
    wanted = name.casefold()
    for dataset in known():
        if dataset.name.casefold() == wanted:
            only = dataset.editions[0] if len(dataset.editions) == 1 else None
            return dataset, only
    for dataset in known():
        for edition in dataset.editions:
            if edition.name.casefold() == wanted:
                return dataset, edition
    return None


@cache
def crawl_period(name: str) -> tuple[date | None, date | None]:
    """First and last day of the crawl under a data set, each None where nobody states it."""
    found = find(name)
    return (found[0].crawl_from, found[0].crawl_until) if found else (None, None)


def recognise(file_name: str, folders: Sequence[str]) -> Edition | None:
    """The edition of a file by its name or a folder above it (nearest first); None if not known.

    >>> recognise("part-00000-5114fd87-297e-42b0-9d11-50f1df323dfa-c000.snappy.parquet", []).name
    'laion2B-en'
    """
    name = file_name.casefold()
    editions = [edition for dataset in known() for edition in dataset.editions]
    for edition in editions:
        if any(uuid in name for uuid in edition.uuids):
            return edition
    for edition in editions:
        if name in (known_name.casefold() for known_name in edition.files):
            return edition
    for folder in folders:
        for edition in editions:
            if folder.casefold() in (known_name.casefold() for known_name in edition.folders):
                return edition
    return None


@cache
def _table() -> dict[str, Any]:
    text = (resources.files(__package__) / "datasets.toml").read_text("utf-8")
    return tomllib.loads(text)


def _dataset(entry: dict[str, Any]) -> DataSet:
    editions = tuple(_edition(entry["name"], e) for e in entry.pop("edition", []))
    return DataSet(**{**entry, "ask": tuple(entry["ask"]), "editions": editions})


def _edition(dataset: str, entry: dict[str, Any]) -> Edition:
    lists = ("uuids", "files", "folders", "headerless")
    fields: dict[str, Any] = {k: tuple(v) if k in lists else v for k, v in entry.items()}
    return Edition(dataset, **fields)

"""Paragraphs of terms that speak of mining or training → dated context, never a signal."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True, slots=True)
class Prose:
    """One paragraph; docs/records.md explains the columns of `prose`."""

    page_url: str
    place: str
    tag: str
    language: str
    phrase: str
    raw: str
    truncated: bool
    observed_at: datetime | None
    pages: int = 1  # of the site that hold it


@cache
def note() -> str:
    """What is said beside every such paragraph."""
    text = (resources.files(__package__) / "prose.toml").read_text("utf-8")
    return str(tomllib.loads(text)["note"])


def prose_of(connection: duckdb.DuckDBPyConnection) -> list[Prose]:
    """Those of the current runs: each once per site, by the first page that holds it."""
    from optout.database import dictionaries, relation

    return [Prose(**row) for row in dictionaries(relation(connection, "prose"))]


def from_row(row: dict[str, Any], observed_at: datetime) -> Prose:
    """A row of the crawl's relation `prose`, of a page that was fetched just now."""
    kept = {name: row[name] for name in Prose.__slots__ if name in row and name != "observed_at"}
    return Prose(**kept, observed_at=observed_at)

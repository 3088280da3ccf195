"""thresholds.toml → from which similarity on a row is listed, by kind of model."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from typing import Any

from optout.embeddings.identity import ModelIdentity


@dataclass(frozen=True, slots=True)
class Threshold:
    """The words of thresholds.toml for one kind of model."""

    image: float
    says: str
    source: str
    checked: date
    text: float | None = None  # where the model describes texts


@dataclass(frozen=True, slots=True)
class IndexLimits:
    """The words of thresholds.toml for faiss indexes."""

    probes: int
    margin: float
    source: str
    checked: date


@cache
def _entries() -> dict[str, dict[str, Any]]:
    return tomllib.loads((resources.files(__package__) / "thresholds.toml").read_text("utf-8"))


def index_limits() -> IndexLimits:
    """The entry for faiss indexes."""
    return IndexLimits(**_entries()["index"])


@cache
def _table() -> dict[str, Threshold]:
    entries = {kind: entry for kind, entry in _entries().items() if kind != "index"}
    return {kind: Threshold(**entry) for kind, entry in entries.items()}


def threshold_for(identity: ModelIdentity) -> Threshold:
    """The entry for a model: a copy descriptor's, or that of the CLIP models."""
    return _table().get(identity.name, _table()["clip"])

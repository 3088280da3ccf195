"""thresholds.toml → from which similarity on a row is listed, by kind of model."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources

from optout.embeddings.identity import ModelIdentity


@dataclass(frozen=True, slots=True)
class Threshold:
    """The words of thresholds.toml for one kind of model."""

    image: float
    says: str
    source: str
    checked: date
    text: float | None = None  # where the model describes texts


@cache
def _table() -> dict[str, Threshold]:
    text = (resources.files(__package__) / "thresholds.toml").read_text("utf-8")
    return {kind: Threshold(**entry) for kind, entry in tomllib.loads(text).items()}


def threshold_for(identity: ModelIdentity) -> Threshold:
    """The entry for a model: a copy descriptor's, or that of the CLIP models."""
    return _table().get(identity.name, _table()["clip"])

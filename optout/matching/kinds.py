"""evidence.toml → the kinds of evidence in order of strength."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources

from optout.tables import STRENGTHS


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of evidence, in the words of evidence.toml."""

    kind: str
    strength: str
    label: str
    proves: str
    proves_not: str
    requests: tuple[str, ...]
    confirm: bool
    computed: bool


@cache
def kinds() -> dict[str, Kind]:
    """All kinds by name, strongest first."""
    text = (resources.files("optout") / "evidence.toml").read_text("utf-8")
    found = [
        Kind(kind=name, **{**entry, "requests": tuple(entry["requests"])})
        for name, entry in tomllib.loads(text).items()
    ]
    found.sort(key=lambda kind: STRENGTHS.index(kind.strength))
    return {kind.kind: kind for kind in found}

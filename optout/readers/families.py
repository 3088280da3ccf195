"""families.toml and methods.toml → signal families, and the signals that a reader looks at."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from typing import Any

from optout.readers.agents import tupled
from optout.readers.table import Reader


@dataclass(frozen=True, slots=True)
class Family:
    """A signal family; families.toml explains each field."""

    name: str
    signals: tuple[str, ...]
    parser: str
    clause: str
    status: str
    source: str
    checked: date
    valid_from: date
    purposes: tuple[str, ...] = ()
    words: str = ""


@cache
def families() -> dict[str, Family]:
    """All families by name, in the order of the table.

    >>> families()["TDMRep"].signals
    ('tdmrep.json', 'tdm-reservation', 'meta tdm-reservation')
    """
    return {name: Family(name, **tupled(one)) for name, one in _read("families.toml").items()}


@cache
def looked_at(reader: Reader) -> frozenset[str]:
    """The signals that a reader looks at; all else it passes over.

    >>> from optout.readers.table import readers
    >>> looked_at(readers()[0])
    frozenset({'X-Robots-Tag'})
    """
    own = {signal for name in reader.families for signal in families()[name].signals}
    return frozenset(own | set(_read("methods.toml")[reader.method]))


@cache
def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((resources.files(__package__) / name).read_text("utf-8"))

"""columns.toml → which header is which column, which word which status."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib import resources
from typing import Any

from optout.matching.texts import folded

# In the order they are documented and exported.
COLUMNS = (
    "number",
    "names",
    "sites",
    "accounts",
    "languages",
    "mandate_from",
    "mandate_until",
    "mandate_scope",
    "contact",
    "status",
)


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads((resources.files(__package__) / "columns.toml").read_text("utf-8"))


def word(text: str) -> str:
    """A header or status as it is compared.

    >>> word(" Mitglieds-Nr. "), word("Nº de socio")
    ('mitglieds nr', 'no de socio')
    """
    return " ".join(re.findall(r"\w+", folded(text).replace("_", " ")))


def column(header: str) -> str | None:
    """Our column for a header of a members file, or None."""
    return _headers().get(word(header))


def status(text: str) -> str:
    """The status in our word; "active" where the cell is empty; an unknown word as it stands.

    >>> status("Aktiv"), status(""), status("honorary")
    ('active', 'active', 'honorary')
    """
    plain = word(text)
    return _statuses().get(plain, plain) or "active"


def scope_has_requests(text: str) -> bool:
    """Whether a mandate of this scope lets requests be written."""
    return word(text) not in {word(one) for one in _table()["scope"]["without_requests"]}


def values(cell: str) -> tuple[str, ...]:
    """The values of one cell, each once, in the order written."""
    parts = re.split(f"[{re.escape(_table()['separators'])}]", cell)
    return tuple(dict.fromkeys(" ".join(part.split()) for part in parts if part.strip()))


@cache
def _headers() -> dict[str, str]:
    headers: dict[str, list[str]] = _table()["headers"]
    own = {name.replace("_", " "): name for name in COLUMNS}
    return {word(text): name for name, texts in headers.items() for text in texts} | own


@cache
def _statuses() -> dict[str, str]:
    table: dict[str, list[str]] = _table()["status"]
    return {word(text): name for name, texts in table.items() for text in texts}

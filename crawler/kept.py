"""kept.toml → names of the headers and metas that are kept."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

_TABLE: dict[str, Any] = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))


def _names(*groups: dict[str, Any]) -> frozenset[str]:
    return frozenset(name for group in groups for name in group if name != "checked")


HEADERS = _names(_TABLE["headers"]["signals"], _TABLE["headers"]["context"])
METAS = _names(_TABLE["metas"])

"""Simulated readers agree, row by row, with what the real programs answered.

tests/differential/ holds the answers, and the scripts that asked.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from optout.readers.table import readers
from optout.readers.verdicts import Hop, Subject, verdict

HERE = Path(__file__).parent / "differential"
READER = {reader.name: reader for reader in readers()}
TABLE: dict[str, Any] = json.loads((HERE / "x_robots_tag.json").read_text("utf-8"))


def answered(tags: list[str], reserved: list[str]) -> Subject:
    lines = [("X-Robots-Tag", tag) for tag in tags] + [("tdm-reservation", v) for v in reserved]
    hop = Hop("https://a.example/1.jpg", 200, tuple(lines))
    return Subject(hop.url, (hop,))


@pytest.mark.parametrize("field", TABLE["fields"])
def test_headers_as_the_real_packages(field: str) -> None:
    name, *more = field.split(", ")
    taken = next((word.removesuffix(" lines").removesuffix(" line") for word in more), "all")
    reader = replace(
        READER[name],
        token="img2dataset" if "named" in more else "",
        lines_read="all" if taken == "named" else taken,
    )
    at = TABLE["fields"].index(field)
    different = [
        (tags, reserved)
        for tags, reserved, digits in TABLE["rows"]
        if (verdict(reader, answered(tags, reserved)).value == "disallowed") != (digits[at] == "1")
    ]
    assert different == []


def test_the_answers_are_of_the_versions_and_defaults_in_the_table() -> None:
    assert len(TABLE["rows"]) >= 2000
    for name in ("img2dataset", "datadiligence"):
        assert TABLE["packages"][name] == READER[name].version
    assert tuple(TABLE["directives"]) == READER["img2dataset"].directives


@pytest.mark.parametrize("field", TABLE["fields"])
def test_the_rows_tell_readers_apart(field: str) -> None:
    """A table of refusals alone, or of none, would prove nothing."""
    at = TABLE["fields"].index(field)
    refused = sum(int(digits[at]) for _, _, digits in TABLE["rows"])
    assert len(TABLE["rows"]) / 5 < refused < len(TABLE["rows"]) * 4 / 5

"""Simulated readers agree, row by row, with what the real programs answered.

tests/differential/ holds the answers, and the scripts that asked.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from crawler.signals.robots_txt import parse
from optout.readers.dialects import dialects
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


# --- Google's parser ---

PARSED: dict[str, Any] = json.loads((HERE / "robots_google.json").read_text("utf-8"))


def test_google_s_parser_as_the_real_one() -> None:
    """Yes or no, and the line. (The real one also names a line where an empty value "matched".)"""
    different = []
    for text, asked in PARSED["rows"]:
        robots = parse(text.encode("latin-1"), dialects()["google"])
        for agent, target, allowed, line in asked:
            found = robots.decide(agent, target)
            if found.allowed != bool(allowed) or found.line not in (None, line):
                different.append((text, agent, target))
    assert different == []


def test_the_parser_is_of_the_version_in_the_table() -> None:
    assert PARSED["google/robotstxt"] == READER["Google's parser"].version
    assert PARSED["google/robotstxt"] in dialects()["google"].clause
    answers = [allowed for _, asked in PARSED["rows"] for _, _, allowed, _ in asked]
    assert len(answers) > 3000
    assert answers.count(0) > 500

"""X-Robots-Tag: cases, any text, long lines."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.signals.x_robots_tag import parse

CASES = json.loads((Path(__file__).parent / "cases/x_robots_tag.json").read_text("utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_case(case: dict[str, Any]) -> None:
    found = parse(case["raw"])
    assert [[d.agent, d.name, d.value, d.position, d.ambiguous] for d in found] == case["expected"]
    assert all(d.raw == case["raw"][d.position] for d in found)


@given(
    st.lists(st.text(st.sampled_from("noai:,;* \tüunavailable_after09"), max_size=60), max_size=3)
)
def test_any_text(lines: list[str]) -> None:
    for found in parse(lines):
        assert found.name
        assert found.agent
        assert found.raw == lines[found.position]


@given(st.lists(st.sampled_from(["noai", "noindex", "foo", "NoImageAI"]), min_size=1, max_size=6))
def test_plain_rules_come_back_whole_and_in_order(rules: list[str]) -> None:
    assert [d.name for d in parse([", ".join(rules)])] == [rule.lower() for rule in rules]


def test_a_long_line_takes_linear_time() -> None:
    started = time.process_time()
    parse(["unavailable_after: 1" + ",1" * 500_000])
    parse(["a:" * 300_000])
    assert time.process_time() - started < 10

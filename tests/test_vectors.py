"""tests/vectors: what the specifications say, as data others can use too (docs/vectors.md)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from crawler.signals import (
    ai_txt,
    content_usage,
    robots_txt,
    rsl,
    tdmrep,
    tdmrep_file,
    x_robots_tag,
)
from crawler.signals.robots_meta import Meta

VECTORS = Path(__file__).parent / "vectors"
FAMILIES = ("ai_txt", "content_usage", "rsl", "tdmrep", "x_robots_tag")


def cases(family: str) -> list[Any]:
    found = json.loads((VECTORS / f"{family}.json").read_text("utf-8"))
    return [pytest.param(case["input"], case["expected"], id=case["name"]) for case in found]


@pytest.mark.parametrize("family", FAMILIES)
def test_every_case_has_a_name_of_its_own_and_a_clause(family: str) -> None:
    found = json.loads((VECTORS / f"{family}.json").read_text("utf-8"))
    assert len(found) >= 25
    assert len({case["name"] for case in found}) == len(found)
    assert all(set(case) == {"name", "clause", "input", "expected"} for case in found)
    assert all(case["clause"] for case in found)


@pytest.mark.parametrize(("given", "expected"), cases("content_usage"))
def test_content_usage(given: dict[str, Any], expected: dict[str, Any]) -> None:
    if "header" in given:
        statement = content_usage.parse_header(given["header"])
        assert statement
        found: dict[str, Any] = {one.label: one.value for one in statement.preferences}
    else:
        robots = robots_txt.parse(given["robots_txt"].encode())
        usage = content_usage.usage(robots, given["token"], given["target"])
        found = {one.label: one.value for one in usage.preferences} | {"crawlable": usage.crawlable}
    assert {name: found.get(name, "unknown") for name in expected} == expected


@pytest.mark.parametrize(("given", "expected"), cases("tdmrep"))
def test_tdmrep(given: dict[str, Any], expected: dict[str, Any]) -> None:
    sources: list[list[tdmrep.Declaration]] = []
    declared: list[tdmrep.Declaration] = []
    longest = None
    if "file" in given:
        file = tdmrep_file.parse_file(given["file"].encode())
        choice = tdmrep_file.choose(file, given["target"])
        sources.append([choice.first] if choice.first else [])
        declared += file.entries
        longest = choice.longest.reservation if choice.longest else None
    header = given.get("header", {})
    lines = header.get("tdm-reservation", []), header.get("tdm-policy", [])
    sources.append(tdmrep.parse_header(*lines))
    metas = [Meta(n, name, content) for n, (name, content) in enumerate(given.get("metas", []))]
    sources.append(tdmrep.parse_metas(metas))
    declared += sources[-2] + sources[-1]
    found = tdmrep.in_force(*sources)
    by = found.decided_by.source if found.decided_by else None
    answer = {"reservation": found.reservation, "policy": found.policy, "by": by}
    if "lenient" in expected:
        answer["lenient"] = next(one.lenient for one in declared)
    if "longest" in expected:
        answer["longest"] = longest
    assert answer == expected


@pytest.mark.parametrize(("given", "expected"), cases("x_robots_tag"))
def test_x_robots_tag(given: list[str], expected: list[dict[str, Any]]) -> None:
    found = x_robots_tag.parse(given)
    assert [
        {
            "agent": one.agent,
            "rule": one.name,
            "value": one.value,
            "line": one.position,
            "ambiguous": one.ambiguous,
        }
        for one in found
    ] == expected


@pytest.mark.parametrize(("given", "expected"), cases("ai_txt"))
def test_ai_txt(given: dict[str, str], expected: dict[str, str]) -> None:
    file = ai_txt.parse(given["file"].encode())
    reading = ai_txt.read(
        file, given["target"], agent=given.get("agent", "*"), extension=given.get("extension")
    )
    assert {
        "format": file.format,
        "as_pattern": reading.as_pattern.value,
        "as_extension": reading.as_extension.value,
    } == expected


@pytest.mark.parametrize(("given", "expected"), cases("rsl"))
def test_rsl(given: dict[str, Any], expected: dict[str, Any]) -> None:
    if "document" not in given:
        robots = robots_txt.parse(given.get("robots_txt", "").encode())
        references = rsl.from_robots(robots) + rsl.from_header(given.get("link", []))
        assert [one.url for one in references if not one.fault] == expected["references"]
        return
    document = rsl.parse(given["document"].encode())
    terms = [
        {
            "term": "permits" if term.permits else "prohibits",
            "type": term.type,
            "values": list(term.values),
        }
        for content in rsl.covering(document, given["origin"], given["target"])
        for one in content.licenses
        for term in one.terms
    ]
    assert {"readable": not document.fault, "terms": terms} == expected

"""Content-Usage: the suite of RFC 9651 through our path; what a statement keeps."""

from __future__ import annotations

import base64
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import http_sf
import pytest

from crawler.signals import content_usage, robots_txt

SUITE = ("dictionary", "param-dict", "key-generated", "item", "token", "token-generated")
SUITE += ("boolean", "string", "examples")


def as_json(value: Any) -> Any:
    """A parsed value in the form of the suite."""
    if isinstance(value, http_sf.Token):
        return {"__type": "token", "value": str(value)}
    if isinstance(value, bytes):
        return {"__type": "binary", "value": base64.b32encode(value).decode()}
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, tuple):
        inner, parameters = value
        pairs = [[key, as_json(one)] for key, one in parameters.items()]
        items = [as_json(one) for one in inner] if isinstance(inner, list) else as_json(inner)
        return [items, pairs]
    return value


def members_of(case: dict[str, Any]) -> Any:
    """What our path makes of a case, in the form of the suite. Raises ValueError."""
    raw = ", ".join(case["raw"]).encode("utf-8", "surrogatepass")
    if case["header_type"] == "dictionary":
        members = content_usage.dictionary(raw)
        return [[key, as_json(one)] for key, one in members.items()]
    # An item is read as the only member of a dictionary, with a parameter that ends it: blanks
    # and commas behind an item mean something in a dictionary, and nothing in an item.
    members = content_usage.dictionary(b"k=" + raw.strip(b" ") + b";end")
    if list(members) != ["k"] or members["k"][1].pop("end", None) is not True:
        raise ValueError("more than one item")
    return as_json(members["k"])


@pytest.mark.shared
@pytest.mark.parametrize("name", SUITE)
def test_the_suite_of_structured_fields(shared: Path, name: str) -> None:
    path = shared / "suites" / "structured-field-tests" / f"{name}.json"
    cases = [one for one in json.loads(path.read_text("utf-8")) if one["header_type"] != "list"]
    assert cases
    for case in cases:
        try:
            found = members_of(case)
        except ValueError:
            assert case.get("must_fail") or case.get("can_fail"), case
            continue
        assert not case.get("must_fail"), case
        assert found == case["expected"], case


@pytest.mark.shared
def test_a_field_that_must_fail_says_nothing(shared: Path) -> None:
    path = shared / "suites" / "structured-field-tests" / "dictionary.json"
    for case in json.loads(path.read_text("utf-8")):
        statement = content_usage.parse_header(case["raw"])
        assert statement
        assert bool(statement.fault) == case.get("must_fail", False), case


def test_no_line_is_no_statement_and_an_empty_one_is() -> None:
    assert content_usage.parse_header([]) is None
    empty = content_usage.parse_header([""])
    assert empty == content_usage.Statement("header", "", ())


def test_labels_say_whether_they_are_of_today() -> None:
    statement = content_usage.parse_header(["train-ai=n, train-genai=n, x=n"])
    assert statement
    assert [(one.label, one.status) for one in statement.preferences] == [
        ("train-ai", "current"),
        ("train-genai", "historic"),
        ("x", "unregistered"),
    ]


def test_rules_keep_their_line_their_agents_and_what_is_wrong() -> None:
    text = b"Content-Usage: train-ai=n\nUser-agent: a\nUser-agent: b\nContent-Usage: /x Bad=n\n"
    orphan, rule = content_usage.parse_rules(robots_txt.parse(text))
    assert (orphan.line, orphan.agents, orphan.path) == (1, (), None)
    assert (rule.line, rule.agents, rule.path) == (4, ("a", "b"), "/x")
    assert rule.raw == "Content-Usage: /x Bad=n"
    assert rule.fault.startswith("no dictionary")


def test_the_rules_that_decided_are_named() -> None:
    text = b"User-agent: *\nContent-Usage: /a train-ai=y\nContent-Usage: /a train-ai=n\n"
    found = content_usage.usage(robots_txt.parse(text), "x", "/a")
    assert [rule.line for rule in found.rules] == [2, 3]
    assert [one.value for one in found.preferences] == ["disallowed"]


def test_a_long_value_is_not_read() -> None:
    statement = content_usage.parse_header(["a" * (content_usage.MAX_OCTETS + 1)])
    assert statement
    assert statement.fault == f"longer than {content_usage.MAX_OCTETS} octets"

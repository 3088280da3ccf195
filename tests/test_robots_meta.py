"""Meta elements: which of them are robots directives, and for whom."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from crawler.signals.robots_meta import Meta, parse


def found(*metas: tuple[str, str]) -> list[tuple[int, str, str, str]]:
    directives = parse(Meta(n, name, content) for n, (name, content) in enumerate(metas))
    return [(d.position, d.agent, d.name, d.value) for d in directives]


def test_several_elements_in_any_case() -> None:
    assert found(("ROBOTS", "NoAI, NoImageAI"), ("robots", "max-snippet:20,noindex")) == [
        (0, "*", "noai", ""),
        (0, "*", "noimageai", ""),
        (1, "*", "max-snippet", "20"),
        (1, "*", "noindex", ""),
    ]


def test_agents_are_known_by_what_they_are_told() -> None:
    assert found(("CCBot", "nofollow"), ("img2dataset", "noai"), ("googlebot", "none")) == [
        (0, "ccbot", "nofollow", ""),
        (1, "img2dataset", "noai", ""),
        (2, "googlebot", "none", ""),
    ]


def test_other_metas_are_none() -> None:
    others = [
        ("keywords", "noai, art"),
        ("keywords", "noai"),
        ("og:title", "noindex"),
        ("distribution", "all"),
        ("rating", ""),
        ("", "noai"),
    ]
    assert found(*others) == []


def test_an_unknown_rule_of_the_robots_meta_is_kept() -> None:
    assert found(("robots", "noai, please")) == [(0, "*", "noai", ""), (0, "*", "please", "")]


def test_raw_is_the_element_where_it_is_known() -> None:
    element = '<meta name="robots" content="noai">'
    directives = parse([Meta(0, "robots", "noai", element), Meta(1, "robots", "noml")])
    assert [d.raw for d in directives] == [element, "noml"]


@given(st.text(max_size=20), st.text(max_size=60))
def test_any_text(name: str, content: str) -> None:
    parse([Meta(0, name, content)])

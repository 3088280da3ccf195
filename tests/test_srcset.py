"""srcset attributes against the HTML Standard's own cases."""

from __future__ import annotations

import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from crawler.srcset import parse


def test_all_cases_of_web_platform_tests(shared: Path) -> None:
    cases = json.loads((shared / "suites/srcset/srcset_cases.json").read_text())["cases"]
    wrong = [
        case["srcset"]
        for case in cases
        if [url for url, _ in parse(case["srcset"])] != [c["url"] for c in case["candidates"]]
    ]
    assert len(cases) == 235
    assert wrong == []


@given(st.text(alphabet=st.characters(codec="utf-8")))
def test_never_raises(text: str) -> None:
    parse(text)

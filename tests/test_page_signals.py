"""Metas and other elements of a page that can carry a signal, as rows."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler import html
from crawler.page_signals import MAX_ROWS, signal_elements, signal_metas

URL, NOW = "https://a.example/", "2026-11-21T10:00:00+00:00"


def metas(page: str) -> list[tuple[str, str]]:
    root = html.parse(f"{page}<p>".encode())
    return [(row["name"], row["content"]) for row in signal_metas(root, URL, NOW)]


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ('<meta name=" Robots " content="x">', [("robots", "x")]),
        ('<meta http-equiv="X-Robots-Tag" content="x">', [("x-robots-tag", "x")]),
        ('<meta name="x" property="tdm-policy" content="y">', [("tdm-policy", "y")]),
        ('<meta name="AdsBot-Google" content="x">', [("adsbot-google", "x")]),
        ('<meta name="Applebot-Extended" content="x">', [("applebot-extended", "x")]),
        ('<meta name="anything" content="max-snippet:2, x">', [("anything", "max-snippet:2, x")]),
        ('<meta name="description" content="no index">', []),
        ('<meta name="tdm:reservation" content="1"/>', [("tdm:reservation", "1")]),
        (
            '<meta property="tdm:reservation">1</meta><meta property="tdm:policy">p</meta><title>t',
            [("tdm:reservation", "1"), ("tdm:policy", "p")],
        ),
        ("<noscript><meta name=robots content=none></noscript>", [("robots", "none")]),
        ("<svg><meta name=robots content=none></svg>", [("robots", "none")]),
        ("<!-- <meta name=robots content=none> -->", []),
        ("<meta>", []),
    ],
)
def test_which_metas(page: str, expected: list[tuple[str, str]]) -> None:
    assert metas(page) == expected


def test_licences_and_snippets() -> None:
    page = """<link rel="Copyright LICENSE" href=" /l "><a rel="license nofollow" href="b">x</a>
    <a rel="nofollow" href="c">x</a><div data-nosnippet="x"><p>inside</p></div>
    <link rel="licensed" href="no"><o:p data-nosnippet a&b="&quot;"></o:p>"""
    rows = signal_elements(html.parse(page.encode()), URL, NOW)
    assert [(r["tag"], r["name"], r["content"], r["raw"]) for r in rows] == [
        ("link", "license", " /l ", '<link rel="Copyright LICENSE" href=" /l ">'),
        ("a", "license", "b", '<a rel="license nofollow" href="b">'),
        ("div", "data-nosnippet", "x", '<div data-nosnippet="x">'),
        ("o:p", "data-nosnippet", "", '<o:p data-nosnippet="" a&b="&quot;">'),
    ]


def test_pages_made_of_signals() -> None:
    one = '<meta property="tdm:policy"><p data-nosnippet><a rel=license href=x>y</a></p>'
    root = html.parse(one.encode() * 60_000)
    started = time.process_time()
    assert len(signal_metas(root, URL, NOW)) == MAX_ROWS
    assert len(signal_elements(root, URL, NOW)) == MAX_ROWS
    assert time.process_time() - started < 2


@given(st.text(alphabet="<>/=\"' metalinkrobshd-:1\n&\0é", max_size=200))
def test_any_page(text: str) -> None:
    root = html.parse(b"<meta name=robots content=noai>" + text.encode())
    if root is not None:
        signal_metas(root, URL, NOW)
        signal_elements(root, URL, NOW)

"""Image references of single elements: where the address stands, which texts belong to it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler import html
from crawler.images import image_refs
from crawler.links import page_links, sitemap_links

PAGE = "https://a.example/works/fox.html"


def refs(body: str, head: str = "") -> list[dict[str, Any]]:
    root = html.parse(f"<html><head>{head}</head><body>{body}</body></html>".encode())
    return image_refs(root, PAGE)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('<img src="a.jpg">', [("img", "src", "https://a.example/works/a.jpg")]),
        ("<img src='  /a b.jpg\n'>", [("img", "src", "https://a.example/a%20b.jpg")]),
        (
            '<img data-src="/a.jpg" src="blank.gif">',
            [("img", "data-src", "https://a.example/a.jpg")],
        ),
        (
            '<img data-lazy-srcset="/a.jpg 1x">',
            [("img", "data-lazy-srcset", "https://a.example/a.jpg")],
        ),
        ('<img data-id="17" data-image="17">', []),
        ('<body background="">', []),
        (
            '<img src="/pixel-dragon.png" srcset="/d.webp 2x">',
            [
                ("img", "src", "https://a.example/pixel-dragon.png"),
                ("img", "srcset", "https://a.example/d.webp"),
            ],
        ),
        ('<video poster="/p.jpg"></video>', [("video", "poster", "https://a.example/p.jpg")]),
        ('<input type="image" src="/b.png">', [("input", "src", "https://a.example/b.png")]),
        (
            "<div style=\"background-image: url('/bg.jpg')\"></div>",
            [("div", "style", "https://a.example/bg.jpg")],
        ),
        (
            "<style>.x{background:url(/css.png)}</style>",
            [("style", "text", "https://a.example/css.png")],
        ),
        (
            '<div data-bg="/lazy-bg.webp"></div>',
            [("div", "data-bg", "https://a.example/lazy-bg.webp")],
        ),
        ('<svg><image href="/v.png"/></svg>', [("image", "href", "https://a.example/v.png")]),
        ('<a href="/full.jpg">open</a>', [("a", "href", "https://a.example/full.jpg")]),
        ('<a href="/page">open</a>', []),
        ('<img src="data:image/png;base64,AAAA">', []),
        ("<!-- <img src=/x.jpg> -->", []),
    ],
)
def test_places(body: str, expected: list[tuple[str, str, str]]) -> None:
    assert [(r["tag"], r["attribute"], r["image_url"]) for r in refs(body)] == expected


def test_meta_image_with_its_alt() -> None:
    (ref,) = refs(
        "",
        '<meta property="og:image" content="/og.jpg">'
        '<meta property="og:image:alt" content="A fox">',
    )
    assert (ref["attribute"], ref["image_url"]) == ("og:image", "https://a.example/og.jpg")
    assert ref["captions"] == [{"source": "og:image:alt", "text": "A fox"}]


def test_base_address_decides() -> None:
    (ref,) = refs(
        '<img src="a.jpg">', "<!-- " + "x" * 9000 + ' --><base href="https://cdn.example/x/">'
    )
    assert ref["image_url"] == "https://cdn.example/x/a.jpg"


def test_texts_beside_the_picture() -> None:
    (ref,) = refs(
        '<figure><img src="a.jpg" title="T" alt="A"><figcaption>A  fox</figcaption></figure>'
    )
    assert ref["captions"] == [
        {"source": "title", "text": "T"},
        {"source": "figcaption", "text": "A fox"},
    ]
    assert ref["alt"] == "A"


def test_a_link_and_its_thumbnail_are_one_picture() -> None:
    both = refs(
        '<a href="/big.jpg"><picture><source srcset="/s.webp">'
        '<img src="/s.jpg" alt="Fox"></picture></a>'
    )
    assert len(both) == 3
    assert len({r["image_group"] for r in both}) == 1
    assert {r["alt"] for r in both} == {"Fox"}


@pytest.mark.parametrize(
    ("body", "because"),
    [
        ('<img src="https://a.example/f.jpg" alt="A red fox">', None),
        ('<img src="/f.jpg" alt="A red fox">', "the address is relative"),
        ('<img src="//a.example/f.jpg" alt="A red fox">', "the address is relative"),
        ('<img src="https://a.example/f.gif" alt="A red fox">', "the address contains .gif"),
        (
            '<img src="https://a.example/f.jpg" alt=" Fox  ">',
            "the alt text has fewer than 5 characters",
        ),
        (
            '<img data-src="https://a.example/f.jpg" alt="A red fox">',
            "written in img[data-src], not in img[src]",
        ),
    ],
)
def test_laion_shape(body: str, because: str | None) -> None:
    (ref,) = refs(body)
    assert (ref["in_laion_shape"], ref["not_in_shape_because"]) == (because is None, because)


def test_links_are_pages_only() -> None:
    root = html.parse(
        b'<a href="/x#y">1</a><a href="z.pdf">2</a><a href="mailto:a@b">3</a><a href="#top">4</a>'
        b'<iframe src="/frame"></iframe><area href="?q=1"><a href="http://[bad">5</a>'
    )
    assert page_links(root, PAGE) == [
        "https://a.example/x",
        "https://a.example/frame",
        "https://a.example/works/fox.html?q=1",
    ]


def test_sitemap_with_entities_and_a_broken_end() -> None:
    body = (
        b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
        b"<urlset><url><loc> https://a.example/1 </loc></url><url><loc>&e;</loc></url>"
        b"<url><loc>https://a.example/2?a=1&amp;b=2</loc></url><url><loc>https://a.exam"
    )
    pages, further = sitemap_links(body, "https://a.example/sitemap.xml")
    assert "https://a.example/1" in pages
    assert "https://a.example/2?a=1&b=2" in pages
    assert not any("passwd" in page or "root" in page for page in pages)
    assert further == []


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400), st.sampled_from(["text/html", "text/html; charset=utf-7", None]))
def test_any_bytes_are_read(body: bytes, content_type: str | None) -> None:
    root = html.parse(b"<p><img src=/a.jpg>" + body, content_type)
    if root is not None:
        image_refs(root, PAGE)
        page_links(root, PAGE)
    sitemap_links(body, PAGE)


def test_a_very_deep_page() -> None:
    root = html.parse(b"<div>" * 20_000 + b'<img src="/deep.jpg">')
    assert root is not None
    assert [r["raw"] for r in image_refs(root, PAGE)] == ["/deep.jpg"]


def test_an_alt_text_moved_away_is_no_alt_text() -> None:
    (ref,) = refs('<img src="https://a.example/f.jpg" data-alt="A red fox">')
    assert (ref["alt_state"], ref["in_laion_shape"]) == ("missing", False)
    assert ref["captions"] == [{"source": "data-alt", "text": "A red fox"}]


@pytest.mark.parametrize(
    "body",
    [
        "<style>" + "url(" * 60_000 + "</style>",
        "<style>" + "url('" * 60_000 + "</style>",
        "<figure><figcaption>"
        + "x " * 200_000
        + "</figcaption>"
        + "<img src=a>" * 500
        + "</figure>",
        "<img srcset='a.jpg " + "9" * 5000 + "w'>",
        "<img src=a.jpg>" * 60_000,
    ],
)
def test_hostile_pages_cost_little(body: str) -> None:
    """Each of these took from seconds to hours with a careless pattern; the runner's own
    time-out is the judge, the assertion is that the reading stays bounded."""
    assert len(refs(body)) <= 20_000

"""The crawl against a real server: an awkward small site, looked at record by record."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from tests.harness import FAST, Page, html, jpeg, optout, rows, serving

ROBOTS = b"User-agent: *\r\nDisallow: /private/\r\nUser-agent: GPTBot\r\nDisallow: /\r\n"
BIG = 10 * 2**20
ASKED: list[str] = []
CDN: list[str] = [""]  # its base address, once it runs


def site(path: str, handler: BaseHTTPRequestHandler) -> Page | None:
    ASKED.append(f"{handler.command} {path}")
    here = f"http://127.0.0.1:{handler.server.server_port}"  # type: ignore[attr-defined]
    pages: dict[str, Any] = {
        "/robots.txt": (200, [("Content-Type", "text/plain")], ROBOTS),
        "/": html(
            f"""<a href="/about">a</a> <a href="/private/x">p</a> <a href="gallery/">g</a>
            <a href="/missing">m</a> <a href="/loop">l</a> <a href="/r/1">r</a>
            <a href="/binary">b</a> <a href="/big">big</a> <a href="/events/2031/1/">e</a>
            <a href="http://other.example/">o</a> <a href="/film">f</a> <a href="/picture">p</a>
            <img src="{here}/img/1.jpg" alt="A fox in the snow">
            <img src="/img/2.jpg" alt=""> <img src="/img/3.jpg">
            <img data-src="/img/4.jpg" src="data:image/gif;base64,R0lGODlhAQABAAAAACw=" alt="Lazy">
            <img srcset="/img/5-300.jpg 300w, /img/5.jpg 1200w" src="/img/5-300.jpg" alt="Set one">
            <picture><source srcset="/img/6.webp" type="image/webp"><img src="/img/6.jpg"
            alt="Two ways"></picture>
            <noscript><img src="/img/7.jpg" alt="Without script"></noscript>
            <img src="http://10.1.2.3/secret.jpg" alt="internal"> <img src="/private/8.jpg">
            <img src="/img/missing.jpg"> <img src="/img/moved.jpg" alt="moved away">
            <img src="/img/huge.jpg"> <img src="{CDN[0]}/9.jpg"> <img src="/img/html.jpg">
            <img src="http://169.254.169.254/latest/meta-data/"> <img src="/img/to-private.jpg">""",
            '<meta name="robots" content="noai"><!-- <meta name="robots" content="noimageai"> -->',
        ),
        "/about": (301, [("Location", "/about/")], b""),
        "/about/": html('<img src="1.jpg" alt="relative one"> <a href="/">home</a>'),
        "/gallery/": html('<a href="../img/1.jpg"><img src="/img/1s.jpg"></a>'),
        "/private/x": html("secret"),
        "/loop": (302, [("Location", "/loop2")], b""),
        "/loop2": (302, [("Location", "/loop")], b""),
        "/binary": (200, [("Content-Type", "text/html")], jpeg(1)),
        "/big": (200, [("Content-Type", "text/html")], b"<p>" + b"x" * BIG + b'<a href="/late">'),
        "/film": (200, [("Content-Type", "video/mp4")], b"\0" * 1000),
        "/picture": (200, [("Content-Type", "image/jpeg")], jpeg(77)),
        "/sitemap.xml": (200, [], f"<urlset><url><loc>{here}/only-in-sitemap</loc></url>".encode()),
        "/only-in-sitemap": html("hello"),
        "/img/moved.jpg": (301, [("Location", "/img/10.jpg"), ("X-Robots-Tag", "noai")], b""),
        "/img/to-private.jpg": (302, [("Location", "http://192.168.1.1/a.jpg")], b""),
        "/img/html.jpg": (200, [("Content-Type", "image/jpeg")], b"<!doctype html><p>no image"),
        "/img/missing.jpg": (404, [], b"gone"),
        "/img/1.jpg": (
            200,
            [
                ("Content-Type", "text/plain"),
                ("X-Robots-Tag", "googlebot: noindex"),
                ("X-Robots-Tag", "noai, noimageai"),
                ("Set-Cookie", "secret=1"),
            ],
            jpeg(1, 64, 48),
        ),
    }
    if path in pages:
        return pages[path]  # type: ignore[no-any-return]
    if path == "/img/huge.jpg":
        handler.send_response(200)
        handler.send_header("Content-Length", str(3 * 2**30))
        handler.send_header("X-Robots-Tag", "noai")
        handler.end_headers()
        return None
    if path.startswith("/r/"):
        return 302, [("Location", f"/r/{int(path[3:]) + 1}")], b""
    if path.startswith("/events/"):
        _, _, year, month, _ = path.split("/")
        return html(f'<a href="/events/{year}/{int(month) + 1}/">next</a>')
    if path.startswith("/img/"):
        seed = int("".join(c for c in path if c.isdigit()) or 0)
        return 200, [("Content-Type", "image/jpeg")], jpeg(seed)
    return 404, [("Content-Type", "text/html")], b"<p>no such page"


def cdn(path: str, handler: BaseHTTPRequestHandler) -> Page | None:
    if path == "/robots.txt":
        return 404, [], b"User-agent: *\nDisallow: /"  # an error page that looks like rules
    return 200, [("Content-Type", "image/jpeg")], jpeg(9)


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str, Any]]:
    folder = tmp_path_factory.mktemp("crawl")
    with serving(cdn) as CDN[0], serving(site) as base:
        result = optout("crawl", base, "--case", "case", *FAST, "--trap-limit", "5", cwd=folder)
        yield folder / "case", base, result


def by(rows: list[dict[str, Any]], key: str, base: str) -> dict[str, dict[str, Any]]:
    """Rows by one column, addresses shortened to their path."""
    return {row[key].removeprefix(base): row for row in rows}


def test_ends_well_and_says_what_was_cut(crawled: Any) -> None:
    case, _, result = crawled
    assert result.returncode == 0, result.stderr
    assert "looks like a trap" in result.stderr
    assert "more than 10 redirects" in result.stderr
    assert "Traceback" not in result.stderr
    summary = json.loads(next(case.glob("observations/run=*/summary.json")).read_text())
    assert any("trap" in cut["reason"] and cut["count"] for cut in summary["cut_short"])


def test_pages_of_the_site_and_why_others_are_not(crawled: Any) -> None:
    case, base, _ = crawled
    pages = by(rows(case, "pages"), "url", base)
    assert pages["/"]["title"] == "T"
    assert pages["/private/x"]["outcome"] == "robots_disallowed"
    assert "2: Disallow: /private/" in pages["/private/x"]["reason"]
    assert "GET /private/x" not in ASKED
    assert pages["/about"]["status"] == 301
    assert pages["/about"]["final_url"] == base + "/about/"
    assert pages["/only-in-sitemap"]["found_on"] == base + "/sitemap.xml"
    assert pages["/missing"]["status"] == 404
    assert "bytes are image/jpeg" in pages["/binary"]["reason"]
    assert pages["/big"]["size"] > BIG
    assert "/late" in pages
    assert pages["/film"]["reason"] == "not a page: video/mp4"
    assert not any("other.example" in url for url in pages)
    # The first was found elsewhere; five led on from month to month.
    assert sum(url.startswith("/events/") for url in pages) == 6


def test_references_as_written(crawled: Any) -> None:
    case, base, _ = crawled
    refs = [r for r in rows(case, "image_refs") if r["page_url"] == base + "/"]
    first = refs[0]
    assert (first["tag"], first["attribute"], first["alt"]) == ("img", "src", "A fox in the snow")
    assert first["in_laion_shape"] is True
    assert [r["alt_state"] for r in refs[:3]] == ["text", "empty", "missing"]
    assert refs[1]["not_in_shape_because"] == "the address is relative"
    lazy = next(r for r in refs if r["attribute"] == "data-src")
    assert (lazy["raw"], lazy["alt"]) == ("/img/4.jpg", "Lazy")
    assert not any(r["raw"].startswith("data:") for r in refs)
    group = {r["image_group"] for r in refs if "/img/5" in r["raw"]}
    assert len(group) == 1
    assert {r["image_group"] for r in refs if "/img/6" in r["raw"]} == {
        next(r["image_group"] for r in refs if r["raw"] == "/img/6.webp")
    }
    linked = [r for r in rows(case, "image_refs") if r["page_url"] == base + "/gallery/"]
    assert [r["raw"] for r in linked] == ["../img/1.jpg", "/img/1s.jpg"]
    assert len({r["image_group"] for r in linked}) == 1
    assert any(r["image_url"] == base + "/picture" for r in rows(case, "image_refs"))


def test_images_and_their_answers(crawled: Any) -> None:
    case, base, _ = crawled
    images = by(rows(case, "images"), "image_url", base)
    one = images["/img/1.jpg"]
    body = jpeg(1, 64, 48)
    assert one["sha256"] == hashlib.sha256(body).hexdigest()
    assert one["md5"] == hashlib.md5(body).hexdigest()
    assert (one["width"], one["height"], one["size"]) == (64, 48, len(body))
    assert (one["content_type"], one["sniffed_type"]) == ("text/plain", "image/jpeg")
    assert images["/img/huge.jpg"]["outcome"] == "too_large"
    assert images["/img/huge.jpg"]["size"] == 3 * 2**30
    assert images["/img/html.jpg"]["sniffed_type"] == "text/html"
    assert images["/img/missing.jpg"]["status"] == 404
    assert images["/private/8.jpg"]["outcome"] == "robots_disallowed"
    moved = images["/img/moved.jpg"]
    assert (moved["final_url"], moved["hop_count"]) == (base + "/img/10.jpg", 2)
    assert images["http://10.1.2.3/secret.jpg"]["outcome"] == "private_address"
    assert images["http://169.254.169.254/latest/meta-data/"]["outcome"] == "private_address"
    assert images["/img/to-private.jpg"]["outcome"] == "private_address"
    assert images[CDN[0] + "/9.jpg"]["status"] == 200


def test_every_hop_with_all_lines_of_repeated_headers(crawled: Any) -> None:
    case, base, _ = crawled
    hops = rows(case, "hops")
    lines = next(h["headers"] for h in hops if h["url"] == base + "/img/1.jpg")
    tags = [line["value"] for line in lines if line["name"] == "x-robots-tag"]
    assert tags == ["googlebot: noindex", "noai, noimageai"]
    assert not any(line["name"] == "set-cookie" for line in lines)
    moved = [h for h in hops if h["url"] == base + "/img/moved.jpg"]
    assert [h["status"] for h in moved] == [301, 200]
    assert {"name": "x-robots-tag", "value": "noai"} in moved[0]["headers"]
    assert all(h["observed_at"].tzinfo is not None for h in hops)
    huge = next(h for h in hops if h["url"] == base + "/img/huge.jpg")
    assert {"name": "x-robots-tag", "value": "noai"} in huge["headers"]


def test_robots_txt_of_every_host_with_its_bytes(crawled: Any) -> None:
    case, base, _ = crawled
    files = {f["origin"]: f for f in rows(case, "site_files") if f["kind"] == "robots.txt"}
    assert files[base]["body"] == ROBOTS
    assert files[base]["sha256"] == hashlib.sha256(ROBOTS).hexdigest()
    assert files[CDN[0]]["status"] == 404


def test_metas_of_comments_are_no_metas(crawled: Any) -> None:
    case, base, _ = crawled
    metas = [m for m in rows(case, "metas") if m["page_url"] == base + "/"]
    assert [(m["name"], m["content"], m["in_head"]) for m in metas] == [("robots", "noai", True)]


def test_a_second_crawl_adds_a_run(crawled: Any) -> None:
    case, _, _ = crawled
    before = {p: p.read_bytes() for p in case.glob("observations/run=*/*")}
    result = optout("crawl", "--case", str(case), *FAST, "--max-pages", "2", cwd=case.parent)
    assert result.returncode == 0, result.stderr
    assert "page budget of 2 reached" in result.stderr
    assert len(list(case.glob("observations/run=*"))) == 2
    assert all(p.read_bytes() == content for p, content in before.items())
    assert "not seen again image" in result.stderr
    again = ["crawl", "--case", str(case), *FAST, "--max-pages", "2", "--exit-code"]
    same = optout(*again, cwd=case.parent)
    assert same.returncode == 0, same.stderr
    assert "nothing changed" in same.stderr
    assert optout(*again[:-3], "--exit-code", cwd=case.parent).returncode == 3

"""Every machine-readable signal of a site and its image host, as rows of a run."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from crawler.journal import FILE
from tests.harness import FAST, Page, html, optout, rows, serving

XMP = (
    b'<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
    b"<plus:DataMining>http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED</plus:DataMining>"
    b'</x:xmpmeta><?xpacket end="w"?>'
)
TDMREP = b'[{"location": "/img/", "tdm-reservation": 1}]'
AI_TXT = b"User-Agent: *\nDisallow: *.jpg\n"
RSL = b'<rsl xmlns="https://rslstandard.org/rsl"><content url="/"/></rsl>'
CDN: list[str] = [""]  # its base address, once it runs
ASKED: list[str] = []


def picture(**metadata: Any) -> bytes:
    """A real JPEG, with metadata as Pillow writes it."""
    from PIL import Image

    out = io.BytesIO()
    Image.new("RGB", (40, 30), (9, 9, 9)).save(out, "JPEG", **metadata)
    return out.getvalue()


def copyright_tag(text: str) -> Any:
    from PIL import Image

    tags = Image.Exif()
    tags[0x8298] = text
    return tags


HEAD = """
<meta name="robots" content="noai, noimageai"><meta name="GPTBot" content="nonsense">
<meta property="tdm-policy" content="https://p.example/"><meta name="viewport" content="width=1">
<meta http-equiv="Content-Usage" content="train-ai=n"><meta name="keywords" content="all, noai">
<link rel="license" type="application/rsl+xml" href="/rsl-page.xml">
<link rel="nofollow License" href="https://creativecommons.org/licenses/by-nc/4.0/">"""
BODY = """<!-- <meta name="robots" content="noml"> --><meta name="tdm-reservation" content="1">
<p data-nosnippet>Not <b>this</b></p><meta property="tdm:reservation">1</meta>
<img src="{cdn}/img/1.jpg"><img src="/own.jpg"><img src="{cdn}/img/gone.jpg">"""


def site(path: str, handler: BaseHTTPRequestHandler) -> Page | None:
    ASKED.append(path)
    if path == "/robots.txt":
        text = "User-agent: *\nDisallow: /trust.txt\nLicense: /rsl-robots.xml\n"
        return 200, [("Content-Type", "text/plain")], text.encode()
    if path == "/":
        status, lines, body = html(BODY.format(cdn=CDN[0]), HEAD)
        lines += [
            ("Content-Signal", "ai-train=no"),
            ("Link", f'<{CDN[0]}/rsl-header.xml>; rel="license"; type="application/rsl+xml"'),
            ("Link", '<https://l.example/>; rel="license"'),
        ]
        return status, lines, body
    if path == "/.well-known/tdmrep.json":
        return 301, [("Location", "/tdm.json"), ("TDM-Reservation", "1")], b""
    if path == "/tdm.json":
        return 200, [("Content-Type", "application/json")], TDMREP
    if path.startswith("/rsl-"):
        return 200, [("Content-Type", "application/rsl+xml")], RSL
    if path == "/own.jpg":
        return 200, [("Content-Type", "image/jpeg")], picture()
    return 404, [("Content-Type", "text/plain")], b"none"


def cdn(path: str, handler: BaseHTTPRequestHandler) -> Page | None:
    ASKED.append(f"cdn {path}")
    if path == "/ai.txt":
        return 200, [("Content-Type", "text/plain")], AI_TXT
    if path == "/trust.txt":  # a page for whatever is asked
        return 200, [("Content-Type", "text/html")], b"<!doctype html><p>hello"
    if path == "/img/1.jpg":
        lines = [
            ("Content-Type", "image/jpeg"),
            ("X-Robots-Tag", "googlebot: noindex"),
            ("X-Robots-Tag", "noai"),
            ("Content-Usage", "train-ai=n"),
            ("tdm-reservation", "1"),
            ("tdm-policy", "https://p.example/\xe9"),
            ("License", "<https://l.example/>"),
            ("crawler-price", "USD 0.10"),
            ("Via", "1.1 cache"),
            ("Set-Cookie", "id=1"),
        ]
        return 200, lines, picture(xmp=XMP, exif=copyright_tag("(c) Mira"))
    if path == "/rsl-header.xml":
        return 200, [("Content-Type", "application/rsl+xml")], RSL
    return 404, [("Content-Type", "text/plain")], b"none"


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str, str]]:
    folder = tmp_path_factory.mktemp("signals")
    with serving(cdn) as elsewhere, serving(site) as base:
        # Another name is another host; it may be asked since it is allowed by the flag.
        CDN[0] = elsewhere.replace("127.0.0.1", "localhost")
        result = optout("crawl", base, "--case", "case", *FAST, "--allow-private", cwd=folder)
        assert result.returncode == 0, result.stderr
        yield folder / "case", base, CDN[0]


def test_site_files_of_every_origin_once(crawled: Any) -> None:
    case, base, far = crawled
    files = rows(case, "site_files")
    found = {(f["kind"], f["url"]): (f["outcome"], f["status"], f["body"]) for f in files}
    none = ("fetched", 404, b"none")
    page = ("fetched", 200, b"<!doctype html><p>hello")
    blocked = ("robots_disallowed", None, None)
    robots = b"User-agent: *\nDisallow: /trust.txt\nLicense: /rsl-robots.xml\n"
    assert found == {
        ("robots.txt", f"{base}/robots.txt"): ("fetched", 200, robots),
        ("tdmrep.json", f"{base}/.well-known/tdmrep.json"): ("fetched", 200, TDMREP),
        ("ai.txt", f"{base}/ai.txt"): none,
        ("ai.txt", f"{base}/.well-known/ai.txt"): none,
        ("trust.txt", f"{base}/trust.txt"): blocked,
        ("trust.txt", f"{base}/.well-known/trust.txt"): none,
        ("robots.txt", f"{far}/robots.txt"): none,
        ("tdmrep.json", f"{far}/.well-known/tdmrep.json"): none,
        ("ai.txt", f"{far}/ai.txt"): ("fetched", 200, AI_TXT),
        ("ai.txt", f"{far}/.well-known/ai.txt"): none,
        ("trust.txt", f"{far}/trust.txt"): page,
        ("trust.txt", f"{far}/.well-known/trust.txt"): none,
        ("rsl", f"{base}/rsl-robots.xml"): ("fetched", 200, RSL),
        ("rsl", f"{base}/rsl-page.xml"): ("fetched", 200, RSL),
        ("rsl", f"{far}/rsl-header.xml"): ("fetched", 200, RSL),
    }
    assert len(files) == len(found)
    assert "/trust.txt" not in ASKED
    named = {f["url"]: f["found_on"] for f in files if f["found_on"]}
    assert named == {
        f"{base}/rsl-robots.xml": f"{base}/robots.txt",
        f"{base}/rsl-page.xml": f"{base}/",
        f"{far}/rsl-header.xml": f"{base}/",
    }
    kinds = {f["url"]: f["content_type"] for f in files}
    assert kinds[f"{far}/trust.txt"] == "text/html"


def test_site_files_redirects_are_hops(crawled: Any) -> None:
    case, base, _ = crawled
    hops = [h for h in rows(case, "hops") if h["url"] == f"{base}/.well-known/tdmrep.json"]
    assert [(h["subject"], h["hop_url"], h["status"]) for h in hops] == [
        ("site_file", f"{base}/.well-known/tdmrep.json", 301),
        ("site_file", f"{base}/tdm.json", 200),
    ]
    assert {"name": "tdm-reservation", "value": "1"} in hops[0]["headers"]


def test_headers_of_the_image(crawled: Any) -> None:
    case, base, far = crawled
    (hop,) = [h for h in rows(case, "hops") if h["url"] == f"{far}/img/1.jpg"]
    lines = [(line["name"], line["value"]) for line in hop["headers"]]
    told = [line for line in lines if line[0] not in ("server", "date", "content-length")]
    assert sorted(told) == [
        ("content-type", "image/jpeg"),
        ("content-usage", "train-ai=n"),
        ("crawler-price", "USD 0.10"),
        ("license", "<https://l.example/>"),
        ("tdm-policy", "https://p.example/\xe9"),
        ("tdm-reservation", "1"),
        ("via", "1.1 cache"),
        ("x-robots-tag", "googlebot: noindex"),
        ("x-robots-tag", "noai"),
    ]
    (page,) = [h for h in rows(case, "hops") if h["url"] == f"{base}/"]
    lines = [(line["name"], line["value"]) for line in page["headers"]]
    assert ("content-signal", "ai-train=no") in lines
    assert sum(name == "link" for name, _ in lines) == 2


def test_metas_wherever_they_stand(crawled: Any) -> None:
    case, _, _ = crawled
    found = [(m["name"], m["content"], m["in_head"]) for m in rows(case, "metas")]
    assert found == [
        ("robots", "noai, noimageai", True),
        ("gptbot", "nonsense", True),
        ("tdm-policy", "https://p.example/", True),
        ("content-usage", "train-ai=n", True),
        ("keywords", "all, noai", True),
        ("tdm-reservation", "1", False),
        ("tdm:reservation", "1", False),
    ]
    assert rows(case, "metas")[-1]["raw"] == '<meta property="tdm:reservation">1'


def test_elements(crawled: Any) -> None:
    case, base, _ = crawled
    found = rows(case, "elements")
    assert [(e["tag"], e["name"], e["content"], e["type"], e["in_head"]) for e in found] == [
        ("link", "license", "/rsl-page.xml", "application/rsl+xml", True),
        ("link", "license", "https://creativecommons.org/licenses/by-nc/4.0/", None, True),
        ("p", "data-nosnippet", "", None, False),
    ]
    assert found[2]["raw"] == '<p data-nosnippet="">'
    assert {(e["page_url"], e["position"]) for e in found} == {(f"{base}/", n) for n in range(3)}


def test_packets_in_the_files(crawled: Any) -> None:
    case, base, far = crawled
    found = sorted(rows(case, "file_metadata"), key=lambda r: (r["image_url"], r["position"]))
    columns = ("image_url", "kind", "place", "raw", "truncated", "problem")
    assert sorted([tuple(row[name] for name in columns) for row in found], key=str) == sorted(
        [
            (f"{base}/own.jpg", "none", None, None, False, None),
            (f"{far}/img/1.jpg", "exif_copyright", "APP1 tag 33432", b"(c) Mira\0", False, None),
            (f"{far}/img/1.jpg", "xmp", "APP1", XMP, False, None),
            (f"{far}/img/gone.jpg", "not_read", None, None, False, "it answered 404"),
        ],
        key=str,
    )
    body = picture(xmp=XMP, exif=copyright_tag("(c) Mira"))
    for row in found:
        if row["raw"]:
            assert body[row["offset"] :][: row["size"]] == row["raw"]


def test_headers_only_reads_no_file(tmp_path: Path) -> None:
    with serving(cdn) as CDN[0], serving(site) as base:
        done = optout("crawl", base, "--case", "c", *FAST, "--headers-only", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    found = {
        r["image_url"]: (r["kind"], r["problem"]) for r in rows(tmp_path / "c", "file_metadata")
    }
    unread = ("not_read", "only its headers were asked for")
    assert found[f"{base}/own.jpg"] == found[f"{CDN[0]}/img/1.jpg"] == unread
    assert found[f"{CDN[0]}/img/gone.jpg"] == ("not_read", "it answered 404")


def signals_of(case: Path) -> dict[str, list[str]]:
    """What a run holds, without times and ports."""
    relations = {}
    for name in ("site_files", "hops", "metas", "elements", "file_metadata"):
        held = []
        for row in rows(case, name):
            for key in ("case_id", "run_id", "observed_at", "address"):
                row.pop(key, None)
            if "headers" in row:
                row["headers"] = [h for h in row["headers"] if h["name"] != "date"]
            held.append(json.dumps(row, default=repr, sort_keys=True))
        relations[name] = sorted(held)
    return relations


def test_killed_again_and_again(tmp_path: Path) -> None:
    """Killed soon after it recorded something, several times: the end is the same."""

    def slow(path: str, handler: BaseHTTPRequestHandler) -> Page | None:
        time.sleep(0.05)
        return site(path, handler)

    with serving(cdn) as CDN[0], serving(slow) as base:
        whole = optout("crawl", base, "--case", "whole", *FAST, cwd=tmp_path)
        assert whole.returncode == 0, whole.stderr
        expected = signals_of(tmp_path / "whole")
        command = [sys.executable, "-m", "optout", "crawl", base, "--case", "killed", *FAST]
        kills = 0
        for _ in range(6):
            process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.DEVNULL)
            kills += _killed_after_growth(tmp_path / "killed/observations", process)
        end = optout(*command[3:], cwd=tmp_path)
    assert kills >= 3
    assert end.returncode == 0, end.stderr
    assert signals_of(tmp_path / "killed") == expected


def _killed_after_growth(observations: Path, process: subprocess.Popen[bytes]) -> bool:
    """Kill a crawl once it has recorded something; False when it was over before."""

    def size() -> int:
        return sum(f.stat().st_size for f in observations.glob(f".run=*/{FILE}"))

    before = size()
    while process.poll() is None and size() <= before:
        time.sleep(0.005)
    over = process.poll() is not None
    process.kill()
    process.wait()
    return not over


def test_listed_raw(crawled: Any) -> None:
    case, base, far = crawled
    done = optout("show", "signals", "--json", "--case", str(case), cwd=case)
    assert done.returncode == 0, done.stderr
    listed = [json.loads(line) for line in done.stdout.splitlines()]
    told = {(row["signal"], row["url"], row["raw"]) for row in listed}
    assert {
        ("ai.txt", f"{far}/ai.txt", AI_TXT.decode()),
        ("ai.txt", f"{base}/ai.txt", "fetched with status 404"),
        ("trust.txt", f"{far}/trust.txt", "fetched with status 200"),
        ("tdmrep.json", f"{base}/.well-known/tdmrep.json", TDMREP.decode()),
        ("rsl", f"{far}/rsl-header.xml", RSL.decode()),
        ("content-signal", f"{base}/", "ai-train=no"),
        ("license", f"{far}/img/1.jpg", "<https://l.example/>"),
        ("robots.txt", f"{base}/robots.txt", "License: /rsl-robots.xml"),
    } <= told
    assert sum(row["signal"] == "link element" for row in listed) == 2

"""`optout signals`: one page or image on a real server, what is printed and what is said."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from optout.cli import main
from optout.commands.signals import printable
from optout.found_signals import metas_of
from optout.readers.table import readers

from .conftest import Answer, Respond

Serve = Callable[[Respond], str]

ROBOTS = b"""\
# our rules
License: https://licence.example/l.xml
User-agent: *
Content-Signal: ai-train=no
Disallow: /closed

User-agent: GPTBot
Disallow: /art

User-agent: SomeoneElse
Disallow: /theirs
"""
PAGE = b"""<!doctype html><html><head>
<!-- <meta name="robots" content="none"> -->
<meta name='robots'content='noai, NoImageAI'>
<META NAME="CCBot" CONTENT="nofollow">
<meta name="tdm-reservation" content="1">
<meta name="keywords" content="noai"></head><body>\x1b[31m</body></html>"""


def site(method: str, path: str, headers: dict[str, str]) -> Answer:
    if path == "/robots.txt":
        return 200, [("Content-Type", "text/plain")], ROBOTS
    if path == "/art/1.jpg":
        lines = [
            ("Content-Type", "image/jpeg"),
            ("X-Robots-Tag", "googlebot: noindex, noai"),
            ("X-Robots-Tag", "noimageai"),
            ("TDM-Reservation", "1"),
            ("Link", '<https://licence.example/l.xml>; rel="license"'),
            ("Link", "<style.css>; rel=preload"),
        ]
        return 200, lines, b"\xff\xd8\xff\xe0"
    if path == "/moved":
        return 302, [("Location", "/art/1.jpg"), ("X-Robots-Tag", "noindex")], b""
    if path in ("/page", "/closed"):
        return 200, [("Content-Type", "text/html; charset=utf-8")], PAGE
    return 404, [("Content-Type", "text/html")], b"<p>none"


def objects(capsys: pytest.CaptureFixture[str], *args: str, code: int = 0) -> list[dict[str, Any]]:
    assert main(["signals", "--json", *args]) == code
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def verdicts(found: dict[str, Any]) -> dict[str, str]:
    return {verdict["reader"]: verdict["verdict"] for verdict in found["verdicts"]}


def test_an_image(serve: Serve, capsys: pytest.CaptureFixture[str]) -> None:
    base = serve(site)
    (found,) = objects(capsys, base + "/art/1.jpg")
    assert list(found) == [
        *("url", "final_url", "status", "outcome", "reason", "fetched_at", "signals", "verdicts"),
        "prose",
    ]
    assert (found["url"], found["status"], found["outcome"]) == (
        *(base + "/art/1.jpg", 200),
        "fetched",
    )
    assert verdicts(found) == {
        "img2dataset": "disallowed",
        "CCBot": "allowed",
        "GPTBot": "disallowed",
        "Google-Extended": "allowed",
        "ClaudeBot": "allowed",
    }
    robots, image = base + "/robots.txt", base + "/art/1.jpg"
    licence = '<https://licence.example/l.xml>; rel="license"'
    told = [[s[key] for key in ("signal", "line", "agent", "directive")] for s in found["signals"]]
    assert told == [
        ["robots.txt", 2, None, "license: https://licence.example/l.xml"],
        ["robots.txt", 3, "*", "user-agent: *"],
        ["robots.txt", 4, "*", "content-signal: ai-train=no"],
        ["robots.txt", 5, "*", "disallow: /closed"],
        ["robots.txt", 7, "GPTBot", "user-agent: GPTBot"],
        ["robots.txt", 8, "GPTBot", "disallow: /art"],
        ["X-Robots-Tag", 1, "googlebot", "noindex"],
        ["X-Robots-Tag", 1, "googlebot", "noai"],
        ["X-Robots-Tag", 2, None, "noimageai"],
        ["tdm-reservation", 1, None, "1"],
        ["link", 1, None, licence],
    ]
    assert {s["where"] for s in found["signals"]} == {robots, image}
    by_reader = {verdict["reader"]: verdict for verdict in found["verdicts"]}
    assert by_reader["GPTBot"] == {
        "reader": "GPTBot",
        "purpose": "",
        "verdict": "disallowed",
        "signal": "robots.txt",
        "where": robots,
        "line": 8,
        "raw": "Disallow: /art",
        "why": f"line 8 of robots.txt of {base} forbids it for GPTBot",
        "clause": "RFC 9309 2.2.2",
        "basis": "operator's documentation",
        "source": "https://platform.openai.com/docs/bots",
        "checked": "2026-11-21",
    }
    assert (by_reader["img2dataset"]["line"], by_reader["img2dataset"]["raw"]) == (2, "noimageai")


def test_all_readers(serve: Serve, capsys: pytest.CaptureFixture[str]) -> None:
    base = serve(site)
    (found,) = objects(capsys, "--all-readers", base + "/art/1.jpg")
    assert list(verdicts(found)) == [reader.name for reader in readers()]
    assert verdicts(found)["datadiligence"] == "disallowed"
    assert main(["signals", "--all-readers", base + "/art/1.jpg"]) == 0
    lines = capsys.readouterr().out.partition("what readers make of it\n")[2].splitlines()
    width = max(len(reader.name) for reader in readers())
    names = [line[2 : 2 + width].rstrip() for line in lines if line[2:3].strip()]
    assert names == [reader.name for reader in readers()]


def test_a_page(serve: Serve, capsys: pytest.CaptureFixture[str]) -> None:
    (found,) = objects(capsys, serve(site) + "/page")
    metas = [s for s in found["signals"] if s["signal"].startswith("meta")]
    assert [(s["signal"], s["agent"], s["directive"]) for s in metas] == [
        ("meta robots", None, "noai"),
        ("meta robots", None, "noimageai"),
        ("meta robots", "ccbot", "nofollow"),
        ("meta tdm-reservation", None, "1"),
    ]
    assert verdicts(found)["img2dataset"] == "allowed"  # it reads no meta


def test_every_hop_speaks(serve: Serve, capsys: pytest.CaptureFixture[str]) -> None:
    """The second host forbids what the first one redirects to it."""

    def far(method: str, path: str, headers: dict[str, str]) -> Answer:
        if path == "/robots.txt":
            return 503, [], b""
        return 200, [], b""

    there = serve(far)

    def near(method: str, path: str, headers: dict[str, str]) -> Answer:
        if path == "/robots.txt":
            return 404, [], b""
        return 301, [("Location", there + "/x.jpg"), ("X-Robots-Tag", "noai")], b""

    here = serve(near)
    host = there.removeprefix("http://").partition(":")[0]
    (found,) = objects(capsys, here + "/x.jpg", "--i-own-this-site", host)
    assert found["final_url"] == there + "/x.jpg"
    assert verdicts(found)["CCBot"] == "disallowed"
    assert found["verdicts"][1]["why"] == (
        f"robots.txt of {there} answered 503, which forbids everything until it works"
    )
    assert [s["where"] for s in found["signals"]] == [here + "/x.jpg"]
    # Without the word of the owner the second host is not asked, and that is said.
    (found,) = objects(capsys, here + "/x.jpg")
    assert (found["outcome"], found["status"]) == ("robots_disallowed", 301)
    assert verdicts(found)["img2dataset"] == "unknown"
    assert verdicts(found)["CCBot"] == "disallowed"


def test_our_own_token_obeys(serve: Serve, capsys: pytest.CaptureFixture[str]) -> None:
    base = serve(site)
    assert main(["signals", base + "/closed"]) == 0
    out = capsys.readouterr()
    assert "if the site is yours, add --i-own-this-site" in out.err
    assert f"not fetched: robots.txt of {base} asks us not to (line 5)" in out.out
    (found,) = objects(capsys, base + "/closed", "--i-own-this-site", "127.0.0.1")
    assert found["status"] == 200


def test_text_for_people(serve: Serve, capsys: pytest.CaptureFixture[str]) -> None:
    base = serve(site)
    assert main(["signals", base + "/moved"]) == 0
    out = capsys.readouterr()
    lines = out.out.splitlines()
    assert lines[0] == base + "/moved"
    assert lines[2] == f"  redirected to {base}/art/1.jpg"
    assert f"X-Robots-Tag · {base}/moved" in lines
    assert lines.count("     1  googlebot: noindex, noai") == 1
    assert "     8  Disallow: /art" in lines
    at = next(n for n, line in enumerate(lines) if line.startswith("  GPTBot"))
    assert lines[at : at + 2] == [
        f"  GPTBot           disallowed  line 8 of robots.txt of {base} forbids it for GPTBot",
        "                               Disallow: /art",
    ]
    assert out.err.splitlines()[-1] == f"next: optout run {base}"


def test_one_that_is_down_does_not_hide_the_others(
    serve: Serve, capsys: pytest.CaptureFixture[str]
) -> None:
    base = serve(site)
    assert main(["signals", "no-such-host.invalid/x", base + "/page", "ftp://a.example"]) == 1
    out = capsys.readouterr()
    assert f"\n{base}/page\n" in out.out
    # Even where nothing answered, each reader gets its word: unknown.
    assert out.out.startswith("https://no-such-host.invalid/x\n")
    assert "  GPTBot           unknown" in out.out
    message, hint = out.err.splitlines()[-2:]
    assert message == (
        "optout: 2 of 3: https://no-such-host.invalid/x was not fetched: the name "
        "no-such-host.invalid has no address (DNS) (asked for its robots.txt first); "
        "ftp://a.example was not fetched: it is no http(s) address"
    )
    assert hint.startswith("hint: ")


def test_a_private_redirect_is_refused_with_its_hint(
    serve: Serve, capsys: pytest.CaptureFixture[str]
) -> None:
    inside = serve(site).replace("127.0.0.1", "localhost")

    def respond(method: str, path: str, headers: dict[str, str]) -> Answer:
        if path == "/robots.txt":
            return 404, [], b""
        return 302, [("Location", inside + "/page")], b""

    base = serve(respond)
    (found,) = objects(capsys, base + "/x", code=1)
    assert found["outcome"] == "private_address"
    assert verdicts(found)["CCBot"] == "unknown"
    assert objects(capsys, base + "/x", "--allow-private")[0]["status"] == 200


def test_text_of_strangers_cannot_steer_the_terminal(
    serve: Serve, capsys: pytest.CaptureFixture[str]
) -> None:
    def respond(method: str, path: str, headers: dict[str, str]) -> Answer:
        return (
            200,
            [("Content-Type", "text/html")],
            "User-agent: *\nDisallow: /\x1b]0;\u202e".encode(),
        )

    base = serve(respond)
    assert main(["signals", base]) == 0
    out = capsys.readouterr().out
    assert "\\x1b]0;\\u202e" in out
    assert all(line.isprintable() for line in out.splitlines())
    assert printable("häfen ツ") == "häfen ツ"


def test_a_long_file_is_cut_for_people_only(
    serve: Serve, capsys: pytest.CaptureFixture[str]
) -> None:
    body = b"User-agent: *\n" + b"".join(b"Disallow: /%d\n" % n for n in range(99))

    def respond(method: str, path: str, headers: dict[str, str]) -> Answer:
        found = path in ("/", "/robots.txt")
        return 200 if found else 404, [("Content-Type", "text/plain")], body

    base = serve(respond)
    assert main(["signals", base]) == 0
    assert "  and 60 more (--json prints all)" in capsys.readouterr().out.splitlines()
    assert len(objects(capsys, base)[0]["signals"]) == 100


@pytest.mark.parametrize(
    "page",
    [
        b"",
        b"<meta name=robots content=noai",
        b"<![CDATA[<meta name=robots>",
        b"<!DOCTYPE" * 1000,
        b"<meta name content>" + b"<div>" * 50_000,
        b"<meta charset=utf-7><meta name=robots content=noai>",
        '<meta name="robots" content="noai">'.encode("utf-16"),
        b"<?xml version='1.0' encoding='hex'?><meta name=robots content=noai>",
    ],
)
def test_any_page(page: bytes) -> None:
    for meta in metas_of(page, "text/html"):
        assert meta.name


def test_files_beside_robots_txt_and_licence_documents(
    serve: Serve, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {
        "/robots.txt": ("text/plain", b"License: /one.xml\n"),
        "/page": ("text/html", b'<link rel=license type="application/rsl+xml" href=/two.xml>'),
        "/one.xml": ("application/rsl+xml", b"<rsl/>"),
        "/two.xml": ("application/rsl+xml", b"<rsl>\n</rsl>"),
        "/ai.txt": ("text/plain", b"User-Agent: *\n\nDisallow: /"),
        "/trust.txt": ("text/html; charset=utf-8", b"datatrainingallowed=no"),
        "/.well-known/tdmrep.json": ("application/json", b"[]"),
    }
    asked = []

    def respond(method: str, path: str, headers: dict[str, str]) -> Answer:
        asked.append(path)
        if path not in files:
            return 404, [("Content-Type", "text/plain")], b"none"
        return 200, [("Content-Type", files[path][0])], files[path][1]

    base = serve(respond)
    first, again = objects(capsys, base + "/page", base + "/page?again")
    told = [(s["signal"], s["where"], s["line"], s["directive"]) for s in first["signals"]]
    assert told == [
        ("robots.txt", f"{base}/robots.txt", 1, "license: /one.xml"),
        ("link element", f"{base}/page", None, "/two.xml"),
        ("tdmrep.json", f"{base}/.well-known/tdmrep.json", 1, "[]"),
        ("ai.txt", f"{base}/ai.txt", 1, "User-Agent: *"),
        ("ai.txt", f"{base}/ai.txt", 3, "Disallow: /"),
        ("rsl", f"{base}/one.xml", 1, "<rsl/>"),
        ("rsl", f"{base}/two.xml", 1, "<rsl>"),
        ("rsl", f"{base}/two.xml", 2, "</rsl>"),
    ]
    assert again["status"] == 404
    assert len(asked) == len(set(asked)), "asked twice"


def test_no_address_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["signals"]) == 2

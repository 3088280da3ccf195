"""`optout lint`: every check by its own examples, a contradictory site whole, any input at all."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.signals.robots_txt import parse
from optout.lint.run import Finding, findings
from optout.lint.seen import Answer, File, Packet, PageMeta, Picture, Seen
from optout.lint.table import SEVERITIES, checks, functions
from optout.readers.subject import Hop
from tests.harness import FAST, Page, html, jpeg, optout, serving
from tests.image_files import assertion, data_mining, image, signed
from tests.lint_examples import (
    EXAMPLES,
    FOX,
    GROUP,
    OWL,
    PAGE,
    SITE,
    both,
    file,
    kept,
    page,
    robots,
    shown,
)
from tests.lint_examples import image as picture

GOLDEN = Path(__file__).parent / "golden" / "lint" / "contradictory.txt"


def found_in(seen: Seen) -> set[str]:
    return {one.check.id for one in findings(seen)}


# --- the table ---


def test_every_check_has_a_function_and_examples() -> None:
    assert set(checks()) == set(functions())
    assert set(EXAMPLES) | {"F07"} == set(checks())


def test_the_guide_lists_every_check() -> None:
    text = (Path(__file__).parents[1] / "docs" / "guides" / "lint.md").read_text("utf-8")
    rows = re.findall(r"^\| ([A-Z]\d\d) \| (.*) \| (.*) \|$", text, re.M)
    assert rows == [(check.id, check.title, check.severity) for check in checks().values()]


@pytest.mark.parametrize("check", checks().values(), ids=checks())
def test_a_check_says_all_that_it_must(check: Any) -> None:
    assert re.fullmatch(r"[RACHMTXFS]\d\d", check.id)
    assert check.severity in SEVERITIES
    assert check.source.startswith("https://")
    assert check.title[-1] not in ".!"
    assert check.explanation.endswith((".", ")"))
    assert len(check.explanation) < 330
    assert check.effect.strip() and check.fix.strip()
    for word in ("stolen", "theft", "illegal", "used for training without"):
        assert word not in f"{check.title}{check.explanation}{check.effect}{check.fix}".lower()


@pytest.mark.parametrize("check", EXAMPLES)
def test_the_trap_is_found(check: str) -> None:
    found = [one for one in findings(EXAMPLES[check][0]) if one.check.id == check]
    assert found
    for one in found:
        # Every word of the templates was filled in.
        assert not re.search(r"\$\w", one.effect + one.fix), one
        assert one.url


@pytest.mark.parametrize("check", EXAMPLES)
def test_what_is_close_to_the_trap_is_left_alone(check: str) -> None:
    assert check not in found_in(EXAMPLES[check][1])


def test_credentials_that_do_not_validate(tmp_path: Path) -> None:
    pytest.importorskip("c2pa")
    whole = signed("PNG", [assertion("cawg.training-mining", ai_training="notAllowed")])
    assert "F07" not in found_in(kept(tmp_path, whole))
    pixels = whole.index(b"IDAT") + 12
    bent = whole[:pixels] + bytes([whole[pixels] ^ 1]) + whole[pixels + 1 :]
    assert "F07" in found_in(kept(tmp_path, bent))


def the(check: str, seen: Seen) -> list[Finding]:
    return [one for one in findings(seen) if one.check.id == check]


@pytest.mark.parametrize(
    ("line", "split"),
    [
        ("Sitemap: https://mira.example/s.xml", False),
        ("Host: mira.example", False),
        ("Crawl-delay: 3", True),
        ("Sitemap: /s.xml\nContent-Signal: ai-train=no", True),
    ],
)
def test_r01_says_of_protego_what_protego_does(line: str, split: bool) -> None:
    from protego import Protego

    body = f"User-agent: *\n{line}\nUser-agent: GPTBot\nDisallow: /"
    [finding] = the("R01", robots(body))
    assert Protego.parse(body).can_fetch(PAGE, "another") is split
    assert ("separate groups" in finding.effect) is split
    assert ("reads it so too" in finding.effect) is not split


@pytest.mark.parametrize(
    ("disallow", "allow", "cancelled"),
    [
        (["/"], "/", True),
        (["/"], "/*", True),
        (["/"], "*", True),
        (["/a"], "/a*$", True),
        (["/*"], "/", False),
        (["/", "/*"], "/", False),  # the longer one still stands
        (["/a"], "/b", False),
        (["/a$"], "/a", False),
    ],
)
def test_r03_of_patterns_for_the_same_addresses(
    disallow: list[str], allow: str, cancelled: bool
) -> None:
    lines = "".join(f"Disallow: {path}\n" for path in disallow)
    body = f"User-agent: GPTBot\n{lines}Allow: {allow}\n"
    assert bool(the("R03", robots(body))) is cancelled
    if cancelled:
        assert parse(body.encode()).decide("GPTBot", "/a").allowed


def test_r06_does_not_contradict_the_misspelt_line_above() -> None:
    [finding] = the("R06", robots("Useragent: GPTBot\nDisallow: /"))
    assert "Google counts it to the misspelt line for “GPTBot” above" in finding.effect
    assert finding.fix.endswith("User-agent: GPTBot")
    [other] = the("R06", robots("Disallow: /"))
    assert "Google" not in other.effect


def test_429_is_told_as_each_reader_takes_it() -> None:
    [finding] = findings(robots("", status=429))
    assert finding.check.id == "R38"
    assert "2.3.1.3" in finding.check.explanation


@pytest.mark.parametrize(
    "written", ["GPTBot, CCBot", "GPTBot CCBot", "GPTBot;CCBot/2.0", "GPTBot,*,CCBot"]
)
def test_r09_of_names_on_one_line(written: str) -> None:
    [finding] = the("R09", robots(f"User-agent: {written}\nDisallow: /"))
    assert "User-agent: GPTBot\n" in finding.fix
    assert not parse(f"User-agent: {written}\nDisallow: /".encode()).names("CCBot")


# --- how findings are told ---


def test_the_same_line_on_many_images_is_one_finding() -> None:
    urls = [f"{SITE}/{n}.jpg" for n in range(50)]
    lines = (("X-Robots-Tag", "max-snippet: 20, noai"),)
    answers = tuple(Answer("image", url, (Hop(url, 200, lines),)) for url in urls)
    [finding] = findings(Seen(answers=answers))
    assert (finding.check.id, finding.places, finding.url) == ("H02", 50, urls[0])


def test_the_worst_comes_first() -> None:
    seen = both(*(one for one, _ in EXAMPLES.values()))
    severities = [SEVERITIES.index(one.check.severity) for one in findings(seen)]
    assert severities == sorted(severities)
    assert {0, 1, 2, 3} == set(severities)


def test_two_readings_are_the_same() -> None:
    def told() -> list[Finding]:
        return findings(both(*(one for one, _ in EXAMPLES.values())))

    assert told() == told()


def test_long_texts_of_strangers_are_cut() -> None:
    for one in findings(robots("Disallow: /" + "a" * 100_000 + "\nUser-agent: *\nDisallow: x" * 9)):
        assert len(one.raw) <= 500
        assert len(one.effect) < 2000


# --- any input ---

PIECES = st.sampled_from(
    [
        *(b"User-agent: *\n", b"User-agent: GPTBot\n", b"Disallow: /\n", b"Allow: /\n"),
        *(b"Content-Signal: ai-train=no\n", b"Content-Usage: /a Train-AI = n\n", b"\xef\xbb\xbf"),
        *(b"Crawl-delay: nan\n", b"Crawl-delay: 1e999\n", b"License: x\n", b"# content signals\n"),
        *(
            b"Disalow /\n",
            b"<html>",
            b"\0",
            b"\xff\xfe",
            b"DisallowAI: /\n",
            b"Sitemap: http://[\n",
        ),
        *(b"User-agent: img2dataset\n", b"User-agent: $agents ${x}\n", b"\r"),
        *(b'[{"location": "/", "tdm-reservation": 1}]', b"datatrainingallowed=", b"<rsl>"),
    ]
)
BODIES = st.lists(PIECES | st.binary(max_size=20), max_size=20).map(b"".join)
KINDS = ("robots.txt", "tdmrep.json", "ai.txt", "trust.txt", "rsl")


@settings(deadline=None)
@given(BODIES, st.sampled_from(KINDS), st.sampled_from([None, 200, 301, 404, 429, 503]))
def test_any_file(body: bytes, kind: str, status: int | None) -> None:
    url = f"{SITE}/{kind}"
    file = File(SITE, kind, url, status, body, final_url=url)
    picture = Seen(pictures=(Picture(FOX, (PAGE,)),))
    findings(both(Seen(files=(file,)), page("noindex"), picture))


WORDS = st.sampled_from(
    [
        *("noai", "noimageai", "noindex", ":", ",", "googlebot", "unavailable_after:", "$x"),
        *("max-snippet:", "noml", ";", " ", "train-ai=n", "Train-AI = n", "1", "\x1b", "\ud800"),
    ]
)
TEXTS = st.text(max_size=40) | st.lists(WORDS, max_size=10).map("".join)
NAMES = st.sampled_from(["X-Robots-Tag", "Content-Usage", "tdm-reservation", "tdm-policy"])


@settings(deadline=None)
@given(st.lists(st.tuples(NAMES, TEXTS), max_size=4), TEXTS, TEXTS, st.binary(max_size=40))
def test_any_header_meta_and_packet(
    lines: list[tuple[str, str]], name: str, content: str, packet: bytes
) -> None:
    hops = (Hop(FOX, 302, tuple(lines)), Hop(FOX, 200, tuple(lines)))
    seen = Seen(
        answers=(Answer("image", FOX, hops), Answer("page", PAGE, hops)),
        metas=(PageMeta(PAGE, 0, name, content, f"<meta {name}>", False),),
        pictures=(Picture(FOX, (PAGE,)),),
        packets=(Packet("xmp", packet, (FOX,)), Packet("xmp", packet, ("file:a",), True)),
        pages=(PAGE, "http://[", name),
    )
    findings(seen)


def test_real_robots_files(shared: Path) -> None:
    """Files of known sites never raise, and none of their names is taken for a typing error."""
    import pyarrow.parquet as pq

    misspelt: list[str] = []
    table = pq.read_table(shared / "data" / "robots" / "robots_txt_sample.parquet").to_pylist()
    for row in table:
        found = findings(robots(row["content"] or ""))
        misspelt += [one.raw for one in found if one.check.id == "R05"]
    assert misspelt == []


# --- a whole site ---

ROBOTS = b"""\
User-agent: *
Content-Signal: search=yes, ai-train=yes
Allow: /

User-agent: GPTBot
Disallow: /

User-agent: Claude-Bot
Disallow: /

User-agent: GPTBot
Allow: /
"""
XMP = data_mining("DMI-UNSPECIFIED")


class Served:
    """A site whose page, image, second host and file contradict each other."""

    cdn = ""

    def site(self, path: str, handler: BaseHTTPRequestHandler) -> Page:
        text = [("Content-Type", "text/plain")]
        if path == "/robots.txt":
            return 200, text, ROBOTS
        if path == "/.well-known/tdmrep.json":
            return 200, text, b'[{"location": "/", "tdm-reservation": "1"}]'
        if path == "/ai.txt":
            return 200, [("Content-Type", "text/html")], b"<!doctype html><p>Not found"
        if path == "/art/red-fox.jpg":
            lines = [("Content-Type", "image/jpeg"), ("X-Robots-Tag", "googlebot: noindex, noai")]
            return 200, lines, image("JPEG", XMP)
        if path == "/":
            fox, owl = '<img src="/art/red-fox.jpg">', f'<img src="{self.cdn}/grey-owl.jpg">'
            metas = {"robots": "noai, noimageai", "CCBot": "nofollow", "tdm-reservation": "1"}
            head = "".join(f'<meta name="{n}" content="{c}">' for n, c in metas.items())
            return html(fox + owl, head)
        return 404, text, b"none"

    def other(self, path: str, handler: BaseHTTPRequestHandler) -> Page:
        if path == "/grey-owl.jpg":
            return 200, [("Content-Type", "image/jpeg")], jpeg(7)
        return 404, [("Content-Type", "text/plain")], b"none"


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str, str, Any]]:
    """(folder, site, CDN, what `optout lint SITE` did): scanned once, then read from the case."""
    folder = tmp_path_factory.mktemp("lint")
    served = Served()
    with ExitStack() as stack:
        served.cdn = stack.enter_context(serving(served.other))
        site = stack.enter_context(serving(served.site))
        first = optout("lint", site, "--allow-private", "--render", "never", *FAST, cwd=folder)
        yield folder, site, served.cdn, first


def test_a_contradictory_site_gives_exactly_these_findings(
    scanned: tuple[Path, str, str, Any],
) -> None:
    import os

    _, site, cdn, first = scanned
    assert first.returncode == 0, first.stderr
    text = first.stdout.replace(site, "https://site").replace(cdn, "https://cdn")
    text = re.sub(r"^as scanned on \d{4}-\d\d-\d\d", "as scanned on DAY", text)
    if os.environ.get("OPTOUT_UPDATE_GOLDEN") == "1":
        assert "CI" not in os.environ, "golden files are not made in CI"
        GOLDEN.parent.mkdir(parents=True, exist_ok=True)
        GOLDEN.write_text(text, "utf-8")
    assert text == GOLDEN.read_text("utf-8")


def test_what_was_read_once_is_not_fetched_again(scanned: tuple[Path, str, str, Any]) -> None:
    folder, site, _, first = scanned
    again = optout("lint", site, "--allow-private", cwd=folder)
    assert again.stdout == first.stdout
    assert len(list((folder / "optout-case" / "observations").glob("run=*"))) == 1


def test_json_and_exit_code(scanned: tuple[Path, str, str, Any]) -> None:
    folder = scanned[0]
    done = optout("lint", "--json", "--exit-code", cwd=folder)
    assert done.returncode == 3
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    names = "check severity title host url line raw places scanned_at effect explanation fix"
    names += " source checked mine"
    assert all(list(row) == names.split() for row in rows)
    assert done.stderr.startswith(f"{len(rows)} findings: ")
    assert all(re.fullmatch(r"[-\d]{10}T[:\d]{8}Z", row["scanned_at"]) for row in rows)
    assert re.search(r", as scanned on \d{4}-\d\d-\d\d \(UTC\) · next", done.stderr)


def test_a_clean_site_gives_none(tmp_path: Path) -> None:
    header = [("Content-Type", "image/jpeg"), ("X-Robots-Tag", "noai, noimageai")]
    header += [("tdm-reservation", "1"), ("Content-Usage", "train-ai=n")]
    rules = (
        b"User-agent: CCBot\nUser-agent: GPTBot\nUser-agent: ClaudeBot\nDisallow: /\n\n"
        b"User-agent: *\nContent-Signal: search=yes, ai-train=no\nContent-Usage: train-ai=n\n"
        b"Allow: /\n"
    )

    def site(path: str, handler: BaseHTTPRequestHandler) -> Page:
        if path == "/robots.txt":
            return 200, [("Content-Type", "text/plain")], rules
        if path == "/.well-known/tdmrep.json":
            entry = b'[{"location": "/", "tdm-reservation": 1}]'
            return 200, [("Content-Type", "application/json")], entry
        if path == "/red-fox.jpg":
            body = image("JPEG", data_mining("DMI-PROHIBITED-EXCEPTSEARCHENGINEINDEXING"))
            return 200, header, body
        if path == "/":
            status, lines, body = html('<img src="/red-fox.jpg" alt="A red fox">')
            return status, [*lines, *header[1:]], body
        return 404, [("Content-Type", "text/plain")], b"none"

    with serving(site) as address:
        done = optout(
            *("lint", address, "--exit-code", "--allow-private", "--render", "never", *FAST),
            cwd=tmp_path,
        )
    assert done.returncode == 0, done.stdout
    assert done.stdout == ""
    assert "no findings" in done.stderr


def test_files_of_the_artist_show_what_the_site_strips(tmp_path: Path) -> None:
    originals = tmp_path / "originals"
    originals.mkdir()
    (originals / "red-fox.jpg").write_bytes(image("JPEG", data_mining("DMI-PROHIBITED")))

    def site(path: str, handler: BaseHTTPRequestHandler) -> Page:
        if path == "/red-fox-300x200.jpg":
            return 200, [("Content-Type", "image/jpeg")], jpeg(3)
        return html('<img src="/red-fox-300x200.jpg" alt="A red fox">')

    with serving(site) as address:
        optout("lint", address, "--allow-private", "--render", "never", *FAST, cwd=tmp_path)
        optout("add", "originals", cwd=tmp_path)
    done = optout("lint", "--json", cwd=tmp_path)
    found = {row["check"]: row for row in map(json.loads, done.stdout.splitlines())}
    assert "F01" in found, (done.stdout, done.stderr)
    assert "red-fox.jpg" in found["F01"]["effect"]


def test_a_case_without_a_scan_is_told(tmp_path: Path) -> None:
    optout("init", "https://mira.example", cwd=tmp_path)
    done = optout("lint", cwd=tmp_path)
    assert done.returncode == 1
    assert "holds no scan yet" in done.stderr
    assert "Traceback" not in done.stderr


def test_strangers_texts_do_not_reach_the_terminal() -> None:
    from optout.commands.lint_text import as_text

    told = as_text(findings(robots("Disallow: /\x1b[31m\nUser-agent: *\nAllow: /")))
    assert "\x1b" not in told
    assert "\\x1b" in told


def test_groups_are_told_once_each() -> None:
    assert found_in(robots(GROUP.format("img2dataset") + GROUP.format("AI2Bot"))) == {"R04"}


@pytest.mark.parametrize(
    "body",
    [
        b"".join(b"User-agent: %s\n" % (b"a" * n) for n in range(1, 900))
        + b"Disallow: /a\n" * 3000,
        b"User-agent: *\nContent-Signal: ai-train=no\n" * 8000,
        b"".join(b"User-agent: x%s\nAllow: /%d\n" % (b"y" * (n % 200), n) for n in range(4000)),
        b"Disallow: " + b"*a" * 200_000,
    ],
    ids=["many names", "many preferences", "many groups", "many wildcards"],
)
def test_files_made_to_keep_us_busy_end_soon(body: bytes) -> None:
    import time

    begin = time.process_time()
    findings(both(robots(body), page()))
    assert time.process_time() - begin < 20  # seconds; a fraction of it on an idle machine


def test_a_name_that_no_parser_matches_is_no_trap_where_a_header_says_it() -> None:
    named = robots(GROUP.format("img2dataset"))
    assert "R04" in found_in(both(named, picture("noindex")))
    assert "R04" in found_in(both(named, picture("noai"), page("noindex")))
    assert "R04" not in found_in(both(named, picture("max-snippet: 20", "noai, noimageai")))


# --- a word about other files is none about the pictures ---

ELSEWHERE = {
    "ai.txt of sound": file("ai.txt", "User-agent: *\nDisallow: *.mp3"),
    "ai.txt to others": file("ai.txt", "User-agent: Otherbot\nDisallow: /"),
    "tdmrep.json of a folder": file(
        "tdmrep.json",
        '[{"location": "/music/", "tdm-reservation": 1}]',
        f"{SITE}/.well-known/tdmrep.json",
    ),
    "Content-Usage of a folder": robots(
        "User-agent: *\nContent-Usage: /music train-ai=n\nAllow: /"
    ),
    "RSL of a folder": both(
        robots(f"License: {SITE}/license.xml"),
        file(
            "rsl",
            '<rsl xmlns="https://rslstandard.org/rsl"><content url="/music/"><license>'
            '<prohibits type="usage">ai-train</prohibits></license></content></rsl>',
            f"{SITE}/license.xml",
        ),
    ),
    "robots.txt of a folder": robots("User-agent: CCBot\nDisallow: /music/"),
    "no search": robots("User-agent: Googlebot\nDisallow: /"),
    "noarchive": page("noarchive"),
}


@pytest.mark.parametrize("elsewhere", ELSEWHERE.values(), ids=ELSEWHERE)
def test_s03_asks_what_stands_for_the_pictures(elsewhere: Seen) -> None:
    [finding] = the("S03", both(page(), shown(FOX), elsewhere))
    assert "stands for 1 of 1 pictures of this host" in finding.effect


def test_s03_counts_the_pictures_that_nothing_reserves() -> None:
    music = robots("User-agent: *\nContent-Usage: /music train-ai=n\nAllow: /")
    song = f"{SITE}/music/cover.jpg"
    [finding] = the("S03", both(page(), shown(FOX), shown(song), music))
    assert "1 of 2 pictures" in finding.effect
    assert "S03" not in found_in(both(page(), shown(song), music))
    everything = robots("User-agent: *\nContent-Usage: train-ai=n\nAllow: /")
    assert "S03" not in found_in(both(page(), shown(FOX), shown(song), everything))


def test_s03_of_pictures_that_were_not_asked_for() -> None:
    shut = robots("User-agent: *\nDisallow: /art/")
    assert "S03" not in found_in(both(page(), Seen(pictures=(Picture(FOX, (PAGE,)),)), shut))


def test_s03_knows_pictures_on_another_host() -> None:
    assert "S03" not in found_in(both(page(), shown(OWL, "noai")))
    assert "S03" in found_in(both(page(), shown(OWL)))


@pytest.mark.parametrize(
    ("folder", "contradicts"), [("/music/", False), ("/art/", True), ("/", True)]
)
def test_s06_compares_what_speaks_of_the_same_picture(folder: str, contradicts: bool) -> None:
    entry = json.dumps([{"location": folder, "tdm-reservation": 0}])
    tdm = file("tdmrep.json", entry, f"{SITE}/.well-known/tdmrep.json")
    found = found_in(both(page(), shown(FOX, "noai"), tdm))
    assert ("S06" in found) is contradicts


def test_s06_of_a_page_alone_contradicts_no_picture() -> None:
    songs = robots("User-agent: *\nContent-Usage: /music train-ai=y\nAllow: /")
    assert "S06" not in found_in(both(shown(FOX, "noai"), songs))


# --- what Google's parser makes of a key by its beginning ---


def test_r22_says_what_google_makes_of_it() -> None:
    [finding] = the("R22", both(page(), robots("User-agent: *\nDisallowAITraining: /")))
    assert "takes this line for “Disallow: /”" in finding.effect
    assert "no harm" not in finding.effect
    [other] = the("R22", robots("DisallowAITraining: /"))
    assert "does no harm" in other.effect


def test_r01_says_where_the_group_ends_for_google() -> None:
    body = "User-agent: *\n{}\nUser-agent: GPTBot\nDisallow: /"
    [finding] = the("R01", robots(body.format("DisallowAITraining: /")))
    assert "and for Google" not in finding.effect
    assert "Google's parser takes line 2 for a rule" in finding.effect
    [other] = the("R01", robots(body.format("Content-Signal: ai-train=no")))
    assert "By RFC 9309 and for Google everything" in other.effect


def test_h04_speaks_of_images_where_one_answers() -> None:
    [of_page] = the("H04", page("noindex"))
    assert of_page.effect == "Search engines may leave this page out because of noindex."
    [of_image] = the("H04", picture("noindex"))
    assert "of an image's own answer" in of_image.effect


def test_s06_of_groups_that_nobody_shares() -> None:
    body = "User-agent: CCBot\nDisallow: /\n\nUser-agent: *\nContent-Signal: ai-train=yes\n"
    assert "S06" not in found_in(both(shown(FOX), robots(body + "Allow: /")))
    assert "S06" in found_in(both(shown(FOX, "noai"), robots(body + "Allow: /")))

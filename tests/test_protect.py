"""What `optout protect` makes of a case: plans, texts, retirement, probes; no outside server."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup
from hypothesis import given, settings
from hypothesis import strategies as st

from optout.case import Case
from optout.database import open_case
from optout.errors import ProtectError
from optout.protect.ask import check_gone, probe
from optout.protect.folder import write_folder
from optout.protect.own_hosts import claim_command, controls
from optout.protect.plan import Plan, advice, make_plan, platforms
from optout.protect.reservation import choose, headers, servers
from optout.protect.retire import Gone, Retirement, plan_retirement
from optout.protect.retire_files import retire_files
from optout.protect.situation import situation
from optout.protect.texts import text
from optout.protect.written import all_files
from optout.report.steps import builder
from tests.harness import Page, html, optout, serving
from tests.report_case import (
    CDN,
    SITE,
    hop,
    image,
    make_case,
    page,
    reference,
    robots,
    write_run,
)

FOX = f"{SITE}/art/fox.jpg"
HARE = f"{CDN}/hare.jpg"
ALIEN = "https://images.squarespace-cdn.com/content/fox.jpg"
OPEN = b"User-agent: *\nAllow: /\n"


@pytest.fixture
def case(tmp_path: Path) -> Case:
    case = make_case(tmp_path / "case")
    write_run(
        case,
        {
            "pages": [page("/"), page("/more")],
            "image_refs": [reference("/", FOX), reference("/", HARE, 1), reference("/", ALIEN, 2)],
            "images": [image(FOX), image(HARE), image(ALIEN)],
            "hops": [hop(FOX), hop(HARE, [("X-Robots-Tag", "max-snippet: 20")]), hop(ALIEN)],
            "site_files": [robots(SITE, OPEN), robots(CDN, None, 404), robots(ALIEN[:35], OPEN)],
        },
    )
    return case


def plan_of(case: Case, *also: str, chosen: tuple[str, ...] = ()) -> Plan:
    with open_case(case) as connection:
        found = situation(connection, case, also)
    return make_plan(found, case.as_of(), choose(chosen))


def test_own_hosts_get_files_and_others_are_named(case: Case) -> None:
    plan = plan_of(case)
    assert [p.host.place for p in plan.hosts] == ["cdn.mira.example", "mira.example"]
    assert [h.place for h in plan.others] == ["images.squarespace-cdn.com"]
    assert {"mira.example/robots.txt", "cdn.mira.example/.well-known/tdmrep.json"} <= set(
        plan.files
    )
    assert not any(name.startswith("images.") for name in plan.files)
    assert [row["name"] for row in plan.builders] == ["Squarespace"]


def test_training_is_shut_out_and_search_is_as_before(case: Case) -> None:
    effects = {(e.place, e.reader): e for e in plan_of(case).effects}
    for place in ("mira.example", "cdn.mira.example"):
        for reader in ("img2dataset", "CCBot", "GPTBot", "Google-Extended", "ClaudeBot"):
            assert effects[place, reader].before.counts == (1, 0, 0)
            assert effects[place, reader].after.counts == (0, 1, 0)
    for (_, _), effect in effects.items():
        if effect.searches or not effect.mine:
            assert effect.before.counts == effect.after.counts


def test_the_files_beside_robots_txt_are_judged_as_served(case: Case) -> None:
    effects = {(e.place, e.reader): e for e in plan_of(case).effects}
    for place in ("mira.example", "cdn.mira.example"):
        for reader in ("TDMRep", "ai.txt", "RSL", "AIPREF", "Content Signals"):
            effect = effects[place, reader]
            assert effect.before.counts == (0, 0, 1), (place, reader)
            assert effect.after.counts == (0, 1, 0), (place, reader)
            assert effect.after.why and "not asked for" not in effect.after.why
    foreign = effects["images.squarespace-cdn.com", "ai.txt"]
    assert foreign.before == foreign.after and foreign.after.unknown


def test_files_that_are_there_already_are_judged_before_and_after(tmp_path: Path) -> None:
    case = make_case(tmp_path / "case")
    ours = json.dumps([{"location": "/art/", "tdm-reservation": 0}]).encode()
    tdmrep = robots(SITE, ours) | {
        "kind": "tdmrep.json",
        "url": f"{SITE}/.well-known/tdmrep.json",
        "final_url": f"{SITE}/.well-known/tdmrep.json",
    }
    files = [robots(SITE, OPEN), tdmrep]
    records = {"pages": [page("/")], "images": [image(FOX)], "hops": [hop(FOX)]}
    write_run(case, records | {"site_files": files})
    plan = plan_of(case)
    assert "mira.example/.well-known/tdmrep.json" not in plan.files
    found = next(e for e in plan.effects if e.reader == "TDMRep")
    # The header line supersedes the file (TDMRep, "Processing priority").
    assert (found.before.counts, found.after.counts) == ((1, 0, 0), (0, 1, 0))


def test_two_plans_are_the_same_bytes(case: Case) -> None:
    assert all_files(plan_of(case)) == all_files(plan_of(case))


def test_a_robots_txt_that_was_not_seen_is_not_replaced(tmp_path: Path) -> None:
    case = make_case(tmp_path / "case")
    down = robots(SITE, None, 503)
    write_run(case, {"pages": [page("/")], "images": [image(FOX)], "site_files": [down]})
    plan = plan_of(case)
    assert "mira.example/robots.txt" not in plan.files
    assert plan.hosts[0].robots_problem == "robots.txt is not known: it answered 503"
    assert "it answered 503" in all_files(plan)["README.txt"].decode()


def test_a_page_in_the_place_of_robots_txt_is_none(tmp_path: Path) -> None:
    case = make_case(tmp_path / "case")
    soft = robots(SITE, b"<!doctype html><title>Not found</title>")
    write_run(case, {"pages": [page("/")], "images": [image(FOX)], "site_files": [soft]})
    assert plan_of(case).files["mira.example/robots.txt"].startswith(b"# Training crawlers")


def test_a_case_without_observations_is_told_so(tmp_path: Path) -> None:
    make_case(tmp_path / "case")
    done = optout("protect", "--case", "case", cwd=tmp_path)
    assert done.returncode == 1 and "hint: begin with: optout crawl" in done.stderr


def test_the_command_prints_the_table_and_writes_the_folder(case: Case) -> None:
    done = optout("protect", "--case", "case", "--json", cwd=case.folder.parent)
    assert done.returncode == 0, done.stderr
    found = {(r["host"], r["reader"]): r for r in map(json.loads, done.stdout.splitlines())}
    assert found["mira.example", "CCBot"]["after"]["disallowed"] == 1
    out = case.folder / "protect"
    assert "next: read" in done.stderr and (out / "README.txt").is_file()
    first = {p: p.read_bytes() for p in out.rglob("*") if p.is_file()}
    plain = optout("protect", "--case", "case", "--server", "nginx", cwd=case.folder.parent)
    told = next(x for x in plain.stdout.splitlines() if "can find you afterwards" in x)
    assert "Googlebot" in told and "bingbot" in told.lower()
    assert [p.name for p in (out / "headers").rglob("*") if p.is_file()] == ["optout-headers.conf"]
    optout("protect", "--case", "case", cwd=case.folder.parent)
    assert first == {p: p.read_bytes() for p in out.rglob("*") if p.is_file()}


def test_an_unknown_server_is_told_the_known_ones(case: Case) -> None:
    with pytest.raises(ProtectError) as told:
        choose(["iis"])
    assert "iis" in told.value.message and "nginx" in told.value.hint


def test_files_of_the_user_are_never_replaced_or_removed(tmp_path: Path) -> None:
    write_folder(tmp_path, {"a/b.txt": b"1", "c.txt": b"2"})
    (tmp_path / "mine.txt").write_text("mine")
    write_folder(tmp_path, {"c.txt": b"3"})
    assert not (tmp_path / "a" / "b.txt").exists() and (tmp_path / "c.txt").read_bytes() == b"3"
    with pytest.raises(ProtectError, match="there already"):
        write_folder(tmp_path, {"mine.txt": b"4"})
    assert (tmp_path / "mine.txt").read_text() == "mine"
    (tmp_path / "manifest.json").write_text('{"files": {"../out.txt": {}, "/etc/x": {}}}')
    (tmp_path.parent / "out.txt").write_text("kept")
    write_folder(tmp_path, {"d.txt": b"5"})
    assert (tmp_path.parent / "out.txt").read_text() == "kept"


def test_hostile_names_stay_text(tmp_path: Path) -> None:
    case = make_case(tmp_path / "case")
    evil = "https://xn--a</script><script>alert(1).example"
    bad_robots = b"User-agent: GPTBot\x1b[31m<script>alert(1)</script>\nAllow: /"
    write_run(
        case,
        {
            "pages": [page("/")],
            "images": [image(FOX), image(f"{evil}/x.jpg")],
            "hops": [hop(FOX)],
            "site_files": [robots(SITE, bad_robots)],
        },
    )
    files = all_files(plan_of(case))
    assert b"\x1b" not in files["README.txt"]
    printed = optout("protect", "--case", "case", cwd=tmp_path).stdout
    assert "\x1b" not in printed and "<script>" in printed
    overview = files["overview.html"].decode()
    assert "<script" not in BeautifulSoup(overview, "html.parser").decode_contents()


@pytest.mark.parametrize("server", servers(), ids=lambda s: s.key)
def test_every_server_says_every_line_and_where_that_is_from(server: Any) -> None:
    body = text(server.template, headers=headers())
    for header in headers():
        assert header.name in body and header.value in body
    assert server.source.startswith("https://") and server.checked and server.put and server.test


def test_what_is_told_has_source_date_and_confidence() -> None:
    for row in (*advice(), *platforms()):
        assert row["source"].startswith("https://") and row["checked"]
        assert row["confidence"] in ("confirmed", "secondary", "please check")
    named = ["squarespace.com", "wixstatic.com", "cdn.shopify.com", "wp.com", "tumblr.com"]
    named += ["cargo.site", "myportfolio.com", "format.com", "artstation.com", "deviantart.com"]
    for host in named:
        row = builder(f"https://{host}")
        assert row and row["impossible"] and row["source"] and row["checked"], host


def test_only_what_the_artist_controls_is_theirs(tmp_path: Path) -> None:
    case = make_case(
        tmp_path / "case", sites=["https://www.mira.example/", "https://x.tumblr.com/"]
    )
    mine = controls(case, ["old.example", "cdn.shopify.com/s/files/1/0190/8574"])
    assert not mine("https://x.tumblr.com/")  # theirs to fill, not to configure
    with pytest.raises(ProtectError, match=r"--host cdn\.shopify\.com"):
        controls(case, ["cdn.shopify.com"])
    yes = ["https://mira.example/a", "http://cdn.mira.example/a", "https://old.example/"]
    no = ["https://notmira.example/", "https://cdn.shopify.com/s/files/1/0190/8574/a.jpg"]
    no += ["https://64.media.tumblr.com/a.jpg", "https://other.tumblr.com/", "not an address"]
    assert [url for url in yes + no if mine(url)] == yes


def test_who_may_own_a_host_is_told_how_to_say_so(case: Case) -> None:
    assert claim_command("cdn.mira.net:8443") == "optout protect --host cdn.mira.net"
    services = ("64.media.tumblr.com", "cdn.shopify.com", "images.squarespace-cdn.com")
    hostile = ("", "[::1", "a.example;reboot", "$(reboot).example", "-rf.example", "a b.example")
    assert not any(map(claim_command, (*services, *hostile)))
    files = [robots(SITE, OPEN), robots("https://cdn.mira.net", OPEN)]
    images = [image(FOX), image("https://cdn.mira.net/hare.jpg"), image(f"{SITE}/moved.jpg")]
    hops = [hop(FOX, [("X-Robots-Tag", "noai")])]
    hops += [hop(f"{SITE}/moved.jpg", hop_url="https://cdn.mira.net/moved.jpg")]
    records = {"pages": [page("/")], "images": images, "hops": hops, "site_files": files}
    shutil.rmtree(case.observations)
    write_run(case, records)
    done = optout("protect", "--case", "case", cwd=case.folder.parent)
    hint = "not yours to change; if it is: optout protect --host cdn.mira.net --case case"
    assert f"cdn.mira.net: {hint}" in done.stdout
    done = optout("lint", "--case", "case", cwd=case.folder.parent)
    assert f"cdn.mira.net: {hint}" in done.stderr


# --- retire ---


def mention(raw: str, url: str, final: str = "") -> dict[str, Any]:
    row = {"page_url": f"{SITE}/", "position": 0, "tag": "img", "attribute": "src"}
    return row | {"raw": raw, "image_url": url, "final_url": final or url}


def retired(urls: list[str], *mentions: dict[str, Any]) -> Retirement:
    rows = [{"url": url, "row_count": 1} for url in urls]
    return plan_retirement("c", rows, mentions, lambda url: "mira.example" in url)


def test_what_no_page_shows_needs_no_new_name() -> None:
    found = retired([FOX, ALIEN, "nonsense"])
    assert [one.url for one in found.gone] == [FOX] and found.elsewhere == 2
    assert not found.renames and not found.mentions


@pytest.mark.parametrize(
    ("raw", "instead"),
    [
        ("art/fox.jpg", "art/fox-{}.jpg"),
        ("/art/fox.jpg?v=2#x", "/art/fox-{}.jpg?v=2#x"),
        ("art/f%6Fx.jpg", "art/fox-{}.jpg"),
        ("{ nothing like it }", SITE + "/art/fox-{}.jpg"),
    ],
)
def test_an_address_is_rewritten_as_it_was_written(raw: str, instead: str) -> None:
    found = retired([FOX], mention(raw, FOX))
    mark = found.renames[0].new.removeprefix("/art/fox-").removesuffix(".jpg")
    assert found.mentions[0].instead == instead.format(mark)


def test_every_mention_of_a_renamed_file_follows_it() -> None:
    small = f"{FOX}?w=300"
    found = retired([FOX], mention("/art/fox.jpg", FOX), mention("/art/fox.jpg?w=300", small))
    assert [m.instead.partition("?")[2] for m in found.mentions] == ["", "w=300"]
    assert len(found.renames) == 1


def test_a_page_that_used_a_retired_redirect_names_the_file() -> None:
    found = retired([f"{SITE}/old.jpg"], mention("/old.jpg", f"{SITE}/old.jpg", FOX))
    assert not found.renames and found.mentions[0].instead == FOX


PATHS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=30)


RULES = {
    "nginx/optout-gone.conf": r'    "~\^([^"]*)\$" 1;',
    "apache/htaccess-gone.txt": r'    Rewrite\w+ (?:%{QUERY_STRING} )?"\^([^"]*)\$"(?: - \[G\])?',
    "caddy/optout-gone.caddy": r"\t(?:path_regexp|vars_regexp {[a-z.]+}) `\^([^`]*)\$`",
}


@settings(max_examples=150, deadline=None)
@given(PATHS, PATHS)
def test_no_address_breaks_out_of_a_rule(path: str, query: str) -> None:
    from crawler.urls import clean

    url = clean(f"{SITE}/{path.replace('?', '')}?{query}")
    if url is None:
        return
    one = Gone(url, 1, False)
    files = retire_files(Retirement((one,), (), (), 0), servers())
    usual = retire_files(Retirement((Gone(FOX, 1, False),), (), (), 0), servers())
    for name, rule in RULES.items():
        lines = files[f"mira.example/retire/{name}"].decode().split("\n")
        plain = usual[f"mira.example/retire/{name}"].decode().split("\n")
        changed = [line for line, other in zip(lines, plain, strict=True) if line != other]
        found = [re.fullmatch(rule, line) for line in changed]
        assert found and all(found), changed
        patterns = "".join(match[1] for match in found if match)
        assert re.fullmatch(r"[A-Za-z0-9/_~\\x{}+?-]*", patterns), patterns
    pattern = next(
        match[1]
        for line in files["mira.example/retire/nginx/optout-gone.conf"].decode().split("\n")
        if (match := re.fullmatch(RULES["nginx/optout-gone.conf"], line))
    )
    assert re.fullmatch(pattern.encode(), one.path + b"?" + one.query.encode(), re.DOTALL)


@pytest.mark.skipif(shutil.which("node") is None, reason="no Node.js on this machine")
@pytest.mark.parametrize("path", ["/a%20b/%C3%A9.jpg", "/x.jpg?w=1&h=2", "/%FF.jpg", "/a'\"`.jpg"])
def test_edge_scripts_end_exactly_the_listed_addresses(tmp_path: Path, path: str) -> None:
    listed = Gone(SITE + path, 1, False)
    body = text("vercel_gone.j2", gone=[listed])
    other = [SITE + "/x.jpg", SITE + "/a%20b/", listed.url + "x"]
    ask = f"\nfor (const u of {json.dumps([listed.url, *other])})"
    ask += " console.log(middleware({ url: u })?.status ?? 200);"
    (tmp_path / "m.mjs").write_text(body + ask, "utf-8")
    done = subprocess.run(
        ["node", str(tmp_path / "m.mjs")],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ,
    )
    assert done.stdout.split() == ["410", "200", "200", "200"]


def test_check_says_what_still_answers() -> None:
    answers = {"/a": 410, "/b": 200, "/c": 404, "/d": 302}

    def site(path: str, handler: BaseHTTPRequestHandler) -> Page:
        return answers[path], [("Location", "/b")] if path == "/d" else [], b""

    waits: list[float] = []
    with serving(site) as base:
        gone = [Gone(base + path, 1, False) for path in answers]
        found = list(check_gone(gone, delay=0.5, sleep=waits.append))
    assert [a.status for a in found] == [410, 200, 404, 302] and waits == [0.5] * 3
    assert [a.gone for a in found] == [True, False, False, False]
    assert "redirects" in found[3].words and "still answers" in found[1].words


# --- probe ---


def test_a_probe_names_contradictions_and_asks_little(tmp_path: Path) -> None:
    asked: list[str] = []

    def site(path: str, handler: BaseHTTPRequestHandler) -> Page:
        agent = handler.headers["User-Agent"]
        asked.append(agent)
        if path == "/robots.txt":
            return 200, [], b"User-agent: GPTBot\nDisallow: /\n"
        return (403, [], b"") if "CCBot" in agent else html("hello")

    with serving(site) as base:
        case = make_case(tmp_path / "case", sites=[base + "/"])
        robots_file = robots(base, OPEN)
        pages = [page("/") | {"url": base + "/", "final_url": base + "/"}]
        write_run(case, {"pages": pages, "site_files": [robots_file]})
        with open_case(case) as connection:
            found = situation(connection, case, ())
        waits: list[float] = []
        names = ("GPTBot", "CCBot", "ClaudeBot")
        results = {p.agent: p for p in probe(found, delay=1, sleep=waits.append, names=names)}
    assert "would answer all the same" in results["GPTBot"].finding
    assert "turns it away" in results["CCBot"].finding
    assert results["ClaudeBot"].finding == ""
    assert {p.label for p in results.values()} == {"spoofed agent, not the real bot"}
    assert len(asked) == 5 and waits == [1] * 4  # robots.txt, our own name, three others


def test_a_probe_leaves_the_hosts_of_others_alone(case: Case) -> None:
    from optout.protect.ask import _addresses

    with open_case(case) as connection:
        found = situation(connection, case, ())
    assert not any("squarespace" in url for url in _addresses(found))


# --- the page in a real browser ---


@pytest.mark.chromium
@pytest.mark.parametrize("width", [390, 1280])
def test_the_overview_fits_its_window(case: Case, tmp_path: Path, width: int) -> None:
    from tests.test_report import HARNESS, browse

    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if not program:
        pytest.skip("no Chromium on this machine")
    overview = tmp_path / "overview.html"
    overview.write_bytes(all_files(plan_of(case))["overview.html"])
    harness = tmp_path / "harness.html"
    harness.write_text(HARNESS.format(src=overview.as_uri(), width=width), "utf-8")
    window = "--window-size=1400,900"
    dom = browse(program, tmp_path / "profile", window, "--dump-dom", harness.as_uri())
    seen = json.loads(BeautifulSoup(dom, "html.parser").title.get_text())  # type: ignore[union-attr]
    assert seen["scroll"] <= seen["client"] and not seen["wide"], seen


# --- what cannot be done for one host, and what was so before ---


def one_page(case: Case, robots_row: dict[str, Any], **more: list[dict[str, Any]]) -> None:
    own = hop(f"{SITE}/", more.pop("tags", [])) | {"subject": "page"}
    records = {"pages": [page("/")], "images": [image(FOX)], "hops": [hop(FOX), own]}
    records["image_refs"] = [reference("/", FOX)]
    write_run(case, records | {"site_files": [robots_row]} | more)


def meta(name: str, content: str) -> dict[str, Any]:
    raw = f'<meta name="{name}" content="{content}">'
    row = {"page_url": f"{SITE}/", "position": 0, "name": name, "content": content, "raw": raw}
    return row | {"in_head": True}


def test_a_robots_txt_that_cannot_be_edited_stops_nothing_else(tmp_path: Path) -> None:
    case = make_case(tmp_path / "case")
    lines = b"".join(b"Disallow: /drafts/%d\n" % n for n in range(22_000))
    one_page(case, robots(SITE, b"User-agent: *\n" + lines[:511_700]))
    plan = plan_of(case)
    [host] = plan.hosts
    assert "readers look at the first" in host.robots_problem and "shorten" in host.robots_hint
    assert "mira.example/robots.txt" not in plan.files and "mira.example/ai.txt" in plan.files
    done = optout("protect", "--case", "case", cwd=tmp_path)
    assert done.returncode == 0 and "no robots.txt was made: robots.txt would have" in done.stdout
    assert "mira.example: no robots.txt was made" in done.stderr
    readme = (case.folder / "protect" / "README.txt").read_text("utf-8")
    assert "shorten the present file first" in readme and "says all of it already" not in readme


@pytest.mark.parametrize("status", [401, 403, 429, 503])
def test_a_robots_txt_that_is_hidden_is_not_taken_for_none(tmp_path: Path, status: int) -> None:
    case = make_case(tmp_path / "case")
    one_page(case, robots(SITE, None, status))
    plan = plan_of(case)
    assert "mira.example/robots.txt" not in plan.files
    assert plan.hosts[0].robots_problem == f"robots.txt is not known: it answered {status}"


@pytest.mark.parametrize(
    ("status", "tags", "metas", "counts"),
    [
        (404, [], [], (2, 0, 0)),
        (404, [], [("robots", "noindex")], (1, 1, 0)),
        (404, [("X-Robots-Tag", "noindex")], [], (1, 1, 0)),
        (404, [], [("robots", "noimageindex")], (1, 1, 0)),
        (429, [], [], (0, 2, 0)),
    ],
)
def test_who_could_not_find_you_before_cannot_afterwards(
    tmp_path: Path,
    status: int,
    tags: list[tuple[str, str]],
    metas: list[tuple[str, str]],
    counts: tuple[int, int, int],
) -> None:
    case = make_case(tmp_path / "case")
    said = [meta(*one) for one in metas]
    one_page(case, robots(SITE, None, status), tags=tags, metas=said)
    found = next(e for e in plan_of(case).effects if e.reader == "Googlebot")
    assert found.before.counts == found.after.counts == counts
    told = optout("protect", "--case", "case", cwd=tmp_path).stdout.splitlines()
    can = next(line for line in told if "can find you afterwards, as before:" in line)
    assert ("Googlebot (1 of 2)" in can) is (counts == (1, 1, 0))
    if not counts[0]:
        never = next(line for line in told if "not before either" in line)
        assert "Googlebot" in never and "Googlebot" not in can


@pytest.mark.parametrize(
    ("said", "words"),
    [("search=n", "unknown"), ("train-ai=y", "allowed"), ("train-ai=n, search=y", "not allowed")],
)
def test_the_table_is_about_training(tmp_path: Path, said: str, words: str) -> None:
    case = make_case(tmp_path / "case")
    body = f"User-agent: *\nContent-Usage: {said}\nAllow: /\n".encode()
    one_page(case, robots(SITE, body))
    found = {e.reader: e for e in plan_of(case).effects}
    assert found["AIPREF"].before.words == words
    assert found["AIPREF"].after.words == "not allowed"
    assert not found["Bingbot"].searches and found["bingbot"].searches

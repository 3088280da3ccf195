"""Generated files, served by real servers and scanned again: what was promised is what is seen."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from optout.case import load_case
from optout.database import open_case
from optout.demo.server import PREFERRED, at, respond
from optout.protect.reservation import headers, servers
from optout.readers.site import image_verdicts
from tests.harness import FAST, jpeg, optout, rows
from tests.web_servers import OWN, SERVERS, Made, free_port, serving

PAGE = "<!doctype html><title>T</title>{}"
ROBOTS = (
    b"# Mine\nUser-agent: *\nDisallow: /drafts/\n\nUser-agent: GPTBot\nAllow: /\n\n"
    b"User-agent: Googlebot\nDisallow: /raw/\n"
)
FILES = {server.key: server for server in servers()}


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that a server without root's rights may read; pytest's own are closed to others."""
    with tempfile.TemporaryDirectory(prefix="optout-servers-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def site(root: Path) -> None:
    for folder in ("works/small", "raw"):
        (root / folder).mkdir(parents=True)
    tags = "".join(
        f'<img src="/{p}" alt="Fox in snow">' for p in ("works/a.jpg", "works/small/b.jpg")
    )
    (root / "index.html").write_text(PAGE.format(tags + '<a href="/more.html">more</a>'))
    (root / "more.html").write_text(PAGE.format('<img src="/raw/c%20d.jpg" alt="Hare, ink">'))
    for number, name in enumerate(("works/a.jpg", "works/small/b.jpg", "raw/c d.jpg")):
        (root / name).write_bytes(jpeg(number))
    (root / "robots.txt").write_bytes(ROBOTS)


def table(folder: Path) -> dict[tuple[str, str], dict[str, dict[str, int]]]:
    lines = (folder / "overview.jsonl").read_text("utf-8").splitlines()
    return {(row["host"], row["reader"]): row for row in map(json.loads, lines)}


@pytest.mark.parametrize("name", SERVERS)
def test_what_the_table_promised_is_what_a_second_scan_finds(name: str, place: Path) -> None:
    root, port = place / "site", free_port()
    site(root)
    with serving(name, root, port, Made(), place / "before") as base:
        done = optout("crawl", base, "--case", "case", *FAST, cwd=place)
        assert done.returncode == 0, done.stderr
        done = optout("protect", "--case", "case", "--out", "out", "--server", name, cwd=place)
        assert done.returncode == 0, done.stderr
    host = f"127.0.0.1:{port}"
    promised = table(place / "out")
    shutil.copytree(place / "out" / host.replace(":", "_"), root, dirs_exist_ok=True)
    made = Made(headers=place / "out" / "headers" / FILES[name].headers)
    with serving(name, root, port, made, place / "after"):
        done = optout("crawl", "--case", "case", *FAST, cwd=place)
        assert done.returncode == 0, done.stderr
        again = optout("protect", "--case", "case", "--out", "again", cwd=place)
    kinds = ("allowed", "disallowed", "unknown")
    # Every picture and page carries every line, the owner's own line beside them.
    case = load_case(place / "case")
    latest = max(row["run_id"] for row in rows(case.folder, "hops"))
    hops = [h for h in rows(case.folder, "hops") if h["run_id"] == latest]
    seen = [h for h in hops if h["subject"] in ("image", "page") and h["status"] == 200]
    assert {h["subject"] for h in seen} == {"image", "page"}
    for hop in seen:
        lines = [(line["name"].lower(), line["value"]) for line in hop["headers"]]
        for header in headers():
            assert lines.count((header.name.lower(), header.value)) == 1, (hop["url"], lines)
        if hop["subject"] == "image":
            assert ("x-robots-tag", OWN) in lines, lines
    # The verdicts on what was really served are the promised ones, reader by reader.
    with open_case(case) as connection:
        found: dict[str, list[str]] = {}
        for _, verdict in image_verdicts(connection):
            found.setdefault(verdict.reader, []).append(verdict.value)
    for reader, values in found.items():
        after = promised[host, reader]["after"]
        assert [values.count(kind) for kind in kinds] == [after[kind] for kind in kinds], reader
    for reader in ("img2dataset", "CCBot", "GPTBot", "Google-Extended", "ClaudeBot"):
        assert set(found[reader]) == {"disallowed"}, reader
    assert promised[host, "GPTBot"]["before"]["allowed"] == 3
    google = promised[host, "Googlebot"]
    assert [google["before"][k] for k in kinds] == [google["after"][k] for k in kinds]
    assert google["after"]["allowed"] and google["after"]["disallowed"]
    # A second plan has nothing left to change.
    assert again.returncode == 0, again.stderr
    assert not (place / "again" / host.replace(":", "_") / "robots.txt").exists()
    assert not (place / "again" / "headers").exists()
    # Nor does lint find anything wrong with what was put in place.
    done = optout("lint", "--case", "case", "--json", cwd=place)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "" and "no findings" in done.stderr


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, int, int]]:
    """One run of the demo on ports of its own, with the plan to retire what is listed."""
    folder = tmp_path_factory.mktemp("retire")
    with ExitStack() as stack:
        for port in PREFERRED:  # so that it takes free ones
            taken = stack.enter_context(socket.socket())
            try:
                taken.bind(("127.0.0.1", port))
                taken.listen()
            except OSError:
                pass
        done = optout("demo", "--case", "case", cwd=folder)
    ports = re.search(r"127\.0\.0\.1:(\d+), .* http://localhost:(\d+)", done.stderr)
    assert done.returncode == 0 and ports, done.stderr
    done = optout("protect", "--case", "case", "--host", "localhost", "--retire", cwd=folder)
    assert done.returncode == 0, done.stderr
    yield folder, int(ports[1]), int(ports[2])


def cells(path: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO(path.read_text("utf-8-sig"))))[1:]


def copy_of_the_demo(target: Path, site_port: int, cdn_port: int) -> dict[str, Path]:
    """The demo's files as its servers answer them: host[:port] → folder."""
    where = at(site_port, cdn_port)
    source = Path(__file__).parents[1] / "optout" / "demo" / "site"
    roots = {f"127.0.0.1:{site_port}": "www", f"localhost:{cdn_port}": "cdn"}
    for name in roots.values():
        for file in (f for f in (source / name).rglob("*") if f.is_file()):
            path = file.relative_to(source / name)
            status, _, body = respond(name, f"/{path.as_posix()}", where)
            if status == 200:
                (target / name / path).parent.mkdir(parents=True, exist_ok=True)
                (target / name / path).write_bytes(body)
    return {place: target / name for place, name in roots.items()}


def apply(plan: Path, roots: dict[str, Path]) -> None:
    """Do what RETIRE.txt says: rename files, write new addresses into pages."""
    for place, root in roots.items():
        for old, new in cells(plan / place.replace(":", "_") / "retire" / "renames.csv"):
            (root / unquote(old).lstrip("/")).rename(root / unquote(new).lstrip("/"))
    for page, _, written, instead in cells(plan / "retire-pages.csv"):
        parts = urlsplit(page)
        name = parts.path.lstrip("/") + ("index.html" if parts.path.endswith("/") else "")
        file = roots[parts.netloc] / name
        text = file.read_text("utf-8")
        escaped = written.replace("&", "&amp;"), instead.replace("&", "&amp;")
        old, new = escaped if escaped[0] in text else (written, instead)
        assert old in text, (page, written)
        file.write_text(text.replace(f'"{old}"', f'"{new}"'), "utf-8")


@pytest.mark.parametrize("name", SERVERS)
def test_retired_addresses_answer_410_and_no_page_is_broken(
    name: str, demo: tuple[Path, int, int], place: Path
) -> None:
    folder, site_port, cdn_port = demo
    plan = folder / "case" / "protect"
    case = place / "case"
    shutil.copytree(folder / "case", case)
    roots = copy_of_the_demo(place / "site", site_port, cdn_port)
    apply(plan, roots)
    with ExitStack() as stack:
        for number, (host, root) in enumerate(roots.items()):
            made = Made(gone=plan / host.replace(":", "_") / "retire" / FILES[name].gone)
            port = urlsplit(f"//{host}").port
            assert port
            stack.enter_context(serving(name, root, port, made, place / str(number)))
        options = ("--case", "case", "--host", "localhost", "--check", "--json", "--delay", "0")
        checked = optout("protect", *options, cwd=place)
        crawl = optout("crawl", "--case", "case", *FAST, "--allow-private", cwd=place)
    assert checked.returncode == 0, checked.stderr
    answers = {row["url"]: row for row in map(json.loads, checked.stdout.splitlines())}
    listed = {u for p in plan.glob("*/retire/listed.txt") for u in p.read_text().split()}
    assert set(answers) == listed and len(listed) > 8
    # One row of the data set says https, which loopback does not speak.
    plain = {url: row["status"] for url, row in answers.items() if url.startswith("http:")}
    assert plain == dict.fromkeys(plain, 410)
    assert any("?" in url for url in plain)
    assert crawl.returncode == 0, crawl.stderr
    images = rows(case, "images")
    runs = sorted({row["run_id"] for row in images})
    broken = {
        run: {urlsplit(i["image_url"]).path for i in images if i["run_id"] == run and not ok(i)}
        for run in (runs[0], runs[-1])
    }
    assert broken[runs[-1]] <= broken[runs[0]]
    shown = {i["image_url"] for i in images if i["run_id"] == runs[-1]}
    assert not shown & listed and len(shown) > 15


def ok(image: dict[str, object]) -> bool:
    return image["outcome"] != "fetched" or image["status"] == 200

"""Audits of lists: real servers under many names, kills, offline, hostile sites, any input."""

from __future__ import annotations

import asyncio
import csv
import gzip
import io
import json
import os
import signal
import sqlite3
import ssl
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, cast

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import RequestReceived
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.policy import Reach
from optout.audit.freshness import fresh_until
from optout.audit.judging import Judged, as_object
from optout.audit.needs import chosen, needs
from optout.audit.rows import sources
from optout.audit.run import Options, audit
from optout.audit.writing import writing
from optout.errors import OptoutError
from optout.readers.table import readers
from tests.harness import Page, optout, serving
from tests.request_case import add_run, make_case
from tests.test_fetch import certificate  # noqa: F401 – a fixture

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
GOLDEN = Path(__file__).parent / "golden" / "audit" / "verdicts.csv"
BUILDERS = ("img2dataset", "datadiligence", "CCBot", "RFC 9309")


async def local(host: str, port: int) -> Sequence[str]:
    """Every name is this machine, but for those that are nowhere."""
    if host.startswith("nowhere"):
        raise OSError("no such name")
    return [host] if host[0].isdigit() else ["127.0.0.1"]


class Kept:
    """Takes the lines of an audit."""

    def __init__(self) -> None:
        self.lines: list[Judged] = []

    def write(self, lines: Sequence[Judged]) -> None:
        self.lines += lines

    def of(self, reader: str) -> list[Judged]:
        return [line for line in self.lines if line.reader == reader]


def ask(folder: Path, lines: Sequence[str] | Path, *names: str, **options: Any) -> Kept:
    """Audit `lines` for the readers `names`, every `.test` name being this machine."""
    listed = lines if isinstance(lines, Path) else folder / "list.txt"
    if not isinstance(lines, Path):
        listed.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    hosts = frozenset(f"{name}.test" for name in "abcdefgh")
    chosen_options = {"reach": Reach(started=hosts), "resolve": local, "now": lambda: NOW}
    kept = Kept()
    of = chosen(names or BUILDERS)
    audit(sources([str(listed)]), of, Options(folder / "c", **(chosen_options | options)), kept)
    return kept


Served = Callable[[str, str, BaseHTTPRequestHandler], "Page | None"]


class Site:
    """A server of many hosts; what was asked of it is counted."""

    def __init__(self, respond: Served) -> None:
        self.respond = respond
        self.asked: Counter[str] = Counter()
        self.sent: list[tuple[str, dict[str, str]]] = []

    def __call__(self, path: str, handler: BaseHTTPRequestHandler) -> Page | None:
        host = handler.headers["Host"].partition(":")[0]
        self.asked[f"{handler.command} {host}{path}"] += 1
        self.sent.append((f"{host}{path}", dict(handler.headers)))
        return self.respond(host, path, handler)


@contextmanager
def site(respond: Served) -> Iterator[tuple[Site, int]]:
    """(the site, its port)."""
    served = Site(respond)
    with serving(served) as base:
        yield served, int(base.rpartition(":")[2])


def robots(text: str, *lines: tuple[str, str], status: int = 200) -> Page:
    return status, [("Content-Type", "text/plain"), *lines], text.encode()


NOTHING: Page = (404, [], b"")


# --- verdicts ---


def mixed(host: str, path: str, handler: BaseHTTPRequestHandler) -> Page:
    """Hosts with signals of every kind."""
    port = handler.server.server_port  # type: ignore[attr-defined]
    pages: dict[str, dict[str, Page]] = {
        "a.test": {
            "/robots.txt": robots("User-agent: CCBot\nDisallow: /private/\nAllow: /private/ok\n"),
            "/noai.jpg": (200, [("X-Robots-Tag", "noindex, noai")], b""),
            "/snippet.jpg": (200, [("X-Robots-Tag", "max-snippet: 20, noai")], b""),
            "/tdm.jpg": (200, [("TDM-Reservation", "1")], b""),
            "/formula.jpg": (200, [("X-Robots-Tag", "=cmd|'/c calc', noai")], b""),
            "/gone.jpg": (410, [], b""),
            "/moved.jpg": (302, [("Location", f"http://b.test:{port}/here.jpg")], b""),
        },
        "b.test": {"/robots.txt": robots("User-agent: *\nDisallow: /\n")},
        "c.test": {"/robots.txt": robots("busy", status=503)},
    }
    return pages.get(host, {}).get(path) or (
        (404, [], b"") if path == "/robots.txt" else (200, [], b"")
    )


def test_every_row_gets_every_verdict_with_what_decided_it(tmp_path: Path) -> None:
    """The whole output, letter by letter; OPTOUT_UPDATE_GOLDEN=1 writes it anew."""
    with site(mixed) as (_, port):
        paths = ("noai", "snippet", "tdm", "formula", "gone", "moved", "private/x", "private/ok")
        urls = [f"http://a.test:{port}/{path}.jpg" for path in paths]
        urls += [f"http://{host}.test:{port}/1.jpg" for host in ("b", "c", "d", "nowhere")]
        urls += ["", "not an address", "=1+1", "mailto:a@b.test", "http://[::1", urls[0]]
        urls += [f"HTTP://A.test:{port}/noai.jpg#top", f"http://127.0.0.1:{port}/private.jpg"]
        kept = ask(tmp_path, urls)
    out = tmp_path / "verdicts.csv"
    with writing(out, "csv") as writer:
        writer.write(kept.lines)
    found = out.read_bytes().decode().replace(f":{port}", "")
    if os.environ.get("OPTOUT_UPDATE_GOLDEN") == "1":
        GOLDEN.parent.mkdir(parents=True, exist_ok=True)
        GOLDEN.write_bytes(found.encode())
    assert found == GOLDEN.read_bytes().decode()


def test_rows_keep_their_numbers_and_their_order(tmp_path: Path) -> None:
    with site(mixed) as (_, port):
        urls = [f"http://{'abd'[n % 3]}.test:{port}/{n}.jpg" for n in range(60)]
        kept = ask(tmp_path, [*urls, "", *urls], "CCBot", "img2dataset")
    assert [(line.row, line.reader) for line in kept.lines] == [
        (row, reader) for row in range(121) for reader in ("CCBot", "img2dataset")
    ]
    assert [line.url for line in kept.of("CCBot")] == [*urls, "", *urls]


def test_an_address_and_a_site_file_are_asked_for_once(tmp_path: Path) -> None:
    with site(mixed) as (served, port):
        ask(tmp_path, [f"http://a.test:{port}/{n % 7}.jpg" for n in range(3000)])
    assert set(served.asked.values()) == {1}
    assert len(served.asked) == 8


def test_images_are_asked_for_only_where_a_reader_looks_at_their_headers(tmp_path: Path) -> None:
    with site(mixed) as (served, port):
        ask(tmp_path, [f"http://a.test:{port}/noai.jpg"], "CCBot", "RFC 9309", "Protego")
        assert dict(served.asked) == {"GET a.test/robots.txt": 1}
        kept = ask(tmp_path, [f"http://a.test:{port}/noai.jpg"], images=False)
        assert dict(served.asked) == {"GET a.test/robots.txt": 1}
    assert [line.verdict for line in kept.lines] == ["unknown", "unknown", "allowed", "allowed"]
    assert "--no-images" in (kept.lines[0].reason or "")


def test_what_robots_txt_keeps_us_from_is_not_asked_for(tmp_path: Path) -> None:
    with site(mixed) as (served, port):
        kept = ask(tmp_path, [f"http://{host}.test:{port}/1.jpg" for host in "bc"])
    assert not [key for key in served.asked if key.startswith("HEAD")]
    assert "asks us not to (line 2)" in (kept.lines[0].reason or "")
    assert "asks us not to (it answered 503)" in (kept.lines[4].reason or "")
    assert kept.lines[6].verdict == kept.lines[7].verdict == "disallowed"


@pytest.mark.parametrize("status", sorted(needs(readers()).head_refused))
def test_a_server_that_knows_no_head_is_asked_with_get(tmp_path: Path, status: int) -> None:
    def respond(host: str, path: str, handler: BaseHTTPRequestHandler) -> Page:
        if path == "/robots.txt":
            return NOTHING
        if handler.command == "HEAD":
            return status, [], b""
        return 200, [("X-Robots-Tag", "noai")], b"x" * 100_000

    with site(respond) as (_, port):
        kept = ask(tmp_path, [f"http://a.test:{port}/{n}.jpg" for n in range(3)], "img2dataset")
    assert [line.verdict for line in kept.lines] == ["disallowed"] * 3


def test_a_busy_server_is_waited_for_once(tmp_path: Path) -> None:
    seen: Counter[str] = Counter()

    def respond(host: str, path: str, handler: BaseHTTPRequestHandler) -> Page:
        seen[path] += 1
        if path == "/robots.txt" or seen[path] > 1:
            return 200, [], b""
        return 429, [("Retry-After", "0")], b""

    with site(respond) as (_, port):
        kept = ask(tmp_path, [f"http://a.test:{port}/1.jpg"], "img2dataset")
    assert kept.lines[0].verdict == "allowed"
    assert seen == {"/robots.txt": 1, "/1.jpg": 2}


def test_no_more_than_asked_at_a_time(tmp_path: Path) -> None:
    lock, now, most = threading.Lock(), Counter[str](), Counter[str]()

    def respond(host: str, path: str, handler: BaseHTTPRequestHandler) -> Page:
        with lock:
            for name in (host, "all"):
                now[name] += 1
                most[name] = max(most[name], now[name])
        time.sleep(0.01)
        with lock:
            now.subtract([host, "all"])
        return NOTHING

    with site(respond) as (_, port):
        urls = [f"http://{'abcd'[n % 4]}.test:{port}/{n}.jpg" for n in range(80)]
        ask(tmp_path, urls, "img2dataset", per_host=2, at_once=5)
    assert most["all"] <= 5
    assert max(most[f"{name}.test"] for name in "abcd") == 2


# --- the cache ---


def test_a_fresh_robots_txt_is_not_asked_for_again(tmp_path: Path) -> None:
    with site(lambda *_: robots("", ("Cache-Control", "max-age=600"))) as (served, port):
        urls = [f"http://a.test:{port}/1.jpg"]
        for minutes, asked in ((0, 1), (9, 1), (11, 2)):
            moment = NOW + timedelta(minutes=minutes)
            kept = ask(tmp_path, urls, "CCBot", now=lambda moment=moment: moment)
            assert served.asked["GET a.test/robots.txt"] == asked
            assert kept.lines[0].observed_at == NOW + timedelta(minutes=11 * (asked - 1))


def test_an_old_copy_is_confirmed_by_its_tag(tmp_path: Path) -> None:
    def respond(host: str, path: str, handler: BaseHTTPRequestHandler) -> Page:
        if handler.headers["If-None-Match"] == '"one"':
            return 304, [], b""
        return robots("User-agent: *\nDisallow: /", ("ETag", '"one"'))

    with site(respond) as (served, port):
        for days in (0, 2):
            moment = NOW + timedelta(days=days)
            kept = ask(tmp_path, [f"http://a.test:{port}/1.jpg"], "CCBot", now=lambda m=moment: m)
            assert kept.lines[0].verdict == "disallowed"
            assert kept.lines[0].observed_at == moment
    assert served.asked["GET a.test/robots.txt"] == 2


@pytest.mark.parametrize(("days", "verdict"), [(2, "allowed"), (31, "disallowed")])
def test_a_copy_goes_on_while_the_site_is_unreachable(
    tmp_path: Path, days: int, verdict: str
) -> None:
    """RFC 9309, 2.4, for the 30 days of 2.3.1.4; then a server error forbids everything."""
    answers = [robots("User-agent: *\nAllow: /"), robots("", status=500)]
    with site(lambda *_: answers[0]) as (_, port):
        urls = [f"http://a.test:{port}/1.jpg"]
        ask(tmp_path, urls, "CCBot")
        answers.pop(0)
        kept = ask(tmp_path, urls, "CCBot", now=lambda: NOW + timedelta(days=days))
    assert kept.lines[0].verdict == verdict
    assert kept.lines[0].observed_at == (NOW if verdict == "allowed" else NOW + timedelta(days))


@pytest.mark.parametrize(
    ("headers", "status", "hours"),
    [
        ({}, 200, 24.0),
        ({}, 404, 24.0),
        ({}, 500, 0.0),
        ({}, 429, 0.0),
        ({}, None, 0.0),
        ({"cache-control": "max-age=7200"}, 200, 2.0),
        ({"cache-control": "MAX-AGE = 7200 , public", "age": "3600"}, 200, 1.0),
        ({"cache-control": 'max-age="7200"'}, 200, 2.0),
        ({"cache-control": "max-age=999999999999999999999"}, 200, 24.0),
        ({"cache-control": "max-age=-1"}, 200, 0.0),
        ({"cache-control": "no-store"}, 200, 0.0),
        ({"cache-control": "no-cache, max-age=600"}, 200, 0.0),
        ({"expires": "0"}, 200, 0.0),
        (
            {
                "date": "Sat, 21 Nov 2026 12:00:00 GMT",
                "expires": "Sat, 21 Nov 2026 15:00:00 GMT",
            },
            200,
            3.0,
        ),
    ],
)
def test_how_long_a_copy_is_fresh(
    headers: dict[str, str], status: int | None, hours: float
) -> None:
    assert (fresh_until(headers, status, NOW) - NOW) / timedelta(hours=1) == hours


@given(st.dictionaries(st.sampled_from(["cache-control", "age", "expires", "date"]), st.text()))
def test_any_header_gives_a_time_within_a_day(headers: dict[str, str]) -> None:
    assert NOW <= fresh_until(headers, 200, NOW) <= NOW + timedelta(hours=24)


# --- offline ---


def test_offline_gives_the_same_bytes_and_asks_nobody(tmp_path: Path) -> None:
    with site(mixed) as (served, port):
        urls = [f"http://{host}.test:{port}/noai.jpg" for host in ("a", "b", "c", "nowhere")]
        first = ask(tmp_path, [*urls, "x"])
        asked = sum(served.asked.values())
        again = ask(tmp_path, [*urls, "x"], offline=True, now=lambda: NOW + timedelta(days=99))
        assert sum(served.asked.values()) == asked
    assert again.lines == first.lines
    more = ask(tmp_path, ["http://e.test/new.jpg"], offline=True)
    assert {line.verdict for line in more.lines} == {"unknown"}
    assert all("nothing was recorded" in (line.reason or "") for line in more.of("img2dataset"))


def test_offline_without_a_cache_says_so(tmp_path: Path) -> None:
    with pytest.raises(OptoutError, match="holds no answers"):
        ask(tmp_path, ["http://a.test/"], offline=True)


def test_offline_goes_by_the_observations_of_a_case(tmp_path: Path) -> None:
    case = make_case(tmp_path / "case")
    url = "https://www.mira.example/a.jpg"
    file = {
        "origin": "https://www.mira.example",
        "kind": "robots.txt",
        "url": "https://www.mira.example/robots.txt",
        "outcome": "fetched",
        "status": 200,
        "body": b"User-agent: CCBot\nDisallow: /",
    }
    hop = {
        "subject": "image",
        "url": url,
        "hop": 0,
        "hop_url": url,
        "status": 200,
        "headers": [{"name": "X-Robots-Tag", "value": "noai"}],
    }
    image = {"image_url": url, "outcome": "fetched", "status": 200}
    add_run(case, "2026-11-20T080000Z", site_files=[file], images=[image], hops=[hop])
    kept = ask(tmp_path, [url, "https://www.mira.example/b.jpg"], offline=True, case=case)
    assert [line.verdict for line in kept.lines] == [
        *("disallowed", "disallowed", "disallowed", "allowed"),
        *("unknown", "unknown", "disallowed", "allowed"),
    ]
    assert kept.lines[0].observed_at == datetime(2026, 11, 20, 8, tzinfo=UTC)
    assert not (tmp_path / "c").exists()


# --- kill and resume ---


def test_a_killed_audit_goes_on_and_ends_as_if_undisturbed(tmp_path: Path) -> None:
    victims: list[tuple[subprocess.Popen[bytes], int]] = []  # process, exchanges it may have

    def respond(host: str, path: str, handler: BaseHTTPRequestHandler) -> Page:
        time.sleep(0.05)
        if victims and len(served.sent) >= victims[-1][1]:
            victims[-1][0].send_signal(signal.SIGKILL)
        if path == "/robots.txt":
            return robots("User-agent: CCBot\nDisallow: /2\n")
        return 200, [("X-Robots-Tag", "noai")] if path.endswith("3.jpg") else [], b""

    served = Site(respond)
    with ExitStack() as servers:
        bases = [servers.enter_context(serving(served)) for _ in range(20)]
        urls = [f"{bases[n % len(bases)]}/{n}.jpg" for n in range(2500)]
        (tmp_path / "list.txt").write_text("\n".join(urls))
        command = ("audit", "list.txt", "--allow-private", "--out", "out.parquet")
        for exchanges in (10, 700, 700):
            most = len(served.sent) + exchanges
            process = subprocess.Popen(
                [sys.executable, "-m", "optout", *command], cwd=tmp_path, stderr=-3, stdout=-3
            )
            victims.append((process, most))
            assert process.wait() == -signal.SIGKILL
            assert not (tmp_path / "out.parquet").exists()
        victims.clear()
        kept = {url.rpartition("/")[2] for url in _answered(tmp_path)}
        before = len(served.sent)
        done = optout(*command, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert "going on with the audit" in done.stderr
        again = {path.rpartition("/")[2] for path, _ in served.sent[before:]}
        assert len(kept) > 100
        assert not kept & again
        disturbed = pq.read_table(tmp_path / "out.parquet").drop_columns("observed_at")
        optout(*command, "--cache", "other", cwd=tmp_path)
        straight = pq.read_table(tmp_path / "out.parquet").drop_columns("observed_at")
    assert disturbed.equals(straight)
    assert disturbed.num_rows == len(urls) * len(BUILDERS)
    assert "unknown" not in disturbed["verdict"].to_pylist()
    assert not list((tmp_path / "optout-audit").glob("rows-*"))


def _answered(folder: Path) -> list[str]:
    with sqlite3.connect(folder / "optout-audit" / "answers.db") as connection:
        found = [url for (url,) in connection.execute("SELECT url FROM answers")]
    connection.close()
    assert found
    return found


def test_a_second_audit_of_the_same_list_is_told_to_wait(tmp_path: Path) -> None:
    asked, over = threading.Event(), threading.Event()

    def respond(host: str, path: str, handler: BaseHTTPRequestHandler) -> Page:
        asked.set()
        over.wait(10)
        return NOTHING

    with site(respond) as (_, port):
        (tmp_path / "list.txt").write_text(f"http://127.0.0.1:{port}/1.jpg\n")
        command = [sys.executable, "-m", "optout", "audit", "list.txt", "--allow-private"]
        first = subprocess.Popen(command, cwd=tmp_path, stdout=-3, stderr=-3)
        assert asked.wait(30)
        second = optout(*command[3:], cwd=tmp_path)
        over.set()
        assert first.wait() == 0
    assert second.returncode == 1
    assert "another audit of the same list" in second.stderr


# --- input ---


def test_the_forms_of_a_list(tmp_path: Path) -> None:
    urls = ["http://nowhere.test/1.jpg", "x", None]
    pq.write_table(pa.table({"URL": urls, "TEXT": ["a", "b", "c"]}), tmp_path / "a.parquet")
    broken = pa.array([b"http://nowhere.test/\xff"]).cast(pa.string(), safe=False)
    pq.write_table(pa.table({"url": broken}), tmp_path / "b.parquet")
    pq.write_table(pa.table({"url": pa.array(["x"]).dictionary_encode()}), tmp_path / "f.parquet")
    (tmp_path / "c.csv").write_text('id,url\n1,"http://nowhere.test/a,b.jpg"\n2,\n')
    (tmp_path / "d.jsonl").write_text('{"image_url": "http://nowhere.test/1.jpg"}\nbroken\n')
    (tmp_path / "e.tsv").write_text("url\tx\nhttp://nowhere.test/1.jpg\t1\n")
    found = {}
    for name in ("a.parquet", "b.parquet", "c.csv", "d.jsonl", "e.tsv", "f.parquet"):
        kept = ask(tmp_path, tmp_path / name, "CCBot")
        found[name] = [(line.row, line.url, line.reason) for line in kept.lines]
        assert {line.file for line in kept.lines} == {name}
    unknown = "robots.txt of http://nowhere.test is not known: the name nowhere.test has no address"
    nothing, no_address = "the row holds no address", "it is no http(s) address"
    assert found == {
        "a.parquet": [
            (0, urls[0], f"{unknown} (DNS)"),
            (1, "x", no_address),
            (2, None, nothing),
        ],
        "b.parquet": [(0, "http://nowhere.test/�", f"{unknown} (DNS)")],
        "c.csv": [(0, "http://nowhere.test/a,b.jpg", f"{unknown} (DNS)"), (1, None, nothing)],
        "d.jsonl": [(0, urls[0], f"{unknown} (DNS)"), (1, "broken", no_address)],
        "e.tsv": [(0, urls[0], f"{unknown} (DNS)")],
        "f.parquet": [(0, "x", no_address)],
    }


LINES = st.lists(
    st.one_of(
        st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"])),
        st.from_regex(r"https?://[a-z0-9.\[\]:@%-]{0,12}[/?#]?.{0,8}"),
        st.sampled_from(["http://nowhere.test/x", "http://nowhere.test:0/", "http://1.1.1.1/\0"]),
    ),
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(LINES)
def test_any_line_gives_one_row_per_reader(tmp_path_factory: Any, lines: list[str]) -> None:
    async def nowhere(host: str, port: int) -> Sequence[str]:
        raise OSError

    folder = tmp_path_factory.mktemp("any")
    text = "\n".join(lines)
    (folder / "list.txt").write_bytes(text.encode())
    kept = ask(folder, folder / "list.txt", "img2dataset", "CCBot", resolve=nowhere)
    rows = text.count("\n") + (not text.endswith("\n") and bool(text.lstrip("\ufeff")))
    assert [(line.row, line.reader) for line in kept.lines] == [
        (row, reader) for row in range(rows) for reader in ("img2dataset", "CCBot")
    ]
    assert {line.verdict for line in kept.lines} <= {"unknown"}
    assert all(line.reason for line in kept.lines)
    for form in ("csv", "jsonl", "parquet"):
        with writing(folder / f"out.{form}", form) as writer:
            writer.write(kept.lines)
    assert pq.read_table(folder / "out.parquet").num_rows == len(kept.lines)
    objects = (folder / "out.jsonl").read_text("utf-8").split("\n")[:-1]
    assert [json.loads(line)["row"] for line in objects] == [line.row for line in kept.lines]
    cells = list(csv.reader(io.StringIO((folder / "out.csv").read_bytes().decode())))
    assert [row[1] for row in cells[1:]] == [str(line.row) for line in kept.lines]
    assert not any(cell.lstrip()[:1] in set("=+-@") - {""} for row in cells for cell in row)


def test_memory_does_not_grow_with_the_list(tmp_path: Path) -> None:
    peaks = []
    for count in (20_000, 200_000):
        listed = tmp_path / f"{count}.txt"
        with listed.open("w") as file:
            file.writelines(f"http://127.0.0.1:1/{n:060}.jpg\n" for n in range(count))
        script = (
            "import resource, sys; from optout.cli import main; main(sys.argv[1:]);"
            "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
        )
        command = ["audit", str(listed), "--no-images", "--reader", "CCBot", "--out"]
        done = subprocess.run(
            [sys.executable, "-c", script, *command, str(tmp_path / "out.parquet")],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        )
        peaks.append(int(done.stdout.split()[-1]))
    assert peaks[1] < peaks[0] * 1.3


# --- hostile sites ---


def test_hostile_sites_end_as_reasons(tmp_path: Path) -> None:
    def respond(host: str, path: str, handler: BaseHTTPRequestHandler) -> Page | None:
        name = host.partition(".")[0]
        if path == "/robots.txt" and name in "abc":
            return endless(name, handler)
        if path == "/robots.txt":
            return NOTHING
        if name == "a":
            return 200, [], b""
        if name == "d":  # a loop
            return 302, [("Location", f"{path}x")], b""
        if name == "e":  # to a private address
            return 302, [("Location", f"http://127.0.0.1:{port}/secret")], b""
        if name == "f":
            return 200, [("X-Robots-Tag", "x" * 60_000)] * 40, b""
        if name == "g":
            handler.wfile.write(b"\0\0 what is this\r\n\r\n")
            handler.close_connection = True
            return None
        return 302, [("Location", "file:///etc/passwd")], b""

    def endless(name: str, handler: BaseHTTPRequestHandler) -> Page | None:
        if name == "b":
            bomb = gzip.compress(b"User-agent: *\nDisallow: /\n" + b"#" * 50_000_000)
            return 200, [("Content-Encoding", "gzip")], bomb
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
        try:
            while True:  # endless; "a" at once, "c" a byte at a time
                handler.wfile.write(b"Allow: /\n" * 4096 if name == "a" else b"#")
                time.sleep(0 if name == "a" else 0.05)
        except OSError:
            return None

    with site(respond) as (served, port):
        urls = [f"http://{name}.test:{port}/1.jpg" for name in "abcdefgh"]
        begun = time.monotonic()
        kept = ask(tmp_path, urls, "img2dataset", "CCBot", seconds=2)
        assert time.monotonic() - begun < 20
    assert "GET 127.0.0.1/robots.txt" not in served.asked
    reasons = [(line.reason or line.verdict).rpartition(": ")[2] for line in kept.of("img2dataset")]
    assert reasons == [
        "allowed",  # the first 512 KiB were read
        f"robots.txt of http://b.test:{port} asks us not to (line 2)",
        "it did not answer in time (asked for its robots.txt first)",
        "it redirects more than 10 times",
        "127.0.0.1 is a loopback address",
        "the answer broke off or is not HTTP",
        "the answer broke off or is not HTTP",
        "it redirects to no http(s) address",
    ]
    assert [line.verdict for line in kept.of("CCBot")][:3] == ["allowed", "disallowed", "unknown"]


def test_names_that_lead_to_private_addresses_are_refused(tmp_path: Path) -> None:
    with site(mixed) as (served, port):
        urls = [f"http://{host}:{port}/1.jpg" for host in ("x.test", "127.1", "0x7f000001")]
        kept = ask(tmp_path, [*urls, "http://[::ffff:10.0.0.1]/"], "CCBot", reach=Reach())
    assert not served.asked
    assert all("address" in (line.reason or "") for line in kept.lines)
    assert {line.verdict for line in kept.lines} == {"unknown"}


def test_a_host_that_does_not_answer_is_given_up(tmp_path: Path) -> None:
    def respond(host: str, path: str, handler: BaseHTTPRequestHandler) -> Page | None:
        if path == "/robots.txt":
            return NOTHING
        handler.close_connection = True
        return None

    with site(respond) as (served, port):
        kept = ask(tmp_path, [f"http://a.test:{port}/{n}.jpg" for n in range(50)], "img2dataset")
    assert sum(served.asked.values()) < 20
    assert "failed 5 times in a row" in (kept.lines[-1].reason or "")
    assert {line.verdict for line in kept.lines} == {"unknown"}


class SpeaksHttp2(asyncio.Protocol):
    """Answers every stream after a moment, so that several are open at a time."""

    most = connections = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.h2 = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
        self.h2.initiate_connection()
        self.open = 0
        SpeaksHttp2.connections += 1
        self.transport.write(self.h2.data_to_send())

    def data_received(self, data: bytes) -> None:
        for event in self.h2.receive_data(data):
            if isinstance(event, RequestReceived):
                self.open += 1
                SpeaksHttp2.most = max(SpeaksHttp2.most, self.open)
                asyncio.get_running_loop().call_later(0.02, self.answer, event)
        self.transport.write(self.h2.data_to_send())

    def answer(self, event: RequestReceived) -> None:
        self.open -= 1
        asked = dict(cast(list[tuple[str, str]], event.headers))
        status = "404" if asked[":path"] == "/robots.txt" else "200"
        lines = [(":status", status), ("x-robots-tag", "noai")]
        self.h2.send_headers(event.stream_id, lines, end_stream=True)
        self.transport.write(self.h2.data_to_send())


def test_http_2_is_spoken_where_the_server_does(
    tmp_path: Path,
    certificate: Path,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.set_alpn_protocols(["h2"])
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(loop.create_server(SpeaksHttp2, "127.0.0.1", 0, ssl=context))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        base = f"https://localhost:{server.sockets[0].getsockname()[1]}"
        reach = Reach(started=frozenset({"localhost"}))
        urls = [f"{base}/{n}.jpg" for n in range(40)]
        kept = ask(tmp_path, urls, "img2dataset", reach=reach, per_host=4)
        other = [base.replace("localhost", "h.test")]
        wrong = ask(tmp_path, other, "img2dataset")
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        server.close()
        loop.run_until_complete(server.wait_closed())
        loop.close()
    assert [line.verdict for line in kept.lines] == ["disallowed"] * 40
    assert SpeaksHttp2.connections == 1
    assert SpeaksHttp2.most == 4
    assert "its TLS certificate is not valid (" in (wrong.lines[0].reason or "")


# --- the command ---


def test_the_command_prints_counts_or_lines(tmp_path: Path) -> None:
    with site(mixed) as (_, port):
        (tmp_path / "list.txt").write_text(f"http://127.0.0.1:{port}/1.jpg\nx\n")
        counts = optout("audit", "list.txt", "--allow-private", cwd=tmp_path)
        lines = optout("audit", "list.txt", "--offline", "--json", cwd=tmp_path)
        table = optout("audit", "list.txt", "--offline", "--format", "csv", cwd=tmp_path)
    assert counts.stdout.splitlines()[1].split() == ["img2dataset", "1", "0", "1"]
    objects = [json.loads(line) for line in lines.stdout.splitlines()]
    assert [o["reader"] for o in objects] == [*BUILDERS, *BUILDERS]
    assert list(objects[0]) == list(Judged._fields)
    assert table.stdout.splitlines()[0] == ",".join(Judged._fields)
    assert len(table.stdout.splitlines()) == 9


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nothing.txt"], "there is no file nothing.txt"),
        (["list.txt", "--reader", "nobody"], "no reader called nobody"),
        (["list.txt", "--format", "parquet"], "written to a file only"),
        (["list.txt", "--out", "verdicts.xls"], "does not say in which form"),
        (["list.txt", "--case", "x"], "--case is for --offline only"),
        (["broken.parquet"], "is text, not Parquet"),
        (["list.txt", "--cache", "list.txt"], "list.txt cannot be used"),
    ],
)
def test_bad_input_is_told_in_one_sentence(tmp_path: Path, arguments: list[str], says: str) -> None:
    (tmp_path / "list.txt").write_text("x\n")
    (tmp_path / "broken.parquet").write_text("no parquet")
    done = optout("audit", *arguments, cwd=tmp_path)
    assert done.returncode == 1
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert "hint: " in done.stderr


def test_a_cache_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "answers.db").write_bytes(b"this is not a database" * 100)
    with pytest.raises(OptoutError, match="cannot be used"):
        ask(tmp_path, ["http://a.test/"])


def test_a_reader_of_a_new_method_gets_everything() -> None:
    from dataclasses import replace

    new = replace(readers()[0], method="something new")
    assert needs([new]).images
    assert not needs([new], images=False).images


def test_an_object_of_the_output_is_json() -> None:
    line = Judged("f", 0, None, "r", "p", "allowed", None, None, None, None, None, NOW, None)
    assert json.loads(json.dumps(as_object(line)))["observed_at"] == "2026-11-21T12:00:00Z"

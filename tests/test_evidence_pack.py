"""Evidence packs: what they hold, what they never fetch, and whether they can be verified."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import random
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from warcio.archiveiterator import ArchiveIterator

from crawler.policy import Reach
from crawler.render.browser import chromium
from optout.case import Case
from optout.cli import main
from optout.errors import CaseError, RequestError
from optout.evidence_pack import Making, Pack, make_pack, verify
from optout.evidence_pack.listing import manifest_bytes
from optout.evidence_pack.refused import not_looked_at
from optout.evidence_pack.screenshots import unable
from optout.register import named
from optout.requests import write_requests
from tests.conftest import Answer, Respond
from tests.harness import jpeg
from tests.request_case import add_run, image, make_case, match, matched

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
PAGE = b"""<!doctype html><title>Fox</title><link rel=stylesheet href=/style.css>
<h1>A fox</h1><img src=/fox.jpg alt=fox><script>document.title = 'ran'</script>"""
Serve = Callable[[Respond], str]


class Site:
    """A server of fixed answers that notes what was asked of it."""

    def __init__(self, pages: dict[str, Answer]) -> None:
        self.pages, self.asked = pages, [""]
        self.asked.clear()

    def __call__(self, method: str, path: str, headers: dict[str, str]) -> Answer:
        self.asked.append(path)
        return self.pages.get(path, (404, [], b"not here"))


def text(body: bytes, kind: str = "text/plain", *more: tuple[str, str]) -> Answer:
    return 200, [("Content-Type", kind), *more], body


def artist() -> Site:
    return Site(
        {
            "/robots.txt": text(b"User-agent: *\nDisallow: /private/\n"),
            "/.well-known/tdmrep.json": text(b"[]", "application/json"),
            "/fox": text(PAGE, "text/html", ("Set-Cookie", "a=b"), ("X-Robots-Tag", "noai")),
            "/fox.jpg": text(
                jpeg(1), "image/jpeg", ("X-Robots-Tag", "noai"), ("X-Robots-Tag", "b")
            ),
            "/style.css": text(b"h1 { color: green }", "text/css"),
            "/private/1.jpg": text(jpeg(7), "image/jpeg"),
            "/gone.jpg": (410, [], b""),
        }
    )


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return make_case(tmp_path / "case")


def fill(case: Case, site: str, *rows: dict[str, Any]) -> None:
    """Two runs that saw the fox, and the rows as matches."""
    for run_id in ("2026-10-02T080000Z", "2026-11-04T080000Z"):
        add_run(
            case,
            run_id,
            images=[image(f"{site}/fox.jpg", jpeg(1)), image(f"{site}/gone.jpg", b"x")],
        )
    matched(case, [match(n) | row for n, row in enumerate(rows, 1)])


def ids(*numbers: int) -> list[str]:
    return [f"m-{number:016x}" for number in numbers]


def making(**more: Any) -> Making:
    """Fixed time, no pause, loopback allowed."""
    ticks = iter(range(10**6))
    settings = {"by": "Mira", "pause": 0, "pictures": False, "reach": Reach(allow_private=True)}
    return Making(**{**settings, "now": lambda: NOW + timedelta(seconds=next(ticks)), **more})


def read(pack: Pack, name: str) -> Any:
    return json.loads((pack.folder / name).read_text("utf-8"))


@pytest.fixture
def pack(case: Case, serve: Serve) -> Pack:
    site = serve(artist())
    row = {
        "url": f"{site}/fox.jpg?size=2",
        "image_url": f"{site}/fox.jpg",
        "page_url": f"{site}/fox",
    }
    fill(case, site, row)
    return make_pack(case, [], ids(1), making())


def test_a_pack_holds_what_its_readme_names_and_is_as_listed(pack: Pack) -> None:
    names = {p.relative_to(pack.folder).as_posix() for p in pack.folder.rglob("*") if p.is_file()}
    assert {
        *("README.txt", "verify.html", "manifest.json", "custody.json", "addresses.json"),
        *("rows.json", "requests.json", "responses.warc.gz", "ledger.jsonl", "left_out.json"),
        *(
            "headers/001.txt",
            "headers/002.txt",
            "headers/003.txt",
            "files/002.jpg",
            "files/003.txt",
        ),
    } <= names
    assert any(name.startswith("site_files/") and name.endswith("robots.txt.txt") for name in names)
    found, zipped = verify(pack.folder), verify(pack.archive)
    assert found == zipped and not found.problems and found.files == len(names) - 1
    assert found.manifest_sha256 == pack.manifest_sha256


def test_each_picture_has_its_fingerprints_and_the_row_that_lists_it(pack: Pack) -> None:
    from optout.vision.fingerprint import fingerprint

    ours = next(row for row in read(pack, "addresses.json") if row["url"].endswith("/fox.jpg"))
    known = fingerprint(jpeg(1))
    assert ours["sha256"] == known.sha256 and ours["md5"] == known.md5
    assert (ours["phash"], ours["pdq"]) == (known.phash, known.pdq) and len(ours["pdq"]) == 64
    where = "listed in edition relaion2B-en-research-safe, file part-00007.parquet, row 1"
    assert ours["listed_in"] == [where] == [read(pack, "rows.json")[0]["in_words"]]
    page = next(row for row in read(pack, "addresses.json") if row["url"].endswith("/fox"))
    assert "phash" not in page and page["listed_in"] == [where]


def test_a_pack_without_the_libraries_says_what_it_lacks(
    case: Case, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("optout.evidence_pack.fingerprints._LIBRARIES", ("no_such_library",))
    fill(case, site := serve(artist()), {"url": f"{site}/fox.jpg", "image_url": None})
    made = make_pack(case, [], ids(1), making())
    assert "phash" not in read(made, "addresses.json")[0]
    assert any("pHash" in why and "no_such_library" in why for why in made.left_out)


def test_a_row_names_the_file_that_was_searched(case: Case, serve: Serve) -> None:
    fill(case, site := serve(artist()), {"url": f"{site}/fox.jpg"})
    file = {"file": "part-00007.parquet", "rows": 7, "bytes": 4711}
    said = {"date": "2026-11-21T10:00:00+00:00",
            "datasets": [{"dataset": "relaion5b", "files": [file]}]}  # fmt: skip
    for text, wanted in (
        (json.dumps(said), {"searched_at": said["date"], "rows": 7, "bytes": 4711}),
        ('{"date": 1, "datasets": [{}]}', None),
        ("{", None),
    ):
        (case.matches / "summary.json").write_text(text, "utf-8")
        made = make_pack(case, [], ids(1), making(now=lambda: datetime.now(UTC)))
        assert read(made, "rows.json")[0]["file"] == wanted
        shutil.rmtree(case.folder / "evidence")


def test_headers_are_dumped_as_they_came(pack: Pack) -> None:
    dump = (pack.folder / "headers" / "002.txt").read_text()
    assert "X-Robots-Tag: noai\nX-Robots-Tag: b\n" in dump
    assert "User-Agent: optout/" in dump
    page = (pack.folder / "headers" / "003.txt").read_text()
    assert "Set-Cookie: a=b" in page


def test_the_warc_passes_warcio_check_and_holds_page_image_and_robots(pack: Pack) -> None:
    file = pack.folder / "responses.warc.gz"
    command = [sys.executable, "-m", "warcio.cli", "check", "-v", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    with file.open("rb") as stream:
        answers = {
            record.rec_headers.get_header("WARC-Target-URI").rpartition("/")[
                2
            ]: record.content_stream().read()
            for record in ArchiveIterator(stream)
            if record.rec_type == "response"
        }
    assert answers["fox.jpg"] == jpeg(1) and answers["fox"] == PAGE
    assert answers["robots.txt"].startswith(b"User-agent")


def test_an_address_says_what_it_answered_and_what_earlier_runs_saw(pack: Pack) -> None:
    listed, ours, page = read(pack, "addresses.json")
    assert ours["sha256"] == hashlib.sha256(jpeg(1)).hexdigest()
    assert (ours["width"], ours["height"], ours["is"]) == (40, 30, "image/jpeg")
    assert ours["in_words"].endswith("the same bytes as on 2026-11-04")
    assert listed["status"] == 404 and listed["in_words"].endswith("no earlier run saw it")
    assert page["what"] == ["your page"]


def test_a_row_is_listed_in_edition_file_and_row(pack: Pack) -> None:
    [row] = read(pack, "rows.json")
    assert row["in_words"] == (
        "listed in edition relaion2B-en-research-safe, file part-00007.parquet, row 1"
    )
    assert row["row"]["match_id"] == ids(1)[0] and row["edition"]["homepage"]


def test_what_is_gone_is_evidence(case: Case, serve: Serve) -> None:
    site = serve(artist())
    fill(case, site, {"url": f"{site}/gone.jpg", "image_url": None, "page_url": None})
    [row] = make_pack(case, [], ids(1), making()).addresses
    assert row["status"] == 410
    assert row["in_words"].endswith("last seen to answer with content on 2026-11-04: gone since")


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"punsafe": 0.45}, "unsafe with a probability of 0.45"),
        ({"punsafe": 1.0}, "unsafe"),
        ({"punsafe": float("nan")}, "unsafe"),
        ({"nsfw": "NSFW"}, "not safe for work"),
        ({"edition": "laion2B-en", "dataset": "laion5b"}, "withdrawn"),
    ],
)
def test_flagged_rows_and_withdrawn_editions_are_never_fetched(
    case: Case, serve: Serve, fields: dict[str, Any], why: str
) -> None:
    artists = artist()
    site = serve(artists)
    rows = {"url": f"{site}/fox.jpg", "image_url": f"{site}/fox.jpg", "page_url": f"{site}/fox"}
    fill(case, site, rows | fields)
    pack = make_pack(case, [], ids(1), making(pictures=why == "withdrawn" and unable() is None))
    assert "/fox.jpg" not in artists.asked and "/fox" in artists.asked
    listed = read(pack, "addresses.json")[0]
    assert listed["outcome"] == "not looked at" and why in listed["reason"]
    assert any(why in text for text in pack.left_out)


def test_a_redirect_to_a_flagged_address_is_not_followed(case: Case, serve: Serve) -> None:
    pages = {"/robots.txt": text(b""), "/bad.jpg": text(jpeg(1), "image/jpeg")}
    server = Site(pages | {"/mine.jpg": (302, [("Location", "/bad.jpg")], b"")})
    site = serve(server)
    row = {"url": f"{site}/bad.jpg", "image_url": f"{site}/mine.jpg", "page_url": None}
    fill(case, site, row | {"punsafe": 0.9})
    pack = make_pack(case, [], ids(1), making())
    assert "/mine.jpg" in server.asked and "/bad.jpg" not in server.asked
    assert {row["outcome"] for row in pack.addresses} == {"not looked at", "out_of_scope"}


def test_two_origins_of_one_host_keep_their_files_apart(case: Case, serve: Serve) -> None:
    site = serve(artist())
    row = {"url": f"{site}/fox.jpg", "page_url": None}
    fill(case, site, row | {"image_url": f"{site.replace('http:', 'https:')}/fox.jpg"})
    pack = make_pack(case, [], ids(1), making())
    assert len(list(pack.folder.glob("site_files/*/robots.txt.exchange.txt"))) == 2


def test_the_limit_is_kept_to_the_letter() -> None:
    assert not_looked_at({"punsafe": 0.4499}) is None
    assert not_looked_at({"punsafe": None, "nsfw": "UNSURE", "edition": "relaion400m"}) is None


def test_robots_txt_is_obeyed_and_kept(case: Case, serve: Serve) -> None:
    artists = artist()
    site = serve(artists)
    rows = {"url": f"{site}/private/1.jpg", "image_url": None, "page_url": None}
    fill(case, site, rows)
    pack = make_pack(case, [], ids(1), making())
    assert "/private/1.jpg" not in artists.asked
    assert pack.addresses[0]["outcome"] == "robots_disallowed"
    assert list(pack.folder.glob("site_files/*/robots.txt.txt"))
    owned = frozenset({"127.0.0.1"})
    again = make_pack(case, [], ids(1), making(owned=owned, now=lambda: NOW + timedelta(days=1)))
    assert again.addresses[0]["status"] == 200


def test_private_addresses_are_refused(case: Case, serve: Serve) -> None:
    artists = artist()
    site = serve(artists)
    public = Site({"/away.jpg": (302, [("Location", f"{site}/fox.jpg")], b"")})
    rows = [
        {"url": f"{site}/fox.jpg", "image_url": None, "page_url": None},
        {"url": "http://169.254.169.254/latest", "image_url": None, "page_url": None},
        {"url": "file:///etc/passwd", "image_url": "javascript:1", "page_url": "http://[::1"},
    ]
    fill(case, serve(public), *rows)
    pack = make_pack(case, [], ids(1, 2, 3), making(reach=Reach()))
    assert not artists.asked
    assert {row["outcome"] for row in pack.addresses} == {"private_address", "not looked at"}


def test_bombs_and_endless_answers_stay_within_the_caps(case: Case, serve: Serve) -> None:
    import gzip

    import optout.evidence_pack.looking as looking

    bomb = gzip.compress(bytes(80 * 2**20))
    site = serve(
        Site({"/b.jpg": (200, [("Content-Encoding", "gzip")], bomb), "/robots.txt": text(b"")})
    )
    fill(case, site, {"url": f"{site}/b.jpg", "image_url": None, "page_url": None})
    pack = make_pack(case, [], ids(1), making())
    assert pack.addresses[0]["outcome"] == "too_large"
    assert sum(f.stat().st_size for f in pack.folder.rglob("*")) < 2**20
    assert looking.MOST_BYTES <= 2**28


def test_a_bomb_of_pixels_and_hostile_names_do_no_harm(case: Case, serve: Serve) -> None:
    def png(width: int) -> bytes:
        import struct
        import zlib

        head = struct.pack(">IIBBBBB", width, width, 8, 2, 0, 0, 0)
        chunk = b"IHDR" + head
        return (b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk
                + struct.pack(">I", zlib.crc32(chunk)))  # fmt: skip

    site = serve(
        Site(
            {
                "/a.png": text(png(2**31 - 1), "image/png"),
                "/b.png": text(png(60_000), "image/png"),
                "/robots.txt": text(b""),
            }
        )
    )
    rows = {"url": f"{site}/a.png", "image_url": f"{site}/b.png", "page_url": None,
            "caption": "\x1b[2J\u202e=cmd()", "dataset_file": "../../etc/passwd"}  # fmt: skip
    fill(case, site, rows)
    pack = make_pack(case, [], ids(1), making())
    assert verify(pack.folder).problems == ()
    assert not (pack.folder / "compare").exists()


def test_two_identical_makings_give_identical_bytes(
    tmp_path: Path, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    from http.server import BaseHTTPRequestHandler

    date = format_datetime(NOW, usegmt=True)
    monkeypatch.setattr(BaseHTTPRequestHandler, "date_time_string", lambda *a: date)
    site = serve(artist())
    archives = []
    for name in ("one", "two"):
        case = make_case(tmp_path / name)
        rows = {"url": f"{site}/fox.jpg", "image_url": f"{site}/fox.jpg", "page_url": f"{site}/fox"}
        fill(case, site, rows)
        pack = make_pack(case, [], ids(1), making())
        archives.append(pack.archive.read_bytes())
    assert archives[0] == archives[1]


def test_the_custody_log_says_who_and_how_the_clock_stood(case: Case, serve: Serve) -> None:
    site = serve(artist())
    fill(case, site, {"url": f"{site}/fox.jpg", "image_url": None, "page_url": None})
    ahead = timedelta(hours=2)
    late = making(by="Mira, at her desk", now=lambda: datetime.now(UTC) + ahead)
    log = read(make_pack(case, [], ids(1), late), "custody.json")
    assert log["made_by"] == "Mira, at her desk"
    assert 7190 < log["clock"]["median_ahead"] < 7210
    assert log["independent_time_stamp"].startswith("none.")


def test_a_request_is_packed_by_its_folder_or_id(case: Case, serve: Serve) -> None:
    site = serve(artist())
    rows = [{"url": f"{site}/fox.jpg", "image_url": f"{site}/fox.jpg", "page_url": None}]
    fill(case, site, *rows)
    write_requests(case)
    pack = make_pack(case, ["laion"], [], making())
    assert pack.folder.name == "laion-2026-11-22T090000Z"
    [one] = read(pack, "requests.json")
    assert one["destination_id"] == "laion"
    domain = (
        named(case, ("common-crawl",))[0] if (case.requests / "common-crawl").exists() else None
    )
    assert domain is None
    again = make_pack(case, [one["request_id"]], [], making())
    assert len(read(again, "rows.json")) == 1
    with pytest.raises(RequestError, match="no match m-nope"):
        make_pack(case, [], ["m-nope"], making())
    with pytest.raises(CaseError, match="is there already"):
        make_pack(case, ["laion"], [], making())


def test_the_ledger_extract_is_word_for_word(case: Case, serve: Serve) -> None:
    from optout.ledger import export_lines

    site = serve(artist())
    fill(case, site, {"url": f"{site}/fox.jpg", "image_url": f"{site}/fox.jpg", "page_url": None})
    lines = (make_pack(case, [], ids(1), making()).folder / "ledger.jsonl").read_text().splitlines()
    assert len(lines) > 1 and {f"{line}\n" for line in lines} <= set(export_lines(case))


# --- verifying ---


def damaged(pack: Pack, tmp_path: Path, change: Callable[[Path], None]) -> Path:
    copy = tmp_path / "copy" / pack.folder.name
    shutil.copytree(pack.folder, copy)
    change(copy)
    return copy


def flip(path: Path) -> None:
    body = bytearray(path.read_bytes())
    body[len(body) // 2] ^= 1
    path.write_bytes(body)


CHANGES: list[tuple[Callable[[Path], object], str]] = [
    (lambda p: flip(p / "files" / "002.jpg"), "files/002.jpg was changed"),
    (lambda p: (p / "files" / "002.jpg").write_bytes(b""), "files/002.jpg was changed: 0 bytes"),
    (lambda p: (p / "headers" / "001.txt").unlink(), "headers/001.txt is missing"),
    (lambda p: (p / "more.txt").write_text("x"), "more.txt is not listed"),
    (lambda p: (p / "link").symlink_to("/etc"), "link is not a plain file"),
]


@pytest.mark.parametrize(("change", "told"), CHANGES, ids=[told for _, told in CHANGES])
def test_what_was_changed_is_found(
    pack: Pack, tmp_path: Path, change: Callable[[Path], None], told: str,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    copy = damaged(pack, tmp_path, change)
    assert [p for p in verify(copy).problems if p.startswith(told)]
    assert main(["evidence", "--verify", str(copy)]) == 1
    assert told in capsys.readouterr().err


def test_a_stamp_beside_the_manifest_is_no_addition(pack: Pack, tmp_path: Path) -> None:
    copy = damaged(pack, tmp_path, lambda p: (p / "manifest.json.tsr").write_bytes(b"x") and None)
    assert verify(copy).problems == () and verify(copy).stamps == ("manifest.json.tsr",)


def test_a_changed_byte_of_the_zip_is_found_wherever_it_is(pack: Pack, tmp_path: Path) -> None:
    body = pack.archive.read_bytes()
    with zipfile.ZipFile(pack.archive) as archive:
        wanted = [e for e in archive.infolist() if not e.filename.endswith("manifest.json")]
    dice = random.Random(7)
    for entry in dice.sample(wanted, 8):
        at = entry.header_offset + 30 + len(entry.filename) + dice.randrange(entry.file_size)
        changed = body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :]
        copy = tmp_path / "changed.zip"
        copy.write_bytes(changed)
        assert verify(copy).problems


@pytest.mark.parametrize(
    "body", [b"", b"PK\3\4", b"hello", zipfile.ZipFile.__doc__.encode(), b"PK\5\6" + bytes(18)]
)
def test_what_is_no_pack_is_told_in_one_sentence(tmp_path: Path, body: bytes) -> None:
    (tmp_path / "a.zip").write_bytes(body)
    with pytest.raises(CaseError, match="is no evidence pack"):
        verify(tmp_path / "a.zip")
    (tmp_path / "manifest.json").write_bytes(body)
    with pytest.raises(CaseError, match="is no evidence pack"):
        verify(tmp_path)


def test_a_zip_that_promises_more_than_any_pack_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("p/manifest.json", manifest_bytes({}, {}))
        archive.writestr("p/a", b"x")
    body = bytearray(path.read_bytes())
    at = body.rindex(b"PK\1\2")
    body[at + 24 : at + 28] = (2**32 - 2).to_bytes(4, "little")
    path.write_bytes(bytes(body))
    with pytest.raises(CaseError, match="larger than any pack"):
        verify(path)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(JSON, st.sampled_from(["format", "files", "entry", "whole"]))
def test_any_manifest_gives_an_answer_or_one_sentence(value: Any, where: str) -> None:
    entry = {"name": "a", "size": 1, "sha256": "0" * 64}
    manifest: Any = {"format": 1, "files": [entry]}
    if where == "whole":
        manifest = value
    elif where == "entry":
        manifest["files"] = [value]
    else:
        manifest[where] = value
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("p/manifest.json", json.dumps(manifest))
        archive.writestr("p/a", "x")
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.zip"
        path.write_bytes(out.getvalue())
        try:
            assert verify(path).problems or manifest["files"] == []
        except CaseError as error:
            assert "no evidence pack" in error.message or "newer" in error.message


@given(
    st.dictionaries(st.text("abc/.é", min_size=1, max_size=8), st.binary(max_size=30), max_size=5)
)
def test_a_manifest_lists_every_file_once_in_order(files: dict[str, bytes]) -> None:
    listed = json.loads(manifest_bytes({}, files))["files"]
    assert [entry["name"] for entry in listed] == sorted(files)
    assert all(e["sha256"] == hashlib.sha256(files[e["name"]]).hexdigest() for e in listed)


# --- the browser ---

browser = pytest.mark.skipif(unable() is not None, reason=str(unable()))


@pytest.mark.chromium
@browser
def test_a_screenshot_shows_the_page_with_its_parts_and_runs_no_script(
    case: Case, serve: Serve
) -> None:
    artists = artist()
    site = serve(artists)
    rows = {"url": f"{site}/fox.jpg", "image_url": f"{site}/fox.jpg", "page_url": f"{site}/fox"}
    fill(case, site, rows)
    pack = make_pack(case, [], ids(1), making(pictures=True))
    assert {p.name for p in (pack.folder / "screenshots").iterdir()} == {"001.png", "002.png"}
    assert artists.asked.count("/fox.jpg") == 1 and artists.asked.count("/style.css") == 1
    from PIL import Image

    with Image.open(pack.folder / "screenshots" / "002.png") as picture:
        colours = {colour for _, colour in picture.convert("RGB").getcolors(10**6) or ()}
    assert (0, 128, 0) in colours, "the style was applied"
    assert verify(pack.folder).problems == ()


@contextmanager
def opened(page_file: Path, words: str = "") -> Iterator[Any]:
    """verify.html in Chromium from its file, and every request that it made."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        root = os.geteuid() == 0
        running = driver.chromium.launch(
            executable_path=chromium(),
            args=["--no-sandbox"] if root else [],
            chromium_sandbox=not root,
        )
        page = running.new_page()
        asked: list[str] = []
        errors: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: errors.append(message.text))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(page_file.as_uri() + words)
        yield page
        assert not [url for url in asked if not url.startswith(("file://", "blob:"))], asked
        assert not errors
        running.close()


def result(page: Any) -> str:
    page.locator("#result.good, #result.bad").wait_for()
    return str(page.inner_text("#result"))


@pytest.mark.chromium
@browser
@pytest.mark.parametrize("words", ["", "#own"])
def test_the_page_says_so_and_finds_a_changed_a_missing_and_an_added_file(
    pack: Pack, tmp_path: Path, words: str
) -> None:
    def change(folder: Path) -> None:
        flip(folder / "files" / "002.jpg")
        (folder / "headers" / "001.txt").unlink()
        (folder / "<img src=x onerror=alert(1)>.txt").write_text("x")

    copy = damaged(pack, tmp_path, change)
    with opened(pack.folder / "verify.html", words) as page:
        page.set_input_files("#folder", pack.folder)
        assert result(page).startswith("Every file is as listed")
        assert pack.manifest_sha256 in page.inner_text("#digest")
        page.set_input_files("#zip", pack.archive)
        assert result(page).startswith("Every file is as listed")
        page.set_input_files("#folder", copy)
        assert result(page).startswith("NOT as it was made: 3 of")
        problems = page.inner_text("#problems")
    assert "files/002.jpg: changed" in problems
    assert "headers/001.txt: missing" in problems
    assert "<img src=x onerror=alert(1)>.txt: not listed" in problems


@pytest.mark.chromium
@browser
def test_its_own_sha256_is_that_of_the_standard(pack: Pack) -> None:
    dice = random.Random(3)
    bodies = [
        dice.randbytes(n) for n in (0, 1, 3, 55, 56, 57, 63, 64, 65, 119, 120, 128, 1000, 70_001)
    ]
    ask = """bodies => bodies.map(text => {
      const bytes = Uint8Array.from(atob(text), c => c.charCodeAt(0));
      const parts = new Sha256(), whole = new Sha256();
      for (let at = 0; at < bytes.length; at += 37) parts.update(bytes.subarray(at, at + 37));
      return [parts.hex(), whole.update(bytes).hex()];
    })"""
    with opened(pack.folder / "verify.html") as page:
        found = page.evaluate(ask, [base64.b64encode(body).decode() for body in bodies])
    assert found == [[hashlib.sha256(body).hexdigest()] * 2 for body in bodies]


@pytest.mark.chromium
@browser
def test_the_page_runs_no_other_script_and_asks_nobody(pack: Pack, tmp_path: Path) -> None:
    page = (pack.folder / "verify.html").read_text()
    probe = "<script>document.title = 'ran'</script><img src='http://127.0.0.1:9/x.png'>"
    (tmp_path / "verify.html").write_text(page.replace("</main>", probe + "</main>"))
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        root = os.geteuid() == 0
        running = driver.chromium.launch(
            executable_path=chromium(),
            args=["--no-sandbox"] if root else [],
            chromium_sandbox=not root,
        )
        shown = running.new_page()
        asked: list[str] = []
        shown.on("requestfinished", lambda request: asked.append(request.url))
        shown.goto((tmp_path / "verify.html").as_uri())
        assert shown.title() == "Verify an evidence pack"
        assert not [url for url in asked if url.startswith("http")]
        running.close()

"""`optout compare` over a case: what listed addresses serve, and what that makes of the rows."""

from __future__ import annotations

import json
import struct
import time
import zlib
from collections import Counter
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pyarrow.parquet as pq
import pytest
from bs4 import BeautifulSoup
from PIL import Image, ImageOps

from optout.case import Case
from optout.cli import main
from optout.errors import VisionError
from optout.looking.journal import add, read
from optout.looking.run import look_at_case
from optout.report import write_report
from optout.tables import SIMILAR
from tests.drawn import as_file, drawn
from tests.harness import Page, serving
from tests.looking_case import kept_case, listed, pictures, work_ids
from tests.report_case import CDN, image, page, write, write_run

TIME_AFTER = datetime(2026, 11, 22, 10, 15, tzinfo=UTC)
PNG = [("Content-Type", "image/png"), ("ETag", '"v1"')]


def cropped(picture: Image.Image) -> Image.Image:
    width, height = picture.size
    return picture.crop((width // 8, height // 8, width, height))


def jpeg(picture: Image.Image) -> bytes:
    return as_file(picture.convert("RGB"), "JPEG", quality=60)


SERVED: dict[str, Page] = {
    "/same.png": (200, PNG, as_file(drawn(1))),
    "/resized.jpg": (200, PNG, jpeg(drawn(1).resize((300, 229)))),
    "/cropped.jpg": (200, PNG, jpeg(cropped(drawn(2)))),
    "/mirrored.jpg": (200, PNG, jpeg(ImageOps.mirror(drawn(1)))),
    "/other.png": (200, PNG, as_file(drawn(77))),
    "/gone.png": (410, [], b"gone"),
    "/login.png": (200, [("Content-Type", "text/html")], b"<p>log in</p>"),
}


class Host:
    """A server that counts what it is asked for."""

    def __init__(self, served: dict[str, Page]) -> None:
        self.served = served
        self.asked: Counter[str] = Counter()

    def __call__(self, path: str, request: BaseHTTPRequestHandler) -> Page | None:
        path = unquote(path)
        self.asked[path] += 1
        answer = self.served.get(path, (404, [], b""))
        if answer[0] == 200 and request.headers.get("If-None-Match") == '"v1"':
            self.asked["304"] += 1
            return 304, PNG, b""
        return answer


def look(case: Case, **options: Any) -> dict[str, dict[str, Any]]:
    """The last look at each match, by the path of its address."""
    found = look_at_case(case, allow_private=True, delay=0, **options).rows.to_pylist()
    return {(row["url"] or "").rsplit("/", 1)[-1]: row for row in found}


def matches(case: Case) -> dict[str, dict[str, Any]]:
    rows = pq.read_table(case.matches / "matches.parquet").to_pylist()
    return {(row["url"] or "").rsplit("/", 1)[-1]: row for row in rows}


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return kept_case(tmp_path / "case", pictures())


def test_each_row_gets_its_verdict_and_copies_their_strength(case: Case) -> None:
    host = Host(SERVED)
    with serving(host) as base:
        names = {"cropped.jpg": "drawn-1.png"}  # the row names the wrong work
        listed(
            case,
            [{"url": base + path, "name": names.get(path[1:], "drawn-1.png")} for path in SERVED],
        )
        found = look(case)
    assert {name: row["verdict"] for name, row in found.items()} == {
        "same.png": "same file",
        "resized.jpg": "same picture",
        "cropped.jpg": "edited copy",
        "mirrored.jpg": "edited copy",
        "other.png": "different",
        "gone.png": "gone",
        "login.png": "not looked at",
    }
    assert found["mirrored.jpg"]["mirrored"]
    assert found["cropped.jpg"]["image_url"].endswith("drawn-2.png")
    assert found["cropped.jpg"]["overlap"] < 0.9
    assert found["gone.png"]["status"] == 410
    now = matches(case)
    assert now["cropped.jpg"]["strength"] == "same_image"
    assert now["cropped.jpg"]["evidence"] == ["verified_copy", "stem_elsewhere"]
    assert now["cropped.jpg"]["image_url"].endswith("drawn-2.png")
    assert now["other.png"]["strength"] == "lead"
    assert "another picture" in now["other.png"]["contradiction"]
    assert now["gone.png"]["contradiction"] is None
    kept = {path.name for path in (case.looked_at / "files").iterdir()}
    assert found["other.png"]["sha256"] not in kept
    assert found["cropped.jpg"]["sha256"] in kept


def test_a_second_look_asks_nothing_anew_and_joining_again_changes_nothing(case: Case) -> None:
    host = Host(SERVED)
    with serving(host) as base:
        listed(case, [{"url": base + path, "name": "drawn-1.png"} for path in SERVED])
        first = look(case)
        asked, table = Counter(host.asked), matches(case)
        assert look(case) == first
        assert host.asked == asked
        assert matches(case) == table
        again = look(case, again=True)
        assert host.asked["304"] == 5
    assert {n: r["verdict"] for n, r in again.items()} == {
        n: r["verdict"] for n, r in first.items()
    }
    looks = pq.read_table(case.looked_at / "comparisons.parquet").to_pylist()
    assert len(looks) == 2 * len(SERVED)
    assert sum(row["latest"] for row in looks) == len(SERVED)


def test_what_was_verified_stays_when_the_address_is_gone(case: Case) -> None:
    served = dict(SERVED)
    with serving(Host(served)) as base:
        listed(case, [{"url": base + "/same.png", "name": "drawn-1.png"}])
        look(case)
        served["/same.png"] = (404, [], b"")
        found = look(case, again=True)
    assert found["same.png"]["verdict"] == "gone"
    assert matches(case)["same.png"]["strength"] == "same_image"


def test_flagged_rejected_and_withdrawn_rows_are_not_asked_for(case: Case) -> None:
    from optout.decisions import reject

    host = Host(SERVED)
    with serving(host) as base:
        rows = [
            {"url": base + "/same.png", "punsafe": 0.45},
            {"url": base + "/resized.jpg", "nsfw": "NSFW"},
            {"url": base + "/cropped.jpg", "dataset": "laion5b", "edition": "laion2B-en"},
            {"url": base + "/mirrored.jpg"},
            {"url": base + "/other.png", "punsafe": float("nan"), "nsfw": "UNLIKELY"},
            {"url": "ftp://nowhere.example/x.png"},
        ]
        listed(case, [{"name": "drawn-1.png", **row} for row in rows])
        reject(case, ["m-0000000000000004"])
        found = look(case)
        assert {name: row["reason"].split(":")[0] for name, row in found.items()} == {
            "same.png": "flagged as unsafe",
            "resized.jpg": "flagged as unsafe",
            "cropped.jpg": "its edition was withdrawn by its makers",
            "mirrored.jpg": "you rejected the row",
            "other.png": "",
            "x.png": "the row has no web address",
        }
        assert set(host.asked) == {"/robots.txt", "/other.png"}
        assert look(case, withdrawn=True)["cropped.jpg"]["verdict"] == "edited copy"


def test_an_address_that_one_row_flags_is_asked_for_by_none(case: Case) -> None:
    host = Host(SERVED)
    with serving(host) as base:
        url = base + "/same.png"
        listed(case, [{"url": url, "punsafe": 0.9}, {"url": url, "punsafe": None}])
        look(case)
    assert not host.asked


def test_robots_txt_is_obeyed(case: Case) -> None:
    robots = b"User-agent: optout\nDisallow: /same\n"
    host = Host({**SERVED, "/robots.txt": (200, [("Content-Type", "text/plain")], robots)})
    with serving(host) as base:
        listed(case, [{"url": base + "/same.png"}, {"url": base + "/resized.jpg"}])
        found = look(case)
    assert found["same.png"]["outcome"] == "robots_disallowed"
    assert found["same.png"]["verdict"] == "not looked at"
    assert found["resized.jpg"]["verdict"] == "same picture"
    assert "/same.png" not in host.asked


def png_header(width: int, height: int) -> bytes:
    """A PNG that promises so many pixels and holds hardly any bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    start = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", start) + body


def test_each_bad_file_is_one_row_with_its_reason(case: Case) -> None:
    whole = jpeg(drawn(1))
    bad: dict[str, tuple[bytes, str]] = {
        "bomb.png": (png_header(60_000, 60_000), "more pixels"),
        "cut.jpg": (whole[: len(whole) // 2], "ends before"),
        "tiny.png": (as_file(Image.new("RGB", (1, 1))), "too small"),
        "vector.svg": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "vector"),
        "text.png": (b"not a picture", "no picture"),
        "empty.png": (b"", "empty"),
    }
    served: dict[str, Page] = {f"/{name}": (200, [], body) for name, (body, _) in bad.items()}
    # Declared as a PNG, in truth a JPEG: the bytes count.
    served["/mislabelled.png"] = (200, PNG, jpeg(drawn(2)))
    with serving(Host(served)) as base:
        listed(case, [{"url": base + path, "name": "drawn-1.png"} for path in served])
        found = look(case)
    assert found["mislabelled.png"]["verdict"] == "same picture"
    for name, (_, words) in bad.items():
        assert found[name]["verdict"] == "not looked at", name
        assert words in found[name]["reason"], name
    assert not [p for p in (case.looked_at / "files").iterdir() if p.suffix]


def test_a_server_that_hangs_is_left_alone_and_the_others_go_on(case: Case) -> None:
    def hang(path: str, request: BaseHTTPRequestHandler) -> Page | None:
        if path == "/robots.txt":
            return 404, [], b""
        time.sleep(3)
        return None

    with serving(hang) as hanging, serving(Host(SERVED)) as base:
        # Two names of one machine, so that they are two hosts.
        slow = hanging.replace("127.0.0.1", "localhost")
        urls = [f"{slow}/{n}.png" for n in range(5)]
        listed(case, [{"url": url} for url in [*urls, base + "/same.png"]])
        begun = time.monotonic()
        found = look(case, seconds=0.5)
    assert time.monotonic() - begun < 10
    assert found["same.png"]["verdict"] == "same file"
    assert "did not answer in time" in found["0.png"]["reason"]
    assert "3 times in a row" in found["4.png"]["reason"]


def test_a_foreign_host_cannot_lead_to_this_machine(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name of a stranger's server that is public, and redirects to a loopback address."""
    import optout.network
    from crawler.policy import Reach
    from optout.looking.asking import Pace, ask_all

    inner = Host(SERVED)
    with serving(inner) as secret:
        moved: Page = (302, [("Location", f"{secret}/same.png")], b"")
        with serving(Host({"/x.png": moved})) as outer:
            port = outer.rsplit(":", 1)[1]
            monkeypatch.setattr(optout.network, "_resolve", lambda *_: ["127.0.0.1"])
            # As if its address were public: only what comes after it is refused.
            reach = Reach(frozenset({"stranger.example"}))
            url = f"http://stranger.example:{port}/x.png"
            [asked] = ask_all([url], reach, pace=Pace(0, 5))
    assert asked.answer.outcome == "private_address"
    assert not inner.asked


def test_private_addresses_are_refused_without_the_flag(case: Case) -> None:
    host = Host(SERVED)
    with serving(host) as base:
        listed(case, [{"url": base + "/same.png"}])
        [row] = look_at_case(case, delay=0).rows.to_pylist()
    assert (row["outcome"], row["verdict"]) == ("private_address", "not looked at")
    assert not host.asked


def test_a_case_without_kept_pictures_says_how_to_get_them(tmp_path: Path) -> None:
    case = kept_case(tmp_path / "case", {})
    listed(case, [])
    with pytest.raises(VisionError, match="keeps no picture files"):
        look_at_case(case)


def test_difference_says_nothing_of_a_work_whose_picture_is_not_kept(case: Case) -> None:
    records = {"images": [image(f"{CDN}/lost.png", sha256="c" * 64, md5="d" * 32)]}
    write_run(case, records, run_id="2026-11-20T101500Z")
    with serving(Host(SERVED)) as base:
        listed(case, [{"url": base + "/other.png", "name": "lost.png"}])
        found = look(case)
    assert found["other.png"]["verdict"] == "not looked at"
    assert "no picture file of the work" in found["other.png"]["reason"]
    assert matches(case)["other.png"]["contradiction"] is None


def test_a_torn_line_of_the_journal_loses_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    add(path, {"n": 1})
    with path.open("ab") as file:
        file.write(b'{"n": 2, "to')
    add(path, {"n": 3})
    assert [record["n"] for record in read(path)] == [1, 3]


def test_a_look_that_was_killed_goes_on(case: Case) -> None:
    host = Host(SERVED)
    with serving(host) as base:
        listed(case, [{"url": base + path, "name": "drawn-1.png"} for path in SERVED])

        def stop(done: int, total: int) -> None:
            if done == 3:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            look(case, progress=stop)
        look(case)
    # The server may have been asked for one or two more than were kept when it was stopped.
    assert sum(host.asked[path] for path in SERVED) <= len(SERVED) + 2 + 4


def test_the_command_tells_and_prints(case: Case, capsys: pytest.CaptureFixture[str]) -> None:
    with serving(Host(SERVED)) as base:
        listed(case, [{"url": base + path, "name": "drawn-1.png"} for path in SERVED])
        command = ["compare", "--case", str(case.folder), "--allow-private", "--delay", "0"]
        assert main(command) == 0
        told = capsys.readouterr()
        assert "edited copy: 2" in told.err
        assert "answers with a page" in told.err
        assert main([*command, "--json"]) == 0
        lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(SERVED)
    assert json.loads(lines[0])["verdict"] == "same file"


def test_one_file_alone_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "a.png"
    file.write_bytes(as_file(drawn(1)))
    assert main(["compare", str(file)]) == 1
    assert "one file" in capsys.readouterr().err


def test_the_report_shows_copies_beside_the_works_and_what_is_gone(case: Case) -> None:
    served = dict(SERVED)
    served["/evil.png?<script>alert(1)</script>"] = served["/cropped.jpg"]
    with serving(Host(served)) as base:
        listed(case, [{"url": base + path, "name": "drawn-1.png"} for path in served])
        look(case)
    text = write_report(case).read_text("utf-8")
    assert write_report(case).read_text("utf-8") == text
    shown = BeautifulSoup(text, "html.parser")
    facts = {tag["data-fact"]: int(str(tag["data-value"])) for tag in shown.select("[data-fact]")}
    assert facts["looked_edited_copy"] == 3
    assert facts["looked_gone"] == 1
    cards = shown.select("#looked .copies .card")
    assert len(cards) == 5
    assert all(str(tag["src"]).startswith("data:image/jpeg") for tag in shown.select(".compared"))
    assert len(shown.select(".compared")) == 5
    # Most changed first: the crops before what is byte for byte the same.
    assert "Edited copy" in cards[0].get_text()
    assert "every byte is the same" in cards[-1].get_text()
    assert {str(card["style"]).count("--") for card in cards} == {4}
    assert not shown.select("script")
    assert "Looked at" in shown.select("#found .card")[0].get_text()
    assert "1,830,609 wrong pairs" in text


def test_a_picture_still_served_when_its_post_is_gone_is_named(case: Case) -> None:
    write_run(
        case, {"pages": [page("/", status=404)]}, run_id="2026-11-22T101500Z", time=TIME_AFTER
    )
    with serving(Host(SERVED)) as base:
        listed(case, [{"url": base + "/same.png", "name": "drawn-1.png"}])
        look(case)
    shown = BeautifulSoup(write_report(case).read_text("utf-8"), "html.parser")
    assert "same.png" in shown.select("#still-served + ul")[0].get_text()


def test_rows_that_a_model_found_are_matches_and_are_looked_at(case: Case) -> None:
    with serving(Host(SERVED)) as base:
        listed(case, [{"url": base + "/same.png", "name": "drawn-1.png"}])
        row = {
            "case_id": case.case_id,
            "match_id": "m-00000000000000ff",
            "dataset": "mine",
            "edition": "",
            "dataset_file": "metadata_0000.parquet",
            "dataset_row": 5,
            "url": base + "/cropped.jpg",
            "url_host": "127.0.0.1",
            "kind": "embedding",
            "strength": "similar_image",
            "image_url": f"{CDN}/drawn-2.png",
            "work_id": work_ids(case)[f"{CDN}/drawn-2.png"],
            "view": "whole",
            "model_similarity": 0.93,
            "model": "ViT-L-14",
        }
        alike = case.folder / "similar" / "similar.parquet"
        write(alike, [row, {**row, "match_id": "m-00000000000000fe", "url": None}], SIMILAR)
        found = look(case)
    assert found["cropped.jpg"]["verdict"] == "edited copy"
    rows = pq.read_table(case.matches / "matches.parquet").to_pylist()
    assert [(row["strength"], row["evidence"]) for row in rows] == [
        ("same_image", ["verified_copy", "embedding"]),
        ("same_image", ["verified_copy", "stem_elsewhere"]),
        ("similar_image", ["embedding"]),
    ]
    write_report(case)

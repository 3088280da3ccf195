"""Who reads, misreads or passes over what: rows of the effect matrix, and IPTC's techniques."""

from __future__ import annotations

import importlib
import json
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from optout.case import Case, create_case
from optout.cli import main
from optout.database import open_case
from optout.readers.effect import EFFECTS, Effect, effects
from optout.readers.reservations import reservations
from optout.readers.site import image_verdicts, subjects
from optout.readers.table import readers
from optout.readers.techniques import as_markdown, techniques
from optout.readers.verdicts import Subject
from tests.conftest import Answer, Respond
from tests.image_files import data_mining
from tests.image_files import image as picture
from tests.test_readers import image, joined, robots_record, write_run
from tests.test_verdicts import PLACE, URL, page, subject

WHEN = datetime(2026, 11, 21, 10, 15, tzinfo=UTC)


def matrix(*of: Subject) -> dict[str, Effect]:
    """Rows by their text."""
    return {row.raw: row for row in effects(of, readers())}


def told(row: Effect, *names: str) -> list[str]:
    """The effect on each of some readers."""
    cells = {cell.reader: cell.effect for cell in row.cells}
    return [cells[name] for name in names]


@pytest.mark.parametrize(
    ("line", "img2dataset", "datadiligence", "bing"),
    [
        ("noai, noimageai", "reads", "reads", "ignores"),
        ("max-snippet: 20, noai", "misreads", "reads", "ignores"),
        ("NoAI", "reads", "misreads", "ignores"),
        ("googlebot: noindex, noai", "not for it", "unknown", "ignores"),
        ("noindex", "misreads", "ignores", "ignores"),
        ("noai, noindex", "reads", "reads", "ignores"),
        ("GPTBot: noai", "not for it", "not for it", "ignores"),
        ("noarchive", "ignores", "ignores", "reads"),
        ("noml", "ignores", "ignores", "ignores"),
    ],
)
def test_lines_of_a_header(line: str, img2dataset: str, datadiligence: str, bing: str) -> None:
    row = matrix(subject(("X-Robots-Tag", line), robots=b""))[line]
    assert told(row, "img2dataset", "datadiligence", "Bingbot") == [
        *(img2dataset, datadiligence, bing)
    ]
    assert len(row.cells) == len(readers())
    assert {cell.effect for cell in row.cells} <= set(EFFECTS)
    assert all(cell.why for cell in row.by("misreads"))


def test_a_line_to_some_in_robots_txt() -> None:
    robots = b"User-agent: GPTBot\nContent-Signal: ai-train=no\nUser-agent: CCBot\nDisallow: /art/"
    rows = matrix(subject(robots=robots))
    assert told(rows["Disallow: /art/"], "CCBot", "GPTBot", "ClaudeBot", "img2dataset") == [
        *("reads", "reads", "not for it", "ignores")
    ]
    # Protego closes the group at the unknown line.
    everybody = robots.replace(b"GPTBot", b"*")
    row = matrix(subject(robots=everybody))["Disallow: /art/"]
    assert told(row, "RFC 9309", "Protego", "Bytespider") == ["reads", "misreads", "unknown"]


def robots_rows(body: bytes) -> dict[int | None, Effect]:
    """Rows by their line."""
    return {row.said[0].line: row for row in effects([subject(robots=body)], readers())}


def test_a_misspelt_rule_is_read_by_who_forgives_it() -> None:
    rows = robots_rows(b"User-agent: *\nDisalow: /")
    assert told(rows[2], "Googlebot", "Google-Extended", "Protego") == ["reads"] * 3
    assert told(rows[2], "GPTBot", "CCBot", "RFC 9309", "img2dataset") == ["ignores"] * 4
    assert "only parsers that forgive typing errors" in rows[2].said[0].note
    rows = robots_rows(b"Useragent: GPTBot\nDisallow: /")
    assert told(rows[2], "Googlebot", "GPTBot", "CCBot") == ["not for it", "ignores", "ignores"]


def test_a_misspelt_rule_decides_no_verdict_of_the_standard() -> None:
    one = subject(robots=b"User-agent: *\nDisalow: /")
    assert not [found for found in reservations(one) if found.counts]


def test_a_name_that_nobody_can_match_has_a_row() -> None:
    rows = robots_rows(b"User-agent: img2dataset\nDisallow: /\n\nUser-agent: *\nAllow: /")
    assert told(rows[2], "img2dataset", "GPTBot", "RFC 9309") == [
        *("ignores", "not for it", "not for it")
    ]
    assert rows[2].said[0].to == ("img2dataset",)
    assert "the tool reads no robots.txt" in rows[2].said[0].note


def test_a_line_that_another_one_overrules() -> None:
    body = b"User-agent: CCBot\nUser-agent: GPTBot\nDisallow: /\n\nUser-agent: GPTBot\nAllow: /\n"
    for named in (b"CCBot", b"ClaudeBot"):
        row = robots_rows(body.replace(b"CCBot", named))[3]
        assert told(row, named.decode(), "GPTBot") == ["reads", "overruled"]
        why = next(cell.why for cell in row.cells if cell.reader == "GPTBot")
        assert why.startswith("line 6 (Allow: /) decides for it")


def test_a_date_is_a_signal_of_its_day() -> None:
    for date_, value in (("2020-01-01", "disallowed"), ("2030-01-01", "unknown")):
        line = f"unavailable_after: {date_}"
        one = replace(subject(("X-Robots-Tag", line), robots=b""), observed_at=WHEN)
        row = matrix(one)[line]
        assert row.said[0].value == value
        assert told(row, "Googlebot", "Googlebot-Image", "img2dataset") == [
            *("reads", "reads", "ignores")
        ]


def test_what_may_be_said_to_another_alone_is_called_unclear() -> None:
    row = matrix(subject(("X-Robots-Tag", "googlebot: noindex, noai"), robots=b""))
    cells = {cell.reader: cell for cell in row["googlebot: noindex, noai"].cells}
    assert cells["Googlebot"].effect == "reads"
    assert cells["datadiligence"].why == (
        "it stays away; it is not clear whether it is said to googlebot alone"
    )


def test_a_case_tells_what_its_pages_and_paths_say(tmp_path: Path) -> None:
    case = create_case(tmp_path / "case", [f"{PLACE}/"], created=date(2026, 11, 20))
    lines = ["unavailable_after: 2020-01-01"]
    headers = [{"name": "X-Robots-Tag", "value": one} for one in lines]
    headers += [{"name": "Content-Usage", "value": "search=y"}]
    headers += [{"name": "Content-Type", "value": "text/html"}]
    hops = [
        {"subject": "page", "url": url, "hop": 0, "hop_url": url, "status": 200, "headers": headers}
        for url in (f"{PLACE}/", f"{PLACE}/again")
    ]
    body = b"User-agent: *\nContent-Usage: /music/* train-ai=y\nContent-Usage: search=n\nAllow: /"
    write_run(case, {"hops": hops, "site_files": [robots_record(PLACE, body)]})
    with open_case(case) as connection:
        rows = effects(subjects(connection), readers())
    assert [(row.raw, row.images) for row in rows] == [
        ("search=y", 0),
        ("unavailable_after: 2020-01-01", 0),
        ("Content-Usage: /music/* train-ai=y", 0),
        ("Content-Usage: search=n", 0),
    ]
    assert told(rows[1], "Googlebot", "img2dataset") == ["reads", "ignores"]


def test_lines_of_the_same_text_are_told_apart() -> None:
    rows = robots_rows(b"User-agent: GPTBot\nDisallow: /\n\nUser-agent: CCBot\nDisallow: /")
    assert told(rows[2], "GPTBot", "CCBot") == ["reads", "not for it"]
    assert told(rows[5], "GPTBot", "CCBot") == ["not for it", "reads"]


def test_a_neighbour_does_not_answer_for_a_line() -> None:
    lines = [("X-Robots-Tag", value) for value in ("max-snippet: 20, noai", "noai", "NoAI")]
    rows = matrix(subject(*lines, ("tdm-reservation", "1"), robots=b"User-agent: *\nDisallow: /"))
    assert told(rows["max-snippet: 20, noai"], "img2dataset", "datadiligence") == [
        *("misreads", "reads")
    ]
    assert told(rows["NoAI"], "img2dataset", "datadiligence") == ["reads", "misreads"]
    rows = matrix(
        subject(("X-Robots-Tag", "noarchive, noindex"), robots=b"User-agent: *\nDisallow: /a")
    )
    assert told(rows["noarchive, noindex"], "Bingbot", "Googlebot") == ["reads", "reads"]


def test_a_line_keeps_its_number_and_its_words_their_names() -> None:
    lines = [("X-Robots-Tag", value) for value in ("all", "max-snippet: 20, noai")]
    row = matrix(subject(*lines, robots=b""))["max-snippet: 20, noai"]
    assert told(row, "img2dataset", "datadiligence") == ["misreads", "reads"]
    lines = [("X-Robots-Tag", value) for value in ("all", "GPTBot: noai, noindex")]
    row = matrix(subject(*lines, robots=b""))["GPTBot: noai, noindex"]
    why = next(cell.why for cell in row.cells if cell.reader == "datadiligence")
    assert "line 1" not in why


def test_noimageindex_of_a_page_is_read_by_who_documents_it() -> None:
    rows = matrix(subject(robots=b"", pages=(page(("robots", "noimageindex")),)))
    assert told(rows["<robots>"], "Googlebot-Image", "img2dataset") == ["reads", "ignores"]


def test_a_preference_that_cannot_be_read_is_misread() -> None:
    both = (("Content-Usage", "Train-AI=n"),)
    rows = matrix(subject(*both, robots=b"User-agent: *\nContent-Usage: train-ai = n\nAllow: /"))
    for raw in ("Train-AI=n", "Content-Usage: train-ai = n"):
        assert told(rows[raw], "AIPREF", "GPTBot") == ["misreads", "ignores"]
        why = next(cell.why for cell in rows[raw].cells if cell.reader == "AIPREF")
        assert why.startswith("it looks there and cannot read it: ")


def test_a_meta_is_passed_over_by_who_downloads_images() -> None:
    rows = matrix(subject(pages=(page(("robots", "noai"), ("tdm-reservation", "1")),)))
    assert {cell.effect for cell in rows["<robots>"].cells} == {"ignores"}
    assert told(rows["<tdm-reservation>"], "TDMRep", "datadiligence") == ["reads", "ignores"]
    assert rows["<robots>"].said[0].scope == "page only"


def test_words_of_old_drafts_are_passed_over() -> None:
    rows = matrix(subject(("Content-Usage", "genai=n")), subject(("Content-Usage", "train-ai=n")))
    assert told(rows["genai=n"], "AIPREF") == ["ignores"]
    assert told(rows["train-ai=n"], "AIPREF") == ["reads"]


def test_datadiligence_reads_one_of_three_places_of_tdmrep() -> None:
    file = b'[{"location": "/", "tdm-reservation": 1}]'
    rows = matrix(subject(("tdm-reservation", "1"), texts={"tdmrep.json": file}))
    assert told(rows["1"], "TDMRep", "datadiligence") == ["reads", "reads"]
    by_signal = {row.signal: row for row in rows.values()}
    assert told(by_signal["tdmrep.json"], "TDMRep", "datadiligence") == ["reads", "ignores"]


# --- a whole case ---

ROBOTS = b"User-agent: *\nContent-Signal: ai-train=no\nLicense: https://a.example/l.xml\n"
RSL = b"""<rsl xmlns="https://rslstandard.org/rsl"><content url="/"><license>
<prohibits type="usage">ai-all</prohibits></license></content></rsl>"""


def text_record(kind: str, url: str, body: bytes, **more: Any) -> dict[str, Any]:
    row = {"origin": PLACE, "kind": kind, "url": url, "body": body, "outcome": "fetched"}
    return row | {"status": 200, "content_type": "text/plain"} | more


@pytest.fixture
def case(tmp_path: Path) -> Case:
    case = create_case(tmp_path / "case", [f"{PLACE}/"], created=date(2026, 11, 20))
    meta = {"position": 0, "name": "robots", "content": "noai", "raw": "<meta noai>"}
    around = {
        "site_files": [
            robots_record(PLACE, ROBOTS),
            robots_record("https://b.example", b"User-agent: *\nDisallow: /"),
            text_record("tdmrep.json", f"{PLACE}/.well-known/tdmrep.json", b"[]"),
            text_record("ai.txt", f"{PLACE}/ai.txt", b"User-Agent: *\nDisallow: *.jpg"),
            text_record("rsl", f"{PLACE}/l.xml", RSL, found_on=f"{PLACE}/robots.txt"),
        ],
        "metas": [
            meta | {"page_url": f"{PLACE}/{name}"} for name in ("", "again", "without-images")
        ],
        "image_refs": [
            {"page_url": f"{PLACE}/{name}", "position": 0, "image_url": URL}
            for name in ("", "again")
        ],
        "file_metadata": [
            {
                "image_url": URL,
                "position": 0,
                "kind": "xmp",
                "place": "APP1",
                "size": len(data_mining()),
                "raw": data_mining(),
                "truncated": False,
            }
        ],
    }
    lines = ("x-robots-tag", "max-snippet: 20, noai"), ("content-usage", "train-ai=n")
    write_run(case, joined(around, image(URL, *lines), image(f"{PLACE}/2.png")))
    return case


def test_the_matrix_of_a_case(case: Case) -> None:
    with open_case(case) as connection:
        rows = effects(subjects(connection), readers())
    assert [(row.host, row.signal, row.images) for row in rows] == [
        (PLACE, "Content-Usage", 1),
        (PLACE, "RSL", 2),
        (PLACE, "X-Robots-Tag", 1),
        (PLACE, "XMP plus:DataMining", 1),
        (PLACE, "ai.txt", 1),
        (PLACE, "meta robots", 1),
        (PLACE, "robots.txt Content-Signal", 2),
        ("https://b.example", "robots.txt", 0),
    ]
    by_signal = {row.signal: row for row in rows}
    assert told(by_signal["X-Robots-Tag"], "img2dataset") == ["misreads"]
    assert told(by_signal["ai.txt"], "ai.txt", "AIPREF") == ["reads", "ignores"]
    assert told(by_signal["RSL"], "RSL") == ["reads"]


def test_every_reader_answers_for_every_image(case: Case) -> None:
    with open_case(case) as connection:
        found = list(image_verdicts(connection, readers()))
    given: dict[tuple[str, str], list[str]] = {}
    for url, one in found:
        given.setdefault((url, one.reader), []).append(one.purpose)
    assert len(given) == 2 * len(readers())
    assert all(len(set(several)) == len(several) for several in given.values())
    values = {(url, one.reader, one.purpose): one.value for url, one in found}
    assert values[URL, "PLUS Data Mining", ""] == "disallowed"
    assert values[URL, "AIPREF", "AI training"] == "disallowed"
    assert values[f"{PLACE}/2.png", "PLUS Data Mining", ""] == "unknown"
    assert values[f"{PLACE}/2.png", "RSL", "AI input"] == "disallowed"


def test_the_command_for_a_case(case: Case, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["signals", "--effect", "--case", str(case.folder)]) == 0
    first = capsys.readouterr().out
    assert "MISREAD by: img2dataset" in first
    assert "it speaks for the page, not for the images shown there" in first
    assert main(["signals", "--effect", "--case", str(case.folder)]) == 0
    assert capsys.readouterr().out == first
    assert main(["signals", "--effect", "--json", "--case", str(case.folder)]) == 0
    objects = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert list(objects[0]) == [
        *("host", "signal", "where", "line", "raw", "scope", "images", "says", "readers")
    ]
    assert list(objects[0]["says"][0]) == [
        *("word", "value", "purposes", "to", "stands", "note", "clause")
    ]
    assert list(objects[0]["readers"][0]) == ["reader", "effect", "why"]


def test_the_command_for_an_address(
    serve: Callable[[Respond], str], capsys: pytest.CaptureFixture[str]
) -> None:
    body = picture("JPEG", data_mining())

    def site(method: str, path: str, headers: dict[str, str]) -> Answer:
        if path == "/1.jpg":
            return 200, [("Content-Type", "image/jpeg"), ("tdm-reservation", "1")], body
        if path == "/robots.txt":
            return 200, [], b"User-agent: *\nContent-Signal: ai-train=no"
        if path == "/ai.txt":
            return 200, [("Content-Type", "text/plain")], b"User-Agent: *\nDisallow: /"
        return 404, [], b""

    base = serve(site)
    assert main(["signals", "--effect", "--json", f"{base}/1.jpg"]) == 0
    objects = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {one["signal"] for one in objects} == {
        *("tdm-reservation", "robots.txt Content-Signal", "ai.txt", "XMP plus:DataMining")
    }
    assert {one["images"] for one in objects} == {1}


def test_an_address_or_a_case_is_needed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["signals"]) != 0
    assert "--effect" in capsys.readouterr().err


def test_the_matrix_of_twenty_thousand_images(tmp_path: Path) -> None:
    case = create_case(tmp_path / "case", [f"{PLACE}/"], created=date(2026, 11, 20))
    rules = b"".join(b"Disallow: /private/%d/*.jpg$\n" % n for n in range(300))
    robots = b"User-agent: *\nContent-Usage: train-ai=n\n" + rules
    images = [image(f"{PLACE}/{n}.jpg", ("x-robots-tag", "noai")) for n in range(20_000)]
    write_run(case, joined({"site_files": [robots_record(PLACE, robots)]}, *images))
    started = time.process_time()
    with open_case(case) as connection:
        rows = effects(subjects(connection), readers())
    assert time.process_time() - started < 60
    assert [(row.signal, row.images) for row in rows] == [
        ("X-Robots-Tag", 20_000),
        ("robots.txt Content-Usage", 20_000),
    ]


# --- the techniques of IPTC ---


@pytest.mark.parametrize("one", techniques(), ids=lambda one: one.name)
def test_each_technique_names_parser_and_reader_or_says_why_not(one: Any) -> None:
    for name in one.parser:
        assert importlib.import_module(f"crawler.signals.{name}")
    assert set(one.readers) <= {reader.name for reader in readers()}
    assert bool(one.because) != bool(one.parser and one.readers)


def test_the_guide_shows_the_techniques() -> None:
    guide = (Path(__file__).parents[1] / "docs/guides/signals.md").read_text("utf-8")
    assert as_markdown() in guide

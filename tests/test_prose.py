"""Paragraphs of terms that speak of mining or training: kept, dated, shown, never a signal."""

from __future__ import annotations

import json
import time
import tomllib
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler import html
from crawler.prose import MAX_ROWS, MAX_TEXT, prose_rows, table
from optout.case import create_case
from optout.cli import main
from optout.database import open_case
from optout.readers.prose import prose_of
from optout.readers.site import image_verdicts
from optout.readers.table import readers
from optout.report import write_report
from tests.conftest import Answer, Respond
from tests.harness import FAST, Page, optout, rows, serving
from tests.harness import html as served
from tests.report_case import make_case, write_run

NOW = "2026-11-21T10:00:00+00:00"
TABLE = tomllib.loads((Path(__file__).parents[1] / "crawler/prose.toml").read_text("utf-8"))


def found(page: str, url: str = "https://a.example/x") -> list[dict[str, Any]]:
    return prose_rows(html.parse(page.encode()), url, NOW)


@pytest.mark.parametrize(
    ("title", "paragraph", "language"),
    [
        ("Terms of Use", "I reserve text and data mining of all images.", "en"),
        ("Impressum", "Text- und Data-Mining im Sinne von § 44b UrhG ist vorbehalten.", "de"),
        ("AGB", "Jedes KI-Training ist untersagt.", "de"),
        ("Mentions légales", "L’entraînement d’une intelligence artificielle est exclu.", "fr"),
        ("Aviso legal", "Se reserva la minería de textos y datos.", "es"),
        ("Note legali", "È vietata l’estrazione di testo e di dati.", "it"),
        ("Algemene voorwaarden", "Tekst- en datamining is voorbehouden.", "nl"),
        ("利用規約", "画像を機械学習に使うことを禁じます。", "ja"),
    ],
)
def test_each_language(title: str, paragraph: str, language: str) -> None:
    [row] = found(f"<title>{title} – Mira</title><p>Hello.<p>{paragraph}")
    assert (row["place"], row["tag"], row["language"]) == ("title", "p", language)
    assert row["raw"] == paragraph


def test_every_language_has_words_and_a_source() -> None:
    assert set(TABLE) >= {"en", "de", "fr", "es", "it", "nl", "ja"}
    for fields in TABLE.values():
        assert fields["pages"] and fields["phrases"]
        assert fields["source"].startswith("https://")
        assert isinstance(fields["checked"], date)
    for column in ("pages", "phrases"):
        assert all(known.pattern.pattern.strip(r"\b") for known in table(column))


@pytest.mark.parametrize(
    ("page", "url", "place"),
    [
        ("<p>data mining", "https://a.example/legal/AGB.html", "address"),
        ("<p>data mining", "https://a.example/mentions-l%C3%A9gales", "address"),
        ("<h1>Licence</h1><p>data mining", "https://a.example/?id=12", "heading"),
        ("<footer><p>data mining</p></footer>", "https://a.example/", "footer"),
        ("<div role=contentinfo>data mining</div>", "https://a.example/", "footer"),
        ("<p>data mining", "https://a.example/blog/", None),
        ("<title>Long-term work</title><p>data mining", "https://a.example/", None),
        ("<title>Terms</title><p>Be kind.", "https://a.example/", None),
        ("<title>Terms</title><p><!-- data mining --><script>data mining</script>", "", None),
    ],
)
def test_where_it_stands(page: str, url: str, place: str | None) -> None:
    assert [row["place"] for row in found(page, url or "https://a.example/")] == (
        [place] if place else []
    )


def test_a_block_keeps_its_own_text() -> None:
    page = "<title>Terms</title><div>Read <b>this</b>: no <p>AI training</p> data mining.<br>End"
    assert [(row["tag"], row["raw"], row["position"]) for row in found(page)] == [
        ("div", "Read this: no data mining. End", 0),
        ("p", "AI training", 1),
    ]


def test_pages_made_of_terms() -> None:
    page = "<title>Terms</title>" + f"<p>{'x ' * 3000}data mining {'y ' * 3000}" * 1000
    begun = time.process_time()
    kept = found(page)
    assert time.process_time() - begun < 10
    assert len(kept) == MAX_ROWS
    assert {(len(row["raw"]), row["truncated"]) for row in kept} == {(MAX_TEXT, True)}


@given(st.text(alphabet="<>/p divfooter\n&\0éAI学習ー", max_size=200))
def test_any_page(text: str) -> None:
    root = html.parse(b"<title>AGB</title><p>KI-Training" + text.encode())
    if root is not None:
        assert all(row["raw"] for row in prose_rows(root, "https://a.example/[", NOW))


# --- from a scan to what is shown ---

TERMS = "No <b>text and data mining</b>, no AI training \x1b[31m&lt;script&gt;."


def site(path: str, handler: Any) -> Page:
    if path == "/":
        return served('<a href="/page?id=7">Terms</a><img src="/1.jpg">')
    if path == "/page?id=7":
        return served(f"<h1>Terms of use</h1><p>{TERMS}")
    return 404, [("Content-Type", "text/plain")], b""


def test_a_scan_keeps_it_and_the_ledger_dates_it(tmp_path: Path) -> None:
    with serving(site) as base:
        done = optout("crawl", base, "--case", "c", *FAST, "--render", "never", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    [row] = rows(tmp_path / "c", "prose")
    assert (row["page_url"], row["place"]) == (f"{base}/page?id=7", "heading")
    assert row["raw"].startswith("No text and data mining, no AI training")
    assert row["observed_at"].tzinfo is not None
    done = optout("ledger", "--case", "c", "--json", cwd=tmp_path)
    said = [json.loads(line) for line in done.stdout.splitlines()]
    [entry] = [one for one in said if "prose" in one.get("signal", "")]
    assert entry["signal"] == "prose (context, no signal)"
    assert f"{base}/page?id=7" in json.dumps(entry)
    done = optout("signals", "--effect", "--case", "c", cwd=tmp_path)
    assert "prose, not a machine-readable signal" in done.stdout
    assert "\x1b" not in done.stdout


ROW = {
    "page_url": "https://mira.example/agb",
    "position": 0,
    "place": "address",
    "tag": "p",
    "language": "de",
    "phrase": "ki training",
    "raw": "Kein KI-Training <script>alert(1)</script>",
    "truncated": False,
}


def test_it_decides_no_verdict(tmp_path: Path) -> None:
    images = {"images": [{"image_url": "https://mira.example/1.jpg", "outcome": "listed"}]}
    told = []
    for name, more in (("with", {"prose": [ROW]}), ("without", {})):
        case = create_case(tmp_path / name, ["https://mira.example/"], created=date(2026, 11, 20))
        write_run(case, images | more)
        with open_case(case) as connection:
            told.append(list(image_verdicts(connection, readers())))
            assert len(prose_of(connection)) == bool(more)
    assert told[0] == told[1]


def test_once_per_site_in_json_and_in_the_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    case = make_case(tmp_path / "case")
    write_run(case, {"prose": [ROW, ROW | {"page_url": "https://mira.example/b"}]})
    assert main(["signals", "--effect", "--json", "--case", str(case.folder)]) == 0
    [one] = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert list(one) == [
        *("context", "where", "place", "language", "phrase", "raw", "truncated", "pages"),
        *("observed_at", "note"),
    ]
    assert (one["where"], one["pages"]) == ("https://mira.example/agb", 2)
    assert one["observed_at"] == "2026-11-21T10:15:00Z"
    page = write_report(case).read_text("utf-8")
    assert "Words on your pages about mining or training" in page
    assert "<script>alert" not in page


def test_one_address(serve: Callable[[Respond], str], capsys: pytest.CaptureFixture[str]) -> None:
    def respond(method: str, path: str, headers: dict[str, str]) -> Answer:
        if path == "/terms":
            return 200, [("Content-Type", "text/html")], b"<p>No data mining"
        return 404, [], b""

    base = serve(respond)
    assert main(["signals", f"{base}/terms"]) == 0
    told = capsys.readouterr().out
    assert "no opt-out signal found" in told
    assert "“No data mining”" in told
    assert main(["signals", "--json", f"{base}/terms"]) == 0
    [one] = json.loads(capsys.readouterr().out)["prose"]
    assert (one["raw"], one["place"]) == ("No data mining", "address")


def test_an_abbreviation_is_a_word() -> None:
    page = "<title>Terms</title><p>A TDMA radio.<p>TDM is reserved: TDM-Vorbehalt.<p>tdma and tdms."
    assert [row["raw"] for row in found(page)] == ["TDM is reserved: TDM-Vorbehalt."]


def test_paragraphs_come_in_the_order_of_the_page() -> None:
    page = (
        "<title>Terms</title><div>Data mining one.<p>Data mining two.</p></div>"
        "<div><p>Data mining three.</p>Data mining four.</div><p>Data mining five."
    )
    assert [row["raw"].split()[-1] for row in found(page)] == [
        *("one.", "two.", "three.", "four.", "five.")
    ]

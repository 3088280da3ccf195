"""Statements of every family, what stands of them, and the readers that keep to one family."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler import file_metadata
from crawler.file_metadata.packet import Packet
from crawler.signals import c2pa
from crawler.signals.robots_meta import Meta
from crawler.signals.rsl import LinkElement
from crawler.sniff import sniff
from optout.readers.agents import purposes
from optout.readers.families import families, looked_at
from optout.readers.reservations import Reservation, combined, reservations
from optout.readers.served import Page, TextFile, text_file
from optout.readers.table import readers
from optout.readers.verdicts import METHODS, Hop, Subject, Verdict, answers, site_file, verdict
from tests.image_files import assertion, data_mining, image, signed

READER = {reader.name: reader for reader in readers()}
WHEN = datetime(2026, 11, 21, 10, 15, tzinfo=UTC)
PLACE = "https://a.example"
URL = f"{PLACE}/art/1.jpg"
PAGE = f"{PLACE}/"


def subject(
    *headers: tuple[str, str],
    robots: bytes | None = None,
    texts: dict[str, bytes] | None = None,
    documents: dict[str, bytes] | None = None,
    url: str = URL,
    status: int = 200,
    **more: Any,
) -> Subject:
    """An image that was answered with `headers`, and what its origin serves beside it."""
    files = {}
    if robots is not None:
        files[PLACE] = site_file(
            f"{PLACE}/robots.txt", outcome="fetched", status=200, body=robots, observed_at=WHEN
        )
    beside = tuple(text(kind, f"{PLACE}/{kind}", body) for kind, body in (texts or {}).items())
    named = {at: text("rsl", at, body) for at, body in (documents or {}).items()}
    return Subject(
        url,
        (Hop(url, status, headers),),
        files,
        observed_at=WHEN,
        texts={PLACE: beside},
        documents=named,
        **more,
    )


def text(kind: str, url: str, body: bytes) -> TextFile:
    return text_file(kind, url, outcome="fetched", status=200, body=body, observed_at=WHEN)


def page(*metas: tuple[str, str], url: str = PAGE, links: tuple[LinkElement, ...] = ()) -> Page:
    found = tuple(Meta(n, name, content, f"<{name}>") for n, (name, content) in enumerate(metas))
    return Page(url, found, links, WHEN)


def said(of: Subject, *names: str) -> list[tuple[str, str, str, bool]]:
    """(signal, word, value, whether it stands) of every statement."""
    found = reservations(of, names or None)
    return [(one.signal, one.word, one.value, one.stands) for one in found]


def values(of: Subject, reader: str) -> dict[str, str]:
    """Value by purpose, as a reader answers."""
    found = answers(READER[reader], of)
    if len(found) == 1 and not found[0].purpose:
        return dict.fromkeys(READER[reader].purposes, found[0].value)
    return {one.purpose: one.value for one in found}


# --- the tables ---


def test_families_name_their_parser_words_and_source() -> None:
    import importlib

    for family in families().values():
        assert importlib.import_module(f"crawler.signals.{family.parser}")
        assert set(family.purposes) <= set(purposes())
        assert family.source.startswith("https://")
        assert family.status in ("current", "expired")
    signals = [signal for family in families().values() for signal in family.signals]
    assert len(signals) == len(set(signals))


def test_every_reader_looks_at_signals_of_the_table() -> None:
    known = {signal for family in families().values() for signal in family.signals}
    for reader in readers():
        assert looked_at(reader)
        assert looked_at(reader) <= known
        assert set(reader.families) <= set(families())


# --- robots.txt ---

ROBOTS = b"""\
Content-Signal: ai-input=no
User-agent: *
Content-Signal: search=yes, ai-train=no, use=reference
Content-Usage: train-ai=y, genai=n
Content-Usage: /art/ train-ai=n, search=y
DisallowAITraining: /art/
Disallow: /private/

User-agent: GPTBot
User-agent: CCBot
Disallow: /art/
"""


def test_every_statement_of_robots_txt() -> None:
    found = reservations(subject(robots=ROBOTS))
    assert [(one.line, one.signal, one.word, one.value, one.stands) for one in found] == [
        (11, "robots.txt", "disallow", "disallowed", True),
        # Google's parser knows a key by its beginning.
        (6, "robots.txt", "disallow", "disallowed", False),
        (1, "robots.txt Content-Signal", "ai-input", "disallowed", False),
        (3, "robots.txt Content-Signal", "search", "allowed", True),
        (3, "robots.txt Content-Signal", "ai-train", "disallowed", True),
        (3, "robots.txt Content-Signal", "use", "unknown", True),
        (4, "robots.txt Content-Usage", "train-ai", "allowed", False),
        (4, "robots.txt Content-Usage", "genai", "disallowed", False),
        (5, "robots.txt Content-Usage", "train-ai", "disallowed", True),
        (5, "robots.txt Content-Usage", "search", "allowed", True),
        (6, "robots.txt DisallowAITraining", "disallowaitraining", "disallowed", False),
    ]
    by_line = {one.line: one for one in found}
    assert by_line[11].to == ("ccbot", "gptbot")
    assert by_line[11].purposes == ("dataset collection", "generative training", "AI training")
    assert "stands in no group" in by_line[1].note
    assert by_line[5].raw == "Content-Usage: /art/ train-ai=n, search=y"
    assert {one.scope for one in found} == {"host"}


def test_a_rule_to_some_is_none_to_all() -> None:
    decided = combined(reservations(subject(robots=ROBOTS)))
    assert {purpose: one.value for purpose, one in decided.items() if one} == {
        "generative training": "disallowed",
        "AI training": "disallowed",
        "search index": "allowed",
    }
    to_gptbot = combined(reservations(subject(robots=ROBOTS)), "gptbot")["AI training"]
    assert to_gptbot
    assert to_gptbot.line == 11


def test_what_may_not_be_fetched_has_no_preference() -> None:
    robots = b"User-agent: *\nDisallow: /art/\nContent-Usage: train-ai=y"
    assert said(subject(robots=robots)) == [
        ("robots.txt", "disallow", "disallowed", True),
        ("robots.txt Content-Usage", "train-ai", "allowed", False),
    ]


# --- readers of one family ---


def test_aipref_answers_by_purpose() -> None:
    found = subject(("Content-Usage", "train-ai=n, search=y"))
    assert values(found, "AIPREF") == {
        "generative training": "disallowed",
        "AI training": "disallowed",
        "search index": "allowed",
    }
    assert verdict(READER["AIPREF"], found).value == "disallowed"
    first = answers(READER["AIPREF"], found)[0]
    assert (first.signal, first.line, first.raw) == ("Content-Usage", 1, "train-ai=n, search=y")
    assert first.why == "line 1 of Content-Usage says train-ai"


@pytest.mark.parametrize(
    ("header", "robots", "value"),
    [
        ("train-ai=y", b"User-agent: *\nContent-Usage: train-ai=n", "disallowed"),
        ("train-ai=y", b"", "allowed"),
        ("Train-AI=n", b"", "unknown"),
        ("genai=n", b"", "unknown"),
        ("train-ai=?0", b"", "unknown"),
    ],
)
def test_aipref_combines_and_forgives_nothing(header: str, robots: bytes, value: str) -> None:
    found = subject(("Content-Usage", header), robots=robots)
    assert values(found, "AIPREF")["AI training"] == value


def test_where_all_purposes_agree_there_is_one_verdict() -> None:
    (found,) = answers(READER["AIPREF"], subject())
    assert (found.value, found.purpose, found.signal) == ("unknown", "", "none")
    assert "robots.txt of https://a.example is not known" in found.why


TDMREP = (
    b'[{"location": "/art/*.jpg", "tdm-reservation": 1}, {"location": "/", "tdm-reservation": 0}]'
)


def test_tdmrep_by_its_own_order() -> None:
    file = {"tdmrep.json": TDMREP}
    assert verdict(READER["TDMRep"], subject(texts=file)).value == "disallowed"
    over = subject(("tdm-reservation", "0"), texts=file)
    assert verdict(READER["TDMRep"], over).value == "allowed"
    assert said(over, "TDMRep") == [
        ("tdmrep.json", "tdm-reservation", "disallowed", False),
        ("tdmrep.json", "tdm-reservation", "allowed", False),
        ("tdm-reservation", "tdm-reservation", "allowed", True),
    ]
    wrong = subject(("tdm-reservation", "yes"), texts=file)
    assert verdict(READER["TDMRep"], wrong).value == "disallowed"


def test_a_meta_speaks_for_its_page_only() -> None:
    shown = subject(pages=(page(("tdm-reservation", "1"), ("robots", "noai, noindex")),))
    found = reservations(shown)
    assert {one.scope for one in found} == {"page only"}
    assert {one.note for one in found} == {"it speaks for the page, not for the images shown there"}
    assert not any(combined(found).values())
    assert verdict(READER["TDMRep"], shown).value == "unknown"
    own = subject(pages=(page(("tdm-reservation", "1"), url=URL),))
    assert verdict(READER["TDMRep"], own).value == "disallowed"


@pytest.mark.parametrize(
    ("body", "url", "value"),
    [
        (b"User-Agent: *\nDisallow: *.jpg", URL, "disallowed"),
        (b"User-Agent: *\nAllow: *.jpg\nDisallow: /", URL, "allowed"),
        (b"User-Agent: *\nDisallow: *.c", f"{PLACE}/a.css", "unknown"),
        (b"# Us\n\nWe paint.", URL, "unknown"),
        (b"<html>Disallow: /", URL, "unknown"),
    ],
)
def test_ai_txt_in_both_readings(body: bytes, url: str, value: str) -> None:
    assert verdict(READER["ai.txt"], subject(texts={"ai.txt": body}, url=url)).value == value


RSL = b"""<rsl xmlns="https://rslstandard.org/rsl"><content url="/"><license>
<permits type="usage">search</permits><prohibits type="usage">ai-all</prohibits></license></content>
<content url="/sale/"><license><permits type="usage">ai-train</permits><payment type="purchase"/>
</license></content></rsl>"""


def test_rsl_where_it_is_announced() -> None:
    at = f"{PLACE}/license.xml"
    robots = f"License: {at}".encode()
    found = subject(robots=robots, documents={at: RSL})
    assert values(found, "RSL") == {
        "generative training": "disallowed",
        "AI training": "disallowed",
        "text and data mining": "unknown",
        "dataset collection": "unknown",
        "search index": "allowed",
        "AI input": "disallowed",
    }
    sold = subject(robots=robots, documents={at: RSL}, url=f"{PLACE}/sale/2.jpg")
    assert values(sold, "RSL")["AI training"] == "unknown"
    assert [one.note for one in reservations(sold) if one.stands] == ["for purchase"]
    link = LinkElement(0, "license", "application/rsl+xml", "/license.xml", "<link>")
    on_page = subject(documents={at: RSL}, pages=(page(links=(link,)),))
    assert {one.scope for one in reservations(on_page)} == {"page only"}
    header = ("Link", '</license.xml>; rel="license"; type="application/rsl+xml"')
    assert values(subject(header, documents={at: RSL}), "RSL")["AI input"] == "disallowed"


def test_trust_txt_is_listed() -> None:
    found = subject(texts={"trust.txt": b"datatrainingallowed=no"})
    assert said(found) == [("trust.txt", "datatrainingallowed", "disallowed", True)]


def of_file(body: bytes, **more: Any) -> Subject:
    return subject(packets=tuple(file_metadata.read(body, sniff(body))), **more)


def test_plus_in_the_file() -> None:
    search = data_mining("DMI-PROHIBITED-EXCEPTSEARCHENGINEINDEXING")
    found = of_file(image("JPEG", search))
    assert values(found, "PLUS Data Mining")["generative training"] == "disallowed"
    assert values(found, "PLUS Data Mining")["search index"] == "unknown"
    assert {one.scope for one in reservations(found)} == {"file"}
    unread = verdict(READER["PLUS Data Mining"], subject())
    assert unread.why.endswith("the image's file was not looked at")
    cut = Packet("not_read", problem="it is cut")
    assert verdict(READER["PLUS Data Mining"], subject(packets=(cut,))).why.endswith("it is cut")


def test_content_credentials_with_their_state() -> None:
    pytest.importorskip("c2pa")
    uses = assertion("cawg.training-mining", ai_training="notAllowed", data_mining="allowed")
    body = signed("JPEG", [uses])
    taken_out = of_file(body)
    assert values(taken_out, "C2PA and CAWG") == {
        "generative training": "unknown",
        "AI training": "disallowed",
        "text and data mining": "allowed",
        "AI input": "unknown",
    }
    notes = {one.note for one in reservations(taken_out)}
    assert notes == {
        "validation state: not checked against the picture; signingCredential.untrusted"
    }
    whole = of_file(body, credentials=c2pa.read(body))
    assert {one.note for one in reservations(whole)} == {
        "validation state: Valid; signingCredential.untrusted"
    }
    tampered = body.replace(b"notAllowed", b"notAllowEd")
    state = next(one.note for one in reservations(of_file(tampered)))
    assert state.startswith("validation state: Invalid")


def test_content_credentials_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "c2pa", None)
    store = Packet("c2pa", "APP11", 0, 4, b"jumb")
    found = verdict(READER["C2PA and CAWG"], subject(packets=(store,)))
    assert found.value == "unknown"
    assert "c2pa-python is missing" in found.why


@pytest.mark.parametrize(
    ("body", "training", "ai_input"),
    [
        (b"User-agent: *\nContent-Signal: ai-train=no, ai-input=yes", "disallowed", "allowed"),
        (b"Content-Signal: ai-train=no\nUser-agent: *\nDisallow:", "unknown", "unknown"),
        (b"User-agent: GPTBot\nContent-Signal: ai-train=no", "unknown", "unknown"),
        (b"User-agent: *\nContent-Signal: ai-train=No", "unknown", "unknown"),
        (b"User-agent: *\nContent-Signal: /art/ ai-train=no", "unknown", "unknown"),
    ],
)
def test_content_signals_speak_to_their_group(body: bytes, training: str, ai_input: str) -> None:
    found = values(subject(robots=body), "Content Signals")
    assert (found["AI training"], found["AI input"]) == (training, ai_input)


# --- X-Robots-Tag ---


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("max-snippet: 20, noai", [("noai", "disallowed", ("*",), True)]),
        ("GPTBot: noai", [("noai", "disallowed", ("gptbot",), True)]),
        ("noarchive", [("noarchive", "disallowed", ("bingbot",), True)]),
        (
            "noarchive, nocache",
            [
                ("noarchive", "disallowed", ("bingbot",), False),
                ("nocache", "unknown", ("bingbot",), True),
            ],
        ),
        (
            "googlebot: noindex, noai",
            [
                ("noindex", "disallowed", ("googlebot",), True),
                ("noai", "unknown", ("*",), True),
            ],
        ),
        ("nosnippet, follow", []),
    ],
)
def test_rules_of_header_lines(line: str, expected: list[tuple[Any, ...]]) -> None:
    found = reservations(subject(("X-Robots-Tag", line)))
    assert [(one.word, one.value, one.to, one.stands) for one in found] == expected


def test_headers_of_a_redirect_or_an_error_are_not_about_the_image() -> None:
    found = reservations(
        subject(("X-Robots-Tag", "noai"), ("Content-Usage", "train-ai=n"), status=404)
    )
    assert [one.stands for one in found] == [False, False]
    assert {one.note for one in found} == {"it came with the status 404, not with an image"}


def test_what_is_no_opt_out_is_not_counted() -> None:
    robots = (
        b"User-agent: *\nLLM-Policy: /llms.txt\nCrawl-delay: 9\nSitemap: /s.xml\nProhibits: all"
    )
    found = subject(
        ("crawler-price", "1"), robots=robots, pages=(page(("ai-pref", "no"), ("author", "noai")),)
    )
    assert reservations(found) == []


# --- any input ---

LINES = st.sampled_from(
    [
        *("User-agent: *", "User-agent: GPTBot", "Disallow: /", "Content-Signal: ai-train=no"),
        *("Content-Usage: train-ai=n", "DisallowAITraining: /", "License: https://a.example/l.xml"),
    ]
)
NAMES = st.sampled_from(["X-Robots-Tag", "Content-Usage", "tdm-reservation", "Link"])


@settings(deadline=None, max_examples=150)
@given(
    st.lists(LINES | st.text(max_size=20), max_size=12),
    st.lists(st.tuples(NAMES, st.text(max_size=30)), max_size=3),
    st.binary(max_size=200),
    st.integers(100, 599),
)
def test_no_input_fails_and_every_answer_is_one_of_three(
    lines: list[str], headers: list[tuple[str, str]], body: bytes, status: int
) -> None:
    texts = dict.fromkeys(("tdmrep.json", "ai.txt", "trust.txt"), body)
    found = subject(
        *headers,
        robots="\n".join(lines).encode("utf-8", "surrogatepass"),
        texts=texts,
        documents={"https://a.example/l.xml": body},
        status=status,
        packets=(Packet("xmp", "APP1", 0, len(body), body),),
        pages=(page(("robots", body.decode("latin-1"))),),
    )
    for one in reservations(found):
        assert isinstance(one, Reservation)
        assert one.value in ("allowed", "disallowed", "unknown")
        assert set(one.purposes) <= set(purposes())
    for reader in readers():
        for answer in answers(reader, found):
            assert isinstance(answer, Verdict)
            assert answer.value in ("allowed", "disallowed", "unknown")
            assert answer.purpose in ("", *reader.purposes)


@given(st.lists(st.sampled_from(["allowed", "disallowed", "unknown"]), max_size=4))
def test_across_statements_any_disallow_wins_then_any_allow(given_values: list[Any]) -> None:
    blank = Reservation(
        "PLUS", "XMP plus:DataMining", "x", "unknown", ("AI training",), "file", URL, ""
    )
    found = combined([replace(blank, value=value) for value in given_values])["AI training"]
    order = ("disallowed", "allowed", "unknown")
    expected = next((value for value in order if value in given_values), None)
    assert (found.value if found else None) == expected


def test_every_method_is_used() -> None:
    assert {reader.method for reader in readers()} == set(METHODS)

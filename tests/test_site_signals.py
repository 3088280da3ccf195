"""Content-Signal, tdmrep.json, trust.txt, ai.txt, RSL, the expired draft; what is no signal."""

from __future__ import annotations

from pathlib import Path

import pytest

from crawler.signals import (
    ai_control,
    ai_txt,
    content_signal,
    json_array,
    robots_txt,
    rsl,
    tdmrep,
    tdmrep_file,
    trust_txt,
    vocabulary,
    x_robots_tag,
    xml_tree,
)

PURPOSES = {
    "generative training",
    "AI training",
    "text and data mining",
    "dataset collection",
    "search index",
    "AI input",
}
BILLION_LAUGHS = (
    '<!DOCTYPE rsl [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9))
    + ']><rsl><content url="&j;"/></rsl>'
).encode()


# --- Content-Signal ---

MANAGED = b"""# As a condition of accessing this website, you agree to abide by ...
Content-Signal: ai-train=no

User-agent: *
Content-Signal: search=yes,ai-train=no,use=reference
Allow: /

User-agent: GPTBot
Content-signals: ai-input = no
Disallow: /
"""


def test_signals_of_groups_and_of_no_group() -> None:
    found = content_signal.parse(robots_txt.parse(MANAGED))
    assert [(s.line, s.agents, s.name, s.written, s.value, s.plural) for s in found] == [
        (2, (), "ai-train", "no", "disallowed", False),
        (5, ("*",), "search", "yes", "allowed", False),
        (5, ("*",), "ai-train", "no", "disallowed", False),
        (5, ("*",), "use", "reference", "unknown", False),
        (9, ("GPTBot",), "ai-input", "no", "disallowed", True),
    ]
    assert not any(one.faults for one in found)


def test_a_named_group_inherits_no_signal() -> None:
    robots = robots_txt.parse(MANAGED)
    assert [one.name for one in content_signal.signals_for(robots, "GPTBot")] == ["ai-input"]
    names = [one.name for one in content_signal.signals_for(robots, "CCBot")]
    assert names == ["search", "ai-train", "use"]


def test_a_preamble_alone_expresses_nothing() -> None:
    assert not content_signal.parse(robots_txt.parse(b"# ai-train=no\nUser-agent: *\nAllow: /"))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("ai-train", [("ai-train", "unknown", ("no value",))]),
        ("AI-Train=no", [("ai-train", "disallowed", ())]),
        ("ai-train=NO", [("ai-train", "unknown", ("not in lower case",))]),
        ("ai-train=maybe", [("ai-train", "unknown", ("no known value",))]),
        ("train=no", [("train", "unknown", ("no known signal",))]),
        ("use=full", [("use", "unknown", ())]),
        ("use=all", [("use", "unknown", ("no known value",))]),
        (" , ai-train = no ,", [("ai-train", "disallowed", ())]),
        ("/a ai-train=no", [("ai-train", "unknown", ("a path is not defined here: /a",))]),
        ("", []),
    ],
)
def test_values(value: str, expected: list[tuple[str, str, tuple[str, ...]]]) -> None:
    robots = robots_txt.parse(f"User-agent: *\nContent-Signal: {value}\n".encode())
    found = content_signal.parse(robots)
    assert [(one.name, one.value, one.faults) for one in found] == expected


# --- tdmrep.json ---


def test_entries_keep_their_text_their_place_and_what_is_wrong() -> None:
    body = b'[\n  {"location": "/", "tdm-reservation": 1},\n  {"location": 7}, 5]'
    first, second, third = tdmrep_file.parse_file(body).entries
    assert (first.line, first.column) == (2, 3)
    assert first.raw == '{"location": "/", "tdm-reservation": 1}'
    assert second.faults == ("location is no text", "tdm-reservation is missing")
    assert (third.line, third.column, third.faults) == (3, 20, ("no object",))


def test_entries_before_a_mistake_are_kept_but_say_nothing() -> None:
    file = tdmrep_file.parse_file(b'[{"location": "/", "tdm-reservation": 1}, {]')
    assert file.fault == "no JSON at line 1, column 43"
    assert [(one.reservation, one.lenient) for one in file.entries] == [(None, 1)]


@pytest.mark.parametrize(
    ("entry", "faults"),
    [
        ('{"location":"a","tdm-reservation":1}', ('location begins with neither "/" nor "*"',)),
        ('{"location":"/","location":"/a","tdm-reservation":1}', ("location is given twice",)),
        (
            '{"location":"/","tdm-reservation":1,"tdm-policy":7}',
            ("tdm-policy is no address",),
        ),
        ('{"location":"/","tdm-reservation":NaN}', ("tdm-reservation is neither 0 nor 1",)),
    ],
)
def test_faults_of_an_entry(entry: str, faults: tuple[str, ...]) -> None:
    assert tdmrep_file.parse_file(f"[{entry}]".encode()).entries[0].faults == faults


def test_first_match_and_longest_match_are_both_known() -> None:
    body = b'[{"location": "/", "tdm-reservation": 0}, {"location": "/art/", "tdm-reservation": 1}]'
    choice = tdmrep_file.choose(tdmrep_file.parse_file(body), "/art/a.jpg")
    assert choice.first and choice.longest
    assert (choice.first.position, choice.longest.position, choice.differ) == (0, 1, True)


def test_a_huge_file_is_not_read() -> None:
    file = tdmrep_file.parse_file(b" " * (tdmrep_file.MAX_BYTES + 1))
    assert (file.entries, file.fault) == ((), f"longer than {tdmrep_file.MAX_BYTES} bytes")


@pytest.mark.parametrize("body", [b"[" * 100_000, b"[" + b'{"a":' * 50_000, b"[1" + b"0" * 9999])
def test_json_bombs_are_faults(body: bytes) -> None:
    assert json_array.read(body).fault


def test_header_lines_that_contradict_each_other() -> None:
    found = tdmrep.parse_header(["1", "0"])
    assert [one.reservation for one in found] == [None, None]
    assert [one.lenient for one in found] == [1, 0]
    assert all(one.faults == ("another one beside it says the opposite",) for one in found)


# --- trust.txt ---


def test_trust_txt() -> None:
    body = b"""\xef\xbb\xbf# NAME trust.txt
member=https://example.org/
datatrainingallowed=no
 DataTrainingAllowed = YES
datatrainingallowed=perhaps
datatrainingallowed
"""
    assert [(one.line, one.written, one.value, one.fault) for one in trust_txt.parse(body)] == [
        (3, "no", "disallowed", ""),
        (4, "YES", "allowed", ""),
        (5, "perhaps", "unknown", "neither yes nor no"),
    ]


# --- the expired draft ---


def test_lines_of_the_expired_draft() -> None:
    body = b"DisallowAITraining: /\nUser-agent: *\nDisallowAITraining: /art/*.jpg$\nDisallow: /x\n"
    orphan, line = ai_control.parse(robots_txt.parse(body))
    assert (orphan.line, orphan.agents) == (1, ())
    assert (line.line, line.agents, line.value, line.status) == (
        3,
        ("*",),
        "disallowed",
        "historic",
    )
    assert line.pattern and line.pattern.covers(b"/art/a.jpg")


# --- ai.txt ---


def test_rules_of_ai_txt_keep_their_lines() -> None:
    file = ai_txt.parse(b"User-Agent: *\nDisallow: *.JPG\nAllow: train\n")
    first, second = file.rules
    assert (first.line, first.raw, first.extension) == (2, "Disallow: *.JPG", "jpg")
    assert second.fault == 'begins with neither "/" nor "*", so it covers nothing'
    reading = ai_txt.read(file, "/a.jpg")
    assert (reading.differ, reading.as_extension.rule) == (True, first)


def test_a_page_is_recognised_by_its_type_too() -> None:
    assert ai_txt.parse(b"Not found", "text/html; charset=utf-8").format == "HTML"
    assert ai_txt.parse(b"Hello", "text/markdown").format == "summary"


# --- RSL ---


def test_terms_keep_their_line_and_what_is_wrong() -> None:
    body = b"""<rsl xmlns="https://rslstandard.org/rsl">
  <content url="/" server="https://licences.example/">
    <license>
      <prohibits>ai-train, x-dream train-ai</prohibits>
      <payment type="purchase"/>
    </license>
  </content>
</rsl>"""
    content = rsl.parse(body).contents[0]
    licence = content.licenses[0]
    term = licence.terms[0]
    assert (content.line, content.server) == (2, "https://licences.example/")
    assert (term.line, term.permits) == (4, False)
    assert term.statuses == ("current", "unregistered", "historic")
    assert term.faults[0] == "type is missing"
    assert term.raw.startswith("<prohibits")
    assert licence.payments == ("purchase",)


def test_link_elements_of_a_page() -> None:
    elements = [
        rsl.LinkElement(0, "stylesheet", "text/css", "/a.css"),
        rsl.LinkElement(1, "License", "application/rsl+xml", " /l.xml "),
        rsl.LinkElement(2, "license", "", "https://creativecommons.org/licenses/by/4.0/"),
    ]
    assert [(one.position, one.url) for one in rsl.from_links(elements)] == [(1, "/l.xml")]


@pytest.mark.parametrize(
    "body",
    [
        BILLION_LAUGHS,
        b'<!DOCTYPE rsl [<!ENTITY x SYSTEM "file:///etc/hostname">]><rsl>&x;</rsl>',
        b'<!DOCTYPE rsl SYSTEM "http://127.0.0.1:9/x.dtd"><rsl>&x;</rsl>',
        b'<!DOCTYPE rsl [<!ENTITY % x SYSTEM "file:///etc/hostname"> %x;]><rsl/>',
        '<!DOCTYPE rsl [<!ENTITY x "y">]><rsl a="&x;"/>'.encode("utf-16"),
    ],
)
def test_documents_with_entities_are_refused(body: bytes) -> None:
    assert rsl.parse(body).contents == ()
    assert rsl.parse(body).fault


def test_documents_too_large_or_too_deep_are_refused() -> None:
    assert rsl.parse(b" " * (xml_tree.MAX_BYTES + 1)).fault.startswith("longer than")
    many = b"<rsl>" + b"<a/>" * xml_tree.MAX_ELEMENTS + b"</rsl>"
    assert rsl.parse(many).fault.startswith("more than")
    assert rsl.parse(b"<rsl>" + b"<a>" * 5000).fault


# --- words ---


@pytest.mark.parametrize(
    "family", ["content_usage", "content_signal", "rsl", "trust_txt", "ai_control", "x_robots"]
)
def test_every_word_has_a_status_purposes_and_a_source(family: str) -> None:
    for word, known in vocabulary.words(family).items():
        assert known["status"] in ("current", "historic"), word
        assert set(known["purposes"]) <= PURPOSES, word
        assert known["source"].startswith("https://") and known["checked"], word


def test_words_of_x_robots_tag_are_words_that_it_knows() -> None:
    table = vocabulary.words("x_robots")
    assert set(table) <= x_robots_tag.KNOWN
    assert table["noarchive"]["weaker"] == "nocache"


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("file", "llms.txt"),
        ("file", "humans.txt"),
        ("file", "security.txt"),
        ("file", "AGENTS.md"),
        ("property", "iptcExt:DigitalSourceType"),
        ("header", "Crawler-Price"),
        ("status", "402"),
        ("robots line", "LLM-Policy"),
    ],
)
def test_what_is_no_signal(kind: str, name: str) -> None:
    assert vocabulary.no_signal(kind, name)


@pytest.mark.parametrize(
    ("kind", "name"),
    [("file", "robots.txt"), ("file", "ai.txt"), ("file", "tdmrep.json"), ("file", "trust.txt")],
)
def test_what_is_a_signal_is_not_in_the_other_table(kind: str, name: str) -> None:
    assert vocabulary.no_signal(kind, name) is None


@pytest.mark.shared
def test_real_robots_txt_files_never_raise(shared: Path) -> None:
    import pyarrow.parquet as pq

    table = pq.read_table(shared / "data" / "robots" / "robots_txt_sample.parquet")
    for body in table["content"].to_pylist():
        robots = robots_txt.parse(body)
        content_signal.parse(robots)
        ai_control.parse(robots)
        rsl.from_robots(robots)

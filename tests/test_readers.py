"""Readers and verdicts: the table, each way of reading, a whole case, twenty thousand images."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.records import FORMAT, SCHEMAS
from crawler.signals.robots_meta import Meta
from crawler.signals.x_robots_tag import moment
from optout.case import Case, create_case
from optout.database import open_case, relation
from optout.readers import by_robots_txt
from optout.readers.agents import agents, purpose_tokens, purposes
from optout.readers.dialects import dialects
from optout.readers.served import Page
from optout.readers.site import image_verdicts, reader_summary, robots_rows
from optout.readers.table import EXECUTED, Reader, called, read_table, readers, reported
from optout.readers.verdicts import METHODS, Hop, Subject, img2dataset_obeys, site_file, verdict

READER = {reader.name: reader for reader in readers()}
IMG2DATASET, GPTBOT = READER["img2dataset"], READER["GPTBot"]
MEASURED = json.loads((Path(__file__).parent / "cases/img2dataset.json").read_text("utf-8"))
WHEN = datetime(2026, 11, 21, 10, 15, tzinfo=UTC)


# --- the tables ---


def test_every_reader_has_its_method_purposes_basis_source_and_days() -> None:
    for reader in readers():
        assert reader.method in METHODS
        assert set(reader.purposes) <= set(purposes())
        assert reader.purposes
        assert reader.basis in (EXECUTED, "operator's documentation", "specification")
        assert reader.exact == (reader.basis == EXECUTED)
        assert reader.source.startswith("https://")
        assert isinstance(reader.checked, date)
        assert isinstance(reader.valid_from, date)
        assert reader.dialect in dialects()
        assert reader.token or reader.directives or reader.families
        assert reader.token or not reader.method.startswith("robots_txt")
        assert bool(reader.families) == (reader.method == "reservations")
        assert bool(reader.rules) == (reader.method == "robots_txt_and_rules")
        assert {rule.value for rule in (*reader.rules, *reader.page_rules)} <= {
            "allowed",
            "disallowed",
            "unknown",
        }


def test_executed_sources_name_their_version() -> None:
    for reader in readers():
        if reader.exact and reader.method != "robots_txt_protego":  # it says so when it is asked
            assert reader.version


def test_agents_are_in_one_table_with_purposes_in_its_words() -> None:
    known = {agent.token.lower() for agent in agents()}
    assert len(known) == len(agents()) > 160
    assert {purpose for agent in agents() for purpose in agent.purposes} <= set(purposes())
    assert {agent.respects for agent in agents()} == {"yes", "no", ""}
    tokens = {reader.token.lower() for reader in readers() if reader.token not in ("", "*")}
    assert tokens <= known


def test_some_names_can_be_matched_by_no_parser_that_keeps_to_the_rfc() -> None:
    unmatchable = {agent.token for agent in agents() if not agent.matchable}
    assert {"img2dataset", "AI2Bot", "Crawl4AI", "panscient.com", "Kangaroo Bot"} <= unmatchable
    assert len(unmatchable) == 21
    assert "Applebot-Extended" not in unmatchable


def test_a_purpose_token_is_a_reader_as_soon_as_its_spelling_is_known() -> None:
    (unconfirmed,) = purpose_tokens()
    assert (unconfirmed.token, unconfirmed.status) == ("", "unconfirmed")
    assert unconfirmed.name not in READER
    assert read_table({}, (unconfirmed,)) == ()
    (reader,) = read_table({}, (replace(unconfirmed, token="some-token"),))
    assert (reader.purposes, reader.method) == (unconfirmed.purposes, "robots_txt")
    files = {"https://a.example": robots(b"User-agent: some-token\nDisallow: /")}
    assert verdict(reader, Subject("https://a.example/1.jpg", site_files=files)).line == 2


@pytest.mark.parametrize("reader", readers(), ids=lambda reader: reader.name)
def test_no_reader_is_asked_about_what_was_seen_before_its_time(reader: Reader) -> None:
    assert reader.valid_from
    for days, known in ((-1, False), (0, True)):
        when = datetime.combine(reader.valid_from, datetime.min.time(), UTC) + timedelta(days)
        hop = Hop("https://a.example/1.jpg", 200, (("x-robots-tag", "noai, noindex"),))
        file = replace(robots(b"User-agent: *\nDisallow: /"), observed_at=when)
        subject = Subject(hop.url, (hop,), {"https://a.example": file}, observed_at=when)
        found = verdict(reader, subject)
        if known and reader.families:  # what it reads says nothing here
            assert (found.value, found.signal) == ("unknown", "none")
            assert found.why.startswith("nothing that it reads speaks of the image")
        elif known:
            assert found.value == ("unknown" if reader.may_ignore else "disallowed")
        else:
            assert (found.value, found.line, found.raw) == ("unknown", None, "")
            assert found.why.startswith(f"seen on {when.date()}; how {reader.name} reads is known")


# --- img2dataset ---


def answered(*lines: str, status: int = 200) -> Subject:
    headers = tuple(("X-Robots-Tag", line) for line in lines)
    return Subject("https://a.example/1.jpg", (Hop("https://a.example/1.jpg", status, headers),))


@pytest.mark.parametrize("case", MEASURED["cases"], ids=lambda case: " | ".join(case["lines"]))
def test_img2dataset_as_measured(case: dict[str, Any]) -> None:
    named = replace(IMG2DATASET, token="img2dataset")
    for reader, skips in ((IMG2DATASET, case["without"]), (named, case["with"])):
        found = verdict(reader, answered(*case["lines"]))
        assert found.value == ("disallowed" if skips else "allowed")


def as_in_its_source(line: str, directives: list[str], token: str | None) -> bool:
    """The steps of is_disallowed(), for one line."""
    pieces = line.lstrip(" \t").split(":", 1)  # as http.client gives it
    rules = [x.strip().lower() for x in pieces[-1].split(",")]
    agent = pieces[0].lower() if len(pieces) == 2 else None
    return (agent is None or agent == token) and any(x in directives for x in rules)


@given(st.text(st.sampled_from("noai:, NOx"), max_size=20), st.sampled_from([None, "no", "a"]))
def test_img2dataset_splits_as_its_source(line: str, token: str | None) -> None:
    rules = ["noai", "no"]
    assert bool(img2dataset_obeys(line, rules, token)) == as_in_its_source(line, rules, token)


def test_img2dataset_names_the_line_that_decided() -> None:
    found = verdict(IMG2DATASET, answered("googlebot: noai", "all, NoImageAI"))
    assert (found.value, found.signal, found.line, found.raw) == (
        *("disallowed", "X-Robots-Tag", 2),
        "all, NoImageAI",
    )
    assert found.why == "line 2 of the response's X-Robots-Tag lines says noimageai"
    assert found.where == "https://a.example/1.jpg"


def test_img2dataset_is_unknown_without_an_image_to_answer() -> None:
    assert verdict(IMG2DATASET, Subject("https://a.example/1.jpg")).value == "unknown"
    found = verdict(IMG2DATASET, answered("noai", status=404))
    assert (found.value, found.why) == ("unknown", "the address answered 404, not with an image")
    down = Subject("https://a.example/1.jpg", reason="it did not answer in time")
    assert verdict(IMG2DATASET, down).why.endswith("it did not answer in time")


def test_img2dataset_reads_the_last_answer_only() -> None:
    first = Hop("https://a.example/1", 301, (("x-robots-tag", "noai"), ("location", "/2")))
    last = Hop("https://a.example/2", 200, ())
    assert verdict(IMG2DATASET, Subject(first.url, (first, last))).value == "allowed"


# --- readers of robots.txt ---


def robots(body: bytes | None, status: int | None = 200, outcome: str = "fetched") -> Any:
    return site_file(
        "https://a.example/robots.txt",
        outcome=outcome,
        status=status,
        body=body,
        reason="it did not answer in time" if outcome == "failed" else None,
        observed_at=WHEN,
    )


def asked(file: Any, path: str = "/1.jpg") -> Any:
    files = {"https://a.example": file} if file else {}
    return verdict(GPTBOT, Subject(f"https://a.example{path}", site_files=files))


def test_a_rule_decides_and_is_quoted() -> None:
    found = asked(robots(b"User-agent: GPTBot\nDisallow: /*.jpg$ # art\n"))
    assert (found.value, found.signal, found.line) == ("disallowed", "robots.txt", 2)
    assert found.raw == "Disallow: /*.jpg$ # art"
    assert found.why == "line 2 of robots.txt of https://a.example forbids it for GPTBot"
    assert (found.clause, found.observed_at) == ("RFC 9309 2.2.2", WHEN)


@pytest.mark.parametrize(
    ("file", "value", "signal", "why"),
    [
        (b"User-agent: GPTBot\nAllow: /", "allowed", "robots.txt", "line 2 of robots.txt"),
        (b"User-agent: *\nDisallow: /", "disallowed", "robots.txt", "everyone not named"),
        (b"User-agent: x\nDisallow: /", "allowed", "none", "no rule in robots.txt"),
        (b"", "allowed", "none", "no rule in robots.txt"),
    ],
)
def test_what_a_file_says(file: bytes, value: str, signal: str, why: str) -> None:
    found = asked(robots(file))
    assert (found.value, found.signal) == (value, signal)
    assert why in found.why


@pytest.mark.parametrize(
    ("status", "outcome", "value", "clause"),
    [
        (404, "fetched", "allowed", "RFC 9309 2.3.1.3"),
        (301, "fetched", "allowed", "RFC 9309 2.3.1.2"),
        (503, "fetched", "disallowed", "RFC 9309 2.3.1.4"),
        (None, "failed", "unknown", ""),
        (None, "private_address", "unknown", ""),
    ],
)
def test_what_an_answer_without_a_file_says(
    status: int | None, outcome: str, value: str, clause: str
) -> None:
    found = asked(robots(b"", status, outcome))
    assert (found.value, found.clause) == (value, clause)


def test_unknown_says_why() -> None:
    assert asked(None).why.endswith("it was not asked for")
    assert asked(robots(None, None, "failed")).why.endswith("it did not answer in time")
    assert asked(robots(None, 200, "too_large")).value == "unknown"


def chain(*urls: str, last: int = 200) -> tuple[Hop, ...]:
    hops = [Hop(u, 302, (("Location", v),)) for u, v in pairwise(urls)]
    return (*hops, Hop(urls[-1], last))


def test_any_hop_may_forbid() -> None:
    closed = site_file(
        "https://b.example/robots.txt",
        outcome="fetched",
        status=200,
        body=b"User-agent: *\nDisallow: /",
    )
    files = {"https://a.example": robots(b""), "https://b.example": closed}
    urls = ("https://a.example/1", "https://b.example/1", "https://a.example/2")
    found = verdict(GPTBOT, Subject(urls[0], chain(*urls), files))
    assert (found.value, found.where) == ("disallowed", "https://b.example/robots.txt")
    without = Subject(urls[0], chain(*urls), {"https://a.example": robots(b"")})
    assert verdict(GPTBOT, without).value == "unknown"


def test_a_redirect_that_was_not_followed_counts() -> None:
    hop = Hop("https://a.example/1", 302, (("location", "//b.example/2"),))
    found = verdict(GPTBOT, Subject(hop.url, (hop,), {"https://a.example": robots(b"")}))
    assert (found.value, found.where) == ("unknown", "https://b.example/robots.txt")


@given(st.lists(st.sampled_from(["allowed", "disallowed", "unknown"]), min_size=1, max_size=4))
def test_most_restrictive_hop_wins(values: list[str]) -> None:
    urls = [f"https://h{n}.example/x" for n in range(len(values))]
    bodies = {"allowed": b"", "disallowed": b"User-agent: *\nDisallow: /"}
    files = {
        url.removesuffix("/x"): site_file(url, outcome="fetched", status=200, body=bodies[value])
        for url, value in zip(urls, values, strict=True)
        if value in bodies
    }
    order = ("disallowed", "unknown", "allowed")
    expected = next(value for value in order if value in values)
    assert verdict(GPTBOT, Subject(urls[0], chain(*urls), files)).value == expected


# --- readers that depart from the RFC, or add to it ---


def told(reader: Reader, body: bytes, path: str = "/1.jpg", *lines: str, status: int = 200) -> Any:
    """The verdict on an image that was answered with `lines` as its X-Robots-Tag."""
    hop = Hop(f"https://a.example{path}", 200, tuple(("X-Robots-Tag", line) for line in lines))
    files = {"https://a.example": robots(body, status)}
    return verdict(reader, Subject(hop.url, (hop,), files, observed_at=WHEN))


def test_google_reads_what_others_pass_over() -> None:
    typo = b"useragent *\ndissallow: /"
    assert told(READER["Google's parser"], typo).line == 2
    assert told(READER["Googlebot"], typo).value == "disallowed"
    assert told(READER["RFC 9309"], typo).value == "allowed"
    assert told(READER["Googlebot"], b"", status=429).value == "disallowed"
    assert told(READER["GPTBot"], b"", status=429).value == "allowed"


def test_amazon_takes_a_broken_file_for_none() -> None:
    found = told(READER["Amazonbot"], b"", status=503)
    assert (found.value, found.clause) == ("allowed", "Amazon's page on its crawlers")
    assert found.why == "robots.txt of https://a.example answered 503, so no rule applies"


@pytest.mark.parametrize("name", ["Applebot", "Googlebot-Image"])
def test_some_obey_another_name_where_they_are_not_named(name: str) -> None:
    other = b"User-agent: Googlebot\nDisallow: /\nUser-agent: *\nAllow: /\n"
    found = told(READER[name], other)
    assert (found.value, found.why.rpartition(" ")[2]) == ("disallowed", "Googlebot")
    assert told(READER[name], other + f"User-agent: {name}\nAllow: /".encode()).value == "allowed"
    assert told(READER["Applebot-Extended"], other).value == "allowed"


@pytest.mark.parametrize("name", ["ChatGPT-User", "Bytespider"])
def test_a_rule_that_may_not_hold_is_unknown_and_quoted(name: str) -> None:
    found = told(READER[name], b"User-agent: *\nDisallow: /")
    assert (found.value, found.line, found.raw) == ("unknown", 2, "Disallow: /")
    assert READER[name].may_ignore in found.why
    assert told(READER[name], b"").value == "allowed"


def test_a_name_that_no_token_can_spell_is_read_in_two_ways() -> None:
    body = b"User-agent: img2dataset\nDisallow: /"
    values = [
        told(called(READER[name], "img2dataset"), body).value
        for name in ("RFC 9309", "Google's parser", "Protego")
    ]
    assert values == ["allowed", "allowed", "disallowed"]


def test_protego_is_asked_itself() -> None:
    body = b"User-agent: *\nContent-Signal: ai-train=no\nUser-agent: GPTBot\nDisallow: /"
    assert told(READER["RFC 9309"], body).value == "disallowed"
    found = told(READER["Protego"], body)  # it closes the group at the unknown line
    assert (found.value, found.signal, found.line) == ("allowed", "none", None)
    assert found.clause == f"Protego {version('protego')}"
    undecodable = b"\xef\xbb\xbfUser-agent: *\nDisallow: /\xff"  # Scrapy drops the last octet
    assert told(READER["Protego"], undecodable).value == "disallowed"
    assert told(READER["RFC 9309"], undecodable).value == "allowed"
    assert told(READER["Protego"], b"", status=503).clause == "RFC 9309 2.3.1.4"


def test_protego_need_not_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(by_robots_txt, "_protego_version", lambda: "")
    found = told(READER["Protego"], b"")
    assert (found.value, found.why) == ("unknown", "Protego is not installed, so it was not asked")


def test_protego_may_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(body: bytes) -> None:
        raise RecursionError

    monkeypatch.setattr(by_robots_txt, "_protego", fail)
    found = told(READER["Protego"], b"")
    assert found.value == "unknown"
    assert found.why.endswith("failed on robots.txt of https://a.example: RecursionError")


@settings(deadline=None)
@given(
    st.binary(max_size=200),
    st.lists(st.text(max_size=30), max_size=3),
    st.sampled_from(["X-Robots-Tag", "tdm-reservation"]),
)
def test_no_reader_fails_on_any_file_and_header(body: bytes, lines: list[str], name: str) -> None:
    hop = Hop("https://a.example/1.jpg", 200, tuple((name, line) for line in lines))
    subject = Subject(hop.url, (hop,), {"https://a.example": robots(body)})
    for reader in readers():
        found = verdict(reader, subject)
        assert found.value in ("allowed", "disallowed", "unknown")
        assert "failed on" not in found.why


@pytest.mark.parametrize(
    ("lines", "value", "line"),
    [
        ((), "allowed", None),
        (("noarchive",), "disallowed", 1),
        (("noai", "bingbot: NoArchive"), "disallowed", 2),
        (("googlebot: noarchive",), "allowed", None),
        (("nocache",), "unknown", 1),
        (("noarchive, nocache",), "unknown", 1),  # both: the weaker
        (("googlebot: noindex, noarchive",), "unknown", 1),  # perhaps two lines joined
        (("max-snippet: 20, noarchive",), "disallowed", 1),
    ],
)
def test_bing_as_documented(lines: tuple[str, ...], value: str, line: int | None) -> None:
    found = told(READER["Bingbot"], b"", "/1.jpg", *lines)
    assert (found.value, found.line) == (value, line)


def test_a_header_on_what_may_not_be_fetched_is_not_seen() -> None:
    found = told(READER["Bingbot"], b"User-agent: *\nDisallow: /", "/1.jpg", "noarchive")
    assert (found.signal, found.value) == ("robots.txt", "disallowed")
    unseen = Subject("https://a.example/1.jpg", site_files={"https://a.example": robots(b"")})
    assert verdict(READER["Bingbot"], unseen).value == "unknown"
    assert verdict(READER["Bingbot"], Subject("https://a.example/1.jpg")).signal == "none"
    assert told(READER["Googlebot"], b"", "/1.jpg", "noindex").value == "disallowed"


def test_google_s_search_takes_no_notice_of_noai() -> None:
    assert told(READER["Googlebot"], b"", "/1.jpg", "noai, noimageai").value == "allowed"


# --- Google's rules, as its page on metas and header rules documents them ---


def meta_page(name: str, content: str, url: str = "https://a.example/") -> Page:
    return Page(url, (Meta(0, name, content, f"<{name}: {content}>"),), observed_at=WHEN)


@pytest.mark.parametrize("name", ["Googlebot", "Googlebot-Image"])
@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("unavailable_after: 25 Jun 2010 15:00:00 PST", "disallowed"),
        ("noai, unavailable_after: Wed, 03 Dec 2025 13:09:53 GMT", "disallowed"),
        ("unavailable_after: Wednesday, 03-Dec-25 13:09:53 GMT, noai", "disallowed"),
        ("unavailable_after: 2026-11-21T10:14:59Z", "disallowed"),
        ("unavailable_after: 2026-11-21T10:15:01Z", "allowed"),
        ("unavailable_after: 2026-11-21T11:15:01+01:00", "allowed"),
        ("unavailable_after: 2999-01-01", "allowed"),
        ("unavailable_after: soon", "allowed"),
        ("unavailable_after:", "allowed"),
        ("googlebot: unavailable_after: 2020-01-01", "disallowed"),
        ("otherbot: unavailable_after: 2020-01-01", "allowed"),
        ("googlebot: noindex", "disallowed"),
        ("googlebot-image: noindex", "allowed"),
        ("googlebot-news: noindex", "allowed"),
    ],
)
def test_google_s_header_rules(name: str, line: str, value: str) -> None:
    found = told(READER[name], b"", "/1.jpg", line)
    assert (found.value, bool(found.raw)) == (value, value == "disallowed")


def test_a_date_that_may_have_passed_is_unknown_without_a_time() -> None:
    hop = Hop("https://a.example/1.jpg", 200, (("x-robots-tag", "unavailable_after: 2020-01-01"),))
    subject = Subject(hop.url, (hop,), {"https://a.example": robots(b"")})
    assert verdict(READER["Googlebot"], subject).value == "unknown"


@pytest.mark.parametrize(
    ("name", "content", "body", "value"),
    [
        ("robots", "noimageindex", b"", "disallowed"),
        ("Googlebot", "NoImageIndex, something-new", b"", "disallowed"),
        ("googlebot-image", "noimageindex", b"", "allowed"),
        ("googlebot-news", "noimageindex", b"", "allowed"),
        ("robots", "noindex", b"", "allowed"),  # of the page, not of its images
        ("robots", "noimageindex", b"User-agent: *\nDisallow: /page", "disallowed"),
        ("robots", "noimageindex", b"User-agent: *\nDisallow: /$", "allowed"),  # never seen
    ],
)
@pytest.mark.parametrize("reader", ["Googlebot", "Googlebot-Image"])
def test_noimageindex_of_a_page(
    reader: str, name: str, content: str, body: bytes, value: str
) -> None:
    hop = Hop("https://a.example/1.jpg", 200)
    files = {"https://a.example": robots(body)}
    subject = Subject(hop.url, (hop,), files, observed_at=WHEN, pages=(meta_page(name, content),))
    found = verdict(READER[reader], subject)
    assert found.value == value
    if value == "disallowed":
        assert (found.signal, found.where) == ("meta robots", "https://a.example/")


def test_noimageindex_in_the_header_of_a_page(tmp_path: Path) -> None:
    case = create_case(tmp_path / "case", ["https://a.example/"], created=date(2026, 11, 20))
    answer = {"subject": "page", "url": "https://a.example/p", "hop": 0, "status": 200}
    answer |= {"hop_url": "https://a.example/p"}
    answer |= {"headers": [{"name": "X-Robots-Tag", "value": "noimageindex"}]}
    around = {
        "site_files": [robots_record("https://a.example", b"")],
        "hops": [answer],
        "image_refs": [
            {
                "page_url": "https://a.example/p",
                "position": 0,
                "image_url": f"https://a.example/{n}",
            }
            for n in (1, 2)
        ],
    }
    write_run(case, joined(around, image("https://a.example/1"), image("https://a.example/3")))
    with open_case(case) as connection:
        found = dict(image_verdicts(connection, [READER["Googlebot-Image"]]))
    values = {url: one.value for url, one in found.items()}
    assert values == {"https://a.example/1": "disallowed", "https://a.example/3": "allowed"}
    assert found["https://a.example/1"].signal == "X-Robots-Tag"


def test_noimageindex_of_an_image_itself_is_not_documented() -> None:
    assert told(READER["Googlebot-Image"], b"", "/1.jpg", "noimageindex").value == "unknown"


@pytest.mark.parametrize(
    ("name", "content", "value"),
    [
        ("googlebot", "none", "disallowed"),
        ("robots", "unavailable_after: 2020-01-01", "disallowed"),
        ("googlebot-news", "none", "allowed"),
        ("googlebot-image", "noindex", "allowed"),
    ],
)
def test_metas_of_the_address_itself(name: str, content: str, value: str) -> None:
    hop = Hop("https://a.example/", 200)
    files = {"https://a.example": robots(b"")}
    subject = Subject(hop.url, (hop,), files, observed_at=WHEN, pages=(meta_page(name, content),))
    assert verdict(READER["Googlebot"], subject).value == value


@given(st.text(max_size=40) | st.from_regex(r"[-0-9]{1,8}[ T,:A-Za-z0-9+.-]{0,40}", fullmatch=True))
def test_any_date_is_read_or_is_none(text: str) -> None:
    found = moment(text)
    assert found is None or found.utcoffset() == timedelta(0)


# --- a whole case ---

ROBOTS = b"""\
# for all
User-agent: *
Content-Signal: ai-train=no
Disallow:

User-agent: GPTBot
Disallow: /art/
"""


def image(
    url: str, *headers: tuple[str, str], status: int = 200
) -> dict[str, list[dict[str, Any]]]:
    return {
        "images": [{"image_url": url, "outcome": "fetched", "status": status}],
        "hops": [
            {
                "subject": "image",
                "url": url,
                "hop": 0,
                "hop_url": url,
                "status": status,
                "headers": [{"name": n, "value": v} for n, v in headers],
            }
        ],
    }


def robots_record(place: str, body: bytes | None, **more: Any) -> dict[str, Any]:
    row = {"origin": place, "kind": "robots.txt", "url": f"{place}/robots.txt", "body": body}
    return row | {"outcome": "fetched", "status": 200} | more


def write_run(case: Case, records: dict[str, list[dict[str, Any]]], **named: str) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    run = {"run_id": "2026-11-21T101500Z", "source": "crawl", **named}
    folder = case.observations / f"run={run['run_id']}"
    folder.mkdir(parents=True)
    common = {"case_id": case.case_id, **run, "observed_at": WHEN}
    for name, schema in SCHEMAS.items():
        rows = [common | row for row in records.get(name, [])]
        pq.write_table(pa.Table.from_pylist(rows, schema), folder / f"{name}.parquet")
    summary = {**run, "format": FORMAT, "finished_at": WHEN.isoformat()}
    (folder / "summary.json").write_text(json.dumps(summary), "utf-8")


def joined(*parts: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    records: dict[str, list[dict[str, Any]]] = {}
    for part in parts:
        for name, rows in part.items():
            records.setdefault(name, []).extend(rows)
    return records


@pytest.fixture
def case(tmp_path: Path) -> Case:
    case = create_case(tmp_path / "case", ["https://a.example/"], created=date(2026, 11, 20))
    files = {
        "site_files": [
            robots_record("https://a.example", ROBOTS),
            robots_record(
                "https://cdn.example", None, outcome="failed", status=None, reason="no answer"
            ),
            robots_record("https://empty.example", b"<html>", status=503),
        ],
        "metas": [
            {
                "page_url": "https://a.example/",
                "position": 2,
                "name": "robots",
                "content": "noai",
                "raw": '<meta name="robots" content="noai">',
            }
        ],
    }
    crawled = joined(
        files,
        image(
            "https://a.example/art/1.jpg", ("x-robots-tag", "noai"), ("link", '<l>; rel="license"')
        ),
        image(
            "https://a.example/art/2.jpg", ("content-type", "image/jpeg"), ("tdm-reservation", "1")
        ),
        image("https://a.example/logo.png", ("link", "<x>; rel=preload; title=license")),
        image("https://cdn.example/3.jpg", ("x-robots-tag", "noai"), ("x-robots-tag", "all")),
    )
    write_run(case, crawled)
    listed = [
        {"image_url": url, "outcome": "listed"}
        for url in ("https://a.example/art/1.jpg", "HTTPS://a.example/art/9.jpg", "file:x.jpg")
    ]
    write_run(case, {"images": listed}, run_id="2026-11-22T101500Z", source="list")
    return case


def test_summary_per_origin_and_reader(case: Case) -> None:
    with open_case(case) as connection:
        rows = reader_summary(connection)
    assert [row.origin for row in rows] == sorted(row.origin for row in rows)
    told = {
        (row.origin.removeprefix("https://"), row.reader.name): (
            *(row.allowed, row.disallowed, row.unknown),
            row.deciding.raw,
        )
        for row in rows
        if row.reader.name in ("img2dataset", "GPTBot", "CCBot")
    }
    assert told == {
        ("a.example", "img2dataset"): (2, 1, 1, "noai"),
        ("a.example", "CCBot"): (4, 0, 0, ""),
        ("a.example", "GPTBot"): (1, 3, 0, "Disallow: /art/"),
        ("cdn.example", "img2dataset"): (0, 1, 0, "noai"),
        ("cdn.example", "CCBot"): (0, 0, 1, ""),
        ("cdn.example", "GPTBot"): (0, 0, 1, ""),
        ("empty.example", "CCBot"): (0, 0, 0, ""),
        ("empty.example", "GPTBot"): (0, 0, 0, ""),
    }
    by_key = {(row.origin, row.reader.name): row for row in rows}
    assert by_key["https://empty.example", "GPTBot"].deciding.value == "disallowed"


def test_image_verdicts_prefer_the_source_that_asked(case: Case) -> None:
    with open_case(case) as connection:
        found = {(url, v.reader): v for url, v in image_verdicts(connection)}
        assert list(found) == [key for key, _ in found.items()]
    assert len(found) == 5 * len(reported())
    assert found["https://a.example/art/1.jpg", "img2dataset"].value == "disallowed"
    listed = found["HTTPS://a.example/art/9.jpg", "img2dataset"]
    assert (listed.value, listed.why.rpartition(": ")[2]) == ("unknown", "it was not asked for")
    assert found["HTTPS://a.example/art/9.jpg", "GPTBot"].value == "disallowed"


def test_signals_as_served(case: Case) -> None:
    with open_case(case) as connection:
        rows = relation(connection, "signals", all_runs=False).to_arrow_table().to_pylist()
        assert list(rows[0]) == [
            *("observed_at", "signal", "subject", "url", "where_found", "raw", "run_id")
        ]
    assert [(r["signal"], r["url"].removeprefix("https://"), r["raw"]) for r in rows] == [
        ("link", "a.example/art/1.jpg", '<l>; rel="license"'),
        ("x-robots-tag", "a.example/art/1.jpg", "noai"),
        ("tdm-reservation", "a.example/art/2.jpg", "1"),
        ("x-robots-tag", "cdn.example/3.jpg", "noai"),
        ("x-robots-tag", "cdn.example/3.jpg", "all"),
        ("meta robots", "a.example/", '<meta name="robots" content="noai">'),
        ("robots.txt", "a.example/robots.txt", "fetched with status 200"),
        ("robots.txt", "cdn.example/robots.txt", "failed no answer"),
        ("robots.txt", "empty.example/robots.txt", "fetched with status 503"),
    ]


def test_robots_rows_keep_every_line_but_comments(case: Case) -> None:
    with open_case(case) as connection:
        rows = list(robots_rows(connection))
    assert [(row["line"], row["raw"], row["agents"]) for row in rows] == [
        (2, "User-agent: *", ["*"]),
        (3, "Content-Signal: ai-train=no", ["*"]),
        (4, "Disallow:", ["*"]),
        (6, "User-agent: GPTBot", ["GPTBot"]),
        (7, "Disallow: /art/", ["GPTBot"]),
    ]


def test_twenty_thousand_images(tmp_path: Path) -> None:
    case = create_case(tmp_path / "case", ["https://a.example/"], created=date(2026, 11, 20))
    rules = b"".join(b"Disallow: /private/%d/*.jpg$\n" % n for n in range(300))
    images = [image(f"https://a.example/{n}.jpg", ("x-robots-tag", "noai")) for n in range(20_000)]
    files = {"site_files": [robots_record("https://a.example", b"User-agent: *\n" + rules)]}
    write_run(case, joined(files, *images))
    started = time.process_time()
    with open_case(case) as connection:
        rows = reader_summary(connection)
        assert time.process_time() - started < 30
        given = 0
        for _ in image_verdicts(connection):
            if given % 10_000 == 0:  # other questions may be asked meanwhile
                connection.execute("SELECT 1").fetchall()
            given += 1
    assert given == 20_000 * len(reported())
    by_reader: dict[str, Reader | int] = {row.reader.name: row.allowed for row in rows}
    assert by_reader == {
        "img2dataset": 0,
        **dict.fromkeys(("CCBot", "GPTBot", "Google-Extended", "ClaudeBot"), 20_000),
    }

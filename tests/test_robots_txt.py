"""robots.txt: cases by clause of RFC 9309, a public test suite, real files, any bytes."""

from __future__ import annotations

import codecs
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.signals.robots_dialect import STRICT, Dialect
from crawler.signals.robots_txt import LIMIT, parse, rules_for
from optout.readers.dialects import dialects

VECTORS = Path(__file__).parent / "vectors"
GOOGLE = dialects()["google"]


def vectors(name: str) -> list[Any]:
    found = []
    for case in json.loads((VECTORS / f"{name}.json").read_text("utf-8")):
        marks = [pytest.mark.xfail(strict=True, reason=case["xfail"])] if "xfail" in case else []
        found.append(pytest.param(case, id=case["name"], marks=marks))
    return found


def decided(case: dict[str, Any], dialect: Dialect = STRICT) -> list[dict[str, Any]]:
    """The expectations of a case, with what was decided instead of what is expected."""
    robots = parse(case["input"].encode(), dialect)
    found = []
    for asked in case["expected"]:
        decision = robots.decide(asked["agent"], asked["target"])
        found.append(asked | {"allowed": decision.allowed, "line": decision.line})
    return found


@pytest.mark.parametrize("case", vectors("robots_rfc9309"))
def test_case(case: dict[str, Any]) -> None:
    assert decided(case) == case["expected"]


@pytest.mark.parametrize("case", vectors("robots_google"))
def test_google_case(case: dict[str, Any]) -> None:
    assert decided(case, GOOGLE) == case["expected"]


def test_google_reads_so_much_of_a_line() -> None:
    start = b"Disallow: /b"
    path = "/b" + "c" * (16_663 - len(start))
    body = b"User-agent: *\n" + start + b"c" * (16_663 - len(start)) + b"d\n"
    assert not parse(body, GOOGLE).decide("x", path).allowed
    assert parse(body, GOOGLE).decide("x", path[:-1]).allowed
    assert parse(body).decide("x", path).allowed


@pytest.mark.parametrize(
    ("dialect", "status", "allowed"),
    [
        (GOOGLE, 429, False),
        (GOOGLE, 404, True),
        (GOOGLE, 503, False),
        (GOOGLE, 301, True),
        (dialects()["amazon"], 503, True),
        (dialects()["amazon"], None, True),
    ],
)
def test_status_in_a_dialect(dialect: Dialect, status: int | None, allowed: bool) -> None:
    decision = rules_for(status, b"", dialect).decide("x", "/y")
    assert (decision.allowed, decision.clause) == (allowed, dialect.clause)


def test_decision_carries_its_line_group_and_clause() -> None:
    robots = parse(b"User-agent: GPTBot/1.1\n  Disallow: /x   # mine\nUser-agent: *\nAllow: /\n")
    decision = robots.decide("gptbot", "/x")
    assert decision.raw == "  Disallow: /x   # mine"
    assert decision.group == "GPTBot/1.1"
    assert decision.clause == "RFC 9309 2.2.2"
    assert robots.decide("gptbot", "/y").group == "GPTBot/1.1"
    assert parse(b"User-agent: a\nDisallow: /").decide("b", "/").group is None


def test_every_line_is_kept_with_its_group() -> None:
    body = (
        b"License: https://a.example/l.xml\nContent-Signal: ai-train=no\n\n"
        b"User-agent: *\nContent-Usage: train-ai=n\nUser-agent: GPTBot\nDisallow: /\n"
        b"Sitemap: https://a.example/s.xml\nno colon\n\xff\xfe: \xff\n"
    )
    kept = [(d.line, d.key, d.value, d.agents) for d in parse(body).lines]
    both = ("*", "GPTBot")
    assert kept == [
        (1, "license", "https://a.example/l.xml", ()),
        (2, "content-signal", "ai-train=no", ()),
        (4, "user-agent", "*", both),
        (5, "content-usage", "train-ai=n", both),
        (6, "user-agent", "GPTBot", both),
        (7, "disallow", "/", both),
        (8, "sitemap", "https://a.example/s.xml", ()),
        (9, "", "", both),
        (10, "\ufffd\ufffd", "\ufffd", both),
    ]
    assert parse(body).sitemaps == ("https://a.example/s.xml",)


def test_group_lines_are_those_of_the_group_that_speaks() -> None:
    robots = parse(b"User-agent: *\nContent-Signal: ai-train=no\nDisallow: /x\nUser-agent: a\n")
    assert [d.line for d in robots.group_lines("a")] == [4]  # nothing is inherited from "*"
    assert [d.line for d in robots.group_lines("b")] == [1, 2, 3]
    assert parse(b"").group_lines("b") == ()


@pytest.mark.parametrize(
    ("value", "delay"),
    [("5", 5.0), ("0.5", 0.5), ("-1", None), ("nan", None), ("inf", None), ("1s", None)],
)
def test_crawl_delay(value: str, delay: float | None) -> None:
    robots = parse(f"User-agent: a\nCrawl-delay: {value}\nUser-agent: *\nDisallow:\n".encode())
    assert robots.crawl_delay("A") == delay


def test_longest_of_several_delays() -> None:
    robots = parse(b"User-agent: *\nCrawl-delay: 9\nDisallow:\nUser-agent: *\nCrawl-delay: 3\n")
    assert robots.crawl_delay("x") == 9


@pytest.mark.parametrize(
    ("status", "allowed", "clause"),
    [
        (200, False, "RFC 9309 2.2.2"),
        (206, False, "RFC 9309 2.2.2"),
        (301, True, "RFC 9309 2.3.1.2"),
        (401, True, "RFC 9309 2.3.1.3"),
        (404, True, "RFC 9309 2.3.1.3"),
        (429, True, "RFC 9309 2.3.1.3"),
        (500, False, "RFC 9309 2.3.1.4"),
        (503, False, "RFC 9309 2.3.1.4"),
        (None, False, "RFC 9309 2.3.1.4"),
        (999, False, "RFC 9309 2.3.1.4"),
    ],
)
def test_status_decides_before_the_body(status: int | None, allowed: bool, clause: str) -> None:
    decision = rules_for(status, b"User-agent: *\nDisallow: /").decide("x", "/y")
    assert (decision.allowed, decision.clause) == (allowed, clause)
    if not 200 <= (status or 0) < 300:
        assert (decision.raw, decision.line) == ("", None)


def test_a_cut_line_is_dropped() -> None:
    """RFC 9309, 2.5: at least 500 KiB are read; half a rule would be another rule."""
    start = b"User-agent: *\n"
    rule = b"Disallow: /private"
    for missing in range(1, len(rule)):
        comment = b"#" * (LIMIT - len(start) - 1 - len(rule) + missing) + b"\n"
        body = start + comment + rule + b"\n"
        assert parse(body).decide("x", "/y").allowed
        assert parse(body).decide("x", "/private").allowed
    whole = start + b"#" * (LIMIT - len(start) - 1 - len(rule)) + b"\n" + rule
    assert len(whole) == LIMIT
    assert not parse(whole).decide("x", "/private").allowed
    assert not parse(whole + b"\nAllow: /private").decide("x", "/private").allowed


def test_many_wildcards_take_no_time() -> None:
    patterns = [b"/" + b"a*" * 5000 + b"b$", b"/" + b"*a" * 5000, b"/*" + b"a" * 4000 + b"*c"]
    body = b"User-agent: *\n" + b"".join(b"Disallow: " + p + b"\n" for p in patterns)
    robots = parse(body)
    started = time.process_time()
    for _ in range(20):
        assert robots.decide("x", "/" + "a" * 4999).allowed
    assert time.process_time() - started < 2.0


def test_hostile_files_are_read_in_bounded_time() -> None:
    names = b"".join(b"User-agent: a%s\n" % (b"b" * (i % 50)) for i in range(8000))
    started = time.process_time()
    for body in (
        b"a\n" * 300_000,
        names + b"Disallow: /*x\n" * 20_000,
        b"User-agent:a\rAllow:/\r" * 9**5,
    ):
        assert parse(body).decide("ab", "/y").allowed
    assert time.process_time() - started < 20.0


@settings(deadline=None)
@given(st.binary(max_size=400), st.text(max_size=20), st.text(max_size=40))
def test_any_bytes(body: bytes, token: str, target: str) -> None:
    parse(body, GOOGLE).decide(token, target)
    robots = parse(body)
    robots.decide(token, target)
    robots.crawl_delay(token)
    for line in robots.lines:
        line.raw.encode()
        line.value.encode()


_LINES = st.lists(
    st.tuples(
        st.sampled_from(["User-agent", "Allow", "Disallow", "Content-Signal", "x"]),
        st.sampled_from(["*", "a", "b", "/", "/a", "/a*", "/*a$", "/b%61", "", "a b"]),
    ),
    max_size=12,
)


@given(_LINES, st.sampled_from(["a", "b", "c"]), st.text("/ab%61", max_size=6))
def test_decision_names_a_line_that_says_so(
    lines: list[tuple[str, str]], token: str, target: str
) -> None:
    body = "\n".join(f"{key}: {value}" for key, value in lines)
    decision = parse(body.encode()).decide(token, "/" + target)
    if decision.line is None:
        assert decision.allowed
        assert decision.raw == ""
    else:
        assert body.split("\n")[decision.line - 1] == decision.raw
        assert decision.raw.startswith("Allow" if decision.allowed else "Disallow")


@given(st.text("/a*$%4", max_size=8), st.text("a*$%/4", max_size=8))
def test_patterns_match_as_an_obvious_reference(pattern: str, path: str) -> None:
    """The same language by way of `re`, which is too slow for hostile patterns."""
    from crawler.signals.path_pattern import normalised, path_pattern, target_octets

    anchored = pattern.endswith("$")
    body = pattern[:-1] if anchored else pattern
    pieces = [re.escape(normalised(piece.encode())) for piece in body.split("*")]
    expression = b".*".join(pieces) + (b"$" if anchored else b"")
    compiled = path_pattern(pattern.encode())
    expected = pattern.startswith(("/", "*")) and re.match(expression, target_octets("/" + path))
    assert bool(compiled and compiled.covers(target_octets("/" + path))) == bool(expected)


def test_real_files(shared: Path) -> None:
    import pyarrow.parquet as pq

    bodies = pq.read_table(shared / "data/robots/robots_txt_sample.parquet")["content"]
    assert len(bodies) == 483
    started = time.process_time()
    for body in bodies.to_pylist():
        robots = [parse(body, dialect) for dialect in dialects().values()]
        assert [line.line for line in robots[0].lines] == sorted(d.line for d in robots[0].lines)
        for token in ("GPTBot", "CCBot", "img2dataset", "optout"):
            for target in ("/", "/images/a.jpg?w=1", "/wp-admin/x"):
                for rules in robots:
                    rules.decide(token, target)
    assert time.process_time() - started < 20.0


# --- the public suite (google/robotstxt-spec-test), read from beside the checkout ---

_TOKENS = re.compile(r'#[^\n]*|"((?:[^"\\\n]|\\.)*)"|([A-Za-z_]+)\s*(:?)|([\[\]{}])|[\s,]+')


def textproto(text: str) -> list[tuple[str, str]]:
    """(field, value) in order of appearance; adjacent strings are joined."""
    found: list[tuple[str, str]] = []
    for match in _TOKENS.finditer(text):
        string, word, colon = match[1], match[2], match[3]
        if string is not None:
            key, value = found[-1]
            found[-1] = key, value + string
        elif word and colon:
            found.append((word, ""))
        elif word:
            found[-1] = found[-1][0], word
    return found


def unescaped(text: str) -> bytes:
    return codecs.escape_decode(text.encode())[0]


def expectations(folder: Path) -> Iterator[tuple[str, bytes, dict[str, str]]]:
    """(file, robots.txt, expectation) of the whole suite."""
    for file in sorted(folder.rglob("*.textproto")):
        robots = b""
        current: dict[str, str] = {}
        for key, value in [*textproto(file.read_text("utf-8")), ("testurl", "")]:
            if key in ("robotstxt", "testurl") and current:
                yield f"{file.parent.name}/{file.stem}", robots, current
                current = {}
            if key == "robotstxt":
                robots = unescaped(value)
            elif key in ("useragent", "expected_outcome", "test_type", "testurl"):
                current[key] = value


def target_of(url: str) -> str:
    parts = urlsplit(url)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


# What RFC 9309 says otherwise, or does not know: (file, agent, address) → the clause.
CONTRADICTIONS = {
    ("correctness/accepted-mistakes", "FooBot", "http://foo.bar/x/y"): "2.2: a colon is needed",
    (
        "correctness/index-page",
        "foobot",
        "http://foo.com/allowed-slash/",
    ): "2.2.2: index.html is a path",
    (
        "correctness/non-ascii-paths",
        "FooBot",
        "http://foo.bar/foo/bar/ツ",
    ): "2.2.2: encode before comparing",
    (
        "correctness/non-ascii-paths",
        "FooBot",
        "http://foo.bar/foo/bar/baz",
    ): "2.2.2: decode unreserved",
    ("stress/327748", "asdfbot", "http://m.example.com/robots.txt"): "2.2.2: implicitly allowed",
    ("stress/369883", "BarBot", "http://example.com/robots.txt"): "2.2.2: implicitly allowed",
    ("stress/369883", "AB", "http://example.com/robots.txt"): "2.2.2: implicitly allowed",
    ("stress/860237", "XYZ", "http://example.com/robots.txt"): "2.2.2: implicitly allowed",
}


def misjudged(suite: Path, dialect: Dialect) -> list[tuple[str, str, str]]:
    """The expectations of the suite that are not met."""
    wrong = []
    for file, body, expected in expectations(suite):
        agent, url = expected.get("useragent", ""), unescaped(expected["testurl"]).decode()
        allowed = parse(body, dialect).decide(agent, target_of(url)).allowed
        if allowed != (expected["expected_outcome"] == "ALLOWED"):
            wrong.append((file, agent, url))
    return wrong


@pytest.fixture(scope="module")
def suite(shared: Path) -> Path:
    return shared / "suites/robotstxt-spec-test"


def test_the_public_suite_is_whole(suite: Path) -> None:
    kinds = [expected.get("test_type", "STANDARD") for _, _, expected in expectations(suite)]
    assert (kinds.count("STANDARD"), kinds.count("GOOGLE_SPECIFIC")) == (378, 22)


def test_public_suite(suite: Path) -> None:
    """Whatever does not contradict the RFC is met, and each contradiction is one."""
    assert set(misjudged(suite, STRICT)) == set(CONTRADICTIONS)


def test_public_suite_as_google_reads(suite: Path) -> None:
    """The suite is older than the RFC and describes Google's parser: all of it, extras included."""
    assert misjudged(suite, GOOGLE) == []

"""Merging into a present robots.txt: training crawlers are kept out, search is as before."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from protego import Protego

from crawler.signals.robots_txt import LIMIT, parse
from optout.errors import ProtectError
from optout.protect.agents import agents, asked_to_stay_away, search_agents
from optout.protect.robots import merge, token

NAMES = asked_to_stay_away()
# What a reader that keeps to RFC 9309 can match; the others are there for readers that do not.
MATCHABLE = [name for name in NAMES if token(name) == name.lower()]
PATHS = (
    "/",
    "/a",
    "/a/b.jpg",
    "/private/x",
    "/works/1.jpg?w=300",
    "/%7Ea",
    "/b/c$d",
    "/robots.txt",
)
SEARCH = ["Googlebot", "bingbot", *(agent.token for agent in search_agents())]

LINE = st.one_of(
    st.sampled_from(
        [f"User-agent: {name}" for name in ("*", "GPTBot", "gptbot/1.0", "CCBot", "Googlebot")]
        + [f"User-Agent:{name}" for name in ("bingbot", "img2dataset", "Applebot", "Other", "* x")]
        + ["Allow: /", "Allow:", "Allow: /a", "Disallow: /", "Disallow:", "Disallow: /a/*.jpg$"]
        + ["Disallow: *", "Sitemap: https://a.example/s.xml", "", "# a comment", "nonsense", ":"]
        + ["Content-Signal: search=yes, ai-train=yes", "Content-Signal: ai-train=no"]
        + ["Content-Usage: train-ai=n", "Content-Usage: /a train-ai=y", "Crawl-delay: 5"]
        + ["License: https://a.example/l.xml", "user-agent : ClaudeBot # mine", "\ufeff"]
    ),
    st.text(max_size=20),
)


@st.composite
def robots_files(draw: st.DrawFn) -> bytes:
    ends = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    lines = draw(st.lists(LINE, max_size=14))
    text = ends.join(lines) + draw(st.sampled_from(["", ends]))
    head = draw(st.sampled_from([b"", b"\xef\xbb\xbf"]))
    return head + text.encode("utf-8", "surrogatepass") + draw(st.sampled_from([b"", b"\xff\xfe"]))


@settings(max_examples=400, deadline=None)
@given(robots_files())
@example(b"User-agent: *\nContent-Signal: ai-train=no\nUser-agent: GPTBot\nDisallow: /")
@example(b"Allow: /\nUser-agent: GPTBot\nAllow: /\n")
@example(b"User-agent: Googlebot")
@example(
    b"User-agent: *\nDisallow: /x\n\nUser-agent: GPTBot\nAllow: /\n\nUser-agent: b\nDisallow: /"
)
def test_search_keeps_its_rules_and_training_is_kept_out(present: bytes) -> None:
    before, merged = parse(present), merge(present, NAMES).body
    after = parse(merged)
    for path in PATHS:
        for name in SEARCH:
            was, now = before.decide(name, path), after.decide(name, path)
            assert (was.allowed, was.raw or "") == (now.allowed, now.raw or "") or (
                was.allowed and now.allowed
            ), (name, path, merged)
        if path != "/robots.txt":
            for name in MATCHABLE:
                assert not after.decide(name, path).allowed, (name, path, merged)


@settings(max_examples=200, deadline=None)
@given(robots_files())
def test_a_second_merge_changes_nothing(present: bytes) -> None:
    once = merge(present, NAMES, licence="https://a.example/license.xml")
    again = merge(once.body, NAMES, licence="https://a.example/license.xml")
    assert (again.body, again.changes) == (once.body, ())


@settings(max_examples=200, deadline=None)
@given(robots_files())
def test_every_group_that_may_read_something_states_the_preference(present: bytes) -> None:
    after = parse(merge(present, NAMES).body)
    for name in ("Googlebot", "bingbot", "Other", "nobody-names-me"):
        lines = after.group_lines(name)
        if any(d.key == "allow" and d.value for d in lines) or not any(
            d.key == "disallow" and d.value in ("/", "*", "/*") for d in lines
        ):
            said = {d.key for d in lines}
            assert {"content-signal", "content-usage"} <= said, (name, lines)
            assert not any("ai-train=yes" in d.value for d in lines if d.key == "content-signal")


def test_no_file_gives_a_whole_one() -> None:
    assert merge(None, ["GPTBot", "CCBot"], licence="https://a.example/l.xml").body.decode() == (
        "# Training crawlers are asked to stay away; search engines are not touched.\n"
        "User-agent: GPTBot\nUser-agent: CCBot\nDisallow: /\n\n"
        "User-agent: *\nContent-Signal: search=yes, ai-train=no\nContent-Usage: train-ai=n\n"
        "Allow: /\n\nLicense: https://a.example/l.xml\n"
    )


def test_the_owners_lines_stay_where_they_are() -> None:
    present = (
        b"# My site\r\n\r\n# Nobody needs the drafts\r\nUser-agent: *\r\nDisallow: /drafts\r\n\r\n"
        b"User-agent: GPTBot\r\nAllow: /\r\n\r\nSitemap: https://a.example/s.xml\r\n"
    )
    merged = merge(present, ["GPTBot"])
    assert merged.body.decode() == (
        "# My site\r\n\r\n"
        "# Training crawlers are asked to stay away; search engines are not touched.\r\n"
        "User-agent: GPTBot\r\nDisallow: /\r\n\r\n"
        "# Nobody needs the drafts\r\nUser-agent: *\r\n"
        "Content-Signal: search=yes, ai-train=no\r\nContent-Usage: train-ai=n\r\n"
        "Disallow: /drafts\r\n\r\n"
        "# User-agent: GPTBot\r\n# Allow: /\r\n\r\nSitemap: https://a.example/s.xml\r\n"
    )
    assert merged.changes == (
        "asks 1 training crawlers to stay away: GPTBot",
        "takes out of the groups they had until now: GPTBot",
        "says “no training” in the group for *",
    )


def test_a_named_search_group_is_given_its_own_preferences() -> None:
    merged = merge(b"User-agent: Googlebot\nDisallow: /x\n", ["GPTBot"]).body.decode()
    group = parse(merged.encode()).group_lines("Googlebot")
    assert [d.key for d in group] == ["user-agent", "content-signal", "content-usage", "disallow"]


def test_what_is_shut_already_is_left_alone() -> None:
    shut = b"User-agent: *\nDisallow: /\n"
    assert merge(shut, NAMES) == merge(shut, []) and merge(shut, NAMES).body == shut


def test_a_file_that_readers_would_cut_is_refused() -> None:
    with pytest.raises(ProtectError, match="readers look at the first"):
        merge(b"User-agent: *\nDisallow: /x\n" + b"# long\n" * (LIMIT // 7), NAMES)


def test_real_files_keep_search_and_shut_training_out(shared: Path) -> None:
    import pyarrow.parquet as pq

    table = pq.read_table(shared / "data" / "robots" / "robots_txt_sample.parquet")
    done = 0
    for present in table["content"].to_pylist():
        if len(present) > LIMIT - 8192:
            continue
        before, after = parse(present), parse(merge(present, NAMES).body)
        for path in PATHS[:-1]:
            for name in ("Googlebot", "bingbot", "DuckDuckBot"):
                assert before.decide(name, path).allowed == after.decide(name, path).allowed
            assert not any(after.decide(name, path).allowed for name in MATCHABLE)
        # Nor does a reader that parses otherwise (groups split, names by prefix) lose a page.
        one, other = (
            Protego.parse(body.decode("utf-8-sig", "replace"))
            for body in (present, merge(present, NAMES).body)
        )
        for path in PATHS[:-1]:
            for name in SEARCH:
                url = f"https://a.example{path}"
                assert one.can_fetch(url, name) == other.can_fetch(url, name), (name, path)
        done += 1
    assert done > 300


def test_no_name_both_searches_and_is_shut_out() -> None:
    assert not {a.token for a in agents() if a.searches} & set(NAMES)


def test_a_file_whose_errors_would_shut_search_out_is_not_edited() -> None:
    present = b"Useragent: Googlebot\nUser-agent: FooBot\nDisallow: /private\n"
    with pytest.raises(ProtectError, match="Googlebot would be shut out"):
        merge(present, ["GPTBot"])

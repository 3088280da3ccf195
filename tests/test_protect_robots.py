"""Merging into a present robots.txt: training crawlers are kept out, search is as before."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from protego import Protego

from crawler.signals.robots_txt import LIMIT, parse
from optout.errors import ProtectError
from optout.protect.agents import agents, asked_to_stay_away, search_agents
from optout.protect.robots import Merged, merge
from optout.protect.robots_groups import matchable
from optout.readers.dialects import dialects
from optout.readers.table import Reader, readers
from optout.readers.verdicts import Subject, site_file, verdict

NAMES = asked_to_stay_away()
# What a reader that keeps to RFC 9309 can match; the others are there for readers that do not.
MATCHABLE = [name for name in NAMES if matchable(name)]
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
        # What Google's parser forgives, and others do not.
        + [f"Useragent: {name}" for name in ("*", "Google-Extended", "Googlebot", "Other")]
        + ["user agent: GPTBot", "useragent CCBot", "User-agents: bingbot", "User-agent\0: CCBot"]
        + ["Dissallow: /a", "disallow /b", "Allow-all: /", "allow /a", "Site-map: /s.xml"]
        # Preferences that are not what they look like.
        + [f"Content-Usage: {text}" for text in ("Train-AI=n", "/blog/ train-ai=n", "/a search=y")]
        + [
            "Content-Usage: train-ai=n, train-ai=y",
            "Content-Usage:",
            "Content-Usage: /a Train-AI=n",
        ]
        + [f"Content-Signal: {text}" for text in ("ai-train=NO", "/a ai-train=no", "search=yes")]
        + ["Content-Signals: ai-train=no", "Content-Signals: ai-train=yes"]
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


def told(body: bytes, reader: Reader, path: str) -> str:
    """The verdict of one of readers.toml's readers."""
    file = site_file("https://a.example/robots.txt", outcome="fetched", status=200, body=body)
    subject = Subject(f"https://a.example{path}", site_files={"https://a.example": file})
    return verdict(reader, subject).value


PREFERENCES = [reader for reader in readers() if reader.name in ("AIPREF", "Content Signals")]

# One file each, and what is wrong with it.
UGLY = {
    "two groups that are one": b"User-agent: *\nContent-Signal: ai-train=no\nUser-agent: GPTBot\n"
    b"Disallow: /",
    "rules before the first group": b"Allow: /\nUser-agent: GPTBot\nAllow: /\n",
    "a group without rules": b"User-agent: Googlebot",
    "names that share a group": b"User-agent: *\nDisallow: /x\n\nUser-agent: GPTBot\nAllow: /\n\n"
    b"User-agent: b\nDisallow: /",
    "a key that Google forgives": b"User-agent: *\nDisallow: /x\n\nUseragent: Google-Extended\n"
    b"Allow: /\n",
    "its rules are the group's above for others": b"User-agent: *\nDisallow: /\n\n"
    b"Useragent: GPTBot\nAllow: /a\n",
    "it begins the file": b"Useragent: Googlebot\nUser-agent: FooBot\nDisallow: /private\n",
    "it lets in, before any group": b"Useragent: Google-Extended\nAllow: /\nDisallow: /a\n",
    "everybody, misspelt": b"Useragent: *\nDisallow: /a\n",
    "no colons": b"useragent GPTBot\nallow /\n\nuser-agent Googlebot\ndisallow /a\n",
    "rules that only Google reads": b"User-agent: *\nDisallow: /x\n\nUser-agent: GPTBot\n"
    b"disallow /a\nAllow: /b\n",
    "a key that ends at a NUL": b"User-agent\0: *\nUser-agent: GPTBot\nAllow: /\n",
    "one spelling each": b"User-agent: GPTBot\nUseragent: Googlebot\nAllow: /\nDisallow: /a\n",
    "a name twice": b"User-agent: GPTBot\nDisallow: /\n\nUseragent: gptbot/2\nAllow: /a\n",
    "a key twice": b"User-agent: *\nContent-Usage: train-ai=n, train-ai=y\nAllow: /\n",
    "upper case": b"User-agent: *\nContent-Usage: Train-AI=n\nContent-Signal: ai-train=NO\n",
    "upper case under a path": b"User-agent: *\nContent-Usage: train-ai=n\n"
    b"Content-Usage: /a Train-AI=n\nAllow: /\n",
    "for a path only": b"User-agent: *\nContent-Usage: /blog/ train-ai=n\n"
    b"Content-Signal: /blog/ ai-train=no\nAllow: /\n",
    "but not for a path": b"User-agent: *\nContent-Usage: train-ai=n\n"
    b"Content-Usage: /a/ train-ai=y\nContent-Usage: /works/ search=y\nDisallow: /b/\n",
    "a name that is no name": b"User-agent: *\nContent-Signals: ai-train=no\n\n"
    b"User-agent: Googlebot\nContent-Signals: search=yes, ai-train=yes\nDisallow: /raw/\n",
    "yes and no": b"User-agent: *\nContent-Signal: ai-train=no\nContent-Signal: ai-train=yes\n",
    "half a byte order mark": b"\xef\xbbUser-agent: GPTBot\nAllow: /\n",
}


def kept(present: bytes) -> None:
    """Every promise of a merge, by each dialect and by the readers of preferences."""
    body = merge(present, NAMES).body
    for dialect in dialects().values():
        before, after = parse(present, dialect), parse(body, dialect)
        for path in PATHS[:-1]:
            let_in = [name for name in MATCHABLE if after.decide(name, path).allowed]
            assert not let_in, (dialect.name, path, body)
            for name in (*SEARCH, "Other", "nobody-names-me"):
                if before.decide(name, path).allowed:
                    assert after.decide(name, path).allowed, (dialect.name, name, path, body)
    after = parse(body)
    for name in ("*", "googlebot", "bingbot", "other"):
        for path in (path for path in PATHS[:-1] if after.decide(name, path).allowed):
            for reader in PREFERENCES:
                said = told(body, replace(reader, token=name), path)
                assert said == "disallowed" or not after.names(name), (name, path, body)


@pytest.mark.parametrize("present", UGLY.values(), ids=UGLY)
def test_every_reader_reads_what_was_promised(present: bytes) -> None:
    kept(present)
    once = merge(present, NAMES)
    assert merge(once.body, NAMES) == Merged(once.body, ())


@settings(max_examples=150)
@given(robots_files())
def test_so_do_all_readers_of_any_file(present: bytes) -> None:
    kept(present)


@settings(max_examples=200)
@given(robots_files())
def test_search_keeps_its_rules(present: bytes) -> None:
    before, after = parse(present), parse(merge(present, NAMES).body)
    for path in PATHS:
        for name in SEARCH:
            was, now = before.decide(name, path), after.decide(name, path)
            assert was.raw == now.raw or (was.allowed and now.allowed), (name, path)


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
        "asks 1 training crawler to stay away: GPTBot",
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


def test_a_line_that_says_otherwise_is_turned_and_told() -> None:
    present = (
        b"User-agent: *\nContent-Usage: search=y;a, train-ai=y # mine\n"
        b"Content-Usage: /a  Train-AI=n\nContent-Signal: search=yes,ai-train=NO\nAllow: /\n"
    )
    merged = merge(present, [])
    assert merged.body.decode() == (
        "User-agent: *\nContent-Usage: search=y;a, train-ai=n # mine\n"
        "Content-Usage: /a train-ai=n\nContent-Signal: search=yes, ai-train=no\nAllow: /\n"
    )
    assert merged.changes == (
        "line 2: “search=y;a, train-ai=y” now says “search=y;a, train-ai=n”",
        "line 3: “/a  Train-AI=n” now says “/a train-ai=n”",
        "line 4: “search=yes,ai-train=NO” now says “search=yes, ai-train=no”",
    )


def test_a_misspelt_line_keeps_its_place_and_loses_its_name() -> None:
    present = b"User-agent: *\nDisallow: /x\n\nUseragent: Google-Extended # why?\nAllow: /\n"
    merged = merge(present, ["Google-Extended"])
    assert merged.body.endswith(b"\n\nUseragent: (was-Google-Extended) # why?\nAllow: /\n")
    assert "takes out of the groups they had until now: Google-Extended" in merged.changes


@pytest.mark.parametrize(
    "refusal",
    [
        "Content-Usage: search=n",
        "Content-Usage: train-ai=n, search=n",
        "Content-Usage: /raw/ search=n",
        "Content-Usage: Search=N",
        "Content-Signals: search=no",
        "Content-Usage: bots=n",
    ],
)
@pytest.mark.parametrize("place", ["User-agent: *\n{}\nAllow: /\n", "{}\n"])
def test_what_the_owner_refused_is_not_granted(place: str, refusal: str) -> None:
    merged = merge(place.format(refusal).encode(), NAMES)
    assert b"Content-Signal: ai-train=no\n" in merged.body
    assert b"search=yes" not in merged.body
    assert "search welcome" not in "".join(merged.changes)


def test_a_change_shows_all_that_the_line_says_then() -> None:
    merged = merge(b"User-agent: *\nContent-Usage: train-ai=y, search=n\nAllow: /\n", ["GPTBot"])
    assert "line 2: “train-ai=y, search=n” now says “train-ai=n, search=n”" in merged.changes
    assert merged.changes[0] == "asks 1 training crawler to stay away: GPTBot"

"""Identity's short ways: what says "no rule is concerned" must never be wrong."""

from __future__ import annotations

import json
import pickle
import re
import tomllib
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optout.identity import identify, memory
from optout.identity.bulk import _shares
from optout.identity.concerns import (
    NAME,
    PLATFORM,
    REWRITE,
    SIZE,
    WRAPPER,
    concerns,
    may_wrap,
    rewrites,
)
from optout.identity.memory import Memory
from optout.identity.names import PICTURES, is_plain
from optout.identity.rules import rules, text

RULES = tomllib.loads(text())
_NAMES, _STEMS = RULES["name"], RULES["stems"]


def _pattern(written: str) -> str:
    """A pattern of the table to draw from: its fragments filled in, what stands before left out."""
    for name, pattern in RULES["fragments"].items():
        written = written.replace(f"<{name}>", pattern)
    return re.sub(r"\(\?<[=!][^()]*\)", "", written)


def _drawn(written: str) -> st.SearchStrategy[str]:
    return st.from_regex(re.compile(_pattern(written), re.ASCII), fullmatch=True)


_END = st.one_of(*[_drawn(e["pattern"]) for e in _NAMES if e["at"] == "end"])
_START = st.one_of(*[_drawn(e["pattern"]) for e in _NAMES if e["at"] == "start"])
_STEM_END, _STEM_START = _drawn(_STEMS["ends"]), _drawn(_STEMS["starts"])
_SIGN = st.sampled_from("-_.@!~")
_PIECE = st.one_of(
    st.sampled_from(
        ["fox", "red", "w", "h", "rw", "0", "7", "2019", "b1946ac92492", "300x200", "x"]
    ),
    *[_drawn(RULES["fragments"][name]) for name in ("size", "other_size", "role")],
    st.from_regex(r"[a-z]{0,3}[0-9]{0,7}[a-z]{0,3}", fullmatch=True),
)


@st.composite
def _stems(draw: st.DrawFn) -> str:
    """Names with and without marks, of pieces with signs between."""
    pieces = draw(st.lists(st.one_of(_PIECE, _END, _STEM_END), min_size=1, max_size=4))
    begin = draw(st.sampled_from(["", "", "", "start", "stem"]))
    first = {"": st.just(""), "start": _START, "stem": _STEM_START}[begin]
    signs = [draw(st.sampled_from("----____.@!~")) for _ in pieces]
    joined = "".join(sign + piece for sign, piece in zip(signs, pieces, strict=True))
    return draw(first) + (joined if draw(st.integers(0, 5)) == 0 else joined[1:])


def _has_marks(stem: str) -> bool:
    table = rules()
    return bool(
        table.ends.pattern.search(stem)
        or table.telling_ends.pattern.search(stem)
        or table.starts.pattern.match(stem)
        or table.telling_starts.pattern.match(stem)
        or table.stems.ends.search(stem)
        or table.stems.starts.match(stem)
        or table.stems.letter.search(stem)
        or stem != stem.strip(" ._-")
    )


@given(_stems())
def test_a_plain_name_has_no_marks_of_size(stem: str) -> None:
    stem = stem.lower()
    if is_plain(f"{stem}.jpg", f"{stem}.jpg"):
        assert not _has_marks(stem)
        for rewrite in rules().rewrites:
            if rewrite.marks:
                assert not rewrite.pattern.search(f"/a/{stem}.jpg")


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("fox.jpg", True),
        ("Red-Fox_in_the-snow.jpeg", True),
        ("fox-2019-7.png", True),
        ("red-fox-abc.JPG", False),
        ("fox-300x200.jpg", False),
        ("fox_large.jpg", False),
        ("fox-scaled.jpg", False),
        ("fox-rotated.jpg", False),
        ("thumb_fox.jpg", False),
        ("20171212120106s.jpg", False),
        ("fox%20red.jpg", False),
        ("fox", False),
        ("_fox.jpg", False),
        (".jpg", False),
        ("jpg", False),
    ],
)
def test_plain_names(name: str, plain: bool) -> None:
    assert is_plain(name, name.lower()) == plain


@given(_PIECE, _SIGN, _END)
def test_every_end_lets_the_search_begin(before: str, sign: str, end: str) -> None:
    stem = f"{before}{sign}{end}".lower()
    table = rules()
    if table.ends.pattern.search(stem) or table.telling_ends.pattern.search(stem):
        assert table.last.match(stem)


@given(_PIECE, _SIGN, _STEM_END)
def test_every_end_of_a_stem_lets_the_search_begin(before: str, sign: str, end: str) -> None:
    stem = f"{before}{sign}{end}".lower()
    if rules().stems.ends.search(stem):
        assert rules().last.match(stem) or rules().stems.inner.search(stem)


def _words(patterns: list[str]) -> list[str]:
    """Every word written in the patterns, optional letters with and without."""
    letters = [re.sub(r"\(\?[:<=!]*|[^a-z]", " ", _pattern(one)) for one in patterns]
    short = [re.sub(r"[a-z]\?", "", _pattern(one)) for one in patterns]
    found = {word for text in (*letters, *short) for word in re.findall("[a-z]+", text)}
    return sorted(found)


def test_no_word_of_a_mark_is_missed() -> None:
    marks = [entry["pattern"] for entry in _NAMES] + [_STEMS["ends"], _STEMS["starts"]]
    for word in _words(marks):
        for form in ("{}", "{}2", "fox-{}", "fox_300x200-{}1", "w-300_{}", "1234567_{}",
                     "{}_fox", "{}300-fox", "{}-hd-fox"):  # fmt: skip
            stem = form.format(word)
            assert not (is_plain(f"{stem}.jpg", f"{stem}.jpg") and _has_marks(stem)), stem


_WORDS = [
    (kind, word)
    for kind, table in (("wrapper", rules().unwraps), ("platform", rules().platforms))
    for found in table.values()
    for rule in found
    for word in rule.needs
    if word != "?"
]
_FOLDERS = st.lists(
    st.sampled_from(
        ["art", "image", "is", "cache", "uploads", "thumb", "000", "x=", "plain", "default.jpg", "",
         "cdn-cgi", "_image", "_next", "-", "a-thumb-b", "xahr0cx", "products_default", "Styles"]
    ),
    max_size=6,
)  # fmt: skip


@given(_FOLDERS, st.sampled_from(["fox.jpg", "0.jpg", "native.jpg", "x.pagespeed.jpg", "_image"]))
def test_a_word_that_a_rule_needs_is_never_missed(folders: list[str], name: str) -> None:
    path = "/" + "".join(f"{folder}/" for folder in folders) + name
    kinds = concerns(path)
    for kind, word in _WORDS:
        if word in path.lower():
            assert kinds & {"wrapper": WRAPPER, "platform": PLATFORM}[kind]
    for number, rewrite in enumerate(rules().rewrites):
        if rewrite.exact and not rewrite.appended:
            assert (number in rewrites(kinds)) == rewrite.needed(path.lower())
        elif rewrite.needs and rewrite.needed(path.lower()) and rewrite.pattern.search(path):
            assert number in rewrites(kinds)


def test_what_a_path_concerns() -> None:
    assert concerns("/art/fox.jpg") == 0
    assert concerns("/art/thumbs/fox.jpg") & (SIZE | NAME) == SIZE
    assert concerns("/art/fox_large.jpg") == NAME
    assert concerns("/mira.com/fox.jpg") & WRAPPER
    assert concerns("/wp-content/uploads/fox.jpg") & REWRITE
    assert may_wrap("u=HTTPS%3A%2F%2Fmira.com") and may_wrap("w=3&i=a/fox.jpg")
    assert not may_wrap("w=300&v=1.5")


@pytest.mark.parametrize(
    "form", ["http://{}/a.jpg", "//{}/a.jpg", "HTTP://{}/a.jpg", "http://{}/%20"]
)
def test_a_host_longer_than_any_name_is_unreadable_in_every_spelling(form: str) -> None:
    longest = "a." * 126 + "b"
    assert identify(form.format(longest)).host == longest
    assert identify(form.format(f"c{longest}")).level is None


@pytest.mark.shared
def test_plain_names_of_real_addresses_have_no_marks(shared: Path) -> None:
    pairs = (shared / "suites" / "url_identity" / "pairs.jsonl").read_text("utf-8").splitlines()
    plain = 0
    for pair in map(json.loads, pairs):
        for url in (pair["variant"], pair["canonical_candidate"]):
            name = (identify(url).lossless or "").partition("?")[0].rpartition("/")[2]
            if is_plain(name, name.lower()):
                plain += 1
                stem, _, extension = name.lower().rpartition(".")
                assert extension in PICTURES and not _has_marks(stem)
    assert plain > 1000


def test_a_memory_stays_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_MOST", 3)
    asked: list[str] = []
    lengths = Memory(lambda text: asked.append(text) or len(text))
    for name in ("a", "bb", "a", "ccc", "dddd", "x" * 101, "x" * 101):
        assert lengths[name] == len(name)
    assert asked == ["a", "bb", "ccc", "dddd", "x" * 101, "x" * 101]
    assert list(lengths) == ["dddd"]


def test_a_share_of_a_large_array_is_sent_alone() -> None:
    array = pa.array(f"https://mira.example/art/fox-{number}.jpg" for number in range(50_000))
    shares = list(_shares([array]))
    assert pa.chunked_array(shares).equals(pa.chunked_array([array]))
    assert all(len(pickle.dumps(share)) < array.nbytes / 4 for share in shares)

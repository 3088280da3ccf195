"""Alternative texts, captions and names → the forms in which they are compared."""

from __future__ import annotations

import html
import re
import tomllib
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import pairwise

LONGEST = 2000  # characters; the crawl behind LAION cut texts there
_QUOTES = str.maketrans({"“": '"', "”": '"', "‘": "'", "’": "'", "|": " "})
_SHORTEST_SINGLE_NAME = 5  # letters; shorter single names are everyday words
_SHORTEST_SPACELESS_NAME = 3  # signs of such a script
# Han, kana and Hangul: words stand without spaces, or with particles at their end.
_SPACELESS = re.compile(r"[\u2e80-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff]")


@dataclass(frozen=True, slots=True)
class Generic:
    """What makes a text too common to compare (texts.toml)."""

    texts: frozenset[str]
    shortest: int
    fewest_words: int
    most_rows: int


@cache
def generic() -> Generic:
    """The limits and the list of texts.toml."""
    text = (resources.files(__package__) / "texts.toml").read_text("utf-8")
    table = tomllib.loads(text)["generic"]
    return Generic(
        frozenset(table["texts"]), table["shortest"], table["fewest_words"], table["most_rows"]
    )


def normal(text: str) -> str:
    """`text` as the pipelines left it, for comparison: entities, white space and case are one.

    The crawl behind LAION replaced `|`, tabs and line ends by spaces, straightened quotes,
    doubled backslashes and cut at 2,000 characters.

    >>> normal("A &quot;Red  Fox&quot; | snow") == normal("a “red fox” snow")
    True
    """
    return _cleaned(text).casefold()


def forms(text: str) -> set[str]:
    """`normal(text)`, and the same as a database that only knows lower case writes it."""
    cleaned = _cleaned(text)
    return {cleaned.casefold(), cleaned.lower()}


def _cleaned(text: str) -> str:
    if "&" in text:
        text = html.unescape(text)
    if not text.isprintable():
        text = "".join(char for char in text if char.isprintable() or char.isspace())
    text = " ".join(text.replace("\\\\", "\\").translate(_QUOTES).split())
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    return text[:LONGEST].strip()


def says_something(text: str) -> bool:
    """Whether equality with `text` can mean anything at all.

    >>> says_something("Untitled"), says_something("Red fox in the snow, gouache")
    (False, True)
    """
    limits = generic()
    plain = normal(text).strip(" .,:;!?-–—\"'()[]")
    if len(plain) < limits.shortest or plain in limits.texts:
        return False
    words = re.findall(r"[^\W\d_]{2,}", plain)
    # Scripts without spaces write several words as one run.
    return len(words) >= limits.fewest_words or _spaceless(plain)


def _spaceless(text: str) -> bool:
    return sum(char >= "\u3040" for char in text) >= generic().shortest


def folded(text: str) -> str:
    """Without case and accents: "Mira Sólberg" → "mira solberg"."""
    if text.isascii():
        return text.casefold()
    parts = unicodedata.normalize("NFKD", text)
    bare = "".join(char for char in parts if not unicodedata.combining(char))
    return unicodedata.normalize("NFC", bare).casefold()


@dataclass(frozen=True, slots=True)
class Names:
    """The artist's names that are looked for in captions, and those that are not."""

    patterns: tuple[tuple[str, re.Pattern[str]], ...]
    sql_pattern: str | None  # RE2, for captions without accents, any case
    left_out: tuple[str, ...]  # single words of fewer than five letters

    def found(self, caption: str) -> str | None:
        """The first name that stands in `caption` as a word of its own."""
        if not self.patterns:
            return None
        text = folded(html.unescape(caption) if "&" in caption else caption)
        return next((name for name, pattern in self.patterns if pattern.search(text)), None)


def names(written: Iterable[str]) -> Names:
    """Prepare `written` names for the search.

    >>> names(["Mira Solberg", "Ann"]).found("Fox by MIRA   SÓLBERG, 2019")
    'Mira Solberg'
    >>> names(["Ann"]).left_out
    ('Ann',)
    """
    patterns, sources, left_out = [], [], []
    for name in dict.fromkeys(" ".join(n.split()) for n in written if n.strip()):
        words = re.findall(r"\w+", folded(name))
        if _too_short(words):
            left_out.append(name)
            continue
        patterns.append((name, _pattern(words)))
        sources.append(_sql_pattern(words))
    sql = f"(?i){'|'.join(sources)}" if sources else None
    return Names(tuple(patterns), sql, tuple(left_out))


def _too_short(words: list[str]) -> bool:
    signs = sum(len(_SPACELESS.findall(word)) for word in words)
    if signs >= _SHORTEST_SPACELESS_NAME:
        return False
    letters = sum(char.isalpha() for word in words for char in word)
    return len(words) < 2 and letters < _SHORTEST_SINGLE_NAME


def _pattern(words: list[str]) -> re.Pattern[str]:
    """The name as words of their own; scripts without spaces have no words to stand between."""
    start = "" if _SPACELESS.match(words[0]) else r"(?<![^\W_])"
    end = "" if _SPACELESS.match(words[-1][-1]) else r"(?![^\W_])"
    return re.compile(f"{start}{_joined(words, _BETWEEN)}{end}")


def _sql_pattern(words: list[str]) -> str:
    # The database takes accents away but leaves the sharp s.
    return _joined(words, _BETWEEN_SQL).replace("ss", "(?:ss|ß)")


_BETWEEN = r"[\s\W_]"
_BETWEEN_SQL = r"[^\pL\pN]"


def _joined(words: list[str], between: str) -> str:
    text = re.escape(words[0])
    for before, word in pairwise(words):
        spaceless = _SPACELESS.match(before[-1]) and _SPACELESS.match(word)
        text += f"{between}{'*' if spaceless else '+'}{re.escape(word)}"
    return text

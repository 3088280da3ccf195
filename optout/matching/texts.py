"""Alternative texts, captions and names → the forms in which they are compared."""

from __future__ import annotations

import html
import re
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator
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
    accents = [sign for sign in set(parts) if unicodedata.combining(sign)]
    bare = one_of(accents).sub("", parts) if accents else parts
    return unicodedata.normalize("NFC", bare).casefold()


def as_searched(caption: str) -> str:
    """A caption as names are looked for in it: entities read, folded."""
    return folded(html.unescape(caption) if "&" in caption else caption)


def one_of(signs: Iterable[str]) -> re.Pattern[str]:
    """A pattern for any one of `signs`; on long texts far quicker than a look at each."""
    return re.compile(f"[{re.escape(''.join(sorted(signs)))}]")


def pieces(text: str) -> list[str]:
    """What `text` (folded) is made of: words; of scripts without spaces, single signs.

    >>> pieces("mira_solberg: 宮崎")
    ['mira', 'solberg', '宮', '崎']
    """
    return (_WORD if text.isascii() else _PIECE).findall(text)


_WORD = re.compile(r"[^\W_]+")
_PIECE = re.compile(rf"{_SPACELESS.pattern}|(?:(?!{_SPACELESS.pattern})[^\W_])+")


def spaceless(sign: str) -> bool:
    """Whether words of its script stand without spaces between them."""
    return _SPACELESS.match(sign) is not None


@dataclass(frozen=True, slots=True)
class Name:
    """A name that is looked for in captions."""

    written: str
    words: tuple[str, ...]  # folded
    pattern: re.Pattern[str]  # fits folded text


@dataclass(frozen=True, slots=True)
class Names:
    """The artist's names that are looked for in captions, and those that are not."""

    searched: tuple[Name, ...]
    left_out: tuple[str, ...]  # single words of fewer than five letters

    def found(self, caption: str) -> str | None:
        """The first name that stands in `caption` as a word of its own."""
        return self.standing_in(as_searched(caption))

    def standing_in(self, text: str) -> str | None:
        """The same of text `as_searched`."""
        return next((one.written for one in self.searched if one.pattern.search(text)), None)

    def first_pieces(self) -> Iterator[str]:
        """One piece for each name, which is among the pieces of every text the name stands in."""
        for one in self.searched:
            yield next(iter(pieces(one.words[0])), "")


def names(written: Iterable[str]) -> Names:
    """Prepare `written` names for the search.

    >>> names(["Mira Solberg", "Ann"]).found("Fox by MIRA   SÓLBERG, 2019")
    'Mira Solberg'
    >>> names(["Ann"]).left_out
    ('Ann',)
    """
    searched, left_out = [], []
    for name in dict.fromkeys(" ".join(n.split()) for n in written if n.strip()):
        words = re.findall(r"\w+", folded(name))
        if _too_short(words):
            left_out.append(name)
        else:
            searched.append(Name(name, tuple(words), _pattern(words)))
    return Names(tuple(searched), tuple(left_out))


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
    return re.compile(f"{start}{_joined(words)}{end}")


_BETWEEN = r"[\s\W_]"


def _joined(words: list[str]) -> str:
    text = re.escape(words[0])
    for before, word in pairwise(words):
        spaceless = _SPACELESS.match(before[-1]) and _SPACELESS.match(word)
        text += f"{_BETWEEN}{'*' if spaceless else '+'}{re.escape(word)}"
    return text

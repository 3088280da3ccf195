"""A path or a query → which kinds of rules may have a say in it; most have none.

A word that a rule needs, such as "/cdn-cgi/image/", stands in a path only where one of its pieces,
here the folder "cdn-cgi", stands between two slashes. So folders are judged one by one and
remembered. The answer may name a kind too many, whose rules are then asked in vain, never one too
few.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from itertools import chain
from typing import NamedTuple

from optout.identity.memory import Memory
from optout.identity.names import is_plain
from optout.identity.rules import rules

# Kinds of rules, added up. NAME: the file name is no picture's, or may have marks of size.
WRAPPER, PLATFORM, APPENDED, SIZE, NAME = 1, 2, 4, 8, 16
_SHIFT = 5  # each rewrite is a kind of its own, above those
REWRITE = -1 << _SHIFT  # any of them; those of an appended part come with APPENDED

_HOST_LIKE = re.compile(r"[a-z0-9.-]+\.[a-z]{2,12}")
# A picture's name that something is appended to: fox.jpg!thumb, fox.jpg/300x200
_APPENDED = re.compile(r"\.(?:jpe?g|png|gif|webp|avif)[^A-Za-z0-9]", re.I)


def concerns(path: str) -> int:
    """The kinds of rules that may have a say in `path`, which begins with a slash."""
    folders = path.split("/")
    kinds = of_name(folders.pop())
    for folder in folders[1:]:
        kinds |= _FOLDERS[folder]
    return kinds


def of_name(name: str) -> int:
    """The kinds that may have a say in a path because of its file name."""
    lower, pieces = name.lower(), _pieces()
    kinds = 0 if is_plain(name, lower) else NAME | _appended(name)
    for piece in pieces.any_inside:
        if piece in lower:
            kinds |= pieces.inside[piece]
    return kinds | _of_starts(lower) if lower.startswith(pieces.any_start) else kinds


def may_wrap(query: str) -> bool:
    """Whether a wrapper may find another address in `query`."""
    return "http" in query.lower() or rules().queries.search(query) is not None


@lru_cache(maxsize=4096)
def rewrites(kinds: int) -> tuple[int, ...]:
    """The numbers of the rewrites among `kinds`, in order."""
    found = kinds >> _SHIFT
    return tuple(number for number in range(found.bit_length()) if found >> number & 1)


class Size(NamedTuple):
    """A folder that says only size or format."""

    name: str  # of the rule
    telling: bool  # counts beside telling file names only


def size_of(folder: str) -> Size | None:
    """The rule by which `folder` says only size."""
    return _SIZES[folder]


def _size(folder: str) -> Size | None:
    table = rules()
    for marks, telling in ((table.folders, False), (table.telling_folders, True)):
        found = marks.pattern.match(folder) if folder else None
        if found:
            return Size(marks.name(found), telling)
    return None


class _Pieces(NamedTuple):
    """Pieces of the words that rules need, lower-case, with the kinds of those rules."""

    folders: dict[str, int]
    ends: dict[str, int]  # of a folder
    starts: dict[str, int]  # of a folder or of the file name
    inside: dict[str, int]
    any_start: tuple[str, ...]
    any_inside: tuple[str, ...]


@cache
def _pieces() -> _Pieces:
    folders: dict[str, int] = {}
    ends: dict[str, int] = {}
    starts: dict[str, int] = {}
    inside = {"http": WRAPPER}
    for word, kind in _words():
        before, *between, after = word.split("/") if "/" in word else ("", "", "")
        if "/" not in word:
            table, piece = inside, word
        elif between:
            table, piece = folders, between[0]
        else:
            table, piece = (ends, before) if before else (starts, after)
        table[piece] = table.get(piece, 0) | kind
    return _Pieces(folders, ends, starts, inside, tuple(starts), tuple(inside))


def _words() -> Iterator[tuple[str, int]]:
    table = rules()
    for kind, some in (
        (WRAPPER, chain.from_iterable(table.unwraps.values())),
        (PLATFORM, chain.from_iterable(table.platforms.values())),
    ):
        for rule in some:
            yield from ((word.lower(), kind) for word in rule.needs if word != "?")
    for number, rewrite in enumerate(table.rewrites):
        if rewrite.folder is None:
            yield from ((word, 1 << _SHIFT + number) for word in rewrite.needs)


def _of_folder(folder: str) -> int:
    lower, pieces = folder.lower(), _pieces()
    kinds = pieces.folders.get(lower, 0) | _of_starts(lower) | _appended(f"{folder}/")
    for table, fits in ((pieces.inside, lower.__contains__), (pieces.ends, lower.endswith)):
        for piece, kind in table.items():
            kinds |= kind if fits(piece) else 0
    for number, rewrite in enumerate(rules().rewrites):
        if rewrite.folder and rewrite.folder.fullmatch(folder):
            kinds |= 1 << _SHIFT + number
    kinds |= WRAPPER if _HOST_LIKE.fullmatch(folder) else 0
    return kinds | (SIZE if _SIZES[folder] else 0)


def _of_starts(lower: str) -> int:
    kinds = 0
    for piece, kind in _pieces().starts.items():
        kinds |= kind if lower.startswith(piece) else 0
    return kinds


def _appended(name: str) -> int:
    return appending() if _APPENDED.search(name) else 0


@cache
def appending() -> int:
    """APPENDED and the rewrites it brings along."""
    numbers = (number for number, rewrite in enumerate(rules().rewrites) if rewrite.appended)
    return APPENDED | sum(1 << _SHIFT + number for number in numbers)


_SIZES = Memory(_size)
_FOLDERS = Memory(_of_folder)

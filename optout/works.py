"""A case's images → works: images of one picture share a `work_id`."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote

from optout.database import relation
from optout.identity import identify
from optout.matching.texts import says_something

if TYPE_CHECKING:
    import duckdb

# What joins two images, in the order in which it is named as the reason.
_REASONS = ("file", "group", "key")


@dataclass(frozen=True, slots=True)
class Picture:
    """One image address with everything that may join it to others."""

    image_url: str
    groups: tuple[str, ...] = ()  # image_group: candidates of one picture on a page
    sha256: tuple[str, ...] = ()  # of every file seen at the address
    alts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Work:
    """The tie of one image to its work; a row of works.parquet without its case."""

    work_id: str
    image_url: str
    title: str | None
    joined_by: str


def case_works(connection: duckdb.DuckDBPyConnection) -> list[Work]:
    """The works of the case open at `connection`, in the order of image addresses."""
    rows = relation(connection, "work_images").fetchall()
    return join([Picture(url, tuple(g), tuple(s), tuple(a)) for url, g, s, a in rows])


def join(pictures: Sequence[Picture]) -> list[Work]:
    """Pictures that share a file, a group or an address key become one work.

    >>> a, b = Picture("https://m.example/fox.jpg"), Picture("http://www.m.example/fox-300x200.jpg")
    >>> [(w.work_id == w.work_id, w.joined_by) for w in join([a, b])]
    [(True, 'key'), (True, 'key')]
    """
    pictures = sorted(pictures, key=lambda picture: picture.image_url)
    keys = [identify(picture.image_url).key or picture.image_url for picture in pictures]
    ties = [_ties(picture, key) for picture, key in zip(pictures, keys, strict=True)]
    sharing = Counter(tie for of_one in ties for tie in of_one)
    roots = _roots(ties)
    members: dict[int, list[int]] = defaultdict(list)
    for index, root in enumerate(roots):
        members[root].append(index)
    named = {root: _named(group, pictures, keys) for root, group in members.items()}
    return [
        Work(named[root][0], picture.image_url, named[root][1], _joined_by(of_one, sharing))
        for picture, root, of_one in zip(pictures, roots, ties, strict=True)
    ]


Tie = tuple[str, str]  # ("file", sha256), ("group", image_group) or ("key", key)


def _ties(picture: Picture, key: str) -> list[Tie]:
    return [
        *(("file", sha256) for sha256 in picture.sha256),
        *(("group", group) for group in picture.groups),
        ("key", key),
    ]


def _roots(ties: Sequence[Iterable[Tie]]) -> list[int]:
    """Union-find: for each picture the smallest index of those it hangs together with."""
    parent = list(range(len(ties)))

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    first: dict[Tie, int] = {}
    for index, of_one in enumerate(ties):
        for tie in of_one:
            here, there = root(index), root(first.setdefault(tie, index))
            parent[max(here, there)] = min(here, there)
    return [root(index) for index in range(len(ties))]


def _joined_by(ties: Iterable[Tie], sharing: Counter[Tie]) -> str:
    found = {reason for reason, name in ties if sharing[reason, name] > 1}
    return next((reason for reason in _REASONS if reason in found), "alone")


def _named(
    group: Sequence[int], pictures: Sequence[Picture], keys: Sequence[str]
) -> tuple[str, str | None]:
    """work_id and title of the pictures in `group`."""
    members = [pictures[i] for i in group]
    files = [sha256 for picture in members for sha256 in picture.sha256]
    name = min(files) if files else min(keys[i] for i in group)
    digest = hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()
    return f"w-{digest[:16]}", _title(members)


def _title(members: Sequence[Picture]) -> str | None:
    """The text most of the pictures carry, preferring one that says something; else a file name."""
    texts = Counter(" ".join(alt.split()) for picture in members for alt in picture.alts)
    texts.pop("", None)
    best = min(
        texts,
        key=lambda text: (not says_something(text), -texts[text], -len(text), text),
        default="",
    )
    if best:
        return best
    urls = [picture.image_url.partition("?")[0] for picture in members]
    names = [unquote(url.rpartition("/")[2]) for url in urls]
    return min((name for name in names if name), default=None)

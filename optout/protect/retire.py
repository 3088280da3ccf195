"""Listed addresses on hosts the artist controls → how to end them without breaking a page.

Data sets hold links. A link that answers 410 gives nothing to the next one who downloads the set;
it changes nothing about copies that were made before.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, unquote_to_bytes, urlsplit

from crawler.urls import clean, origin, place_of, target
from optout.case import Case
from optout.errors import ProtectError
from optout.protect.own_hosts import Controls

if TYPE_CHECKING:
    import duckdb

Row = dict[str, Any]
File = tuple[str, str]  # host[:port], decoded path


@dataclass(frozen=True, slots=True)
class Gone:
    """One listed address that is to answer 410."""

    url: str  # as it is asked for
    rows: int  # of the data sets searched that name it
    shown: bool  # whether a page of the crawl uses it as it stands

    @property
    def place(self) -> str:
        return place_of(self.url)

    @property
    def path(self) -> bytes:
        """Decoded, as servers compare it."""
        return unquote_to_bytes(target(self.url).partition("?")[0])

    @property
    def query(self) -> str:
        return target(self.url).partition("?")[2]

    @property
    def key(self) -> str:
        """Path, "?" and query as the scripts for edge servers compare them."""
        path = target(self.url).partition("?")[0]
        with suppress(UnicodeDecodeError):  # nor can the script decode it
            path = unquote(path, errors="strict")
        return f"{path}?{self.query}"


@dataclass(frozen=True, slots=True)
class Rename:
    """One file that gets a new name, since pages show it at a listed address."""

    place: str
    old: str  # path as in an address
    new: str


@dataclass(frozen=True, slots=True)
class Mention:
    """One place in a page that must name the new address."""

    page_url: str
    where: str  # element and attribute
    written: str
    instead: str


@dataclass(frozen=True, slots=True)
class Retirement:
    """Everything that ending the listed addresses takes."""

    gone: tuple[Gone, ...]
    renames: tuple[Rename, ...]
    mentions: tuple[Mention, ...]
    elsewhere: int  # listed addresses on hosts of others

    @property
    def places(self) -> tuple[str, ...]:
        return tuple(sorted({one.place for one in self.gone}))

    def at(self, place: str) -> tuple[Gone, ...]:
        return tuple(one for one in self.gone if one.place == place)


def retirement(connection: duckdb.DuckDBPyConnection, case: Case, is_mine: Controls) -> Retirement:
    """What the case's matches and pages say. Raises ProtectError when nothing was searched."""
    from optout.database import dictionaries, relation

    rows = _listed(connection, case)
    mentions = dictionaries(relation(connection, "protect_mentions"))
    return plan_retirement(case.case_id, rows, mentions, is_mine)


def plan_retirement(
    case_id: str, listed: Iterable[Row], mentions: Sequence[Row], is_mine: Controls
) -> Retirement:
    """Rules, renames and changes in pages; in the order of addresses and of places in pages."""
    counts: dict[str, int] = {}
    elsewhere = 0
    for row in listed:
        url = _asked(row["url"])
        if url is None or not is_mine(url):
            elsewhere += 1
        else:
            counts[url] = counts.get(url, 0) + row["row_count"]
    shown = {_same(row["image_url"]) for row in mentions}
    gone = tuple(Gone(url, counts[url], _same(url) in shown) for url in sorted(counts))
    renames = _renames(case_id, gone, mentions, is_mine)
    ended = {_same(one.url) for one in gone}
    changed = (_mention(row, ended, renames) for row in mentions)
    return Retirement(
        gone=gone,
        renames=tuple(renames[file] for file in sorted(renames)),
        mentions=tuple(dict.fromkeys(one for one in changed if one)),
        elsewhere=elsewhere,
    )


def _listed(connection: duckdb.DuckDBPyConnection, case: Case) -> list[Row]:
    from optout.database import dictionaries, relation
    from optout.decisions import decisions

    if not (case.matches / "matches.parquet").is_file():
        raise ProtectError(
            "no data set has been searched, so no listed address is known",
            "search one first: optout match",
        )
    said: dict[str, list[str]] = {"confirmed": [], "rejected": []}
    for match_id, word in decisions(case).items():
        said.setdefault(word.verdict, []).append(match_id)
    found = relation(
        connection, "protect_listed", confirmed=said["confirmed"], rejected=said["rejected"]
    )
    return dictionaries(found)


def _asked(url: str) -> str | None:
    from optout.requests.plain import plain_url

    plain = plain_url(url)
    return clean(plain) if plain else None


def _same(url: str) -> tuple[str, bytes, str]:
    """What a rule compares: http and https are the same server."""
    found = Gone(url, 0, False)
    return found.place, found.path, found.query


def _file(url: str) -> File:
    return place_of(url), unquote(target(url).partition("?")[0])


def _renames(
    case_id: str, gone: Sequence[Gone], mentions: Sequence[Row], is_mine: Controls
) -> dict[File, Rename]:
    """Files that pages show at an ended address, redirects left aside: these are no files."""
    ended = {_same(one.url) for one in gone}
    found = {}
    for row in mentions:
        url = row["final_url"] or row["image_url"]
        if _same(url) in ended and is_mine(url):
            path = target(url).partition("?")[0]
            new = _new_path(path, f"{case_id}\n{place_of(url)}{path}")
            found[_file(url)] = Rename(place_of(url), path, new)
    return found


def _new_path(path: str, seed: str) -> str:
    """The same folder and kind of file, another name; the same seed gives the same name."""
    mark = hashlib.sha256(seed.encode("utf-8", "replace")).hexdigest()[:8]
    folder, _, name = path.rpartition("/")
    suffix = PurePosixPath(name).suffix
    return f"{folder}/{name[: len(name) - len(suffix)]}-{mark}{suffix}"


def _mention(
    row: Row, ended: set[tuple[str, bytes, str]], renames: dict[File, Rename]
) -> Mention | None:
    """What to write in a page; None where it can stay as it is."""
    url, final = row["image_url"], row["final_url"] or row["image_url"]
    rename = renames.get(_file(final))
    if rename is None and not (_same(url) in ended and final != url):
        return None
    goal = _with_path(final, rename.new) if rename else final
    # A redirect would lead to the old name: the page had better name the file itself.
    instead = (_renamed(row["raw"], rename) if rename and final == url else None) or goal
    where = f"{row['tag']} {row['attribute']}"
    return Mention(row["page_url"], where, row["raw"], instead)


def _with_path(url: str, path: str) -> str:
    query = urlsplit(url).query
    return origin(url) + path + (f"?{query}" if query else "")


def _renamed(written: str, rename: Rename) -> str | None:
    """The address as written with another file name; None where it does not end in the old one."""
    old, new = rename.old.rpartition("/")[2], rename.new.rpartition("/")[2]
    ends = [at for at in (written.find("?"), written.find("#")) if at >= 0]
    path, rest = (written[: min(ends)], written[min(ends) :]) if ends else (written, "")
    name = path.strip().rpartition("/")[2]
    if unquote(name) != unquote(old):
        return None
    start = path.rfind(name)
    return path[:start] + new + path[start + len(name) :] + rest

"""Rows that passed a sieve → the artists that each concerns, and by what it ties to them.

The one definition of a tie. Every artist of a search is asked for at once, by dictionaries, so a
row costs the same however many there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from optout.datasets import crawl_period
from optout.identity import Identity, identify
from optout.matching.alike import Alike
from optout.matching.artist import Artist, covering, declared_by_host
from optout.matching.declared import Declared
from optout.matching.texts import as_searched, generic, normal, pieces

Row = dict[str, Any]  # a data set row in the columns of queries/survivors.sql


@dataclass(frozen=True, slots=True)
class Tie:
    """A row and one artist it may concern."""

    artist: int  # its place among those searched for
    found: Row  # what the row identifies: columns of the candidates
    certain: bool  # ties by its address, file, host or a name; else only if its text or name of
    # file is in few rows, which is known when all rows before it have been counted


class Look:
    """A close look at single rows; holds what would else be built anew for each batch."""

    def __init__(self, artists: Sequence[Artist], captions: bool = True) -> None:
        self._artists = artists
        self._declared = [declared_by_host(one.declared) for one in artists]
        self._hosts = _by((h, i) for i, table in enumerate(self._declared) for h in table)
        self._keys = _by((key, i) for i, one in enumerate(artists) for key in one.keys)
        self._hashes = _by((h, i) for i, one in enumerate(artists) for h in one.hashes)
        self._pictures = _by((h, i) for i, one in enumerate(artists) for h in one.phashes)
        self._phashes = list(self._pictures)
        self._alike = Alike(self._phashes)
        self._stems = _by((stem, i) for i, one in enumerate(artists) for stem in one.stems)
        listed = list(enumerate(artists)) if captions else []
        self._texts = _by((text, i) for i, one in listed for text in one.texts)
        self._names = _by((first, i) for i, one in listed for first in one.names.first_pieces())

    def ties(self, row: Row, dataset: str) -> list[Tie]:
        """The artists that `row`, which has a web address, may concern, in their order."""
        identity = identify(row["url"])
        named = self._named(row["caption"])
        text = normal(row["caption"]) if row["caption"] and self._texts else None
        domain, _, stem = (identity.candidate_key or "").partition("/")
        counted = {*self._of_stem(domain, stem), *self._texts.get(text or "", ())}
        certain = {
            *self._keys.get(identity.key or "", ()),
            *self._hashes.get(row["md5"] or "", ()),
            *self._hashes.get(row["sha256"] or "", ()),
            *self._looking_alike(row.get("phash")),
            *named,
        }
        theirs = self._theirs(identity, dataset)
        found = {
            "url_host": identity.host,
            "lossless": identity.lossless,
            "key": identity.key,
            "level": identity.level,
            "rule": identity.rule,
            "domain": domain or None,
            "stem": stem or None,
            "text": text,
        }
        return [
            Tie(i, {**found, "name": named.get(i), **_declared(theirs.get(i))},
                i in certain or i in theirs)
            for i in sorted({*certain, *theirs, *counted})
        ]  # fmt: skip

    def _looking_alike(self, phash: str | None) -> Iterable[int]:
        """Artists with a picture of nearly this picture hash."""
        return (i for place in self._alike.of(phash) for i in self._pictures[self._phashes[place]])

    def _of_stem(self, domain: str, stem: str) -> Sequence[int]:
        """Artists with a file of this name; one put together from folders tells on its domain."""
        near = self._stems.get(stem, ())
        if "/" not in stem:
            return near
        return [i for i in near if domain in self._artists[i].stems[stem].domains]

    def _named(self, caption: str | None) -> dict[int, str]:
        """Artists whose name stands in the caption, each with the first of theirs that does."""
        if not caption or not self._names:
            return {}
        text = as_searched(caption)
        near = {i for piece in {"", *pieces(text)} for i in self._names.get(piece, ())}
        found = {i: self._artists[i].names.standing_in(text) for i in sorted(near)}
        return {i: name for i, name in found.items() if name is not None}

    def _theirs(self, identity: Identity, dataset: str) -> dict[int, Declared]:
        """Artists on whose declared host the address lies, at the time of the crawl."""
        labels = (identity.host or "").split(".")
        names = (".".join(labels[n:]) for n in range(len(labels)))
        near = {i for name in names for i in self._hosts.get(name, ())}
        period = crawl_period(dataset)
        found = {}
        for i in near:
            covers = covering(self._declared[i], identity)
            first = next((one for one in covers if one.was_theirs(period)), None)
            if first is not None:
                found[i] = first
        return found


class Tally:
    """How many rows carry each artist's texts and names of files, in the order of the search."""

    def __init__(self, artists: Sequence[Artist]) -> None:
        self._artists = artists
        self._most_rows = generic().most_rows

    def keeps(self, tie: Tie) -> bool:
        """Count the row; whether it ties to the artist."""
        artist, found = self._artists[tie.artist], tie.found
        # Each is asked for even when another holds: these two also count.
        by_stem = self._by_stem(artist, found["domain"], found["stem"])
        by_text = self._by_text(artist, found["text"])
        return tie.certain or by_stem or by_text

    def _by_stem(self, artist: Artist, domain: str | None, stem: str | None) -> bool:
        known = artist.stems.get(stem) if stem else None
        if known is None or stem is None:
            return False
        if domain in known.domains:
            return True
        if "/" in stem:
            return False  # put together from folders
        known.rows_elsewhere += 1
        return known.rows_elsewhere <= self._most_rows

    def _by_text(self, artist: Artist, text: str | None) -> bool:
        known = artist.texts.get(text) if text else None
        if known is None:
            return False
        known.rows += 1
        return known.rows <= self._most_rows


def _by(pairs: Iterable[tuple[str, int]]) -> dict[str, tuple[int, ...]]:
    # Tuples of numbers: lists the garbage collector would go through again and again.
    table: dict[str, tuple[int, ...]] = {}
    for name, number in dict.fromkeys(pairs):
        table[name] = (*table.get(name, ()), number)
    return table


def _declared(theirs: Declared | None) -> Row:
    return {
        "declared": theirs.written if theirs else None,
        "on_site": bool(theirs and theirs.site),
        "on_account": bool(theirs and theirs.account),
    }

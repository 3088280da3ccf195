"""A case → everything of the artist's that rows are compared with."""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from optout.accounts.places import searched
from optout.case import Case, DeclaredHost
from optout.database import relation
from optout.identity import Identity, identify, registered_domain, shared_host
from optout.looking.hashes import picture_hashes
from optout.matching.declared import Declared, NotSearched, read
from optout.matching.texts import LONGEST, Names, names, normal, says_something

if TYPE_CHECKING:
    import duckdb

# Relations of the case that later queries read by name.
_TABLES = ("case_images", "case_addresses", "case_files", "latest_files")


@dataclass(frozen=True, slots=True)
class Known:
    """One address of one image of the artist."""

    image_url: str
    address: str
    via: int  # 1 as mentioned, 2 by a redirect, 3 as a pipeline cut or mis-resolved it
    note: str | None  # how the address came about, when it is not the image's own
    identity: Identity


@dataclass(slots=True)
class Stem:
    """A distinctive file name of the artist's."""

    image_url: str
    domains: set[str] = field(default_factory=set)  # the artist's own on which it was seen
    rows_elsewhere: int = 0  # filled in by the scan


@dataclass(slots=True)
class Text:
    """An alternative text of the artist's, in normal form elsewhere."""

    alt: str  # as written
    image_url: str
    rows: int = 0  # rows of the searched files that carry it; filled in by the scan


@dataclass(frozen=True, slots=True)
class Artist:
    """All that the rows of a data set are held against."""

    pictures: frozenset[str]  # image addresses, icons and the like left out
    archived: frozenset[str]  # of them those that only captures of an archive name
    known: tuple[Known, ...]
    keys: frozenset[str]
    hashes: frozenset[str]  # md5 and sha256 of the artist's files
    stems: dict[str, Stem]
    texts: dict[str, Text]  # by normal form
    common_texts: tuple[str, ...]  # too short or too general to compare
    names: Names
    declared: tuple[Declared, ...]
    not_searched: tuple[NotSearched, ...]
    # Of the artist's pictures, where rows may carry one: 16 hex digits → an image address.
    phashes: dict[str, str] = field(default_factory=dict)


def gather(
    connection: duckdb.DuckDBPyConnection,
    case: Case,
    hosts: Sequence[str] = (),
    phashes: bool = False,
) -> Artist:
    """Read the case open at `connection`; `hosts` are declared for this search only.

    With `phashes` (which need the extra `vision`) its pictures are looked for by their looks.
    """
    read_once(connection)
    known = _known(connection)
    files = relation(connection, "case_files").fetchall()
    declared, not_searched = read(case.sites, [*case.hosts, *map(DeclaredHost, hosts)])
    accounts, without_place = searched(case)
    searched_names = names(case.names)
    texts, common = _texts(relation(connection, "case_texts").fetchall())
    short = [NotSearched(n, _SHORT_NAME) for n in searched_names.left_out]
    pictures = _pictures(connection)
    return Artist(
        pictures=pictures,
        archived=_archived(connection),
        known=tuple(known),
        keys=frozenset(k.identity.key for k in known if k.identity.key),
        hashes=frozenset(value for _, *hashes in files for value in hashes if value),
        stems=_stems(known, pictures),
        texts=texts,
        common_texts=tuple(common),
        names=searched_names,
        declared=(*declared, *accounts),
        not_searched=(*not_searched, *without_place, *short),
        phashes=picture_hashes(connection, case) if phashes else {},
    )


def read_once(connection: duckdb.DuckDBPyConnection) -> None:
    """Make tables of the relations of the case that later queries read by name."""
    for table in _TABLES:
        query = relation(connection, table)
        connection.execute(f'DROP VIEW IF EXISTS "{table}"')
        query.to_table(table)


_SHORT_NAME = "a single short word stands in too many texts; add the name in full"


def _known(connection: duckdb.DuckDBPyConnection) -> list[Known]:
    rows = connection.sql("SELECT * FROM case_addresses ORDER BY ALL").fetchall()
    archived = _archived(connection)
    known = [_address(url, address, via, url in archived) for url, address, via in rows]
    known += [
        Known(k.image_url, k.address[:LONGEST], 3, _CUT, identify(k.address[:LONGEST]))
        for k in known
        if len(k.address) > LONGEST
    ]
    taken = {k.identity.lossless for k in known}
    for image_url, page_url, raw in relation(connection, "relative_sources").fetchall():
        address = _misresolved(page_url, raw)
        identity = identify(address) if address else None
        # Where a picture of its own lies at that address, the row means that one.
        if address and identity and identity.lossless and identity.lossless not in taken:
            note = f"{raw.strip()} on {page_url} as early crawls resolved it"
            known.append(Known(image_url, address, 3, note, identity))
    return [k for k in known if k.identity.key]


_CUT = "cut at 2,000 characters as the crawl did"


_ARCHIVED = "archived: only captures of an earlier state of a site show it"


def _address(image_url: str, address: str, via: str, archived: bool) -> Known:
    redirected = via == "redirect"
    note = f"{image_url} redirects there" if redirected else _ARCHIVED if archived else None
    return Known(image_url, address, 2 if redirected else 1, note, identify(address))


def _misresolved(page_url: str, raw: str) -> str | None:
    try:
        return urljoin(posixpath.dirname(page_url), raw.strip())
    except ValueError:
        return None


def _pictures(connection: duckdb.DuckDBPyConnection) -> frozenset[str]:
    rows = connection.sql("SELECT image_url FROM case_images WHERE NOT furniture").fetchall()
    return frozenset(url for (url,) in rows)


def _archived(connection: duckdb.DuckDBPyConnection) -> frozenset[str]:
    query = "SELECT image_url FROM case_images WHERE archived AND NOT furniture"
    return frozenset(url for (url,) in connection.sql(query).fetchall())


def _stems(known: Iterable[Known], pictures: frozenset[str]) -> dict[str, Stem]:
    stems: dict[str, Stem] = {}
    for one in known:
        if one.via != 1 or one.image_url not in pictures or not one.identity.candidate_key:
            continue
        domain, _, stem = one.identity.candidate_key.partition("/")
        found = stems.setdefault(stem, Stem(one.image_url))
        found.image_url = min(found.image_url, one.image_url)
        if one.identity.host and _own(one.identity.host) and domain:
            found.domains.add(domain)
    return stems


def _own(host: str) -> bool:
    return not shared_host(host) and bool(registered_domain(host))


def _texts(rows: Sequence[tuple[str, str]]) -> tuple[dict[str, Text], list[str]]:
    texts: dict[str, Text] = {}
    common: list[str] = []
    for alt, image_url in rows:
        if says_something(alt):
            texts.setdefault(normal(alt), Text(alt, image_url))
        else:
            common.append(" ".join(alt.split())[:LONGEST])
    return texts, sorted(set(common))


def declared_by_host(declared: Iterable[Declared]) -> dict[str, list[Declared]]:
    """Declared hosts by the host they name, for a quick first look."""
    table: dict[str, list[Declared]] = defaultdict(list)
    for one in declared:
        table[one.host].append(one)
    return table


def covering(table: dict[str, list[Declared]], identity: Identity) -> Iterator[Declared]:
    """The declared hosts that an address lies on: sites, then hosts as written, then accounts."""
    host = identity.host or ""
    labels = host.split(".")
    names = [host, *(".".join(labels[i:]) for i in range(1, len(labels)))]
    found = [one for name in names for one in table.get(name, ()) if one.covers(identity)]
    return iter(sorted(found, key=lambda one: (not one.site, one.account)))

"""A case → its hosts: which the artist controls, what they say today, which service runs them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from crawler.urls import place_of
from optout.case import Case
from optout.errors import ProtectError
from optout.protect.own_hosts import Controls, controls

if TYPE_CHECKING:
    import duckdb

    from optout.readers.served import TextFile
    from optout.readers.verdicts import Hop, SiteFile, Subject

Row = dict[str, Any]
# By these a server says that there is no file. 401, 403 and 429 hide one that may be there, though
# RFC 9309, 2.3.1.3 lets crawlers take them for none.
_NO_FILE = (404, 410)


@dataclass(frozen=True, slots=True)
class Host:
    """One host with its port: what a folder of files is made for."""

    place: str  # host[:port]
    origin: str  # the one that is linked to, e.g. "https://mira.example"
    mine: bool
    pages: int
    images: int
    robots: str  # "there", "none" or, in words, why it is not known
    robots_body: bytes | None  # as served; None where there is none or it is not known
    builder: Row | None = None  # of builders.toml
    files: tuple[str, ...] = ()  # kinds of other site files that are there already

    @property
    def known(self) -> bool:
        """Whether it was seen what robots.txt says, so that it can be edited."""
        return self.robots in ("there", "none")


@dataclass(frozen=True, slots=True)
class Situation:
    """Everything that a plan is made from."""

    hosts: tuple[Host, ...]
    images: tuple[Subject, ...]
    pages: tuple[Subject, ...]
    site_files: Mapping[str, SiteFile]  # robots.txt by origin
    texts: Mapping[str, tuple[TextFile, ...]]  # tdmrep.json and its like by origin
    documents: Mapping[str, TextFile]  # licences by address
    controls: Controls

    @property
    def mine(self) -> tuple[Host, ...]:
        return tuple(host for host in self.hosts if host.mine)

    def subject(self, url: str) -> Subject:
        """An address of which nothing but the files of its host is known."""
        from optout.readers.verdicts import Subject

        return Subject(url, site_files=self.site_files, texts=self.texts, documents=self.documents)


def situation(connection: duckdb.DuckDBPyConnection, case: Case, also: Sequence[str]) -> Situation:
    """What the latest observations say of each host. `also` are hosts named as the artist's.

    Raises ProtectError where nothing has been crawled.
    """
    from optout.database import dictionaries, relation
    from optout.readers.around import texts_of

    rows = dictionaries(relation(connection, "report_sites"))
    if not rows:
        raise ProtectError("this case holds no observations yet", "begin with: optout crawl")
    files = {row["origin"]: row for row in dictionaries(relation(connection, "robots_files"))}
    present: dict[str, list[str]] = {}
    for row in dictionaries(relation(connection, "protect_site_files")):
        present.setdefault(place_of(row["origin"]), []).append(row["kind"])
    known = {place: _site_file(row) for place, row in files.items()}
    texts, documents = texts_of(dictionaries(relation(connection, "signal_files")))
    mine = controls(case, also)
    hosts: dict[str, Host] = {}
    for row in rows:
        host = _host(row, files.get(row["origin"]), mine, present)
        twin = hosts.get(host.place)
        hosts[host.place] = _joined(twin, host) if twin else host

    def around(one: Subject) -> Subject:
        return replace(one, site_files=known, texts=texts, documents=documents)

    return Situation(
        hosts=tuple(sorted(hosts.values(), key=lambda h: (not h.mine, h.place))),
        images=tuple(map(around, _images(connection))),
        pages=tuple(map(around, _pages(connection))),
        site_files=known,
        texts=texts,
        documents=documents,
        controls=mine,
    )


def folder_name(place: str) -> str:
    """A host as the name of a folder.

    >>> folder_name("127.0.0.1:8631"), folder_name("[::1]:80")
    ('127.0.0.1_8631', '___1__80')
    """
    return "".join(c if c.isalnum() or c in ".-" else "_" for c in place).lstrip(".") or "host"


def _host(row: Row, file: Row | None, mine: Controls, present: dict[str, list[str]]) -> Host:
    from optout.report.steps import builder

    place = place_of(row["origin"])
    robots, body = _robots(file)
    return Host(
        place=place,
        origin=row["origin"],
        mine=mine(row["origin"] + "/"),
        pages=row["pages"],
        images=row["images"],
        robots=robots,
        robots_body=body,
        builder=builder(row["origin"]),
        files=tuple(sorted(set(present.get(place, ())))),
    )


def _robots(file: Row | None) -> tuple[str, bytes | None]:
    """Whether there is a robots.txt, and its bytes."""
    if file is None:
        return "it was not asked for", None
    status, body = file["status"], file["body"]
    if file["outcome"] != "fetched" or status is None:
        return file["reason"] or "no answer was obtained", None
    if status in _NO_FILE:
        return "none", None
    if status // 100 != 2 or body is None:
        return f"it answered {status}", None
    # A page in its place ("not found" with status 200) is no robots.txt.
    return ("none", None) if body.lstrip()[:1] == b"<" else ("there", body)


def _joined(one: Host, other: Host) -> Host:
    """http and https of one host: what is linked to most, https where that is equal."""
    first, second = sorted(
        (one, other),
        key=lambda h: (h.known, h.pages, h.images, h.origin.startswith("https")),
        reverse=True,
    )
    return Host(
        place=first.place,
        origin=first.origin,
        mine=first.mine,
        pages=first.pages + second.pages,
        images=first.images + second.images,
        robots=first.robots,
        robots_body=first.robots_body,
        builder=first.builder,
        files=first.files,
    )


def _site_file(row: Row) -> SiteFile:
    from optout.readers.verdicts import site_file

    return site_file(
        row["url"],
        outcome=row["outcome"],
        status=row["status"],
        body=row["body"],
        reason=row["reason"],
        observed_at=row["observed_at"],
    )


def _images(connection: duckdb.DuckDBPyConnection) -> Iterator[Subject]:
    """Every image with its answer and what the pages say that show it."""
    from crawler.urls import clean
    from optout.database import dictionaries, relation
    from optout.readers.around import pages_of
    from optout.readers.verdicts import Subject

    rows = dictionaries(relation(connection, "image_pages"))
    shown = {
        url: tuple(pages_of(list(said))) for url, said in groupby(rows, itemgetter("image_url"))
    }
    for row in dictionaries(relation(connection, "image_answers")):
        yield Subject(
            url=clean(row["image_url"]) or row["image_url"],
            hops=tuple(_hop(one) for one in row["chain"] or ()),
            reason=row["reason"] or "",
            observed_at=row["observed_at"],
            pages=shown.get(row["image_url"], ()),
        )


def _pages(connection: duckdb.DuckDBPyConnection) -> Iterator[Subject]:
    """Every page that answered, with its answer and its own metas."""
    from optout.database import dictionaries, relation
    from optout.readers.around import pages_of
    from optout.readers.verdicts import Subject

    metas = [row | _META for row in dictionaries(relation(connection, "lint_metas"))]
    said = {page.url: page for page in pages_of(metas)}
    answers = dictionaries(relation(connection, "lint_answers"))
    chains = {row["chain"][-1]["url"]: row for row in answers if row["subject"] == "page"}
    for row in dictionaries(relation(connection, "protect_pages")):
        url = row["url"]
        answer = chains.get(url)
        yield Subject(
            url=url,
            # Of an address that led here, the last answer: that is what search engines list.
            hops=(_hop(answer["chain"][-1]),) if answer else (),
            observed_at=answer["observed_at"] if answer else None,
            pages=(said[url],) if url in said else (),
        )


_META = {"kind": "meta", "type": None}


def _hop(row: Row) -> Hop:
    from optout.readers.verdicts import Hop

    lines = tuple((line["name"], line["value"]) for line in row["headers"] or ())
    return Hop(row["url"], row["status"], lines)

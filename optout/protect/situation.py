"""A case → its hosts: which the artist controls, what they say today, which service runs them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
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
    pages: tuple[str, ...]
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
    return Situation(
        hosts=tuple(sorted(hosts.values(), key=lambda h: (not h.mine, h.place))),
        images=tuple(
            replace(subject, site_files=known, texts=texts, documents=documents)
            for subject in _subjects(connection)
        ),
        pages=tuple(row["url"] for row in dictionaries(relation(connection, "protect_pages"))),
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
    if 400 <= status < 500:
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


def _subjects(connection: duckdb.DuckDBPyConnection) -> Iterator[Subject]:
    from crawler.urls import clean
    from optout.database import dictionaries, relation
    from optout.readers.verdicts import Subject

    for row in dictionaries(relation(connection, "image_answers")):
        yield Subject(
            url=clean(row["image_url"]) or row["image_url"],
            hops=tuple(_hop(one) for one in row["chain"] or ()),
            reason=row["reason"] or "",
            observed_at=row["observed_at"],
        )


def _hop(row: Row) -> Hop:
    from optout.readers.verdicts import Hop

    lines = tuple((line["name"], line["value"]) for line in row["headers"] or ())
    return Hop(row["url"], row["status"], lines)

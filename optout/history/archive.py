"""commoncrawl.toml, the case file and options → which archive is asked, and how it is laid out."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields, replace
from functools import cache
from importlib import resources
from urllib.parse import urlsplit

from optout.case import Case
from optout.errors import CaseError


@dataclass(frozen=True, slots=True)
class Archive:
    """Where an archive answers; commoncrawl.toml explains each field."""

    index: str
    data: str
    crawls: str
    table_paths: str
    robots_subset: str
    reader: str
    from_year: int
    to_year: int


@cache
def known_archive() -> Archive:
    """The archive of the table.

    >>> known_archive().index
    'https://index.commoncrawl.org'
    """
    text = (resources.files(__package__) / "commoncrawl.toml").read_text("utf-8")
    data = tomllib.loads(text)
    return Archive(**{field.name: data[field.name] for field in fields(Archive)})


def archive_for(case: Case, **chosen: str) -> Archive:
    """The table, then `[history]` of optout.toml, then options (empty ones do not count).

    Raises CaseError for a server that is no http(s) address.
    """
    asked = dict(case.history) | {name: value for name, value in chosen.items() if value}
    archive = _with(known_archive(), **asked)
    for name in ("index", "data"):
        _check(name, getattr(archive, name))
    return replace(archive, index=archive.index.rstrip("/"), data=archive.data.rstrip("/"))


def _with(archive: Archive, *, index: str = "", data: str = "", table_paths: str = "") -> Archive:
    return replace(
        archive,
        index=index or archive.index,
        data=data or archive.data,
        table_paths=table_paths or archive.table_paths,
    )


def _check(name: str, address: str) -> None:
    try:
        parts = urlsplit(address)
        good = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        good = False
    if not good or parts.query or parts.fragment or parts.username:
        raise CaseError(
            f"the archive's {name} server {address[:80]!r} is not the address of a server",
            f"write it like --{name} https://{name}.example",
        )

"""reservations.toml → the header lines and files that say it."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from typing import Any

from optout.errors import ProtectError


@dataclass(frozen=True, slots=True)
class Header:
    """A header line; reservations.toml explains each field."""

    name: str
    value: str
    repeat: bool
    read_by: str
    source: str
    checked: date


@dataclass(frozen=True, slots=True)
class Server:
    """A web server or hosting service; servers.toml explains each field."""

    key: str
    name: str
    headers: str
    template: str
    put: str
    test: str
    source: str
    checked: date
    gone: str = ""
    template_gone: str = ""
    put_gone: str = ""
    line: str = ""
    line_gone: str = ""
    merge: str = ""


@cache
def table() -> dict[str, Any]:
    """reservations.toml."""
    return _read("reservations.toml")


@cache
def headers() -> tuple[Header, ...]:
    """The header lines, in the order in which they are written."""
    return tuple(Header(**entry) for entry in table()["header"])


@cache
def servers() -> tuple[Server, ...]:
    """All servers, in the order of the table."""
    return tuple(Server(key, **fields) for key, fields in _read("servers.toml").items())


def choose(keys: Iterable[str]) -> tuple[Server, ...]:
    """The servers of these keys, in the order of the table; all where there is none.

    Raises ProtectError for a key that is not in servers.toml.
    """
    wanted = set(keys)
    unknown = sorted(wanted - {server.key for server in servers()})
    if unknown:
        raise ProtectError(
            f"“{unknown[0]}” is no server known here",
            f"it takes: {', '.join(server.key for server in servers())}",
        )
    return tuple(server for server in servers() if not wanted or server.key in wanted)


def with_reservation(lines: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Header lines of an answer as they are once the rules are in place.

    >>> with_reservation([("X-Robots-Tag", "noindex"), ("tdm-reservation", "0")])[:2]
    (('X-Robots-Tag', 'noindex'), ('X-Robots-Tag', 'noai, noimageai'))
    """
    replaced = {header.name.lower() for header in headers() if not header.repeat}
    kept = [line for line in lines if line[0].lower() not in replaced]
    return (*kept, *((header.name, header.value) for header in headers()))


def says_it(lines: Iterable[tuple[str, str]]) -> bool:
    """Whether an answer carries all of it already, perhaps among other rules of a line.

    A line with a colon does not count: readers differ on whom it speaks to.

    >>> says_it([("X-Robots-Tag", "noindex, noimageai, noai"), ("TDM-Reservation", "1"),
    ...          ("Content-Usage", "train-ai=n")])
    True
    """
    said = [(name.lower(), _members(value)) for name, value in lines if ":" not in value]
    return all(
        any(name == header.name.lower() and _members(header.value) <= there for name, there in said)
        for header in headers()
    )


def _members(value: str) -> set[str]:
    return {member.strip().lower() for member in value.split(",")}


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((resources.files(__package__) / name).read_text("utf-8"))

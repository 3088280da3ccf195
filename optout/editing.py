"""New values for keys of optout.toml → the same file with these lines changed, comments kept."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from crawler.whole import write_whole
from optout.case import FILE, Account, Case, DeclaredHost, parse_case
from optout.errors import CaseError

_DATED = re.compile(r"(?P<host>\S+)(?: from (?P<since>\S+))?(?: until (?P<until>\S+))?")

# Table → key → new value, as the keys of optout.toml.
Changes = Mapping[str, Mapping[str, Any]]


def digest(case: Case) -> str:
    """What optout.toml holds now, as a short name: equal while nobody has changed it."""
    return hashlib.sha256((case.folder / FILE).read_bytes()).hexdigest()[:16]


def edit_case(case: Case, changes: Changes) -> Case:
    """Set keys of the case's optout.toml and return the new Case; nothing else in it changes.

    The file is replaced whole, and only when the result can be read. Raises CaseError.
    """
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    path = case.folder / FILE
    try:
        document = tomlkit.parse(path.read_bytes().decode("utf-8"))
        for table, keys in changes.items():
            for key, value in keys.items():
                _set(document, table, key, value)
        text = tomlkit.dumps(document)
        edited = parse_case(case.folder, text)
        write_whole(path, text.encode("utf-8"), lasting=True)
    except OSError as error:
        raise CaseError(
            f"cannot write {path}: {error.strerror or error}",
            "allow writing to the folder, or copy it to a place you may write to",
        ) from error
    except (TOMLKitError, UnicodeError) as error:
        raise CaseError(f"{path} cannot be edited: {error}", "edit it by hand") from error
    return edited


def declared_hosts(lines: Sequence[str]) -> list[Any]:
    """Lines such as "old.example from 2012-01-01 until 2019-12-31" → values for optout.toml.

    Raises CaseError for a line that is none.

    >>> declared_hosts(["a.example", "b.example until 2019-12-31"])
    ['a.example', {'host': 'b.example', 'until': datetime.date(2019, 12, 31)}]
    """
    return [_declared(line.strip()) for line in lines if line.strip()]


def host_line(host: DeclaredHost) -> str:
    """The line that declared_hosts reads back."""
    since = f" from {host.since}" if host.since else ""
    return f"{host.host}{since}{f' until {host.until}' if host.until else ''}"


def account_entry(account: Account) -> dict[str, str]:
    """An account as it stands in optout.toml."""
    keys = ("platform", "name", "host", "id")
    entry = {key: str(getattr(account, key)) for key in keys if getattr(account, key)}
    return entry if "id" in entry else {"platform": account.platform, "name": "", **entry}


def _declared(line: str) -> Any:
    found = _DATED.fullmatch(line)
    try:
        if not found:
            raise ValueError
        days = {
            key: date.fromisoformat(found[name])
            for key, name in (("from", "since"), ("until", "until"))
            if found[name]
        }
    except ValueError as error:
        raise CaseError(
            f"{line[:200]!r} is not a host",
            "write images.example.org, or old.example from 2012-01-01 until 2019-12-31",
        ) from error
    return {"host": found["host"], **days} if days else found["host"]


def _set(document: Any, table: str, key: str, value: Any) -> None:
    import tomlkit

    if table not in document:
        document[table] = tomlkit.table()
    if document[table].get(key) != value:
        document[table][key] = value

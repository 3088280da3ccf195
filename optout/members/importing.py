"""A members file + an organisation's folder → cases and register brought up to date.

Idempotent: the same file changes nothing. A member that the file no longer names stays, marked so.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from crawler.whole import write_whole
from optout.errors import OptoutError
from optout.members.applying import apply
from optout.members.columns import word
from optout.members.reading import Rules, read_members
from optout.members.register import Member, Organisation, read_register, write_register
from optout.members.table import Broken, Table, read_table

BROKEN, CONFLICTS = "broken_rows.csv", "conflicts.csv"


@dataclass(frozen=True, slots=True)
class Conflict:
    """Something that two or more members claim; all of them keep it."""

    what: str  # "site", "host", "account" or "number"
    value: str
    members: tuple[str, ...]  # numbers


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did. Members are named by number."""

    table: Table
    new: tuple[str, ...]
    changed: tuple[str, ...]
    unchanged: int
    removed: tuple[str, ...]  # in the register, not in the file
    broken: tuple[Broken, ...]
    conflicts: tuple[Conflict, ...]


def import_members(
    path: Path,
    organisation: Organisation,
    *,
    today: date,
    rules: Rules = Rules(),  # noqa: B008 (frozen)
    society: str = "",
    progress: Callable[[int, int], None] | None = None,
) -> Imported:
    """Read a members file into the organisation's folder; `today` is written into new cases.

    The caller holds the folder (`register.alone`). Broken rows are set apart and listed in
    broken_rows.csv, claims of several members in conflicts.csv. Raises MembersError when the file
    or the register cannot be read, OSError when the disk cannot be written; the register then is
    as it was, and the next import goes on.
    """
    table = read_table(path)
    known = {member.number: member for member in read_register(organisation)}
    read = read_members(table, rules, frozenset(known))
    broken = list(read.broken)
    members, changed = dict(known), []
    for done, (number, (line, member)) in enumerate(sorted(read.members.items()), 1):
        try:
            written = _apply(organisation, member, known.get(number), society, today)
        except OptoutError as error:
            if isinstance(error.__cause__, OSError):
                raise  # the disk, not the row
            broken.append(Broken(line, "", f"{error.message}; {error.hint}", number))
            continue
        if written or known.get(number) != member:
            changed.append(number)
        members[number] = member
        if progress:
            progress(done, len(read.members))
    removed = _removed(known, {*read.members, *(one.number for one in broken)})
    members |= {number: replace(members[number], listed=False) for number in removed}
    found = conflicts(members.values())
    _write_lists(organisation, broken, found)
    if members != known or not organisation.register.exists():
        write_register(organisation, members.values())
    failed = sum(one.number in read.members for one in broken)
    return Imported(
        table=table,
        new=tuple(number for number in changed if number not in known),
        changed=tuple(number for number in changed if number in known),
        unchanged=max(len(read.members) - len(changed) - failed, 0),
        removed=tuple(sorted(removed)),
        broken=tuple(sorted(broken, key=lambda one: one.line)),
        conflicts=found,
    )


def _apply(
    organisation: Organisation, member: Member, before: Member | None, society: str, today: date
) -> bool:
    folder = organisation.case_folder(member)
    same = before == member and not society
    if same and (folder / "optout.toml").is_file():
        return False
    return apply(folder, member, before, society, today)


def _removed(known: dict[str, Member], named: set[str]) -> set[str]:
    """Members the file no longer names; a broken row still names its member."""
    return {number for number in known if number not in named}


def conflicts(members: Iterable[Member]) -> tuple[Conflict, ...]:
    """What several members claim: sites, hosts that nobody shares, accounts, look-alike numbers."""
    from optout.identity import identify, shared_host

    claims: dict[tuple[str, str], set[str]] = defaultdict(set)
    for member in members:
        for site in member.sites:
            host = urlsplit(site).hostname or ""
            address = (identify(site).lossless or site).rstrip("/").removeprefix("www.")
            claims["site", address].add(member.number)
            if not shared_host(host):
                claims["host", host.removeprefix("www.")].add(member.number)
        for account in member.accounts:
            claims["account", f"{account.platform}:{account.name.lower()}"].add(member.number)
        claims["number", word(member.number).lstrip("0 ")].add(member.number)
    several = {claim: numbers for claim, numbers in claims.items() if len(numbers) > 1}
    return tuple(
        Conflict(what, value, tuple(sorted(numbers)))
        for (what, value), numbers in sorted(several.items())
        # A site that is a host's root is named once.
        if not (what == "host" and several.get(("site", value)) == numbers)
    )


def _write_lists(
    organisation: Organisation, broken: Sequence[Broken], found: Sequence[Conflict]
) -> None:
    from optout.report.formats import csv_lines

    rows: dict[str, list[dict[str, Any]]] = {
        BROKEN: [
            {"line": one.line, "column": one.column, "reason": one.reason, "number": one.number}
            for one in sorted(broken, key=lambda one: one.line)
        ],
        CONFLICTS: [
            {"what": one.what, "value": one.value, "members": list(one.members)} for one in found
        ],
    }
    organisation.folder.mkdir(parents=True, exist_ok=True)
    for name, lines in rows.items():
        path = organisation.folder / name
        if not lines:
            path.unlink(missing_ok=True)
            continue
        write_whole(path, "".join(csv_lines(lines)).encode("utf-8-sig", "replace"))

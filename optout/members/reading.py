"""Records of a members file → members, and the rows that cannot be one, with the reason."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from optout.case import Account
from optout.errors import CrawlError
from optout.members import columns
from optout.members.dates import read_date
from optout.members.register import Member, safe_name
from optout.members.table import Broken, Record, Table

# What spreadsheets write where a formula went wrong; the last two are German and French.
_ERRORS = re.compile(r"#(?:REF|N/A|NAME\?|VALUE|DIV/0|NUM|NULL|SPILL|WERT|BEZUG|NOM\?|VALEUR)!?")
_SHORTENED = re.compile(r"\d[.,]?\d*E\+?\d+|\d+[.,]0+", re.I)
_TEXT_FORMULA = re.compile(r'="([^"]*)"')  # how a spreadsheet is told to keep leading zeros
_LONGEST_NUMBER = 100
_MOST_VALUES = 200  # in one cell


@dataclass(frozen=True, slots=True)
class Read:
    """What a members file holds."""

    members: dict[str, tuple[int, Member]]  # by number, with the line
    broken: tuple[Broken, ...]  # by line


@dataclass(frozen=True, slots=True)
class Rules:
    """How a members file is to be read where it does not say so itself."""

    date_order: str = ""  # "day" or "month" comes first in 04/11/2025; "" where neither is sure
    private: bool = False  # sites on private addresses are taken


class _Unusable(Exception):
    """A cell that cannot be used: column, reason."""


def read_members(table: Table, rules: Rules = Rules(), known: frozenset[str] = frozenset()) -> Read:
    """The members of a file; `known` are the numbers of the register, to find lost zeros."""
    members: dict[str, tuple[int, Member]] = {}
    broken = list(table.broken)
    in_file = {record.cells["number"] for record in table.records}
    for record in table.records:
        try:
            member = _member(record, rules)
            _refuse_lost_zeros(member.number, in_file, known)
            if member.number in members:
                line = members[member.number][0]
                raise _Unusable("number", f"{member.number} stands in line {line} already")
            members[member.number] = record.line, member
        except _Unusable as error:
            name, reason = error.args
            column = table.headers.get(name, name)
            broken.append(Broken(record.line, column, reason, record.cells["number"][:100]))
    return Read(members, tuple(sorted(broken, key=lambda one: one.line)))


def _member(record: Record, rules: Rules) -> Member:
    cells = {name: _plain(name, cell) for name, cell in record.cells.items()}
    number = _number(cells["number"])

    def each(name: str, read: Callable[[str], Any]) -> tuple[Any, ...]:
        written = columns.values(cells.get(name, ""))
        if len(written) > _MOST_VALUES:
            raise _Unusable(name, f"holds {len(written)} values, more than {_MOST_VALUES}")
        return tuple(dict.fromkeys(read(one) for one in written))

    member = Member(
        number=number,
        folder=safe_name(number),
        names=each("names", str),
        sites=each("sites", lambda text: _site(text, rules)),
        accounts=each("accounts", _account),
        languages=tuple(
            part
            for one in columns.values(cells.get("languages", ""))
            for part in re.split(r"[,\s/]+", one.lower())
            if part
        ),
        mandate_from=_date(cells, "mandate_from", rules),
        mandate_until=_date(cells, "mandate_until", rules),
        mandate_scope=" ".join(cells.get("mandate_scope", "").split()),
        contact=" ".join(cells.get("contact", "").split()),
        status=columns.status(cells.get("status", "")),
    )
    if not (member.names or member.sites or member.accounts):
        raise _Unusable("names", "no name, site or account: there is nothing to look for")
    if member.mandate_from and member.mandate_until and member.mandate_until < member.mandate_from:
        raise _Unusable("mandate_until", "the mandate ends before it begins")
    return member


def _plain(name: str, cell: str) -> str:
    """A cell without what spreadsheets put around it. Raises _Unusable for their errors."""
    if found := _TEXT_FORMULA.fullmatch(cell):
        return found[1].strip()
    cell = cell.removeprefix("'")
    if _ERRORS.match(cell):
        raise _Unusable(name, f"{cell[:40]!r} is an error of the spreadsheet, not a value")
    if cell.startswith("="):
        raise _Unusable(name, f"{cell[:40]!r} is a formula; save its value instead")
    return cell


def _number(text: str) -> str:
    if not text:
        raise _Unusable("number", "no member number")
    if len(text) > _LONGEST_NUMBER or not text.isprintable():
        raise _Unusable("number", f"{text[:40]!r}… is no member number")
    if _SHORTENED.fullmatch(text):
        raise _Unusable("number", f"{text!r} is a number that a spreadsheet has shortened")
    return text


def _refuse_lost_zeros(number: str, in_file: set[str], known: frozenset[str]) -> None:
    if not number.isdecimal() or number in known:
        return
    fuller = next(
        (one for one in sorted(known - in_file) if one != number and one.lstrip("0") == number),
        None,
    )
    if fuller is not None:
        raise _Unusable(
            "number", f"{number} is new and {fuller} is missing: did a spreadsheet drop the zeros?"
        )


def _site(text: str, rules: Rules) -> str:
    from optout.crawling import site_address

    try:
        return site_address(text, private=rules.private)
    except CrawlError as error:
        raise _Unusable("sites", error.message) from None


def _account(text: str) -> Account:
    from optout.accounts.platforms import platforms

    platform, colon, name = (part.strip() for part in text.partition(":"))
    known = platforms()
    if not colon or not name or name.startswith("//"):
        raise _Unusable("accounts", f"{text[:60]!r} is not written as platform:name")
    key = platform.lower()
    if key not in known:
        labels = {entry.label.lower(): key for key, entry in known.items()}
        key = labels.get(key, "")
    if not key:
        raise _Unusable("accounts", f"{platform[:40]!r} is none of: {', '.join(known)}")
    if key != "mastodon":
        name = name.removeprefix("@")
    return Account(key, name)


def _date(cells: dict[str, str], name: str, rules: Rules) -> date | None:
    text = cells.get(name, "")
    if not text:
        return None
    try:
        return read_date(text, rules.date_order)
    except ValueError as error:
        raise _Unusable(name, str(error)) from None

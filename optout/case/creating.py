"""Names, sites, hosts → a new case folder with a commented optout.toml."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path

from crawler.whole import write_whole
from optout.case.reading import load_case
from optout.case.records import FILE, VERSION, Account, Case
from optout.errors import CaseError


def create_case(
    folder: Path,
    sites: list[str],
    *,
    names: list[str] | None = None,
    hosts: list[str] | None = None,
    datasets: list[str] | None = None,
    contact: str = "",
    created: date | None = None,
    case_id: str = "",
    society: tuple[str, str] = ("", ""),
    accounts: Sequence[Account] = (),
) -> Case:
    """Write a commented optout.toml into `folder` and return its Case. Never overwrites one.

    `case_id` is made from the names or sites where none is given; `society` is the collecting
    society and the member number there.
    """
    path = folder / FILE
    if path.exists():
        raise CaseError(f"{path} exists already", "edit it, or choose another folder with --case")
    day = created or datetime.now(UTC).date()
    case_id = case_id or _slug((names or sites or hosts or [folder.resolve().name])[0])
    text = _TEMPLATE.format(
        version=VERSION,
        case_id=_toml(case_id),
        created=day.isoformat(),
        names=_toml_list(names or []),
        contact=_toml(contact),
        society=_toml(society[0]),
        member_no=_toml(society[1]),
        sites=_toml_list(sites),
        hosts=_toml_list(hosts or []),
        accounts="[" + ", ".join(map(_toml_account, accounts)) + "]",
        datasets=_toml_list(datasets or []),
    )
    _write(path, text)
    return load_case(folder)


def _write(path: Path, text: str) -> None:
    try:
        content = text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise CaseError(
            f"a name or address holds {error.object[error.start]!r}, which is no text",
            "type it again, in UTF-8",
        ) from error
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, content)
    except OSError as error:
        raise CaseError(
            f"cannot write {path}: {error.strerror}", "choose a folder you may write to"
        ) from error


def _slug(text: str) -> str:
    text = re.sub(r"^https?://(www\.)?", "", text.casefold())
    return re.sub(r"[^\w.-]+", "-", text).strip("-.")[:64] or "case"


def _toml(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _toml_account(account: Account) -> str:
    filled = {key: value for key, value in asdict(account).items() if value}
    return "{ " + ", ".join(f"{key} = {_toml(value)}" for key, value in filled.items()) + " }"


def _toml_list(values: list[str]) -> str:
    return "[" + ", ".join(_toml(value) for value in values) + "]"


_TEMPLATE = """\
# One artist's case. Everything beside this file can be rebuilt from observations/,
# except decisions.db, which holds what you confirmed or rejected.
version = {version}
case_id = {case_id}      # names every record; keep it
created = {created}

[artist]
names = {names}          # as they may stand in captions, e.g. ["Mira Solberg"]
contact = {contact}      # public contact for letters: agent, studio or P.O. box rather than home
collecting_society = {society}
member_no = {member_no}
# If you like: language = "de" (of letters); email, phone, address (postal), grounds (of an
# objection under the GDPR): printed only where a kind of letter or a form asks for them.

[where]
sites = {sites}          # roots to crawl, e.g. ["https://mira.example/"]
# Hosts that are yours. On a shared host name your own part of it, for example
# "cdn.shopify.com/s/files/1/0190/8574". With dates, if it was yours for a time only:
# {{ host = "old.example", from = 2012-01-01, until = 2019-12-31 }}
hosts = {hosts}
accounts = {accounts}            # e.g. {{ platform = "tumblr", name = "you" }}; see optout accounts

[datasets]
search = {datasets}      # files, folders or names (see: optout datasets)
"""

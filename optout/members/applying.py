"""A member → the case's optout.toml: made once, later changed only where the members file changed.

What was written there by hand (hosts, data sets, a site more) stays, and so does everything else
in the folder: decisions, observations, requests.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crawler.whole import write_whole
from optout.case import FILE, create_case
from optout.errors import CaseError
from optout.members.register import Member

if TYPE_CHECKING:
    from tomlkit import TOMLDocument


def apply(folder: Path, member: Member, before: Member | None, society: str, today: date) -> bool:
    """Make or update `folder`/optout.toml; True when it was written.

    `before` is what the register said, None for a new member. Raises CaseError for a file that
    cannot be read.
    """
    if not (folder / FILE).exists():
        create_case(
            folder,
            list(member.sites),
            names=list(member.names),
            contact=member.contact,
            created=today,
            case_id=member.folder,
            society=(society, member.number),
            accounts=member.accounts,
        )
        return True
    changed = _changed(member, before, society)
    return bool(changed) and _update(folder / FILE, changed)


def _changed(member: Member, before: Member | None, society: str) -> dict[tuple[str, str], Any]:
    """Keys of optout.toml that the members file now says something else about."""
    now, then = _keys(member), _keys(before) if before else {}
    changed = {key: value for key, value in now.items() if then.get(key) != value}
    return changed | ({("artist", "collecting_society"): society} if society else {})


def _keys(member: Member) -> dict[tuple[str, str], Any]:
    return {
        ("artist", "names"): list(member.names),
        ("artist", "contact"): member.contact,
        ("artist", "member_no"): member.number,
        ("where", "sites"): list(member.sites),
        ("where", "accounts"): [
            {key: value for key, value in asdict(one).items() if value} for one in member.accounts
        ],
    }


def _update(path: Path, changed: dict[tuple[str, str], Any]) -> bool:
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        text = path.read_text("utf-8")
        document = tomlkit.parse(text)
        for (table, key), value in changed.items():
            _set(document, table, key, value)
    except (TOMLKitError, UnicodeDecodeError, TypeError, AttributeError) as error:
        raise CaseError(f"{path} cannot be read: {error}", "mend the line named") from error
    written = tomlkit.dumps(document)
    if written == text:
        return False
    write_whole(path, written)
    return True


def _set(document: TOMLDocument, table: str, key: str, value: Any) -> None:
    import tomlkit

    section: Any = document.setdefault(table, tomlkit.table())
    if key in section and section[key] == value:
        return
    item = tomlkit.item(value)
    if isinstance(value, list) and value and isinstance(value[0], dict):
        item = tomlkit.array()
        for one in value:
            entry = tomlkit.inline_table()
            entry.update(one)
            item.append(entry)
    if key in section and hasattr(section[key], "trivia"):
        item.trivia.comment = section[key].trivia.comment
        item.trivia.comment_ws = section[key].trivia.comment_ws
    section[key] = item

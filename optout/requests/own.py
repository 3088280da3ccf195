"""A case's own entries for recipients, checked → the destinations of that case."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from optout.case import FILE, Case
from optout.errors import CaseError
from optout.requests.recipients import (
    CHANNELS,
    CONFIDENCE,
    EFFECTS,
    FILES,
    LISTS,
    PROFILE,
    ROLES,
    Recipient,
    kinds,
    recipient,
    recipients,
    table,
)  # fmt: skip

OWN = "recipients.toml"  # beside optout.toml

_EMAIL = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_WEB = re.compile(r"https://[!-~]+")
_ID = re.compile(r"[a-z][a-z0-9-]{0,40}")
_TEXTS = (
    "name", "team", "list_format", "publishes_note", "effect_note", "effect_source", "source",
    "robots", "society", "reservation", "place",
)  # fmt: skip
_WORDS = {
    "role": ROLES, "channel": CHANNELS, "effect": EFFECTS, "confidence": CONFIDENCE, "files": FILES,
    "automation": ("manual", "api"),
}  # fmt: skip
_SWITCHES = (
    "by_default", "names_repository", "one_host_per_batch", "one_repository_per_batch",
    "needs_oath", "needs_id", "publishes_sender", "signatory",
)  # fmt: skip
_FORM_HOLDS = (
    "name", "contact", "email", "phone", "address", "explanation", "editions", "locators", "urls",
    "originals", "domains", "title", "company", "comments", "send", "tick",
)  # fmt: skip


def recipients_of(case: Case) -> dict[str, Recipient]:
    """The product's destinations with what the case changes or adds, by id.

    Raises CaseError naming the file, the entry, the key and what it takes.
    """
    known = table("recipients")
    found = dict(recipients())
    for path, entries in _files(case):
        for key, entry in entries.items():
            where = f"{path}: [{key}]"
            if not _ID.fullmatch(key) or not isinstance(entry, dict):
                raise CaseError(
                    f"{where} is no name of a destination",
                    "write a table with a name of small letters, digits and hyphens",
                )
            _check_keys(where, entry)
            whole = {**_BLANK, "checked": case.created, **known.get(key, {}), **entry}
            _check_whole(where, whole)
            found[key] = recipient(key, whole)
    return found


# What an entry of the user's own need not say.
_BLANK: dict[str, Any] = {
    "role": "copy_host",
    "channel": "mail",
    "lists": ["urls"],
    "list_format": "one address per line",
    "required": ["your contact"],
    "effect": "no known effect",
    "effect_note": "nothing is known of it",
    "effect_source": "your own entry",
    "confidence": "please check",
    "source": "your own entry",
}


def _files(case: Case) -> list[tuple[str, dict[str, Any]]]:
    found = []
    for name, key in ((FILE, "recipients"), (OWN, "")):
        path = case.folder / name
        if path.is_file():
            data = _read(path)
            entries = data.get(key, {}) if key else data
            if not isinstance(entries, dict):
                raise CaseError(f"{path}: [recipients] must be a table", "write [recipients.NAME]")
            found.append((str(path), entries))
    return found


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise CaseError(f"cannot read {path}: {error.strerror}", "check the folder") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CaseError(f"{path} is not valid TOML: {error}", "mend the line named") from error


def _check_keys(where: str, entry: dict[str, Any]) -> None:
    for key, value in entry.items():
        check = _CHECKS.get(key)
        if check is None:
            near = difflib.get_close_matches(key, _CHECKS, 1)
            raise CaseError(
                f'{where} has "{key}", which is no key of a destination',
                f"did you mean {near[0]}?" if near else f"it takes: {', '.join(sorted(_CHECKS))}",
            )
        if problem := check(value):
            raise CaseError(f'{where}: "{key}" {problem}', "mend this line")


def _check_whole(where: str, entry: dict[str, Any]) -> None:
    """What two keys together must not say, and what an entry cannot be without."""
    for key in ("name", "kinds"):
        if key not in entry:
            raise CaseError(f'{where}: "{key}" is missing', f"add {key} to this entry")
    if "address" in entry and entry["channel"] == "mail" and not _EMAIL.fullmatch(entry["address"]):
        raise CaseError(
            f'{where}: "address" is no e-mail address, and the channel is mail',
            'write channel = "form" for the address of a form',
        )
    if entry.get("publishes_sender") and not entry.get("publishes_note"):
        raise CaseError(f'{where}: "publishes_note" is missing', "say where senders are published")
    letters = table("letters")
    for kind in entry["kinds"]:
        if kinds()[kind].copies and entry.get("datasets"):
            raise CaseError(
                f"{where}: {kind} is about copies, and a data set of links holds none",
                "take datasets or this kind out of the entry",
            )
        if entry.get("files", "letter") == "letter" and entry["role"] not in letters[kind]:
            raise CaseError(
                f"{where}: there is no {kind} for the role {entry['role']}",
                f"{kind} goes to: {', '.join(letters[kind])}",
            )


def _text(value: Any) -> str:
    return "" if isinstance(value, str) and value.strip() else "must be a text in quotes"


def _address(value: Any) -> str:
    fits = isinstance(value, str) and (_EMAIL.fullmatch(value) or _WEB.fullmatch(value))
    return "" if fits else "must be an e-mail address or begin with https://"


def _switch(value: Any) -> str:
    return "" if isinstance(value, bool) else "must be true or false"


def _one_of(words: tuple[str, ...]) -> Callable[[Any], str]:
    return lambda value: "" if value in words else f"must be one of: {', '.join(words)}"


def _some_of(words: tuple[str, ...]) -> Callable[[Any], str]:
    def check(value: Any) -> str:
        fits = isinstance(value, list) and all(word in words for word in value)
        return "" if fits else f"must be a list of some of: {', '.join(words)}"

    return check


def _texts(value: Any) -> str:
    fits = isinstance(value, list) and all(isinstance(text, str) and text for text in value)
    return "" if fits else "must be a list of texts"


def _count(value: Any) -> str:
    fits = isinstance(value, int) and not isinstance(value, bool) and value > 0
    return "" if fits else "must be a number above 0"


def _day(value: Any) -> str:
    return "" if isinstance(value, date) else "must be a day, such as 2026-11-21"


def _language(value: Any) -> str:
    fits = isinstance(value, str) and re.fullmatch(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*", value)
    return "" if fits else "must be the code of a language, such as de"


def _form(value: Any) -> str:
    fits = isinstance(value, list) and all(
        isinstance(field, dict)
        and field.keys() <= {"label", "holds", "most"}
        and not _text(field.get("label"))
        and field.get("holds") in _FORM_HOLDS
        and not _count(field.get("most", 1))
        for field in value
    )
    return "" if fits else 'must be a list of { label = "…", holds = "name", most = 255 }'


_CHECKS: dict[str, Callable[[Any], str]] = {
    **dict.fromkeys(_TEXTS, _text),
    **{key: _one_of(words) for key, words in _WORDS.items()},
    **dict.fromkeys(_SWITCHES, _switch),
    "address": _address,
    "kinds": _some_of(tuple(kinds())),
    "lists": _some_of(LISTS),
    "needs": _some_of(PROFILE),
    "datasets": _texts,
    "hosts": _texts,
    "required": _texts,
    "address_evidence": _texts,
    "batch_cap": _count,
    "checked": _day,
    "language": _language,
    "form": _form,
}

"""optout.toml → Case; each key that is wrong is named."""

from __future__ import annotations

import difflib
import re
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

from optout.case.records import DEFAULT_FOLDER, FILE, VERSION, Account, Case, DeclaredHost
from optout.errors import CaseError


def find_case(folder: Path | None) -> Path:
    """The case folder to use: the one named, else here, else ./optout-case. Raises CaseError."""
    here = folder or Path()
    candidates = [here, here / DEFAULT_FOLDER]
    for candidate in candidates:
        if (candidate / FILE).is_file():
            return candidate
    raise CaseError(
        f"no {FILE} in {' or '.join(str(c) for c in candidates)}",
        "begin with: optout crawl https://your-site.example   (or name the folder with --case)",
    )


def load_case(folder: Path) -> Case:
    """Read and check `folder`/optout.toml. Raises CaseError naming the key and the next step."""
    path = folder / FILE
    try:
        return parse_case(folder, path.read_text("utf-8"))
    except OSError as error:
        raise CaseError(f"cannot read {path}: {error.strerror}", "check the folder") from error
    except UnicodeDecodeError as error:
        raise CaseError(f"{path} is not valid TOML: {error}", "mend the line named") from error


def parse_case(folder: Path, text: str) -> Case:
    """The Case that `text`, as optout.toml of `folder`, describes. Raises CaseError."""
    path = folder / FILE
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CaseError(f"{path} is not valid TOML: {error}", "mend the line named") from error
    version = data.get("version", VERSION)
    if not isinstance(version, int) or version > VERSION:
        raise CaseError(
            f"{path} has version {version}; this optout reads up to {VERSION}",
            "use the newer optout that made the folder",
        )
    _refuse_unknown_keys(path, data)
    return _case(folder, path, data)


_KEYS: dict[str, frozenset[str]] = {
    "": frozenset(
        {
            "version",
            "case_id",
            "created",
            "demo",
            "artist",
            "where",
            "datasets",
            "history",
            "recipients",  # read by optout/requests/own.py
        }
    ),
    "artist": frozenset(
        {
            "names",
            "contact",
            "collecting_society",
            "member_no",
            "email",
            "phone",
            "address",
            "grounds",
            "language",
        }
    ),
    "where": frozenset({"sites", "hosts", "accounts"}),
    "datasets": frozenset({"search"}),
    "history": frozenset({"index", "data", "table_paths"}),
}


def _refuse_unknown_keys(path: Path, data: dict[str, Any]) -> None:
    """A misspelt key would silently be as if it were not there."""
    for name, known in _KEYS.items():
        table = data.get(name, {}) if name else data
        for key in table if isinstance(table, dict) else ():
            if key not in known:
                near = difflib.get_close_matches(key, known, 1)
                where = f" under [{name}]" if name else ""
                raise CaseError(
                    f'{path}: "{key}"{where} is no key of optout.toml',
                    f"did you mean {near[0]}?" if near else f"it takes: {', '.join(sorted(known))}",
                )


def _case(folder: Path, path: Path, data: dict[str, Any]) -> Case:
    artist = _table(path, data, "artist")
    where = _table(path, data, "where")
    case_id = data.get("case_id")
    if not isinstance(case_id, str) or not re.fullmatch(r"[\w.-]{1,64}", case_id):
        raise CaseError(
            f'{path}: "case_id" is missing or not a plain name',
            'add for example case_id = "my-name"',
        )
    created = data.get("created")
    return Case(
        folder=folder,
        case_id=case_id,
        created=created if isinstance(created, date) else date(1970, 1, 1),
        names=_strings(path, artist, "names"),
        contact=_string(path, artist, "contact"),
        email=_string(path, artist, "email"),
        phone=_string(path, artist, "phone"),
        address=_string(path, artist, "address"),
        grounds=_string(path, artist, "grounds"),
        language=_string(path, artist, "language"),
        collecting_society=_string(path, artist, "collecting_society"),
        member_no=_string(path, artist, "member_no"),
        sites=_strings(path, where, "sites"),
        hosts=tuple(_host(path, entry) for entry in _list(path, where, "hosts")),
        accounts=tuple(_account(path, entry) for entry in _list(path, where, "accounts")),
        datasets=_strings(path, _table(path, data, "datasets"), "search"),
        history=_history(path, _table(path, data, "history")),
    )


def _table(path: Path, data: dict[str, Any], key: str) -> dict[str, Any]:
    value = data.get(key, {})
    if not isinstance(value, dict):
        raise CaseError(f"{path}: [{key}] must be a table", f"write [{key}] on a line of its own")
    return value


def _list(path: Path, table: dict[str, Any], key: str) -> list[Any]:
    value = table.get(key, [])
    if not isinstance(value, list):
        raise CaseError(f'{path}: "{key}" must be a list', f'write {key} = ["…"]')
    return value


def _strings(path: Path, table: dict[str, Any], key: str) -> tuple[str, ...]:
    values = _list(path, table, key)
    if not all(isinstance(value, str) for value in values):
        raise CaseError(f'{path}: "{key}" must hold texts in quotes', f'write {key} = ["…"]')
    return tuple(values)


def _history(path: Path, table: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    found = ((key, _string(path, table, key)) for key in sorted(table))
    return tuple((key, value) for key, value in found if value)


def _string(path: Path, table: dict[str, Any], key: str) -> str:
    value = table.get(key, "")
    if not isinstance(value, str):
        raise CaseError(f'{path}: "{key}" must be a text in quotes', f'write {key} = "…"')
    return value


def _host(path: Path, entry: Any) -> DeclaredHost:
    if isinstance(entry, str):
        return DeclaredHost(entry)
    if isinstance(entry, dict) and isinstance(entry.get("host"), str):
        since, until = entry.get("from"), entry.get("until")
        if all(day is None or isinstance(day, date) for day in (since, until)):
            return DeclaredHost(entry["host"], since, until)
    raise CaseError(
        f"{path}: hosts has an entry that is not a host: {entry!r}",
        'write "images.example.org" or { host = "images.example.org", from = 2015-01-01 }',
    )


def _account(path: Path, entry: Any) -> Account:
    if isinstance(entry, dict) and "platform" in entry and ("name" in entry or "id" in entry):
        keys = {key: entry[key] for key in ("platform", "name", "host", "id") if key in entry}
        if all(isinstance(value, str) for value in keys.values()):
            return Account(**{key: value.strip() for key, value in keys.items()})
    raise CaseError(
        f"{path}: accounts has an entry that is not an account: {entry!r}",
        'write { platform = "tumblr", name = "your-name" } (further keys: host, id)',
    )

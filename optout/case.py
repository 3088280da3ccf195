"""optout.toml → Case: who the artist is, where the work is shown, which data sets to search."""

from __future__ import annotations

import difflib
import json
import re
import tomllib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from crawler.whole import write_whole
from optout.errors import CaseError

VERSION = 1  # of optout.toml and the folder; a higher one is refused
FILE = "optout.toml"
DEFAULT_FOLDER = "optout-case"


@dataclass(frozen=True, slots=True)
class DeclaredHost:
    """A host (or host plus tenant path) that the artist says is theirs.

    `host` is as written: "images.mira.example", "*.mira.example" or, on a shared host,
    "cdn.shopify.com/s/files/1/0190/8574". `since` and `until` bound the time it was theirs.
    """

    host: str
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the artist's on a platform; which keys it needs says optout/accounts."""

    platform: str  # as in accounts.toml, e.g. "tumblr"
    name: str = ""
    host: str = ""  # the server, where the platform has many (Mastodon, own Bluesky server)
    id: str = ""  # what stands in image addresses instead of the name, e.g. "did:plc:…"


@dataclass(frozen=True, slots=True)
class Case:
    """One artist's folder. Paths under it are where each step writes."""

    folder: Path
    case_id: str
    created: date
    names: tuple[str, ...] = ()
    contact: str = ""  # public contact, printed in letters
    email: str = ""  # these four only where a letter's kind or recipient asks for them
    phone: str = ""
    address: str = ""  # postal
    grounds: str = ""  # of an objection under the GDPR, in the artist's own words
    language: str = ""  # of letters, e.g. "de"
    collecting_society: str = ""
    member_no: str = ""
    sites: tuple[str, ...] = ()  # absolute addresses of site roots
    hosts: tuple[DeclaredHost, ...] = ()
    accounts: tuple[Account, ...] = ()
    datasets: tuple[str, ...] = ()  # paths or names, searched when none is given
    history: tuple[tuple[str, str], ...] = ()  # another archive's servers: optout/history/archive

    @property
    def observations(self) -> Path:
        return self.folder / "observations"

    @property
    def matches(self) -> Path:
        return self.folder / "matches"

    @property
    def looked_at(self) -> Path:
        return self.folder / "looked_at"

    @property
    def requests(self) -> Path:
        return self.folder / "requests"

    @property
    def decisions(self) -> Path:
        return self.folder / "decisions.db"

    @property
    def report(self) -> Path:
        return self.folder / "report.html"

    def runs(self) -> list[Path]:
        """Folders of the finished runs, oldest first."""
        return sorted(p for p in self.observations.glob("run=*") if p.is_dir())

    def as_of(self) -> datetime:
        """The date outputs carry: end of the latest current run, else the day the case was made."""
        from optout.runs import current_runs

        summaries = [read_summary(run) for run in self.runs()]
        current = current_runs(summaries)
        ends = [s["finished_at"] for s in summaries if s["run_id"] in current]
        if ends:
            return datetime.fromisoformat(max(ends))
        return datetime(self.created.year, self.created.month, self.created.day, tzinfo=UTC)


def read_summary(run: Path) -> dict[str, Any]:
    """summary.json of a finished run. Raises CaseError when it is missing or damaged."""
    try:
        summary: dict[str, Any] = json.loads((run / "summary.json").read_text("utf-8"))
        datetime.fromisoformat(summary["finished_at"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CaseError(
            f"{run.name} in {run.parent} has no readable summary.json",
            "restore the folder from a copy, or move it out of observations/",
        ) from error
    return summary


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
    try:
        content = text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise CaseError(
            f"a name or address holds {error.object[error.start]!r}, which is no text",
            "type it again, in UTF-8",
        ) from error
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(path, content)
    except OSError as error:
        raise CaseError(
            f"cannot write {path}: {error.strerror}", "choose a folder you may write to"
        ) from error
    return load_case(folder)


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

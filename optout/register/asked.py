"""The folders of requests/ → what was asked of whom. The only reader of these files here.

Files that were written by hand or are damaged give fewer requests, never an error.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from optout.case import Case
from optout.errors import RequestError

_ID = re.compile(r"r-[0-9a-f]{16}")
_MAX_LINE = 2**20  # characters of one record


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, as a list in requests/ (or the user) names it."""

    request_id: str
    destination_id: str
    destination: str  # its name for people
    kind: str
    host: str = ""  # whose row or domain it is about
    match_id: str = ""
    url: str = ""  # the row's address, or what the user wrote
    written_on: str = ""  # day of the list, ISO 8601
    folder: str = ""  # of the list, relative to the case: requests/<date>/<destination>


def asked(case: Case) -> dict[str, Asked]:
    """Every request that a list in requests/ holds, by id; of several lists the latest counts."""
    found: dict[str, Asked] = {}
    for folder in _folders(case):
        found |= {one.request_id: one for one in _read(case, folder)}
    return found


def named(case: Case, words: tuple[str, ...]) -> list[Asked]:
    """The requests that `words` name, each once.

    A word is a request's id, a destination (`laion`: its latest list), a dated one
    (`2026-11-21/laion`) or the path of such a folder. Raises RequestError for any other.
    """
    found: dict[str, Asked] = {}
    known = asked(case) if any(_ID.fullmatch(word) for word in words) else {}
    for word in words:
        if _ID.fullmatch(word):
            ones = [known[word]] if word in known else []
        else:
            ones = list(_of_folder(case, word))
        if not ones:
            raise RequestError(
                f"no request of {case.folder} is called {word[:100]!r}",
                "name a request (r-…), a folder of requests/ such as laion, or see: "
                "optout show requests",
            )
        found |= {one.request_id: one for one in ones}
    return list(found.values())


def _of_folder(case: Case, word: str) -> Iterator[Asked]:
    """The requests of one folder: named by path, by date and name, or by name alone."""
    parts = Path(word).parts[-2:]
    for folder in reversed(_folders(case)):
        if (folder.parent.name, folder.name)[-len(parts) :] == parts:
            yield from _read(case, folder)
            return


def _folders(case: Case) -> list[Path]:
    """Folders of request lists, oldest date first."""
    return sorted(file.parent for file in case.requests.glob("[0-9]*/*/requests.jsonl"))


def _read(case: Case, folder: Path) -> Iterator[Asked]:
    name = str(_manifest(folder).get("name") or folder.name)
    try:
        with (folder / "requests.jsonl").open(encoding="utf-8", errors="replace") as lines:
            while line := lines.readline(_MAX_LINE):
                row = _object(line)
                if _ID.fullmatch(str(row.get("request_id"))):
                    yield _asked(case, folder, name, row)
    except OSError:
        return


def _asked(case: Case, folder: Path, name: str, row: dict[str, Any]) -> Asked:
    said = {key: str(row.get(key) or "") for key in ("destination_id", "kind", "host", "match_id")}
    return Asked(
        request_id=row["request_id"],
        destination=name,
        url=str(row.get("match_url") or row.get("host") or ""),
        written_on=folder.parent.name,
        folder=folder.relative_to(case.folder).as_posix(),
        **said,
    )


def _manifest(folder: Path) -> dict[str, Any]:
    try:
        return _object((folder / "manifest.json").read_text("utf-8", "replace"))
    except OSError:
        return {}


def _object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}

"""A case → its newest folder of letters, what else could be written, and the user's statements.

As `engine`, a door to the functions behind `optout requests`: nothing is decided here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optout.case import Case

if TYPE_CHECKING:
    from optout.requests import RequestSummary
    from optout.requests.recipients import Kind, Recipient

_MOST_LINE = 2**20  # characters of one record


@dataclass(frozen=True, slots=True)
class Written:
    """One folder of letters and lists, as its manifest describes it."""

    folder: str  # its name below the day
    to: str  # NAME:KIND, as the user can choose it
    name: str  # of the destination
    host: str  # of a repost, else ""
    kind_id: str
    kind: str
    rows: int
    language: str
    draft: bool  # the user's own statements are missing
    declared_at: str
    effect: str
    effect_source: str
    confidence: str
    checked: str
    publishes: str
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be written besides the usual letters; each is an option of `optout requests`."""

    to: tuple[str, ...] = ()
    language: str = ""
    shows_me: bool = False
    shown_in: tuple[str, ...] = ()  # ids of matches
    declare: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """One kind of request that a destination takes."""

    to: str
    recipient: Recipient
    usual: bool  # it is written without being asked for


def write_letters(case: Case, wanted: Wanted) -> RequestSummary:
    """`optout requests`. Raises RequestError, CaseError."""
    from optout.requests import write_requests

    return write_requests(
        case,
        shows_me=wanted.shows_me,
        shown_in=wanted.shown_in,
        to=wanted.to,
        declare=wanted.declare,
        language=wanted.language,
    )


def latest_day(case: Case) -> Path | None:
    """The newest folder of letters."""
    from optout.requests.manifest import days

    found = days(case)
    return found[-1] if found else None


def letters(case: Case) -> tuple[Written, ...]:
    """What the newest folder of letters holds; a folder without a manifest is left out."""
    day = latest_day(case)
    folders = sorted(p for p in day.iterdir() if p.is_dir()) if day else []
    known = _recipients(case)
    found = (_written(folder, known) for folder in folders)
    return tuple(one for one in found if one)


def as_written(case: Case) -> Wanted:
    """What made the newest letters what they are: writing with it gives the same ones again."""
    from optout.requests.recipients import kinds

    day, found = latest_day(case), letters(case)
    codes = {one.language for one in found}
    personal = [one for one in found if one.kind_id in kinds() and kinds()[one.kind_id].shows_me]
    shown = {i for one in personal if day for i in _match_ids(day / one.folder)}
    return Wanted(
        to=tuple(dict.fromkeys(one.to for one in found)),
        language=codes.pop() if len(codes) == 1 else "",
        shown_in=tuple(sorted(shown)),
    )


def languages(case: Case) -> dict[str, str]:
    """Code → name of every language that letters can be written in. Raises RequestError."""
    from optout.requests.language import language_of, languages

    return {code: language_of(case, code).say("name") for code in languages(case)}


def choices(case: Case) -> list[tuple[Kind, list[Choice]]]:
    """Every kind of request with the destinations that take it. Raises CaseError."""
    from optout.requests.recipients import kinds

    known = [r for r in _recipients(case).values() if r.files != "none"]
    return [
        (kind, [_choice(r, kind.id) for r in known if kind.id in r.kinds])
        for kind in kinds().values()
        if any(kind.id in r.kinds for r in known)
    ]


def nothing_to_prepare(case: Case) -> list[Recipient]:
    """Destinations for which there is nothing to write, only something to know."""
    return [r for r in _recipients(case).values() if r.files == "none"]


def statements(case: Case, written: Written) -> tuple[str, ...]:
    """What the user has to state for a notice, as the letter would say it. Raises RequestError."""
    from optout.requests.language import language_of
    from optout.requests.recipients import kinds

    words, kind = language_of(case, written.language), kinds().get(written.kind_id)
    return tuple(words.say(f"text.{name}") for name in kind.declares) if kind else ()


def missing(case: Case, written: Written) -> tuple[str, ...]:
    """What the kind of a letter needs and the case does not say of its sender."""
    from optout.requests.recipients import kinds
    from optout.requests.sender import sender

    asking = (kinds().get(written.kind_id), _recipients(case).get(written.to.partition(":")[0]))
    return sender(case).missing(tuple(need for one in asking if one for need in one.needs))


def entries(folder: Path) -> Iterator[dict[str, Any]]:
    """The records of one folder of letters; what is no record is left out."""
    try:
        with (folder / "requests.jsonl").open(encoding="utf-8", errors="replace") as lines:
            while line := lines.readline(_MOST_LINE):
                row = _object(line)
                if "request_id" in row:
                    yield row
    except OSError:
        return


def covers(folder: Path) -> str:
    """Names the entries of a folder: what a statement made for them covers."""
    from optout.requests.declared import digest

    return digest(str(row["request_id"]) for row in entries(folder))


def _recipients(case: Case) -> dict[str, Recipient]:
    from optout.requests.own import recipients_of

    return recipients_of(case)


def _choice(recipient: Recipient, kind: str) -> Choice:
    usual = recipient.by_default and recipient.kinds[0] == kind
    return Choice(f"{recipient.id}:{kind}", recipient, usual)


def _match_ids(folder: Path) -> Iterator[str]:
    return (str(row["match_id"]) for row in entries(folder) if row.get("match_id"))


def _object(line: str) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _written(folder: Path, known: dict[str, Recipient]) -> Written | None:
    from optout.requests.manifest import MANIFEST
    from optout.requests.recipients import kinds

    try:
        manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
        recipient = known.get(manifest["destination_id"])
        kind = kinds().get(manifest["kind"] or "")
        return Written(
            folder=folder.name,
            to=f"{manifest['destination_id']}:{manifest['kind']}",
            name=str(manifest["name"]),
            host=str(manifest.get("host") or ""),
            kind_id=kind.id if kind else "",
            kind=kind.label if kind else "",
            rows=int(manifest["rows"]),
            language=str(manifest["language"]),
            draft=bool(manifest["draft"]),
            declared_at=str(manifest["declared_at"] or ""),
            effect=str(manifest["effect"]),
            effect_source=str(manifest["effect_source"]),
            confidence=str(manifest["confidence"]),
            checked=str(manifest["checked"]),
            publishes=recipient.publishes_note if recipient else "",
            files=tuple(sorted(p.name for p in folder.iterdir() if p.is_file())),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None

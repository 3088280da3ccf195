"""A case → its evidence packs, and one more of them: a door to what `optout evidence` does."""

from __future__ import annotations

import hashlib
import json
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optout.case import Case
from optout.web.job import PackChoices

if TYPE_CHECKING:
    from optout.evidence_pack import Making, Verified

_LOOPBACK_PAUSE = 0.0  # the invented artist's site needs no patience
_MOST = 4 * 2**20  # characters of a record that are read


@dataclass(frozen=True, slots=True)
class Made:
    """One pack, as its own files describe it."""

    name: str
    made_at: str
    made_by: str
    manifest_sha256: str
    archive: Path


def make(case: Case, choices: PackChoices, step: Callable[[int, int, str], None]) -> str:
    """`optout evidence`: look, write, and the name of the pack.

    `step` hears which address of how many is being looked at. Raises RequestError, CaseError.
    """
    from optout.evidence_pack import make_pack
    from optout.evidence_pack.subjects import about

    what = about(case, choices.requests, choices.matches)
    total = sum(not subject.refused for subject in what.subjects) + 1  # and what is made of it
    number = 0

    def tell(text: str) -> None:
        nonlocal number
        number = min(number + 1, total)
        step(number, total, text)

    made = make_pack(case, choices.requests, choices.matches, _making(case, choices, tell))
    return made.folder.name


def _making(case: Case, choices: PackChoices, tell: Callable[[str], None]) -> Making:
    from crawler.policy import Reach
    from optout.commands.evidence import started
    from optout.evidence_pack import Making
    from optout.evidence_pack.looking import PAUSE

    usual = _LOOPBACK_PAUSE if choices.demo else PAUSE
    return Making(
        by=choices.by,
        command=_command(choices),
        reach=Reach(started(case), choices.allow_private or choices.demo),
        owned=frozenset(host.rstrip(".").lower() for host in choices.owned),
        pause=usual if choices.pause is None else choices.pause,
        pictures=choices.screenshots,
        tell=tell,
    )


def _command(choices: PackChoices) -> str:
    """What the custody log says of how it was asked for: the same as a command."""
    matches = [word for match_id in choices.matches for word in ("--match", match_id)]
    return "optout serve, as: " + shlex.join(["optout", "evidence", *choices.requests, *matches])


def packs(case: Case) -> list[Made]:
    """Every pack of the case, the newest first; what is damaged is shown with what is left."""
    archives = (case.folder / "evidence").glob("*.zip")
    found = [_made(path) for path in archives if not path.name.startswith(".")]
    return sorted(found, key=lambda one: (one.made_at, one.name), reverse=True)


def records(made: Made, name: str) -> list[Any]:
    """addresses.json, left_out.json … of a pack; nothing where it cannot be read."""
    found = _json(made.archive.with_suffix("") / name)
    return found if isinstance(found, list) else []


def verified(made: Made) -> Verified:
    """`optout evidence --verify`. Raises CaseError when it is no pack any more."""
    from optout.evidence_pack import verify

    return verify(made.archive)


def _made(archive: Path) -> Made:
    manifest = archive.with_suffix("") / "manifest.json"
    head = _json(manifest)
    said = head if isinstance(head, dict) else {}
    try:
        digest = hashlib.sha256(manifest.read_bytes()).hexdigest()
    except OSError:
        digest = ""
    when, who = (str(said.get(key) or "") for key in ("made_at", "made_by"))
    return Made(archive.stem, when, who, digest, archive)


def _json(path: Path) -> Any:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return json.loads(file.read(_MOST))
    except (OSError, ValueError, RecursionError):
        return None

"""Files kept by a run, and addresses the user asks to see → small pictures, decoded and rewritten.

Bytes of strangers never reach the browser: it gets a JPEG made here.
"""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from optout.case import Case
from optout.errors import CaseError
from optout.report.thumbnails import small_picture
from optout.web.job import FOLDER

_EDGE = 640  # pixels of the longer side
_PLACE, _JPEG = "seen", ".jpg"  # below .page/


@dataclass(frozen=True, slots=True)
class Seen:
    """What became of asking for a stranger's picture."""

    at: str  # ISO 8601, UTC
    problem: str = ""  # why there is none


def kept(case: Case, run_id: str, stored_as: str, edge: int) -> bytes | None:
    """A JPEG of a file that a run kept; None where it gives none. The name must stay in the run."""
    run = (case.observations / f"run={run_id}").resolve()
    path = (run / stored_as).resolve()
    return small_picture(path, edge) if path.is_relative_to(run) else None


def fetched(case: Case, match_id: str) -> Seen | None:
    """What was seen at a match's address when the user asked; None when they did not."""
    try:
        return Seen(**json.loads(_note(case, match_id).read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def fetched_picture(case: Case, match_id: str) -> bytes | None:
    """The small picture that was made of what the address answered."""
    try:
        return _note(case, match_id).with_suffix(_JPEG).read_bytes()
    except OSError:
        return None


def fetch_for(case: Case, match_id: str, url: str) -> Seen:
    """Ask once for the address under the fetch policy and keep a small picture of the answer.

    Raises CaseError when the case's folder cannot be written.
    """
    from crawler.policy import MAX_IMAGE_BYTES, Reach, started_private
    from crawler.urls import host_of
    from optout.fetch import fetch

    reach = Reach(started=started_private(host_of(site) for site in case.sites))
    answer = fetch(url, reach, max_bytes=MAX_IMAGE_BYTES)
    ok = answer.outcome == "fetched" and answer.status == 200
    small = small_picture(io.BytesIO(answer.body), _EDGE) if ok else None
    problem = "" if small else _why(answer.reason, answer.status)
    return _remember(case, match_id, small, problem)


def _why(reason: str, status: int | None) -> str:
    if reason:
        return reason
    return "the answer is no picture that can be shown" if status == 200 else f"status {status}"


def _remember(case: Case, match_id: str, small: bytes | None, problem: str) -> Seen:
    note = _note(case, match_id)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    seen = Seen(now, problem)
    try:
        note.parent.mkdir(parents=True, exist_ok=True)
        if small:
            note.with_suffix(_JPEG).write_bytes(small)
        note.write_text(json.dumps(asdict(seen)), "utf-8")
    except OSError as error:
        raise CaseError(
            f"cannot write {note.parent}: {error.strerror or error}",
            "allow writing to the folder, then try again",
        ) from error
    return seen


def _note(case: Case, match_id: str) -> Path:
    name = hashlib.sha256(match_id.encode("utf-8", "replace")).hexdigest()[:32]
    return case.folder / FOLDER / _PLACE / f"{name}.json"

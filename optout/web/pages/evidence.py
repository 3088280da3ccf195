"""Evidence packs: chosen, made while the page shows how far it is, looked at, verified, saved."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, Response

from optout.errors import CaseError
from optout.web import engine, job, letter_sets, packs, words
from optout.web.ask import Ask, go, page
from optout.web.forms import PROBLEMS, lines, problem

_SHOWN = 200  # addresses of a pack on the page; all are in its files
_LONGEST_PAUSE = 60  # seconds


def show(ask: Ask, error: Exception | None = None) -> Response:
    """What a pack can be about, how far the one being made is, and those there are."""
    from optout.evidence_pack.subjects import MOST_ROWS

    if not ask.has_case():
        return go("/who")
    case = ask.case()
    day = letter_sets.latest_day(case)
    return page(
        ask,
        "evidence",
        step="results",
        status=409 if error else 200,
        watched=job.watch(case.folder, job.PACK),
        stopping=bool(ask.one("stopping")),
        day=day.name if day else "",
        letters=letter_sets.letters(case),
        packs=packs.packs(case),
        chosen=_choices(ask, case_is_demo=engine.is_demo(case), pause=None),
        most=MOST_ROWS,
        error=error and problem(error),
    )


def start(ask: Ask) -> Response:
    """Begin a pack; a second time while one is made, or from an old page, changes nothing."""
    case = ask.case()
    try:
        choices = _choices(ask, case_is_demo=engine.is_demo(case), pause=_pause(ask.one("pause")))
        if not (choices.requests or choices.matches):
            raise CaseError(words.text("evidence.nothing"), words.text("evidence.nothing_hint"))
        if ask.one("shown") == job.read(case.folder, job.PACK).began:
            job.start(case, choices, datetime.now(UTC).isoformat(timespec="microseconds"), job.PACK)
    except PROBLEMS as error:
        return show(ask, error)
    return go("/evidence")


def stop(ask: Ask) -> Response:
    """Ask the work to stop; no half pack is left."""
    stopping = job.stop(ask.site.folder, job.PACK)
    return go("/evidence?stopping=1" if stopping else "/evidence")


def one(ask: Ask, checked: Any = None, error: Exception | None = None) -> Response:
    """What one pack holds of each address, and what it lacks."""
    made = _made(ask)
    addresses = [row for row in packs.records(made, "addresses.json") if isinstance(row, dict)]
    return page(
        ask,
        "pack",
        step="results",
        made=made,
        addresses=[_address(row) for row in addresses[:_SHOWN]],
        more=len(addresses) - _SHOWN,
        left_out=[str(why) for why in packs.records(made, "left_out.json")][:_SHOWN],
        checked=checked,
        error=error and problem(error),
    )


def verify(ask: Ask) -> Response:
    """`optout evidence --verify`."""
    try:
        return one(ask, checked=packs.verified(_made(ask)))
    except PROBLEMS as error:
        return one(ask, error=error)


def download(ask: Ask) -> Response:
    """The zip of a pack."""
    made = _made(ask)
    return FileResponse(made.archive, filename=made.archive.name, media_type="application/zip")


def _made(ask: Ask) -> packs.Made:
    """The pack that the listing names; a path made up gets 404."""
    name = ask.names["name"]
    found = next((one for one in packs.packs(ask.case()) if one.name == name), None)
    if found is None:
        raise HTTPException(404)
    return found


def _choices(ask: Ask, *, case_is_demo: bool, pause: float | None) -> job.PackChoices:
    return job.PackChoices(
        requests=tuple(dict.fromkeys(ask.all("request"))),
        matches=tuple(dict.fromkeys(ask.all("match"))),
        by=ask.one("by").strip(),
        screenshots=bool(ask.one("screenshots")) or not ask.form,
        allow_private=bool(ask.one("allow_private")),
        owned=tuple(lines(ask.one("owned"))),
        pause=pause,
        demo=case_is_demo,
    )


def _pause(text: str) -> float | None:
    if not text.strip():
        return None
    try:
        pause = float(text.strip().replace(",", "."))
    except ValueError:
        pause = math.nan
    if not 0 <= pause <= _LONGEST_PAUSE:
        raise CaseError(words.text("check.odd_delay"), words.text("check.odd_delay_hint"))
    return pause


def _address(row: Mapping[str, Any]) -> dict[str, str]:
    """One address of a pack in words."""
    what = row.get("what")
    said = row.get("in_words") or f"{row.get('outcome') or ''}: {row.get('reason') or ''}"
    return {
        "url": str(row.get("url") or ""),
        "what": ", ".join(map(str, what)) if isinstance(what, list) else "",
        "said": str(said),
        "sha256": str(row.get("sha256") or ""),
    }

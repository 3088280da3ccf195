"""Step 3: read the sites and search the data sets, watched while it goes on."""

from __future__ import annotations

import math
from datetime import UTC, datetime

from starlette.responses import Response

from optout.errors import CaseError
from optout.web import engine, job, words
from optout.web.ask import Ask, go, page
from optout.web.forms import lines


def show(ask: Ask) -> Response:
    """What a check does, how far it is, or how it ended."""
    if not ask.has_case():
        return go("/who")
    case = ask.case()
    watched = job.watch(case.folder)
    return page(
        ask,
        "check",
        step="check",
        case=case,
        watched=watched,
        waits=_waits(ask),
        stopping=bool(ask.one("stopping")),
        demo=engine.is_demo(case),
    )


def start(ask: Ask) -> Response:
    """Begin, or go on; a second time while it runs changes nothing."""
    case = ask.case()
    choices = job.Choices(
        keep_images=bool(ask.one("keep_images")),
        allow_private=bool(ask.one("allow_private")),
        delay=_delay(ask.one("delay").strip()),
        owned=tuple(host.lower() for host in lines(ask.one("owned"))),
        demo=engine.is_demo(case),
    )
    # Sent again from an old page, the form asks for a check that has been made.
    if ask.one("shown") == job.read(case.folder).began:
        job.start(case, choices, datetime.now(UTC).isoformat(timespec="microseconds"))
    return go("/check")


def stop(ask: Ask) -> Response:
    """Ask the check to stop; what it has gathered is kept."""
    stopping = job.stop(ask.site.folder)
    return go("/check?stopping=1" if stopping else "/check")


def _delay(text: str) -> float | None:
    if not text:
        return None
    try:
        delay = float(text.replace(",", "."))
    except ValueError:
        delay = math.nan
    if not 0 <= delay <= 3600:
        raise CaseError(words.text("check.odd_delay"), words.text("check.odd_delay_hint"))
    return delay


def _waits(ask: Ask) -> bool:
    """Whether a crawl was begun and waits to be gone on with."""
    return any(ask.site.folder.glob("observations/.run=*.partial"))

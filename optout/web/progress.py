"""How far a case is: which of the four steps are done, and running work as events."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from optout.web import job

if TYPE_CHECKING:
    from optout.web.ask import Ask

_EVERY = 0.5  # seconds between two looks at the state on disk


def done_steps(ask: Ask) -> frozenset[str]:
    """Those of the four steps that have what they need."""
    from optout.errors import OptoutError

    if not ask.window or not ask.has_case():
        return frozenset()
    try:
        case = ask.case()
    except OptoutError:
        return frozenset()
    done = {"who"} if case.names else set()
    if case.sites or case.accounts or case.hosts:
        done.add("where")
    if case.runs():
        done.add("check")
    if any(case.requests.glob("[0-9]*")):
        done.add("results")
    return frozenset(done)


def events(ask: Ask, work: str) -> Response:
    """The state of the work whenever it changes, as server-sent events, until it ends."""
    return StreamingResponse(
        _events(ask, work), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"}
    )


async def _events(ask: Ask, work: str) -> AsyncIterator[str]:
    from optout.web.ask import piece

    shown = ""
    while True:
        watched = await run_in_threadpool(job.watch, ask.site.folder, work)
        if not watched.running:
            yield "event: ended\ndata: {}\n\n"
            return
        html = await run_in_threadpool(piece, ask, "progress", watched=watched)
        if html != shown:
            shown = html
            data = {"html": html, "said": watched.state.title}
            yield f"data: {json.dumps(data)}\n\n"
        await asyncio.sleep(_EVERY)

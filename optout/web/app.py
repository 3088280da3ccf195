"""Routes → page functions, each in a thread of its own, and errors → pages in plain words."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from optout.errors import OptoutError
from optout.web import job, words
from optout.web.ask import Ask, Site, go, page
from optout.web.forms import problem
from optout.web.guard import AGAIN, START, App, Guard, Receive, Scope, Send, cookie_name
from optout.web.progress import events

Page = Callable[[Ask], Response]

_MOST_BYTES = 2**20  # of a form: thousands of lines
_MOST_FIELDS = 5000


def make_app(site: Site) -> App:
    """The whole application for one case, guarded."""
    from optout.web.pages.table import GET, POST

    routes: list[Route | Mount] = [Route(path, _got(site, f)) for path, f in GET.items()]
    routes += [Route(path, _posted(site, f), methods=["POST"]) for path, f in POST.items()]
    routes += [
        Route("/check/events", _events(site, job.CHECK)),
        Route("/evidence/events", _events(site, job.PACK)),
        Route(f"{START}{{token}}", _start(site)),
        Route(AGAIN, _again(site), methods=["POST"]),
        Mount("/static", StaticFiles(packages=[("optout.web", "static")])),
    ]
    app = Starlette(
        routes=routes,
        exception_handlers={
            HTTPException: partial(_refused, site),
            OptoutError: partial(_told, site),
            OSError: partial(_told, site),
            Exception: partial(_fault, site),
        },
    )
    return Guard(app, site.keys, site.port, _refuse(site))


def _ask(site: Site, request: Request, form: dict[str, list[str]] | None = None) -> Ask:
    return Ask(
        site,
        path=request.url.path,
        window=request.scope.get("window", ""),
        names={key: str(value) for key, value in request.path_params.items()},
        query=_fields(request.url.query),
        form=form or {},
        partial="hx-request" in request.headers,
    )


def _got(site: Site, function: Page) -> Callable[[Request], object]:
    async def answer(request: Request) -> Response:
        return await run_in_threadpool(function, _ask(site, request))

    return answer


def _posted(site: Site, function: Page) -> Callable[[Request], object]:
    """A page function that gets a form: only one that this window was given."""

    async def answer(request: Request) -> Response:
        form = await _form(request)
        if not site.keys.fits(request.scope["window"], form.pop("csrf", [""])[0]):
            raise HTTPException(403, "form")
        return await run_in_threadpool(function, _ask(site, request, form))

    return answer


async def _form(request: Request) -> dict[str, list[str]]:
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > _MOST_BYTES:
                raise HTTPException(413, "large")
    except ClientDisconnect as error:
        raise HTTPException(400) from error
    return _fields(body.decode("utf-8", "replace"))


def _fields(text: str) -> dict[str, list[str]]:
    try:
        return parse_qs(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError as error:  # more fields than any page of ours sends
        raise HTTPException(400) from error


def _events(site: Site, work: str) -> Callable[[Request], object]:
    async def answer(request: Request) -> Response:
        return events(_ask(site, request), work)

    return answer


def _start(site: Site) -> Callable[[Request], object]:
    async def answer(request: Request) -> Response:
        window = site.keys.exchange(request.path_params["token"])
        if window is None:
            if request.scope["window"]:
                return go("/")  # the address was opened again in a window that is known
            raise HTTPException(403, "start")
        response = RedirectResponse("/", 303)
        response.set_cookie(
            cookie_name(site.port), window, path="/", httponly=True, samesite="strict"
        )
        return response

    return answer


def _again(site: Site) -> Callable[[Request], object]:
    async def answer(request: Request) -> Response:
        return Response(f"{START}{site.keys.new_start()}", media_type="text/plain")

    return answer


def _refuse(site: Site) -> Callable[[str, int], App]:
    def refuse(why: str, status: int) -> App:
        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            response = await run_in_threadpool(refusal_page, site, why, status)
            await response(scope, receive, send)

        return answer

    return refuse


def refusal_page(site: Site, why: str, status: int) -> Response:
    """Clear words, and nothing about the case: who asks may be anybody."""
    ask = Ask(site, path="", window="")
    return page(
        ask,
        "refused",
        status=status,
        title=words.text(f"refused.{why}.title"),
        what=words.text(f"refused.{why}.what"),
    )


async def _refused(site: Site, request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    known = {404: "missing", 405: "method", 413: "large"}
    why = error.detail if error.detail in ("form", "start", "large") else ""
    return await run_in_threadpool(
        refusal_page, site, why or known.get(error.status_code, "odd"), error.status_code
    )


async def _fault(site: Site, request: Request, error: Exception) -> Response:
    """A fault of ours: the page says so; the server prints the traceback on the terminal."""
    return await run_in_threadpool(refusal_page, site, "fault", 500)


async def _told(site: Site, request: Request, error: Exception) -> Response:
    """A problem that the user can mend, in its own words."""
    message, hint = problem(error)
    ask = _ask(site, request)
    return await run_in_threadpool(page, ask, "problem", status=409, message=message, hint=hint)

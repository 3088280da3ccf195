"""What each crawler is told by the artist's sites, what to change, and what that changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from optout.errors import ProtectError
from optout.web import engine
from optout.web.archive import zip_response
from optout.web.ask import Ask, go, page

if TYPE_CHECKING:
    from optout.case import Case
    from optout.protect.plan import Plan


def show(ask: Ask) -> Response:
    """Per host: what to put in place, and who may take what before and after."""
    if not ask.has_case():
        return go("/who")
    case = ask.case()
    try:
        plan = _plan(ask, case)
    except ProtectError as error:
        return page(ask, "problem", step="results", message=error.message, hint=error.hint)
    return page(
        ask,
        "told",
        step="results",
        plan=plan,
        hosts=[_host(plan, one) for one in plan.hosts],
        headers={name: _text(body) for name, body in plan.files.items() if _is_header(name)},
        servers={f"headers/{server.headers}": server for server in plan.servers},
    )


def download(ask: Ask) -> Response:
    """All files as `optout protect` writes them."""
    return zip_response("protect.zip", engine.protect_files(_plan(ask, ask.case())))


def _plan(ask: Ask, case: Case) -> Plan:
    """The plan, made once for the observations there are and the hosts that are named."""
    state = (tuple(run.name for run in case.runs()), case.sites, case.hosts)
    plan: Plan = ask.site.memory.of("plan", state, lambda: engine.protect_plan(case))
    return plan


def _host(plan: Plan, one: Any) -> dict[str, Any]:
    start = f"{one.folder}/"
    files = {n[len(start) :]: _text(b) for n, b in plan.files.items() if n.startswith(start)}
    effects = [e for e in plan.effects if e.place == one.host.place]
    return {
        "place": one.host.place,
        "origin": one.host.origin,
        "changes": one.robots_changes,
        "problem": one.robots_problem,
        "answered": one.answered,
        "lacking": one.lacking,
        "needs_headers": one.needs_headers,
        "files": files,
        "gatherers": [e for e in effects if not e.searches],
        "searchers": [e for e in effects if e.searches],
    }


def _is_header(name: str) -> bool:
    return name.startswith("headers/")


def _text(body: bytes) -> str:
    return body.decode("utf-8", "replace")

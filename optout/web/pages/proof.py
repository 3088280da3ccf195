"""Proof that a site is in the user's hands: what to put there, a look for it, and its date."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.responses import Response

from optout.errors import CaseError
from optout.web import proving, words
from optout.web.ask import Ask, go, page
from optout.web.forms import PROBLEMS, problem
from optout.web.proving import Proving


def show(ask: Ask, error: Exception | None = None) -> Response:
    """Each site: what to put where, and what was seen."""
    if not ask.has_case():
        return go("/who")
    return page(
        ask,
        "proof",
        step="results",
        status=409 if error else 200,
        sites=proving.proving(ask.case()),
        typed=ask.one("site") if error else "",
        error=error and problem(error),
    )


def make_token(ask: Ask) -> Response:
    """The first half of `optout prove`: the text for a site, made once."""
    try:
        site = proving.site_of(ask.one("site"))
        if site is None:
            raise CaseError(words.text("proof.odd"), words.text("proof.odd_hint"))
        host = proving.make_token(ask.case(), site)
    except PROBLEMS as error:
        return show(ask, error)
    return go(f"/proof#{_number(ask, host)}")


def check(ask: Ask) -> Response:
    """The second half: look for it, and record what was seen."""
    try:
        one = _of(ask, ask.one("host"))
        proving.look(ask.case(), one, allow_private=bool(ask.one("allow_private")))
    except PROBLEMS as error:
        return show(ask, error)
    return go(f"/proof#{_number(ask, one.host)}")


def file(ask: Ask) -> Response:
    """The file to put on a site."""
    try:
        one = _of(ask, ask.names["host"])
    except CaseError as error:
        raise HTTPException(404) from error
    headers = {"Content-Disposition": f'attachment; filename="{one.file}"'}
    return Response(f"{one.line}\n", media_type="text/plain", headers=headers)


def _of(ask: Ask, host: str) -> Proving:
    """The site that was named, with its text. Raises CaseError where none was made."""
    found = next((one for one in proving.proving(ask.case()) if one.host == host), None)
    if found is None or not found.line:
        raise CaseError(words.text("proof.no_token"), words.text("proof.no_token_hint"))
    return found


def _number(ask: Ask, host: str) -> str:
    """Where a site stands on the page: a host may hold what no fragment can."""
    hosts = [one.host for one in proving.proving(ask.case())]
    return f"site-{hosts.index(host) + 1}"

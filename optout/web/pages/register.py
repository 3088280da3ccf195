"""What became of each request: shown by letter, entered, exported."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.responses import Response

from optout.errors import CaseError, RequestError
from optout.web import follow_up, words
from optout.web.ask import Ask, go, page
from optout.web.findings import PER_PAGE, Listing
from optout.web.follow_up import Pile
from optout.web.forms import PROBLEMS, problem

if TYPE_CHECKING:
    from optout.register import Standing


def show(ask: Ask, error: Exception | None = None) -> Response:
    """Every letter with where its requests stand, those that are due first."""
    from optout.requests.recipients import kinds

    if not ask.has_case():
        return go("/who")
    return page(
        ask,
        "register",
        step="results",
        status=409 if error else 200,
        piles=_piles(ask),
        kinds=kinds(),
        today=_today(),
        values={name: ask.one(name) for name in ("to", "kind", "about", "text")},
        error=error and problem(error),
    )


def letter(ask: Ask, error: Exception | None = None) -> Response:
    """One letter: its requests, what was entered, and the form for what happened."""
    pile = _pile(ask)
    number = _number(ask)
    first = (number - 1) * PER_PAGE
    total = len(pile.standings)
    found = Listing(total=total, number=number, pages=-(-total // PER_PAGE))
    return page(
        ask,
        "request",
        step="results",
        status=409 if error else 200,
        pile=pile,
        rows=pile.standings[first : first + PER_PAGE],
        found=found,
        history=follow_up.history(pile.standings),
        statuses=tuple(follow_up.statuses()),
        today=_today(),
        values={name: ask.one(name) for name in ("status", "on", "due", "text", "which")},
        ticked=ask.all("request"),
        error=error and problem(error),
    )


def enter(ask: Ask) -> Response:
    """`optout register set`, or `note` where no status is chosen; twice is as once."""
    pile = _pile(ask)
    try:
        _enter(ask, _chosen(ask, pile))
    except PROBLEMS as error:
        return letter(ask, error)
    return go(f"/register/letter?{_query(pile)}")


def add(ask: Ask) -> Response:
    """`optout register add`: a request that was written elsewhere."""
    named = [ask.one(name) for name in ("to", "kind", "about", "text")]
    try:
        if not (named[0].strip() and named[2].strip()):
            raise CaseError(words.text("register.nobody"), words.text("register.nobody_hint"))
        request_id = follow_up.add(ask.case(), *named)
    except PROBLEMS as error:
        return show(ask, error)
    return go(f"/register/letter?key={request_id}")


def export(ask: Ask) -> Response:
    """`optout register export`: register.csv or register.jsonl."""
    as_json = ask.path.endswith("jsonl")
    body = b"".join(follow_up.exported(ask.case(), as_json=as_json))
    name = ask.path.rpartition("/")[2]
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    kind = "application/jsonl" if as_json else "text/csv; charset=utf-8"
    return Response(body, media_type=kind, headers=headers)


def _enter(ask: Ask, chosen: Sequence[Standing]) -> None:
    case, status, text = ask.case(), ask.one("status"), ask.one("text")
    if not status:
        if not text.strip():
            raise CaseError(words.text("register.empty"), words.text("register.empty_hint"))
        follow_up.remark(case, chosen, text.strip())
        return
    known = follow_up.statuses().get(status)
    if known is None:
        raise CaseError(words.text("decide.odd"), words.text("decide.odd_hint"))
    try:
        on = _day(ask.one("on")) or date.fromisoformat(_today())
        follow_up.enter(case, chosen, status, text, on=on, due=_day(ask.one("due")))
    except RequestError as error:
        # The hints of the engine are commands; here what helps is a field of this form.
        lacks = "reason" if known.needs_text and not text.strip() else "order"
        raise RequestError(error.message, words.text(f"register.help_{lacks}")) from error


def _chosen(ask: Ask, pile: Pile) -> Sequence[Standing]:
    if ask.one("which", "all") == "all":
        return pile.standings
    wanted = set(ask.all("request"))
    return [one for one in pile.standings if one.request.request_id in wanted]


def _piles(ask: Ask) -> list[Pile]:
    """All letters, read once for a state of the register and the lists."""
    case = ask.case()
    found: list[Pile] = ask.site.memory.of(
        "piles", follow_up.state(case), lambda: follow_up.piles(case)
    )
    return found


def _pile(ask: Ask) -> Pile:
    """The letter that a request names; any other gets 404."""
    key = ask.one("key")
    found = next((one for one in _piles(ask) if one.key == key), None)
    if found is None:
        raise HTTPException(404)
    return found


def _query(pile: Pile) -> str:
    from urllib.parse import urlencode

    return urlencode({"key": pile.key})


def _day(text: str) -> date | None:
    if not text.strip():
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError as error:
        odd = words.text("register.odd_day"), words.text("register.odd_day_hint")
        raise CaseError(*odd) from error


def _today() -> str:
    return datetime.now(UTC).date().isoformat()


def _number(ask: Ask) -> int:
    text = ask.one("page", "1")
    return max(int(text), 1) if text.isascii() and text.isdecimal() and len(text) < 9 else 1

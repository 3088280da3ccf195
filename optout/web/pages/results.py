"""Step 4: what was found, in piles with counts first; and what the user says of it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from starlette.responses import HTMLResponse, Response

from optout.errors import CaseError
from optout.report.searched import searched
from optout.tables import STRENGTHS
from optout.web import engine, findings, letter_sets, words
from optout.web.ask import Ask, go, page, piece
from optout.web.findings import Choice

GROUPS = ("host", "folder", "work")
VERDICTS = ("confirmed", "rejected", "licensed", "known")
_STATES = ("waiting", "certain", "confirmed", "rejected")
_BACK = re.compile(r"/(?:results|compare)[\w/?=&%.+-]*")


def show(ask: Ask) -> Response:
    """Piles and strengths with their counts."""
    if not ask.has_case():
        return go("/who")
    case = ask.case()
    rows = findings.counts(case)
    return page(
        ask,
        "results",
        step="results",
        case=case,
        has_search=findings.searched(case),
        searched=searched(case),
        table=_table(rows),
        strengths=STRENGTHS,
        totals={key: sum(row[key] for row in rows) for key in ("matches", *_STATES)},
        letters=letter_sets.letters(case),
        report=case.report.is_file(),
    )


def show_list(ask: Ask) -> Response:
    """One page of matches."""
    case, choice = ask.case(), choice_of(ask)
    found = findings.listing(case, choice, _number(ask))
    return page(
        ask,
        "list",
        step="results",
        choice=choice,
        found=found,
        query=query_of(choice),
        here=f"/results/list?{query_of(choice, number=found.number)}",
        pictures=bool(ask.one("pictures")),
    )


def show_groups(ask: Ask) -> Response:
    """One page of hosts, folders or works."""
    by = ask.one("by")
    by = by if by in GROUPS else GROUPS[0]
    case = ask.case()
    found = findings.groups(case, by, _number(ask))
    said = engine.words_on_hosts(case) if by == "host" else {}
    return page(ask, "groups", step="results", by=by, kinds=GROUPS, found=found, said=said)


def decide(ask: Ask) -> Response:
    """Record a word on matches (by id, or all of a choice) or on a host; twice is as once."""
    case, verdict = ask.case(), ask.one("verdict")
    if verdict not in VERDICTS:
        raise CaseError(words.text("decide.odd"), words.text("decide.odd_hint"))
    if verdict in ("licensed", "known"):
        engine.say_of_host(case, ask.one("host"), verdict)
        return _after(ask, 0)
    chosen = ask.all("match")
    if ask.one("all"):
        chosen = findings.ids(case, choice_of(ask))
    return _after(ask, engine.say_of_matches(case, chosen, verdict))


def choice_of(ask: Ask) -> Choice:
    """The choice that a request's fields name; unknown words take all."""
    given = {name: ask.one(name) if ask.all(name) else None for name in GROUPS}
    pile, strength, verdict = ask.one("pile"), ask.one("strength"), ask.one("state")
    return Choice(
        pile=pile if pile in findings.piles() else "",
        strength=strength if strength in STRENGTHS else "",
        verdict=verdict if verdict in _STATES else "",
        **given,
    )


def query_of(choice: Choice, **more: Any) -> str:
    """The same choice as the query of an address."""
    named = {"pile": choice.pile, "strength": choice.strength, "state": choice.verdict}
    parts: dict[str, Any] = {name: value for name, value in named.items() if value}
    parts |= {n: getattr(choice, n) for n in GROUPS if getattr(choice, n) is not None}
    return urlencode(parts | more)


def back_of(ask: Ask, otherwise: str) -> str:
    """Where the form came from, if that is a page of ours."""
    back = ask.one("back")
    return back if _BACK.fullmatch(back) else otherwise


def _after(ask: Ask, count: int) -> Response:
    """Back to where the form stood; for htmx only the card that changed."""
    ids = ask.all("match")
    if ask.partial and len(ids) == 1:
        match = findings.one(ask.case(), ids[0])
        if match:
            return HTMLResponse(piece(ask, "decided", match=match, back=back_of(ask, "/results")))
    return go(back_of(ask, "/results"))


def _number(ask: Ask) -> int:
    text = ask.one("page", "1")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 9 else 1


def _table(rows: Iterable[findings.Row]) -> dict[str, dict[str, Any]]:
    """Pile → strength → counts, all of them, so that nothing found is a row too."""
    empty = dict.fromkeys(("matches", *_STATES), 0)
    table = {pile: {s: dict(empty) for s in STRENGTHS} for pile in findings.piles()}
    for row in rows:
        cell = table[row["pile"]][row["strength"]]
        for key in empty:
            cell[key] += row[key]
    return table

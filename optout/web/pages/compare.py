"""One match: the artist's picture beside the row, and a word on it."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response

from optout.case import Case
from optout.report.words import evidence_labels
from optout.web import engine, findings, pictures
from optout.web.ask import Ask, go, page, piece
from optout.web.pages.results import back_of, choice_of, query_of

_EDGE_LIST, _EDGE = 160, 640  # pixels of the longer side


def show(ask: Ask) -> Response:
    """Both sides, the reasons, and the buttons."""
    choice = choice_of(ask)
    case, match = _match(ask, choice)
    fetched = pictures.fetched(case, match["match_id"])
    return page(
        ask,
        "compare",
        step="results",
        match=match,
        labels=evidence_labels(),
        mine=bool(findings.kept_files(case, match)),
        fetched=fetched,
        never=engine.not_looked_at(match),
        query=query_of(choice),
        back=back_of(ask, f"/results/list?{query_of(choice)}"),
        host_word=engine.words_on_hosts(case).get(match["url_host"] or ""),
    )


def thumb(ask: Ask) -> Response:
    """The small picture of one card, when it is asked for."""
    case, match = _match(ask)
    mine = bool(findings.kept_files(case, match))
    return HTMLResponse(piece(ask, "thumb", match=match, mine=mine))


def my_picture(ask: Ask) -> Response:
    """A small JPEG of the kept file of the artist's picture."""
    case, match = _match(ask)
    edge = _EDGE if ask.one("large") else _EDGE_LIST
    for kept in findings.kept_files(case, match):
        small = pictures.kept(case, kept["run_id"], kept["stored_as"], edge)
        if small:
            return Response(small, media_type="image/jpeg")
    raise HTTPException(404)


def their_picture(ask: Ask) -> Response:
    """The picture at the row's address, as it was fetched when the user asked for it."""
    case, match = _match(ask)
    found = pictures.fetched_picture(case, match["match_id"])
    if found is None:
        raise HTTPException(404)
    return Response(found, media_type="image/jpeg")


def fetch_theirs(ask: Ask) -> Response:
    """Ask the row's host for its picture, once, because the user said so; never for unsafe ones."""
    case, match = _match(ask)
    if not engine.not_looked_at(match):
        pictures.fetch_for(case, match["match_id"], match["url"] or "")
    query = query_of(choice_of(ask))
    return go(f"/compare/{match['match_id']}" + (f"?{query}" if query else ""))


def _match(ask: Ask, choice: findings.Choice | None = None) -> tuple[Case, findings.Row]:
    case = ask.case()
    found = findings.one(case, ask.names["match_id"], choice)
    if found is None:
        raise HTTPException(404)
    return case, found

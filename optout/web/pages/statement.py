"""The statements that only the user can make for a notice: read, ticked one by one, recorded."""

from __future__ import annotations

from dataclasses import replace

from starlette.responses import Response

from optout.errors import CaseError
from optout.web import letter_sets, words
from optout.web.ask import Ask, go, page
from optout.web.forms import PROBLEMS, problem
from optout.web.pages.letters import written_of

_COLUMNS = ("match_id", "match_url", "original_url", "contradiction")
_SHOWN = 200  # entries on the page; all of them are in the lists of the folder


def show(ask: Ask, error: Exception | None = None) -> Response:
    """Every entry the statements are about, and the statements in the words of the letter."""
    day, written = written_of(ask)
    case = ask.case()
    entries = list(letter_sets.entries(day / written.folder))
    return page(
        ask,
        "statement",
        step="results",
        status=409 if error else 200,
        written=written,
        statements=letter_sets.statements(case, written),
        missing=letter_sets.missing(case, written),
        entries=[{c: str(row.get(c) or "") for c in _COLUMNS} for row in entries[:_SHOWN]],
        more=len(entries) - _SHOWN,
        covers=letter_sets.covers(day / written.folder),
        error=error and problem(error),
    )


def make(ask: Ask) -> Response:
    """`optout requests --declare`, for the very entries that were shown and with every tick."""
    try:
        _make(ask)
    except PROBLEMS as error:
        return show(ask, error)
    return go(f"/letters/preview/{ask.names['folder']}")


def _make(ask: Ask) -> None:
    day, written = written_of(ask)
    case = ask.case()
    asked = len(letter_sets.statements(case, written))
    if not asked or len(set(ask.all("stated"))) != asked:
        raise CaseError(words.text("statement.not_all"), words.text("statement.not_all_hint"))
    wanted = letter_sets.as_written(case)
    letter_sets.write_letters(case, wanted)  # what was decided since may have changed the entries
    if ask.one("covers") != letter_sets.covers(day / written.folder):
        raise CaseError(words.text("statement.changed"), words.text("statement.changed_hint"))
    if written.draft:
        letter_sets.write_letters(case, replace(wanted, declare=(written.folder,)))

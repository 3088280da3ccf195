"""Step 1: who the artist is, and how letters are signed."""

from __future__ import annotations

from starlette.responses import Response

from optout.errors import CaseError
from optout.web import engine, words
from optout.web.ask import STEPS, Ask, go, page
from optout.web.forms import PROBLEMS, edited, lines, problem
from optout.web.progress import done_steps

_NOTICES = ("email", "phone", "address", "grounds")  # only in letters that need them
_FIELDS = ("names", "contact", "collecting_society", "member_no", *_NOTICES)


def first(ask: Ask) -> Response:
    """The start: the first step that is not done, or the results."""
    done = done_steps(ask)
    return go("/" + next((step for step in STEPS if step not in done), "results"))


def show(ask: Ask) -> Response:
    """The form, filled with what is known."""
    if not ask.has_case():
        return _form(ask, dict.fromkeys(_FIELDS, ""), seen="")
    case = ask.case()
    values = {name: getattr(case, name) for name in _FIELDS}
    return _form(ask, values | {"names": "\n".join(case.names)}, seen=_seen(ask))


def save(ask: Ask) -> Response:
    """Make the case, or change its [artist] table."""
    values = {name: ask.one(name).strip() for name in _FIELDS}
    names = lines(ask.one("names"))
    try:
        if not names:
            raise CaseError(words.text("who.no_name"), words.text("who.no_name_hint"))
        if not ask.has_case():
            engine.new_case(ask.site.folder, names, values["contact"])
        edited(ask, {"artist": values | {"names": names}})
    except PROBLEMS as error:
        return _form(ask, values, seen=_seen(ask), error=error)
    return go("/where")


def _seen(ask: Ask) -> str:
    from optout.editing import digest

    return digest(ask.case()) if ask.has_case() else ""


def _form(
    ask: Ask, values: dict[str, str], *, seen: str, error: Exception | None = None
) -> Response:
    status = 422 if error else 200
    return page(
        ask,
        "who",
        step="who",
        status=status,
        values=values,
        for_notices=any(values[name] for name in _NOTICES),
        seen=seen,
        error=error and problem(error),
    )

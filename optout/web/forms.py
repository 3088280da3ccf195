"""Form fields → values for optout.toml, and the change itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from optout.errors import CaseError, OptoutError
from optout.web import words

if TYPE_CHECKING:
    from optout.case import Case
    from optout.web.ask import Ask


# What may be wrong with what was typed, or with the folder it is written to.
PROBLEMS = (OptoutError, OSError)


def problem(error: Exception) -> tuple[str, str]:
    """What happened and what helps, of one of PROBLEMS."""
    if isinstance(error, OptoutError):
        return error.message, error.hint
    assert isinstance(error, OSError)
    where = f": {error.filename}" if error.filename else ""
    return f"{error.strerror or error}{where}", words.text("problem.disk")


def lines(text: str) -> list[str]:
    """The lines of a field that hold something, each once.

    >>> lines(" a\\r\\n\\r\\nb\\n a ")
    ['a', 'b']
    """
    return list(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))


def edited(ask: Ask, changes: dict[str, dict[str, Any]]) -> Case:
    """Change optout.toml, unless somebody else has since this form was shown. Raises CaseError."""
    from optout.editing import digest, edit_case

    case = ask.case()
    seen = ask.one("seen")
    if seen and seen != digest(case) and not _same(case, changes):
        raise CaseError(words.text("form.changed"), words.text("form.changed_hint"))
    return case if _same(case, changes) else edit_case(case, changes)


def _same(case: Case, changes: dict[str, dict[str, Any]]) -> bool:
    """Whether the file says all this already, as after a form that is sent twice."""
    import tomllib

    from optout.case import FILE

    data = tomllib.loads((case.folder / FILE).read_text("utf-8"))
    return all(
        data.get(table, {}).get(key) == value
        for table, keys in changes.items()
        for key, value in keys.items()
    )

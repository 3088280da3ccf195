"""Paragraphs of terms → text for people, objects for programs. They are context, no signal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from optout.commands.options import printable

if TYPE_CHECKING:
    from optout.readers.prose import Prose

_SHOWN = 500  # characters of a paragraph for people; --json has all that was kept


def prose_object(one: Prose) -> dict[str, Any]:
    """The JSON form: names that stay."""
    from optout.readers.prose import note

    at = one.observed_at
    return {
        "context": "prose",
        "where": one.page_url,
        "place": one.place,
        "language": one.language,
        "phrase": one.phrase,
        "raw": one.raw,
        "truncated": one.truncated,
        "pages": one.pages,
        "observed_at": at.isoformat(timespec="seconds").replace("+00:00", "Z") if at else None,
        "note": note(),
    }


def prose_lines(found: Sequence[Prose]) -> list[str]:
    """For people: what it is, then each paragraph under its page and day; nothing for none."""
    from optout.readers.prose import note

    if not found:
        return []
    lines = ["context: words on pages of terms and in footers", f"  {note()}"]
    for one in found:
        day = f", seen {one.observed_at:%Y-%m-%d} (UTC)" if one.observed_at else ""
        more = f" and {one.pages - 1} more" if one.pages > 1 else ""
        lines.append(f"  {one.page_url}{more} · {one.place}{day}")
        cut = "…" if one.truncated or len(one.raw) > _SHOWN else ""
        lines.append(f"    “{one.raw[:_SHOWN]}{cut}”")
    return [printable(line) for line in lines]

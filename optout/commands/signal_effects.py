"""Rows of the effect matrix → text for people, objects for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from optout.commands.options import printable

if TYPE_CHECKING:
    from optout.readers.effect import Effect

# Effects in the order told, with their words.
_TOLD = (
    ("reads", "read by"),
    ("misreads", "MISREAD by"),
    ("unknown", "unclear for"),
    ("overruled", "read, but overruled by another line for"),
    ("not for it", "names others than"),
)


def effect_object(row: Effect) -> dict[str, Any]:
    """The JSON form: names that stay."""
    return {
        "host": row.host,
        "signal": row.signal,
        "where": row.said[0].where,
        "line": row.said[0].line,
        "raw": row.raw,
        "scope": row.said[0].scope,
        "images": row.images,
        "says": [
            {
                "word": one.word,
                "value": one.value,
                "purposes": list(one.purposes),
                "to": list(one.to),
                "stands": one.stands,
                "note": one.note,
                "clause": one.clause,
            }
            for one in row.said
        ],
        "readers": [
            {"reader": cell.reader, "effect": cell.effect, "why": cell.why} for cell in row.cells
        ],
    }


def effect_lines(rows: list[Effect]) -> list[str]:
    """For people: the texts under their host, and below each what readers make of it."""
    if not rows:
        return ["no opt-out signal found"]
    lines: list[str] = []
    host = ""
    for row in rows:
        if row.host != host:
            host = row.host
            lines += ["", host] if lines else [host]
        one = row.said[0]
        line = f" line {one.line}" if one.line is not None else ""
        lines.append(f"  {row.signal}{line}{_to(row)} · {one.scope} · {_images(row.images)}")
        lines.append(f"    {' '.join(row.raw.split())}")
        lines += [f"    {note}" for note in dict.fromkeys(o.note for o in row.said if o.note)]
        lines += [f"    {told}" for told in _readers(row)]
    return [printable(line) for line in lines]


def _to(row: Effect) -> str:
    """Whom a rule of robots.txt names, since its own line does not."""
    named = dict.fromkeys(name for one in row.said for name in one.to)
    return f" to {', '.join(named)}" if row.signal == "robots.txt" and named else ""


def _images(count: int) -> str:
    return "1 image" if count == 1 else f"{count} images"


def _readers(row: Effect) -> list[str]:
    told = [
        f"{words}: {', '.join(cell.reader for cell in row.by(effect))}"
        for effect, words in _TOLD
        if row.by(effect)
    ]
    told += [f"  {cell.reader}: {cell.why}" for cell in row.by("misreads")]
    told += [f"  {why}" for why in dict.fromkeys(cell.why for cell in row.by("overruled"))]
    ignored = len(row.by("ignores"))
    return [*told, f"passed over by {ignored} of {len(row.cells)}"]

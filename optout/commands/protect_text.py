"""`optout protect`: a plan as text for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from optout.commands.options import not_yours, printable

if TYPE_CHECKING:
    from optout.protect.effect import Effect
    from optout.protect.plan import Plan


def as_text(plan: Plan) -> str:
    """For people: per host what changes, then readers before and after."""
    lines = []
    for one in plan.hosts:
        robots = "; ".join(one.robots_changes) or "robots.txt is fine"
        if one.robots_problem:
            robots = f"no robots.txt was made: {one.robots_problem} ({one.robots_hint})"
        lines += [one.host.place, f"  {robots}"]
        if not one.needs_headers:
            lines.append("  header lines are there")
        elif one.answered:
            lines.append(f"  header lines: {one.lacking} of {one.answered} pictures lack them")
        rows = [e for e in plan.effects if e.place == one.host.place]
        others = [e for e in rows if not e.searches]
        lines += _readers("for training", [e for e in others if e.trains])
        lines += _readers("for other uses", [e for e in others if not e.trains])
        lines += [*_finders([e for e in rows if e.searches]), ""]
    lines += [not_yours(host.place) for host in plan.others]
    return "\n".join(map(printable, lines))


def _readers(use: str, rows: list[Effect]) -> list[str]:
    """What each of them may take, under a head that says what for."""
    head = f"  {use:<18} {'before':<34}   after"
    told = [f"  {e.reader:<18} {e.before.words:<34} → {e.after.words}" for e in rows]
    return [head, *told] if told else []


def _finders(rows: list[Effect]) -> list[str]:
    """Search engines by what they can find of pages and pictures, before and after."""
    told = []
    for kinds, words in _FINDERS:
        names = [_finder(e) for e in rows if e.finds in kinds]
        if names:
            told.append(f"  {words}: {', '.join(names)}")
    return told if any(e.after.allowed for e in rows) else [f"  {_FINDERS[0][1]}: nobody", *told]


# What `Effect.finds` says, in words.
_FINDERS = (
    (("all", "some"), "can find you afterwards, as before"),
    (("lost",), "can find LESS of you afterwards"),
    (("none",), "cannot find you afterwards, and not before either"),
    (("unknown",), "not known whether they can find you, before or after"),
)


def _finder(e: Effect) -> str:
    asked = sum(e.after.counts)
    return e.reader if e.finds != "some" else f"{e.reader} ({e.after.allowed} of {asked})"

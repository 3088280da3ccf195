"""Members' matches and signals → numbers that name nobody: statistics.json and statistics.csv.

Which cells are shown says suppression.py. Each table is published with its total; a member counts
once in a table of members, and a row once for each member it was found for.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crawler.whole import write_whole
from optout.errors import MembersError, OptoutError
from optout.members.choosing import choose
from optout.members.counted import Counted, Rows, count
from optout.members.register import Organisation
from optout.members.suppression import LEAST, Cell, hide, rounded_down

JSON, CSV = "statistics.json", "statistics.csv"
SOURCE = "https://sdctools.github.io/HandbookSDC/"
METHOD = (
    f"A cell that rests on fewer than {LEAST} members is not shown (<{LEAST}), nor are cells from "
    "which it could be computed (withheld). Numbers of members in tables where one member can "
    f"stand in several cells are rounded down to a multiple of {LEAST}. Handbook on Statistical "
    "Disclosure Control, 2nd edition 2024, chapters 4 and 5."
)
_STRONGEST = ("same_address", "same_image", "similar_image", "lead", "caption_only")
OTHER = "all others"


@dataclass(frozen=True, slots=True)
class Line:
    """One cell as it is published. `value` is None where it is not shown; `why` then says why."""

    table: str  # members_by_match, rows_by_strength, rows_by_host, rows_by_edition, signal …
    cell: str
    value: int | None
    why: str = ""  # "<5" or "withheld"
    members_at_least: int | None = None  # rounded down; None where it is not told


@dataclass(frozen=True, slots=True)
class Statistics:
    """All tables, and the members left out because their case cannot be read."""

    lines: tuple[Line, ...]
    statuses: tuple[str, ...]  # of the members counted
    members: int
    failed: dict[str, str]  # number → why; for the organisation, never published


def statistics(
    organisation: Organisation,
    statuses: Sequence[str] = (),
    *,
    tell: Callable[[int, int], None] = lambda done, of: None,
) -> Statistics:
    """Count over the members with some statuses (the active ones; "all").

    Raises MembersError when there are fewer than 5 of them.
    """
    members = choose(organisation, statuses)
    if len(members) < LEAST:
        raise MembersError(
            f"{len(members)} members are too few for statistics that name nobody",
            f"at least {LEAST} are needed (--status all counts every member)",
        )
    found = count(organisation, members, tell)
    lines = [
        *_by_match(found),
        *_rows("rows_by_strength", found.rows, lambda row: row.strength, named=_STRONGEST),
        *_rows("rows_by_edition", found.rows, lambda row: row.edition),
        *_rows("rows_by_host", found.rows, lambda row: row.host, names_tell=True),
        *_signals(found),
    ]
    return Statistics(tuple(lines), tuple(statuses), len(found.members), found.failed)


def write(organisation: Organisation, result: Statistics) -> Path:
    """Write both files, each whole or not at all; the folder of them is returned."""
    from optout.report.formats import csv_lines

    data = {
        "method": METHOD,
        "source": SOURCE,
        "least_members": LEAST,
        "statuses": list(result.statuses),
        "members": result.members,
        "tables": _tables(result.lines),
    }
    text = json.dumps(data, ensure_ascii=False, indent=2) + "\n"
    write_whole(organisation.folder / JSON, text)
    table = "".join(csv_lines(_record(line) for line in result.lines))
    write_whole(organisation.folder / CSV, table.encode("utf-8-sig", "replace"))
    return organisation.folder / JSON


def _record(line: Line) -> dict[str, Any]:
    return {
        "table": line.table,
        "cell": line.cell,
        "value": line.why if line.value is None else line.value,
        "members_at_least": line.members_at_least,
    }


def _tables(lines: Iterable[Line]) -> dict[str, list[dict[str, Any]]]:
    tables: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for line in lines:
        tables[line.table].append(
            {"cell": line.cell, "value": line.value}
            | ({"why": line.why} if line.why else {})
            | ({"members_at_least": line.members_at_least} if line.members_at_least else {})
        )
    return tables


def _by_match(found: Counted) -> list[Line]:
    """Each member once, by the strongest of the rows found for it; "none" where there is none."""
    strongest: dict[int, str] = {}
    for row in found.rows:
        before = strongest.get(row.member, "none")
        order = (*_STRONGEST, "none")
        strongest[row.member] = min(before, row.strength, key=order.index)
    groups: dict[str, set[int]] = {name: set() for name in (*_STRONGEST, "none")}
    for member in found.searched:
        groups[strongest.get(member, "none")].add(member)
    groups["not searched"] = set(found.members) - set(found.searched)
    return _members("members_by_match", groups)


def _signals(found: Counted) -> list[Line]:
    """Of the members whose sites were read, those whose sites state a signal, one table each."""
    lines = []
    for signal in sorted({name for names in found.signals.values() for name in names}):
        stating = {member for member, names in found.signals.items() if signal in names}
        if len(stating) < LEAST:
            continue  # the name of a rare one is a stranger's text and may name its site
        groups = {"stated": stating, "not stated": set(found.signals) - stating}
        lines += _members(f"signal {signal}", groups)
    return lines


def _members(table: str, groups: Mapping[str, Iterable[int]]) -> list[Line]:
    cells = [Cell(name, len(who := frozenset(group)), who) for name, group in groups.items()]
    hidden = hide(cells)
    lines = [
        Line(table, cell.name, None, _why(cell.name, hidden.primary))
        if cell.name in hidden.primary | hidden.secondary
        else Line(table, cell.name, cell.value)
        for cell in cells
    ]
    total = sum(cell.value for cell in cells)
    return [*lines, _total(table, total, hidden=hidden.total)]


def _rows(
    table: str,
    rows: Sequence[Rows],
    group: Callable[[Rows], str],
    *,
    named: Sequence[str] = (),
    names_tell: bool = False,
) -> list[Line]:
    """Rows by group. `names_tell`: the name of a hidden cell would itself name a member."""
    values: dict[str, int] = dict.fromkeys(named, 0)
    who: dict[str, set[int]] = defaultdict(set)
    for row in rows:
        values[group(row)] = values.get(group(row), 0) + row.rows
        who[group(row)].add(row.member)
    cells = [Cell(name, value, frozenset(who[name])) for name, value in values.items()]
    if not named:
        cells.sort(key=lambda cell: (-cell.value, cell.name))
    hidden = hide(cells)
    unseen = hidden.primary | hidden.secondary
    # The number of members per strength would give away what members_by_match hides.
    lines = [
        Line(table, c.name, c.value, "", None if named else rounded_down(len(c.members)))
        for c in cells
        if c.name not in unseen
    ]
    if names_tell:
        lines += [Line(table, OTHER, None, "withheld")] if unseen else []
    else:
        lines += [
            Line(table, c.name, None, _why(c.name, hidden.primary))
            for c in cells
            if c.name in unseen
        ]
    behind = frozenset().union(*(cell.members for cell in cells))
    total = sum(cell.value for cell in cells)
    return [*lines, _total(table, total, hidden=hidden.total or len(behind) < LEAST)]


def _total(table: str, total: int, *, hidden: bool) -> Line:
    return Line(table, "total", None, "withheld") if hidden else Line(table, "total", total)


def _why(name: str, primary: frozenset[str]) -> str:
    return f"<{LEAST}" if name in primary else "withheld"


def refresh(organisation: Organisation) -> bool:
    """Compute statistics that were written before anew; they go where that cannot be done."""
    path = organisation.folder / JSON
    if not path.exists():
        return False
    try:
        statuses = json.loads(path.read_text("utf-8"))["statuses"]
        write(organisation, statistics(organisation, statuses))
    except (OptoutError, ValueError, KeyError, TypeError):
        for name in (JSON, CSV):
            (organisation.folder / name).unlink(missing_ok=True)
    return True

"""Members' matches and signals → numbers that name nobody: statistics.json and statistics.csv.

Which cells are shown says suppression.py. Each table is published with its total; a member counts
once in a table of members, and a row once for each member it was found for.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crawler.whole import write_whole
from optout.errors import MembersError, OptoutError
from optout.members.choosing import choose
from optout.members.counted import Counted, Rows, count
from optout.members.register import Organisation
from optout.members.suppression import LEAST, Cell, Hidden, hide, rounded_down

JSON, CSV = "statistics.json", "statistics.csv"
SOURCE = "https://sdctools.github.io/HandbookSDC/"
METHOD = (
    f"A cell that rests on fewer than {LEAST} members is not shown (withheld), nor are as many "
    f"others as it takes until each of those withheld can hold fewer than {LEAST} or {LEAST} and "
    "more, by all that is shown. Numbers of members in tables where one member can stand in "
    f"several cells are rounded down to a multiple of {LEAST}. Handbook on Statistical Disclosure "
    "Control, 2nd edition 2024, chapters 4 and 5."
)
WITHHELD = "withheld"  # the one mark: a second one would tell small cells from those beside them
_STRONGEST = ("same_address", "same_image", "similar_image", "lead", "caption_only")
OTHER = "all others"
_NAMED = 5  # members whose case is damaged, in a message


@dataclass(frozen=True, slots=True)
class Line:
    """One cell as it is published. `value` is None where it is not shown; `why` then says why."""

    table: str  # members_by_match, rows_by_strength, rows_by_host, rows_by_edition, signal …
    cell: str
    value: int | None
    why: str = ""  # "withheld"
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

    Raises MembersError when the cases of fewer than 5 of them can be read.
    """
    found = count(organisation, choose(organisation, statuses), tell)
    if len(found.members) < LEAST:
        raise _too_few(found)
    lines = [
        *_by_strength(found),
        *_rows("rows_by_edition", found, lambda row: row.edition),
        *_rows("rows_by_host", found, lambda row: row.host, names_tell=True),
        *_signals(found),
    ]
    return Statistics(tuple(lines), tuple(statuses), len(found.members), found.failed)


def _too_few(found: Counted) -> MembersError:
    readable = " whose cases can be read" if found.failed else ""
    damaged = f"; damaged: {', '.join(list(found.failed)[:_NAMED])}" if found.failed else ""
    return MembersError(
        f"{len(found.members)} members{readable} are too few for statistics that name nobody",
        f"at least {LEAST} are needed (--status all counts every member){damaged}",
    )


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


def _by_strength(found: Counted) -> list[Line]:
    """Members by their strongest row, and rows by strength.

    A strength that one table hides is hidden in the other: a member has at least one row of the
    strength that it is counted under, and by that each table would narrow the other's cells.
    """
    members = _cells_by_match(found)
    rows = _cells(found, lambda row: row.strength, _STRONGEST)
    both: frozenset[str] = frozenset()
    while True:
        of_members, of_rows = hide(members, both), _hide_rows(found, rows, both)
        either = (of_members.cells | of_rows.cells) & set(_STRONGEST)
        if either == both:
            break
        both = either
    return [
        *_table("members_by_match", members, of_members),
        *_table("rows_by_strength", rows, of_rows),
    ]


def _cells_by_match(found: Counted) -> list[Cell]:
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
    return _of_members(groups)


def _signals(found: Counted) -> list[Line]:
    """Of the members whose sites were read, those whose sites state a signal, one table each.

    A table is there only where both its cells can be shown. The name of a rare signal is a
    stranger's text and may name its site; and that a table is there tells that many state it.
    """
    lines = []
    for signal in sorted({name for names in found.signals.values() for name in names}):
        stating = {member for member, names in found.signals.items() if signal in names}
        cells = _of_members({"stated": stating, "not stated": set(found.signals) - stating})
        hidden = hide(cells)
        if not hidden.cells:
            lines += _table(f"signal {signal}", cells, hidden)
    return lines


def _of_members(groups: Mapping[str, Iterable[int]]) -> list[Cell]:
    return [Cell(name, len(who := frozenset(group)), who) for name, group in groups.items()]


def _rows(
    table: str, found: Counted, group: Callable[[Rows], str], *, names_tell: bool = False
) -> list[Line]:
    """Rows by group, most first. `names_tell`: a hidden cell's name would itself name a member."""
    cells = _cells(found, group)
    hidden = _hide_rows(found, cells, named=not names_tell)
    # In the order of their values, hidden cells would tell which of them holds more.
    cells.sort(key=lambda c: (c.name in hidden.cells, c.name in hidden.cells or -c.value, c.name))
    lines = _table(table, cells, hidden, most=rounded_down(len(found.members) - LEAST))
    if not (names_tell and hidden.cells):
        return lines
    *shown, total = (line for line in lines if line.cell not in hidden.cells)
    return [*shown, Line(table, OTHER, None, WITHHELD), total]


def _cells(found: Counted, group: Callable[[Rows], str], named: Sequence[str] = ()) -> list[Cell]:
    values: dict[str, int] = dict.fromkeys(named, 0)
    who: dict[str, set[int]] = defaultdict(set)
    for row in found.rows:
        values[group(row)] = values.get(group(row), 0) + row.rows
        who[group(row)].add(row.member)
    return [Cell(name, value, frozenset(who[name])) for name, value in values.items()]


def _hide_rows(
    found: Counted, cells: Sequence[Cell], also: Collection[str] = (), *, named: bool = True
) -> Hidden:
    """All tables of rows have one total, so it is hidden in all of them or in none.

    That it is shown tells that rows were found for at least 5 members, and so of how many none.
    """
    behind = {row.member for row in found.rows}
    if len(behind) < LEAST or len(found.members) < 2 * LEAST:
        return Hidden(frozenset(cell.name for cell in cells), True)
    return hide(cells, also, named=named)


def _table(table: str, cells: Sequence[Cell], hidden: Hidden, most: int = 0) -> list[Line]:
    """The lines of a table; how many members stand behind a cell is told up to `most`.

    To tell more would give away how few are not behind it: `members_by_match` may hide that.
    """
    lines = [
        Line(table, cell.name, None, WITHHELD)
        if cell.name in hidden.cells
        else Line(
            table, cell.name, cell.value, "", min(most, rounded_down(len(cell.members))) or None
        )
        for cell in cells
    ]
    total = sum(cell.value for cell in cells)
    return [
        *lines,
        Line(table, "total", None, WITHHELD) if hidden.total else Line(table, "total", total),
    ]


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

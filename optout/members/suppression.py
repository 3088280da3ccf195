"""Cells of a table and who stands behind each → the cells that may be shown.

Frequency rule with secondary suppression, for tables of one dimension whose total is published.
Source: Handbook on Statistical Disclosure Control, 2nd edition 2024,
https://sdctools.github.io/HandbookSDC/ chapter 4 (magnitude tables: minimum frequency rule,
secondary cell suppression) and chapter 5 (frequency tables). Checked 2026-11-21.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

LEAST = 5  # members behind every number that is shown


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: its name, its value, and the members it rests on."""

    name: str
    value: int
    members: frozenset[int]


@dataclass(frozen=True, slots=True)
class Hidden:
    """What is not shown of a table."""

    primary: frozenset[str]  # cells that rest on too few members
    secondary: frozenset[str]  # cells hidden so that the primary ones cannot be computed
    total: bool  # the total is hidden too, since nothing else protects them


def hide(cells: Sequence[Cell], least: int = LEAST) -> Hidden:
    """Which of `cells`, which add up to a published total, must not be shown.

    Every cell with fewer than `least` members is hidden, empty ones too. Total minus shown cells
    gives the sum of the hidden ones: so at least two are hidden, and together they rest on at
    least `least` members; the smallest of the others go first, by members, value and name.

    >>> five, seven = frozenset(range(5)), frozenset(range(10, 17))
    >>> hide([Cell("a", 9, frozenset({99})), Cell("b", 6, five), Cell("c", 8, seven)])
    Hidden(primary=frozenset({'a'}), secondary=frozenset({'b'}), total=False)
    """
    primary = [cell for cell in cells if len(cell.members) < least]
    if not primary:
        return Hidden(frozenset(), frozenset(), False)
    shown = sorted(
        (cell for cell in cells if len(cell.members) >= least),
        key=lambda cell: (len(cell.members), cell.value, cell.name),
    )
    hidden = list(primary)
    while shown and not _safe_together(hidden, least):
        hidden.append(shown.pop(0))
    return Hidden(
        frozenset(cell.name for cell in primary),
        frozenset(cell.name for cell in hidden[len(primary) :]),
        not _safe_together(hidden, least),
    )


def _safe_together(hidden: Sequence[Cell], least: int) -> bool:
    together: frozenset[int] = frozenset().union(*(cell.members for cell in hidden))
    return len(hidden) > 1 and len(together) >= least


def rounded_down(count: int, least: int = LEAST) -> int:
    """A count of members that overlap between cells: exact ones could be held against each other.

    >>> rounded_down(14), rounded_down(5)
    (10, 5)
    """
    return count // least * least

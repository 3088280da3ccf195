"""Cells of a table and who stands behind each → the cells that may be shown.

Frequency rule with secondary suppression, for tables of one dimension whose total is published.
Source: Handbook on Statistical Disclosure Control, 2nd edition 2024,
https://sdctools.github.io/HandbookSDC/ chapter 4 (magnitude tables: minimum frequency rule,
secondary cell suppression) and chapter 5 (frequency tables). Checked 2026-11-21.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
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
    """What is not shown of a table. Which cells are small ones and which protect them is not told:
    that alone would narrow what they can hold."""

    cells: frozenset[str]
    total: bool  # the total is hidden too, since nothing else protects the cells


def hide(
    cells: Sequence[Cell],
    also: Collection[str] = frozenset(),
    *,
    named: bool = True,
    least: int = LEAST,
) -> Hidden:
    """Which of `cells`, which add up to a published total, must not be shown.

    Every cell with fewer than `least` members is hidden, empty ones too, and those named in `also`.
    Then the smallest of the others are, those of one size together, until a larger one is among the
    hidden, each of these may hold few and many by all that is shown (`bounds`), and they rest
    together on at least `least` members. Where that never comes about, the total is hidden.
    Not `named`: what is published tells neither names nor number of the hidden cells, so they may
    all be small.

    >>> five, seven = frozenset(range(5)), frozenset(range(10, 17))
    >>> sorted(hide([Cell("a", 0, frozenset()), Cell("b", 6, five), Cell("c", 8, seven)]).cells)
    ['a', 'b']
    """
    hidden = [cell for cell in cells if len(cell.members) < least or cell.name in also]
    if not hidden:
        return Hidden(frozenset(), False)
    shown = sorted((cell for cell in cells if cell not in hidden), key=_size)
    # Small cells alone would be told from the others by their number, which bounds their sum.
    while shown and ((named and _all_small(hidden, least)) or not _safe_together(hidden, least)):
        # Were one of two alike hidden by its name, the one shown would tell what the other is.
        hidden += (alike := [cell for cell in shown if _size(cell) == _size(shown[0])])
        del shown[: len(alike)]
    return Hidden(frozenset(cell.name for cell in hidden), not _safe_together(hidden, least))


def _size(cell: Cell) -> tuple[int, int]:
    return len(cell.members), cell.value


def _all_small(cells: Sequence[Cell], least: int) -> bool:
    return all(len(cell.members) < least for cell in cells)


def bounds(hidden: Sequence[Cell]) -> list[tuple[int, int]]:
    """The least and greatest value of each hidden cell by total and shown cells: these give the sum
    of the hidden ones, none of which is negative.

    >>> bounds([Cell("a", 2, frozenset()), Cell("b", 6, frozenset())])
    [(0, 8), (0, 8)]
    """
    together = sum(cell.value for cell in hidden)
    return [(together if len(hidden) == 1 else 0, together) for _ in hidden]


def _safe_together(hidden: Sequence[Cell], least: int) -> bool:
    together: frozenset[int] = frozenset().union(*(cell.members for cell in hidden))
    open_ended = all(low < least <= high for low, high in bounds(hidden))
    return open_ended and len(together) >= least


def rounded_down(count: int, least: int = LEAST) -> int:
    """A count of members that overlap between cells: exact ones could be held against each other.

    >>> rounded_down(14), rounded_down(5)
    (10, 5)
    """
    return count // least * least

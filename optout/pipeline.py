"""Steps in order → which of them failed; and what a case knows before and after them.

A step that fails is told in one sentence and the next one goes on with what there is: a data set
that cannot be read takes nothing from what the sites said.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from optout.case import Case
from optout.errors import OptoutError

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what it does, in words, and the doing."""

    title: str
    run: Callable[[], object]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What two runs are compared by: the rows found, and every signal as served."""

    matches: frozenset[str] = frozenset()
    signals: frozenset[tuple[str, str, str, str]] = frozenset()  # signal, address, where, raw


def run_steps(steps: Sequence[Step], tell: Tell) -> tuple[str, ...]:
    """Run all steps in order and return the titles of those that failed.

    Problems a user can mend (and a full disk) are told and do not stop the rest; anything else
    is a bug and is raised.
    """
    failed = []
    for number, step in enumerate(steps, 1):
        tell(f"{number}/{len(steps)} {step.title}")
        try:
            step.run()
        except OptoutError as error:
            _tell(tell, error.message, error.hint)
            failed.append(step.title)
        except OSError as error:
            where = f": {error.filename}" if error.filename else ""
            _tell(tell, f"{error.strerror or error}{where}", "free some space, then try again")
            failed.append(step.title)
    return tuple(failed)


def snapshot(case: Case) -> Snapshot:
    """What `case` holds now. Raises CaseError when its folder is damaged."""
    from optout.database import dictionaries, open_case, relation
    from optout.readers.site import robots_rows

    with open_case(case) as connection:
        found: frozenset[str] = frozenset()
        if (case.matches / "matches.parquet").is_file():
            rows = relation(connection, "show_matches").project("match_id").fetchall()
            found = frozenset(row[0] for row in rows)
        served = dictionaries(relation(connection, "signals", all_runs=False))
        served += robots_rows(connection)
    return Snapshot(
        found,
        frozenset(
            (row["signal"], row["url"] or "", row["where_found"] or "", row["raw"] or "")
            for row in served
        ),
    )


def _tell(tell: Tell, message: str, hint: str) -> None:
    tell(f"  {message}")
    if hint:
        tell(f"  hint: {hint}")

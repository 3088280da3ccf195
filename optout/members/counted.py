"""Members' cases → what the statistics count: rows found, and which signals their sites state.

What was counted of a case is kept in its .counted.json until its runs or matches change.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crawler.whole import write_whole
from optout.case import Case
from optout.errors import CaseError, OptoutError
from optout.members.register import Member, Organisation

if TYPE_CHECKING:
    import duckdb

CACHE = ".counted.json"


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of one kind found for one member (its place in the list of members)."""

    member: int
    strength: str
    host: str
    edition: str
    rows: int


@dataclass(frozen=True, slots=True)
class Counted:
    """Members go by their place in the list that was counted."""

    members: tuple[int, ...]  # all whose case can be read
    searched: tuple[int, ...]  # for whom a data set was searched
    rows: tuple[Rows, ...]
    signals: dict[int, tuple[str, ...]]  # of those whose sites were read
    failed: dict[str, str]  # number → why


def count(
    organisation: Organisation, members: Sequence[Member], tell: Callable[[int, int], None]
) -> Counted:
    """Count over the cases of `members`; a case that cannot be read is left out and named."""
    found: dict[int, dict[str, Any]] = {}
    failed: dict[str, str] = {}
    for place, member in enumerate(members):
        try:
            found[place] = _of_case(organisation.case(member))
        except OptoutError as error:
            failed[member.number] = error.message
        tell(place + 1, len(members))
    return Counted(
        members=tuple(found),
        searched=tuple(place for place, one in found.items() if one["rows"] is not None),
        rows=tuple(Rows(p, *row) for p, one in found.items() for row in one["rows"] or ()),
        signals={
            p: tuple(one["signals"]) for p, one in found.items() if one["signals"] is not None
        },
        failed=failed,
    )


def _of_case(case: Case) -> dict[str, Any]:
    state = _state(case)
    path = case.folder / CACHE
    with suppress(OSError, ValueError, KeyError, TypeError):
        kept: dict[str, Any] = json.loads(path.read_text("utf-8"))
        if kept["state"] == state:
            return kept
    from optout.database import open_case

    rows = signals = None
    if state != [[], []]:
        with open_case(case) as connection:
            rows, signals = _rows(connection, case), _signals(connection, case)
    counted = {"state": state, "rows": rows, "signals": signals}
    write_whole(path, json.dumps(counted) + "\n")
    return counted


def _state(case: Case) -> list[Any]:
    """What the counts depend on: runs, matches, decisions."""
    files = (case.matches / "summary.json", case.matches / "matches.parquet", case.decisions)
    marks = [[f.name, f.stat().st_mtime_ns, f.stat().st_size] for f in files if f.exists()]
    return [[run.name for run in case.runs()], marks]


def _rows(connection: duckdb.DuckDBPyConnection, case: Case) -> list[list[Any]] | None:
    """strength, host, edition and number of rows; None where no data set was searched."""
    import pyarrow as pa

    from optout.database import dictionaries, relation
    from optout.decisions import decisions

    if not (case.matches / "matches.parquet").is_file():
        return None
    rejected = [word.subject for word in decisions(case).values() if word.verdict == "rejected"]
    connection.register("rejections", pa.table({"match_id": pa.array(rejected, pa.string())}))
    try:
        rows = dictionaries(relation(connection, "members_rows"))
    except Exception as error:
        raise CaseError(
            f"{case.matches} cannot be read: {str(error).splitlines()[0]}", "search again"
        ) from error
    return [[row["strength"], row["host"], row["edition"], row["rows"]] for row in rows]


def _signals(connection: duckdb.DuckDBPyConnection, case: Case) -> list[str] | None:
    """Names of the signals that the current runs saw; None where no site was read."""
    from optout.database import dictionaries, relation
    from optout.readers.site import robots_rows

    if not case.runs():
        return None
    names = {row["signal"] for row in dictionaries(relation(connection, "members_signals"))}
    if any(row["key"] == "disallow" and row["value"] for row in robots_rows(connection)):
        names.add("robots.txt disallow")
    return sorted(names)

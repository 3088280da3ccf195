"""An exported ledger → its lines, checked one after the other against their hashes."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from optout.errors import CaseError
from optout.ledger.export import FORMAT, chained

_HASH = re.compile(r',"hash":"([0-9a-f]{64})"\}$')
_MAX_LINE = 16 * 2**20  # characters; a file of 512 KiB takes six times that, escaped

# One sighting a line names: line, subject, place, signal, state, sha256, file, rows, at.
Sighting = dict[str, Any]


@dataclass(slots=True)
class Exported:
    """What an export says, and what is wrong with it.

    `runs` has the SHA-256 of each run's summary; `periods` how many lines follow the first.
    """

    name: str
    runs: dict[str, str] = field(default_factory=dict)
    periods: int = 0
    sightings: list[Sighting] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def read_export(path: Path) -> Exported:
    """Read what `optout ledger --out` wrote. Raises CaseError when it is no ledger."""
    found, count = Exported(path.name), 0
    previous: str | None = ""
    try:
        with path.open(encoding="ascii", errors="surrogateescape", newline="\n") as lines:
            while line := lines.readline(_MAX_LINE):
                count += 1
                previous = _take(found, count, line, previous)
    except OSError as error:
        raise CaseError(f"cannot read {path}: {error.strerror}", "check the file's name") from error
    if count == 0:
        raise _no_ledger(path.name)
    if count - 1 != found.periods:
        found.problems.append(f"{path.name} has {count - 1} periods; it had {found.periods}")
    return found


def _take(found: Exported, number: int, line: str, previous: str | None) -> str | None:
    """Take up one line; the hash that the next one follows, None where it is lost."""
    if not line.endswith("\n"):
        found.problems.append(f"line {number} of {found.name} is cut off")
    line = line.removesuffix("\n")
    said, record = _HASH.search(line), _object(line)
    if number == 1:
        _begin(found, record)
    if said is None or record is None:
        found.problems.append(f"line {number} of {found.name} was changed: it has no hash any more")
        return None
    if previous is not None and chained(previous, line[: said.start()] + "}") != said[1]:
        found.problems.append(f"line {number} of {found.name} was changed, or one before it taken")
    found.sightings += _sightings(number, record)
    return said[1]


def _begin(found: Exported, record: dict[str, Any] | None) -> None:
    if record is None or record.get("kind") != "ledger" or not isinstance(record.get("runs"), list):
        raise _no_ledger(found.name)
    if not isinstance(record.get("format"), int) or record["format"] > FORMAT:
        raise CaseError(f"{found.name} was written by a newer optout", "update optout, try again")
    periods = record.get("periods")
    found.periods = periods if isinstance(periods, int) else 0
    for run in record["runs"]:
        if isinstance(run, dict):
            found.runs[str(run.get("run"))] = str(run.get("summary_sha256"))


def _sightings(number: int, record: dict[str, Any]) -> list[Sighting]:
    said = {key: record.get(key) for key in ("subject", "place", "signal", "state", "sha256")}
    seen = record.get("seen")
    return [
        {"line": number, **said, "file": one["file"], "rows": one["rows"], "observed_at": one["at"]}
        for one in (seen if isinstance(seen, list) else [])
        if isinstance(one, dict) and {"file", "rows", "at"} <= one.keys()
    ]


def _object(line: str) -> dict[str, Any] | None:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _no_ledger(name: str) -> CaseError:
    return CaseError(f"{name} is no exported ledger", "export one: optout ledger --out FILE.jsonl")

"""What an unfinished reading of an archive has gathered: a journal that survives a kill.

It holds the index's answers and the observations of every record fetched, one JSON line each.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from crawler.journal import FILE, Journal
from optout.case import Case
from optout.history.captures import Capture
from optout.history.index import Found

FOLDER = ".captures"  # holds the lock; the journal lies below it, in a folder that goes away
_KINDS: dict[str, dict[str, type]] = {
    "begin": {"run_id": str, "started_at": str},
    "answer": {"asked": str, "captures": list, "odd": int, "more": bool, "absent": bool},
    "record": {"captures": list, "rows": list},
}
Line = dict[str, Any]


def folder_of(case: Case) -> Path:
    """Where the state of a case is kept."""
    return case.observations / FOLDER / "unfinished"


class State:
    """The journal of one reading. Use as a context manager, alone (`crawler.journal.alone`)."""

    def __init__(self, folder: Path, run_id: str, started_at: str) -> None:
        """Go on with what `folder` holds, else begin a reading named `run_id`."""
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._journal = Journal(folder)
        self._answers: dict[str, Found] = {}
        begun = self._load()
        self.resumed = bool(self._answers)
        begin = begun or {"run_id": run_id, "started_at": started_at}
        self.run_id, self.started_at = begin["run_id"], begin["started_at"]
        if begun is None:
            self._journal.write("begin", begin)

    def __enter__(self) -> State:
        return self

    def __exit__(self, *_: object) -> None:
        self._journal.close()

    def answer(self, asked: str) -> Found | None:
        """What the index answered to this question already."""
        return self._answers.get(asked)

    def add_answer(self, asked: str, found: Found) -> None:
        captures = [list(asdict(one).values()) for one in found.captures]
        self._answers[asked] = found
        rest = {"odd": found.odd, "more": found.more, "absent": found.absent}
        self._journal.write("answer", {"asked": asked, "captures": captures, **rest})

    def add_record(self, captures: list[Line], rows: list[tuple[str, Line]]) -> None:
        """Keep what a record held; `captures` are the lines of the summary (recording.py)."""
        self._journal.write("record", {"captures": captures, "rows": rows})

    def captures(self) -> Iterator[Line]:
        """The summary's lines, in the order in which they were fetched."""
        for line in _lines(self.folder):
            yield from line["captures"] if line["kind"] == "record" else ()

    def rows(self) -> Iterator[tuple[str, Line]]:
        """(relation, row) of every record."""
        for line in _lines(self.folder):
            if line["kind"] == "record":
                yield from ((relation, row) for relation, row in line["rows"])

    def _load(self) -> Line | None:
        begun = None
        for line in _lines(self.folder):
            if line["kind"] == "begin":
                begun = line
            elif line["kind"] == "answer":
                self._answers[line["asked"]] = _found(line)
        return begun


def _found(line: Line) -> Found:
    captures = tuple(Capture(*values) for values in line["captures"])
    return Found(captures, line["odd"], line["more"], line["absent"])


def finished(case: Case) -> None:
    """Clear away the state of a reading whose run is written (a kill may come between the two)."""
    folder = folder_of(case)
    begun = next((line for line in _lines(folder) if line["kind"] == "begin"), None)
    if begun and (case.observations / f"run={begun['run_id']}").is_dir():
        discard(folder)


def discard(folder: Path) -> None:
    """Remove the state, at once for whoever looks."""
    gone = folder.with_name(f"{folder.name}.gone")
    shutil.rmtree(gone, ignore_errors=True)
    folder.replace(gone)
    shutil.rmtree(gone, ignore_errors=True)


def _lines(folder: Path) -> Iterator[Line]:
    """The journal's lines in order; a damaged one is passed over and its work done again."""
    try:
        file = (folder / FILE).open("rb")
    except FileNotFoundError:
        return
    with file:
        for raw in file:
            try:
                line = json.loads(raw)
            except (ValueError, RecursionError):
                continue
            shape = _KINDS.get(line.get("kind", "")) if isinstance(line, dict) else None
            if shape and all(isinstance(line.get(key), kind) for key, kind in shape.items()):
                yield line

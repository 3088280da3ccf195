"""requests/<date>/*/manifest.json of a case → the latest request lists."""

from __future__ import annotations

import json
from pathlib import Path

from optout.case import Case
from optout.errors import CaseError
from optout.report.findings import Written


def written(case: Case) -> tuple[str, tuple[Written, ...]]:
    """Date and lists of the latest request lists; ("", ()) when there are none."""
    dates = sorted(p for p in case.requests.glob("*") if p.is_dir() and p.name[:1].isdigit())
    if not dates:
        return "", ()
    files = sorted(dates[-1].glob("*/manifest.json"))
    return dates[-1].name, tuple(_written(file) for file in files)


def _written(file: Path) -> Written:
    try:
        manifest = json.loads(file.read_text("utf-8"))
        return Written(
            destination=str(
                manifest.get("name") or manifest.get("destination") or file.parent.name
            ),
            folder=file.parent.name,
            rows=int(manifest.get("rows", 0)),
            effect=str(manifest.get("effect", "")),
        )
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise CaseError(
            f"{file} cannot be read as JSON", "write the lists again: optout requests"
        ) from error

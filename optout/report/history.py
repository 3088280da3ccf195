"""summary.json of the finished runs → when the sites were read, and overrides."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from optout.case import Case, read_summary
from optout.report.findings import Run
from optout.runs import current_runs


def runs_of(case: Case) -> tuple[Run, ...]:
    """All finished runs, oldest first. Raises CaseError for an unreadable summary."""
    summaries = [(folder.name.removeprefix("run="), read_summary(folder)) for folder in case.runs()]
    current = current_runs([summary for _, summary in summaries])
    return tuple(
        Run(
            run_id=run_id,
            source=str(summary.get("source", "")),
            started_at=_time(summary.get("started_at")),
            finished_at=datetime.fromisoformat(summary["finished_at"]),
            current=run_id in current,
            overrides=tuple(str(host) for host in _list(summary.get("overrides"))),
        )
        for run_id, summary in summaries
    )


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _time(value: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None

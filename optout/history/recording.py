"""An archive's captures of a case's sites → one more finished run of observations.

What is fetched is kept at once, so that a reading can be stopped or killed and goes on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from optout.case import Case
from optout.errors import CaseError, CrawlError, FetchError
from optout.history.archive import Archive
from optout.history.asking import Asking, crawls_to_ask
from optout.history.earlier import Earlier, earlier
from optout.history.host import GOES_ON, Host, Pace
from optout.history.options import HistoryOptions, HistoryResult
from optout.history.place import Place, places
from optout.history.plan import Plan, plan
from optout.history.reading import read_group
from optout.history.state import FOLDER, State, discard, finished, folder_of

_FAILURES = 20  # records in a row that cannot be had, before the server is thought to be at fault
_TOLD = 25  # records


def read_history(
    case: Case, sites: Sequence[str], archive: Archive, options: HistoryOptions
) -> HistoryResult:
    """Record what `archive` holds of `sites` (of the case's own where none is named).

    Goes on with an unfinished reading. Raises CaseError where no site is named, CrawlError for
    one that is none or when another reading is under way, FetchError when the archive cannot be
    asked.
    """
    from crawler.journal import JournalBusy, alone

    ours = places(case, sites, subdomains=options.subdomains)
    if not ours:
        raise CaseError(
            f"{case.folder / 'optout.toml'} names no site and no host",
            "name one: optout history https://your-site.example",
        )
    try:
        with alone(case.observations / FOLDER), ExitStack() as stack:
            return _read(case, ours, archive, options, stack)
    except JournalBusy as error:
        raise CrawlError(
            f"another reading of captures for {case.folder} is under way", "wait for it to end"
        ) from error


def _read(
    case: Case,
    ours: list[Place],
    archive: Archive,
    options: HistoryOptions,
    stack: ExitStack,
) -> HistoryResult:
    from optout.crawling import new_run_id

    finished(case)
    known = earlier(case)
    started = datetime.now(UTC).isoformat(timespec="seconds")
    state = stack.enter_context(State(folder_of(case), new_run_id(case), started))
    if state.resumed:
        options.tell(f"going on with the reading begun {state.started_at}")
    for line in state.captures():
        _remember(known, line)
    pace = Pace(options.pause, options.tell, options.sleep)
    index = stack.enter_context(Host(archive.index, pace))
    data = stack.enter_context(Host(archive.data, pace))
    asking = Asking(index, data, archive, options, state)
    asking.all(crawls_to_ask(index, archive, options), ours)
    chosen = plan(asking.captures, versions=options.versions, most=options.most, known=known.keys)
    before = len(known.keys & {one.key for one in asking.captures})
    _fetch(data, chosen, known, state, options)
    summary = _summary(state, archive, ours, asking, chosen)
    run = _write(case, state, summary) if summary["captures"] else None
    discard(folder_of(case))
    return HistoryResult(
        run=run,
        summary=summary,
        crawls=len(asking.crawls),
        named=len({one.key for one in asking.captures}),
        known=before,
    )


def _fetch(data: Host, chosen: Plan, known: Earlier, state: State, options: HistoryOptions) -> None:
    """Fetch what is not known, keep each record at once."""
    failures = 0
    for number, group in enumerate(chosen.groups, 1):
        read = read_group(data, group, known)
        state.add_record(read.lines, read.rows)
        for line in read.lines:
            _remember(known, line)
        failures = failures + 1 if read.reason else 0
        if failures >= _FAILURES:
            raise FetchError(
                f"{data.name} gave none of the last {failures} records: {read.reason}",
                f"check --data; {GOES_ON}",
            )
        if number % _TOLD == 0 or number == len(chosen.groups):
            options.tell(f"read {number} of {len(chosen.groups)} records")


def _remember(known: Earlier, line: dict[str, Any]) -> None:
    """Of this reading those that failed, too: they are tried again by the next one."""
    known.add(line)
    known.keys.add(line["key"])


def _summary(
    state: State, archive: Archive, ours: Iterable[Place], asking: Asking, chosen: Plan
) -> dict[str, Any]:
    budget = {"kind": "budget", "what": "pages"}
    cut = [budget | {"reason": reason, "count": 0, "examples": []} for reason in asking.cut]
    cut += [
        budget | {"reason": f"left out, {reason}", "count": count, "examples": list(examples)}
        for reason, count, examples in chosen.left_out
    ]
    return {
        "started_at": state.started_at,
        "finished_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "archive": {"index": archive.index, "data": archive.data},
        "places": [place.root for place in ours],
        "crawls": asking.crawls,
        "crawls_absent": asking.absent,
        "odd_lines": asking.odd,
        "captures": list(state.captures()),
        "cut_short": cut,
    }


def _write(case: Case, state: State, summary: dict[str, Any]) -> Path:
    from crawler.archived import unpacked
    from crawler.writer import write_run

    return write_run(
        (unpacked(relation, row) for relation, row in state.rows()),
        case.observations,
        summary,
        case_id=case.case_id,
        run_id=state.run_id,
        source="capture",
    )

"""A case → where its requests stand, and what the user enters of them: what `optout register` does.

Requests of one letter are shown together, since one letter is what is sent and answered.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from optout.case import Case

if TYPE_CHECKING:
    from optout.register import Asked, Entry, Standing
    from optout.register.entries import Status


@dataclass(frozen=True, slots=True)
class Pile:
    """The requests of one letter, or one that was written elsewhere."""

    key: str  # 2026-11-21/laion, or the request's id
    name: str  # of whom it goes to
    kind: str  # what its kind is called for people
    standings: tuple[Standing, ...]  # never empty
    statuses: tuple[tuple[str, int], ...]  # how many are what, as it usually comes about
    due: Standing | None  # the one of which an answer is due first


def statuses() -> dict[str, Status]:
    """Every status there is, in the order in which they usually come."""
    from optout.register.entries import statuses

    return statuses()


def piles(case: Case) -> list[Pile]:
    """What was entered, and what stands in the newest letters; what is due first comes first."""
    by_key: dict[str, list[Standing]] = {}
    for one in _all(case):
        by_key.setdefault(_key(one.request), []).append(one)
    found = [_pile(key, ones) for key, ones in by_key.items()]
    return sorted(found, key=lambda p: (p.due.due_on if p.due else "9999", p.name, p.key))


def state(case: Case) -> Hashable:
    """What differs whenever `piles` would."""
    from optout.register.database import path_of

    register = path_of(case)
    files = [register, register.with_name(f"{register.name}-wal")]
    files += sorted(case.requests.glob("[0-9]*/*/requests.jsonl"))
    stats = ((str(path), path.stat()) for path in files if path.exists())
    return tuple((name, stat.st_mtime_ns, stat.st_size) for name, stat in stats)


def _pile(key: str, ones: Sequence[Standing]) -> Pile:
    from optout.requests.recipients import kinds

    request, counted = ones[0].request, Counter(one.status for one in ones)
    waiting = [(one.due_on, number) for number, one in enumerate(ones) if one.due_on]
    return Pile(
        key=key,
        name=request.destination,
        kind=kinds()[request.kind].label if request.kind in kinds() else request.kind,
        standings=tuple(ones),
        statuses=tuple((name, counted[name]) for name in statuses() if counted[name]),
        due=ones[min(waiting)[1]] if waiting else None,
    )


def _all(case: Case) -> Iterator[Standing]:
    """Every request once: as the register has it, in the letter that holds it last."""
    from dataclasses import replace

    from optout.register import Standing, asked, standings
    from optout.web.letter_sets import latest_day

    listed, day = asked(case), latest_day(case)
    for one in standings(case):
        now = listed.pop(one.request.request_id, None)
        yield replace(one, request=now) if now else one
    for request in listed.values():
        if day and request.written_on == day.name:
            yield Standing(request, ())


def _key(request: Asked) -> str:
    return request.folder.removeprefix("requests/") or request.request_id


def enter(
    case: Case,
    chosen: Sequence[Standing],
    status: str,
    text: str = "",
    *,
    on: date | None = None,
    due: date | None = None,
) -> None:
    """`optout register set`, of those requests of which it was not said yet; sent ones are kept.

    Raises RequestError, CaseError.
    """
    from optout.register import set_status
    from optout.register.sent import keep

    said = (status, on.isoformat() if on else "", due.isoformat() if due else "", text.strip())
    fresh = [one.request for one in chosen if not one.entries or _said(one.last) != said]
    if fresh:
        set_status(case, fresh, status, text.strip(), on=on, due=due)
    if fresh and status == "sent":
        keep(case, fresh)


def _said(entry: Entry) -> tuple[str, str, str, str]:
    return entry.status, entry.happened_on, entry.due_on, entry.text


def remark(case: Case, chosen: Sequence[Standing], text: str) -> None:
    """`optout register note`, unless it is their last remark already. Raises RequestError."""
    from optout.register import note

    fresh = [one.request for one in chosen if not (one.entries and one.entries[-1].text == text)]
    if fresh:
        note(case, fresh, text)


def add(case: Case, to: str, kind: str, about: str, text: str) -> str:
    """`optout register add`: the id of the request. Raises RequestError."""
    from optout.errors import RequestError
    from optout.register import add
    from optout.requests.recipients import kinds

    if kind not in kinds():
        raise RequestError(f"{kind[:60]!r} is no kind of request", ", ".join(kinds()))
    return add(case, to, kind, about, text).request_id


def exported(case: Case, *, as_json: bool) -> Iterator[bytes]:
    """`optout register export`: CSV that is safe to open, or JSON lines."""
    from optout.register import standings
    from optout.register.export import rows
    from optout.report.formats import csv_lines, json_lines

    found = rows(standings(case))
    if not as_json:
        yield "\ufeff".encode()
    for line in json_lines(found) if as_json else csv_lines(found):
        yield line.encode("utf-8", "replace")


def history(chosen: Iterable[Standing]) -> list[tuple[Entry, int]]:
    """Everything that was said of requests, the newest first, each with of how many."""
    counted = Counter(entry for one in chosen for entry in one.entries)
    return sorted(counted.items(), key=lambda item: item[0].recorded_at, reverse=True)

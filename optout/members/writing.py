"""Members → their reports and request lists; each member's trouble stays that member's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from optout.errors import OptoutError, RequestError
from optout.members.register import Member, Organisation

# Called with each member that is done: how many are, of how many, and what became of it.
Tell = Callable[[int, int, "Written"], None]


@dataclass(frozen=True, slots=True)
class Written:
    """What became of one member's report or requests."""

    number: str
    outcome: str  # written, nothing (there is nothing to ask), no_mandate or failed
    path: Path | None = None
    requests: int = 0  # destinations
    reason: str = ""


def write_reports(
    organisation: Organisation, members: Sequence[Member], *, tell: Tell | None = None
) -> list[Written]:
    """Write report.html into each member's case. Raises OSError for a full disk."""

    def write(member: Member) -> Written:
        from optout.report import write_report

        path = write_report(organisation.case(member))
        return Written(member.number, "written", path)

    return _each(members, write, tell)


def write_all_requests(
    organisation: Organisation,
    members: Sequence[Member],
    *,
    today: date,
    tell: Tell | None = None,
) -> list[Written]:
    """Write requests/ into the case of each member whose mandate is in force on `today`.

    Without a mandate nothing is written, and the result says why. Raises OSError.
    """

    def write(member: Member) -> Written:
        from optout.requests import write_requests

        why = member.no_mandate(today)
        if why:
            return Written(member.number, "no_mandate", reason=why)
        try:
            summary = write_requests(organisation.case(member))
        except RequestError as nothing:
            return Written(member.number, "nothing", reason=nothing.message)
        places = len(summary.written)
        outcome = "written" if places else "nothing"
        return Written(member.number, outcome, summary.folder if places else None, places)

    return _each(members, write, tell)


def _each(
    members: Sequence[Member], write: Callable[[Member], Written], tell: Tell | None
) -> list[Written]:
    results = []
    for done, member in enumerate(members, 1):
        try:
            one = write(member)
        except OptoutError as error:
            one = Written(member.number, "failed", reason=error.message)
        results.append(one)
        if tell:
            tell(done, len(members), one)
    return results

"""Members + data sets → matches in each case, from one scan of the data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from optout.case import Case
from optout.errors import CaseError
from optout.members.register import Member, Organisation

if TYPE_CHECKING:
    from optout.cluster import Cluster
    from optout.matching import MatchSummary
    from optout.matching.run import CaseTold
    from optout.matching.scan import Progress
    from optout.matching.source import Index
    from optout.remote import Session


@dataclass(frozen=True, slots=True)
class Matched:
    """What the search found, and whose case could not be searched for."""

    summaries: dict[str, MatchSummary]  # by member number
    failed: dict[str, str]  # number → why


def match_members(
    organisation: Organisation,
    members: Sequence[Member],
    specs: Sequence[str],
    *,
    index: Index | None = None,
    progress: Progress | None = None,
    tell: CaseTold = lambda what, done, of: None,
    session: Session | None = None,
    cluster: Cluster | None = None,
) -> Matched:
    """Search `specs` for all `members` at once and write matches/ into each case.

    With a `cluster` its workers read the files. `tell` hears of each member whose case was gathered
    before the scan, and written after it ("gathered", "written"; how many, of how many). A damaged
    case is left out and named. Raises DatasetError for files that cannot be searched.
    """
    from optout.matching import match_cases

    cases: dict[str, Case] = {}
    failed: dict[str, str] = {}
    for member in members:
        try:
            case = organisation.case(member)
            case.as_of()
            cases[member.number] = case
        except CaseError as error:
            failed[member.number] = error.message
    found = match_cases(
        list(cases.values()),
        specs,
        unfinished=organisation.unfinished_search,
        index=index,
        progress=progress,
        tell=tell,
        session=session,
        cluster=cluster,
    )
    by_number = {number: found[case.case_id] for number, case in cases.items()}
    return Matched(by_number, failed)

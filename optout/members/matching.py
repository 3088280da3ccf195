"""Members + data sets → matches in each case, from one scan of the data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optout.case import Case
from optout.errors import CaseError, DatasetError
from optout.members.register import Member, Organisation

if TYPE_CHECKING:
    from optout.cluster import Cluster
    from optout.matching import MatchSummary
    from optout.matching.scan import Progress


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
    index: Path | None = None,
    progress: Progress | None = None,
    cluster: Cluster | None = None,
) -> Matched:
    """Search `specs` for all `members` at once and write matches/ into each case.

    With a `cluster` its workers read the files.

    A damaged case is left out and named. Raises DatasetError for files that cannot be searched.
    """
    cases: dict[str, Case] = {}
    failed: dict[str, str] = {}
    for member in members:
        try:
            case = organisation.case(member)
            case.as_of()
            cases[member.number] = case
        except CaseError as error:
            failed[member.number] = error.message
    options: dict[str, Any] = {"progress": progress}
    if cluster is not None:
        options["cluster"] = cluster
    if index is not None:
        options["index"] = _opened(index)
    found = _match_cases()(list(cases.values()), specs, **options)
    by_number = {number: found[case.case_id] for number, case in cases.items()}
    return Matched(by_number, failed)


def _opened(index: Path) -> Any:
    try:
        return import_module("optout.index").open_index(index)
    except ImportError as error:
        raise DatasetError("this optout reads no index", "name its files: --dataset") from error


def _match_cases() -> Callable[..., dict[str, MatchSummary]]:
    """`optout.matching.match_cases`; one search per case where there is none."""
    return getattr(import_module("optout.matching"), "match_cases", _one_by_one)


def _one_by_one(
    cases: Sequence[Case], specs: Sequence[str], *, progress: Progress | None = None
) -> dict[str, MatchSummary]:
    from optout.matching import match_case

    found: dict[str, MatchSummary] = {}
    for case in cases:
        found[case.case_id] = match_case(case, specs)
        if progress:
            progress(len(found), len(cases), sum(one.data["rows"] for one in found.values()))
    return found

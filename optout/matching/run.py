"""Cases and data sets → matches/ of each: which rows tie to the artist, and why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from functools import partial
from typing import TYPE_CHECKING

from optout.case import Case
from optout.errors import CaseError, DatasetError
from optout.matching.stored import previous_ids
from optout.matching.summary import Beside, MatchSummary

if TYPE_CHECKING:
    from pathlib import Path

    from optout.cluster import Cluster
    from optout.datasets import DataFile
    from optout.matching.artist import Artist
    from optout.matching.scan import Progress
    from optout.matching.source import Index, Source
    from optout.remote import Session

# Called with each case that is "gathered" or "written": how many are, of how many.
CaseTold = Callable[[str, int, int], None]


def match_case(
    case: Case,
    specs: Sequence[str],
    *,
    hosts: Sequence[str] = (),
    captions: bool = True,
    index: Index | None = None,
    progress: Progress | None = None,
    session: Session | None = None,
    cluster: Cluster | None = None,
) -> MatchSummary:
    """Search the data sets that `specs` name for the case's images, hosts, texts and names.

    match_cases() for a single case.
    """
    found = match_cases(
        [case],
        specs,
        unfinished=case.folder / _UNFINISHED,
        hosts=hosts,
        captions=captions,
        index=index,
        progress=progress,
        session=session,
        cluster=cluster,
    )
    return found[case.case_id]


def match_cases(
    cases: Sequence[Case],
    specs: Sequence[str],
    *,
    unfinished: Path | None = None,
    hosts: Sequence[str] = (),
    captions: bool = True,
    index: Index | None = None,
    progress: Progress | None = None,
    tell: CaseTold = lambda what, done, of: None,
    session: Session | None = None,
    cluster: Cluster | None = None,
) -> dict[str, MatchSummary]:
    """Search the data sets that `specs` name for all `cases` in one pass; by case_id.

    Writes matches/ of each case, whole or not at all; what is found for a case is the same as in a
    search for it alone. What was found in finished files is kept in the folder `unfinished` until
    the search is complete: rows of all cases, so it must be a place of them all. `hosts` are
    declared for this search only, in every case. Without `captions` no caption is looked at.
    `index` gives the rows in place of the files of `specs`, all but captions.
    A file whose damage shows while it is read is left out and named in `not_read` of the summary;
    what was found in the others is kept, and the next search of the same reads that file alone.
    Remote files are read through `session`. With a `cluster` its workers read the files. `tell`
    hears of each case that is gathered before the scan, and written after it.
    Raises DatasetError for files that cannot be searched (also when none could be read), CaseError
    for a case that cannot be read, or two with one id.
    """
    from optout.matching.cases import finish, gathered
    from optout.matching.finished import FinishedFiles, question
    from optout.matching.scan import AHEAD, scan
    from optout.remote import Session
    from optout.vision.extra import has_vision

    _refuse_namesakes(cases)
    captions = captions and index is None  # an index holds no texts
    with ExitStack() as stack:
        session = session or stack.enter_context(Session())
        files, twins, unreadable = _files(specs, index, session)
        before = [previous_ids(case) for case in cases]
        carried = _carry_phashes(files)
        compared = carried and has_vision()
        found_phashes = _picture_hashes(carried, compared, index is not None)
        artists = gathered(cases, hosts, compared, partial(tell, "gathered"))
        if not cases:
            return {}
        asked = question(artists, captions)
        finished = FinishedFiles(unfinished, asked) if unfinished else None
        if index:
            source = index.source(artists, captions)
        elif cluster:
            source = _by_workers(cluster, files, artists, captions, session)
        else:
            source = _raw(stack, artists, captions, session)
        found = scan(
            source,
            files,
            artists,
            captions=captions,
            finished=finished if len(files) > 1 and index is None else None,
            progress=progress,
            ahead=2 * cluster.processors if cluster else AHEAD,
        )
    if found.damaged and not found.counts:
        raise found.damaged[0]
    damaged = [*unreadable, *found.damaged]
    not_read = tuple(error.message for error in damaged)
    beside = Beside(captions, not_read, twins, phashes=found_phashes)
    theirs = zip(artists, found.candidates, strict=True)
    found_of = list(zip(cases, theirs, before, strict=True))
    summaries = finish(found_of, found.counts, beside, partial(tell, "written"))
    if finished:
        finished.keep_only(files if damaged else ())
    return summaries


_UNFINISHED = ".matches.unfinished"  # beside matches/ while a search for one case goes on


def _refuse_namesakes(cases: Sequence[Case]) -> None:
    seen: dict[str, Case] = {}
    for case in cases:
        other = seen.setdefault(case.case_id, case)
        if other is not case:
            raise CaseError(
                f"{other.folder} and {case.folder} are both called {case.case_id}",
                "give one of them another case_id in its optout.toml",
            )


def _files(
    specs: Sequence[str], index: Index | None, session: Session
) -> tuple[Sequence[DataFile], tuple[tuple[str, str], ...], list[DatasetError]]:
    """The files to search, which others hold the same, and which cannot be read at all."""
    if index is not None:
        return index.files(), index.twins(), []
    from optout.datasets import resolve
    from optout.matching.twins import without_twins

    unreadable: list[DatasetError] = []
    files, twins = without_twins(resolve(specs, session, unreadable=unreadable))
    return files, twins, unreadable


def _picture_hashes(carried: bool, compared: bool, by_index: bool) -> str:
    """Which picture hashes a search finds: an index tells equal ones only."""
    if not carried:
        return "near"  # there are none to miss
    if not compared:
        return "none"
    return "equal" if by_index else "near"


def _carry_phashes(files: Sequence[DataFile]) -> bool:
    """Whether rows carry picture hashes; of an index, whose columns are not told, its data set."""
    from optout.datasets import find

    def said(file: DataFile) -> bool:
        known = find(file.dataset) if not file.columns.names else None
        return bool(known and "phash" in known[0].ask)

    return any("phash" in file.columns.names or said(file) for file in files)


def _raw(stack: ExitStack, artists: Sequence[Artist], captions: bool, session: Session) -> Source:
    from optout.matching.raw import RawFiles
    from optout.matching.sieve import Sieve
    from optout.matching.wanted import wanted

    return stack.enter_context(closing(RawFiles(Sieve(wanted(artists, captions)), session=session)))


def _by_workers(
    cluster: Cluster,
    files: Sequence[DataFile],
    artists: Sequence[Artist],
    captions: bool,
    session: Session,
) -> Source:
    from optout.cluster.searching import RayFiles, require_files

    require_files(cluster, files)
    return RayFiles(artists, captions, session)

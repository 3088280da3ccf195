"""A case with matches → looked_at/ and the matches anew: what the listed addresses serve today."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from crawler.policy import Reach, started_private
from optout.case import Case
from optout.errors import CaseError
from optout.looking.answers import Answer, Answers
from optout.looking.asking import Asked, Pace, ask_all, host_of
from optout.looking.chosen import Candidate, candidates
from optout.looking.comparing import KEPT, Compared, held_to
from optout.looking.known import Known, known
from optout.looking.limits import limits
from optout.looking.table import comparisons, write

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

# Told after each address: how many are done, of how many.
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look gave: rows of comparisons (the last look at each match), and how many asked."""

    rows: pa.Table
    asked: int
    verdicts: dict[str, int]


def look_at_case(
    case: Case,
    *,
    withdrawn: bool = False,
    again: bool = False,
    allow_private: bool = False,
    only: frozenset[str] = frozenset(),
    delay: float | None = None,
    seconds: float | None = None,
    progress: Progress | None = None,
) -> Looked:
    """Ask for the addresses of all matches and compare what they serve with the artist's pictures.

    An address that was asked within the last days (limits.toml) is not asked again unless `again`,
    so a look that was broken off goes on where it ended. `only` names the hosts to ask, if not
    all. Raises VisionError without the extra or
    without pictures to compare with, CaseError without matches.
    """
    from optout.vision.extra import require_vision

    require_vision()
    if not (case.matches / "matches.parquet").is_file():
        raise CaseError("nothing has been searched for yet", "first: optout match --dataset FILES")
    from optout.database import open_case

    with open_case(case) as connection:
        images_once(connection)
        pictures = known(connection, case)
        _with_similar(connection, case)
        chosen = candidates(connection, case, withdrawn=withdrawn)
        answers, compared = Answers(case), Compared(case)
        look = _Look(pictures, answers, compared, _named(chosen))
        wanted = [url for url in _to_ask(chosen, look, again) if not only or host_of(url) in only]
        pace = Pace(
            limits().delay if delay is None else delay,
            limits().seconds if seconds is None else seconds,
        )
        reach = Reach(started_private(_hosts(case)), allow_private)
        asked = ask_all(wanted, reach, pace=pace, before=look.before, only=only)
        for number, one in enumerate(asked, 1):
            look.take(one)
            if progress:
                progress(number, len(wanted))
        look.rest(chosen)
        held = frozenset(work.work_id for work in pictures.works if work.work_id)
        table = comparisons(case, chosen, answers, compared, held)
        write(case, table)
        _join(connection, case)
    latest = table.filter(table["latest"])
    return Looked(latest, len(wanted), dict(Counter(latest["verdict"].to_pylist())))


@dataclass(frozen=True, slots=True)
class _Look:
    """What one look works with."""

    pictures: Known
    answers: Answers
    compared: Compared
    named: dict[str, tuple[str, ...]]  # address → works that rows with it name

    def before(self, url: str) -> Answer | None:
        """The last answer that brought a picture, where that need not be loaded again."""
        last = next((one for one in reversed(self.answers.of(url)) if one.sha256), None)
        return last if last and last.sha256 and self.is_known(last.sha256) else None

    def is_known(self, sha256: str) -> bool:
        judged = self.compared.of(sha256, self.pictures.name)
        return judged is not None or self.answers.file(sha256).is_file()

    def take(self, asked: Asked) -> None:
        """Keep an answer, and its file as long as it is needed."""
        answer = asked.answer
        if asked.body:
            answer = replace(answer, sha256=self.answers.keep(asked.body))
        elif answer.outcome == "fetched" and not answer.reason and answer.sha256 is None:
            answer = replace(answer, reason="the answer is empty")
        self.answers.add(answer)
        if answer.sha256:
            self.judge(answer.sha256, self.named.get(answer.url, ()))

    def judge(self, sha256: str, named: tuple[str, ...]) -> None:
        """Compare a file once with this set of pictures."""
        if self.compared.of(sha256, self.pictures.name) or not self.answers.file(sha256).is_file():
            return
        found = held_to(self.answers.file(sha256).read_bytes(), self.pictures, named)
        self.compared.add(found)
        if found["verdict"] not in KEPT:
            self.answers.drop(sha256)

    def rest(self, chosen: Sequence[Candidate]) -> None:
        """Compare the files of earlier looks that this set of pictures has not seen."""
        for one in chosen:
            for answer in self.answers.of(one.url):
                if answer.sha256:
                    self.judge(answer.sha256, self.named.get(one.url, ()))


def _to_ask(chosen: Sequence[Candidate], look: _Look, again: bool) -> list[str]:
    """Each address once, without those whose answer is fresh and compared."""
    since = datetime.now(UTC) - timedelta(days=limits().fresh_days)
    wanted = dict.fromkeys(one.url for one in chosen if not one.refused)
    return [url for url in wanted if again or not _is_fresh(look.answers.last(url), look, since)]


def _is_fresh(last: Answer | None, look: _Look, since: datetime) -> bool:
    if last is None or last.observed_at < since:
        return False
    return last.sha256 is None or look.is_known(last.sha256)


def _named(chosen: Iterable[Candidate]) -> dict[str, tuple[str, ...]]:
    works: dict[str, tuple[str, ...]] = {}
    for one in chosen:
        if one.work_id and one.work_id not in works.get(one.url, ()):
            works[one.url] = (*works.get(one.url, ()), one.work_id)
    return works


def _hosts(case: Case) -> list[str]:
    return [urlsplit(site).hostname or "" for site in case.sites]


def images_once(connection: duckdb.DuckDBPyConnection) -> None:
    """Make a table of the case's images, which several queries read."""
    from optout.database import relation

    query = relation(connection, "case_images")
    connection.execute("DROP VIEW IF EXISTS case_images")
    query.to_table("case_images")


def _with_similar(connection: duckdb.DuckDBPyConnection, case: Case) -> None:
    """Rows that a model alone found are matches, too."""
    from optout.matching.joined import join_again

    join_again(connection, case)
    _reopen(connection, case)


def _join(connection: duckdb.DuckDBPyConnection, case: Case) -> None:
    from optout.matching.joined import join_again

    join_again(connection, case)


def _reopen(connection: duckdb.DuckDBPyConnection, case: Case) -> None:
    """`matches` anew: its file was replaced."""
    import pyarrow.parquet as pq

    connection.execute("DROP VIEW IF EXISTS matches")
    connection.register("matches", pq.read_table(case.matches / "matches.parquet"))

"""A case's matches and decisions → request lists and letters per destination; nothing is sent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from optout.case import Case
from optout.errors import RequestError

if TYPE_CHECKING:
    from optout.requests.folders import Prepared, Surroundings
    from optout.requests.plan import Plan, RequestList
    from optout.requests.select import Material

__all__ = ["Destination", "RequestSummary", "write_requests"]


@dataclass(frozen=True, slots=True)
class Destination:
    """One folder that was written, and what may become of it."""

    destination_id: str
    name: str
    kind: str
    host: str  # of a repost, else ""
    unit: str  # what is counted: row(s) or domain(s)
    rows: int
    effect: str
    effect_source: str
    confidence: str  # of the contact
    checked: str  # day, ISO 8601
    publishes: str  # a warning where the destination publishes its senders, else ""
    language: str  # of the letter
    draft: bool  # a statement that only the user can make is missing: no letter yet
    missing: tuple[str, ...]  # what it needs and [artist] in optout.toml does not give
    folder: Path


@dataclass(frozen=True, slots=True)
class RequestSummary:
    """What write_requests did, and what it left out and why."""

    date: str
    folder: Path
    written: tuple[Destination, ...]
    left_out: tuple[tuple[str, str, str], ...]  # destination id, name, why
    no_destination: tuple[tuple[str, int], ...]  # data set, rows
    waiting: dict[str, int]  # strength → matches that need the user's word
    confirmed: int
    rejected: int
    searched: bool
    domains_left_out: tuple[tuple[str, str], ...]  # host, why
    no_contact: bool
    kept: Path | None  # a set of the same date that had been edited by hand
    changed: bool  # other requests than the last time


def write_requests(
    case: Case,
    *,
    shows_me: bool = False,
    shown_in: Iterable[str] = (),
    to: Iterable[str] = (),
    declare: Iterable[str] = (),
    language: str = "",
    now: datetime | None = None,
) -> RequestSummary:
    """Write requests/<date of the last run>/<destination>/ for everything that may be asked.

    `shows_me`: the user says that the pictures or their addresses show them (`shown_in`: those
    of these matches); only then a GDPR letter is written.
    `to`: destinations besides those written by default, as NAME or NAME:KIND.
    `declare`: notices (folder name, or a kind that one notice has) for whose rows the user makes
    the statements that its kind needs; recorded in decisions.db at `now`.
    `language`: of all letters; else each recipient's own, else the case's.

    Raises RequestError when there is nothing to ask for, or a destination, notice or language
    does not exist; CaseError when the case cannot be read.
    """
    from optout.requests.manifest import days, request_ids, write_set
    from optout.requests.notices import declare_notices, prepare
    from optout.requests.sets import set_files

    around, planned = _planned(case, to, frozenset(shown_in) or shows_me)
    if not around.material.searched and not planned.lists:
        raise RequestError(
            "there is nothing to ask for yet: no data set has been searched, and no domain of "
            "yours is named",
            "optout match --dataset SPEC   (optout datasets says how to get one)",
        )
    prepare(case, planned, language)  # a wrong language is told before anything is recorded
    declare_notices(case, planned, declare, now)
    prepared = prepare(case, planned, language)
    before = request_ids(days(case)[-1]) if days(case) else frozenset()
    kept = write_set(case, set_files(prepared, around))
    after = request_ids(case.requests / case.as_of().date().isoformat())
    return _summary(prepared, planned, around, kept=kept, changed=before != after)


def _planned(
    case: Case, to: Iterable[str], shows_me: bool | frozenset[str]
) -> tuple[Surroundings, Plan]:
    from optout.control import proofs
    from optout.register.again import not_again
    from optout.requests.folders import Surroundings
    from optout.requests.notices import declared_before
    from optout.requests.own import recipients_of
    from optout.requests.plan import choose, plan
    from optout.requests.select import gather
    from optout.requests.signals import facts

    known = recipients_of(case)
    material = gather(case)
    if not isinstance(shows_me, bool):
        _refuse_unknown(material, shows_me)
    found = facts(material.headers, material.robots, material.own)
    societies = tuple(r for r in known.values() if r.society)
    chosen = choose(to, known) + declared_before(case, known)
    planned = plan(material, known, chosen, facts=found, shows_me=shows_me)
    left = not_again(case, planned, lambda asked, subject: asked.request_id(subject))
    shown = tuple(proof for proof in proofs(case) if material.own.own(proof.host))
    return Surroundings(case, material, found, societies, shown), left


def _refuse_unknown(material: Material, match_ids: frozenset[str]) -> None:
    if unknown := sorted(match_ids - {row["match_id"] for row in material.rows}):
        raise RequestError(
            f"no match {', '.join(unknown[:3])} may enter a request",
            "a lead or a text has to be confirmed first: optout confirm MATCH_ID",
        )


def _summary(
    prepared: tuple[Prepared, ...],
    planned: Plan,
    around: Surroundings,
    *,
    kept: Path | None,
    changed: bool,
) -> RequestSummary:
    case, material = around.case, around.material
    day = case.requests / case.as_of().date().isoformat()
    return RequestSummary(
        date=day.name,
        folder=day,
        written=tuple(_destination(case, day, one) for one in prepared),
        left_out=tuple((r.id, r.name, why) for r, why in planned.empty),
        no_destination=planned.no_destination,
        waiting=_waiting(material),
        confirmed=sum(row["confirmed"] for row in material.counts),
        rejected=sum(row["rejected"] for row in material.counts),
        searched=material.searched,
        domains_left_out=material.domains.left_out,
        no_contact=not (case.contact and case.names),
        kept=kept,
        changed=changed,
    )


def _waiting(material: Material) -> dict[str, int]:
    return {row["strength"]: row["waiting"] for row in material.counts if row["waiting"]}


def _destination(case: Case, day: Path, one: Prepared) -> Destination:
    from optout.requests.folders import missing

    asked, recipient = one.asked, one.asked.recipient
    return Destination(
        destination_id=recipient.id,
        name=recipient.name,
        kind=asked.kind.id,
        host=asked.host,
        unit=_unit(asked),
        rows=len(asked.rows) or len(asked.domains),
        effect=recipient.effect,
        effect_source=recipient.effect_source,
        confidence=recipient.confidence,
        checked=recipient.checked.isoformat(),
        publishes=recipient.publishes_note if recipient.publishes_sender else "",
        language=one.language.code,
        draft=one.draft,
        missing=missing(case, asked),
        folder=day / asked.folder,
    )


def _unit(asked: RequestList) -> str:
    noun = "row" if asked.rows else "domain"
    return noun if len(asked.rows or asked.domains) == 1 else f"{noun}s"

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
    from optout.requests.manifest import Files
    from optout.requests.plan import Chosen, Plan, RequestList
    from optout.requests.recipients import Recipient
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

    around, planned = _planned(case, to, frozenset(shown_in) or shows_me)
    if not around.material.searched and not planned.lists:
        raise RequestError(
            "there is nothing to ask for yet: no data set has been searched, and no domain of "
            "yours is named",
            "optout match --dataset SPEC   (optout datasets says how to get one)",
        )
    _declare(case, planned, declare, now)
    prepared = _prepared(case, planned, language)
    before = request_ids(days(case)[-1]) if days(case) else frozenset()
    kept = write_set(case, _files(prepared, around))
    after = request_ids(case.requests / case.as_of().date().isoformat())
    return _summary(prepared, planned, around, kept=kept, changed=before != after)


def _planned(
    case: Case, to: Iterable[str], shows_me: bool | frozenset[str]
) -> tuple[Surroundings, Plan]:
    from optout.requests.folders import Surroundings
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
    chosen = choose(to, known) + _declared_before(case, known)
    planned = plan(material, known, chosen, facts=found, shows_me=shows_me)
    return Surroundings(case, material, found, societies), planned


def _refuse_unknown(material: Material, match_ids: frozenset[str]) -> None:
    if unknown := sorted(match_ids - {row["match_id"] for row in material.rows}):
        raise RequestError(
            f"no match {', '.join(unknown[:3])} may enter a request",
            "a lead or a text has to be confirmed first: optout confirm MATCH_ID",
        )


def _declared_before(case: Case, known: dict[str, Recipient]) -> list[Chosen]:
    """A notice that the user has declared stays chosen."""
    from optout.requests.declared import declarations
    from optout.requests.plan import choose

    notices = declarations(case).values()
    return choose(
        [
            f"{recipient.id}:{said.kind}"
            for recipient in known.values()
            for said in notices
            if said.kind in recipient.kinds and _is_of(said.notice, recipient, said.kind)
        ],
        known,
    )


def _is_of(notice: str, recipient: Recipient, kind: str) -> bool:
    """Whether a folder's name is that of this destination and kind (RequestList.folder)."""
    usual = recipient.kinds[0] == kind
    name = recipient.id if usual else f"{recipient.id}_{kind}"
    return notice == name or (bool(recipient.place) and notice.startswith(f"{name}-"))


def _declare(case: Case, planned: Plan, named: Iterable[str], now: datetime | None) -> None:
    """Record the user's statements for the notices named. Raises RequestError."""
    from optout.requests.declared import declare

    for name in named:
        asked = _notice(planned, name)
        declare(
            case, asked.folder, asked.kind.id, asked.request_ids(), asked.kind.declares, now=now
        )


def _notice(planned: Plan, name: str) -> RequestList:
    """The one notice of this folder name or kind that needs statements. Raises RequestError."""
    notices = [asked for asked in planned.lists if asked.kind.declares]
    found = [asked for asked in notices if name in (asked.folder, asked.kind.id)]
    if len(found) == 1:
        return found[0]
    if found:
        raise RequestError(
            f"{name} stands for {len(found)} notices, and each needs your own word",
            "name one: " + ", ".join(asked.folder for asked in found[:5]),
        )
    there = ", ".join(asked.folder for asked in notices[:5])
    raise RequestError(
        f"there is no notice {name!r} that needs a statement of yours",
        f"there are: {there}" if there else "first: optout requests --to NAME:KIND",
    )


def _prepared(case: Case, planned: Plan, language: str) -> tuple[Prepared, ...]:
    from optout.requests.declared import declarations, digest
    from optout.requests.folders import Prepared
    from optout.requests.language import language_of

    said = declarations(case)
    made = []
    for asked in planned.lists:
        code = language or asked.recipient.language or case.language or "en"
        last = said.get(asked.folder) if asked.kind.declares else None
        holds = last and last.kind == asked.kind.id and last.covers == digest(asked.request_ids())
        at = last.declared_at if last else ""
        words = language_of(case, code)
        made.append(Prepared(asked, words, at if holds else "", "" if holds else at))
    return tuple(made)


def _files(prepared: tuple[Prepared, ...], around: Surroundings) -> Files:
    """Everything in requests/<date>/: a folder per destination, and what lies beside them."""
    from optout.requests.folders import folder_files
    from optout.requests.letters import render
    from optout.requests.manifest import with_set_manifest
    from optout.requests.workbook import workbook

    files: Files = {}
    sheets = []
    for one in prepared:
        made, rows = folder_files(one, around)
        files |= {f"{one.asked.folder}/{name}": content for name, content in made.items()}
        sheets.append((one.asked.folder, rows))
    if not sheets:
        return {}
    made_at = around.case.as_of()
    words = {"date": made_at.date().isoformat(), "places": [_told(one) for one in prepared]}
    files["README.txt"] = render("SET.txt.j2", words).encode("utf-8", "replace")
    files["requests.xlsx"] = workbook(sheets, made_at)
    return with_set_manifest(around.case, files)


def _told(one: Prepared) -> dict[str, object]:
    from optout.requests.language import language
    from optout.requests.letters import count_of

    recipient = one.asked.recipient
    return {
        "folder": one.asked.folder,
        "name": recipient.name,
        "host": one.asked.host,
        "kind": one.asked.kind.label,
        "count": count_of(one.asked, language("en")),
        "draft": one.draft,
        "effect": recipient.effect,
        "effect_note": recipient.effect_note,
        "effect_source": recipient.effect_source,
        "confidence": recipient.confidence,
        "checked": recipient.checked.isoformat(),
    }


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

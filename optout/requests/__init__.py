"""A case's matches and decisions → request lists and letters per destination; nothing is sent."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optout.case import Case
from optout.errors import RequestError

if TYPE_CHECKING:
    from optout.requests.manifest import Files
    from optout.requests.select import Material, Plan, RequestList
    from optout.requests.signals import Fact

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


def write_requests(case: Case, *, shows_me: bool = False) -> RequestSummary:
    """Write requests/<date of the last run>/<destination>/ for everything that may be asked.

    `shows_me`: the user says that the pictures or their addresses show them; only then a GDPR
    letter is written. Raises RequestError when no data set was searched and no domain can be
    listed, CaseError when the case cannot be read.
    """
    from optout.register.again import not_again
    from optout.requests.formats import request_id
    from optout.requests.manifest import days, request_ids, write_set
    from optout.requests.select import gather, plan
    from optout.requests.signals import facts

    material = gather(case)
    planned = plan(material, shows_me=shows_me)
    if not material.searched and not planned.lists:
        raise RequestError(
            "there is nothing to ask for yet: no data set has been searched, and no domain of "
            "yours is named",
            "optout match --dataset SPEC   (optout datasets says how to get one)",
        )
    planned = not_again(case, planned, request_id)
    before = request_ids(days(case)[-1]) if days(case) else frozenset()
    found = facts(material.headers, material.robots, material.own)
    folders = _folders(case, planned, material, found)
    kept = write_set(case, folders)
    after = request_ids(case.requests / case.as_of().date().isoformat())
    return _summary(case, planned, material, kept=kept, changed=before != after)


def _folders(
    case: Case, planned: Plan, material: Material, found: tuple[Fact, ...]
) -> dict[str, Files]:
    from optout.requests.manifest import folder_name

    return {folder_name(asked): _files(case, asked, material, found) for asked in planned.lists}


def _files(case: Case, asked: RequestList, material: Material, found: tuple[Fact, ...]) -> Files:
    from optout.requests import formats
    from optout.requests.letters import letters
    from optout.requests.manifest import with_manifest

    rows = formats.records(case, asked, material.licensed)
    urls = formats.url_lists(asked.recipient, (row["url"] for row in asked.rows))
    files = urls | {
        "requests.csv": formats.requests_csv(rows),
        "requests.jsonl": formats.requests_jsonl(_head(case, asked, len(rows)), rows),
    }
    if asked.domains:
        files["domains.txt"] = formats.lines(asked.domains)
    texts = letters(case, asked, found, files=len(urls), searched=material.searched_in)
    files |= {name: text.encode("utf-8", "replace") for name, text in texts.items()}
    return with_manifest(case, asked, files, len(rows))


def _head(case: Case, asked: RequestList, rows: int) -> dict[str, Any]:
    kind = asked.recipient.kind
    return {
        "case_id": case.case_id,
        "date": case.as_of().date().isoformat(),
        "destination_id": asked.recipient.id,
        "kind": kind.id if kind else None,
        "host": asked.host or None,
        "rows": rows,
    }


def _summary(
    case: Case, planned: Plan, material: Material, *, kept: Path | None, changed: bool
) -> RequestSummary:
    day = case.requests / case.as_of().date().isoformat()
    return RequestSummary(
        date=day.name,
        folder=day,
        written=tuple(_destination(day, asked) for asked in planned.lists),
        left_out=tuple((r.id, r.name, why) for r, why in planned.empty),
        no_destination=planned.no_destination,
        waiting={row["strength"]: row["waiting"] for row in material.counts if row["waiting"]},
        confirmed=sum(row["confirmed"] for row in material.counts),
        rejected=sum(row["rejected"] for row in material.counts),
        searched=material.searched,
        domains_left_out=material.domains.left_out,
        no_contact=not (case.contact and case.names),
        kept=kept,
        changed=changed,
    )


def _destination(day: Path, asked: RequestList) -> Destination:
    from optout.requests.manifest import folder_name

    recipient, kind = asked.recipient, asked.recipient.kind
    return Destination(
        destination_id=recipient.id,
        name=recipient.name,
        kind=kind.id if kind else "",
        host=asked.host,
        unit=_unit(asked),
        rows=len(asked.rows) or len(asked.domains),
        effect=recipient.effect,
        effect_source=recipient.effect_source,
        confidence=recipient.confidence,
        checked=recipient.checked.isoformat(),
        publishes=recipient.publishes_note if recipient.publishes_sender else "",
        folder=day / folder_name(asked),
    )


def _unit(asked: RequestList) -> str:
    noun = "row" if asked.rows else "domain"
    return noun if len(asked.rows or asked.domains) == 1 else f"{noun}s"

"""Planned lists and the user's own statements → which of them are letters and which drafts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from optout.case import Case
from optout.errors import RequestError
from optout.requests.declared import declarations, declare, digest
from optout.requests.folders import Prepared
from optout.requests.language import MODEL, language_of
from optout.requests.plan import Chosen, Plan, RequestList, choose
from optout.requests.recipients import Recipient


def declared_before(case: Case, known: dict[str, Recipient]) -> list[Chosen]:
    """A notice that the user has declared stays chosen."""
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


def declare_notices(case: Case, planned: Plan, named: Iterable[str], now: datetime | None) -> None:
    """Record the user's statements for the notices named. Raises RequestError."""
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


def prepare(case: Case, planned: Plan, language: str) -> tuple[Prepared, ...]:
    """The lists with their language and the user's statements. Raises RequestError, CaseError."""
    said = declarations(case)
    made = []
    for asked in planned.lists:
        code = language or asked.recipient.language or case.language or MODEL
        last = said.get(asked.folder) if asked.kind.declares else None
        holds = last and last.kind == asked.kind.id and last.covers == digest(asked.request_ids())
        at = last.declared_at if last else ""
        words = language_of(case, code)
        made.append(Prepared(asked, words, at if holds else "", "" if holds else at))
    return tuple(made)

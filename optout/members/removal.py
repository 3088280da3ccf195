"""One member → everything of that member's deleted from the organisation's folder.

What is to be deleted is written down first, so that a removal that was killed is finished by the
next one (and by any step of members): case folder, row of the register, lists that name the
member, what an unfinished search for all members has found, statistics.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from crawler.whole import write_whole
from optout.case import Case
from optout.errors import MembersError
from optout.members import importing, statistics
from optout.members.register import Member, Organisation, read_register, write_register

_PLAN = ".removing.json"
_LISTS = (importing.BROKEN, importing.CONFLICTS)


@dataclass(frozen=True, slots=True)
class Removed:
    """What a removal deleted, for the person who has to answer for it."""

    number: str
    runs: int
    matches: bool
    decisions: bool
    requests: tuple[str, ...]  # days of request lists: what was sent of them is with others
    statistics: bool  # they were computed anew
    search: bool = False  # what an unfinished search for several members had found


def remove(organisation: Organisation, member: Member) -> Removed:
    """Delete `member` everywhere in the folder. The caller holds it (`register.alone`).

    Raises MembersError while the member's sites are being crawled, OSError when something cannot
    be deleted: the same command then goes on.
    """
    from crawler.journal import JournalBusy, alone

    folder = organisation.case_folder(member)
    found = _inventory(organisation, member)
    if folder.is_dir():
        try:
            with alone(folder / "observations"):
                _write(organisation.folder / _PLAN, {**asdict(found), "folder": member.folder})
        except JournalBusy as error:
            raise MembersError(
                f"the sites of member {member.number} are being crawled", "stop that crawl first"
            ) from error
    else:
        _write(organisation.folder / _PLAN, {**asdict(found), "folder": member.folder})
    return _carry_out(organisation)


def unfinished(organisation: Organisation) -> str:
    """The number of the member whose removal was begun and not finished; "" where there is none."""
    plan = _plan(organisation)
    return plan["number"] if plan else ""


def finish(organisation: Organisation) -> Removed | None:
    """Finish a removal that was killed. The caller holds the folder. Raises OSError."""
    return _carry_out(organisation) if _plan(organisation) else None


def _carry_out(organisation: Organisation) -> Removed:
    """Every step may have been done before: they are repeated until all are."""
    plan = _plan(organisation)
    assert plan
    number, name = plan["number"], plan.pop("folder")
    if (organisation.cases / name).exists():
        shutil.rmtree(organisation.cases / name)
    left = [member for member in read_register(organisation) if member.number != number]
    write_register(organisation, left)
    for listed in _LISTS:
        # They are made anew by the next import; keeping single rows of them is not worth a doubt.
        (organisation.folder / listed).unlink(missing_ok=True)
    if organisation.unfinished_search.exists():
        # Its files hold rows of all members; the next search begins anew.
        shutil.rmtree(organisation.unfinished_search)
    counted = statistics.refresh(organisation)
    (organisation.folder / _PLAN).unlink()
    plan |= {"requests": tuple(plan["requests"]), "statistics": counted}
    return Removed(**plan)


def _inventory(organisation: Organisation, member: Member) -> Removed:
    case = Case(organisation.case_folder(member), "", created=date.min)
    return Removed(
        number=member.number,
        runs=len(case.runs()) if case.observations.is_dir() else 0,
        matches=case.matches.is_dir(),
        decisions=case.decisions.exists(),
        requests=tuple(sorted(p.name for p in case.requests.glob("*") if p.is_dir())),
        statistics=False,
        search=organisation.unfinished_search.exists(),
    )


def _write(path: Path, data: dict[str, Any]) -> None:
    write_whole(path, json.dumps(data) + "\n")


def _plan(organisation: Organisation) -> dict[str, Any] | None:
    try:
        plan: dict[str, Any] = json.loads((organisation.folder / _PLAN).read_text("utf-8"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise MembersError(
            f"{organisation.folder / _PLAN} is damaged: a removal was not finished",
            "delete that file and remove the member again",
        ) from error
    return plan

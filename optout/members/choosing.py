"""The register and what was asked for → the members a step is about."""

from __future__ import annotations

from collections.abc import Sequence

from optout.errors import MembersError
from optout.members.columns import status
from optout.members.register import Member, Organisation, read_register

ALL = "all"


def choose(
    organisation: Organisation, statuses: Sequence[str] = (), numbers: Sequence[str] = ()
) -> list[Member]:
    """Members by number; those of some statuses ("all" for every one), or the ones named.

    Without either, the active ones. Raises MembersError where a number or status is not there.
    """
    members = read_register(organisation)
    if numbers:
        return [_one(members, number) for number in dict.fromkeys(numbers)]
    wanted = {status(one) for one in statuses} or {"active"}
    if ALL in wanted:
        return members
    there = {member.status for member in members}
    for one in sorted(wanted - there):
        if statuses:
            raise MembersError(
                f"no member has the status {one!r}", f"there are: {', '.join(sorted(there)) or '-'}"
            )
    return [member for member in members if member.status in wanted]


def _one(members: Sequence[Member], number: str) -> Member:
    found = [member for member in members if member.number == number]
    found = found or [member for member in members if member.folder == number]
    if not found:
        near = [m.number for m in members if m.number.lstrip("0") == number.lstrip("0")]
        hint = f"did you mean {near[0]}?" if near else "optout members list shows them"
        raise MembersError(f"there is no member {number}", hint)
    return found[0]

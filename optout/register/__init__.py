"""What became of each request: an append-only register in the case, with its deadlines."""

from optout.register.asked import Asked, asked, named
from optout.register.entries import STATUSES, Entry, add, note, set_status
from optout.register.standing import Standing, asked_already, standings

__all__ = [
    "STATUSES",
    "Asked",
    "Entry",
    "Standing",
    "add",
    "asked",
    "asked_already",
    "named",
    "note",
    "set_status",
    "standings",
]

"""[artist] of a case → what a letter may print of its sender, and what is missing."""

from __future__ import annotations

import re
from dataclasses import dataclass

from optout.case import Case
from optout.requests.language import Language
from optout.requests.plain import clean
from optout.requests.recipients import PROFILE

_EMAIL = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_LONGEST = 2000  # characters of one thing that the sender gave


@dataclass(frozen=True, slots=True)
class Sender:
    """What the artist gave, one clean line each; absent is ""."""

    name: str
    contact: str
    email: str
    phone: str
    address: str
    grounds: str
    society: str
    member_no: str

    def missing(self, needs: tuple[str, ...]) -> tuple[str, ...]:
        """Which of the things needed were not given, in the order of PROFILE."""
        return tuple(key for key in PROFILE if key in needs and not getattr(self, key))

    def said(self, key: str, language: Language) -> str:
        """What was given, else a blank in brackets to fill in."""
        text: str = getattr(self, key)
        return text or language.say(f"blank.{key}")


def sender(case: Case) -> Sender:
    """The sender of a case's letters; the e-mail address may stand in the public contact."""
    contact = _line(case.contact)
    return Sender(
        name=_line(", ".join(case.names)),
        contact=contact,
        email=_email(_line(case.email)) or _email(contact),
        phone=_line(case.phone),
        address=_line(case.address),
        grounds=_line(case.grounds),
        society=_line(case.collecting_society),
        member_no=_line(case.member_no),
    )


def _line(text: str) -> str:
    return " ".join(clean(text[:_LONGEST]).split())


def _email(text: str) -> str:
    found = _EMAIL.search(text)
    return found[0] if found else ""

"""A request list, its sender and a language → letter.txt and letter.html.

A letter asks and never accuses: it says where a row is listed, what is asked and which signals
a crawl saw on the artist's own hosts. What to expect stands in README.txt, not in the letter.
Of what a letter is made is letters.toml; its words are languages/.
"""

from __future__ import annotations

import hashlib
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from typing import TYPE_CHECKING, Any

from optout.requests.annex import ENTRIES, entries
from optout.requests.language import Language
from optout.requests.plain import clean
from optout.requests.plan import RequestList
from optout.requests.recipients import Recipient, table
from optout.requests.sender import Sender
from optout.requests.signals import Fact

if TYPE_CHECKING:
    from jinja2 import Environment

    from optout.control import Proof

FACTS = 12  # signals printed in a letter
PROOFS = 5  # sites whose proof of control is cited
_ORIGIN = 200  # characters of the address of a host
_WIDTH = 78


@dataclass(frozen=True, slots=True)
class Occasion:
    """What all letters of one date share."""

    case_id: str
    date: str  # day, ISO 8601
    sender: Sender
    facts: tuple[Fact, ...] = ()
    societies: tuple[Recipient, ...] = ()  # those of recipients.toml
    proofs: tuple[Proof, ...] = ()  # own sites that showed a text on request


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter in words: everything that comes from outside is one clean line."""

    language: Language
    sender: Sender
    subject: str
    reference: str
    paragraphs: tuple[str, ...]  # the greeting first
    text: str  # letter.txt
    html: str  # letter.html


def letter(asked: RequestList, language: Language, on: Occasion) -> Letter:
    """The letter of one list."""
    words = _words(asked, language, on)
    return Letter(
        language=language,
        sender=on.sender,
        subject=words["subject"],
        reference=words["reference"],
        paragraphs=tuple(words["paragraphs"]),
        text=render("letter.txt.j2", words),
        html=render("letter.html.j2", words),
    )


def paragraphs_of(asked: RequestList) -> tuple[str, ...]:
    """Names of the paragraphs of a list's letter, with their conditions (letters.toml)."""
    return tuple(table("letters")[asked.kind.id][asked.recipient.role])


def reference(case_id: str, date: str, asked: RequestList) -> str:
    """What a letter is called in an answer: the same whenever it is written for this date."""
    name = "\n".join([case_id, date, asked.folder])
    return "n-" + hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:10]


def count_of(asked: RequestList, language: Language) -> str:
    """How many entries, or domains where there are no entries."""
    if asked.rows:
        return language.count("count.entry", len(asked.rows))
    return language.count("count.domain", len(asked.domains))


def _words(asked: RequestList, language: Language, on: Occasion) -> dict[str, Any]:
    """What the templates name; everything that comes from outside is one clean line."""
    say, recipient = language.say, asked.recipient
    count = count_of(asked, language)
    items = asked.rows or asked.domains
    facts = on.facts if asked.kind.signals else ()
    values = _values(asked, language, on)
    return {
        "language": language,
        "labelled": lambda key, value: say("letter.labelled", label=say(key), value=value),
        "sender": on.sender.said("name", language),
        "contact": _contact(asked, on.sender, language),
        "to": recipient.addressee if not asked.host else say("letter.operator", host=asked.host),
        "channel": _channel(recipient, language),
        "date": on.date,
        "reference": reference(on.case_id, on.date, asked),
        "subject": say("letter.subject_line", kind=say(f"kind.{asked.kind.id}"), count=count),
        "paragraphs": [_greeting(recipient, language)]
        + [say(f"text.{name}", **values) for name in _chosen(asked, facts, values)],
        "facts": [_fact(fact, language) for fact in facts[:FACTS]],
        "more_facts": max(len(facts) - FACTS, 0),
        "signature": f"/{on.sender.said('name', language)}/" if asked.kind.declares else "",
        "annex": say("letter.annex", count=count),
        "domains": asked.domains if asked.rows else (),
        "entries": list(entries(asked, language)),
        "more_entries": max(len(items) - ENTRIES, 0),
    }


def _chosen(asked: RequestList, facts: tuple[Fact, ...], values: dict[str, str]) -> Iterator[str]:
    """The paragraphs whose condition holds, in order."""
    holds = {
        "domains": bool(asked.domains),
        "host": bool(asked.host),
        "facts": bool(facts),
        "rows": bool(asked.rows),
        "society": bool(values["reservation"]),
        "control": bool(values["proofs"]),
    }
    for entry in paragraphs_of(asked):
        name, word, condition = [*entry.split(), "", ""][:3]
        if not word or holds[condition] == (word == "if"):
            yield name


def _values(asked: RequestList, language: Language, on: Occasion) -> dict[str, str]:
    """What the paragraphs may name."""
    member = on.sender.society.casefold()
    reserved = [s for s in on.societies if s.reservation and fnmatchcase(member, s.society)]
    return {
        "host": asked.host,
        "grounds": on.sender.said("grounds", language),
        "observed": language.say("blank.observed"),
        "society": on.sender.society,
        "reservation": reserved[0].reservation if reserved else "",
        "proofs": " ".join(_proof(one, language) for one in on.proofs[:PROOFS]),
    }


def _proof(proof: Proof, language: Language) -> str:
    """What was seen, where and on which day."""
    return language.say(
        f"proof.{'dns' if proof.in_dns else 'file'}",
        host=clean(proof.host),
        date=proof.last_shown[:10],
        place=clean(proof.place),
    )


def _greeting(recipient: Recipient, language: Language) -> str:
    if recipient.team:
        return language.say("letter.salutation_team", team=recipient.team)
    return language.say("letter.salutation")


def _contact(asked: RequestList, by: Sender, language: Language) -> list[str]:
    """Public contact, society, and of the rest only what this kind or recipient asks for."""
    lines = [by.said("contact", language)]
    if by.society:
        key = "letter.member_no" if by.member_no else "letter.member"
        lines.append(language.say(key, society=by.society, number=by.member_no))
    for key in ("address", "phone", "email"):
        text = by.said(key, language)
        if key in (*asked.kind.needs, *asked.recipient.needs) and text not in by.contact:
            label = language.say(f"sender.{key}")
            lines.append(language.say("letter.labelled", label=label, value=text))
    return lines


def _channel(recipient: Recipient, language: Language) -> str:
    if not recipient.address:
        return ""
    label = language.say(f"letter.by_{'mail' if recipient.channel == 'mail' else 'form'}")
    return language.say("letter.labelled", label=label, value=recipient.address)


def _fact(fact: Fact, language: Language) -> str:
    values = {name: clean(text[:400]) for name, text in fact.values}
    if fact.places:
        form = "one" if fact.places == 1 else "other"
        statement = language.say(f"{fact.text}.{form}", n=fact.places, **values)
    else:
        statement = language.say(fact.text, **values)
    return language.say(
        "signal.line",
        origin=clean(fact.origin[:_ORIGIN]),
        statement=statement,
        first=fact.first_seen,
        last=fact.last_seen,
    )


def render(template: str, words: dict[str, Any]) -> str:
    """A template of templates/ filled in; what is HTML is escaped."""
    return _environment(autoescape=".html." in template).get_template(template).render(words)


@cache
def _environment(*, autoescape: bool) -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("optout.requests"),
        autoescape=autoescape,  # noqa: S701 (off for the text files only)
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["wrapped"] = _wrapped
    environment.filters["sentence"] = lambda text: f"{text[:1].upper()}{text[1:]}."
    return environment


def _wrapped(text: str, indent: str = "") -> str:
    return textwrap.fill(
        text, _WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )

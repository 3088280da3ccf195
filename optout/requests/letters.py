"""A request list → letter.txt, letter.html and README.txt.

A letter asks and never accuses: it says where a row is listed, what is asked and which signals
a crawl saw on the artist's own hosts. What to expect stands in README.txt, not in the letter.
"""

from __future__ import annotations

import re
import textwrap
from dataclasses import asdict
from functools import cache
from typing import TYPE_CHECKING, Any

from optout.case import Case
from optout.requests.plain import clean
from optout.requests.select import RequestList, Row
from optout.requests.signals import Fact

if TYPE_CHECKING:
    from jinja2 import Environment

ENTRIES = 200  # printed in a letter; the lists have all of them
FACTS = 12  # signals printed in a letter
_CAPTION = 200  # characters of a caption printed in a letter
_ADDRESS = 2000  # of an address; longer ones stand in the lists
_WIDTH = 78

NO_CONTACT = "[your public contact]"
NO_NAME = "[your name]"


def letters(
    case: Case, asked: RequestList, facts: tuple[Fact, ...], *, files: int = 1, searched: str = ""
) -> dict[str, str]:
    """letter.txt, letter.html and README.txt of one list.

    `files`: number of lists of addresses; `searched`: what was searched, in words.
    """
    words = _words(case, asked, facts)
    body = _text(f"{asked.recipient.letter}.txt.j2", words)
    words["paragraphs"] = [" ".join(p.split()) for p in re.split(r"\n\s*\n", body) if p.strip()]
    about = asdict(asked.recipient) | {"kind": asked.recipient.kind}
    readme = words | about | {"batches": files, "searched": searched}
    return {
        "letter.txt": _text("letter.txt.j2", words),
        "letter.html": _environment(autoescape=True).get_template("letter.html.j2").render(words),
        "README.txt": _text("README.txt.j2", readme),
    }


def _words(case: Case, asked: RequestList, facts: tuple[Fact, ...]) -> dict[str, Any]:
    """What the templates name; everything that comes from outside is one clean line."""
    recipient, kind = asked.recipient, asked.recipient.kind
    items = asked.rows or asked.domains
    return {
        "sender": clean(", ".join(case.names)) or NO_NAME,
        "contact": clean(case.contact) or NO_CONTACT,
        "placeholder": not (case.contact and case.names) or not recipient.address,
        "society": _society(case),
        "to": recipient.name if not asked.host else f"the operator of {asked.host}",
        "address": recipient.address,
        "lists_domains": bool(asked.domains),
        "unfit": [n for n, row in enumerate(asked.rows, 1) if row.get("contradiction")],
        "channel": recipient.channel,
        "host": asked.host,
        "date": case.as_of().date().isoformat(),
        "subject": f"{kind.label if kind else ''}: {_count(asked)}",
        "count": _count(asked),
        "annex_title": _count(asked),
        "domains": asked.domains if asked.rows else (),
        "facts": [_printed(fact) for fact in facts[:FACTS]],
        "more_facts": max(len(facts) - FACTS, 0),
        "entries": _entries(asked),
        "more_entries": max(len(items) - ENTRIES, 0),
    }


def _society(case: Case) -> str:
    member = f", member {case.member_no}" if case.member_no else ""
    return clean(f"Member of {case.collecting_society}{member}") if case.collecting_society else ""


def _count(asked: RequestList) -> str:
    if not asked.rows:
        return f"{len(asked.domains)} domain{'s' if len(asked.domains) != 1 else ''}"
    return f"{len(asked.rows)} {'entry' if len(asked.rows) == 1 else 'entries'}"


def _printed(fact: Fact) -> dict[str, str]:
    cut = {name: clean(text[:400]) for name, text in asdict(fact).items()}
    return cut | {"origin": cut["origin"][:_CAPTION]}


def _entries(asked: RequestList) -> list[dict[str, Any]]:
    if not asked.rows:
        return [{"where": domain, "fields": []} for domain in asked.domains[:ENTRIES]]
    return [_entry(asked, row) for row in asked.rows[:ENTRIES]]


def _entry(asked: RequestList, row: Row) -> dict[str, Any]:
    fields = {
        "repository": _repository(row["edition"]) if asked.recipient.names_repository else "",
        "sample ID": row["sample_id"],
        "address": _short(row["url"], _ADDRESS),
        "caption": _short(row["caption"], _CAPTION),
        "my own publication": _short(row["image_url"], _ADDRESS),
        "on my page": _short(row["page_url"], _ADDRESS) if asked.host else "",
    }
    return {"where": _where(row), "fields": [(name, text) for name, text in fields.items() if text]}


def _where(row: Row) -> str:
    edition = row["edition"] or row["dataset"]
    name = f"{edition} ({row['dataset']})" if row["dataset"] not in (None, edition) else edition
    return clean(f"listed in edition {name}, file {row['dataset_file']}, row {row['dataset_row']}")


@cache
def _repositories() -> dict[str, str]:
    """Repository of each edition that has one, by its name in lower case."""
    from optout.datasets.editions import known

    editions = (edition for dataset in known() for edition in dataset.editions)
    found = ((e.name, re.match(r"hf://datasets/([^/]+/[^/]+)/", e.url)) for e in editions)
    return {name.casefold(): match[1] for name, match in found if match}


def _repository(edition: str | None) -> str:
    return _repositories().get((edition or "").casefold(), "[please fill in where you know it]")


def _short(text: str | None, most: int) -> str:
    if not text:
        return ""
    return clean(text[:most]) + (f" … ({len(text)} characters)" if len(text) > most else "")


def _text(template: str, words: dict[str, Any]) -> str:
    return _environment(autoescape=False).get_template(template).render(words)


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

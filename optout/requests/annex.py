"""The rows or domains of a request list → the entries that a letter prints."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from optout.requests.language import Language
from optout.requests.plain import clean
from optout.requests.plan import RequestList
from optout.requests.select import Row

ENTRIES = 200  # printed in a letter; the lists have all of them
_CAPTION = 200  # characters of a caption printed in a letter
_ADDRESS = 2000  # of an address; longer ones stand in the lists


def entries(asked: RequestList, language: Language) -> Iterator[dict[str, Any]]:
    """The first ENTRIES entries (or domains): `where`, and `fields` as pairs of name and text."""
    if not asked.rows:
        yield from ({"where": domain, "fields": []} for domain in asked.domains[:ENTRIES])
    entry = _copy if asked.kind.copies else _listed
    yield from (entry(asked, row, language) for row in asked.rows[:ENTRIES])


def _listed(asked: RequestList, row: Row, language: Language) -> dict[str, Any]:
    """An entry of a data set: where it is listed comes first."""
    fields = {
        "repository": _repository(asked, row, language),
        "sample_id": _short(row["sample_id"], _CAPTION, language),
        "address": _short(row["url"], _ADDRESS, language),
        "caption": _short(row["caption"], _CAPTION, language),
        "original": _short(row["image_url"], _ADDRESS, language),
        "page": _short(row["page_url"], _ADDRESS, language) if asked.recipient.copies else "",
    }
    return {"where": _where(row, language), "fields": _given(fields, language)}


def _copy(asked: RequestList, row: Row, language: Language) -> dict[str, Any]:
    """A copy of a picture: the data set through which it was found is not its host's concern."""
    fields = {
        "work": _short(row["work_title"], _CAPTION, language),
        "original": _short(row["image_url"], _ADDRESS, language),
        "page": _short(row["page_url"], _ADDRESS, language),
    }
    return {"where": _short(row["url"], _ADDRESS, language), "fields": _given(fields, language)}


def _given(fields: dict[str, str], language: Language) -> list[tuple[str, str]]:
    return [(language.say(f"entry.{key}"), text) for key, text in fields.items() if text]


def _where(row: Row, language: Language) -> str:
    edition = row["edition"] or row["dataset"]
    name = f"{edition} ({row['dataset']})" if row["dataset"] not in (None, edition) else edition
    file, number = row["dataset_file"], row["dataset_row"]
    return clean(language.say("entry.where", edition=name, file=file, row=number))


def _repository(asked: RequestList, row: Row, language: Language) -> str:
    if not asked.recipient.names_repository:
        return ""
    return repository(row["edition"]) or language.say("blank.repository")


def repository(edition: str | None) -> str:
    """The repository that an edition is published in, as owner/name; "" where none is known.

    >>> repository("relaion2B-en-research-safe")
    'laion/relaion2B-en-research-safe'
    """
    return _repositories().get((edition or "").casefold(), "")


@cache
def _repositories() -> dict[str, str]:
    """Repository of each edition that has one, by its name in lower case."""
    from optout.datasets.editions import known

    editions = (edition for dataset in known() for edition in dataset.editions)
    found = ((e.name, re.match(r"hf://datasets/([^/]+/[^/]+)/", e.url)) for e in editions)
    return {name.casefold(): match[1] for name, match in found if match}


def _short(text: str | None, most: int, language: Language) -> str:
    if not text:
        return ""
    cut = f" … ({language.say('count.characters', n=len(text))})" if len(text) > most else ""
    return clean(text[:most]) + cut

"""A letter and one batch → form.txt: what goes into each field of a recipient's form."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from optout.requests.batches import Batch
from optout.requests.letters import Letter
from optout.requests.plain import clean
from optout.requests.recipients import Field, Recipient

_ITEM = 500  # characters of one title or address in a field


def form(recipient: Recipient, letter: Letter, batch: Batch) -> str:
    """The fields in the form's order, to copy one by one; none is longer than its cap."""
    parts = [f"{recipient.name}\n{recipient.address}\n"]
    for field in recipient.form:
        most = f" (at most {field.most:,} characters)" if field.most else ""
        parts.append(f"--- {field.label}{most}\n{content(field, letter, batch)}\n")
    return "\n".join(parts)


def content(field: Field, letter: Letter, batch: Batch) -> str:
    """What goes into one field; whole items and words where it has to be cut.

    Never a list of addresses: a batch has no more of them than the recipient takes.
    """
    items = _HOLDS[field.holds](letter, batch)
    if field.holds == "urls":
        return "\n".join(items)
    return _fitted(items, field.most)


def _fitted(items: list[str], most: int | None) -> str:
    text = "; ".join(items)
    if most is None or len(text) <= most:
        return text
    for kept in range(len(items) - 1, 0, -1):
        text = "; ".join(items[:kept]) + f"; and {len(items) - kept} more"
        if len(text) <= most:
            return text
    room = max(most - 2, 0)
    cut = items[0][:room]
    return (cut.rpartition(" ")[0] or cut) + " …"[: most - room] if most > 2 else cut


def _unique(texts: Iterable[str | None]) -> list[str]:
    cut = (" ".join(clean((text or "")[:_ITEM]).split()) for text in texts)
    return list(dict.fromkeys(text for text in cut if text))


def _given(key: str) -> Callable[[Letter, Batch], list[str]]:
    return lambda letter, batch: [letter.sender.said(key, letter.language)]


def _explanation(letter: Letter, batch: Batch) -> list[str]:
    return [" ".join(letter.paragraphs[1:])]


def _originals(letter: Letter, batch: Batch) -> list[str]:
    """The works and where they are published, each once."""
    found = _unique(row["image_url"] or row["work_title"] for row in batch.rows)
    return found or [letter.sender.said("name", letter.language)]


def _editions(letter: Letter, batch: Batch) -> list[str]:
    return _unique(row["edition"] or row["dataset"] for row in batch.rows)


def _locators(letter: Letter, batch: Batch) -> list[str]:
    """Sample ids where the edition has them, else file and row."""
    return _unique(
        row["sample_id"] or f"{row['edition']}, {row['dataset_file']}, row {row['dataset_row']}"
        for row in batch.rows
    )


_HOLDS: dict[str, Callable[[Letter, Batch], list[str]]] = {
    "name": _given("name"),
    "contact": _given("contact"),
    "email": _given("email"),
    "phone": _given("phone"),
    "address": _given("address"),
    "explanation": _explanation,
    "editions": _editions,
    "locators": _locators,
    "urls": lambda letter, batch: list(batch.urls),
    "originals": _originals,
    "domains": lambda letter, batch: _unique([batch.host]),
    "title": lambda letter, batch: [letter.subject],
    "company": lambda letter, batch: [""],
    "comments": lambda letter, batch: [letter.reference],
    "send": lambda letter, batch: ["send"],
    "tick": lambda letter, batch: ["tick it yourself, after reading what it says"],
}

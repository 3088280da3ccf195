"""All lists of one date → every file of requests/<date>/."""

from __future__ import annotations

from optout.requests.folders import Prepared, Surroundings, folder_files
from optout.requests.language import MODEL, language
from optout.requests.letters import count_of, render
from optout.requests.manifest import Files, with_set_manifest
from optout.requests.workbook import workbook


def set_files(prepared: tuple[Prepared, ...], around: Surroundings) -> Files:
    """Everything in requests/<date>/: a folder per destination, and what lies beside them."""
    files: Files = {}
    sheets = []
    for one in prepared:
        made, rows = folder_files(one, around)
        files |= {f"{one.asked.folder}/{name}": content for name, content in made.items()}
        sheets.append((one.asked.folder, rows))
    if not sheets:
        return {}
    made_at = around.case.as_of()
    words = {"date": made_at.date().isoformat(), "places": [_told(one) for one in prepared]}
    files["README.txt"] = render("SET.txt.j2", words).encode("utf-8", "replace")
    files["requests.xlsx"] = workbook(sheets, made_at)
    return with_set_manifest(around.case, files)


def _told(one: Prepared) -> dict[str, object]:
    recipient = one.asked.recipient
    return {
        "folder": one.asked.folder,
        "name": recipient.name,
        "host": one.asked.host,
        "kind": one.asked.kind.label,
        "count": count_of(one.asked, language(MODEL)),
        "draft": one.draft,
        "effect": recipient.effect,
        "effect_note": recipient.effect_note,
        "effect_source": recipient.effect_source,
        "confidence": recipient.confidence,
        "checked": recipient.checked.isoformat(),
    }

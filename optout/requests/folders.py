"""One request list → the files of its folder: lists, letter or draft, README and manifest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from fnmatch import fnmatch
from typing import TYPE_CHECKING, Any

from optout.case import Case
from optout.requests import formats
from optout.requests.batches import batches, lists, numbered
from optout.requests.forms import form
from optout.requests.language import MODEL, Language, language
from optout.requests.letters import Letter, Occasion, count_of, letter, reference, render
from optout.requests.mail import attached, draft
from optout.requests.manifest import Files, with_manifest
from optout.requests.plan import RequestList
from optout.requests.recipients import Recipient
from optout.requests.select import Material, Row
from optout.requests.sender import sender
from optout.requests.signals import Fact

if TYPE_CHECKING:
    from optout.control import Proof

_SAID = (
    ("letter.*", "the same letter as text and as a page that prints on A4 (print to PDF)"),
    ("mail.eml", "the letter as a draft of a mail, lists attached; your mail program opens it"),
    ("form*.txt", "what goes into each field of the form, to copy"),
    ("DRAFT.txt", "the statements that are missing before there is a letter"),
    ("requests.csv", "every entry, for a spreadsheet"),
    ("requests.semicolon.csv", "the same for a spreadsheet that separates by semicolon"),
    ("requests.jsonl", "the same for programs"),
    ("urls*.txt", "the addresses alone, one per line, as a browser asks for them"),
    ("locators*.txt", "repository, edition, file and row of each entry, separated by tabs"),
    ("domains.txt", "domains that are wholly yours, one per line"),
)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A request list with what is said of it: the language, and the user's own statements."""

    asked: RequestList
    language: Language
    declared_at: str = ""  # when the user made the statements it needs, for these very rows
    outdated: str = ""  # when they made them for other rows

    @property
    def draft(self) -> bool:
        """Whether a statement of the user's own is missing."""
        return bool(self.asked.kind.declares) and not self.declared_at


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all folders of a date share."""

    case: Case
    material: Material
    facts: tuple[Fact, ...]
    societies: tuple[Recipient, ...]
    proofs: tuple[Proof, ...] = ()  # of the artist's own hosts


def missing(case: Case, asked: RequestList) -> tuple[str, ...]:
    """What kind and recipient need and [artist] in optout.toml does not give."""
    return sender(case).missing(tuple({*asked.kind.needs, *asked.recipient.needs}))


def folder_files(prepared: Prepared, around: Surroundings) -> tuple[Files, list[Row]]:
    """The files of one folder, and its records for the workbook."""
    case, asked = around.case, prepared.asked
    rows = formats.records(case, asked, around.material.licensed)
    files = lists(asked.recipient, asked.rows, asked.domains) | {
        "requests.csv": formats.requests_csv(rows),
        "requests.semicolon.csv": formats.requests_csv(rows, ";"),
        "requests.jsonl": formats.requests_jsonl(_head(prepared, around, len(rows)), rows),
    }
    if prepared.draft:
        files["DRAFT.txt"] = _text(_draft(prepared, around))
    elif asked.recipient.files == "letter":
        files |= _letter(prepared, around, files)
    files["README.txt"] = _text(_readme(prepared, around, files))
    return with_manifest(case, asked, files, _facts(prepared, around, len(rows))), rows


def _letter(prepared: Prepared, around: Surroundings, files: Files) -> Files:
    asked = prepared.asked
    made = letter(asked, prepared.language, _occasion(around))
    texts = {"letter.txt": made.text, "letter.html": made.html} | dict(_forms(asked, made))
    return {name: _text(text) for name, text in texts.items()} | {
        "mail.eml": draft(asked, made, files)
    }


def _occasion(around: Surroundings) -> Occasion:
    case = around.case
    return Occasion(
        case.case_id, _date(case), sender(case), around.facts, around.societies, around.proofs
    )


def _forms(asked: RequestList, made: Letter) -> Iterator[tuple[str, str]]:
    if asked.recipient.form:
        parts = batches(asked.recipient, asked.rows)
        for number, batch in enumerate(parts, 1):
            name = numbered("form", "txt", number, len(parts))
            yield name, form(asked.recipient, made, batch)


def _readme(prepared: Prepared, around: Surroundings, files: Files) -> str:
    asked, lacking = prepared.asked, missing(around.case, prepared.asked)
    text = files.get("letter.txt", b"").decode()
    blanks = [value for key, value in prepared.language.texts.items() if key.startswith("blank.")]
    about = asdict(asked.recipient) | _about(prepared, around)
    return render(
        "README.txt.j2",
        about
        | {
            "files_kind": asked.recipient.files,
            "draft": prepared.draft,
            "declared_at": prepared.declared_at,
            "searched": around.material.searched_in,
            "batches": len(batches(asked.recipient, asked.rows)),
            "missing": lacking,
            "placeholder": any(blank in text for blank in blanks),
            "not_attached": attached(files)[1],
            "unfit": [n for n, row in enumerate(asked.rows, 1) if row.get("contradiction")],
            "files": [*_told(files), ("manifest.json", "size and SHA-256 of every file")],
        },
    )


def _draft(prepared: Prepared, around: Surroundings) -> str:
    asked = prepared.asked
    return render(
        "DRAFT.txt.j2",
        _about(prepared, around)
        | {
            "name": asked.recipient.name,
            "ground": asked.kind.ground,
            "statements": [prepared.language.say(f"text.{name}") for name in asked.kind.declares],
            "needs": asked.kind.needs,
            "missing": missing(around.case, asked),
            "changed": prepared.outdated,
            "folder": asked.folder,
        },
    )


def _about(prepared: Prepared, around: Surroundings) -> dict[str, Any]:
    asked = prepared.asked
    return {
        "kind": asked.kind,
        "host": asked.host,
        "date": _date(around.case),
        "count": count_of(asked, language(MODEL)),
        "reference": _reference(prepared, around),
    }


def _told(files: Files) -> Iterator[tuple[str, str]]:
    for pattern, what in _SAID:
        found = [name for name in sorted(files) if fnmatch(name, pattern)]
        if found:
            yield (", ".join(found) if len(found) < 3 else f"{found[0]} to {found[-1]}"), what


def _head(prepared: Prepared, around: Surroundings, rows: int) -> dict[str, Any]:
    asked = prepared.asked
    return {
        "case_id": around.case.case_id,
        "date": _date(around.case),
        "destination_id": asked.recipient.id,
        "kind": asked.kind.id,
        "host": asked.host or None,
    } | _facts(prepared, around, rows)


def _facts(prepared: Prepared, around: Surroundings, rows: int) -> dict[str, Any]:
    return {
        "reference": _reference(prepared, around),
        "language": prepared.language.code,
        "draft": prepared.draft,
        "declared_at": prepared.declared_at or None,
        "rows": rows,
    }


def _reference(prepared: Prepared, around: Surroundings) -> str:
    return reference(around.case.case_id, _date(around.case), prepared.asked)


def _date(case: Case) -> str:
    return case.as_of().date().isoformat()


def _text(text: str) -> bytes:
    return text.encode("utf-8", "replace")

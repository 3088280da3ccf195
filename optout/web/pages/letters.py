"""Letters and lists: written on request, looked at, chosen, downloaded; nothing is sent."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, Response

from optout.case import Case
from optout.web import findings, letter_sets
from optout.web.archive import zip_response
from optout.web.ask import Ask, go, page
from optout.web.forms import PROBLEMS, problem
from optout.web.letter_sets import Wanted, Written

_SHOWN = 200_000  # characters of a letter in the preview
_SUMMARY = "letters"  # what Memory keeps under this name


def show(ask: Ask) -> Response:
    """Every destination with what usually becomes of it, to choose from."""
    if not ask.has_case():
        return go("/who")
    return _show(ask)


def write(ask: Ask) -> Response:
    """`optout requests` with what the user chose."""
    try:
        summary = letter_sets.write_letters(ask.case(), _wanted(ask))
    except PROBLEMS as error:
        return _show(ask, error)
    ask.site.memory.keep(_SUMMARY, summary)
    return go("/letters")


def _wanted(ask: Ask) -> Wanted:
    shows = ask.one("shows")
    return Wanted(
        to=tuple(ask.all("to")),
        language=ask.one("language"),
        shows_me=shows == "all",
        shown_in=tuple(ask.all("shown")) if shows == "some" else (),
    )


def preview(ask: Ask) -> Response:
    """The letter and what its folder holds."""
    day, written = written_of(ask)
    first = "DRAFT.txt" if written.draft else "letter.txt"
    texts = [_text(day / written.folder / name) for name in (first, "README.txt")]
    return page(ask, "preview", step="results", written=written, letter=texts[0], readme=texts[1])


def written_of(ask: Ask) -> tuple[Path, Written]:
    """The day and the folder of letters that a path names; any other gets 404."""
    case = ask.case()
    day, folder = letter_sets.latest_day(case), ask.names["folder"]
    written = next((one for one in letter_sets.letters(case) if one.folder == folder), None)
    if written is None or day is None:
        raise HTTPException(404)
    return day, written


def one_file(ask: Ask) -> Response:
    """One file of a folder of letters, to be saved."""
    path = _file(ask.case(), ask.names["folder"], ask.names["name"])
    return FileResponse(path, filename=path.name, media_type="application/octet-stream")


def download(ask: Ask) -> Response:
    """The folders chosen (all without a choice) as one zip file."""
    case, chosen = ask.case(), set(ask.all("folder"))
    day = letter_sets.latest_day(case)
    every = letter_sets.letters(case)
    folders = [one for one in every if not chosen or one.folder in chosen]
    if day is None or not folders:
        raise HTTPException(404)
    names = [f"{one.folder}/{name}" for one in folders for name in one.files]
    if len(folders) == len(every):
        # The workbook and the manifest beside the folders are about all of them.
        names += sorted(path.name for path in day.iterdir() if path.is_file())
    return zip_response(f"letters-{day.name}.zip", {name: day / name for name in names})


def report(ask: Ask) -> Response:
    """report.html, to be saved: it has a style of its own, which this page's rules forbid."""
    case = ask.case()
    if not case.report.is_file():
        raise HTTPException(404)
    return FileResponse(case.report, filename="report.html", media_type="text/html")


def _show(ask: Ask, error: Exception | None = None) -> Response:
    case, day = ask.case(), letter_sets.latest_day(ask.case())
    letters = letter_sets.letters(case)
    counts = findings.counts(case)
    wanted = _wanted(ask) if error else _as_written(ask, case)
    return page(
        ask,
        "letters",
        step="results",
        status=409 if error else 200,
        case=case,
        day=day.name if day else "",
        letters=letters,
        lacking=[(one, lacks) for one in letters if (lacks := letter_sets.missing(case, one))],
        publishes=list(dict.fromkeys(one.publishes for one in letters if one.publishes)),
        waiting=sum(row["waiting"] for row in counts),
        stale=_stale(case, day),
        summary=ask.site.memory.last(_SUMMARY),
        wanted=wanted,
        languages=letter_sets.languages(case),
        choices=letter_sets.choices(case),
        nothing=letter_sets.nothing_to_prepare(case),
        pictures=_may_show(case),
        error=error and problem(error),
    )


def _as_written(ask: Ask, case: Case) -> Wanted:
    """The choices that the letters there are were written with, and a picture named by a link."""
    wanted = letter_sets.as_written(case)
    return replace(wanted, shown_in=tuple(sorted({*wanted.shown_in, *ask.all("shows_me")})))


def _may_show(case: Case) -> list[findings.Row]:
    """The first rows that may enter a letter, to say in which the user is shown."""
    states = ("confirmed", "certain")
    found = (findings.listing(case, findings.Choice(verdict=word), 1).rows for word in states)
    return [row for rows in found for row in rows]


def _stale(case: Case, day: Path | None) -> bool:
    """Whether decisions, matches or proofs of control are newer than the letters."""
    from optout.control import proofs

    if day is None:
        return False
    newer = [case.decisions, case.matches / "matches.parquet"]
    times = [path.stat().st_mtime for path in newer if path.is_file()]
    times += [datetime.fromisoformat(one.last_shown).timestamp() for one in proofs(case)]
    return max(times, default=0.0) > day.stat().st_mtime


def _file(case: Case, folder: str, name: str) -> Path:
    """A file that the listing names; a path made up gets 404."""
    day = letter_sets.latest_day(case)
    for one in letter_sets.letters(case):
        if day is not None and one.folder == folder and name in one.files:
            return day / folder / name
    raise HTTPException(404)


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace")[:_SHOWN]
    except OSError:
        return ""

"""`optout compare`: what one picture is to another, with the evidence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from optout.case import Case
from optout.commands.options import (
    case_option,
    json_option,
    note,
    print_json,
    printable,
    the_case,
    wrote,
)
from optout.errors import VisionError

if TYPE_CHECKING:
    from optout.vision.verify import Comparison, Seen

# In the order in which they are told.
VERDICTS = (
    *("same file", "same picture", "edited copy"),
    *("similar only", "different", "gone", "not looked at"),
)
_REASONS = 12
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("compare")
@click.argument("files", nargs=-1, type=FILE, metavar="[FIRST SECOND]")
@case_option
@json_option
@click.option(
    "--picture",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write both pictures, aligned, as a PNG.",
)
@click.option("--host", "hosts", multiple=True, metavar="HOST", help="Ask only this host; repeat.")
@click.option("--withdrawn", is_flag=True, help="Also ask for rows of withdrawn editions.")
@click.option("--again", is_flag=True, help="Ask again for addresses asked within the last days.")
@click.option("--delay", type=click.FloatRange(0), help="Seconds between two requests to a host.")
@click.option("--allow-private", is_flag=True, help="Ask for private addresses, too.")
def command(
    files: tuple[Path, ...],
    case_folder: Path | None,
    as_json: bool,
    picture: Path | None,
    hosts: tuple[str, ...],
    withdrawn: bool,
    again: bool,
    delay: float | None,
    allow_private: bool,
) -> None:
    """Tell whether a picture is one of yours: of two files, or of every row found for the case.

    \b
    Example:
      optout compare my-fox.jpg found-on-a-forum.png --picture side-by-side.png
      optout compare --case optout-case
    Finds crops, frames, screenshots, mirrored, turned, inverted and squashed copies. A copy is a
    fact about pixels; it says nothing about who was first or what was allowed.
    Without files it asks for the address of every row found and compares what is served there with
    your pictures (needs a crawl with --keep-images). Rows flagged as unsafe are never asked for.
    """
    from optout.vision.extra import require_vision

    require_vision()
    if not files:
        if picture:
            raise VisionError("--picture needs two files", "name both, or leave --picture out")
        look_and_tell(
            the_case(case_folder),
            as_json=as_json,
            only=frozenset(host.lower() for host in hosts),
            withdrawn=withdrawn,
            again=again,
            delay=delay,
            allow_private=allow_private,
        )
        return
    if len(files) != 2:
        raise VisionError("one file, or more than two", "name two files, or none for a case")
    _two(files[0], files[1], as_json, picture)


def look_and_tell(case: Case, *, as_json: bool = False, **options: Any) -> None:
    """Ask for every address that the case's matches list, compare, and say what came of it."""
    from optout.looking.run import look_at_case

    progress = None if as_json else _progress
    looked = look_at_case(case, progress=progress, **options)
    if as_json:
        print_json(looked.rows.to_pylist())
    note(f"asked for {looked.asked} of {looked.rows.num_rows} addresses listed for you")
    for verdict in VERDICTS:
        if looked.verdicts.get(verdict):
            note(f"  {verdict}: {looked.verdicts[verdict]}")
    for reason, count in _reasons(looked.rows.to_pylist()):
        note(f"  not looked at, {count}: {printable(reason)}")
    wrote(case.looked_at / "comparisons.parquet", "optout report")


def _progress(done: int, total: int) -> None:
    if done % 50 == 0 or done == total:
        note(f"  {done} of {total} addresses asked")


def _reasons(rows: list[dict[str, Any]]) -> list[tuple[str, int]]:
    """Why rows were not looked at, the commonest first."""
    from collections import Counter

    told = Counter(row["reason"] or "" for row in rows if row["verdict"] == "not looked at")
    return sorted(told.items(), key=lambda one: (-one[1], one[0]))[:_REASONS]


def _two(first: Path, second: Path, as_json: bool, picture: Path | None) -> None:
    from optout.vision.compare_text import as_text
    from optout.vision.verify import compare, look

    one, two = (_read(path) for path in (first, second))
    seen = look(one), look(two)
    found = compare(*seen)
    if as_json:
        click.echo(json.dumps(_as_object(found, *seen), ensure_ascii=False))
    else:
        click.echo(as_text(found))
    if picture:
        _draw(one, two, found, picture)
        wrote(picture)
    elif found.is_copy:
        note(f"next: optout compare {first} {second} --picture compared.png")


def _read(path: Path) -> bytes:
    """The bytes of a file, and of a huge one only so many that it is refused."""
    from optout.vision.decode import MAX_BYTES

    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)


def _draw(one: bytes, two: bytes, found: Comparison, path: Path) -> None:
    from optout.vision.compare_picture import compare_picture
    from optout.vision.decode import Unreadable, decode

    first, second = decode(one), decode(two)
    for which, part in (("first", first), ("second", second)):
        if isinstance(part, Unreadable):
            raise VisionError(
                f"no picture written: of the {which} file {part.text}", "compare other files"
            )
    assert not isinstance(first, Unreadable)
    assert not isinstance(second, Unreadable)
    path.write_bytes(compare_picture(first.pixels, second.pixels, found))


def _as_object(found: Comparison, first: Seen, second: Seen) -> dict[str, Any]:
    """The documented fields; null where a stage was not needed."""
    moved = found.movement
    return {
        "verdict": found.verdict,
        "score": round(found.score, 4),
        "stage": found.stage,
        "reason": found.reason or None,
        "pdq_distance": found.hash.distance if found.hash else None,
        "pdq_form": found.hash.form if found.hash else None,
        "pdq_inverted": found.hash.inverted if found.hash else None,
        "inliers": found.inliers,
        "alike": round(found.alike, 3),
        "blocks": found.blocks,
        "spread": round(found.spread, 3),
        "model": moved.model if moved else None,
        "scale": round(moved.scale, 4) if moved else None,
        "turn": round(moved.turn, 2) if moved else None,
        "squash": round(moved.squash, 3) if moved else None,
        "mirrored": moved.mirrored if moved else None,
        "inverted": moved.inverted if moved else None,
        "box": [round(n, 3) for n in moved.box] if moved else None,
        "overlap": round(moved.overlap, 3) if moved else None,
        "covered": round(moved.covered, 3) if moved else None,
        "first_sha256": first.fingerprint.sha256,
        "second_sha256": second.fingerprint.sha256,
    }

"""`optout compare`: what one picture is to another, with the evidence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from optout.commands.options import json_option, note, wrote
from optout.errors import VisionError

if TYPE_CHECKING:
    from optout.vision.verify import Comparison, Seen

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("compare")
@click.argument("first", type=FILE)
@click.argument("second", type=FILE)
@json_option
@click.option(
    "--picture",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write both pictures, aligned, as a PNG.",
)
def command(first: Path, second: Path, as_json: bool, picture: Path | None) -> None:
    """Tell whether the second picture is the first: same, an edited copy, or another one.

    \b
    Example:
      optout compare my-fox.jpg found-on-a-forum.png --picture side-by-side.png
    Finds crops, frames, screenshots, mirrored, turned, inverted and squashed copies. A copy is a
    fact about pixels; it says nothing about who was first or what was allowed.
    """
    from optout.vision.extra import require_vision

    require_vision()
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

"""`optout attribute`: what in a searched set a generated picture is most similar to."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from crawler.whole import write_whole
from optout.commands.models import model_options, note_unreadable, shard_progress, the_model
from optout.commands.options import json_option, note, print_json, printable, wrote
from optout.errors import EmbeddingError

if TYPE_CHECKING:
    from optout.embeddings.attribution import Attribution


@click.command("attribute")
@click.argument(
    "images", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="IMAGE..."
)
@click.option(
    "--shards",
    "specs",
    multiple=True,
    required=True,
    metavar="DIR",
    help="Folder of vectors (img_emb_….npy); NAME=DIR says of which data set. Repeat for more.",
)
@model_options
@click.option("--background", metavar="DIR", help="Vectors of unrelated pictures, same model.")
@click.option("--chunks", type=click.IntRange(1), help="Split product of so many chunks.")
@click.option("--patches", is_flag=True, help="Split product of patch tokens (embed --patches).")
@click.option("--threshold", type=click.FloatRange(-1, 1), help="From where on it is a match.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default="attribution.html",
    show_default=True,
    help="The page.",
)
@json_option
def command(
    images: tuple[Path, ...],
    specs: tuple[str, ...],
    name: str | None,
    weights: str,
    sscd: Path | None,
    device: str,
    background: str | None,
    chunks: int | None,
    patches: bool,
    threshold: float | None,
    out: Path,
    as_json: bool,
) -> None:
    """List what in a searched set a picture is most similar to, and how unusual that is there.

    Similarity is not proof of use, and only the set is searched. Without --threshold, a match is
    what is more similar than 95 of 100 items of the set are to one another. With --json one picture
    per line: name, above, items (score, normalised, row).

    \b
    Example:
      optout attribute made.png --shards shards/ --sscd sscd_disc_mixup.torchscript.pt
    """
    from optout.embeddings.asked import files, pictures
    from optout.embeddings.attribution import attribute
    from optout.embeddings.models import of_patches

    model = the_model(name, weights, sscd, device)
    if patches:
        model, chunks = of_patches(model)
    asked = pictures(model, files(images), whole_only=True)
    if not asked.subjects:
        raise EmbeddingError(f"no picture can be read: {asked.unreadable[0][1]}", "name others")
    found = attribute(
        specs,
        asked,
        model.identity,
        threshold=threshold,
        chunks=chunks,
        background=background,
        device=device,
        progress=shard_progress(),
    )
    _print(found, as_json)
    note_unreadable(found.summary["unreadable"])
    for one in found.summary["not_searched"]:
        note(f"not searched: {printable(one['file'])}: {printable(one['reason'])}")
    note(f"{found.searched:,} items searched; similarity is not proof of use")
    _write(out, found)
    wrote(out)


def _print(found: Attribution, as_json: bool) -> None:
    if as_json:
        print_json(asdict(picture) for picture in found.pictures)
        return
    for picture in found.pictures:
        said = "match" if picture.above == 1 else "matches"
        number = f"{picture.above} {said}" if picture.above else "no match"
        best = f"; nearest {picture.items[0].score:.3f}" if picture.items else ""
        click.echo(f"{printable(picture.name)}: {number} from {found.threshold:.3g}{best}")


def _write(out: Path, found: Attribution) -> None:
    from optout.embeddings.attribution_page import page
    from optout.report.thumbnails import thumbnail

    small = {
        picture.name: thumbnail(Path(picture.name).parent, Path(picture.name).name)
        for picture in found.pictures
    }
    text = page(found, {name: address for name, address in small.items() if address})
    write_whole(out, text)

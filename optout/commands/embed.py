"""`optout embed`: describe a folder of pictures by a model, in the form of published shards."""

from __future__ import annotations

from pathlib import Path

import click

from optout.commands.models import model_options, note_unreadable, the_model
from optout.commands.options import note, wrote


@click.command("embed")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), help="Folder for the vectors."
)
@click.option("--patches", is_flag=True, help="All patch tokens, for `optout attribute --patches`.")
@model_options
def command(
    folder: Path,
    out: Path,
    patches: bool,
    name: str | None,
    weights: str,
    sscd: Path | None,
    device: str,
) -> None:
    """Write the vectors of a folder of pictures, for `optout similar` and `optout attribute`.

    The folder then holds img_emb_0000.npy (float16), metadata_0000.parquet row for row, and which
    model made them. Pictures that cannot be read are named and left out.

    \b
    Example:
      optout embed pictures/ --out shards/ --model ViT-L-14-quickgelu --weights openai.pt
    """
    from optout.embeddings.folder import embed_folder
    from optout.embeddings.models import of_patches

    model = the_model(name, weights, sscd, device)
    rows, unreadable = embed_folder(folder, out, of_patches(model)[0] if patches else model)
    note_unreadable([{"reason": reason} for _, reason in unreadable])
    note(f"described {rows:,} picture{'' if rows == 1 else 's'}")
    wrote(out, f"optout similar PICTURES --shards {out}")

"""`optout add`: bring a list of image addresses, or a folder of image files, into the case."""

from __future__ import annotations

from pathlib import Path

import click

from optout.commands.options import case_option, note, the_case, wrote


@click.command("add")
@click.argument("path", type=click.Path(path_type=Path, exists=True))
@case_option
def command(path: Path, case_folder: Path | None) -> None:
    """Add images you name yourself: a list of addresses, or a folder of image files.

    \b
    Example:
      optout add my-images.csv
    A text file holds one address a line; a CSV or .jsonl file has a column image_url (and perhaps
    alt). Files of a folder are hashed and stay where they are. Recorded as a run of its own.
    """
    from optout.listing import add_list

    run, count = add_list(the_case(case_folder), path)
    note(f"{count} images recorded")
    wrote(run, "optout match --dataset SPEC")

"""`optout init`: make a case folder without crawling."""

from __future__ import annotations

from pathlib import Path

import click

from optout.case import DEFAULT_FOLDER, FILE, create_case
from optout.commands.options import wrote


@click.command("init")
@click.argument("sites", nargs=-1)
@click.option(
    "--case",
    "case_folder",
    type=click.Path(path_type=Path),
    default=DEFAULT_FOLDER,
    help=f"The folder to make (default: ./{DEFAULT_FOLDER}).",
)
@click.option("--name", "names", multiple=True, help="Artist name as it may stand in captions.")
@click.option("--host", "hosts", multiple=True, help="A host that is yours; repeat for more.")
@click.option("--contact", default="", help="Public contact for letters.")
@click.option("--dataset", "datasets", multiple=True, help="Data set to search by default.")
def command(
    sites: tuple[str, ...],
    case_folder: Path,
    names: tuple[str, ...],
    hosts: tuple[str, ...],
    contact: str,
    datasets: tuple[str, ...],
) -> None:
    """Make a case folder with a commented optout.toml to edit.

    \b
    Example:
      optout init https://mira.example --name "Mira Solberg" --host images.mira.example
    """
    from optout.crawling import site_root

    create_case(
        case_folder,
        [site_root(site) for site in sites],
        names=list(names),
        hosts=list(hosts),
        datasets=list(datasets),
        contact=contact,
    )
    wrote(case_folder / FILE, "optout crawl")

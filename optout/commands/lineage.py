"""`optout lineage`: which published training filters the rows of a case meet."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from optout.commands.options import case_option, json_option, note, print_json, printable, the_case

if TYPE_CHECKING:
    from optout.lineage import Lineage

_WORDS = {
    "meets": "meet the published filter",
    "does_not_meet": "do not meet it",
    "cannot_be_told": "cannot be told",
}


@click.command("lineage")
@case_option
@click.option("--model", "models", multiple=True, metavar="NAME", help="Only this model; repeat.")
@json_option
def command(case_folder: Path | None, models: tuple[str, ...], as_json: bool) -> None:
    """Say for which models' published training filters the rows of the case qualify.

    A row that meets a filter was perhaps in the data; whether it was used, no filter says. With
    --json one row and stage per line: match_id, dataset, edition, dataset_file, dataset_row,
    strength, model, stage, outcome (meets, does_not_meet, cannot_be_told), because, words.

    \b
    Example:
      optout lineage --model "Stable Diffusion v1"
    """
    from optout.lineage import lineage

    found = [one for one in lineage(the_case(case_folder)) if not models or one.model in models]
    if as_json:
        _json(found)
    else:
        _print(found)
    note("a filter says what could have been in the data, not what was used")


def _json(found: list[Lineage]) -> None:
    print_json(asdict(one) | {"words": one.words} for one in found)


def _print(found: list[Lineage]) -> None:
    from optout.lineage.filters import stages

    counts = Counter((one.model, one.stage, one.outcome) for one in found)
    shown = {(one.model, one.stage) for one in found}
    for stage in stages():
        if (stage.model, stage.name) not in shown:
            continue
        click.echo(f"{stage.model} · {stage.name}")
        for outcome, words in _WORDS.items():
            number = counts[stage.model, stage.name, outcome]
            if number:
                click.echo(f"  {number:,} {'row' if number == 1 else 'rows'}: {words}")
    for source in dict.fromkeys((s.model, s.source, s.checked) for s in stages()):
        note(f"{printable(source[0])}: {source[1]} (read {source[2]})")

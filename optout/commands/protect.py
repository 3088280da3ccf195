"""`optout protect`: what to change so that rights are reserved and search still finds you."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from optout.commands.options import case_option, json_option, note, the_case, wrote

if TYPE_CHECKING:
    from optout.case import Case
    from optout.protect.plan import Plan

FOLDER = "protect"  # in the case folder


@click.command("protect")
@case_option
@json_option
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help=f"Where to write (default: {FOLDER}/ in the case folder).",
)
@click.option("--server", "servers", multiple=True, help="Only for this server; repeat for more.")
@click.option("--host", "hosts", multiple=True, help="This host is mine too; repeat for more.")
def command(
    case_folder: Path | None,
    as_json: bool,
    out: Path | None,
    servers: tuple[str, ...],
    hosts: tuple[str, ...],
) -> None:
    """Write the smallest set of changes that reserves your rights and keeps you in search.

    \b
    Example:
      optout protect
    """
    case = the_case(case_folder)
    _protect(case, out or case.folder / FOLDER, servers, hosts, as_json)


def _protect(
    case: Case, out: Path, servers: tuple[str, ...], hosts: tuple[str, ...], as_json: bool
) -> None:
    from optout.database import open_case
    from optout.protect.folder import write_folder
    from optout.protect.plan import make_plan
    from optout.protect.situation import situation
    from optout.protect.written import all_files, effect_lines

    with open_case(case) as connection:
        found = situation(connection, case, hosts)
    plan = make_plan(found, case.as_of(), servers)
    write_folder(out, all_files(plan))
    if as_json:
        click.echo("\n".join(effect_lines(plan)))
    else:
        _print(plan)
    wrote(out, f"read {out / 'README.txt'}")


def _print(plan: Plan) -> None:
    pass

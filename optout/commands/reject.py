"""`optout reject`: say that rows of a data set do not show your work."""

from __future__ import annotations

from pathlib import Path

import click

from optout.commands.confirm import chosen_matches, matches
from optout.commands.options import case_option, note, the_case, wrote


@click.command("reject")
@click.argument("match_ids", nargs=-1, metavar="[MATCH_ID]...")
@click.option("--host", "hosts", multiple=True, help="All matches on this host; repeat for more.")
@click.option("--note", "remark", default="", help="Your own remark, kept with the decision.")
@case_option
def command(
    match_ids: tuple[str, ...], hosts: tuple[str, ...], remark: str, case_folder: Path | None
) -> None:
    """Say that matches do not show your work, so that they enter no request.

    \b
    Example:
      optout reject m-0123456789abcdef --note "another Mira"
      optout reject --host shop.example
    Writes decisions.db in the case folder; the last word on a match counts.
    """
    from optout.decisions import reject

    case = the_case(case_folder)
    ids = chosen_matches(case, match_ids, hosts)
    reject(case, ids, remark)
    note(f"{matches(ids)} rejected: not named in any request")
    wrote(case.decisions, "optout requests")

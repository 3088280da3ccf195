"""`optout confirm`: say that rows of a data set show your work."""

from __future__ import annotations

from pathlib import Path

import click

from optout.case import Case
from optout.commands.options import case_option, note, the_case, wrote
from optout.errors import CaseError


@click.command("confirm")
@click.argument("match_ids", nargs=-1, metavar="[MATCH_ID]...")
@click.option("--host", "hosts", multiple=True, help="All matches on this host; repeat for more.")
@click.option(
    "--licensed", multiple=True, metavar="HOST", help="HOST may show your work: no letter to it."
)
@click.option("--known", multiple=True, metavar="HOST", help="You know HOST, without a licence.")
@click.option("--note", "remark", default="", help="Your own remark, kept with the decision.")
@case_option
def command(
    match_ids: tuple[str, ...],
    hosts: tuple[str, ...],
    licensed: tuple[str, ...],
    known: tuple[str, ...],
    remark: str,
    case_folder: Path | None,
) -> None:
    """Say that matches show your work, so that leads may enter a request.

    \b
    Example:
      optout confirm m-0123456789abcdef
      optout confirm --host gallery.example --note "my gallery since 2019"
      optout confirm --licensed agency.example
    Writes decisions.db in the case folder; the last word on a match counts.
    """
    from optout.decisions import confirm, known_host, licensed_host

    case = the_case(case_folder)
    if match_ids or hosts or not (licensed or known):
        ids = chosen_matches(case, match_ids, hosts)
        confirm(case, ids, remark)
        note(f"{matches(ids)} confirmed as yours")
    for host in licensed:
        licensed_host(case, host, remark)
        note(f"{host} may show your work: no letter will be written to it")
    for host in known:
        known_host(case, host, remark)
        note(f"{host} is shown as a site you know")
    wrote(case.decisions, "optout requests")


def matches(ids: list[str]) -> str:
    """How many, in words."""
    return f"{len(ids)} match" if len(ids) == 1 else f"{len(ids)} matches"


def chosen_matches(case: Case, match_ids: tuple[str, ...], hosts: tuple[str, ...]) -> list[str]:
    """The ids named and those on `hosts`. Raises CaseError when one of them is unknown."""
    if not match_ids and not hosts:
        raise click.UsageError("name a match (see: optout show matches --json) or --host HOST")
    wanted = [host.strip().rstrip(".").lower() for host in hosts]
    found = _lookup(case, list(match_ids), wanted)
    unknown = [i for i in match_ids if i not in found]
    unknown += [host for host in wanted if host not in found.values()]
    if unknown:
        raise CaseError(
            f"{case.folder} has no match {', '.join(unknown[:3])}"
            + (f" (and {len(unknown) - 3} more)" if len(unknown) > 3 else ""),
            "see: optout show matches   (nothing was recorded)",
        )
    return list(found)


def _lookup(case: Case, ids: list[str], hosts: list[str]) -> dict[str, str]:
    """Host of each match named, by match id."""
    from optout.requests.select import rows_of

    if not (case.matches / "matches.parquet").is_file():
        raise CaseError(
            f"no data set has been searched for {case.folder} yet", "optout match --dataset SPEC"
        )
    rows = rows_of(case, "request_ids", ids=ids, hosts=hosts)
    return {row["match_id"]: row["url_host"] for row in rows}

"""`optout evidence`: a pack of dated, hashed records for a request, and its verification."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from optout.commands.options import case_option, json_option, note, printable, the_case, wrote
from optout.errors import CaseError

if TYPE_CHECKING:
    from optout.case import Case
    from optout.evidence_pack import Pack

_SHOWN = 20  # problems told one by one


@click.command("evidence")
@click.argument("requests", nargs=-1, metavar="[REQUEST]...")
@click.option("--match", "match_ids", multiple=True, metavar="ID", help="A match; repeat for more.")
@click.option("--by", default="", help="Who makes the pack, in your own words.")
@click.option("--no-screenshots", is_flag=True, help="Do not start a browser.")
@click.option(
    "--i-own-this-site",
    "owned",
    multiple=True,
    metavar="HOST",
    help="Fetch from HOST even if its robots.txt asks us not to; repeat for more.",
)
@click.option("--allow-private", is_flag=True, help="Look at private addresses too.")
@click.option(
    "--pause", type=click.FloatRange(0, 60), default=1.0, show_default=True,
    help="Seconds between two requests to a host.",
)  # fmt: skip
@click.option(
    "--verify", "pack", type=click.Path(path_type=Path, exists=True), metavar="FOLDER|ZIP",
    help="Say whether a pack is as it was made; needs no case.",
)  # fmt: skip
@case_option
@json_option
def command(
    requests: tuple[str, ...],
    match_ids: tuple[str, ...],
    by: str,
    no_screenshots: bool,
    owned: tuple[str, ...],
    allow_private: bool,
    pause: float,
    pack: Path | None,
    case_folder: Path | None,
    as_json: bool,
) -> None:
    """Look at a request's addresses anew and write a dated, hashed pack that anybody can verify.

    A request is named by its id (r-…) or its folder in requests/, such as laion. The pack holds
    a WARC of page and image, headers, robots.txt and site files, screenshots, the data set's row,
    the ledger, hashes, and verify.html. Rows that their data set calls unsafe and withdrawn
    editions are never fetched. Writes evidence/<request>-<time>/ and its zip. --json prints url,
    what, outcome, reason, status, sha256 and in_words of each address.

    \b
    Example:
      optout evidence host-repost.example --by "Mira Solberg, at her desk in Oslo"
      optout evidence --match m-0123456789abcdef
      optout evidence --verify evidence/pack.zip
    """
    if pack is not None:
        if requests or match_ids:
            raise click.UsageError("--verify stands alone")
        _verify(pack, as_json)
        return
    if not requests and not match_ids:
        raise click.UsageError("name a request, or --match ID (see: optout show requests)")
    from crawler.policy import Reach
    from optout.evidence_pack import Making, make_pack

    case = the_case(case_folder)
    making = Making(
        by=by,
        command=shlex.join(["optout", *sys.argv[1:]]),
        reach=Reach(started(case), allow_private),
        owned=frozenset(host.strip().rstrip(".").lower() for host in owned),
        pause=pause,
        pictures=not no_screenshots,
        tell=lambda text: note(printable(text)),
    )
    _told(make_pack(case, requests, match_ids, making), as_json)


def started(case: Case) -> frozenset[str]:
    """The case's own hosts may be private addresses: the user began there."""
    from crawler.policy import started_private
    from optout.check import started_at

    return started_private(started_at(case.sites) | {host.host for host in case.hosts})


def _told(pack: Pack, as_json: bool) -> None:
    for row in pack.addresses:
        words = row.get("in_words") or f"{row['outcome']}: {row['reason']}"
        if as_json:
            click.echo(json.dumps(row, default=str))
        else:
            click.echo(printable(f"{row['url'][:300]} · {', '.join(row['what'])} · {words}"))
    for why in pack.left_out:
        note(printable(f"left out · {why}"))
    note(f"SHA-256 of manifest.json: {pack.manifest_sha256} (keep it; it names this pack)")
    note(f"as a zip: {pack.archive}")
    wrote(pack.folder, f"optout evidence --verify {shlex.quote(str(pack.folder))}")


def _verify(path: Path, as_json: bool) -> None:
    from optout.evidence_pack import verify

    found = verify(path)
    if as_json:
        click.echo(json.dumps({
            "files": found.files,
            "manifest_sha256": found.manifest_sha256,
            "stamps": found.stamps,
            "problems": found.problems,
        }))  # fmt: skip
    for text in found.problems[:_SHOWN]:
        note(f"differs · {printable(text)}")
    if found.problems:
        more = len(found.problems) - 1
        raise CaseError(
            f"{path}: {printable(found.problems[0])}" + (f" (and {more} more)" if more else ""),
            "it is not as it was made; use an unchanged copy",
        )
    if not as_json:
        click.echo(f"as listed: {found.files} files, none changed, missing or added")
        click.echo(f"SHA-256 of manifest.json: {found.manifest_sha256}")
    for name in found.stamps:
        note(f"{name} stands beside it; ask its maker's tool to check it")

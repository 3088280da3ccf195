"""`optout protect`: what to change so that rights are reserved and search still finds you."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from optout.commands.options import (
    case_option,
    in_this_case,
    json_option,
    note,
    the_case,
    wrote,
)
from optout.commands.protect_text import as_text
from optout.errors import ProtectError

if TYPE_CHECKING:
    from optout.case import Case

FOLDER = "protect"  # in the case folder
IMAGES = "images"  # in FOLDER: tagged copies
# The tag's values, as in optout/protect/tagging/values.py.
TAGS = ("except-search", "ai-training", "generative-ai-training", "all")


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
@click.option("--retire", is_flag=True, help="Also plan how listed addresses of yours end (410).")
@click.option("--check", is_flag=True, help="Ask whether the listed addresses have ended.")
@click.option("--probe", is_flag=True, help="Ask your own hosts under the names of AI crawlers.")
@click.option(
    "--delay",
    type=click.FloatRange(0),
    default=1.0,
    show_default=True,
    help="Seconds between two requests of --check and --probe.",
)
@click.option(
    "--images",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write tagged copies of the pictures in this folder.",
)
@click.option(
    "--tag",
    type=click.Choice(TAGS),
    default=TAGS[0],
    show_default=True,
    help="What the tag in copies of pictures prohibits.",
)
def command(
    case_folder: Path | None,
    as_json: bool,
    out: Path | None,
    servers: tuple[str, ...],
    hosts: tuple[str, ...],
    retire: bool,
    check: bool,
    probe: bool,
    delay: float,
    images: Path | None,
    tag: str,
) -> None:
    """Write the smallest set of changes that reserves your rights and keeps you in search.

    Reads what your sites said at the last crawl; nothing is uploaded. README.txt in the folder
    says what to put where, overview.html who may take what before and after. With --images,
    --check or --probe only that is done.

    --json prints host, mine, reader, operator, purpose, search, before, after, basis and source of
    each row of the table; with --images name, copy, before and problem of each file; with --check
    url, status, reason, gone and words; with --probe url, agent, robots, plain, status, reason,
    label and finding.

    \b
    Example:
      optout protect
      optout protect --images pictures/ --out tagged/
      optout protect --retire
      optout protect --check
    """
    if images is not None:
        _tag(images, out or the_case(case_folder).folder / FOLDER / IMAGES, tag, as_json)
        return
    case = the_case(case_folder)
    if check:
        _check(case, hosts, delay, as_json)
    elif probe:
        _probe(case, hosts, delay, as_json)
    else:
        _protect(case, out or case.folder / FOLDER, servers, hosts, retire, as_json)


def _protect(
    case: Case,
    out: Path,
    chosen: tuple[str, ...],
    hosts: tuple[str, ...],
    retire: bool,
    as_json: bool,
) -> None:
    from optout.database import open_case
    from optout.protect.folder import write_folder
    from optout.protect.plan import make_plan
    from optout.protect.reservation import choose
    from optout.protect.retire import retirement
    from optout.protect.retire_files import retire_files
    from optout.protect.situation import situation
    from optout.protect.written import all_files, effect_lines

    servers = choose(chosen)
    with open_case(case) as connection:
        found = situation(connection, case, hosts)
        ending = retirement(connection, case, found.controls) if retire else None
    plan = make_plan(found, case.as_of(), servers)
    files = all_files(plan)
    if ending is not None:
        files |= retire_files(ending, servers)
    write_folder(out, files)
    for one in plan.hosts:
        if one.robots_problem:
            note(f"{one.host.place}: no robots.txt was made: {one.robots_problem}")
    click.echo("\n".join(effect_lines(plan)) if as_json else as_text(plan))
    if ending is not None:
        count = len(ending.gone)
        note(f"{count} listed address{'' if count == 1 else 'es'} on your hosts to end")
        wrote(out, f"read {out / 'RETIRE.txt'}")
    else:
        wrote(out, f"read {out / 'README.txt'}")


def _tag(source: Path, target: Path, value: str, as_json: bool) -> None:
    from optout.commands.options import printable
    from optout.protect.plan import platforms
    from optout.protect.tagging import tag_folder

    done = failed = 0
    for one in tag_folder(source, target, value):
        done, failed = done + one.tagged, failed + (not one.tagged)
        if as_json:
            click.echo(json.dumps(asdict(one) | {"copy": str(one.copy) if one.copy else None}))
        elif one.problem:
            note(f"{printable(one.name)}: no copy, {one.problem}")
    note(f"{done} tagged and read back, {failed} left out")
    if not done:
        raise ProtectError(
            f"no picture of {source} was tagged",
            "it takes JPEG, PNG, WebP, TIFF and AVIF files" if not failed else "see above",
        )
    lost = [row["name"] for row in platforms() if row["kept"] != "yes"]
    note(f"the tag is lost, or lost in part, at: {'; '.join(lost)}")
    wrote(target, "upload the copies in place of the pictures")


def _check(case: Case, hosts: tuple[str, ...], delay: float, as_json: bool) -> None:
    from optout.database import open_case
    from optout.protect.ask import check_gone
    from optout.protect.own_hosts import controls
    from optout.protect.retire import retirement

    with open_case(case) as connection:
        ending = retirement(connection, case, controls(case, hosts))
    alive = answered = 0
    for answer in check_gone(ending.gone, delay=delay):
        alive += not answer.gone
        answered += answer.status is not None
        if as_json:
            more = {"gone": answer.gone, "words": answer.words}
            click.echo(json.dumps(asdict(answer) | more))
        else:
            click.echo(f"{answer.status or '-'}  {answer.url}  {answer.words}")
    count = len(ending.gone)
    if count and not answered:
        raise _nobody()
    note(f"{count - alive} of {count} listed addresses on your hosts have ended")
    note("next: optout protect --retire" if alive else "next: optout requests")


def _nobody() -> ProtectError:
    return ProtectError("nobody answered, so nothing was learnt", "is the site running? try again")


def _probe(case: Case, hosts: tuple[str, ...], delay: float, as_json: bool) -> None:
    from optout.database import open_case
    from optout.protect.ask import SPOOFED, probe
    from optout.protect.situation import situation

    with open_case(case) as connection:
        found = situation(connection, case, hosts)
    contradictions = answered = 0
    note(f"asking under other names ({SPOOFED}), {delay:g} s apart")
    for one in probe(found, delay=delay):
        contradictions += bool(one.finding)
        answered += one.status is not None
        if as_json:
            click.echo(json.dumps(asdict(one) | {"finding": one.finding}))
        else:
            status = one.status or one.reason
            click.echo(f"{one.agent:<20} robots.txt: {one.robots:<11} {status}  {one.url}")
            if one.finding:
                click.echo(f"  {one.finding} ({one.label})")
    if not answered:
        raise _nobody()
    note(f"{contradictions} answers contradict robots.txt")
    note("next: " + in_this_case("optout protect"))

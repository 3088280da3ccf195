"""`optout members members.csv`: import, crawl, match, requests, reports, statistics in one go."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click

from optout.commands.members import chosen_members
from optout.commands.members_import import import_options, read_file
from optout.commands.members_steps import (
    crawl,
    crawl_options,
    index_option,
    match,
    refuse_both,
    report,
    requests,
)
from optout.commands.options import note, ray_option, the_cluster, wrote
from optout.commands.run import OBTAIN, check_datasets
from optout.errors import MembersError


@click.command("run")
@click.argument("members_file", type=click.Path(path_type=Path))
@import_options
@click.option("--dataset", "specs", multiple=True, metavar="SPEC", help="Metadata; repeatable.")
@index_option
@click.option("--no-crawl", is_flag=True, help="Read no site; search with what there is.")
@crawl_options
@ray_option
def command_run(
    members_file: Path,
    folder: Path | None,
    specs: tuple[str, ...],
    index: str | None,
    date_order: str | None,
    society: str,
    allow_private: bool,
    no_crawl: bool,
    ray_address: str | None,
    **chosen: Any,
) -> int:
    """Do everything in one go: import, crawl, match, requests, reports, statistics.

    The word run may be left out. Run it again to go on where it stopped, or with a newer file.
    Only active members are crawled and searched for. Ends with 1 when rows of the file were broken
    or a step failed; everything else was done all the same.

    \b
    Example:
      optout members members.csv --dataset relaion/
    """
    from optout.pipeline import Step, run_steps

    refuse_both(specs, index, None)
    check_datasets(specs)
    done = read_file(members_file, folder, date_order, society, allow_private)
    organisation, members = chosen_members(folder, (), ())
    broken = []

    def counted(step: Any) -> Any:
        return lambda: broken.append(True) if step() else None

    chosen["allow_private"] = allow_private
    # Ray is begun for the steps that need it, before them all.
    stack = ExitStack()
    cluster = stack.enter_context(the_cluster(ray_address))

    def crawled() -> int:
        return crawl(organisation, members, chosen, whole=True, cluster=cluster)

    def matched() -> int:
        return match(organisation, members, specs, index=index, cluster=None if index else cluster)

    steps = [
        Step("reading the sites", counted(crawled))
        if not no_crawl
        else Step("reading no site (--no-crawl)", lambda: None),
        Step("searching the data sets", counted(matched))
        if specs or index
        else Step("searching no data set", lambda: note(OBTAIN)),
        Step("writing request lists", counted(lambda: requests(organisation, members))),
        Step("writing reports", counted(lambda: report(organisation, members))),
        Step("counting", lambda: _count(organisation)),
    ]
    with stack:
        failed = run_steps(steps, note)
    wrote(organisation.folder, "optout members list")
    return 1 if failed or broken or done.broken else 0


def _count(organisation: Any) -> None:
    from optout.members.statistics import statistics, write

    try:
        note(f"  wrote {write(organisation, statistics(organisation))}")
    except MembersError as few:
        note(f"  {few.message}")

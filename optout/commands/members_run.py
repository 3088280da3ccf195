"""`optout members members.csv`: import, crawl, match, requests, reports, statistics in one go."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from optout.commands.members import chosen_members
from optout.commands.members_crawl import crawl, crawl_options
from optout.commands.members_import import import_options, read_file
from optout.commands.members_steps import index_option, match, refuse_both, report, requests
from optout.commands.options import note, ray_option, the_cluster, wrote
from optout.commands.run import OBTAIN, check_datasets
from optout.errors import MembersError

if TYPE_CHECKING:
    from optout.cluster import Cluster
    from optout.members.register import Member, Organisation
    from optout.pipeline import Step


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
    from optout.pipeline import run_steps

    refuse_both(specs, index, None)
    check_datasets(specs)
    done = read_file(members_file, folder, date_order, society, allow_private)
    organisation, members = chosen_members(folder, (), ())
    options = None if no_crawl else {**chosen, "allow_private": allow_private}
    broken: list[str] = []
    # Ray is begun for the steps that need it, before them all.
    with the_cluster(ray_address) as cluster:
        steps = _steps(organisation, members, (specs, index), options, cluster, broken)
        failed = run_steps(steps, note)
    wrote(organisation.folder, "optout members list")
    return 1 if failed or broken or done.broken else 0


def _steps(
    organisation: Organisation,
    members: Sequence[Member],
    where: tuple[Sequence[str], str | None],
    options: dict[str, Any] | None,
    cluster: Cluster | None,
    broken: list[str],
) -> list[Step]:
    """The steps after the import; `where` are data sets, or an index. Without `options` no site is
    read. What a step could not do for some member adds its title to `broken`."""
    from optout.pipeline import Step

    specs, index = where
    searching = None if index else cluster  # an index answers at once, by itself

    def step(title: str, act: Callable[[], int]) -> Step:
        return Step(title, lambda: broken.append(title) if act() else None)

    return [
        Step("reading no site (--no-crawl)", lambda: None)
        if options is None
        else step(
            "reading the sites",
            lambda: crawl(organisation, members, options, whole=True, cluster=cluster),
        ),
        step(
            "searching the data sets",
            lambda: match(organisation, members, specs, index=index, cluster=searching),
        )
        if specs or index
        else Step("searching no data set", lambda: note(OBTAIN)),
        step("writing request lists", lambda: requests(organisation, members)),
        step("writing reports", lambda: report(organisation, members)),
        Step("counting", lambda: _count(organisation)),
    ]


def _count(organisation: Any) -> None:
    from optout.members.statistics import statistics, write

    try:
        note(f"  wrote {write(organisation, statistics(organisation))}")
    except MembersError as few:
        note(f"  {few.message}")

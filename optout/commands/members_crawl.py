"""`optout members crawl`: the sites of all members, a few at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from optout.commands.members import chosen_members, member_options
from optout.commands.options import note, plural, printable, ray_option, the_cluster, wrote

if TYPE_CHECKING:
    from optout.cluster import Cluster
    from optout.members.crawling import Crawled
    from optout.members.register import Member, Organisation

_AT_ONCE, _MOST_HERE = 4, 64  # crawls on one machine
_CRAWL = (
    click.option(
        "--at-once",
        type=click.IntRange(1, 4096),
        help="Crawls at a time (4; with --ray two for each processor).",
    ),
    click.option("--again", is_flag=True, help="Crawl finished members once more: a new round."),
    click.option("--pages-only", is_flag=True, help="Ask for no image."),
    click.option("--headers-only", is_flag=True, help="Ask for images' headers only (HEAD)."),
    click.option("--max-pages", type=click.IntRange(0), help="Page budget of each member."),
    click.option("--max-minutes", type=click.FloatRange(0), help="Time budget of each member."),
    click.option("--delay", type=click.FloatRange(0), help="Least seconds between two requests."),
    click.option("--no-autothrottle", is_flag=True, help="Do not slow down as the server does."),
)


def crawl_options(command: Any) -> Any:
    """How members' sites are crawled, for both commands that do."""
    for option in reversed(_CRAWL):
        command = option(command)
    return command


@click.command("crawl")
@member_options
@crawl_options
@click.option("--allow-private", is_flag=True, help="Allow private and loopback addresses.")
@ray_option
def command_crawl(
    folder: Path | None,
    statuses: tuple[str, ...],
    numbers: tuple[str, ...],
    ray_address: str | None,
    **chosen: Any,
) -> int:
    """Crawl the sites of all members, a few at a time; no host is asked by two crawls at once.

    Finished members are passed over, so the same command goes on after a stop; --again begins a new
    round. Members' sites on private addresses are refused. Ends with 1 when a crawl broke off.

    \b
    Example:
      optout members crawl --at-once 8
    """
    organisation, members = chosen_members(folder, statuses, numbers)
    with the_cluster(ray_address) as cluster:
        failed = crawl(organisation, members, chosen, whole=not numbers, cluster=cluster)
    wrote(organisation.cases, "optout members match --dataset SPEC")
    return 1 if failed else 0


def crawl(
    organisation: Organisation,
    members: Sequence[Member],
    chosen: dict[str, Any],
    *,
    whole: bool,
    cluster: Cluster | None = None,
) -> int:
    """Crawl, and say what became of each; the number of crawls that broke off."""
    from optout.members.crawling import crawl_members

    if cluster is None and (chosen["at_once"] or 0) > _MOST_HERE:
        raise click.UsageError(f"--at-once is at most {_MOST_HERE} on one machine (or use --ray)")
    results = crawl_members(
        organisation,
        members,
        _options(chosen),
        at_once=chosen["at_once"] or (2 * cluster.processors if cluster else _AT_ONCE),
        again=chosen["again"],
        whole=whole,
        tell=_tell_crawled,
        cluster=cluster,
    )
    counts = Counter(one.outcome for one in results)
    words = {
        "crawled": "crawled",
        "unread": "without a page that could be read",
        "done_before": "done before",
        "no_site": "without a site",
        "failed": "broken off",
    }
    said = [f"{counts[name]:,} {text}" for name, text in words.items() if counts[name]]
    note(" · ".join(said) or "no member to crawl")
    return counts["failed"]


def _tell_crawled(done: int, of: int, one: Crawled) -> None:
    from optout.report.words import words

    text = f"{done:,} of {of:,} · {one.number}: "
    if one.outcome in ("failed", "stopped"):
        text += f"{one.outcome}{': ' if one.reason else ''}{one.reason}"
    elif one.outcome == "unread":
        why = words()["outcome"].get(one.reason, one.reason)
        text += f"no page could be read{': ' if why else ''}{why}"
        if one.reason == "private_address":
            text += " (--allow-private if it is in your own network)"
    else:
        text += f"{plural(one.pages, 'page')}, {plural(one.images, 'image')}"
    note(printable(text))


def _options(chosen: dict[str, Any]) -> Any:
    from crawler.job import CrawlOptions

    given = {name: chosen[name] for name in ("max_pages", "delay") if chosen[name] is not None}
    if chosen["max_minutes"] is not None:
        given["max_seconds"] = chosen["max_minutes"] * 60
    return CrawlOptions(
        **given,
        autothrottle=not chosen["no_autothrottle"],
        pages_only=chosen["pages_only"],
        headers_only=chosen["headers_only"],
        allow_private=chosen["allow_private"],
        public_only=True,
    )

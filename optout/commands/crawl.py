"""`optout crawl`: scan the case's sites and keep what they answered."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crawler.render import MODES
from optout.case import DEFAULT_FOLDER, FILE, Case, create_case, find_case, load_case
from optout.commands.options import note, wrote
from optout.errors import CaseError, CrawlError

if TYPE_CHECKING:
    from crawler.progress import Listener

OPTIONS = (
    click.option("--name", "names", multiple=True, help="Artist name, for a new case."),
    click.option("--host", "hosts", multiple=True, help="A host that is yours, for a new case."),
    click.option("--pages-only", is_flag=True, help="Ask for no image."),
    click.option("--headers-only", is_flag=True, help="Ask for images' headers only (HEAD)."),
    click.option("--keep-images", is_flag=True, help="Store the images' bytes in the run."),
    click.option("--warc", is_flag=True, help="Keep every answer as served, in a WARC file."),
    click.option(
        "--render",
        type=click.Choice(MODES),
        help="Which pages a browser is shown after the scan (default: auto where there is one).",
    ),
    click.option("--max-pages", type=click.IntRange(0), help="Page budget (0: none)."),
    click.option("--max-depth", type=click.IntRange(0), help="Links from a site root."),
    click.option("--max-minutes", type=click.FloatRange(0), help="Time budget (0: none)."),
    click.option("--max-megabytes", type=click.IntRange(0), help="Transfer budget (0: none)."),
    click.option(
        "--trap-limit",
        type=click.IntRange(0),
        help="Pages of one pattern without a new image before it counts as a trap (0: off).",
    ),
    click.option(
        "--delay", type=click.FloatRange(0), help="Least seconds between two requests to a host."
    ),
    click.option("--per-host", type=click.IntRange(1, 64), help="Requests to one host at a time."),
    click.option("--no-autothrottle", is_flag=True, help="Do not slow down as the server does."),
    click.option("--timeout", type=click.FloatRange(1), help="Seconds for one answer."),
    click.option(
        "--i-own-this-site",
        "owned",
        multiple=True,
        metavar="HOST",
        help="Read robots.txt of HOST but do not obey it; recorded in the run.",
    ),
    click.option("--allow-private", is_flag=True, help="Allow private and loopback addresses."),
)


def crawl_options(command: Any) -> Any:
    """The options of a crawl, for every command that crawls."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


@click.command("crawl")
@click.argument("sites", nargs=-1)
@click.option(
    "--case",
    "case_folder",
    type=click.Path(path_type=Path),
    help="The case folder (default: this folder, else ./optout-case).",
)
@click.option("--new-run", is_flag=True, help="Close an interrupted run as it is and begin afresh.")
@click.option("--exit-code", is_flag=True, help="Exit with 3 when images or signals changed.")
@crawl_options
def command(
    sites: tuple[str, ...], case_folder: Path | None, new_run: bool, exit_code: bool, **chosen: Any
) -> None:
    """Scan your sites: pages, images, alt texts and every opt-out signal, kept with their time.

    \b
    Example:
      optout crawl https://mira.example
    A crawl that was stopped or killed goes on with the next `optout crawl`.
    Writes observations/run=<time>/ in the case folder.
    """
    from optout.commands.crawl_outcome import tell_changes

    case = case_for(case_folder, sites, chosen)
    run = crawl_and_tell(case, chosen, new_run=new_run)
    changed = tell_changes(case)
    wrote(run, "optout match --dataset SPEC   (see: optout datasets)")
    if exit_code and changed:
        raise click.exceptions.Exit(3)


def case_for(folder: Path | None, sites: tuple[str, ...], chosen: dict[str, Any]) -> Case:
    """The case to crawl: the one there is, else a new one for the sites named."""
    from optout.crawling import site_root

    roots = [site_root(site) for site in sites]
    try:
        case = load_case(find_case(folder))
    except CaseError:
        if not roots or (folder and (folder / FILE).exists()):
            raise
        return create_case(
            folder or Path(DEFAULT_FOLDER),
            roots,
            names=list(chosen["names"]),
            hosts=list(chosen["hosts"]),
        )
    unknown = [root for root in roots if root not in [site_root(site) for site in case.sites]]
    if unknown:
        raise CaseError(
            f"{case.folder / FILE} does not name {unknown[0]}",
            "add it to sites = […] under [where], or choose another folder with --case",
        )
    if roots and len(case.sites) > len(roots):
        others = ", ".join(site for site in case.sites if site_root(site) not in roots)
        note(f"this reads all {len(case.sites)} sites of {case.folder / FILE}, also {others}")
    if chosen.get("names") or chosen.get("hosts"):
        note(f"--name and --host are for a new case; edit {case.folder / FILE} instead")
    return case


def crawl_and_tell(
    case: Case,
    chosen: dict[str, Any],
    *,
    new_run: bool = False,
    listener: Listener | None = None,
) -> Path:
    """Crawl with live progress and say what was seen. Raises CrawlError when no site answered.

    With a `listener` of the caller's, progress is shown there instead.
    """
    from optout.commands.crawl_outcome import tell_outcome
    from optout.commands.crawl_progress import live
    from optout.crawling import crawl_case

    with nullcontext(listener) if listener else live() as watching:
        result = crawl_case(case, _options(chosen), watching, new_run=new_run, tell=note)
    if result.run is None:
        note("stopped; what was gathered is kept · the same command goes on where it stopped")
        raise click.exceptions.Exit(130)
    tell_outcome(case, result.summary)
    return result.run


def _options(chosen: dict[str, Any]) -> Any:
    from crawler.job import CrawlOptions

    given: dict[str, Any] = {
        key: chosen[key]
        for key in ("max_pages", "max_depth", "trap_limit", "delay", "per_host", "timeout")
        if chosen.get(key) is not None
    }
    if chosen.get("max_minutes") is not None:
        given["max_seconds"] = chosen["max_minutes"] * 60
    if chosen.get("max_megabytes") is not None:
        given["max_bytes"] = chosen["max_megabytes"] * 2**20
    return CrawlOptions(
        **given,
        autothrottle=not chosen["no_autothrottle"],
        pages_only=chosen["pages_only"],
        headers_only=chosen["headers_only"],
        keep_images=chosen["keep_images"],
        warc=chosen["warc"],
        allow_private=chosen["allow_private"],
        owned_hosts=tuple(host.lower() for host in chosen["owned"]),
        render=_render(chosen.get("render")),
    )


def _render(wanted: str | None) -> str:
    """Which pages a browser is shown. Raises CrawlError when one is asked for and not there."""
    from crawler.render.browser import missing

    lacks = missing()
    if wanted in ("always", "auto") and lacks:
        raise CrawlError(
            f"no page can be shown to a browser: {lacks}",
            "leave --render out; what only scripts put into a page is then not found",
        )
    return wanted or ("never" if lacks else "auto")

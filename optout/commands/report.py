"""`optout report`: write the case's report as one HTML file."""

from __future__ import annotations

from pathlib import Path

import click

from optout.commands.options import case_option, the_case, wrote


@click.command("report")
@case_option
@click.option(
    "--thumbnails",
    is_flag=True,
    help="Show small pictures of your works (needs images kept by: optout crawl --keep-images).",
)
def command(case_folder: Path | None, thumbnails: bool) -> None:
    """Write report.html: what was searched and found, what your sites say, what to do next.

    One file in the case folder that works offline and prints well; no picture is in it unless
    asked for.

    \b
    Example:
      optout report
    """
    from optout.report import write_report

    path = write_report(the_case(case_folder), thumbnails=thumbnails)
    wrote(path, "open it in your browser")

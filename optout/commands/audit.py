"""`optout audit`: what readers make of a whole list of image addresses."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from optout.commands.options import case_option, json_option, note, printable, the_case, wrote
from optout.errors import OptoutError

if TYPE_CHECKING:
    from optout.audit.hosts import Progress
    from optout.audit.run import Options, Summary
    from optout.readers.table import Reader

_REASONS = 5  # shown of why verdicts are unknown
_EVERY = (0.5, 15.0)  # seconds between two states of the progress line: on a terminal, else


@click.command("audit")
@click.argument("lists", nargs=-1, required=True, metavar="LIST...")
@click.option("--out", type=click.Path(path_type=Path), help="Write the verdicts here.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["parquet", "csv", "jsonl"]),
    help="Their form (default: by the suffix of --out).",
)
@click.option("--reader", "names", multiple=True, metavar="NAME", help="Ask it; repeat for more.")
@click.option("--all-readers", is_flag=True, help="Ask every known reader.")
@click.option("--no-images", is_flag=True, help="Ask for site files only, for no image.")
@click.option("--offline", is_flag=True, help="Ask nobody: go by what was recorded.")
@case_option
@click.option(
    "--cache",
    type=click.Path(path_type=Path),
    default="optout-audit",
    show_default=True,
    help="Folder that keeps what sites answered, for the next audit and for --offline.",
)
@click.option("--per-host", type=click.IntRange(1, 32), default=2, show_default=True,
              help="Exchanges with one host at a time.")  # fmt: skip
@click.option("--concurrency", type=click.IntRange(1, 2048), default=128, show_default=True,
              help="Exchanges at a time altogether.")  # fmt: skip
@click.option("--allow-private", is_flag=True, help="Ask private addresses too.")
@json_option
def command(
    lists: tuple[str, ...],
    out: Path | None,
    form: str | None,
    names: tuple[str, ...],
    all_readers: bool,
    no_images: bool,
    offline: bool,
    case_folder: Path | None,
    cache: Path,
    per_host: int,
    concurrency: int,
    allow_private: bool,
    as_json: bool,
) -> None:
    """Give every reader's verdict on every row of a list of image addresses.

    LIST is a text file with one address a line, or Parquet, CSV, TSV or JSON lines with a column
    of addresses; a folder or a pattern names several. Without --reader, those that builders of
    data sets use are asked. With --json, or --format and no --out, the verdicts go to stdout:
    file, row, url, reader, purpose, verdict, signal, where_found, line, raw, clause, observed_at,
    reason. With --offline, --case names a case to go by in place of the cache.

    \b
    Example:
      optout audit metadata/part-00000.parquet --out verdicts.parquet
    """
    from crawler.policy import Reach
    from optout.audit.needs import chosen
    from optout.audit.run import Options
    from optout.audit.writing import format_of
    from optout.readers.table import readers

    if case_folder and not offline:
        raise OptoutError("--case is for --offline only", "add --offline, or leave --case out")
    of = readers() if all_readers else chosen(names)
    to_stdout = out is None and (as_json or form is not None)
    chosen_form = format_of(out, "jsonl" if as_json and out is None else form or "")
    options = Options(
        cache=cache,
        images=not no_images,
        offline=offline,
        case=the_case(case_folder) if case_folder else None,
        reach=Reach(allow_private=allow_private),
        per_host=per_host,
        at_once=concurrency,
        tell=_progress(),
        note=note,
    )
    summary = _audit(lists, of, options, _Output(out, chosen_form, to_stdout))
    _tell(summary, of, to_stdout=to_stdout)
    if out:
        wrote(out)
    elif not to_stdout:
        note("next: add --out verdicts.parquet for the verdict on every row")


@dataclass(frozen=True, slots=True)
class _Output:
    """Where verdicts go, and in which form; to nobody where neither is named."""

    path: Path | None
    form: str
    to_stdout: bool


def _audit(
    lists: tuple[str, ...], of: tuple[Reader, ...], options: Options, output: _Output
) -> Summary:
    from optout.audit.rows import sources
    from optout.audit.run import audit
    from optout.audit.writing import writing

    found = sources(lists)
    wanted = output.path or output.to_stdout
    with writing(output.path, output.form) if wanted else nullcontext(_Nowhere()) as writer:
        return audit(found, of, options, writer)


def _tell(summary: Summary, of: tuple[Reader, ...], *, to_stdout: bool) -> None:
    """The counts by reader, unless stdout has the verdicts; why verdicts are unknown."""
    if not to_stdout:
        _print_summary(summary, of)
    for reason, count in summary.unknown.most_common(_REASONS):
        note(f"{count:,} × unknown: {printable(reason)}")
    note(f"{summary.rows:,} rows · {summary.exchanges:,} exchanges")


class _Nowhere:
    """For those who want the counts only."""

    def write(self, lines: object) -> None:
        """Nothing is kept."""


def _print_summary(summary: Summary, of: tuple[Reader, ...]) -> None:
    width = max(6, *(len(reader.name) for reader in of))
    values = ("allowed", "disallowed", "unknown")
    click.echo(f"{'reader':<{width}}" + "".join(f"{value:>14}" for value in values))
    for reader in of:
        counts = (summary.verdicts[reader.name, value] for value in values)
        click.echo(f"{reader.name:<{width}}" + "".join(f"{count:>14,}" for count in counts))


def _progress() -> Callable[[Progress], None]:
    """A line on stderr that renews itself, or one now and then when piped."""
    terminal = sys.stderr.isatty()
    every = _EVERY[0] if terminal else _EVERY[1]
    last = time.monotonic()

    def show(progress: Progress) -> None:
        nonlocal last
        now = time.monotonic()
        ended = progress.hosts == progress.of_hosts
        if now - last < every and not (terminal and ended):
            return
        last = now
        text = _line(progress)
        click.echo(f"\r{text:<79}" if terminal else text, err=True, nl=ended or not terminal)

    return show


def _line(progress: Progress) -> str:
    eta = progress.eta()
    left = ""
    if eta is not None:
        left = f" · about {eta:.0f} s left" if eta < 90 else f" · about {eta / 60:.0f} min left"
    rate = progress.exchanges / progress.seconds if progress.seconds else 0.0
    return (
        f"hosts {progress.hosts:,}/{progress.of_hosts:,} · rows {progress.rows:,}/"
        f"{progress.of_rows:,} · {rate:,.0f} exchanges/s{left}"
    )

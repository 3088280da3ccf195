"""`optout index`: sorted copies of data sets that answer at once."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from optout.commands.options import json_option, note, ray_option, the_cluster, wrote
from optout.errors import DatasetError

if TYPE_CHECKING:
    from optout.datasets import DataFile
    from optout.index import Manifest

_PAUSE = 0.5  # seconds between two states of the progress line
_FOLDER = click.Path(path_type=Path)
_OUT = click.option("--out", required=True, type=_FOLDER, help="The folder of the index.")
_MEMORY = click.option(
    "--memory", default="4GB", show_default=True, help="Memory to sort in; the rest goes to disk."
)
_THREADS = click.option("--threads", type=click.IntRange(1), help="Default: one for each core.")


@click.group("index")
def command() -> None:
    """Sort data sets once, so that later searches take moments instead of hours.

    \b
    Example:
      optout index build --dataset relaion/ --out relaion.index
      optout match --index relaion.index
    """


@command.command("build")
@click.option(
    "--dataset",
    "datasets",
    multiple=True,
    required=True,
    metavar="SPEC",
    help="File, folder or glob of metadata; NAME=PATH says which data set it is. Repeat for more.",
)
@_OUT
@_MEMORY
@_THREADS
@ray_option
@click.option(
    "--files", "part", metavar="A:B", help="Only files A to B - 1 of those named, from 0."
)
def build_command(
    datasets: tuple[str, ...],
    out: Path,
    memory: str,
    threads: int | None,
    ray_address: str | None,
    part: str | None,
) -> None:
    """Make an index of data files, or go on with one that was stopped.

    With --ray each task is one thread with --memory of its own.

    \b
    Example:
      optout index build --dataset relaion/ --out relaion.index --memory 4GB
    """
    from optout.datasets import resolve
    from optout.index import build

    if ray_address and threads:
        raise click.UsageError("with --ray each task is one thread: leave --threads out")
    files, before = _part(resolve(datasets), part)
    rows = sum(file.columns.rows or 0 for file in files)
    options: dict[str, Any] = {"before": before, "memory": memory, "progress": _progress(rows)}
    with the_cluster(ray_address) as cluster:
        if cluster is None:
            manifest = build(files, out, threads=threads, **options)
        else:
            from optout.cluster.indexing import build as build_by_tasks

            manifest = build_by_tasks(files, out, cluster, **options)
    _told(out, manifest)


@command.command("merge")
@click.argument("indexes", nargs=-1, required=True, type=_FOLDER)
@_OUT
@_MEMORY
@_THREADS
def merge_command(indexes: tuple[Path, ...], out: Path, memory: str, threads: int | None) -> None:
    """Make one index of several, for example of parts that several machines built.

    \b
    Example:
      optout index merge part1.index part2.index --out relaion.index
    """
    from optout.index import merge

    _told(out, merge(indexes, out, memory=memory, threads=threads, progress=_progress(0)))


@command.command("info")
@click.argument("index")
@json_option
def info_command(index: str, as_json: bool) -> None:
    """Show what an index holds: editions, files, rows, tables, levels.

    INDEX is a folder or an address (hf://, https://, s3://). With --json one object: format,
    optout, levels, sources, tables, built.

    \b
    Example:
      optout index info relaion.index
    """
    from optout.index import open_index
    from optout.remote import Session

    with Session(tell=note) as session:
        manifest = open_index(index, session).manifest
    if as_json:
        click.echo(json.dumps(asdict(manifest), ensure_ascii=False))
        return
    editions: dict[str, list[int]] = {}
    for one in manifest.sources:
        found = editions.setdefault(one.edition or one.dataset, [0, 0])
        found[0] += 1
        found[1] += one.rows
    for name, (files, rows) in editions.items():
        click.echo(f"{name}: {rows:,} rows of {files:,} files")
    for table, table_files in manifest.tables.items():
        size = sum(file.bytes for file in table_files) / 1e6
        click.echo(f"  {table:<8} {manifest.rows(table):>14,} rows {size:>12,.1f} MB")
    click.echo(f"answers by {', '.join(manifest.levels)}")
    _copies(manifest)
    _not_covered()


@command.command("verify")
@click.argument("index", type=_FOLDER)
@click.option("--no-sources", is_flag=True, help="Do not look whether the data files are the same.")
@json_option
def verify_command(index: Path, no_sources: bool, as_json: bool) -> None:
    """Hash every file of an index again, and look whether its data files are still the same.

    With --json one problem per line: what, file, detail.

    \b
    Example:
      optout index verify relaion.index
    """
    from optout.index import verify

    problems = verify(index, sources=not no_sources)
    for problem in problems:
        if as_json:
            click.echo(json.dumps(asdict(problem), ensure_ascii=False))
        else:
            click.echo(f"{problem.what.replace('_', ' ')}: {problem.file} · {problem.detail}")
    if problems:
        first = problems[0]
        raise DatasetError(
            f"{index}: {len(problems)} of its files are not as they were, first {first.file}",
            "load what is damaged again, or build the index again",
        )
    note("nothing is wrong")


def _part(files: list[DataFile], part: str | None) -> tuple[list[DataFile], list[DataFile]]:
    """The files of a part, and those before it."""
    if part is None:
        return files, []
    first, colon, last = part.partition(":")
    try:
        chosen = files[int(first or 0) : int(last) if last else None] if colon else []
    except ValueError:
        chosen = []
    if not chosen:
        raise DatasetError(
            f"--files {part} names none of the {len(files)} files",
            "write for example --files 0:32 for the first 32",
        )
    return chosen, files[: files.index(chosen[0])]


def _told(out: Path, manifest: Manifest) -> None:
    size = sum(one.size for one in manifest.sources)
    note(
        f"{manifest.rows():,} rows of {len(manifest.sources):,} files · "
        f"{manifest.bytes() / 1e6:,.1f} MB, the data {size / 1e6:,.1f} MB"
    )
    _copies(manifest)
    _not_covered()
    wrote(out, f"optout match --index {out}")


def _copies(manifest: Manifest) -> None:
    for one in manifest.same_content:
        note(f"counted once: {one.file} holds the same as {one.same_as}")


def _not_covered() -> None:
    from optout.index.layout import NOT_COVERED

    note(f"not covered: {', '.join(NOT_COVERED)} (search the data files for these)")


def _progress(rows: int) -> Callable[[str, float], None]:
    """Share done, rate and time left on stderr: a line that renews itself, or one for each step."""
    begun, terminal = time.monotonic(), sys.stderr.isatty()
    shown: dict[str, Any] = {"step": "", "at": 0.0}

    def show(step: str, share: float) -> None:
        now = time.monotonic()
        if step == shown["step"] and not (terminal and now - shown["at"] > _PAUSE):
            return
        left = (now - begun) / share * (1 - share) if share > 0.01 else None
        text = f"{step} · {share:.0%}"
        text += f" · {rows * share / max(now - begun, 0.001):,.0f} rows/s" if rows else ""
        text += f" · about {_time(left)} left" if left is not None and share < 1 else ""
        click.echo(f"\r{text:<78}" if terminal else text, err=True, nl=not terminal or share >= 1)
        shown.update(step=step, at=now)

    return show


def _time(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 90 else f"{minutes / 60:.1f} h"

"""`optout explore`: what a data set holds, as tables and as one offline page with charts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crawler.whole import write_whole
from optout.commands.options import json_option, no_dataset, note, print_json, wrote
from optout.errors import DatasetError

if TYPE_CHECKING:
    from optout.explore import Exploration

_SHOWN = 20  # lines of a list on the screen; --json and --html have all
_LONGEST_NAMES_FILE = 16 * 2**20


@click.command("explore")
@click.option("--dataset", "specs", multiple=True, metavar="SPEC", help="Metadata; repeatable.")
@click.option(
    "--index",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="An index, in place of the files it was made from.",
)
@click.option(
    "--names",
    "names_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A text file with one name per line to look for in captions.",
)
@click.option(
    "--case",
    "case_folder",
    type=click.Path(path_type=Path),
    help="Look for the names of this case.",
)
@click.option(
    "--members",
    "members_folder",
    type=click.Path(path_type=Path),
    help="Look for the names of an organisation's members.",
)
@click.option("--top", type=click.IntRange(1, 10_000), default=50, help="Lines of a list (50).")
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), help="Write a page.")
@json_option
def command(
    specs: tuple[str, ...],
    index: Path | None,
    names_file: Path | None,
    case_folder: Path | None,
    members_folder: Path | None,
    top: int,
    html: Path | None,
    as_json: bool,
) -> None:
    """Count what data set metadata holds: domains, hosts, sizes, scores, languages, names.

    Every row is read once. A column the files lack is said to be missing. With --json one line per
    value: table, label, rows; and one per table (label null): rows, nulls, odd, without_column.

    \b
    Example:
      optout explore --dataset relaion/ --html explore.html
    """
    from optout.explore import explore

    if specs and index:
        raise click.UsageError("name data files or an index, not both")
    if not specs and not index:
        raise no_dataset("look into")
    names = [*_names(names_file), *_case_names(case_folder), *_member_names(members_folder)]
    found = explore(specs, index=index, names=names, most=top, progress=_progress)
    if as_json:
        print_json(_lines(found))
    else:
        _print(found, top)
    for file, other in found.same_content:
        note(f"counted once: {file} holds the same as {other}")
    if found.names_left_out:
        note(f"not looked for, too short: {', '.join(found.names_left_out[:_SHOWN])}")
    if html:
        from optout.explore.page import render

        write_whole(html, render(found))
        wrote(html, "open it in your browser")


def _progress(done: int, files: int, rows: int) -> None:
    note(f"read {done:,} of {files:,} {'file' if files == 1 else 'files'} · {rows:,} rows")


def _names(path: Path | None) -> list[str]:
    if path is None:
        return []
    try:
        if path.stat().st_size > _LONGEST_NAMES_FILE:
            raise DatasetError(f"{path} is too large for a list of names", "one name per line")
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DatasetError(f"{path} is not UTF-8 text", "save it as UTF-8") from error
    except OSError as error:
        raise DatasetError(
            f"cannot read {path}: {error.strerror or error}", "check the name"
        ) from error
    return [line.strip() for line in text.splitlines() if line.strip()]


def _case_names(folder: Path | None) -> list[str]:
    from optout.case import find_case, load_case

    return list(load_case(find_case(folder)).names) if folder else []


def _member_names(folder: Path | None) -> list[str]:
    if folder is None:
        return []
    from optout.members.register import find_organisation, read_register

    members = read_register(find_organisation(folder))
    return [name for member in members for name in member.names]


def _lines(found: Exploration) -> Iterator[dict[str, Any]]:
    for source in found.sources:
        yield {"table": "sources", **asdict(source)}
    for table in found.tables:
        yield {
            "table": table.name,
            "label": None,
            "rows": found.rows,
            "nulls": table.nulls,
            "odd": table.odd,
            "without_column": table.without_column,
            "more": table.more,
        }
        for bar in table.bars:
            yield {"table": table.name, "label": bar.label, "rows": bar.rows}


def _print(found: Exploration, most: int) -> None:
    from optout.explore.page import share
    from optout.report.formats import clean

    for source in found.sources:
        click.echo(
            f"{clean(source.dataset)} {clean(source.edition)}: {source.rows:,} rows of "
            f"{source.files:,} {'file' if source.files == 1 else 'files'}"
        )
    click.echo(f"{found.hosts:,} hosts of {found.domains:,} domains")
    for table in found.tables:
        click.echo(f"\n{table.title}")
        for bar in table.bars[:most] if table.kind == "list" else table.bars:
            label = clean(bar.label)[:60]
            click.echo(f"  {label:<60} {bar.rows:>14,}  {share(bar.rows, found.rows)}")
        for count, words in (
            (max(len(table.bars) - most, 0) * (table.kind == "list") + table.more, "more"),
            (table.nulls, "rows without" if table.name == "names" else "rows where it is empty"),
            (table.odd, "rows with a value that cannot be one"),
            (table.without_column, f"rows of {table.files_without:,} files without this column"),
        ):
            if count:
                click.echo(f"  ({count:,} {words})")

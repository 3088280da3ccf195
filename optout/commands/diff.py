"""`optout diff`: what changed between two editions of a data set, or two searches of a case."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from optout.commands.options import json_option, note, print_json, wrote
from optout.errors import DatasetError

if TYPE_CHECKING:
    from optout.diff.editions import Difference, Side

_SHOWN = 20
_CHANGED = 3  # exit code with --exit-code


@click.command("diff")
@click.argument("before")
@click.argument("after", required=False)
@click.option(
    "--case",
    "case_folder",
    type=click.Path(path_type=Path),
    help="The case whose present matches BEFORE, an older matches folder, is compared with.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write every row that is gone or new, as .csv or .jsonl.",
)
@click.option("--top", type=click.IntRange(0, 10_000), default=50, help="Hosts listed (50).")
@click.option("--exit-code", is_flag=True, help="Exit with 3 when anything differs.")
@json_option
def command(
    before: str,
    after: str | None,
    case_folder: Path | None,
    out: Path | None,
    top: int,
    exit_code: bool,
    as_json: bool,
) -> int:
    """Compare two editions by address, or two searches by match: rows gone and new, by host.

    BEFORE and AFTER are data sets as for --dataset (file, folder, glob, NAME=PATH), or folders with
    matches. With --json a line with the counts, then one per host (of searches: one per match).

    \b
    Example:
      optout diff laion2B-en/ relaion2B-en-research-safe/ --out gone.csv
      optout diff matches-of-may/ --case optout-case
    """
    if out is not None and out.suffix.lower() not in (".csv", ".jsonl"):
        raise click.UsageError("--out must end in .csv or .jsonl")
    searches = _searches(before, after, case_folder)
    if searches:
        changed = _tell_searches(*searches, out, as_json=as_json)
    else:
        if after is None:
            raise click.UsageError("name two data sets, or one matches folder and --case")
        changed = _tell_editions(before, after, out, top, as_json=as_json)
    if out is not None:
        wrote(out)
    return _CHANGED if exit_code and changed else 0


def _searches(before: str, after: str | None, case: Path | None) -> tuple[Path, Path] | None:
    """The two files of matches, where folders with matches are meant."""
    from optout.diff.searches import matches_of

    if case is not None and after is not None:
        raise click.UsageError("--case stands in place of AFTER")
    second = case if case is not None else Path(after) if after else None
    if second is None:
        return None
    found = matches_of(Path(before)), matches_of(second)
    if found[0] and found[1]:
        return found[0], found[1]
    if case is not None or any(found):
        lacking = second if found[0] else before
        raise DatasetError(
            f"{lacking} holds no matches", "name a case or matches folder: optout match makes it"
        )
    return None


def _tell_searches(before: Path, after: Path, out: Path | None, *, as_json: bool) -> bool:
    from optout.diff.editions import write_rows
    from optout.diff.searches import compare_searches
    from optout.report.formats import clean

    rows = compare_searches(before, after)
    counts = Counter(row["change"] for row in rows)
    summary = {name: counts[name] for name in ("gone", "new", "changed")}
    if as_json:
        _print_json([summary, *rows])
    else:
        click.echo(
            f"{counts['gone']:,} matches gone · {counts['new']:,} new · "
            f"{counts['changed']:,} found on other grounds"
        )
        for row in rows[:_SHOWN]:
            how = f"{row['strength_before'] or '-'} → {row['strength_after'] or '-'}"
            url = clean(row["url"] or "")[:100]
            click.echo(f"  {row['change']:<8}{row['match_id']}  {how}  {url}")
        hosts = Counter((row["url_host"] or "", row["change"]) for row in rows)
        most = sorted(hosts.items(), key=lambda one: (-one[1], one[0]))[:_SHOWN]
        for (host, change), number in most:
            click.echo(f"  {clean(host):<40} {number:>8,} {change}")
    if out is not None:
        write_rows(out, iter(rows))
    return bool(rows)


def _tell_editions(before: str, after: str, out: Path | None, top: int, *, as_json: bool) -> bool:
    from optout.diff.editions import compare_editions, write_rows
    from optout.report.formats import clean

    def sink(rows: Iterator[dict[str, Any]]) -> None:
        if out is not None:
            write_rows(out, rows)

    found = compare_editions([before], [after], sink=sink, most=top, progress=_progress)
    if as_json:
        summary = asdict(found)
        _print_json([{k: v for k, v in summary.items() if k != "hosts"}, *found.hosts])
    else:
        for word, side in (("before", found.before), ("after", found.after)):
            click.echo(clean(f"{word}: {_side(side)}"))
        click.echo(f"{found.gone:,} rows gone · {found.new:,} rows new")
        for host in found.hosts:
            name = clean(host["host"]) or "(no host)"
            click.echo(f"  {name:<50} -{host['gone']:<12,} +{host['new']:,}")
    _note_unreadable(found)
    return bool(found.gone or found.new)


def _side(side: Side) -> str:
    return (
        f"{', '.join(side.names)}: {side.rows:,} rows of {side.files:,} files, "
        f"{side.addresses:,} addresses"
    )


def _note_unreadable(found: Difference) -> None:
    for side in (found.before, found.after):
        if side.rows > side.readable:
            note(
                f"{side.rows - side.readable:,} rows of {', '.join(side.names)} have no readable "
                "address and are not compared"
            )


def _progress(done: int, of: int, words: str) -> None:
    note(f"{done:,} of {of:,} · {words}")


def _print_json(rows: Iterable[dict[str, Any]]) -> None:
    print_json(rows)

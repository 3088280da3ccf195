"""`optout match`: search data sets for the case's images, hosts, texts and names."""

from __future__ import annotations

import difflib
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from optout.case import DEFAULT_FOLDER, FILE, Case, create_case, find_case, load_case
from optout.commands.options import (
    case_option,
    json_option,
    no_dataset,
    note,
    plural,
    print_json,
    ray_option,
    the_cluster,
    the_index,
    wrote,
)
from optout.errors import CaseError, DatasetError

if TYPE_CHECKING:
    from optout.matching import MatchSummary

_CHANGED = 3  # exit code with --exit-code
_EXAMPLES = 10
_PAUSE = 0.2  # seconds between two states of the progress line
_WORDS = {
    "same_address": "same address",
    "same_image": "same image",
    "similar_image": "similar image",
    "lead": "lead",
    "caption_only": "caption only",
}


@click.command("match")
@case_option
@click.option(
    "--dataset",
    "datasets",
    multiple=True,
    metavar="SPEC",
    help="File, folder, glob or address (hf://, https://, s3://) of metadata; NAME=PATH says which "
    "data set it is. Repeat for more.",
)
@click.option(
    "--index",
    "index_place",
    metavar="FOLDER",
    help="Ask an index (optout index build) instead of data files: a folder, or an address (hf://, "
    "https://, s3://).",
)
@click.option("--host", "hosts", multiple=True, help="A host that is yours, for this search only.")
@click.option(
    "--cache-limit",
    metavar="SIZE",
    help="Most that is kept on disk of what was read from addresses (default: 2 GB; 0 for none).",
)
@click.option("--no-captions", is_flag=True, help="Leave the texts of the rows out of the search.")
@ray_option
@json_option
@click.option("--exit-code", is_flag=True, help="Exit with 3 when the set of matches has changed.")
@click.pass_context
def command(
    ctx: click.Context,
    case_folder: Path | None,
    datasets: tuple[str, ...],
    index_place: str | None,
    hosts: tuple[str, ...],
    cache_limit: str | None,
    no_captions: bool,
    ray_address: str | None,
    as_json: bool,
    exit_code: bool,
) -> None:
    """Find the rows of data set metadata that tie to the case, each with all its evidence.

    With --json one match per line, among others: dataset, edition, dataset_file, dataset_row, url,
    caption, strength, evidence, place, image_url, work_id, contradiction, match_id.

    \b
    Example:
      optout match --dataset relaion/ --host images.mira.example
      optout match --dataset 'hf://datasets/laion/relaion2B-en-research-safe/part-00000-*.parquet'
    """
    from optout.matching import match_case
    from optout.remote import Session

    if datasets and index_place:
        raise click.UsageError("name data files or an index, not both")
    if ray_address and index_place:
        raise click.UsageError("an index answers at once, by itself: leave --ray out")
    case = _case(case_folder, hosts)
    specs = datasets or case.datasets
    _check(specs, index_place)
    with Session(cache_limit, tell=note) as session, the_cluster(ray_address) as cluster:
        index = the_index(index_place, session) if index_place else None
        summary = match_case(
            case,
            specs,
            hosts=hosts,
            captions=not no_captions,
            index=index,
            progress=_progress(),
            session=session,
            cluster=cluster,
        )
    if as_json:
        _print_json(case)
    else:
        _print_summary(summary)
    _notes(summary)
    note_gone([summary])
    if session.traffic:
        note(str(session.traffic))
    wrote(case.matches, "optout requests" if summary.data["matches"] else "optout report")
    refuse_damaged(summary.data)
    if exit_code and summary.changed:
        ctx.exit(_CHANGED)


def note_gone(summaries: Iterable[MatchSummary]) -> None:
    """Say what is no longer among the matches: a search takes the place of the one before."""
    gone = sum(one.gone for one in summaries)
    if gone:
        note(
            f"{plural(gone, 'match')} of the search before "
            f"{'is' if gone == 1 else 'are'} not found by this one; name all data sets at once, "
            "and no index where captions are to be searched, to have them again"
        )


def refuse_damaged(data: dict[str, Any]) -> None:
    """Raise DatasetError, after all else is told, where files could not be searched."""
    if data["not_read"]:
        number = len(data["not_read"])
        raise DatasetError(
            f"{plural(number, 'file')} could not be searched: {'; '.join(data['not_read'])}",
            "load what is damaged again, then search again: the other files need not be read",
        )


def _case(folder: Path | None, hosts: tuple[str, ...]) -> Case:
    """The case; with --host and none yet, a new one."""
    try:
        return load_case(find_case(folder))
    except CaseError:
        place = folder or Path(DEFAULT_FOLDER)
        if not hosts or (place / FILE).exists():
            raise
        case = create_case(place, [], hosts=list(hosts))
        note(f"made a case in {place}")
        return case


def _check(specs: Sequence[str], index_place: str | None) -> None:
    """Raise DatasetError where there is nothing to search. NAME=PATH with a name of the user's own
    is fine; one that looks like a known one misspelt is told."""
    from optout.datasets import known

    if not specs and not index_place:
        raise no_dataset("search")
    names = {name for d in known() for name in (d.name, *(e.name for e in d.editions))}
    for spec in specs:
        name = spec.partition("=")[0].partition(":")[0] if "=" in spec else ""
        near = difflib.get_close_matches(name, names, 1)
        if name and name not in names and near:
            note(f"{name} is no known data set (did you mean {near[0]}?), so no letter names it")


def _progress() -> Callable[[int, int, int], None]:
    """Files, rows and rate on stderr: a line that renews itself, or one per file when piped."""
    begun, terminal = time.monotonic(), sys.stderr.isatty()
    shown = {"done": 0, "at": 0.0}

    def show(done: int, files: int, rows: int) -> None:
        now = time.monotonic()
        if done == shown["done"] and not (terminal and now - shown["at"] > _PAUSE):
            return
        rate = rows / max(now - begun, 0.001)
        text = f"searched {done} of {plural(files, 'file')} · {rows:,} rows · {rate:,.0f} rows/s"
        click.echo(f"\r{text}" if terminal else text, err=True, nl=done == files or not terminal)
        shown.update(done=done, at=now)

    return show


def _print_json(case: Case) -> None:
    import pyarrow.parquet as pq

    with pq.ParquetFile(case.matches / "matches.parquet") as file:
        rows = (row for batch in file.iter_batches(1000) for row in batch.to_pylist())
        print_json(rows)


def _print_summary(summary: MatchSummary) -> None:
    data = summary.data
    click.echo(
        f"{plural(data['matches'], 'matching row')} among {plural(data['rows'], 'row')} "
        f"of {plural(data['files'], 'file')}"
    )
    for strength, number in data["by_strength"].items():
        if number:
            click.echo(f"  {_WORDS[strength]:<17} {number:,}")
    if data["contradictions"]:
        click.echo(f"  {data['contradictions']:,} of them at odds with what the address serves now")
    if data["images"]:
        click.echo(
            f"{data['images_not_listed']:,} of your {plural(data['images'], 'image')} not listed "
            f"in the files searched ({_editions(data)}; {data['date'][:10]})"
        )


def _editions(data: dict[str, Any]) -> str:
    return ", ".join(
        f"{found['edition'] or found['dataset']}: {plural(len(found['files']), 'file')}, "
        f"{plural(found['rows'], 'row')}"
        for found in data["datasets"]
    )


def _notes(summary: MatchSummary) -> None:
    from optout.matching.kinds import kinds

    data = summary.data
    if data["skipped"]:
        note(f"skipped {plural(data['skipped'], 'row')} without a readable address:")
        examples = [e for found in data["datasets"] for e in found["skipped_examples"]]
        for example in examples[:_EXAMPLES]:
            note(f"  {example['file']} row {example['row']}: {example['value'][:80]!r}")
    if data["null_urls"]:
        note(f"{plural(data['null_urls'], 'row')} without any address")
    for twin in data["same_content"]:
        note(f"counted once: {twin['file']} holds the same as {twin['same_as']}")
    if data["not_covered"]:
        labels = ", ".join(kinds()[kind].label for kind in data["not_covered"])
        note(f"not looked for: {labels}")
    for left_out in data["not_searched"]:
        note(f"not searched: {left_out['host']} · {left_out['advice']}")
    if data["images_archived"]:
        images = plural(data["images_archived"], "image")
        note(f"looked for as well: {images} that only archived pages show (optout history)")
    common = len(data["too_common"])
    if common:
        note(f"not used: {plural(common, 'text')} too common or too short to prove anything")

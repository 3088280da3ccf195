"""`optout evaluate`: how often the comparison finds copies, and errs, on your own pictures."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from optout.commands.options import json_option, note
from optout.errors import VisionError

if TYPE_CHECKING:
    from optout.vision.evaluate import Query

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command("evaluate")
@click.option("--references", type=FOLDER, required=True, help="Pictures to be found again.")
@click.option("--queries", type=FOLDER, help="Pictures to look up (default: edits of the former).")
@click.option(
    "--truth",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="CSV of the true pairs: query,reference (paths below the folders).",
)
@click.option("--distractors", type=FOLDER, help="Other pictures, searched along with the former.")
@click.option("--seed", default=1, show_default=True, help="Of the edits.")
@click.option("--jobs", default=os.cpu_count() or 1, help="Threads (default: all processors).")
@json_option
def command(
    references: Path,
    queries: Path | None,
    truth: Path | None,
    distractors: Path | None,
    seed: int,
    jobs: int,
    as_json: bool,
) -> None:
    """Measure on your own pictures how many edited copies are found, and how many found wrongly.

    \b
    Example:
      optout evaluate --references my-pictures --distractors other-pictures --json
    Without --queries every picture is edited in 41 ways and looked up; half of the pictures get
    other fonts, frames and seeds. With --json one object per line, `record` says of what: total,
    half, edit, index_size, false_accept, missed, unread.
    """
    from optout.vision.extra import require_vision

    require_vision()
    from optout.vision.evaluate import evaluate, name_in, picture_files
    from optout.vision.summary import summary

    files = picture_files(references)
    asked, true = _asked(references, files, queries, truth, seed)
    known = [(name_in(references, path), path) for path in files]
    if distractors:
        others = picture_files(distractors)
        known += [(f"distractors/{name_in(distractors, path)}", path) for path in others]
    outcome = evaluate(known, asked, true, jobs=jobs, progress=_progress)
    records = summary(outcome)
    for record in records:
        if as_json:
            click.echo(json.dumps(record, ensure_ascii=False))
        elif record["record"] in ("total", "half", "edit", "false_accept", "unread"):
            click.echo(_line(record))
    rate = len(asked) / max(outcome.seconds["queries"], 1e-9)
    note(f"{rate:.1f} queries a second · next: optout compare FIRST SECOND")


def _asked(
    references: Path, files: list[Path], queries: Path | None, truth: Path | None, seed: int
) -> tuple[list[Query], set[tuple[str, str]]]:
    """The queries and the truth: the user's own, or made by the edit suite."""
    from optout.vision.evaluate import folder_queries, read_truth, suite_queries

    if (queries is None) != (truth is None):
        raise VisionError("--queries and --truth go together", "name both, or neither")
    if queries is None or truth is None:
        return suite_queries(references, files, seed=seed)
    return folder_queries(queries), read_truth(truth)


def _progress(what: str, done: int, total: int) -> None:
    if done % 500 == 0 or done == total:
        note(f"{what}: {done:,} of {total:,}")


def _line(record: dict[str, Any]) -> str:
    if record["record"] == "unread":
        return f"not looked at: {record['name']} ({record['reason']})"
    if record["record"] == "false_accept":
        return f"wrongly accepted: {record['query']} as {record['reference']}"
    name = f"{record['record']} {record['name']}".strip()
    return (
        f"{name}: found {record['recall']:.1%} of {record['queries']:,} · "
        f"{record['false_accepts']} wrong in {record['wrong_pairs']:,} pairs "
        f"(at most {record['false_rate_95']:.2g} of such pairs, 95 %)"
    )

"""`optout similar`: search published vectors for pictures or texts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from optout.case import Case, find_case, load_case
from optout.commands.models import model_options, note_unreadable, shard_progress, the_model
from optout.commands.options import (
    case_option,
    json_option,
    note,
    plural,
    print_json,
    printable,
    wrote,
)
from optout.errors import CaseError, EmbeddingError

if TYPE_CHECKING:
    from optout.embeddings.asked import Asked
    from optout.embeddings.models import Model
    from optout.embeddings.shards import NotSearched
    from optout.embeddings.similar import Similar

_SHOWN = 20  # rows of each picture on the screen; --json prints all
_REASONS = 10


@click.command("similar")
@click.argument("images", nargs=-1, type=click.Path(path_type=Path), metavar="[IMAGE]...")
@case_option
@click.option(
    "--shards",
    "specs",
    multiple=True,
    metavar="DIR",
    help="Folder of vectors (img_emb_….npy); NAME=DIR says of which data set. Repeat for more.",
)
@click.option("--service", metavar="URL", help="A clip-retrieval back end in place of --shards.")
@click.option("--index", default="", metavar="NAME", help="The index it is asked for.")
@model_options
@click.option("--threshold", type=click.FloatRange(-1, 1), help="Lowest similarity listed.")
@click.option("--most", type=click.IntRange(1, 100_000), default=1000, show_default=True,
              help="Rows listed for each picture.")  # fmt: skip
@click.option("--approximate", is_flag=True,
              help="Ask a folder's faiss index even where its vectors are there.")  # fmt: skip
@click.option("--whole-only", is_flag=True, help="Search for whole pictures, for no parts.")
@click.option("--text", "sought", multiple=True, help="Search for pictures that fit a text.")
@click.option("--caption", help="Only list the rows whose text holds these words; no model.")
@json_option
def command(
    images: tuple[Path, ...],
    case_folder: Path | None,
    specs: tuple[str, ...],
    service: str | None,
    index: str,
    name: str | None,
    weights: str,
    sscd: Path | None,
    device: str,
    threshold: float | None,
    most: int,
    approximate: bool,
    whole_only: bool,
    sought: tuple[str, ...],
    caption: str | None,
    as_json: bool,
) -> None:
    """List the rows of published vectors that a model finds similar to your pictures.

    Without IMAGE it looks for the pictures that the case keeps, and keeps the rows in the case.
    Similar is not the same: the motif or manner alone can be enough. With --json one row per line,
    among others: dataset, edition, dataset_file, dataset_row, url, query, view, model_similarity,
    threshold, model, weights_sha256, model_said_by.

    \b
    Example:
      optout similar --shards laion400m=embeddings/ --model ViT-B-32-quickgelu --weights b32.pt
    """
    if bool(specs) == bool(service):
        raise EmbeddingError("name what to search: a folder of vectors", "--shards DIR")
    if caption is not None:
        _captions(specs, caption, most, as_json)
        return
    from optout.embeddings.knn_service import ask_service
    from optout.embeddings.similar import find_similar
    from optout.embeddings.stored import folder_of, write_similar
    from optout.embeddings.thresholds import threshold_for

    case = _case(case_folder, needed=not images and not sought)
    model = the_model(name, weights, sscd, device)
    asked = _asked(model, case, images, sought, whole_only)
    usual = threshold_for(model.identity)
    least = threshold if threshold is not None else (sought and usual.text) or usual.image
    case_id = case.case_id if case else ""
    if service:
        found = ask_service(
            service, index, asked, model.identity, threshold=least, most=most, case_id=case_id
        )
    else:
        found = find_similar(
            specs,
            asked,
            model.identity,
            threshold=least,
            most=most,
            case_id=case_id,
            by_index="always" if approximate else "if needed",
            kept_in=folder_of(case) / "searched" if case else None,
            device=device,
            progress=shard_progress(),
        )
    _print(found, as_json)
    _notes(found.summary, usual.says)
    if case and not sought:
        wrote(write_similar(case, found), "optout lineage")


def _case(folder: Path | None, *, needed: bool) -> Case | None:
    try:
        return load_case(find_case(folder))
    except CaseError:
        if needed or folder:
            raise
        return None


def _asked(
    model: Model, case: Case | None, images: Sequence[Path], sought: Sequence[str], whole_only: bool
) -> Asked:
    from optout.embeddings.asked import case_pictures, files, pictures, texts

    if sought:
        if images:
            raise EmbeddingError("a text and pictures at once", "search for one, then the other")
        return texts(model, sought)
    if images:
        return pictures(model, files(images), whole_only=whole_only)
    assert case
    return pictures(model, case_pictures(case), whole_only=whole_only)


def _captions(specs: Sequence[str], words: str, most: int, as_json: bool) -> None:
    from optout.embeddings.captions import find_captions
    from optout.embeddings.named import open_folders

    folders, left_out = open_folders(specs, None)
    rows, unread = find_captions(folders, words, most)
    if as_json:
        print_json(rows)
    else:
        for row in rows:
            click.echo(f"{_name(row)}  {_cut(row['caption'])}\n      {_cut(row['url'])}")
    _not_searched([*left_out, *unread])
    note(f"{plural(len(rows), 'row')} with these words; a text alone says little about a picture")


def _not_searched(files: Iterable[NotSearched]) -> None:
    for one in files:
        note(f"not searched: {printable(one.name)}: {printable(one.reason)}")


def _print(found: Similar, as_json: bool) -> None:
    if as_json:
        print_json(found.rows)
        return
    for subject in found.summary["subjects"]:
        rows = [row for row in found.rows if row["query"] == subject["query"]]
        more = " and more, not listed" if subject["more"] else ""
        click.echo(f"{printable(subject['query'])}: {plural(len(rows), 'similar row')}{more}")
        for row in rows[:_SHOWN]:
            view = "" if row["view"] in ("whole", "text") else f" ({row['view']})"
            click.echo(f"  {row['model_similarity']:.3f}  {_name(row)}{view}")
            click.echo(f"         {_cut(row['url'])}")
        if len(rows) > _SHOWN:
            click.echo(f"  and {len(rows) - _SHOWN:,} more: --json lists them all")


def _name(row: dict[str, Any]) -> str:
    edition = row["edition"] or row["dataset"]
    return printable(f"{edition} · {row['dataset_file']} row {row['dataset_row']}")


def _cut(text: str | None) -> str:
    return printable((text or "no address")[:200])


def _notes(summary: dict[str, Any], says: str) -> None:
    note_unreadable(summary["unreadable"])
    for one in (summary["not_searched"] + summary["metadata_problems"])[:_REASONS]:
        note(f"not searched: {printable(one['file'])}: {printable(one['reason'])}")
    for one in summary["damaged"][:_REASONS]:
        note(f"not compared: {printable(one['file'])} row {one['row']}: {one['reason']}")
    if summary["damaged_rows"] > _REASONS:
        note(f"  and {summary['damaged_rows'] - _REASONS:,} more rows")
    if summary["shards_without_model"]:
        shards = plural(summary["shards_without_model"], "shard")
        note(f"{shards} without a word about their model: taken to be {summary['model']}, as named")
    for one in summary["approximate"]:
        what = "its similarities are estimates too" if one["estimates"] else "similarities are not"
        note(f"{printable(one['file'])} is approximate: it may miss rows; {what}")
    rows = summary["rows_searched"]
    looked = "asked an index" if rows is None else f"searched {plural(rows, 'row')}"
    note(f"{looked} by {summary['model']} from a similarity of {summary['threshold']:g}: {says}")

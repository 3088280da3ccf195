"""`optout datasets`: which data sets are known, how to get their metadata, what to ask of them."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from optout.commands.options import json_option, note

if TYPE_CHECKING:
    from optout.datasets import DataSet, Edition


@click.command("datasets")
@click.argument("name", required=False)
@json_option
def command(name: str | None, as_json: bool) -> None:
    """List the known data sets of image links: what they are, how to get them, what can be asked.

    With a NAME: everything known of that one. With --json one object per line: name, what, rows,
    size, licence, gated, withdrawn, obtain, homepage, ask, crawl_from, crawl_until, source,
    checked, editions.

    \b
    Example:
      optout datasets relaion5b
    """
    from optout.datasets import find, known
    from optout.errors import DatasetError

    found = find(name) if name else None
    if name and not found:
        raise DatasetError(f"{name} is not a known data set", "see the list: optout datasets")
    chosen = [found[0]] if found else list(known())
    if as_json:
        for dataset in chosen:
            click.echo(json.dumps(_record(dataset), ensure_ascii=False))
    elif found:
        _print_one(found[0])
    else:
        _print_list(chosen)
    if not as_json:
        note("next: optout match --dataset FILE_OR_FOLDER")


def _record(dataset: DataSet) -> dict[str, Any]:
    record = asdict(dataset)
    for key in ("checked", "crawl_from", "crawl_until"):
        record[key] = record[key].isoformat() if record[key] else None
    for edition in record["editions"]:
        del edition["dataset"]
    return record


def _access(dataset: DataSet) -> str:
    if dataset.withdrawn:
        return "withdrawn"
    return "gated" if dataset.gated else "open"


def _print_list(datasets: list[DataSet]) -> None:
    for dataset in datasets:
        facts = (_access(dataset), dataset.rows and f"{dataset.rows} rows", dataset.size)
        click.echo(" · ".join([dataset.name, *filter(None, [*facts, dataset.licence])]))
        click.echo(f"    {dataset.what}")
        click.echo(f"    ask for: {', '.join(dataset.ask)}")
        click.echo(f"    obtain: {dataset.obtain}")


def _search(edition: Edition) -> str:
    """The command that searches an edition where it lies."""
    return f"optout match --dataset '{edition.dataset}:{edition.name}={edition.url}'"


def _print_one(dataset: DataSet) -> None:
    from optout.remote import is_remote

    lines = [
        ("name", dataset.name),
        ("what", dataset.what),
        ("rows", dataset.rows),
        ("size", dataset.size),
        ("licence", dataset.licence),
        ("access", _access(dataset)),
        ("obtain", dataset.obtain),
        ("ask for", ", ".join(dataset.ask)),
        ("homepage", dataset.homepage),
        ("source", f"{dataset.source} (gone over {dataset.checked.isoformat()})"),
        *(("edition", edition.name) for edition in dataset.editions),
        *(("search", _search(edition)) for edition in dataset.editions if is_remote(edition.url)),
    ]
    for label, text in lines:
        if text:
            click.echo(f"{label:<9} {text}")

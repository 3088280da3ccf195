"""summary.json of a case's matches → what was searched: data sets, files, rows, and what was not.

The file is written by `optout match`; a key that it lacks counts as nothing.
"""

from __future__ import annotations

import json
from typing import Any

from optout.case import Case
from optout.errors import CaseError
from optout.report.findings import Row, Searched, SearchedFile

_EXAMPLES = 10


def searched(case: Case) -> Searched | None:
    """What the last match read; None before the first. Raises CaseError for a damaged file."""
    path = case.matches / "summary.json"
    if not path.is_file():
        return None
    try:
        summary = json.loads(path.read_text("utf-8"))
        return _searched(summary)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise CaseError(
            f"{path} cannot be read: {error}", "search again: optout match --dataset FILE"
        ) from error


def _searched(summary: Row) -> Searched:
    datasets = summary.get("datasets", [])
    return Searched(
        files=tuple(_file(dataset, file) for dataset in datasets for file in dataset["files"]),
        skipped_rows=tuple(
            _texts(row, "file", "row", "value")
            for dataset in datasets
            for row in dataset.get("skipped_examples", [])[:_EXAMPLES]
        ),
        left_out_hosts=tuple(
            _texts(one, "host", "advice") for one in summary.get("not_searched", [])
        ),
        too_common=tuple(
            _texts(one, "text") | {"rows": _count(one.get("rows"))}
            for one in summary.get("too_common", [])[:_EXAMPLES]
        ),
        too_common_total=len(summary.get("too_common", [])),
        images=int(summary.get("images", 0)),
        works=int(summary.get("works", 0)),
    )


def _texts(entry: Row, *keys: str) -> Row:
    return {key: str(entry.get(key, "")) for key in keys}


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) else None


def _file(dataset: Row, file: dict[str, Any]) -> SearchedFile:
    return SearchedFile(
        dataset=str(dataset.get("dataset", "")),
        edition=str(dataset.get("edition", "")),
        file=str(file.get("file", "")),
        rows=int(file.get("rows", 0)),
        skipped=int(file.get("skipped", 0)),
        without_url=int(file.get("null_urls", 0)),
    )

"""The ledger → one HTML page that works offline, in the style of the report."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from functools import cache
from importlib import resources
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crawler.whole import write_whole
from optout import __version__
from optout.case import Case, read_summary
from optout.ledger.export import run_hashes
from optout.ledger.read import groups, open_ledger

if TYPE_CHECKING:
    from jinja2 import Environment

Row = dict[str, Any]

MOST_GROUPS = 300  # shown of one host; the rest is counted
MOST_PERIODS = 40  # shown of one signal
MOST_LINES = 40  # of one text, or of one difference
_MOST_COMPARED = 5_000  # lines; comparing longer texts takes too long


def write_page(case: Case, path: Path) -> None:
    """Write the page to `path`, beside and renamed. Raises CaseError when a file is damaged."""
    write_whole(path, page(case))


def page(case: Case) -> str:
    """The text of the page. The same observations give the same text."""
    from markupsafe import Markup

    with open_ledger(case) as connection:
        hosts = list(_hosts(groups(connection)))
    style = "".join(
        resources.files(package).joinpath(f"templates/{name}").read_text("utf-8")
        for package, name in (("optout.report", "report.css"), (__package__, "ledger.css"))
    )
    return (
        _environment()
        .get_template("ledger.html.j2")
        .render(
            who=", ".join(case.names) or case.case_id,
            case_id=case.case_id,
            as_of=case.as_of(),
            runs=list(_runs(case)),
            live=[host for host in hosts if not host["archived"]],
            archived=[host for host in hosts if host["archived"]],
            version=__version__,
            style=Markup(style),  # noqa: S704 (our own files)
        )
    )


def _runs(case: Case) -> Iterator[Row]:
    hashes = run_hashes(case)
    for run in case.runs():
        summary = read_summary(run)
        run_id = run.name.removeprefix("run=")
        yield {
            "run_id": run_id,
            "source": str(summary.get("source", "")),
            "finished_at": str(summary["finished_at"]),
            "sha256": hashes[run_id],
        }


def _hosts(found: Iterator[Row]) -> Iterator[Row]:
    for (archived, origin), rows in groupby(found, lambda row: (row["archived"], row["origin"])):
        told: list[Row] = []
        more = 0
        for row in rows:
            if len(told) < MOST_GROUPS:
                told.append(_group(row))
            else:
                more += 1
        yield {"archived": archived, "origin": origin, "groups": told, "more": more}


def _group(row: Row) -> Row:
    """A group with its history in words: each period's text, or how it differs from the last."""
    by_number = {period["number"]: period for period in row["periods"]}
    told: list[Row] = []
    for period in row["periods"][:MOST_PERIODS]:
        before = by_number.get(period["changed_from"])
        known = period["state"] != "unknown"
        same = known and before is None and any(p["state"] != "unknown" for p in told)
        old, new = _lines(before), [] if same else _lines(period)
        lines = list(_difference(old, new)) if old and new else [(" ", line) for line in new]
        shown = {"lines": lines[:MOST_LINES], "more": len(lines) - MOST_LINES}
        told.append(period | shown | {"before": before, "same": same})
    left_out = len(row["periods"]) - len(told)
    return row | {"history": told, "left_out": left_out, "now": row["periods"][-1]}


def _lines(period: Row | None) -> list[str]:
    raw = period["raw"] if period else None
    return raw.decode("utf-8", "replace").splitlines() if raw else []


def _difference(old: list[str], new: list[str]) -> Iterator[tuple[str, str]]:
    """(sign, line): "-" for a line that went, "+" for one that came."""
    if max(len(old), len(new)) > _MOST_COMPARED:
        yield ("+", f"({len(new)} lines in place of {len(old)})")
        return
    for line in list(difflib.unified_diff(old, new, n=0, lineterm=""))[2:]:
        if not line.startswith("@@"):
            yield line[0], line[1:]


@cache
def _environment() -> Environment:
    from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    from optout.report.render import cut, day, moment, number, plural, visible

    def shown(value: Any) -> Any:
        if isinstance(value, Markup) or not isinstance(value, str):
            return "" if value is None else value
        return visible(value)

    environment = Environment(
        loader=ChoiceLoader([PackageLoader("optout.ledger"), PackageLoader("optout.report")]),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=shown,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(cut=cut, number=number, moment=moment, day=day)
    environment.globals.update(plural=plural)
    return environment

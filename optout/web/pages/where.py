"""Step 2: sites, accounts, further hosts, pictures on this computer, and data sets to search."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from starlette.responses import Response

from optout.case import Account, Case
from optout.errors import CaseError
from optout.web import engine, words
from optout.web.ask import Ask, go, page
from optout.web.forms import PROBLEMS, edited, lines, problem

_BLANK_ACCOUNTS = 2  # rows to fill in without a script
_PARTS = ("platform", "name", "host", "id")


def show(ask: Ask) -> Response:
    """The form, filled with what is known."""
    if not ask.has_case():
        return go("/who")
    return _form(ask, _values(ask.case()))


def save(ask: Ask) -> Response:
    """Change the tables [where] and [datasets]."""
    from optout.editing import account_entry, declared_hosts

    values = _typed(ask)
    try:
        sites = engine.sites(lines(values["sites"]))
        accounts = [Account(**entry) for entry in values["accounts"] if any(entry.values())]
        if not sites and not accounts and not lines(values["hosts"]) and not _has_pictures(ask):
            raise CaseError(words.text("where.nothing"), words.text("where.nothing_hint"))
        datasets = lines(values["datasets"])
        engine.check_datasets(datasets)
        where = {
            "sites": sites,
            "hosts": declared_hosts(lines(values["hosts"])),
            "accounts": [account_entry(account) for account in accounts],
        }
        edited(ask, {"where": where, "datasets": {"search": datasets}})
    except PROBLEMS as error:
        return _form(ask, values, error=error)
    return go("/check")


def add(ask: Ask) -> Response:
    """Record a list of addresses or a folder of pictures."""
    case, path = ask.case(), ask.one("path").strip()
    if ask.one("count") != str(len(_lists(case))):
        return go("/where#pictures")  # sent again: these have been added
    try:
        if not path:
            raise CaseError(words.text("where.no_path"), words.text("where.no_path_hint"))
        engine.add_pictures(case, Path.home() / path[2:] if path[:2] == "~/" else Path(path))
    except PROBLEMS as error:
        return _form(ask, _values(case) | {"path": path}, error=error)
    return go("/where#pictures")


def _has_pictures(ask: Ask) -> bool:
    return bool(ask.case().runs())


def _values(case: Case) -> dict[str, Any]:
    from optout.editing import host_line

    return {
        "sites": "\n".join(case.sites),
        "hosts": "\n".join(map(host_line, case.hosts)),
        "accounts": [{part: getattr(one, part) for part in _PARTS} for one in case.accounts],
        "datasets": "\n".join(case.datasets),
        "path": "",
    }


def _typed(ask: Ask) -> dict[str, Any]:
    columns = [ask.all(f"account_{part}") for part in _PARTS]
    rows = zip(*columns, strict=False)
    accounts = [dict(zip(_PARTS, map(str.strip, row), strict=True)) for row in rows]
    kept = [entry for entry in accounts if any(entry[part] for part in _PARTS[1:])]
    texts = {name: ask.one(name) for name in ("sites", "hosts", "datasets")}
    return texts | {"accounts": kept, "path": ""}


def _form(ask: Ask, values: dict[str, Any], *, error: Exception | None = None) -> Response:
    from optout.accounts import platforms
    from optout.datasets import known
    from optout.editing import digest

    blank = dict.fromkeys(_PARTS, "")
    rows = [*values["accounts"], *[blank] * _BLANK_ACCOUNTS]
    return page(
        ask,
        "where",
        step="where",
        status=422 if error else 200,
        values=values | {"accounts": rows},
        seen=digest(ask.case()),
        platforms=platforms(),
        published=[dataset for dataset in known() if not dataset.withdrawn],
        lists=_lists(ask.case()),
        error=error and problem(error),
    )


def _lists(case: Case) -> list[dict[str, Any]]:
    """Lists and folders that were brought into the case."""
    from optout.case import read_summary

    summaries = (read_summary(run) for run in case.runs())
    return [
        {"name": one.get("list", ""), "images": one.get("rows", {}).get("images", 0)}
        for one in summaries
        if one.get("source") == "list"
    ]

"""A Plan → all files of the folder: those to put in place, README.txt, overview.html, the table."""

from __future__ import annotations

import json
from dataclasses import asdict
from importlib import resources
from typing import Any

from markupsafe import Markup

from optout.protect.plan import HostPlan, Plan, advice, platforms
from optout.protect.reservation import headers
from optout.protect.texts import page, text


def all_files(plan: Plan) -> dict[str, bytes]:
    """Path below the folder → bytes, in alphabetical order."""
    files = plan.files | {
        "README.txt": _readme(plan).encode(),
        "overview.html": _overview(plan).encode(),
        "overview.jsonl": "".join(f"{line}\n" for line in effect_lines(plan)).encode(),
    }
    return dict(sorted(files.items()))


def effect_lines(plan: Plan) -> list[str]:
    """The before/after table, one JSON object per host and reader: names that stay."""
    return [
        json.dumps(
            {
                "host": e.place,
                "mine": e.mine,
                "reader": e.reader,
                "operator": e.operator,
                "purpose": e.purpose,
                "search": e.searches,
                "before": asdict(e.before),
                "after": asdict(e.after),
                "basis": e.basis,
                "source": e.source,
            },
            ensure_ascii=False,
        )
        for e in plan.effects
    ]


def _readme(plan: Plan) -> str:
    hosts = [_with_names(one, plan) for one in plan.hosts]
    rows = [{"switch": "", "impossible": "", **row} for row in plan.builders]
    return text(
        "README.txt.j2",
        plan={
            "as_of": plan.as_of,
            "hosts": hosts,
            "others": plan.others,
            "servers": plan.servers,
            "needs_headers": plan.needs_headers,
            "builders": rows,
        },
        headers=headers(),
        platforms=platforms(),
        advice=advice(),
    )


def _with_names(one: HostPlan, plan: Plan) -> dict[str, Any]:
    start = f"{one.folder}/"
    return {
        "host": one.host,
        "folder": one.folder,
        "names": [name[len(start) :] for name in plan.files if name.startswith(start)],
        "robots_changes": one.robots_changes,
        "robots_problem": one.robots_problem,
        "robots_hint": one.robots_hint,
        "needs_headers": one.needs_headers,
        "answered": one.answered,
        "lacking": one.lacking,
    }


def _overview(plan: Plan) -> str:
    style = (resources.files("optout.report") / "templates/report.css").read_text("utf-8")
    rows = tuple({"switch": "", "impossible": "", **row} for row in plan.builders)
    return page(
        "overview.html.j2",
        plan={
            "as_of": plan.as_of,
            "hosts": plan.hosts,
            "others": plan.others,
            "builders": rows,
            "gatherers": plan.gatherers,
            "searchers": plan.searchers,
        },
        advice=advice(),
        style=Markup(style),  # noqa: S704 – our own file
    )

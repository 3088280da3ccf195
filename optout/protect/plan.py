"""A situation → the files to put in place, why each is needed, and what they change for whom."""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from optout.errors import ProtectError
from optout.protect.agents import asked_to_stay_away
from optout.protect.effect import Effect, effects, lacking_headers
from optout.protect.reservation import Server, headers, table
from optout.protect.robots import merge
from optout.protect.situation import Host, Situation, folder_name
from optout.protect.texts import text

if TYPE_CHECKING:
    from datetime import datetime

Row = dict[str, Any]
_AGAIN = "yours stays as it is; when it answers 200 (or 404, for none), scan again: optout crawl"


@dataclass(frozen=True, slots=True)
class HostPlan:
    """What one host of the artist's needs."""

    host: Host
    folder: str
    robots_changes: tuple[str, ...]  # empty where robots.txt stays as it is
    robots_problem: str = ""  # why no robots.txt was made
    robots_hint: str = ""  # what to do about it
    answered: int = 0  # images whose answer was seen
    lacking: int = 0  # of these, how many lack a header line

    @property
    def needs_headers(self) -> bool:
        """An answer that was not seen may lack them."""
        return bool(self.lacking) or not self.answered


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything `optout protect` writes, by path below the folder."""

    as_of: datetime
    hosts: tuple[HostPlan, ...]
    others: tuple[Host, ...]  # with pictures of the artist's, or run by a service
    effects: tuple[Effect, ...]
    servers: tuple[Server, ...]
    files: dict[str, bytes] = field(repr=False)

    @property
    def needs_headers(self) -> bool:
        return any(plan.needs_headers for plan in self.hosts)

    @property
    def builders(self) -> tuple[Row, ...]:
        """Services behind the artist's hosts and pictures, each once."""
        found = [host.builder for host in (*(p.host for p in self.hosts), *self.others)]
        return tuple({row["name"]: row for row in found if row}.values())

    @property
    def searchers(self) -> tuple[Effect, ...]:
        return tuple(e for e in self.effects if e.searches)

    @property
    def gatherers(self) -> tuple[Effect, ...]:
        return tuple(e for e in self.effects if not e.searches)


def make_plan(found: Situation, as_of: datetime, used: tuple[Server, ...]) -> Plan:
    """The plan for all hosts the artist controls, with header rules for the servers of `used`.

    The same situation gives the same plan, byte for byte.
    """
    files: dict[str, bytes] = {}
    counts = lacking_headers(found)
    hosts = tuple(_host(host, counts.get(host.place, (0, 0)), files) for host in found.mine)
    if any(plan.needs_headers for plan in hosts):
        for server in used:
            body = text(server.template, headers=headers())
            files[f"headers/{server.headers}"] = body.encode()
    files["meta.html"] = text("meta.html.j2", robots=headers()[0].value).encode()
    changed = effects(found, {p.host.place: _below(files, p.folder) for p in hosts})
    others = tuple(
        # Pictures served there, as lint counts them; of a host that was not asked, those named.
        replace(host, images=counts.get(host.place, (host.images, 0))[0])
        for host in found.hosts
        if not host.mine and (host.images or host.builder)
    )
    return Plan(as_of, hosts, others, changed, used, dict(sorted(files.items())))


def _below(files: dict[str, bytes], folder: str) -> dict[str, bytes]:
    """Files of a folder by their path in it."""
    start = f"{folder}/"
    return {name[len(start) :]: body for name, body in files.items() if name.startswith(start)}


def _host(host: Host, counts: tuple[int, int], files: dict[str, bytes]) -> HostPlan:
    folder = folder_name(host.place)
    answered, lacking = counts
    for name, body in _site_files(host):
        files[f"{folder}/{name}"] = body
    if not host.known:
        problem = f"robots.txt is not known: {host.robots}"
        return HostPlan(host, folder, (), problem, _AGAIN, answered, lacking)
    licence = "" if "rsl" in host.files else f"{host.origin}/license.xml"
    try:
        merged = merge(host.robots_body, asked_to_stay_away(), licence=licence)
    except ProtectError as error:  # of this host; the rest of the plan is worth having
        return HostPlan(host, folder, (), error.message, error.hint, answered, lacking)
    if merged.changes:
        files[f"{folder}/robots.txt"] = merged.body
    return HostPlan(host, folder, merged.changes, "", "", answered, lacking)


def _site_files(host: Host) -> list[tuple[str, bytes]]:
    """Files of their own, except those that are there already."""
    tdmrep = json.dumps([{"location": "/", "tdm-reservation": 1}], indent=2) + "\n"
    made = [
        ("tdmrep.json", ".well-known/tdmrep.json", tdmrep.encode()),
        ("ai.txt", "ai.txt", text("ai.txt.j2").encode()),
        ("rsl", "license.xml", text("license.xml.j2", usages=table()["rsl"]["usages"]).encode()),
    ]
    return [(name, body) for kind, name, body in made if kind not in host.files]


@cache
def advice() -> tuple[Row, ...]:
    """What else artists ask about, with limits and sources."""
    return _rows("advice.toml")


@cache
def platforms() -> tuple[Row, ...]:
    """Where a tag inside a picture gets lost."""
    return _rows("platforms.toml")


def _rows(name: str) -> tuple[Row, ...]:
    content = (resources.files(__package__) / name).read_text("utf-8")
    return tuple(tomllib.loads(content).values())

"""An origin → the files beside robots.txt to ask it for; what names a document → its address."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crawler.link_headers import read_links
from crawler.policy import MAX_URL_LENGTH
from crawler.signals.robots_txt import RobotsTxt
from crawler.tasks import Task
from crawler.urls import origin, resolve

_TABLE: dict[str, Any] = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
_NAMED: dict[str, dict[str, Any]] = {one["kind"]: one for one in _TABLE["named"]}

Named = tuple[str, str]  # a kind of site_files.toml, an address


@dataclass(slots=True)
class SiteFile(Task):
    """A file beside robots.txt."""

    file: str = ""  # its kind in site_files.toml
    cap: int = 0  # bytes read of it


@dataclass(slots=True)
class Asked:
    """Which of these files a run has asked for; each address once."""

    urls: set[str] = field(default_factory=set)
    _places: set[str] = field(default_factory=set)
    _counts: Counter[tuple[str, str]] = field(default_factory=Counter)

    def holds(self, place: str) -> bool:
        """Whether an origin was asked for its files."""
        return place in self._places

    def files_of(self, place: str) -> list[SiteFile]:
        """The files of an origin that were not asked for yet."""
        self._places.add(place)
        found = []
        for one in _TABLE["file"]:
            for url in (place + path for path in one["paths"]):
                if url not in self.urls:
                    self.urls.add(url)
                    found.append(_task(one, url, None))
        return found

    def named(self, kind: str, url: str, found_on: str) -> SiteFile | str | None:
        """A document that `found_on` names; in words why it is not asked for; None when known."""
        if url in self.urls or len(url) > MAX_URL_LENGTH:
            return None
        self.urls.add(url)
        counted = origin(found_on), kind
        self._counts[counted] += 1
        most = _NAMED[kind]["most"]
        if self._counts[counted] > most:
            return f"more than {most} documents of the kind {kind} named by one origin"
        return _task(_NAMED[kind], url, found_on)


def named_in_robots(url: str, rules: RobotsTxt) -> list[Named]:
    """Documents that the lines of a robots.txt name; `url` is its address."""
    kinds = {one["robots_key"]: kind for kind, one in _NAMED.items()}
    lines = ((kinds[line.key], line.value) for line in rules.lines if line.key in kinds)
    return _resolved(url, lines)


def named_in_hops(hops: Iterable[dict[str, Any]]) -> list[Named]:
    """Documents that the Link headers of a chain name."""
    found: list[Named] = []
    for hop in hops:
        lines = [line["value"] for line in hop["headers"] if line["name"] == "link"]
        for link in read_links(lines) if lines else ():
            kind = _kind(link.rels, link.parameters.get("type"))
            found += _resolved(hop["hop_url"], [(kind, link.address)] if kind else [])
    return found


def named_in_elements(base: str, elements: Iterable[dict[str, Any]]) -> list[Named]:
    """Documents that link elements name; rows of the relation `elements`."""
    links = (row for row in elements if row["tag"] == "link")
    named = ((_kind((row["name"],), row["type"]), row["content"]) for row in links)
    return _resolved(base, ((kind, written) for kind, written in named if kind))


def _kind(rels: Iterable[str], media_type: str | None) -> str | None:
    plain = (media_type or "").partition(";")[0].strip().lower()
    kinds = (kind for kind, one in _NAMED.items() if one["rel"] in rels and one["type"] == plain)
    return next(kinds, None)


def _resolved(base: str, named: Iterable[tuple[str, str]]) -> list[Named]:
    found = ((kind, resolve(base, written)) for kind, written in named if written)
    return list(dict.fromkeys((kind, url) for kind, url in found if url))


def _task(one: dict[str, Any], url: str, found_on: str | None) -> SiteFile:
    return SiteFile(
        "origin_file", url, url, found_on=found_on, file=one["kind"], cap=one["max_bytes"]
    )

"""An origin, or documents that something names → the texts they answer, under the fetch policy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from crawler import html
from crawler.page_signals import signal_elements
from crawler.policy import Reach
from crawler.prose import prose_rows
from crawler.site_files import (
    Asked,
    Named,
    SiteFile,
    named_in_elements,
    named_in_hops,
    named_in_robots,
)
from optout.fetch import Obey, fetch
from optout.fetched import Fetched
from optout.readers import verdicts
from optout.readers.served import TextFile, text_file


@dataclass(frozen=True, slots=True)
class SiteText:
    """A file that was there: its kind in crawler/site_files.toml, its address, its lines."""

    kind: str
    url: str
    lines: tuple[str, ...]
    file: TextFile  # as readers take it


class SiteTexts:
    """The files beside robots.txt met so far; each address is asked for once."""

    def __init__(self, reach: Reach, obey: Obey) -> None:
        self._reach, self._obey, self._asked = reach, obey, Asked()
        self._of: dict[str, list[SiteText]] = {}
        self._named: dict[str, list[SiteText]] = {}

    def of(self, place: str) -> list[SiteText]:
        """Those of an origin, in the order of the table."""
        if place not in self._of:
            self._of[place] = list(self._fetched(self._asked.files_of(place)))
        return self._of[place]

    def named(self, found_on: str, names: Iterable[Named]) -> Iterator[SiteText]:
        """Documents that `found_on` names."""
        for kind, url in names:
            if url not in self._named:
                task = self._asked.named(kind, url, found_on)
                tasks = [task] if isinstance(task, SiteFile) else []
                self._named[url] = list(self._fetched(tasks))
            yield from self._named[url]

    def _fetched(self, tasks: Iterable[SiteFile]) -> Iterator[SiteText]:
        for task in tasks:
            got = fetch(task.url, self._reach, obey=self._obey, max_bytes=task.cap)
            if got.outcome == "fetched" and got.status == 200 and got.body and not _is_page(got):
                text = got.body.decode("utf-8-sig", "replace")
                lines = tuple(text.splitlines())
                yield SiteText(task.file, got.final_url, lines, _text_file(task, got))


@dataclass(frozen=True, slots=True)
class Links:
    """Links of a page that name a licence: rows of the relation `elements`, and what they name;
    rows of `prose`."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    named: list[Named] = field(default_factory=list)
    prose: list[dict[str, Any]] = field(default_factory=list)


def links_of(got: Fetched) -> Links:
    """The licence links and terms of what was fetched; none where it is no page."""
    kind = got.hops[-1].value("content-type") if got.hops else None
    if not got.body or html.is_binary(got.body) or (kind and "html" not in kind.lower()):
        return Links()
    root = html.parse(got.body, kind)
    if root is None:
        return Links()
    rows = signal_elements(root, got.final_url, got.observed_at.isoformat())
    rows = [row for row in rows if row["name"] == "license"]
    prose = prose_rows(root, got.final_url, got.observed_at.isoformat())
    return Links(rows, named_in_elements(html.base_of(root, got.final_url), rows), prose)


def named_by(
    got: Fetched, files: Iterable[verdicts.SiteFile], links: Links
) -> Iterator[tuple[str, list[Named]]]:
    """What names documents (robots.txt, Link headers, the page), and the documents."""
    for file in files:
        if file.rules is not None:
            yield file.url, named_in_robots(file.url, file.rules)
    for hop in got.hops:
        lines = [{"name": name.lower(), "value": value} for name, value in hop.headers]
        yield hop.url, named_in_hops([{"hop_url": hop.url, "headers": lines}])
    yield got.final_url, links.named


def _text_file(task: SiteFile, got: Fetched) -> TextFile:
    return text_file(
        task.file,
        task.url,
        outcome=got.outcome,
        status=got.status,
        body=got.body,
        content_type=got.hops[-1].value("content-type"),
        observed_at=got.observed_at,
    )


def _is_page(got: Fetched) -> bool:
    """Many servers answer whatever is asked for with a page; that says nothing."""
    kind = got.hops[-1].value("content-type") if got.hops else None
    return "html" in (kind or "").lower()

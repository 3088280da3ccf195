"""Members → a finished run in each case; some at a time, one host never asked by two of them.

Each crawl is a process of its own, so that what ends one of them ends no other. They share a gate
(crawler/gate.py), by which a host is asked by one at a time and at one pace. Finished members are
passed over until a new round is begun.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from crawler.whole import write_whole
from optout.case import read_summary
from optout.errors import OptoutError
from optout.members.register import Member, Organisation

if TYPE_CHECKING:
    from crawler.job import CrawlOptions
    from optout.cluster import Cluster

GATE, ROUND = ".gate", "round.json"
_LAST_WORDS = 2000  # bytes of what a crashed crawl said
_PATIENCE = 60.0  # seconds for a crawl to put its journal away when all is stopped
_LINE = 2**20


@dataclass(frozen=True, slots=True)
class Crawled:
    """What became of one member's crawl."""

    number: str
    outcome: str  # crawled, unread (no page could be read), done_before, no_site, stopped, failed
    pages: int = 0
    images: int = 0
    reason: str = ""


# Called with each member that is done: how many are, of how many, and what became of it.
Tell = Callable[[int, int, Crawled], None]


def crawl_members(
    organisation: Organisation,
    members: Sequence[Member],
    options: CrawlOptions,
    *,
    at_once: int = 4,
    again: bool = False,
    whole: bool = True,
    tell: Tell = lambda done, of, crawled: None,
    cluster: Cluster | None = None,
) -> list[Crawled]:
    """Crawl the sites of `members`, in their order; what was left out is in the result too.

    `again` begins a new round (with `whole`: of all members) and crawls finished ones once more.
    With a `cluster` the crawls are spread over its workers.
    Raises OSError when the folder cannot be written, ClusterError when machines do not share it.
    """
    since = _round(organisation, new=again and whole)
    results: dict[str, Crawled] = {}
    waiting = []
    for member in members:
        sites = sites_of(organisation, member)
        if not sites:
            results[member.number] = Crawled(member.number, "no_site")
        elif not (again and not whole) and finished_run(organisation, member, since, sites):
            results[member.number] = Crawled(member.number, "done_before")
        else:
            waiting.append(_Waiting(member, _hosts(sites)))

    def heard(crawled: Crawled) -> None:
        results[crawled.number] = crawled
        tell(len(results), len(members), crawled)

    start: Crawls = Starter(organisation, options, new_run=again)
    if cluster:
        from optout.cluster.crawling import RayCrawls

        start = RayCrawls(cluster, organisation, options, new_run=again, at_once=at_once)
    asyncio.run(_all(waiting, start, at_once, heard))
    return [results[m.number] for m in members if m.number in results]


class Crawls(Protocol):
    """Where crawls run: on this machine, or elsewhere."""

    async def crawl(self, member: Member) -> Crawled:
        """Run one member's crawl to its end; cancelled, it is stopped and can go on later."""


def _round(organisation: Organisation, *, new: bool) -> str:
    """The id that runs of this round do not lie before; a round is kept until a new one begins."""
    path = organisation.folder / ROUND
    if not new:
        with suppress(OSError, ValueError, KeyError, TypeError):
            return str(json.loads(path.read_text("utf-8"))["since"])
    since = datetime.now(UTC).strftime("%Y-%m-%dT%H%M%SZ") if new else ""
    write_whole(path, json.dumps({"since": since}) + "\n")
    return since


def sites_of(organisation: Organisation, member: Member) -> list[str]:
    """The sites of the member's case: those of the members file, and what was added by hand."""
    from optout.crawling import site_address

    try:
        return [site_address(site) for site in organisation.case(member).sites]
    except OptoutError:
        return list(member.sites)  # the crawl itself says what is wrong


def finished_run(
    organisation: Organisation, member: Member, since: str, sites: list[str]
) -> dict[str, Any] | None:
    """The summary of a crawl of these sites that ended, did not begin before `since`, and read a
    page: a site that did not answer is asked again."""
    from crawler.run import partial_runs

    observations = organisation.case_folder(member) / "observations"
    if partial_runs(observations):
        return None
    try:
        summaries = [read_summary(run) for run in observations.glob("run=*")]
    except OptoutError:
        return None
    found = (
        s
        for s in summaries
        if s["source"] == "crawl"
        and s["run_id"] >= since
        and s.get("sites") == sites
        and s.get("pages_read")
    )
    return next(found, None)


def _hosts(sites: Sequence[str]) -> frozenset[str]:
    return frozenset((urlsplit(site).hostname or "").removeprefix("www.") for site in sites)


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A member whose crawl is still to be done, and the hosts of the sites."""

    member: Member
    hosts: frozenset[str]


async def _all(
    waiting: list[_Waiting], start: Crawls, at_once: int, heard: Callable[[Crawled], None]
) -> None:
    running: dict[asyncio.Task[Crawled], _Waiting] = {}
    try:
        while waiting or running:
            while len(running) < at_once:
                # Two on one site would only wait for each other at the gate.
                busy = {host for one in running.values() for host in one.hosts}
                free = next((one for one in waiting if not one.hosts & busy), None)
                if free is None:
                    break
                waiting.remove(free)
                running[asyncio.create_task(start.crawl(free.member))] = free
            done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                del running[task]
                heard(task.result())
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


class Starter:
    """Starts crawls under the same options and gate."""

    def __init__(self, organisation: Organisation, options: CrawlOptions, *, new_run: bool) -> None:
        self._organisation = organisation
        self._asked = {
            "gate": str((organisation.folder / GATE).resolve()),
            "options": asdict(options),
            "new_run": new_run,
        }

    async def crawl(self, member: Member) -> Crawled:
        """Run one member's crawl to its end; never raises for what goes wrong in it."""
        folder = self._organisation.case_folder(member).resolve()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "optout.members.crawl_one"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=_LINE,
            start_new_session=True,  # Ctrl-C reaches it once, by its stdin
        )
        try:
            last, words = await self._talk(process, {**self._asked, "case": str(folder)})
        finally:
            await _stopped(process)
        return _crawled(member, process.returncode or 0, last, words)

    async def _talk(
        self, process: asyncio.subprocess.Process, asked: dict[str, Any]
    ) -> tuple[dict[str, Any], str]:
        """The last message of a crawl, and the end of what it said on stderr."""
        assert process.stdin and process.stdout and process.stderr
        process.stdin.write(json.dumps(asked).encode() + b"\n")
        errors = asyncio.create_task(_tail(process.stderr))
        last: dict[str, Any] = {}
        async for line in process.stdout:
            with suppress(ValueError):
                last = json.loads(line)
        return last, await errors


async def _tail(stream: asyncio.StreamReader) -> str:
    kept = b""
    while part := await stream.read(_LAST_WORDS):
        kept = (kept + part)[-_LAST_WORDS:]
    return kept.decode("utf-8", "replace").strip()


async def _stopped(process: asyncio.subprocess.Process) -> None:
    """Wait for the end of a crawl that was told to end by its closed stdin."""
    if process.stdin is not None:
        process.stdin.close()
    try:
        await asyncio.wait_for(process.wait(), _PATIENCE)
    except TimeoutError:
        process.kill()
        await process.wait()


def _crawled(member: Member, code: int, last: dict[str, Any], words: str) -> Crawled:
    pages, images = last.get("pages", 0), last.get("images", 0)
    if last.get("run"):
        outcome = "crawled" if pages else "unread"
        return Crawled(member.number, outcome, pages, images, last.get("why", ""))
    if "problem" in last:
        return Crawled(member.number, "failed", pages, images, last["problem"])
    if "run" in last:
        return Crawled(member.number, "stopped", pages, images)
    said = words.splitlines()[-1] if words else f"it ended with code {code}"
    return Crawled(member.number, "failed", pages, images, f"the crawl broke off: {said}")

"""Members' crawls, each a task of Ray on some machine of the cluster.

Who may crawl at the same time is decided where the tasks are begun (optout/members/crawling.py):
members who share a host of their sites never do. What further hosts their pages name, such as one
for all pictures, is asked by one crawl at a time through the gate, a file in the organisation's
folder; so all machines must share that folder and its locks.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crawler.gate import Gate
from crawler.journal import JournalBusy, alone
from crawler.run import partial_runs
from optout import __version__
from optout.cluster.session import Cluster, asked_on_each
from optout.cluster.tasks import lost, refuse_other, remote
from optout.errors import ClusterError, OptoutError
from optout.members.crawling import GATE, Crawled, Starter, finished_run, sites_of
from optout.members.register import Member, Organisation

if TYPE_CHECKING:
    from crawler.job import CrawlOptions

_PATIENCE = 90.0  # seconds for the crawl of a lost worker to put its journal away
_PROBE = "a-host-that-nobody-asks.invalid"


@dataclass(frozen=True, slots=True)
class _Asked:
    organisation: Organisation
    options: CrawlOptions
    new_run: bool
    begun: str  # id that the runs of these crawls do not lie before
    version: str


class RayCrawls:
    """Starts crawls on the workers of a cluster; a lost one is begun again and goes on."""

    def __init__(
        self,
        cluster: Cluster,
        organisation: Organisation,
        options: CrawlOptions,
        *,
        new_run: bool,
        at_once: int,
    ) -> None:
        """Raises ClusterError when a machine does not share the locks of the folder."""
        shared = Organisation(organisation.folder.absolute())
        require_locks(cluster, shared.folder / GATE)
        begun = datetime.now(UTC).strftime("%Y-%m-%dT%H%M%SZ")
        self._asked = _Asked(shared, options, new_run, begun, __version__)
        # A crawl mostly waits.
        share = min(1.0, cluster.processors / at_once)
        self._task = remote(_crawl, num_cpus=share, scheduling_strategy="SPREAD")

    async def crawl(self, member: Member) -> Crawled:
        """Run one member's crawl to its end; never raises for what goes wrong in it."""
        import ray

        reference = self._task.remote(self._asked, member)
        try:
            crawled: Crawled = await asyncio.wrap_future(reference.future())
        except asyncio.CancelledError:
            ray.cancel(reference)
            raise
        except ray.exceptions.RayTaskError as error:
            if isinstance(error.cause, ClusterError):
                raise error.cause from None
            if isinstance(error.cause, OptoutError):
                return Crawled(member.number, "failed", reason=error.cause.message)
            raise
        except ray.exceptions.RayError as error:
            return Crawled(member.number, "failed", reason=lost(error).message)
        return crawled


def require_locks(cluster: Cluster, gate: Path) -> None:
    """Raises ClusterError naming a machine to which a lock held here does not count."""
    text = str(gate)

    def let_in() -> bool:
        from pathlib import Path as PathThere

        from crawler.gate import Gate as GateThere

        if not PathThere(text).exists():
            return True
        there = GateThere(PathThere(text))
        try:
            return there.enter(_PROBE)
        finally:
            there.close()

    here = Gate(gate)
    try:
        if not here.enter(_PROBE):
            return  # held by another optout, which has asked the same
        for machine, entered in sorted(asked_on_each(cluster, let_in).items()):
            if entered:
                raise ClusterError(
                    f"the machine {machine} does not share the locks of {gate.parent}",
                    "put the folder on a file system that all machines share, with locks (NFS 4)",
                )
    finally:
        here.leave(_PROBE, 0)
        here.close()


def _crawl(asked: _Asked, member: Member) -> Crawled:
    """In a worker: crawl one member, or go on where a lost worker stopped."""
    refuse_other(asked.version)
    observations = asked.organisation.case_folder(member) / "observations"
    _wait_for_end(observations)
    done = finished_run(
        asked.organisation, member, asked.begun, sites_of(asked.organisation, member)
    )
    if done:
        return _as_told(member, done)
    ours = any(run.name >= f".run={asked.begun}" for run in partial_runs(observations))
    starter = Starter(asked.organisation, asked.options, new_run=asked.new_run and not ours)
    return asyncio.run(starter.crawl(member))


def _wait_for_end(observations: Path) -> None:
    """The crawl of a worker that was lost stops by itself when it notices."""
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        try:
            with alone(observations):
                return
        except JournalBusy:
            time.sleep(0.5)


def _as_told(member: Member, summary: dict[str, Any]) -> Crawled:
    pages = summary["pages_read"]
    images = summary["outcomes"].get("images", {}).get("fetched", 0)
    return Crawled(member.number, "crawled", pages, images)

"""The origins of a list → their site files and image answers in the store, many hosts at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from optout.audit.asking import Asker, Place
from optout.audit.exchange import Wish
from optout.audit.needs import Needs
from optout.audit.site_files import SiteFiles
from optout.audit.store import Answer
from optout.audit.work import Work
from optout.fetched import Fetched
from optout.readers.subject import Hop

_GIVES_UP = 5  # failures in a row after which a host is not asked on
_COMMIT_SECONDS = 0.5
_COMMIT_ANSWERS = 2000


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the asking is."""

    hosts: int  # origins finished, those of an earlier attempt included
    of_hosts: int
    rows: int  # rows asked or known
    of_rows: int
    exchanges: int
    seconds: float  # since this attempt began
    before: int = 0  # rows that an earlier attempt had done

    def eta(self) -> float | None:
        """Seconds still to go at the pace so far; None while there is none.

        >>> Progress(1, 2, 50, 100, 60, 10.0).eta()
        10.0
        """
        done = self.rows - self.before
        if done <= 0 or self.seconds <= 0:
            return None
        return (self.of_rows - self.rows) * self.seconds / done


@dataclass(slots=True)
class _Site:
    """One origin's turn."""

    id: int
    origin: str
    host: Place
    addresses: Iterator[str]
    asked: set[str] = field(default_factory=set)  # under way, or not committed yet


class Asking:
    """One attempt to ask all that a list needs."""

    def __init__(
        self, work: Work, asker: Asker, needs: Needs, tell: Callable[[Progress], None]
    ) -> None:
        self._work = work
        self._asker = asker
        self._needs = needs
        self._tell = tell
        self._files = SiteFiles(asker, work.store, needs.files, work.started_at)
        self._answers: list[tuple[_Site, Answer]] = []
        self._finished: list[_Site] = []
        self._committed = self._begun = time.monotonic()
        self._of_hosts, self._hosts, self._rows = work.counts()
        self._before = self._rows

    async def run(self) -> None:
        """Ask. What was obtained is in the store, whatever ends this."""
        origins = self._work.origins()
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(self._asker.at_once):
                    group.create_task(self._origins(origins))
        finally:
            self._commit()
            await self._asker.close()

    async def _origins(self, origins: Iterator[tuple[int, str]]) -> None:
        for number, place in origins:
            async with self._asker.at(place) as host:
                site = _Site(number, place, host, self._work.addresses(number))
                await self._files.see_to(place)
                if self._needs.images:
                    await self._images(site)
            self._finished.append(site)
            self._commit_if_due()

    async def _images(self, site: _Site) -> None:
        first = next(site.addresses, None)
        if first is None:
            return
        await self._image(site, first)
        async with asyncio.TaskGroup() as group:
            for _ in range(self._asker.per_host):
                group.create_task(self._further(site))

    async def _further(self, site: _Site) -> None:
        for url in site.addresses:
            await self._image(site, url)

    async def _image(self, site: _Site, url: str) -> None:
        if url in site.asked:
            return
        site.asked.add(url)
        given_up = site.host.failures >= _GIVES_UP
        answer = self._given_up(site, url) if given_up else _answer(await self._ask(url))
        self._answers.append((site, answer))
        self._rows += 1
        self._commit_if_due()

    async def _ask(self, url: str) -> Fetched:
        obey = self._files.obey
        got = await self._asker.ask(url, Wish("HEAD", headers=self._needs.headers), obey)
        if got.outcome == "fetched" and got.status in self._needs.head_refused:
            return await self._asker.ask(url, Wish("GET", headers=self._needs.headers), obey)
        return got

    def _given_up(self, site: _Site, url: str) -> Answer:
        reason = f"{site.origin} failed {_GIVES_UP} times in a row and was not asked on"
        return Answer(url, self._asker.now(), f"{reason}: {site.host.trouble}", ())

    def _commit_if_due(self) -> None:
        due = time.monotonic() - self._committed > _COMMIT_SECONDS
        if due or len(self._answers) >= _COMMIT_ANSWERS:
            self._commit()

    def _commit(self) -> None:
        """Everything obtained so far, in one transaction; then say how far we are."""
        with self._work.transaction():
            self._work.store.keep_answers(answer for _, answer in self._answers)
            self._work.finished(site.id for site in self._finished)
        for site, answer in self._answers:
            site.asked.discard(answer.url)
        self._hosts += len(self._finished)
        if not self._needs.images:
            self._rows += sum(self._work.rows_at(site.id) for site in self._finished)
        self._answers.clear()
        self._finished.clear()
        self._committed = time.monotonic()
        self._tell(self._progress())

    def _progress(self) -> Progress:
        rows = min(self._rows, self._work.rows or 0)
        seconds = time.monotonic() - self._begun
        of_rows = self._work.rows or 0
        return Progress(
            self._hosts, self._of_hosts, rows, of_rows, self._asker.exchanges, seconds, self._before
        )


def _answer(got: Fetched) -> Answer:
    hops = tuple(Hop(hop.url, hop.status, hop.headers) for hop in got.hops)
    reason = "" if got.outcome in ("fetched", "too_large") else got.reason or got.outcome
    return Answer(got.url, got.observed_at, reason, hops)

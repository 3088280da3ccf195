"""Origins → their robots.txt and its like: from the store while fresh, else asked for once."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from crawler.urls import origin
from optout.audit.asking import Asker
from optout.audit.exchange import Wish
from optout.audit.freshness import HEADERS, UNREACHABLE, fresh_until
from optout.audit.needs import ROBOTS, FileKind
from optout.audit.store import Copy, Store
from optout.fetched import Fetched, FetchedHop
from optout.obeyed import keeps_out
from optout.readers.subject import SiteFile, site_file

_HELD_BYTES = 8 * 2**20  # of files kept parsed; what is made of them takes some times that
_HELD_FILES = 4096
_AGAIN = timedelta(minutes=10)  # until an unreachable file is tried again


class Parsed(Mapping[str, SiteFile]):
    """robots.txt by origin as the store has it, parsed; the ones used last stay at hand."""

    def __init__(self, store: Store, path: str = "/robots.txt") -> None:
        self._store = store
        self._path = path
        self._held: OrderedDict[str, SiteFile | None] = OrderedDict()
        self._bytes = 0

    def __getitem__(self, place: str) -> SiteFile:
        if place in self._held:
            self._held.move_to_end(place)
        else:
            copy = self._store.site_file(place + self._path)
            self._hold(place, as_site_file(copy) if copy else None)
        found = self._held[place]
        if found is None:
            raise KeyError(place)
        return found

    def put(self, place: str, file: SiteFile) -> None:
        """A file that was just obtained."""
        self.forget(place)
        self._hold(place, file)

    def forget(self, place: str) -> None:
        """Look it up again when it is next asked for."""
        self._bytes -= _size(self._held.pop(place, None))

    def __iter__(self) -> Iterator[str]:
        return iter(self._held)

    def __len__(self) -> int:
        return len(self._held)

    def _hold(self, place: str, file: SiteFile | None) -> None:
        self._held[place] = file
        self._bytes += _size(file)
        while len(self._held) > 1 and (self._bytes > _HELD_BYTES or len(self._held) > _HELD_FILES):
            self._bytes -= _size(self._held.popitem(last=False)[1])


def _size(file: SiteFile | None) -> int:
    return len(file.body or b"") if file else 0


class SiteFiles:
    """The site files of every origin that an audit meets; each asked for once."""

    def __init__(
        self, asker: Asker, store: Store, kinds: tuple[FileKind, ...], started_at: datetime
    ) -> None:
        self._asker = asker
        self._store = store
        self._kinds = kinds
        self._started_at = started_at
        self._robots = Parsed(store)
        self._known: OrderedDict[str, None] = OrderedDict()  # origins seen to lately
        self._under_way: dict[str, asyncio.Task[None]] = {}

    async def see_to(self, place: str) -> None:
        """Have every file of an origin in the store, no older than the rules allow."""
        if place in self._known:
            return
        task = self._under_way.get(place)
        if task is None:
            task = self._under_way[place] = asyncio.create_task(self._see_to(place))
            task.add_done_callback(lambda _: self._under_way.pop(place, None))
        await asyncio.shield(task)

    async def obey(self, url: str) -> tuple[str, str] | None:
        """Why robots.txt keeps us from `url`; None when it does not."""
        place = origin(url)
        await self.see_to(place)
        return keeps_out(self._robots[place], url)

    async def _see_to(self, place: str) -> None:
        for kind in self._kinds:
            for path in kind.paths:
                await self._one(place, kind, path)
        self._known[place] = None
        if len(self._known) > _HELD_FILES:
            self._known.popitem(last=False)

    async def _one(self, place: str, kind: FileKind, path: str) -> None:
        url = place + path
        old = self._store.site_file(url)
        if old and (old.observed_at >= self._started_at or old.fresh_until > self._asker.now()):
            return
        wish = Wish(
            max_bytes=kind.max_bytes,
            max_redirects=kind.max_redirects,
            headers=HEADERS,
            also_send=_conditions(old) if old else (),
            only_to=old.final_url if old else "",
        )
        copy = _copy(place, kind, await self._asker.ask(url, wish), old)
        self._store.keep_site_files([copy])
        if kind.kind == ROBOTS:
            self._robots.put(place, as_site_file(copy))


def as_site_file(copy: Copy) -> SiteFile:
    """The record as verdicts want it."""
    return site_file(
        copy.url,
        outcome=copy.outcome,
        status=copy.status,
        body=copy.body,
        reason=copy.reason,
        observed_at=copy.observed_at,
    )


def _conditions(old: Copy) -> tuple[tuple[bytes, bytes], ...]:
    """Header lines that let a site answer "as before" (RFC 9110, 13.1)."""
    if old.status is None or old.status // 100 != 2 or old.body is None:
        return ()
    sent = ((b"If-None-Match", old.etag), (b"If-Modified-Since", old.last_modified))
    return tuple((name, value.encode("latin-1", "ignore")) for name, value in sent if value)


def _copy(place: str, kind: FileKind, got: Fetched, old: Copy | None) -> Copy:
    """The record of an answer; what was known before goes on where that is the answer."""
    hop = got.hops[-1] if got.hops else None
    headers = _joined(hop) if hop else {}
    # A chain longer than was followed counts by its last status (RFC 9309, 2.3.1.2).
    long = len(got.hops) > kind.max_redirects
    status = got.status if got.outcome in ("fetched", "too_large") or long else None
    outcome = "fetched" if long else got.outcome
    new = Copy(
        url=got.url,
        origin=place,
        kind=kind.kind,
        final_url=got.final_url,
        outcome=outcome,
        reason=got.reason,
        status=got.status,
        observed_at=got.observed_at,
        fresh_until=fresh_until(headers, status, got.observed_at),
        etag=headers.get("etag", ""),
        last_modified=headers.get("last-modified", ""),
        body=got.body if got.outcome in ("fetched", "too_large") else None,
    )
    if old and status == 304:
        return _going_on(old, new.observed_at, max(new.fresh_until, new.observed_at))
    unreachable = not new.works and outcome != "private_address"
    if old and old.works and unreachable and new.observed_at - old.observed_at < UNREACHABLE:
        # The copy may be used beyond its day (RFC 9309, 2.4), though not for ever.
        return _going_on(old, old.observed_at, new.observed_at + _AGAIN)
    return new


def _going_on(old: Copy, observed_at: datetime, until: datetime) -> Copy:
    return replace(old, observed_at=observed_at, fresh_until=until)


def _joined(hop: FetchedHop) -> dict[str, str]:
    found: dict[str, str] = {}
    for written, value in hop.headers:
        name = written.lower()
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found

"""Addresses → what each answers now, asked for politely: hosts side by side, each host in turn.

robots.txt is obeyed for our own product token, and a longer pause when it asks for one; private
addresses are refused; a host that does not answer is left alone after a few tries.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

from crawler.policy import PRODUCT_TOKEN, Reach
from crawler.urls import clean, origin
from optout.check import Sites
from optout.fetch import fetch
from optout.fetched import Fetched, FetchedHop
from optout.looking.answers import Answer
from optout.looking.limits import limits

NOT_MODIFIED = 304
NO_PAGE = "it answers with a page, not with a picture"
_WAITING = 4  # answers with their bodies that wait to be kept


@dataclass(frozen=True, slots=True)
class Asked:
    """An answer and, where a picture came, its bytes."""

    answer: Answer
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast one host may be asked, and how long one address may take, in seconds."""

    delay: float
    seconds: float


def ask_all(
    addresses: Sequence[str],
    reach: Reach,
    *,
    pace: Pace,
    before: Callable[[str], Answer | None] = lambda url: None,
    only: frozenset[str] = frozenset(),
) -> Iterator[Asked]:
    """Ask for every address and give each answer as it comes; never raises for what one serves.

    `before` gives the earlier answer of an address whose file is still known: it is asked for
    again only if it changed (RFC 9110, 13.1). With `only` no other host is asked, whatever
    redirects to it.
    """
    hosts = _by_host(addresses)
    done: queue.Queue[Asked | None] = queue.Queue(_WAITING)
    left = iter(hosts)
    lock, stop = threading.Lock(), threading.Event()

    def work() -> None:
        try:
            while not stop.is_set():
                with lock:
                    host = next(left, None)
                if host is None:
                    return
                for asked in _ask_host(hosts[host], _Sites(reach, only), pace, before, stop):
                    _hand(done, asked, stop)
        finally:
            _hand(done, None, stop)

    workers = min(limits().hosts_at_once, len(hosts))
    for _ in range(workers):
        threading.Thread(target=work, daemon=True).start()
    try:
        while workers:
            asked = done.get()
            if asked is None:
                workers -= 1
            else:
                yield asked
    finally:
        stop.set()


def _hand(done: queue.Queue[Asked | None], asked: Asked | None, stop: threading.Event) -> None:
    """Wait for room, unless nobody takes answers any more."""
    while not stop.is_set():
        try:
            done.put(asked, timeout=1)
            return
        except queue.Full:
            continue


class _Sites(Sites):
    """robots.txt of the hosts met, and none but some hosts at all where those are named."""

    def __init__(self, reach: Reach, only: frozenset[str]) -> None:
        super().__init__(reach)
        self._only = only

    def obey(self, url: str) -> tuple[str, str] | None:
        if self._only and host_of(url) not in self._only:
            return "out_of_scope", "it leads to a host that was not to be asked"
        return super().obey(url)


def host_of(url: str) -> str:
    """The host's name of an address, lower-case; empty where it has none."""
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""


def _by_host(addresses: Sequence[str]) -> dict[str, list[str]]:
    hosts: dict[str, list[str]] = {}
    for url in addresses:
        hosts.setdefault(host_of(url), []).append(url)
    return hosts


def _ask_host(
    addresses: Sequence[str],
    sites: Sites,
    pace: Pace,
    before: Callable[[str], Answer | None],
    stop: threading.Event,
) -> Iterator[Asked]:
    """The addresses of one host, one after the other."""
    silent = 0
    for number, url in enumerate(addresses):
        if stop.is_set():
            return
        if silent >= limits().failures:
            reason = f"its host did not answer {silent} times in a row"
            yield Asked(Answer(url, datetime.now(UTC), "failed", reason))
            continue
        if number and stop.wait(_pause(url, sites, pace)):
            return
        asked = _ask(url, sites, pace.seconds, before(url))
        unheard = asked.answer.status is None and asked.answer.outcome == "failed"
        silent = silent + 1 if unheard else 0
        yield asked


def _pause(url: str, sites: Sites, pace: Pace) -> float:
    address = clean(url)
    file = sites.files.get(origin(address)) if address else None
    asked = file.rules.crawl_delay(PRODUCT_TOKEN) if file and file.rules else None
    return max(pace.delay, min(asked or 0.0, limits().longest_delay))


def _ask(url: str, sites: Sites, seconds: float, before: Answer | None) -> Asked:
    conditions = {before.final_url: _conditions(before)} if before else {}
    got = fetch(
        url,
        sites.reach,
        max_bytes=limits().max_bytes,
        seconds=seconds,
        obey=sites.obey,
        wanted=_may_be_picture,
        conditions=conditions,
    )
    if got.status == NOT_MODIFIED and before and got.final_url == before.final_url:
        return Asked(_answer(got, "", before.sha256, before.size))
    reason = got.reason or ("" if not got.hops or _may_be_picture(got.hops[-1]) else _why(got))
    if got.outcome != "fetched" or reason:
        return Asked(_answer(got, reason))
    return Asked(_answer(got, "", None, len(got.body)), got.body)


def _conditions(before: Answer) -> list[tuple[str, str]]:
    lines = (("If-None-Match", before.etag), ("If-Modified-Since", before.last_modified))
    return [(name, value) for name, value in lines if value and value.isascii()]


def _may_be_picture(hop: FetchedHop) -> bool:
    kind = (hop.value("content-type") or "").strip().lower()
    return hop.status < 400 and not kind.startswith(("text/html", "application/xhtml"))


def _why(got: Fetched) -> str:
    status = got.status or 0
    return f"it answered with status {status}" if status >= 400 else NO_PAGE


def _answer(
    got: Fetched, reason: str, sha256: str | None = None, size: int | None = None
) -> Answer:
    last = got.hops[-1] if got.hops else None
    return Answer(
        url=got.url,
        observed_at=got.observed_at,
        outcome=got.outcome,
        reason=reason,
        status=got.status,
        final_url=got.final_url,
        sha256=sha256,
        size=size,
        content_type=(last.value("content-type") if last else None) or "",
        etag=(last.value("etag") if last else None) or "",
        last_modified=(last.value("last-modified") if last else None) or "",
    )

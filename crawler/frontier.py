"""What is still to be fetched, host by host: robots.txt first, one politeness rule per host.

Holds addresses as plain strings and makes a Task only when one is handed out, so that memory
grows with the number of addresses waiting, not with the size of the crawl. No network, no clock:
the time is passed in.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from crawler.job import Job
from crawler.policy import MAX_REDIRECTS, MAX_URL_LENGTH, PRODUCT_TOKEN, address_refusal
from crawler.scope import Scope
from crawler.signals.robots_txt import Decision, RobotsTxt
from crawler.urls import host_of, origin, target

ROBOTS_PATH = "/robots.txt"
_REPEATED = re.compile(r"(/[^/]+)(?:/[^/]+)?\1(?:/[^/]+)?\1(?:/|$)")  # /a/a/a or /a/b/a/b/a
_DIGITS = re.compile(r"\d+")

Page = tuple[str, int, "str | None", int]  # address, depth, found on, redirects before it


@dataclass(slots=True)
class Task:
    """One address to ask for, with what is known of its chain so far."""

    kind: str  # site_file, sitemap, page or image
    url: str  # the address the record is about
    hop_url: str  # the address of this exchange
    depth: int = 0
    found_on: str | None = None
    redirects: int = 0  # of pages: how many redirects led here
    method: str = "GET"
    tries: int = 0
    hops: list[dict[str, Any]] = field(default_factory=list)
    rule: str | None = None  # robots.txt line that allowed it


@dataclass(slots=True)
class _Host:
    """What waits for one host."""

    first: deque[Task] = field(default_factory=deque)  # robots.txt, next hops, second tries
    images: deque[str] = field(default_factory=deque)
    pages: deque[Page] = field(default_factory=deque)
    in_flight: int = 0
    not_before: float = 0.0

    def waiting(self) -> bool:
        return bool(self.first or self.images or self.pages)


@dataclass(slots=True)
class Cut:
    """Addresses left out for one reason; a few are named."""

    count: int = 0
    examples: list[str] = field(default_factory=list)


class Frontier:
    """The queue of one run."""

    def __init__(self, job: Job, on_blocked: Callable[[Task, Decision | None, str], None]) -> None:
        """`on_blocked(task, decision, reason)` is told of tasks that must not be asked for:
        `decision` is the robots.txt rule, or None when the address is private (`reason`)."""
        self.job = job
        self.options = job.options
        self.scope = Scope(job.sites, job.options.path_scoped)
        self.cut: dict[str, Cut] = {}
        self.stopped_by: str | None = None
        self.pages_out = 0  # pages handed out or known from an earlier session
        self.active = 0
        self._reach = job.reach()
        self._on_blocked = on_blocked
        self._seen_pages: set[int] = set()  # 64-bit hashes: an address costs 60 bytes, not 300
        self._seen_images: set[int] = set()
        self._seen_sitemaps: set[str] = set()
        self._barren: dict[str, int] = {}
        self._rules: dict[str, RobotsTxt | None] = {}  # None: asked for, not answered
        self._parked: dict[str, list[Task | str | Page]] = {}
        self._hosts: dict[str, _Host] = {}
        self._order: deque[str] = deque()

    # --- what comes in ---

    def add_page(self, url: str, depth: int, found_on: str | None, redirects: int = 0) -> bool:
        """Queue a page within the sites; False when it is known, out of scope or a trap."""
        key = hash(url)
        if key in self._seen_pages or not self.scope.holds(url):
            return False
        self._seen_pages.add(key)
        if redirects > MAX_REDIRECTS:
            self._leave_out(f"more than {MAX_REDIRECTS} redirects in a row", url)
        elif depth > self.options.max_depth:
            self._leave_out("deeper than the depth limit", url)
        elif len(url) > MAX_URL_LENGTH:
            self._leave_out("address too long", url[:200])
        elif _REPEATED.search(urlsplit(url).path):
            self._leave_out("looks like a trap: path segments repeat", url)
        else:
            self._put(url, (url, depth, found_on, redirects))
            return True
        return False

    def add_image(self, url: str) -> bool:
        """Queue an image wherever it is hosted; True when the address is new."""
        key = hash(url)
        if key in self._seen_images:
            return False
        self._seen_images.add(key)
        if len(url) > MAX_URL_LENGTH:
            self._leave_out("address too long", url[:200])
            return False
        if self.options.pages_only:
            self.ask_robots(origin(url))
        else:
            self._put(url, url)
        return True

    def add_sitemap(self, url: str) -> None:
        if url not in self._seen_sitemaps and len(self._seen_sitemaps) < 1000:
            self._seen_sitemaps.add(url)
            self._put(url, Task("sitemap", url, url))

    def ask_robots(self, place: str) -> None:
        """Have robots.txt of an origin fetched, once."""
        if place not in self._rules:
            self._rules[place] = None
            url = place + ROBOTS_PATH
            self._enqueue(Task("site_file", url, url))

    def again(self, task: Task, not_before: float) -> None:
        """Queue a further hop or a second try, ahead of new addresses of its host."""
        self._put(task.hop_url, task)
        if not_before:
            host = self._host(task.hop_url)
            host.not_before = max(host.not_before, not_before)

    def rules_arrived(self, place: str, rules: RobotsTxt) -> None:
        """robots.txt of an origin is known: what waited for it may go on."""
        self._rules[place] = rules
        for item in self._parked.pop(place, []):
            self._enqueue(item)

    def page_read(self, url: str, new_images: int) -> None:
        """Count pages of one pattern that brought no new image (see `trap_limit`)."""
        pattern = page_pattern(url)
        if pattern is not None:
            self._barren[pattern] = 0 if new_images else self._barren.get(pattern, 0) + 1

    def known(self, kind: str, url: str) -> None:
        """An address finished in an earlier session: never hand it out again."""
        if kind == "page":
            self._seen_pages.add(hash(url))
            self.pages_out += 1
        elif kind == "sitemap":
            self._seen_sitemaps.add(url)
        else:
            self._seen_images.add(hash(url))

    # --- what goes out ---

    def next(self, now: float) -> Task | None:
        """The next address that may be asked for now, or None."""
        if self.stopped_by:
            return None
        for _ in range(len(self._order)):
            name = self._order[0]
            self._order.rotate(-1)
            host = self._hosts[name]
            if host.in_flight >= self.options.per_host or host.not_before > now:
                continue
            task = self._take(host)
            if task is not None:
                host.in_flight += 1
                self.active += 1
                return task
            if not host.in_flight and host.not_before <= now:
                self._order.remove(name)
                del self._hosts[name]
        return None

    def done(self, task: Task) -> None:
        """The exchange of a task is over (answered or not)."""
        self.active -= 1
        host = self._hosts.get(host_of(task.hop_url))
        if host is not None:
            host.in_flight -= 1

    def pending(self) -> bool:
        """Whether anything waits."""
        return not self.stopped_by and any(h.waiting() for h in self._hosts.values())

    def waiting(self) -> tuple[int, int]:
        """(pages, images) queued."""
        pages = sum(len(h.pages) for h in self._hosts.values())
        images = sum(len(h.images) for h in self._hosts.values())
        for items in self._parked.values():
            images += sum(isinstance(item, str) for item in items)
            pages += sum(isinstance(item, tuple) for item in items)
        return pages, images

    def hosts(self) -> int:
        """Origins met so far."""
        return len(self._rules)

    def stop(self, reason: str) -> None:
        """Hand nothing out any more; what waits is named as cut short."""
        if not self.stopped_by:
            self.stopped_by = reason

    def close(self) -> None:
        """Name in `cut` what a budget left waiting."""
        if not self.stopped_by:
            return
        for host in self._hosts.values():
            for url, *_ in host.pages:
                self._leave_out(f"{self.stopped_by}: pages not asked for", url)
            for url in host.images:
                self._leave_out(f"{self.stopped_by}: images not asked for", url)

    # --- inside ---

    def _put(self, url: str, item: Task | str | Page) -> None:
        place, host = origin(url), host_of(url)
        reason = address_refusal(host, host, self._reach)
        if reason:
            self._on_blocked(_task(item), None, reason)
        elif isinstance(item, Task) and item.kind == "site_file":
            self._enqueue(item)
        elif self._rules.get(place) is None:
            self._parked.setdefault(place, []).append(item)
            self.ask_robots(place)
        else:
            self._enqueue(item)

    def _enqueue(self, item: Task | str | Page) -> None:
        if isinstance(item, str):
            self._host(item).images.append(item)
        elif isinstance(item, tuple):
            self._host(item[0]).pages.append(item)
        else:
            self._host(item.hop_url).first.append(item)

    def _host(self, url: str) -> _Host:
        name = host_of(url)
        if name not in self._hosts:
            self._hosts[name] = _Host()
            self._order.append(name)
        return self._hosts[name]

    def _take(self, host: _Host) -> Task | None:
        """The next allowed task of a host. Images go before pages, so that queues stay short."""
        while host.waiting():
            if host.first:
                task = host.first.popleft()
            elif host.images:
                task = _task(host.images.popleft())
            elif self.options.max_pages and self.pages_out >= self.options.max_pages:
                url = host.pages.popleft()[0]
                self._leave_out(f"page budget of {self.options.max_pages} reached", url)
                continue
            else:
                task = _task(host.pages.popleft())
                if self._is_trap(task.url):
                    continue
            if self._allowed(task):
                if task.kind == "page" and not task.hops and not task.tries:
                    self.pages_out += 1
                return task
        return None

    def _is_trap(self, url: str) -> bool:
        limit, pattern = self.options.trap_limit, page_pattern(url)
        if not limit or pattern is None or self._barren.get(pattern, 0) < limit:
            return False
        self._leave_out(
            f"looks like a trap: {limit} pages like {pattern} in a row brought no new image", url
        )
        return True

    def _allowed(self, task: Task) -> bool:
        if task.kind == "site_file":
            return True
        rules = self._rules.get(origin(task.hop_url))
        if rules is None or host_of(task.hop_url) in self.options.owned_hosts:
            return True
        decision = rules.decide(PRODUCT_TOKEN, target(task.hop_url))
        task.rule = f"{decision.line}: {decision.raw}" if decision.line else None
        if not decision.allowed:
            self._on_blocked(task, decision, "robots.txt")
        return decision.allowed

    def _leave_out(self, reason: str, url: str) -> None:
        cut = self.cut.setdefault(reason, Cut())
        cut.count += 1
        if len(cut.examples) < 3:
            cut.examples.append(url)


def page_pattern(url: str) -> str | None:
    """The address with numbers and query values blanked; None when nothing in it varies.

    >>> page_pattern("https://a.example/events/2031/05/?day=3")
    '/events/#/#/?day'
    """
    parts = urlsplit(url)
    path = _DIGITS.sub("#", parts.path)
    if not parts.query:
        return path if path != parts.path else None
    keys = sorted({_DIGITS.sub("#", pair.partition("=")[0]) for pair in parts.query.split("&")})
    return f"{path}?{'&'.join(keys)}"


def _task(item: Task | str | Page) -> Task:
    if isinstance(item, str):
        return Task("image", item, item)
    if isinstance(item, tuple):
        url, depth, found_on, redirects = item
        return Task("page", url, url, depth, found_on, redirects)
    return item

"""What is still to be fetched, host by host: robots.txt first, one politeness rule per host.

Holds addresses as plain strings and makes a Task only when one is handed out, so that memory
grows with the number of addresses waiting, not with the size of the crawl. No network, no clock:
the time is passed in.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator

from crawler.job import Job
from crawler.policy import (
    MAX_REDIRECTS,
    MAX_URL_LENGTH,
    PRODUCT_TOKEN,
    Reach,
    address_refusal,
)
from crawler.scope import Scope
from crawler.seen import Seen
from crawler.signals.robots_txt import Decision, RobotsTxt
from crawler.site_files import Asked, SiteFile, named_in_robots
from crawler.tasks import Cut, Item, Task, address_of, task_of
from crawler.traps import Traps, repeats
from crawler.turns import HostQueue, Turns
from crawler.urls import host_of, origin, target

ROBOTS_PATH = "/robots.txt"
_MAX_SITEMAPS = 1000
# Files of each kind asked for; a sheet may be anywhere, the others are the site's own.
_MAX_FILES = {"sheet": 300, "feed": 50, "data": 1000}
_TOO_DEEP = "deeper than the depth limit of {}"


class Frontier:
    """The queue of one run."""

    def __init__(
        self, job: Job, reach: Reach, on_blocked: Callable[[Task, Decision | None, str], None]
    ) -> None:
        """`on_blocked(task, decision, reason)` is told of tasks that must not be asked for:
        `decision` is the robots.txt rule, or None when the address is private (`reason`)."""
        self.options = job.options
        self.scope = Scope(job.sites, job.options.path_scoped)
        self.traps = Traps(job.options.trap_limit)
        self.cut: dict[str, Cut] = {}
        self.stopped_by: str | None = None
        self._stop_kind = "budget"
        self._reach = reach
        self._on_blocked = on_blocked
        self._pages_out = 0  # pages handed out, in earlier sessions too
        self._seen = Seen()
        self._rules: dict[str, RobotsTxt | None] = {}  # None: asked for, not answered
        self._parked: dict[str, list[Item]] = {}  # waits for robots.txt of its origin
        self.turns = Turns(job.options.per_host, job.options.delay)
        self._files = Asked()  # files beside robots.txt
        self._renders: deque[Task] = deque()  # pages for the browser, once all else is done
        self._rendering = False

    # --- what comes in ---

    def add_page(self, url: str, depth: int, found_on: str | None, redirects: int = 0) -> bool:
        """Queue a page within the sites; False when it is known, out of scope or a trap."""
        if not self._seen.first("page", url):
            return False
        if not self.scope.holds(url):
            self.leave_out("scope", "not among the sites", url)
        elif redirects > MAX_REDIRECTS:
            self.leave_out("redirects", f"more than {MAX_REDIRECTS} redirects in a row", url)
        elif depth > self.options.max_depth:
            self.leave_out("depth", _TOO_DEEP.format(self.options.max_depth), url)
        elif len(url) > MAX_URL_LENGTH:
            self.leave_out("address", "address too long", url)
        elif repeats(url):
            self.leave_out("trap", "looks like a trap: path segments repeat", url)
        else:
            self._put((url, depth, found_on, redirects))
            return True
        return False

    def add_image(self, url: str) -> bool:
        """Queue an image wherever it is hosted; True when the address is new."""
        if not self._seen.first("image", url):
            return self._seen.announced(url)
        if len(url) > MAX_URL_LENGTH:
            self.leave_out("address", "address of an image too long", url, "images")
        elif self.options.pages_only:
            self.ask_robots(url)
            self.ask_site_files(url)
        else:
            self._put(url)
        return True

    def add_sitemap(self, url: str) -> None:
        """Queue a sitemap, wherever it is; each once."""
        if not self._seen.first("sitemap", url):
            return
        if self._seen.count("sitemap") > _MAX_SITEMAPS:
            self.leave_out("site_file", f"more than {_MAX_SITEMAPS} sitemaps", url, "files")
        else:
            self._put(Task("sitemap", url, url))

    def announce_image(self, url: str) -> None:
        """Queue an image that a file names; the first page that shows it still finds it new."""
        if not self._seen.has("image", url) and self.add_image(url):
            self._seen.announce(url)

    def add_file(self, kind: str, url: str, depth: int, found_on: str) -> None:
        """Queue a style sheet, a feed or data of the platform; each once."""
        if (kind != "sheet" and not self.scope.holds(url)) or not self._seen.first(kind, url):
            return
        if self._seen.count(kind) > _MAX_FILES[kind]:
            reason = f"more than {_MAX_FILES[kind]} files of the kind {kind}"
            self.leave_out("site_file", reason, url, "files")
        else:
            self._put(Task(kind, url, url, depth, found_on))

    def add_render(self, url: str, depth: int, found_on: str | None) -> None:
        """Queue a page (or a #/ route of it) to be shown to the browser after all else; once."""
        if not self.scope.holds(url) or not self._seen.first("render", url):
            return
        if depth > self.options.max_depth:
            self.leave_out("depth", _TOO_DEEP.format(self.options.max_depth), url)
        else:
            self._renders.append(Task("render", url, url, depth, found_on))

    def meet_image(self, url: str) -> bool:
        """Note an image that is not asked for as one; True when the address is new."""
        return self._seen.first("image", url)

    def drop(self, kind: str) -> None:
        """Forget what waits of a kind: nobody wants it any more."""
        for queue in self.turns.queues():
            queue.first = deque(task for task in queue.first if task.kind != kind)
        for items in self._parked.values():
            items[:] = [i for i in items if not (isinstance(i, Task) and i.kind == kind)]

    def ask_robots(self, url: str) -> None:
        """Have robots.txt of an address's origin fetched, once."""
        place, host = origin(url), host_of(url)
        if place not in self._rules and address_refusal(host, host, self._reach) is None:
            self._rules[place] = None
            robots = place + ROBOTS_PATH
            self.turns.queue(robots).put(Task("site_file", robots, robots))

    def ask_site_files(self, url: str) -> None:
        """Have the files beside robots.txt of an address's origin fetched, once."""
        place, host = origin(url), host_of(url)
        if self._files.holds(place) or address_refusal(host, host, self._reach):
            return
        for task in self._files.files_of(place):
            self._put(task)
        rules = self._rules.get(place)
        if rules is not None:
            self._ask_named(place, rules)

    def add_named(self, kind: str, url: str, found_on: str) -> None:
        """Queue a document that a header, a link or robots.txt names, wherever it is; once."""
        task = self._files.named(kind, url, found_on)
        if isinstance(task, SiteFile):
            self._put(task)
        elif task:
            self.leave_out("site_file", task, url, "files")

    def again(self, task: Task, not_before: float = 0.0) -> None:
        """Queue a further hop or a second try, ahead of new addresses of its host."""
        self._put(task)
        if not_before:
            queue = self.turns.queue(task.hop_url)
            queue.not_before = max(queue.not_before, not_before)

    def rules_arrived(self, place: str, rules: RobotsTxt) -> None:
        """robots.txt of an origin is known: what waited for it may go on."""
        self._rules[place] = rules
        for item in self._parked.pop(place, []):
            self.turns.queue(address_of(item)).put(item)
        if self._files.holds(place):
            self._ask_named(place, rules)

    def known(self, kind: str, url: str, *, asked: bool = True) -> None:
        """An address finished in an earlier session: never hand it out again."""
        if kind == "origin_file":
            self._files.urls.add(url)
            return
        if kind == "page":
            self._pages_out += asked
        elif kind == "render":
            self._pages_out += "#" in url
        self._seen.first(kind, url)

    # --- what goes out ---

    def next(self, now: float) -> Task | None:
        """The next address that may be asked for now, or None."""
        if self.stopped_by:
            return None
        return self.turns.next(now, self._take) or self._next_render()

    def done(self, task: Task) -> None:
        """The exchange of a task is over (answered or not)."""
        if task.kind == "render":
            self._rendering = False
        else:
            self.turns.done(task.hop_url)

    def pending(self) -> bool:
        """Whether anything waits."""
        waits = bool(self._renders) or any(q.waiting() for q in self.turns.queues())
        return not self.stopped_by and waits

    def waiting(self) -> tuple[int, int]:
        """(pages, images) queued."""
        pages = sum(len(q.pages) for q in self.turns.queues()) + len(self._renders)
        images = sum(len(q.images) for q in self.turns.queues())
        for items in self._parked.values():
            images += sum(isinstance(item, str) for item in items)
            pages += sum(isinstance(item, tuple) for item in items)
        return pages, images

    def hosts(self) -> int:
        """Origins met so far."""
        return len(self._rules)

    def stop(self, reason: str, kind: str = "budget") -> None:
        """Hand nothing out any more. `kind` (of crawler.records.CUTS) is noted with what waits."""
        if self.stopped_by is None:
            self.stopped_by, self._stop_kind = reason, kind

    def leave_out(self, kind: str, reason: str, url: str, what: str = "pages") -> None:
        """Note an address that is not asked for, and why: a kind of crawler.records.CUTS, and
        words."""
        self.cut.setdefault(reason, Cut(kind, what)).add(url)

    def leftovers(self) -> Iterator[Task]:
        """What a budget left waiting, noted as left out. Chains already begun are given out, so
        that their hops can be recorded."""
        parked = [item for items in self._parked.values() for item in items]
        queued: list[Item] = []
        for queue in self.turns.queues():
            queued += [*queue.first, *queue.images, *queue.pages]
        for item in parked + queued:
            task = task_of(item)
            if task.hops:  # it gets a record of its own
                yield task
                continue
            what = {"page": "pages", "image": "images"}.get(task.kind, "files")
            self.leave_out(
                self._stop_kind, f"{self.stopped_by}: {what} not asked for", task.url, what
            )
        for task in self.renders_left():
            self.leave_out("browser", f"{self.stopped_by}: pages not shown to a browser", task.url)

    def renders_left(self) -> list[Task]:
        """Take out the pages that still wait for the browser."""
        left = list(self._renders)
        self._renders.clear()
        return left

    # --- inside ---

    def _put(self, item: Item) -> None:
        url = address_of(item)
        place, host = origin(url), host_of(url)
        reason = address_refusal(host, host, self._reach)
        is_robots = isinstance(item, Task) and item.kind == "site_file"
        if reason:
            self._on_blocked(task_of(item), None, reason)
        elif is_robots or self._rules.get(place) is not None:
            self.turns.queue(url).put(item)
        else:
            self._parked.setdefault(place, []).append(item)
            self.ask_robots(url)
        if not reason and (not isinstance(item, Task) or item.kind in ("page", "image")):
            self.ask_site_files(url)

    def _ask_named(self, place: str, rules: RobotsTxt) -> None:
        robots = place + ROBOTS_PATH
        for kind, url in named_in_robots(robots, rules):
            self.add_named(kind, url, robots)

    def _next_render(self) -> Task | None:
        """The next page for the browser, one at a time, when nothing else is left to do."""
        if self._rendering or self.turns or self._parked:
            return None
        while self._renders:
            task = self._renders.popleft()
            if "#" not in task.url or self._within_budget(task):
                self._pages_out += "#" in task.url
                self._rendering = True
                return task
        return None

    def _take(self, queue: HostQueue) -> Task | None:
        """The next allowed task of a host. Images go before pages, so that queues stay short."""
        while queue.waiting():
            if queue.first:
                task = queue.first.popleft()
            elif queue.images:
                method = "HEAD" if self.options.headers_only else "GET"
                task = task_of(queue.images.popleft(), method)
            else:
                task = task_of(queue.pages.popleft())
            if self._within_budget(task) and self._allowed(task):
                return task
        return None

    def _within_budget(self, task: Task) -> bool:
        """Count a new page against the budget; note it when the budget or a trap ends it."""
        if task.kind not in ("page", "render") or task.tries:
            return True
        most = self.options.max_pages
        if most and self._pages_out >= most:
            self.leave_out("budget", f"page budget of {most} reached", task.url)
            return False
        reason = self.traps.reason(task.url, task.found_on)
        if reason:
            self.leave_out("trap", reason, task.url)
        return reason is None

    def _allowed(self, task: Task) -> bool:
        """Ask robots.txt of the next exchange's origin; count a page that goes out."""
        rules = self._rules.get(origin(task.hop_url))
        owned = host_of(task.hop_url) in self.options.owned_hosts
        if task.kind != "site_file" and rules is not None and not owned:
            decision = rules.decide(PRODUCT_TOKEN, target(task.hop_url))
            task.rule = f"{decision.line}: {decision.raw}" if decision.line else None
            if not decision.allowed:
                self._on_blocked(task, decision, "robots.txt")
                return False
        self._pages_out += task.kind == "page" and not task.tries
        return True

"""Answers of a site → records in the journal and further addresses in the frontier.

One exchange at a time: redirects are followed here, hop by hop, so that every hop's headers
are kept and every hop's address passes the fetch policy and its host's robots.txt.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import scrapy
from scrapy import signals
from scrapy.http import Request, Response

from crawler import exchange, failures, files, pages, pictures
from crawler.frontier import ROBOTS_PATH, Frontier
from crawler.gate import Gate
from crawler.job import Job
from crawler.journal import Journal
from crawler.policy import MAX_REDIRECTS, MAX_ROBOTS_REDIRECTS, PRODUCT_TOKEN, Reach
from crawler.progress import Listener, Progress
from crawler.render.need import why_show
from crawler.render.shows import Shows
from crawler.render.supply import Asset
from crawler.settings import may_render
from crawler.signals.robots_txt import Decision, rules_for
from crawler.site_files import SiteFile
from crawler.sitemaps import MAX_SITEMAP_URLS, Sitemap, read_sitemap
from crawler.spread import Spread
from crawler.tasks import Task
from crawler.urls import host_of, origin, resolve

_REDIRECTS = (301, 302, 303, 307, 308)
_TRY_AGAIN = (429, 500, 502, 503, 504)
MAX_CRAWL_DELAY = 120.0  # seconds; a larger wish is honoured up to here, and the summary says so


class SiteSpider(scrapy.Spider):
    """One run over the sites of a job. Its scheduler hands out the frontier's tasks."""

    name = "optout"

    def __init__(
        self,
        *,
        job: Job,
        reach: Reach,
        journal: Journal,
        folder: Path,
        refused: dict[str, str],
        on_progress: Listener | None = None,
        gate: Gate | None = None,
    ) -> None:
        """`refused` is filled by the resolver: host → why DNS's answer must not be reached."""
        super().__init__()
        self.job, self.options, self.journal, self.folder = job, job.options, journal, folder
        self.frontier = Frontier(job, reach, self.blocked)
        self.frontier.turns.gate = gate
        self.progress = Progress(self.frontier, on_progress)
        self.refused = refused
        self.fault: Exception | None = None  # what ended the crawl before its time
        self.delays: dict[str, float] = {}  # host → seconds between requests it asked for
        self.shows: Shows | None = Shows(self) if may_render(job) else None
        self.spread = Spread(self.frontier, self.shows, self.options.render)
        self._closed: dict[str, tuple[str, str]] = {}  # origin → why nothing there may be asked

    @classmethod
    def from_crawler(cls, crawler: Any, *args: Any, **kwargs: Any) -> SiteSpider:
        spider: SiteSpider = super().from_crawler(crawler, *args, **kwargs)
        crawler.signals.connect(spider.headers_arrived, signals.headers_received)
        crawler.signals.connect(spider.bytes_arrived, signals.bytes_received)
        return spider

    async def start(self) -> Any:
        """Fill the frontier. Nothing is yielded: the scheduler hands out what is in it."""
        try:
            self.take_up()
        except Exception as error:
            self.fail(error)
        for nothing in tuple[Request, ...]():
            yield nothing

    def take_up(self) -> None:
        """Fill the frontier: what the journal leaves to be done, then the sites themselves."""
        from crawler.resume import resume

        resume(self)
        for site in self.job.sites:
            self.frontier.ask_robots(site)
            self.frontier.add_page(site, 0, None)
            self.frontier.add_sitemap(origin(site) + "/sitemap.xml")

    def fail(self, error: Exception) -> None:
        """End the crawl for a reason that is not the site's; `crawler.run` raises it."""
        self.fault = self.fault or error
        self.frontier.stop("the crawl could not go on")

    # --- what goes out ---

    def next_request(self) -> Request | None:
        """The next request that may be sent now, or None. Also called while hosts must wait."""
        self.housekeeping()
        while (task := self.frontier.next(time.monotonic())) is not None:
            try:
                request = self._request(task)
            except ValueError as error:
                self.frontier.done(task)
                self.finish(task, None, "failed", f"cannot be asked for: {error}")
                continue
            return request
        return None

    def _request(self, task: Task) -> Request:
        if task.kind == "render" and self.shows is not None:
            return self.shows.request_for(task)
        request = exchange.request_for(task, self.options)
        if isinstance(task, Asset) and self.shows is not None:
            self.shows.adapt(request, task)
        return request.replace(callback=self.answered, errback=self.unanswered)

    def housekeeping(self) -> None:
        """Tell how far the crawl is, and mind the budgets."""
        self.progress.tick()
        seconds, size = self.options.max_seconds, self.options.max_bytes
        if seconds and self.progress.seconds() > seconds:
            self.frontier.stop(f"time budget of {seconds:g} s reached")
        elif size and self.progress.bytes > size:
            self.frontier.stop(f"budget of {size} bytes reached")

    # --- what comes in ---

    def headers_arrived(self, headers: Any, body_length: Any, request: Request, **_: Any) -> None:
        exchange.headers_arrived(headers, body_length, request, self.options)

    def bytes_arrived(self, data: bytes, request: Request, **_: Any) -> None:
        self.progress.bytes += len(data)
        exchange.bytes_arrived(data, request)

    def answered(self, response: Response, task: Task) -> None:
        """One exchange was answered: keep its hop, follow a redirect or finish the record."""
        self.frontier.done(task)
        try:
            self._take_answer(response, task)
        except OSError as error:
            self.fail(error)
        except Exception as error:
            # Whatever a stranger's bytes do to a parser, the address keeps its record.
            self.finish(
                task, None, "failed", f"could not be read: {type(error).__name__}: {error}"[:500]
            )

    def unanswered(self, failure: Any) -> None:
        """No answer: try again what may pass, else record why."""
        task: Task = failure.request.meta["task"]
        self.frontier.done(task)
        outcome, reason, transient = failures.explain(failure, self.refused)
        if task.method == "HEAD" and outcome == "failed" and transient:
            self._ask_with_get(task)
        elif transient and task.tries < self.options.retries:
            task.tries += 1
            self.frontier.again(task, time.monotonic() + 2.0**task.tries)
        else:
            self.finish(task, None, outcome, reason)

    def blocked(self, task: Task, decision: Decision | None, reason: str) -> None:
        """The frontier must not ask for this address; that is a finding too."""
        place = origin(task.hop_url)
        if decision is None:
            outcome = "private_address"
        elif place in self._closed:
            outcome, reason = self._closed[place]
        else:
            outcome = "robots_disallowed"
            reason = f"robots.txt of {place} forbids it ({task.rule or decision.clause})"
        self.finish(task, None, outcome, reason)

    def _take_answer(self, response: Response, task: Task) -> None:
        if not 100 <= response.status <= 999:
            self.finish(task, None, "failed", f"answered {response.status}, which is no status")
            return
        if response.status in _TRY_AGAIN and task.tries < self.options.retries:
            task.tries += 1
            wait = failures.retry_after(response.headers.get(b"Retry-After")) or 2.0**task.tries
            self.frontier.again(task, time.monotonic() + wait)
            return
        hop = exchange.hop_of(task, response)
        task.hops.append(hop)
        if task.method == "HEAD" and _head_says_nothing(response):
            self._ask_with_get(task)
        elif task.kind != "page" and response.status in _REDIRECTS and hop["location"]:
            self._follow(task, hop["location"], response)
        else:
            self.finish(task, response)

    def _ask_with_get(self, task: Task) -> None:
        """Many image servers refuse HEAD; ask again and stop after the headers."""
        task.method = "GET"
        self.frontier.again(task)

    def _follow(self, task: Task, location: str, response: Response) -> None:
        most = MAX_ROBOTS_REDIRECTS if task.kind == "site_file" else MAX_REDIRECTS
        redirects = sum(hop["location"] is not None for hop in task.hops)
        address = resolve(task.hop_url, location)
        if address is None:
            reason = f"redirected to {location[:200]!r}, which cannot be asked for"
            self.finish(task, response, "failed", reason)
        elif redirects > most:
            # Of robots.txt this is an answer: RFC 9309, 2.3.1.2 calls it unavailable.
            outcome = "fetched" if task.kind == "site_file" else "failed"
            self.finish(task, response, outcome, f"more than {most} redirects")
        else:
            task.hop_url, task.tries = address, 0
            self.frontier.again(task)

    # --- records ---

    def finish(
        self,
        task: Task,
        response: Response | None,
        outcome: str = "fetched",
        reason: str | None = None,
    ) -> None:
        """Write the record of a task and queue what it names."""
        if task.kind == "page":
            record = pages.page_record(task, response, outcome, reason, self.frontier.scope)
            wants = why_show if self.shows is None else self.shows.why
            record["render"] = wants(record, response)
            record["new_images"] = self.spread.page(record)
            self.write("page", record)
            self.progress.pages += 1
        elif task.kind == "image":
            keep = self.folder / pictures.FOLDER if self.options.keep_images else None
            record = pictures.image_record(task, response, outcome, reason, keep)
            self.spread.named(record["named"], task.url)
            self.write("image", record)
            self.progress.images += 1
            if self.shows is not None:
                self.shows.supply.image_done(record["image"], response)
        elif task.kind == "asset" and self.shows is not None:
            answered = response if outcome == "fetched" else None
            refused = outcome == "robots_disallowed"
            self.shows.supply.asset_done(task, answered, refused=refused)
        elif task.kind == "sitemap":
            self._sitemap(task, response, outcome, reason)
        elif task.kind in files.KINDS:
            record = files.file_record(task, response, outcome, reason)
            self.write("file", record)
            self.spread.file(record)
        elif isinstance(task, SiteFile):
            self.write("site_file", pages.site_file_record(task, response, outcome, reason))
        else:
            self._robots(task, response, outcome, reason)

    def _sitemap(
        self, task: Task, response: Response | None, outcome: str, reason: str | None
    ) -> None:
        found, problem = Sitemap([], [], []), None
        if response is not None and outcome == "fetched" and response.status == 200:
            found = read_sitemap(response.body, task.hop_url)
            if len(found.pages) >= MAX_SITEMAP_URLS:
                problem = f"sitemap read up to {MAX_SITEMAP_URLS} addresses"
        elif task.url != origin(task.url) + "/sitemap.xml":  # that one was only a guess
            status = f"it answered {response.status}" if response is not None else "no answer"
            problem = f"sitemap not read: {reason or status}"
        record = {
            "url": task.url,
            "observed_at": exchange.now(),
            "pages": found.pages,
            "further": found.further,
            "image_refs": found.images,
            "problem": problem,
        }
        self.write("sitemap", record)
        self.spread.sitemap(record)

    def _robots(
        self, task: Task, response: Response | None, outcome: str, reason: str | None
    ) -> None:
        record = pages.site_file_record(task, response, outcome, reason)
        self.write("site_file", record)
        status = record["site_file"]["status"] if outcome == "fetched" else None
        if outcome != "fetched":
            self._closed[origin(task.url)] = outcome, reason or "no answer"
        elif status is not None and status >= 500:
            words = f"robots.txt answered {status}, which closes the site (RFC 9309, 2.3.1.4)"
            self._closed[origin(task.url)] = "robots_disallowed", words
        self.apply_robots(task.url, status, response.body if response is not None else None)

    def apply_robots(self, url: str, status: int | None, body: bytes | None) -> None:
        """Let an origin's rules take effect. `status` None: no answer."""
        rules, host = rules_for(status, body), host_of(url)
        delay = rules.crawl_delay(PRODUCT_TOKEN)
        if delay and host not in self.options.owned_hosts:
            self.delays[host] = max(delay, self.delays.get(host, 0.0))
            self.frontier.turns.slow_down(host, min(delay, MAX_CRAWL_DELAY))
        self.frontier.rules_arrived(url[: -len(ROBOTS_PATH)], rules)
        if self.frontier.scope.holds(url):
            for address in filter(None, (resolve(url, line) for line in rules.sitemaps)):
                self.frontier.add_sitemap(address)

    def write(self, kind: str, record: dict[str, Any]) -> None:
        """Append a record to the journal; a full disk ends the crawl."""
        record["spent"] = [round(self.progress.seconds(), 1), self.progress.bytes]
        try:
            self.journal.write(kind, record)
        except OSError as error:
            self.fail(error)


def _head_says_nothing(response: Response) -> bool:
    """An answer to HEAD that a GET may better."""
    return response.status >= 400 or (
        response.status == 200 and not response.headers.get(b"Content-Type")
    )

"""Answers of a site → records in the journal and further addresses in the frontier.

One exchange at a time: redirects are followed here, hop by hop, so that every hop's headers
are kept and every hop's address passes the fetch policy and its host's robots.txt.
"""

from __future__ import annotations

import base64
import time
from datetime import UTC, datetime
from typing import Any

import scrapy
from scrapy import signals
from scrapy.exceptions import StopDownload
from scrapy.http import Request, Response

from crawler import failures, pages, pictures
from crawler.frontier import ROBOTS_PATH, Frontier, Task
from crawler.job import Job
from crawler.journal import Journal, entries
from crawler.links import sitemap_links
from crawler.policy import (
    KEPT_HEADERS,
    MAX_REDIRECTS,
    MAX_ROBOTS_REDIRECTS,
    MAX_SITE_FILE_BYTES,
    PRODUCT_TOKEN,
    USER_AGENT,
)
from crawler.progress import Progress
from crawler.signals.robots_txt import Decision, rules_for
from crawler.urls import host_of, origin, resolve

_REDIRECTS = (301, 302, 303, 307, 308)
_TRY_AGAIN = (429, 500, 502, 503, 504)
_MAX_CRAWL_DELAY = 120.0  # seconds; a larger wish is honoured up to here, and said
_MAX_SITEMAP_BYTES = 50 * 2**20
_ROBOTS_AGE = 24 * 3600  # seconds a robots.txt may be used (RFC 9309, 2.4)
_ACCEPT = {
    "page": b"text/html,application/xhtml+xml,*/*;q=0.8",
    "image": b"image/avif,image/webp,image/*,*/*;q=0.8",
}


class SiteSpider(scrapy.Spider):
    """One run over the sites of a job. Its scheduler hands out the frontier's tasks."""

    name = "optout"

    def __init__(self, job: Job, journal: Journal, folder: Any, on_progress: Any = None) -> None:
        super().__init__()
        self.job, self.options, self.journal, self.folder = job, job.options, journal, folder
        self.frontier = Frontier(job, self.blocked)
        self.progress = Progress(self.frontier, on_progress)
        self.problem: OSError | None = None  # the journal could not be written
        self.refused: dict[str, str] = {}  # host → why DNS's answer must not be reached
        self.slow_hosts: dict[str, float] = {}  # Crawl-delay of hosts, seconds
        self.unreachable: dict[str, tuple[str, str]] = {}  # origin → why robots.txt never came

    @classmethod
    def from_crawler(cls, crawler: Any, *args: Any, **kwargs: Any) -> SiteSpider:
        spider: SiteSpider = super().from_crawler(crawler, *args, **kwargs)
        crawler.signals.connect(spider.headers_arrived, signals.headers_received)
        crawler.signals.connect(spider.bytes_arrived, signals.bytes_received)
        return spider

    async def start(self) -> Any:
        """Fill the frontier. Nothing is yielded: the scheduler hands out what is in it."""
        no_requests: tuple[Request, ...] = ()
        self.resume()
        for site in self.job.sites:
            self.frontier.ask_robots(origin(site))
            self.frontier.add_page(site, 0, None)
            self.frontier.add_sitemap(origin(site) + "/sitemap.xml")
        for request in no_requests:
            yield request

    # --- what goes out ---

    def request_for(self, task: Task) -> Request:
        """The request of one task: our own name, our own limits, no cookies."""
        kind = "image" if task.kind == "image" else "page"
        return Request(
            task.hop_url,
            method=task.method,
            headers={b"User-Agent": USER_AGENT, b"Accept": _ACCEPT[kind]},
            callback=self.answered,
            errback=self.unanswered,
            dont_filter=True,
            cb_kwargs={"task": task},
            meta={"task": task, "download_timeout": self.options.timeout, "cap": self._cap(task)},
        )

    def _cap(self, task: Task) -> int:
        if task.kind == "image":
            return self.options.max_image_bytes
        if task.kind == "page":
            return self.options.max_page_bytes
        return _MAX_SITEMAP_BYTES if task.kind == "sitemap" else MAX_SITE_FILE_BYTES

    # --- what comes in ---

    def headers_arrived(self, headers: Any, body_length: int, request: Request, **_: Any) -> None:
        """Stop before the body where it is not wanted: too large an image, a film as a page."""
        task: Task = request.meta["task"]
        request.meta["got"] = 0
        if task.kind == "image" and body_length > request.meta["cap"]:
            request.meta["stopped"] = "too_large"
            raise StopDownload(fail=False)
        kind = (headers.get(b"Content-Type") or b"").partition(b"/")[0].strip().lower()
        if task.kind == "page" and kind in (b"image", b"video", b"audio", b"font"):
            request.meta["stopped"] = "not_a_page"
            raise StopDownload(fail=False)
        if task.kind == "image" and task.method == "GET" and self.options.headers_only:
            request.meta["stopped"] = "headers_only"
            raise StopDownload(fail=False)

    def bytes_arrived(self, data: bytes, request: Request, **_: Any) -> None:
        """Count what comes and stop at the cap, keeping what was read so far."""
        got = request.meta["got"] = request.meta.get("got", 0) + len(data)
        self.progress.bytes += len(data)
        if got > request.meta["cap"]:
            request.meta["stopped"] = "too_large"
            raise StopDownload(fail=False)

    def answered(self, response: Response, task: Task) -> None:
        """One exchange was answered: keep its hop, follow a redirect or finish the record."""
        self.frontier.done(task)
        if response.status in _TRY_AGAIN and self._try_again(task, response):
            return
        hop = _hop(task, response)
        task.hops.append(hop)
        if task.method == "HEAD" and response.status >= 400:
            # Many image servers refuse HEAD; ask again and stop after the headers.
            task.method = "GET"
            self.frontier.again(task, 0)
            return
        location = hop["location"]
        if task.kind != "page" and response.status in _REDIRECTS and location:
            self._follow(task, location, response)
        else:
            self._finish(task, response)
        self._housekeeping()

    def unanswered(self, failure: Any) -> None:
        """No answer: try again what may pass, else record why."""
        task: Task = failure.request.meta["task"]
        self.frontier.done(task)
        outcome, reason, transient = failures.explain(failure, self.refused)
        if transient and task.tries < self.options.retries:
            task.tries += 1
            self.frontier.again(task, time.monotonic() + 2.0**task.tries)
        else:
            self._finish(task, None, outcome, reason)
        self._housekeeping()

    def blocked(self, task: Task, decision: Decision | None, reason: str) -> None:
        """The frontier must not ask for this address; that is a finding too."""
        place = origin(task.hop_url)
        if decision is None:
            outcome = "private_address"
        elif place in self.unreachable:
            outcome, reason = self.unreachable[place]
        else:
            outcome = "robots_disallowed"
            reason = f"robots.txt of {place} forbids it ({task.rule or decision.clause})"
        self._finish(task, None, outcome, reason)

    def _try_again(self, task: Task, response: Response) -> bool:
        if task.tries >= self.options.retries:
            return False
        task.tries += 1
        wait = failures.retry_after(response.headers.get(b"Retry-After"))
        self.frontier.again(task, time.monotonic() + (wait or 2.0**task.tries))
        return True

    def _follow(self, task: Task, location: str, response: Response) -> None:
        most = MAX_ROBOTS_REDIRECTS if task.kind == "site_file" else MAX_REDIRECTS
        address = resolve(task.hop_url, location)
        if address is None:
            reason = f"redirected to {location[:200]!r}, which cannot be asked for"
            self._finish(task, response, "failed", reason)
        elif len(task.hops) > most:
            # Of robots.txt this is an answer: RFC 9309, 2.3.1.2 calls it unavailable.
            outcome = "fetched" if task.kind == "site_file" else "failed"
            self._finish(task, response, outcome, f"more than {most} redirects")
        else:
            task.hop_url, task.tries = address, 0
            self.frontier.again(task, 0)

    def _finish(
        self,
        task: Task,
        response: Response | None,
        outcome: str = "fetched",
        reason: str | None = None,
    ) -> None:
        if task.kind == "page":
            self._save_page(task, response, outcome, reason)
        elif task.kind == "image":
            self._save_image(task, response, outcome, reason)
        else:
            self._site_file(task, response, outcome, reason)

    # --- records ---

    def _save_page(
        self, task: Task, response: Response | None, outcome: str, reason: str | None
    ) -> None:
        record = pages.page_record(task, response, outcome, reason)
        record["new_images"] = self._spread(record)
        self._write("page", record)
        if record["page"]["outcome"] == "fetched" and not record["redirected"]:
            self.frontier.page_read(task.url, record["new_images"])
        self.progress.pages += 1

    def _save_image(
        self, task: Task, response: Response | None, outcome: str, reason: str | None
    ) -> None:
        keep = self.folder / pictures.FOLDER if self.options.keep_images else None
        try:
            self._write("image", pictures.image_record(task, response, outcome, reason, keep))
        except OSError as error:
            self._cannot_write(error)
        self.progress.images += 1

    def _spread(self, record: dict[str, Any]) -> int:
        """Queue what a page names; how many images were new. Also run when a crawl resumes."""
        page, redirected = record["page"], record["redirected"]
        new = 0
        for ref in record["image_refs"]:
            if ref["image_url"]:
                new += self.frontier.add_image(ref["image_url"])
        depth = page["depth"] + (not redirected)
        redirects = page["redirects"] + 1 if redirected else 0
        for url in record["links"]:
            self.frontier.add_page(url, depth, page["url"], redirects)
        return new

    def _site_file(
        self, task: Task, response: Response | None, outcome: str, reason: str | None
    ) -> None:
        if task.kind == "sitemap":
            found = (
                sitemap_links(response.body, task.hop_url)
                if response is not None and response.status == 200
                else ([], [])
            )
            self._write("sitemap", {"url": task.url, "pages": found[0], "further": found[1]})
            self._spread_sitemap(task.url, *found)
            return
        record = pages.site_file_record(task, response, outcome, reason)
        self._write("site_file", record)
        if outcome != "fetched":
            self.unreachable[origin(task.url)] = (outcome, reason or "no answer")
        body = None if response is None or outcome != "fetched" else response.body
        self._apply_robots(
            task.url, record["site_file"]["status"] if outcome == "fetched" else None, body
        )

    def _spread_sitemap(self, url: str, found: list[str], further: list[str]) -> None:
        for address in found:
            self.frontier.add_page(address, 1, url)
        for address in further:
            self.frontier.add_sitemap(address)

    def _apply_robots(self, url: str, status: int | None, body: bytes | None) -> None:
        place = url[: -len(ROBOTS_PATH)]
        rules = rules_for(status, body)
        delay = rules.crawl_delay(PRODUCT_TOKEN)
        if delay and host_of(url) not in self.options.owned_hosts:
            self._slow_down(host_of(url), delay)
        self.frontier.rules_arrived(place, rules)
        if self.frontier.scope.holds(url):
            for address in rules.sitemaps:
                absolute = resolve(url, address)
                if absolute:
                    self.frontier.add_sitemap(absolute)

    def _slow_down(self, host: str, delay: float) -> None:
        """Honour Crawl-delay: for slots to come and for the one that is open."""
        delay = min(delay, _MAX_CRAWL_DELAY)
        self.slow_hosts[host] = max(delay, self.slow_hosts.get(host, 0.0))
        engine = getattr(getattr(self, "crawler", None), "engine", None)
        if engine is None:
            return
        engine.downloader.per_slot_settings[host] = {"delay": delay, "concurrency": 1, "jitter": 0}
        slot = engine.downloader.slots.get(host)
        if slot is not None:
            slot.delay, slot.concurrency, slot.jitter = max(slot.delay, delay), 1, 0

    def _write(self, kind: str, record: dict[str, Any]) -> None:
        try:
            self.journal.write(kind, record)
        except OSError as error:
            self._cannot_write(error)

    def _cannot_write(self, error: OSError) -> None:
        self.problem = self.problem or error
        self.frontier.stop("the disk cannot be written")

    def _housekeeping(self) -> None:
        self.progress.tick()
        limits = self.options
        if limits.max_seconds and self.progress.seconds() > limits.max_seconds:
            self.frontier.stop(f"time budget of {limits.max_seconds:g} s reached")
        elif limits.max_bytes and self.progress.bytes > limits.max_bytes:
            self.frontier.stop(f"budget of {limits.max_bytes} bytes reached")

    # --- resume ---

    def resume(self) -> None:
        """Take up a journal where it ended: finished addresses are known, the rest is queued."""
        for entry in entries(self.folder):
            kind = entry["kind"]
            if kind == "page":
                self.frontier.known("page", entry["page"]["url"])
                self.progress.pages += 1
            elif kind == "image":
                self.frontier.known("image", entry["image"]["image_url"])
                self.progress.images += 1
            elif kind == "sitemap":
                self.frontier.known("sitemap", entry["url"])
            elif kind == "site_file":
                self._resume_robots(entry)
        for entry in entries(self.folder):
            if entry["kind"] == "page":
                self._spread(entry)
                if entry["page"]["outcome"] == "fetched" and not entry["redirected"]:
                    self.frontier.page_read(entry["page"]["url"], entry["new_images"])
            elif entry["kind"] == "sitemap":
                self._spread_sitemap(entry["url"], entry["pages"], entry["further"])

    def _resume_robots(self, entry: dict[str, Any]) -> None:
        record = entry["site_file"]
        if record["outcome"] != "fetched":
            return  # it may answer now
        age = datetime.now(UTC) - datetime.fromisoformat(record["observed_at"])
        if age.total_seconds() < _ROBOTS_AGE:
            body = base64.b64decode(record["body"]) if record["body"] is not None else None
            self._apply_robots(record["url"], record["status"], body)


def _hop(task: Task, response: Response) -> dict[str, Any]:
    """What one exchange answered: the header lines that matter, repeated ones kept apart."""
    lines = [
        {"name": name.decode("latin-1").lower(), "value": value.decode("latin-1")}
        for name, values in response.headers.items()
        if name.decode("latin-1").lower() in KEPT_HEADERS
        for value in values
    ]
    location = response.headers.get(b"Location")
    return {
        "hop": len(task.hops),
        "hop_url": task.hop_url,
        "method": task.method,
        "status": response.status,
        "location": location.decode("latin-1") if location is not None else None,
        "address": str(response.ip_address) if response.ip_address else None,
        "headers": lines,
        "observed_at": datetime.now(UTC).isoformat(timespec="milliseconds"),
    }

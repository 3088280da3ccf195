"""Pages that wait to be shown to the browser → requests for Scrapy; finished visits → records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy.http import Request, Response

from crawler import pictures
from crawler.render.browser import context
from crawler.render.need import why_show
from crawler.render.record import rendered_record
from crawler.render.supply import Asset, Supply
from crawler.render.visit import Visit
from crawler.tasks import Task
from crawler.urls import host_of

if TYPE_CHECKING:
    from crawler.spider import SiteSpider

_NOT_SHOWN = "not shown to a browser"


class Shows:
    """What the spider holds when pages may be shown to a browser."""

    def __init__(self, spider: SiteSpider) -> None:
        self._spider = spider
        self.supply = Supply(spider.frontier, self._wake, self._record_image)
        self.count = 0  # pages shown, in earlier sessions too
        self._opened = 0

    def why(self, record: dict[str, Any], response: Response | None) -> str | None:
        """Why a page just read statically is to be shown; None when it is not. Its bytes are
        kept, so that it need not be asked for again."""
        reason = why_show(record, response, always=self._spider.options.render == "always")
        if reason and response is not None:
            self.supply.keep(record["page"]["url"], response)
        return reason

    def request_for(self, task: Task) -> Request:
        """The request that opens a page in the browser, in an empty profile of its own."""
        from scrapy_playwright.page import PageMethod

        self._opened += 1
        pace = max(self._spider.options.delay, self._spider.delays.get(host_of(task.url), 0.0))
        visit = Visit(task.url, self.supply, self._going_on, pace)
        return Request(
            task.url,
            dont_filter=True,
            callback=self._shown,
            errback=self._not_shown,
            cb_kwargs={"task": task},
            meta={
                "task": task,
                "visit": visit,
                "playwright": True,
                "playwright_context": f"page {self._opened}",
                "playwright_context_kwargs": context(),
                "playwright_page_init_callback": visit.begin,
                "playwright_page_goto_kwargs": {"wait_until": "commit", "timeout": 60_000},
                "playwright_page_methods": [PageMethod(visit.look)],
                # The browser asks nobody: pace is kept where its requests really go out.
                "download_slot": "browser",
                "autothrottle_dont_adjust_delay": True,
            },
        )

    def adapt(self, request: Request, task: Asset) -> None:
        """Ask for a script or a data file as the browser would."""
        for name, value in task.headers.items():
            request.headers[name] = value
        request.meta["cap"] = self._spider.options.max_page_bytes

    def give_up(self, reason: str) -> None:
        """No page can be shown any more."""
        for task in self._spider.frontier.renders_left():
            self._spider.frontier.leave_out("browser", f"{_NOT_SHOWN}: {reason}", task.url)

    def _shown(self, response: Response, task: Task) -> None:
        self._finish(response.meta["visit"], task)

    def _not_shown(self, failure: Any) -> None:
        visit, task = failure.request.meta["visit"], failure.request.meta["task"]
        words = str(failure.value).strip().partition("\n")[0][:200]
        if not visit.begun and self._going_on():
            self._spider.frontier.done(task)
            self._spider.frontier.leave_out(
                "browser", f"{_NOT_SHOWN}: it could not be started ({words})", task.url
            )
            self.give_up(f"it could not be started ({words})")
            return
        visit.problem = visit.problem or f"it could not be opened ({words})"
        self._finish(visit, task)

    def _finish(self, visit: Visit, task: Task) -> None:
        spider = self._spider
        spider.frontier.done(task)
        self.supply.drop()
        visit.over()
        if not self._going_on():
            if spider.frontier.stopped_by:
                spider.frontier.leave_out(
                    "browser", f"{spider.frontier.stopped_by}: {_NOT_SHOWN} to the end", task.url
                )
            return  # when the run goes on, the page is shown again
        try:
            record = rendered_record(visit, task, self.supply, spider.frontier.scope)
        except Exception as error:
            # Whatever a stranger's page does to a parser, the crawl goes on.
            words = f"{_NOT_SHOWN}: {type(error).__name__}"
            spider.frontier.leave_out("browser_failed", words, task.url)
            return
        spider.write("rendered", record)
        self.count += 1
        spider.spread.rendered(record)

    def _record_image(self, task: Task, response: Response) -> None:
        """Keep an image that a script fetched as data, unless it was asked for as an image."""
        if self._spider.frontier.meet_image(task.url):
            keep = self._spider.folder / pictures.FOLDER
            wanted = keep if self._spider.options.keep_images else None
            record = pictures.image_record(task, response, "fetched", None, wanted)
            self._spider.write("image", record)
            self._spider.progress.images += 1
            self.supply.image_known(record["image"])

    def _going_on(self) -> bool:
        engine = self._spider.crawler.engine
        return not self._spider.frontier.stopped_by and engine is not None and engine.running

    def _wake(self) -> None:
        """Have Scrapy look into the frontier now, not at its next heartbeat."""
        slot = getattr(self._spider.crawler.engine, "_slot", None)
        if slot is not None:
            slot.nextcall.schedule()

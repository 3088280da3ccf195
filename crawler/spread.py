"""A record of the crawl → what it names, queued in the frontier.

Run when the record is made, and again when a crawl resumes: the same record queues the same.
"""

from __future__ import annotations

from typing import Any

from crawler.frontier import Frontier
from crawler.render.browser import missing
from crawler.render.shows import Shows

_FORBIDDEN_PART = "robots.txt forbids what a script of a page asks for"


class Spread:
    """Queues what pages, browsers, sitemaps and files name."""

    def __init__(self, frontier: Frontier, shows: Shows | None, render: str) -> None:
        """`shows` is None where no page is shown to a browser; `render` is the option."""
        self.frontier, self.shows, self.render = frontier, shows, render
        self._refused: set[str] = set()  # told once, however many pages ask for it

    def page(self, record: dict[str, Any]) -> int:
        """Queue what a page names; how many images were new. Also run when a crawl resumes."""
        page, redirected = record["page"], record["redirected"]
        if self.shows is not None:
            self.shows.supply.named(record["image_refs"])
        new = sum(
            self.frontier.add_image(ref["image_url"])
            for ref in record["image_refs"]
            if ref["image_url"]
        )
        depth = page["depth"] + (not redirected)
        redirects = page["redirects"] + 1 if redirected else 0
        for url in record["links"]:
            self.frontier.add_page(url, depth, page["url"], redirects)
        self._ask_for(record.get("asks", []), page["depth"], page["url"])
        self.named(record.get("named", []), page["url"])
        if record.get("render"):
            self._show(page)
        if page["status"] == 200:
            # A resumed page brings nothing new; what it brought is in its record.
            brought = record.get("new_images", new)
            self.frontier.traps.page_read(page["url"], page["found_on"], brought)
        return new

    def named(self, named: Any, found_on: str) -> None:
        """Queue the documents that headers and links name. Also run when a crawl resumes."""
        for kind, url in named:
            self.frontier.add_named(kind, url, found_on)

    def _show(self, page: dict[str, Any]) -> None:
        """Have a page shown to the browser, or note that it was not."""
        if self.shows is not None:
            self.frontier.add_render(page["url"], page["depth"], page["found_on"])
        else:
            why = missing() or f"--render {self.render}"
            self.frontier.leave_out("browser", f"not shown to a browser: {why}", page["url"])

    def rendered(self, record: dict[str, Any]) -> None:
        """Queue what the browser found in a page. Also run when a crawl resumes."""
        url, depth = record["page_url"], record["depth"] + 1
        if record.get("problem"):
            words = f"shown to a browser in vain: {record['problem']}"
            self.frontier.leave_out("browser_failed", words, url)
        if record.get("cut"):
            self.frontier.leave_out("endless", f"shown only in part: {record['cut']}", url)
        for address in record.get("refused", []):
            if address not in self._refused:
                self._refused.add(address)
                self.frontier.leave_out("robots", _FORBIDDEN_PART, address, "files")
        for ref in record["image_refs"]:
            self.frontier.add_image(ref["image_url"])
        for address in record["links"]:
            self.frontier.add_page(address, depth, url)
        for address in record["routes"]:
            self.frontier.add_render(address, depth, url)

    def sitemap(self, record: dict[str, Any]) -> None:
        """Queue what a sitemap names. Also run when a crawl resumes."""
        if record.get("problem"):
            self.frontier.leave_out("site_file", record["problem"], record["url"], "files")
        for address in record["pages"]:
            self.frontier.add_page(address, 1, record["url"])
        for address in record["further"]:
            self.frontier.add_sitemap(address)
        self._announce(record)

    def file(self, record: dict[str, Any]) -> None:
        """Queue what a style sheet, feed or data names. Also run when a crawl resumes."""
        if record["problem"]:
            self.frontier.leave_out("site_file", record["problem"], record["url"], "files")
        for address in record["links"]:
            self.frontier.add_page(address, record["depth"] + 1, record["url"])
        self._ask_for(record["asks"], record["depth"], record["found_on"] or record["url"])
        self._announce(record)

    def _ask_for(self, asks: Any, depth: int, found_on: str) -> None:
        for kind, address in asks:
            self.frontier.add_file(kind, address, depth, found_on)

    def _announce(self, record: dict[str, Any]) -> None:
        if self.shows is not None:
            self.shows.supply.named(record.get("image_refs", []))
        for ref in record.get("image_refs", []):
            if ref["image_url"]:
                self.frontier.announce_image(ref["image_url"])

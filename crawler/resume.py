"""A journal → the frontier of the crawl that wrote it: the done is known, the rest is queued."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from crawler.journal import entries

if TYPE_CHECKING:
    from crawler.spider import SiteSpider

_ROBOTS = "robots.txt"
_ROBOTS_AGE = 24 * 3600  # seconds a robots.txt may be used (RFC 9309, 2.4)


def resume(spider: SiteSpider) -> None:
    """Take up the journal of `spider` where it ended. An empty journal leaves all as it is."""
    for entry in entries(spider.folder):
        _know(spider, entry)
    for entry in entries(spider.folder):
        if entry["kind"] == "site_file" and entry["site_file"]["kind"] == _ROBOTS:
            _apply_robots(spider, entry["site_file"])
        elif entry["kind"] in ("page", "image"):
            asked = entry.get("page") or entry["image"]
            spider.frontier.ask_site_files(asked.get("url") or asked["image_url"])
            for hop in entry["hops"][1:]:
                spider.frontier.ask_site_files(hop["hop_url"])
    for entry in entries(spider.folder):
        if entry["kind"] == "page":
            spider.spread.page(entry)
        elif entry["kind"] == "image":
            spider.spread.named(entry.get("named", []), entry["image"]["image_url"])
        elif entry["kind"] == "sitemap":
            spider.spread.sitemap(entry)
        elif entry["kind"] == "file":
            spider.spread.file(entry)
        elif entry["kind"] == "rendered":
            spider.spread.rendered(entry)


def _know(spider: SiteSpider, entry: dict[str, Any]) -> None:
    kind = entry["kind"]
    if kind == "page":
        page = entry["page"]
        asked = page["outcome"] not in ("robots_disallowed", "private_address")
        spider.frontier.known("page", page["url"], asked=asked)
        spider.progress.pages += 1
    elif kind == "image":
        spider.frontier.known("image", entry["image"]["image_url"])
        spider.progress.images += 1
        if spider.shows is not None:
            spider.shows.supply.image_known(entry["image"])
    elif kind == "site_file" and entry["site_file"]["kind"] != _ROBOTS:
        spider.frontier.known("origin_file", entry["site_file"]["url"])
    elif kind == "sitemap":
        spider.frontier.known("sitemap", entry["url"])
    elif kind == "file":
        spider.frontier.known(entry["what"], entry["url"])
    elif kind == "rendered":
        spider.frontier.known("render", entry["page_url"])
        if spider.shows is not None:
            spider.shows.count += 1
    spider.progress.spent(*entry["spent"])


def _apply_robots(spider: SiteSpider, record: dict[str, Any]) -> None:
    if record["outcome"] != "fetched":
        return  # it may answer now
    age = datetime.now(UTC) - datetime.fromisoformat(record["observed_at"])
    if age.total_seconds() < _ROBOTS_AGE:
        body = base64.b64decode(record["body"]) if record["body"] is not None else None
        spider.apply_robots(record["url"], record["status"], body)

"""The limit the crawl is measured against: a bare Scrapy spider.

python bare_spider.py URL [images]: follows links; with `images` it also fetches and hashes
every image. It records nothing. Scrapy's defaults except for the pace, which is off.
"""

from __future__ import annotations

import hashlib
import sys
from typing import Any

import scrapy
from scrapy.crawler import AsyncCrawlerProcess


class Bare(scrapy.Spider):
    name = "bare"

    def __init__(self, url: str, images: bool) -> None:
        super().__init__()
        self.start_urls, self.images, self.seen = [url], images, [0, 0]

    def parse(self, response: Any) -> Any:
        self.seen[0] += 1
        for href in response.css("a::attr(href)").getall():
            yield response.follow(href, self.parse)
        if self.images:
            for src in response.css("img::attr(src)").getall():
                yield response.follow(src, self.image)

    def image(self, response: Any) -> None:
        hashlib.sha256(response.body).hexdigest()
        self.seen[1] += 1

    def closed(self, reason: str) -> None:
        print(*self.seen)


process = AsyncCrawlerProcess(
    {
        "LOG_LEVEL": "ERROR",
        "TELNETCONSOLE_ENABLED": False,
        "REMOTE_CONTROL_ENABLED": False,
        "DOWNLOAD_DELAY": 0,
        "CONCURRENT_REQUESTS_PER_DOMAIN": 8,
        "CONCURRENT_REQUESTS": 16,
    }
)
process.crawl(Bare, sys.argv[1], len(sys.argv) > 2)
process.start()

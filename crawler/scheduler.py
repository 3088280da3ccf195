"""Scrapy's scheduler interface over the frontier."""

from __future__ import annotations

from typing import Any

from scrapy.core.scheduler import BaseScheduler
from scrapy.http import Request


class FrontierScheduler(BaseScheduler):
    """Hands Scrapy one request at a time, when its host may be asked."""

    def open(self, spider: Any) -> None:
        self._spider = spider

    def has_pending_requests(self) -> bool:
        return bool(self._spider.frontier.pending())

    def enqueue_request(self, request: Request) -> bool:
        raise NotImplementedError("addresses go through the frontier")

    def next_request(self) -> Request | None:
        request: Request | None = self._spider.next_request()
        return request

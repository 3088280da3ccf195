"""AutoThrottle that never goes below a host's Crawl-delay."""

from __future__ import annotations

from typing import Any

from scrapy.extensions.throttle import AutoThrottle


class Pace(AutoThrottle):
    """Scrapy's AutoThrottle with a floor per host."""

    def _adjust_delay(self, slot: Any, latency: float, response: Any) -> None:
        super()._adjust_delay(slot, latency, response)
        host = response.request.meta.get("download_slot") if response.request else None
        floor = self.crawler.spider.slow_hosts.get(host, 0.0)
        slot.delay = max(slot.delay, floor)

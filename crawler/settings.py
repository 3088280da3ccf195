"""A job → Scrapy's settings, one reason per line."""

from __future__ import annotations

from typing import Any

from crawler.job import Job


def may_render(job: Job) -> bool:
    """Whether pages of this run may be shown to a browser: asked for, and there is one here."""
    from crawler.render.browser import missing

    return job.options.render != "never" and missing() is None


def settings_for(job: Job) -> dict[str, Any]:
    """Settings of one run: polite, verified, nothing listening, nothing hidden."""
    options = job.options
    browser: dict[str, Any] = {}
    if may_render(job):
        from crawler.render import browser as chromium

        browser = chromium.settings()
    # Nearer to the network than the decompression: bytes as served.
    recorder = {"crawler.warc.Recorder": 900} if options.warc else {}
    return browser | {
        # Identity, scope and robots.txt are the frontier's: Scrapy's own middlewares would
        # ignore the status of robots.txt and lose the headers of redirects.
        "SCHEDULER": "crawler.scheduler.FrontierScheduler",
        "DNS_RESOLVER": "crawler.resolver.PolicyResolver",
        "TWISTED_DNS_RESOLVER": "crawler.resolver.PolicyResolver",
        "DOWNLOADER_MIDDLEWARES_BASE": {
            "scrapy.downloadermiddlewares.httpcompression.HttpCompressionMiddleware": 590,
            **recorder,
        },
        "SPIDER_MIDDLEWARES_BASE": {},
        "EXTENSIONS_BASE": {"scrapy.extensions.throttle.AutoThrottle": 0},
        "ROBOTSTXT_OBEY": False,
        "COOKIES_ENABLED": False,
        # TLS is verified; Scrapy's default does not.
        "DOWNLOAD_VERIFY_CERTIFICATES": True,
        # Nothing may steer a running crawl from outside.
        "TELNETCONSOLE_ENABLED": False,
        "REMOTE_CONTROL_ENABLED": False,
        # Pace.
        "CONCURRENT_REQUESTS": options.concurrency,
        "CONCURRENT_REQUESTS_PER_DOMAIN": options.per_host,
        "DOWNLOAD_DELAY": options.delay,
        "AUTOTHROTTLE_ENABLED": options.autothrottle,
        "AUTOTHROTTLE_START_DELAY": max(options.delay, 0.5),
        "AUTOTHROTTLE_MAX_DELAY": 10.0,
        "AUTOTHROTTLE_TARGET_CONCURRENCY": 1.0,
        # Size: the spider stops each download at its own cap; these bound what is decompressed.
        "DOWNLOAD_MAXSIZE": max(options.max_image_bytes, options.max_page_bytes, 64 * 2**20),
        "DOWNLOAD_WARNSIZE": 0,
        "DOWNLOAD_TIMEOUT": options.timeout,
        "DNS_TIMEOUT": 20,
        "REACTOR_THREADPOOL_MAXSIZE": 8,
        # What happens is in the records; the log is for faults of the program.
        "LOG_LEVEL": "ERROR",
        "STATS_CLASS": "scrapy.statscollectors.DummyStatsCollector",
        "WARN_ON_GENERATOR_RETURN_VALUE": False,
    }

"""The machine's Chromium → a browser that cannot reach any network."""

from __future__ import annotations

import os
import shutil
from importlib.util import find_spec
from typing import Any

from crawler.policy import USER_AGENT

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Requests are answered by the crawl (crawler.render.visit); whatever is not caught there, such as
# a pop-up's, a WebSocket's or the browser's own, meets a proxy that is not there and names that
# cannot be resolved.
ARGS = (
    "--headless=new",
    "--disable-gpu",
    "--no-first-run",
    "--proxy-server=http://127.0.0.1:9",
    "--proxy-bypass-list=<-loopback>",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--dns-prefetch-disable",
    "--disable-quic",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-breakpad",
    "--mute-audio",
    "--js-flags=--max-old-space-size=512",  # MiB: a page that eats memory ends, not the machine
)
_CONTEXT = {
    "user_agent": USER_AGENT,
    "viewport": {"width": 1366, "height": 900},
    "service_workers": "block",
    "accept_downloads": False,
    "locale": "en-GB",
    "timezone_id": "UTC",
}


def chromium() -> str | None:
    """Where the machine's Chromium is; None when it has none. Nothing is ever downloaded."""
    return next((path for path in map(shutil.which, _NAMES) if path), None)


def missing() -> str | None:
    """What keeps pages from being shown to a browser here, in words; None when nothing does."""
    if find_spec("scrapy_playwright") is None:
        return 'the extra is not installed: pip install "optout[browser]"'
    if chromium() is None:
        return f"there is no Chromium on this machine (looked for {', '.join(_NAMES)})"
    return None


def settings() -> dict[str, Any]:
    """Scrapy's settings for requests that a browser answers."""
    handler = "scrapy_playwright.handler.ScrapyPlaywrightDownloadHandler"
    return {
        "DOWNLOAD_HANDLERS": {"http": handler, "https": handler},
        "PLAYWRIGHT_BROWSER_PROVIDER": "crawler.render.browser.OfflineBrowser",
        "PLAYWRIGHT_BROWSER_TYPE": "chromium",
        "PLAYWRIGHT_MAX_PAGES_PER_CONTEXT": 1,
        # What the visit did not answer is answered by nobody.
        "PLAYWRIGHT_ABORT_REQUEST": "crawler.render.browser.refuse",
        "PLAYWRIGHT_DOWNLOAD_TIMEOUT": 1000,
    }


def context() -> dict[str, Any]:
    """How each page is opened: in an empty profile of its own, gone afterwards."""
    return dict(_CONTEXT)


def refuse(request: Any) -> bool:
    """Whether a request that nobody answered is turned away: always."""
    return True


class OfflineBrowser:
    """scrapy-playwright's browser provider: starts Chromium with the first page that needs it."""

    def __init__(self, config: Any) -> None:
        config.target_closed_max_retries = 0  # a page that crashed once is not tried again
        self._driver: Any = None

    async def start(self) -> None:
        """Nothing: most sites need no browser."""

    async def launch_browser(self) -> Any:
        """A running Chromium. Raises playwright's Error when it does not start."""
        from playwright.async_api import async_playwright

        if self._driver is None:
            self._driver = await async_playwright().start()
        # Chromium's own sandbox does not work for root; for anyone else it stays on.
        sandboxed = os.geteuid() != 0
        return await self._driver.chromium.launch(
            executable_path=chromium(),
            args=[*ARGS, *(() if sandboxed else ("--no-sandbox",))],
            chromium_sandbox=sandboxed,
            handle_sigint=False,  # Ctrl-C is the crawl's: it closes the browser itself
            handle_sigterm=False,
            handle_sighup=False,
        )

    async def launch_persistent_context(self, context_kwargs: dict[str, Any]) -> Any:
        raise NotImplementedError("pages are shown in an empty profile")

    async def close(self) -> None:
        """End the driver, and with it Chromium."""
        if self._driver is not None:
            await self._driver.stop()
            self._driver = None

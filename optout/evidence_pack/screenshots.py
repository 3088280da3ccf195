"""Addresses that were looked at → pictures of them, made by the machine's Chromium.

The browser reaches no network: each of its requests is answered with what was fetched under the
pack's own rules, or not at all. Scripts of a page are not run.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from typing import Any

from crawler.render.browser import ARGS, chromium, context, missing
from crawler.urls import clean
from optout.evidence_pack.looking import Looking
from optout.fetched import Fetched

MOST = 10  # pictures of one pack
MOST_PARTS = 40  # images, styles and fonts fetched for one page
MOST_HEIGHT = 8_000  # pixels; the rest of a longer page is left out
SECONDS = 60.0  # for one page with its parts
_MAX_PART = 8 * 2**20
_LOADED = frozenset({"image", "stylesheet", "font"})
_PASSED = frozenset({"content-type", "content-security-policy", "x-content-type-options"})


def unable() -> str | None:
    """Why no picture can be made here, in words; None when it can."""
    return missing()


def screenshots(looking: Looking, urls: Iterable[str]) -> tuple[dict[str, bytes], dict[str, str]]:
    """(PNG by address, reason by address without one)."""
    chosen = list(dict.fromkeys(urls))
    made: dict[str, bytes] = {}
    absent = dict.fromkeys(chosen[MOST:], f"a pack has {MOST} pictures at most")
    why = unable()
    if why or not chosen:
        return made, dict.fromkeys(chosen, why or "")
    from playwright.sync_api import Error, sync_playwright

    try:
        with sync_playwright() as driver:
            sandboxed = os.geteuid() != 0  # Chromium's own sandbox does not work for root
            browser = driver.chromium.launch(
                executable_path=chromium(),
                args=[*ARGS, *(() if sandboxed else ("--no-sandbox",))],
                chromium_sandbox=sandboxed,
            )
            for url in chosen[:MOST]:
                try:
                    made[url] = _picture(browser, looking, url)
                except Error as error:
                    absent[url] = f"the browser could not show it ({_first_line(error)})"
            browser.close()
    except Error as error:
        absent |= {u: f"Chromium did not start ({_first_line(error)})" for u in chosen} | absent
    return made, {url: why for url, why in absent.items() if url not in made}


def _picture(browser: Any, looking: Looking, url: str) -> bytes:
    page = browser.new_context(**context(), java_script_enabled=False, offline=False).new_page()
    try:
        page.set_default_timeout(SECONDS * 1000)
        page.route("**/*", _supply(looking, looking.look(url).final_url))
        page.goto(looking.look(url).final_url, wait_until="load")
        height = min(int(page.locator("html").bounding_box()["height"]) + 1, MOST_HEIGHT)
        width = page.viewport_size["width"]
        clip = {"x": 0, "y": 0, "width": width, "height": max(height, 200)}
        return bytes(page.screenshot(full_page=True, clip=clip, animations="disabled"))
    finally:
        page.context.close()


def _supply(looking: Looking, url: str) -> Callable[[Any], None]:
    """What answers the requests of one page."""
    end, parts = time.monotonic() + SECONDS, 0
    document = next(one for one in looking.answers.values() if one.final_url == url)

    def answer(route: Any) -> None:
        nonlocal parts
        asked = clean(route.request.url)
        if asked == url and route.request.is_navigation_request():
            _fulfil(route, document)
            return
        parts += 1
        loaded = route.request.resource_type in _LOADED and route.request.method == "GET"
        enough = parts > MOST_PARTS or time.monotonic() > end
        if asked is None or not loaded:
            route.abort()
        elif asked in looking.answers or not enough:
            _fulfil(route, looking.look(asked, _MAX_PART))
        else:
            route.abort()

    return answer


def _fulfil(route: Any, got: Fetched) -> None:
    if got.outcome != "fetched" or not got.hops:
        route.abort()
        return
    headers = {name: value for name, value in got.hops[-1].headers if name.lower() in _PASSED}
    route.fulfill(status=got.status, headers=headers, body=got.body)


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0][:200]

"""One page in the browser: what it asked for, and its document once it came to rest."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from crawler.render.supply import Answer, Supply
from crawler.urls import clean

_QUIET = 0.5  # seconds without a new address: the page has come to rest
# Seconds waited for that in one page, and how many requests of the pace kept that leaves room for.
_MAX_REST, _ROOM = 30.0, 60
_MAX_VISIT = 60.0  # seconds for all else; then the page is closed, whatever it does
_MAX_STEP = 10.0  # seconds for one look into the page; a script that does not end takes longer
_MAX_ASKED = 3000  # requests of one page that are answered
_MAX_SCROLLS = 80
_LOADED = frozenset(("document", "stylesheet", "script", "image", "xhr", "fetch"))
# Of what the browser would send, only what an answer may depend on; no cookies, no referrer.
_SENT = ("accept", "origin", "x-requested-with")

# One step down, by most of a window; says where that led.
_SCROLL = """() => {
  window.scrollBy({top: window.innerHeight * 0.8, behavior: 'instant'});
  const e = document.scrollingElement || document.documentElement;
  return [Math.round(window.scrollY), e.scrollHeight];
}"""
# Boxes that scroll by themselves, to their end; pictures that still wait to come into view.
_SCROLL_BOXES = """async () => {
  const pause = () => new Promise(done => setTimeout(done, 40));
  const end = performance.now() + 6000, over = () => performance.now() > end;
  for (const box of document.querySelectorAll('body *')) {
    if (over()) return;
    const style = getComputedStyle(box), room = 40;
    const down = box.scrollHeight > box.clientHeight + room && /auto|scroll/.test(style.overflowY);
    const along = box.scrollWidth > box.clientWidth + room && /auto|scroll/.test(style.overflowX);
    if (!(down || along) || box.clientHeight < room) continue;
    for (let step = 0, before = -1; step < 40; step++) {
      if (before === box.scrollTop + box.scrollLeft) break;
      before = box.scrollTop + box.scrollLeft;
      box.scrollBy({top: box.clientHeight, left: along ? box.clientWidth : 0, behavior: 'instant'});
      await pause();
    }
  }
  for (const image of document.images) {
    if (over()) return;
    if (image.naturalWidth || (image.complete && !image.getAttribute('loading'))) continue;
    image.scrollIntoView({block: 'center', inline: 'center', behavior: 'instant'});
    await pause();
  }
}"""
# The document as it stands, open shadow roots included.
_DOCUMENT = """() => {
  const roots = [];
  const walk = node => {
    for (const e of node.querySelectorAll('*'))
      if (e.shadowRoot) { roots.push(e.shadowRoot); walk(e.shadowRoot); }
  };
  walk(document);
  const root = document.documentElement;
  const inside = root.getHTML ? root.getHTML({shadowRoots: roots}) : root.innerHTML;
  return '<!DOCTYPE html><html>' + inside + '</html>';
}"""


class Visit:
    """What one page did. Its methods are what scrapy-playwright calls."""

    def __init__(
        self, url: str, supply: Supply, going_on: Callable[[], bool], pace: float = 0.0
    ) -> None:
        """`going_on` says whether the crawl still answers; when not, the visit ends.
        `pace` is how many seconds the crawl leaves between two requests."""
        self.url, self._supply, self._going_on = url, supply, going_on
        self.page_url = clean(url) or url  # without its #/route
        self.document: Answer | None = None  # as served
        self.html: str | None = None  # as it stood in the end
        self.images: dict[str, None] = {}  # addresses of images, in the order asked
        self.elsewhere: dict[str, None] = {}  # where scripts wanted the whole page to go
        self.refused: dict[str, None] = {}  # what robots.txt forbade it to load
        self.cut: str | None = None  # why only its beginning was seen
        self.problem: str | None = None
        self._asked, self._busy = 0, 0
        self._rest_left = _MAX_REST + _ROOM * pace
        self._touched = time.monotonic()
        self._page: Any = None
        self._watch: asyncio.TimerHandle | None = None
        self._closing: asyncio.Task[None] | None = None

    async def begin(self, page: Any, request: Any) -> None:
        """Called with the empty page: from here on we answer what it asks for."""
        self._page = page
        loop = asyncio.get_running_loop()
        self._watch = loop.call_later(
            self._rest_left + _MAX_VISIT, self._end, "it did not end in time"
        )
        page.on("crash", lambda _: self._end("it made the browser's page crash"))
        page.context.on("page", lambda other: asyncio.ensure_future(_close(other)))
        await page.context.route_web_socket("**", _close_socket)
        await page.route("**", self._serve)

    async def look(self, page: Any) -> None:
        """Called once the document begins to arrive: wait, scroll down, wait, keep the document."""
        try:
            await self._rest()
            await self._scroll(page)
            await self._rest()
            self.html = await _within(page.evaluate(_DOCUMENT))
        except TimeoutError:
            self._end("a script of it does not end")

    @property
    def begun(self) -> bool:
        """Whether the browser opened an empty page for it."""
        return self._page is not None

    def over(self) -> None:
        """Let the page and its profile go."""
        if self._watch is not None:
            self._watch.cancel()
        if self._page is not None:
            self._closing = asyncio.ensure_future(_close(self._page.context))

    def _end(self, problem: str) -> None:
        self.problem = self.problem or problem
        if self._page is not None and self._closing is None:
            self._closing = asyncio.ensure_future(_close(self._page))

    # --- waiting ---

    async def _rest(self) -> None:
        """Until nothing new is asked for, or until the page had its time."""
        began = time.monotonic()
        while time.monotonic() - began < self._rest_left:
            if not self._going_on():
                self._end("the crawl was stopped")
                return
            if not self._busy and time.monotonic() - self._touched > _QUIET:
                break
            await asyncio.sleep(0.02)
        else:
            self.cut = self.cut or "it never stopped loading"
        self._rest_left -= time.monotonic() - began

    async def _scroll(self, page: Any) -> None:
        before: Any = None
        for _ in range(_MAX_SCROLLS):
            place = await _within(page.evaluate(_SCROLL))
            await asyncio.sleep(0.1)
            if place == before:
                break
            before = place
        else:
            self.cut = f"it was still growing after {_MAX_SCROLLS} steps down"
        with suppress(TimeoutError):
            await _within(page.evaluate(_SCROLL_BOXES))

    # --- answering ---

    async def _serve(self, route: Any) -> None:
        url = clean(route.request.url)
        answer = await self._answer(route.request, url) if url is not None else None
        with suppress(Exception):  # the page may be gone by now
            if answer is None:
                # "aborted" leaves the page as it is where it wanted to go elsewhere.
                await route.abort("aborted" if self.document is not None else "failed")
            else:
                await route.fulfill(status=answer.status, headers=answer.headers, body=answer.body)

    async def _answer(self, request: Any, url: str) -> Answer | None:
        self._asked += 1
        kind = request.resource_type
        if request.method != "GET" or kind not in _LOADED:
            return None
        if self._asked > _MAX_ASKED:
            self.cut = f"it asked for more than {_MAX_ASKED} things"
            return None
        if kind == "document":
            return await self._document(request, url)
        new = not self._supply.has(url)
        self._busy += new
        try:
            return await self._part(request, url, kind)
        finally:
            self._busy -= new
            if new:
                self._touched = time.monotonic()

    async def _part(self, request: Any, url: str, kind: str) -> Answer | None:
        """What the page is made of: images, styles, scripts, data."""
        if kind == "image":
            if url == self.page_url:  # <img src="#">
                return None
            self.images[url] = None
            return await self._supply.image(url)
        answer = await self._supply.asset(url, _sent(request))
        if answer is not None and answer.is_image():
            self.images[url] = None
        elif answer is None and url in self._supply.refused:
            self.refused[url] = None
        return answer

    async def _document(self, request: Any, url: str) -> Answer | None:
        """The page itself, once. Frames within it are not opened; where it wants to go to is
        a link."""
        if not request.is_navigation_request() or _is_framed(request):
            return None
        if self.document is not None or url != self.page_url:
            self.elsewhere[url] = None
            return None
        answer = await self._supply.asset(url, {"accept": "text/html,*/*;q=0.8"})
        if answer is None:
            self.problem = self.problem or "it could not be had again"
        elif answer.status != 200:
            self.problem = self.problem or f"it answered {answer.status} this time"
            return None
        self.document = answer
        self._touched = time.monotonic()
        return answer


def _sent(request: Any) -> dict[str, str]:
    return {name: request.headers[name] for name in _SENT if name in request.headers}


def _is_framed(request: Any) -> bool:
    try:
        return request.frame.parent_frame is not None
    except Exception:  # playwright: the frame of a navigation may not be known yet
        return False


async def _within(coroutine: Any) -> Any:
    return await asyncio.wait_for(coroutine, _MAX_STEP)


async def _close(thing: Any) -> None:
    with suppress(Exception):
        await asyncio.wait_for(thing.close(), _MAX_STEP)


async def _close_socket(socket: Any) -> None:
    with suppress(Exception):
        await socket.close()

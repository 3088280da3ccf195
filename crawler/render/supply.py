"""What a browser asks for → what the crawl's frontier got for it, asked once per run."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from scrapy.http import Response

from crawler.frontier import Frontier
from crawler.tasks import Task

_PATIENCE = 5.0  # seconds a page waits for one image; the frontier goes on asking for it
_MAX_KEPT = 64 * 2**20  # bytes of scripts, styles and data kept for the next pages
_MAX_KEPT_EACH = 8 * 2**20
_MAX_PIXELS = 8192  # of a stand-in
_UNKNOWN_SIZE = (800, 600)
# Headers of an answer that change what a browser does with it.
_PASSED = (
    b"content-type",
    b"content-security-policy",
    b"cross-origin-embedder-policy",
    b"cross-origin-resource-policy",
    b"x-content-type-options",
    b"access-control-allow-origin",
    b"access-control-allow-credentials",
    b"access-control-expose-headers",
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the browser is given."""

    status: int
    headers: dict[str, str]
    body: bytes

    def content_type(self) -> str:
        return self.headers.get("content-type", "").strip().lower()

    def is_image(self) -> bool:
        return self.content_type().startswith("image/") and 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class Met:
    """What became of an image address: 0 when nothing answered."""

    status: int
    is_image: bool
    width: int | None
    height: int | None


_PENDING = Met(200, True, None, None)


@dataclass(slots=True)
class Asset(Task):
    """A script, style or data file that a page in the browser waits for."""

    headers: dict[str, str] = field(default_factory=dict)


class Supply:
    """Answers for the browser. Everything it gives came through the frontier."""

    def __init__(
        self,
        frontier: Frontier,
        wake: Callable[[], None],
        record_image: Callable[[Task, Response], None],
    ) -> None:
        """`wake` has the frontier's new addresses noticed; `record_image` keeps an image that a
        script fetched as data."""
        self._frontier, self._wake, self._record_image = frontier, wake, record_image
        self._kept: OrderedDict[str, Answer] = OrderedDict()
        self._kept_bytes = 0
        self._assets: dict[str, asyncio.Future[Answer | None]] = {}
        self._images: dict[str, asyncio.Future[Answer | None]] = {}
        self._met: dict[int, Met] = {}
        self._named: set[int] = set()
        self.refused: set[str] = set()  # assets that robots.txt forbids

    # --- for the browser ---

    def has(self, url: str) -> bool:
        """Whether an address can be answered without asking anybody."""
        return url in self._kept or hash(url) in self._met

    async def asset(self, url: str, headers: dict[str, str]) -> Answer | None:
        """A script, style, document or data file; None when it must not or cannot be had."""
        if url in self._kept:
            self._kept.move_to_end(url)
            return self._kept[url]
        if url not in self._assets:
            self._assets[url] = asyncio.get_running_loop().create_future()
            self._frontier.again(Asset("asset", url, url, headers=headers))
            self._wake()
        waiting = self._assets.get(url)  # gone when it was refused at once
        return await asyncio.shield(waiting) if waiting is not None else None

    async def image(self, url: str) -> Answer | None:
        """An image: its bytes while they are fresh, a stand-in of its size afterwards or when
        they do not come in time; None when it must not or cannot be had."""
        if hash(url) in self._met:
            return _stand_in(self._met[hash(url)])
        if self._frontier.options.pages_only:
            self._frontier.add_image(url)
            return _stand_in(_PENDING)
        if url not in self._images:
            waiting = self._images[url] = asyncio.get_running_loop().create_future()
            self._frontier.add_image(url)
            self._wake()
        else:
            waiting = self._images[url]
        try:
            return await asyncio.wait_for(asyncio.shield(waiting), _PATIENCE)
        except TimeoutError:
            return _stand_in(_PENDING)

    def named(self, refs: list[dict[str, Any]]) -> None:
        """Note which images the static pass found named."""
        self._named.update(hash(ref["image_url"]) for ref in refs if ref["image_url"])

    def is_named(self, url: str) -> bool:
        """Whether the static pass found an image named, in whatever page or file."""
        return hash(url) in self._named

    def met(self, url: str) -> Met | None:
        """What became of an image address, if that is known."""
        return self._met.get(hash(url))

    # --- from the crawl ---

    def keep(self, url: str, response: Response) -> Answer:
        """Keep an answer for the pages to come, the oldest giving way."""
        answer = _answer(response)
        size = len(answer.body)
        if size <= _MAX_KEPT_EACH and url not in self._kept:
            self._kept[url] = answer
            self._kept_bytes += size
            while self._kept_bytes > _MAX_KEPT:
                _, gone = self._kept.popitem(last=False)
                self._kept_bytes -= len(gone.body)
        return answer

    def asset_done(self, task: Task, response: Response | None, *, refused: bool = False) -> None:
        """An asset was answered, or (None) will not be; `refused`: robots.txt forbids it."""
        if refused:
            self.refused.add(task.url)
        answer = self.keep(task.url, response) if response is not None else None
        if answer is not None and response is not None and answer.is_image():
            self._record_image(task, response)
        _resolve(self._assets.pop(task.url, None), answer)

    def image_known(self, row: dict[str, Any]) -> None:
        """An image record, of this session or an earlier one."""
        kinds = (row["content_type"] or "", row["sniffed_type"] or "")
        status = (row["status"] or 0) if row["outcome"] in ("fetched", "too_large") else 0
        self._met[hash(row["image_url"])] = Met(
            status,
            any(kind.strip().lower().startswith("image/") for kind in kinds),
            row["width"],
            row["height"],
        )

    def image_done(self, row: dict[str, Any], response: Response | None) -> None:
        """An image was recorded: hand its bytes to a page that waits for it."""
        self.image_known(row)
        waiting = self._images.pop(row["image_url"], None)
        whole = response is not None and row["outcome"] == "fetched" and row["method"] == "GET"
        if whole and response is not None and not response.request.meta.get("stopped"):
            _resolve(waiting, _answer(response))
        else:
            _resolve(waiting, _stand_in(self._met[hash(row["image_url"])]))

    def drop(self) -> None:
        """The page is gone: nobody waits for its assets any more."""
        self._frontier.drop("asset")
        for waiting in [*self._assets.values(), *self._images.values()]:
            _resolve(waiting, None)
        self._assets.clear()
        self._images.clear()


def _resolve(waiting: asyncio.Future[Answer | None] | None, answer: Answer | None) -> None:
    if waiting is not None and not waiting.done():
        waiting.set_result(answer)


def _answer(response: Response) -> Answer:
    headers = {}
    for name in _PASSED:
        values = response.headers.getlist(name)
        if values:
            headers[name.decode()] = b", ".join(values).decode("latin-1")
    return Answer(response.status, headers, response.body)


def _stand_in(met: Met) -> Answer | None:
    """A picture of the same size: the page lays itself out as with the real one."""
    if not 200 <= met.status < 400:
        return Answer(met.status, {"content-type": "text/plain"}, b"") if met.status else None
    width, height = met.width or _UNKNOWN_SIZE[0], met.height or _UNKNOWN_SIZE[1]
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" '
        f'width="{min(width, _MAX_PIXELS)}" height="{min(height, _MAX_PIXELS)}"/>'
    )
    headers = {"content-type": "image/svg+xml", "access-control-allow-origin": "*"}
    return Answer(200, headers, svg.encode())

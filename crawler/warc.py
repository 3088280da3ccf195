"""Answers of a running crawl → WARC records of what was asked and answered, one gzip member each.

Written below the decompression, so bodies stand as the server sent them (of a chunked transfer
the chunks are joined, as its header line is gone too). A kill leaves at most the last member cut;
opening the file again takes that one off.
"""

from __future__ import annotations

import os
import zlib
from http.client import responses as PHRASES
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from scrapy import signals
from scrapy.http import Request, Response
from warcio.warcwriter import WARCWriter

from crawler.policy import USER_AGENT
from crawler.urls import target
from crawler.warc_head import Head
from crawler.whole import append_whole

FILE = "responses.warc.gz"
_CHUNK = 65536
_INFO = {
    "software": "optout",
    "format": "WARC File Format 1.1",
    "conformsTo": "https://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/",
    "http-header-user-agent": USER_AGENT,
}
# Why a body ends early, in the words of WARC 1.1, section 5.13.
_TRUNCATED = {"too_large": "length"}


class Archive:
    """One WARC file, open for appending."""

    def __init__(self, path: Path) -> None:
        mend(path)
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        self._buffer = BytesIO()  # of one exchange
        self._writer = WARCWriter(self._buffer, gzip=True, warc_version="1.1")
        if not os.fstat(self._fd).st_size:
            self._writer.write_record(self._writer.create_warcinfo_record(FILE, _INFO))
            self._flush()

    def add(self, request: Request, response: Response) -> None:
        """Append one exchange. Raises OSError (disk full) with the file left whole."""
        self._writer.write_request_response_pair(
            self._record(request.url, "request", _asked(request), b"", {}),
            self._response(request, response),
        )
        self._flush()

    def close(self) -> None:
        os.close(self._fd)

    def _flush(self) -> None:
        """Write what is in the buffer, all of it or nothing."""
        try:
            append_whole(self._fd, self._buffer.getvalue())
        finally:
            self._buffer.seek(0)
            self._buffer.truncate()

    def _response(self, request: Request, response: Response) -> Any:
        cap = request.meta.get("cap", len(response.body))
        said = {}
        stopped = request.meta.get("stopped") or (len(response.body) > cap and "too_large")
        if stopped:
            said["WARC-Truncated"] = _TRUNCATED.get(stopped, "unspecified")
        if response.ip_address:
            said["WARC-IP-Address"] = str(response.ip_address)
        return self._record(request.url, "response", _answered(response), response.body[:cap], said)

    def _record(self, url: str, kind: str, head: Head, body: bytes, said: dict[str, str]) -> Any:
        return self._writer.create_warc_record(
            url,
            kind,
            payload=BytesIO(body),
            length=len(body),
            http_headers=head,
            warc_headers_dict=said,
        )


def _asked(request: Request) -> Head:
    """The request as it goes out; Host is added below Scrapy."""
    host = urlsplit(request.url).netloc.rpartition("@")[2].encode("ascii", "replace")
    path = target(request.url).encode("ascii", "replace").decode()
    return Head(f"{request.method} {path} HTTP/1.1", [(b"Host", host), *_lines(request.headers)])


def _answered(response: Response) -> Head:
    """The status line anew (Scrapy keeps no reason phrase), the header lines as served."""
    status = response.status
    first = f"{response.protocol or 'HTTP/1.1'} {status} {PHRASES.get(status, '')}"
    return Head(first, _lines(response.headers))


def _lines(headers: Any) -> list[tuple[bytes, bytes]]:
    return [(name, value) for name, values in headers.items() for value in values]


class Recorder:
    """Scrapy's downloader middleware that keeps every exchange in the run's folder."""

    def __init__(self, crawler: Any) -> None:
        self._crawler = crawler
        self._archive: Archive | None = None
        crawler.signals.connect(self._opened, signals.spider_opened)
        crawler.signals.connect(self._closed, signals.spider_closed)

    @classmethod
    def from_crawler(cls, crawler: Any) -> Recorder:
        return cls(crawler)

    def process_response(self, request: Request, response: Response) -> Response:
        # What the browser shows was asked for through the crawl's own requests before.
        if self._archive is not None and "visit" not in request.meta:
            try:
                self._archive.add(request, response)
            except Exception as error:
                # Else the answer itself would count as failed.
                self._crawler.spider.fail(error)
        return response

    def _opened(self, spider: Any) -> None:
        try:
            self._archive = Archive(spider.folder / FILE)
        except OSError as error:
            spider.fail(error)

    def _closed(self) -> None:
        if self._archive is not None:
            self._archive.close()


def mend(path: Path) -> None:
    """Cut what follows the last whole gzip member (a kill, a full disk). Memory stays flat."""
    if not path.exists():
        return
    with path.open("r+b") as file:
        file.truncate(_whole(file))


def _whole(file: BinaryIO) -> int:
    """Bytes up to the end of the last whole member."""
    end = position = 0
    decoder, data = zlib.decompressobj(31), b""
    while True:
        data = data or file.read(_CHUNK)
        try:
            out = decoder.decompress(data, _CHUNK)
        except zlib.error:
            break
        if not data and not out:
            break
        rest = decoder.unused_data if decoder.eof else decoder.unconsumed_tail
        position += len(data) - len(rest)
        data = rest
        if decoder.eof:
            end, decoder = position, zlib.decompressobj(31)
    return end

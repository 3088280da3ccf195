"""A web archive of one's own: real WARC records, the CDX API over them, files with byte ranges."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pyarrow as pa
import pyarrow.parquet as pq
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

Answer = tuple[int, list[tuple[str, str]], bytes]
HTML = (("Content-Type", "text/html; charset=utf-8"),)
PLAIN = (("Content-Type", "text/plain"),)


def digest(body: bytes) -> str:
    return base64.b32encode(hashlib.sha1(body).digest()).decode()


def record(
    url: str,
    timestamp: str,
    body: bytes,
    headers: tuple[tuple[str, str], ...] = HTML,
    status: str = "200 OK",
    warc: dict[str, str] | None = None,
) -> bytes:
    """One gzip member: a response record."""
    out = io.BytesIO()
    writer = WARCWriter(out, gzip=True)
    moment = re.sub(r"(....)(..)(..)(..)(..)(..)", r"\1-\2-\3T\4:\5:\6Z", timestamp)
    extra = {"WARC-Date": moment, "WARC-IP-Address": "203.0.113.7", **(warc or {})}
    http = StatusAndHeaders(status, list(headers), protocol="HTTP/1.1")
    made = writer.create_warc_record(
        url, "response", io.BytesIO(body), http_headers=http, warc_headers_dict=extra
    )
    writer.write_record(made)
    made.raw_stream.close()  # a temporary file of warcio's
    return out.getvalue()


@dataclass
class Archive:
    """What it holds, and what it was asked. `answer` may be wrapped to misbehave."""

    per_page: int = 2  # lines of a page of the index's answer
    entries: list[dict[str, Any]] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    crawls: list[str] = field(default_factory=list)

    def add(
        self,
        crawl: str,
        url: str,
        timestamp: str,
        body: bytes,
        *,
        packed: bytes | None = None,
        status: int = 200,
        headers: tuple[tuple[str, str], ...] = HTML,
        index: bool = True,
        **entry: Any,
    ) -> dict[str, Any]:
        """Keep an exchange; `entry` overrides what the index says of it."""
        if crawl not in self.crawls:
            self.crawls.insert(0, crawl)
        robots = url.endswith("/robots.txt")
        subset = "robotstxt" if robots else "warc"
        name = f"crawl-data/{crawl}/segments/1.2/{subset}/{crawl}-00000.warc.gz"
        data = packed or record(url, timestamp, body, headers, f"{status} OK")
        before = self.files.get(name, b"")
        self.files[name] = before + data
        line = {
            "urlkey": url,
            "timestamp": timestamp,
            "url": url,
            "mime": dict(headers)["Content-Type"].partition(";")[0],
            "status": str(status),
            "digest": digest(body),
            "length": str(len(data)),
            "offset": str(len(before)),
            "filename": name,
            "crawl": crawl,
            **entry,
        }
        if index:
            self.entries.append(line)
        return line

    def page(self, crawl: str, url: str, timestamp: str, markup: str, **more: Any) -> None:
        self.add(crawl, url, timestamp, f"<!doctype html><title>t</title>{markup}".encode(), **more)

    def robots(self, crawl: str, url: str, timestamp: str, text: str, **more: Any) -> None:
        self.add(crawl, url, timestamp, text.encode(), headers=PLAIN, **more)

    def table(self, crawl: str, entries: list[dict[str, Any]], groups: int = 1) -> str:
        """Write the columnar index of `entries`; the path of its list of files."""
        folder = f"cc-index/table/cc-main/warc/crawl={crawl}/subset=robotstxt"
        path = f"{folder}/part-00000-0f.c000.gz.parquet"
        schema = pa.schema([
            ("url_surtkey", pa.string()), ("url", pa.string()), ("url_host_name", pa.string()),
            ("fetch_time", pa.timestamp("us", tz="UTC")), ("fetch_status", pa.int16()),
            ("content_digest", pa.string()), ("warc_filename", pa.string()),
            ("warc_record_offset", pa.int32()), ("warc_record_length", pa.int32()),
        ])  # fmt: skip
        out = io.BytesIO()
        rows = sorted((table_row(entry) for entry in entries), key=lambda row: row["url_surtkey"])
        each = max(1, len(rows) // groups)
        pq.write_table(
            pa.Table.from_pylist(rows, schema), out, compression="gzip", row_group_size=each
        )
        self.files[path] = out.getvalue()
        listed = f"crawl-data/{crawl}/cc-index-table.paths.gz"
        other = path.replace("robotstxt", "warc")
        self.files[listed] = gzip.compress(f"{other}\n{path}\n".encode())
        if crawl not in self.crawls:
            self.crawls.insert(0, crawl)
        return listed

    def records_asked(self) -> list[str]:
        return [one for one in self.asked if one.startswith("/crawl-data/") and "warc.gz" in one]

    def answer(self, method: str, path: str, headers: dict[str, str]) -> Answer:
        wanted = headers.get("Range", "")
        self.asked.append(f"{path} {wanted}".strip())
        parts = urlsplit(path)
        if parts.path == "/collinfo.json":
            listed = [{"id": name, "name": name, "cdx-api": "http://evil.example/"}
                      for name in self.crawls]  # fmt: skip
            return 200, [("Content-Type", "application/json")], json.dumps(listed).encode()
        if parts.path.endswith("-index"):
            return self.index(parts.path[1:].removesuffix("-index"), parse_qs(parts.query))
        return ranged(self.files.get(parts.path[1:]), wanted)

    def index(self, crawl: str, query: dict[str, list[str]]) -> Answer:
        kind = [("Content-Type", "text/x-ndjson")]
        found = [e for e in self.entries if e["crawl"] == crawl and matches(e, query)]
        pages = -(-len(found) // self.per_page)
        if "showNumPages" in query:
            said = {"pages": pages, "pageSize": 5, "blocks": pages}
            return 200, kind, json.dumps(said).encode()
        if not found:
            said = {"message": f"No Captures found for: {query['url'][0]}"}
            return 404, kind, json.dumps(said).encode()
        at = int(query.get("page", ["0"])[0]) * self.per_page
        lines = [json.dumps({k: v for k, v in e.items() if k != "crawl"}) for e in found]
        return 200, kind, ("\n".join(lines[at : at + self.per_page]) + "\n").encode()


def table_row(entry: dict[str, Any]) -> dict[str, Any]:
    from datetime import UTC, datetime

    host = urlsplit(entry["url"]).hostname or ""
    labels = host.removeprefix("www.").split(".")
    moment = datetime.strptime(entry["timestamp"], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    return {
        "url_surtkey": ",".join(reversed(labels)) + ")/robots.txt",
        "url": entry["url"],
        "url_host_name": host,
        "fetch_time": moment,
        "fetch_status": int(entry["status"]),
        "content_digest": entry["digest"],
        "warc_filename": entry["filename"],
        "warc_record_offset": int(entry["offset"]),
        "warc_record_length": int(entry["length"]),
    }


def matches(entry: dict[str, Any], query: dict[str, list[str]]) -> bool:
    """As the CDX API: the place by its sort key, then every filter."""
    bare = re.sub(r"^https?://(www\.)?", "", entry["url"])
    wanted = query["url"][0].removeprefix("www.")
    how = query.get("matchType", ["exact"])[0]
    host = bare.partition("/")[0]
    ours = {
        "exact": bare == wanted,
        "prefix": bare.startswith(wanted),
        "domain": host == wanted or host.endswith(f".{wanted}"),
    }[how]
    return ours and all(passes(entry, text) for text in query.get("filter", []))


def passes(entry: dict[str, Any], text: str) -> bool:
    how, rest = (text[0], text[1:]) if text[0] in "=~" else ("", text)
    name, _, value = rest.partition(":")
    has = str(entry.get(name, ""))
    if how == "=":
        return has == value
    return bool(re.fullmatch(value, has)) if how == "~" else value in has


def ranged(body: bytes | None, wanted: str) -> Answer:
    """A file, or the part of it that is asked for."""
    if body is None:
        return 404, [("Content-Type", "text/plain")], b"not found"
    asked = re.fullmatch(r"bytes=(\d*)-(\d*)", wanted)
    if not asked:
        return 200, [], body
    if asked[1]:
        first, last = int(asked[1]), min(int(asked[2] or len(body)), len(body) - 1)
    else:
        first, last = max(0, len(body) - int(asked[2])), len(body) - 1
    if first > last:
        return 416, [("Content-Range", f"bytes */{len(body)}")], b""
    said = f"bytes {first}-{last}/{len(body)}"
    return 206, [("Content-Range", said)], body[first : last + 1]

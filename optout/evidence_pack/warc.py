"""Exchanges → one WARC 1.1 file, requests and answers as they went over the wire.

Of a chunked answer the chunks are joined and its Transfer-Encoding line is left out (the header
dumps have it). The same exchanges at the same times give the same bytes.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

from warcio.warcwriter import WARCWriter

from crawler.policy import USER_AGENT
from crawler.urls import target
from crawler.warc_head import Head
from optout.fetched import Exchange

FILE = "responses.warc.gz"
_INFO = {
    "software": "optout",
    "format": "WARC File Format 1.1",
    "conformsTo": "https://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/",
    "http-header-user-agent": USER_AGENT,
}
_HOP_BY_HOP = frozenset({b"transfer-encoding"})


def warc(exchanges: Iterable[Exchange], made_at: datetime) -> bytes:
    """The file's bytes: a warcinfo record, then request and response of each exchange."""
    out = BytesIO()
    writer = WARCWriter(out, gzip=True, warc_version="1.1")
    info = "".join(f"{name}: {value}\r\n" for name, value in _INFO.items()).encode()
    said = _said("warcinfo", 0, made_at) | {"WARC-Filename": FILE}
    writer.write_record(_record(writer, "", None, info, said))
    for number, one in enumerate(exchanges, 1):
        said = _said("request", number, one.at)
        request = _record(writer, one.url, _request(one), b"", said)
        writer.write_request_response_pair(request, _response(writer, one, number))
    return out.getvalue()


def _response(writer: WARCWriter, one: Exchange, number: int) -> Any:
    said = _said("response", number, one.at)
    if one.address:
        said["WARC-IP-Address"] = one.address
    if not one.whole:
        # "length" where our limit ended it; a redirect's body is not read at all.
        said["WARC-Truncated"] = "length" if one.body else "unspecified"
    first = f"HTTP/1.1 {one.status} {one.phrase}"
    lines = [(name, value) for name, value in one.lines if name.lower() not in _HOP_BY_HOP]
    return _record(writer, one.url, Head(first, lines), bytes(one.body), said)


def _request(one: Exchange) -> Head:
    lines = [(name.encode(), value.encode("utf-8")) for name, value in one.asked]
    return Head(f"{one.method} {target(one.url)} HTTP/1.1", lines)


def _record(
    writer: WARCWriter, url: str, head: Head | None, body: bytes, said: dict[str, str]
) -> Any:
    kind = said.pop("WARC-Type")
    return writer.create_warc_record(
        url,
        kind,
        payload=BytesIO(body),
        length=len(body),
        http_headers=head,
        warc_headers_dict=said,
        warc_content_type="application/warc-fields" if kind == "warcinfo" else "",
    )


def _said(kind: str, number: int, at: datetime) -> dict[str, str]:
    """Date and identifier: made of the time and place in the file, so that they are stable."""
    date = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    name = uuid.uuid5(uuid.NAMESPACE_URL, f"optout:{date}:{number}:{kind}")
    return {"WARC-Type": kind, "WARC-Record-ID": f"<urn:uuid:{name}>", "WARC-Date": date}

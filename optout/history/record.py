"""The bytes of one archived record → the exchange in it, or RecordError that says what is wrong.

Records are strangers' bytes: what they unpack to is bounded, and what they say of themselves is
held against what the index said.
"""

from __future__ import annotations

import base64
import hashlib
import io
import re
import zlib
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from crawler.archived import Archived
from crawler.policy import MAX_PAGE_BYTES
from crawler.urls import clean
from optout.history.captures import Capture

if TYPE_CHECKING:
    from warcio.recordloader import ArcWarcRecord

_ROOM = 256 * 2**10  # for the headers around a body
_MOST = MAX_PAGE_BYTES + _ROOM
_MAX_LINES = 500  # of the headers kept
# Between the index and the record; they are written by different programs.
_CLOCKS = timedelta(days=1)
_GZIP = 31  # zlib's window bits for a gzip stream


class RecordError(Exception):
    """The record cannot be used; the text says why, without its address."""


def read_record(packed: bytes, capture: Capture, place: str) -> tuple[Archived, bool]:
    """(exchange, whether its body has the index's digest) of a record's compressed bytes.

    `place` is where the record lies, for people. Raises RecordError.
    """
    record = _record(_unpacked(packed))
    _compare(record, capture)
    raw = record.raw_stream.read(_MOST)
    lines = _lines(record)
    body, cut = _decoded(raw, dict(reversed([(n.lower(), v) for n, v in lines])))
    known = [raw, body] if capture.digest else []
    said = record.rec_headers.get_header("WARC-Truncated")
    return (
        Archived(
            url=capture.url,
            observed_at=capture.observed_at,
            status=_status(record),
            headers=lines,
            body=body[:MAX_PAGE_BYTES],
            truncated=cut or said is not None or len(body) > MAX_PAGE_BYTES,
            address=_address(record),
            found_on=place,
        ),
        capture.digest in map(_sha1, known),
    )


def _unpacked(packed: bytes) -> bytes:
    """The record, unpacked no further than is needed. One that ends too early is refused."""
    inflate = zlib.decompressobj(_GZIP)
    try:
        record = inflate.decompress(packed, _MOST)
    except zlib.error as error:
        raise RecordError("the record is not gzip, or damaged") from error
    if not inflate.eof and not inflate.unconsumed_tail:
        raise RecordError("the record is cut short")
    return record


def _record(data: bytes) -> ArcWarcRecord:
    from warcio.exceptions import ArchiveLoadFailed
    from warcio.recordloader import ArcWarcRecordLoader

    try:
        # One that is written as ARC (crawls before 2013) becomes one as in WARC.
        record = ArcWarcRecordLoader(arc2warc=True).parse_record_stream(
            io.BytesIO(data), known_format=None if data[:5] == b"WARC/" else "arc"
        )
    except (ArchiveLoadFailed, EOFError, ValueError, IndexError, AttributeError) as error:
        raise RecordError("the record is no WARC record") from error
    if record.rec_type != "response" or record.http_headers is None:
        raise RecordError(f"the record is no response but {str(record.rec_type)[:20]!r}")
    return record


def _compare(record: ArcWarcRecord, capture: Capture) -> None:
    """The record must be the one the index spoke of."""
    target = str(record.rec_headers.get_header("WARC-Target-URI") or "")
    if target.startswith("<") and target.endswith(">"):  # as some writers have it
        target = target[1:-1]
    if clean(target) != capture.url:
        raise RecordError("the record is of another address than the index says")
    written = str(record.rec_headers.get_header("WARC-Date") or "")
    try:
        moment = datetime.fromisoformat(written.replace("Z", "+00:00"))
        apart = abs(moment - capture.moment)
    except (ValueError, TypeError):
        raise RecordError("the record has no readable time") from None
    if apart > _CLOCKS:
        raise RecordError("the record is of another time than the index says")


def _status(record: ArcWarcRecord) -> int:
    code = str(record.http_headers.get_statuscode() or "")
    if not re.fullmatch(r"[1-5][0-9]{2}", code, re.ASCII):
        raise RecordError("the record holds no HTTP status")
    return int(code)


def _lines(record: ArcWarcRecord) -> tuple[tuple[str, str], ...]:
    lines = record.http_headers.headers[:_MAX_LINES]
    return tuple((str(name), str(value)) for name, value in lines)


def _address(record: ArcWarcRecord) -> str | None:
    import ipaddress

    try:
        return str(ipaddress.ip_address(str(record.rec_headers.get_header("WARC-IP-Address"))))
    except ValueError:
        return None


def _decoded(raw: bytes, headers: dict[str, Any]) -> tuple[bytes, bool]:
    """(body, whether only its first part) without transfer and content coding.

    Archives often keep the headers and take the coding off the body, so both are tried on what
    is there: bytes that are not so coded are taken as they are.
    """
    if "chunked" in str(headers.get("transfer-encoding", "")).lower():
        raw = _unchunked(raw)
    coding = str(headers.get("content-encoding", "")).strip().lower()
    if coding in ("gzip", "x-gzip") and raw[:2] == b"\x1f\x8b":
        return _inflated(raw, _GZIP)
    if coding == "deflate" and raw[:1] == b"\x78":
        return _inflated(raw, zlib.MAX_WBITS)
    return raw, False


def _unchunked(raw: bytes) -> bytes:
    from warcio.bufferedreaders import ChunkedDataException, ChunkedDataReader

    reader = ChunkedDataReader(io.BytesIO(raw), raise_exceptions=True)
    parts = []
    try:
        while part := reader.read(2**16):
            parts.append(part)
    except (ChunkedDataException, ValueError):
        return raw if not parts else b"".join(parts)
    return b"".join(parts)


def _inflated(raw: bytes, window: int) -> tuple[bytes, bool]:
    inflate = zlib.decompressobj(window)
    try:
        body = inflate.decompress(raw, _MOST)
    except zlib.error:
        return raw, False
    return body, not inflate.eof


def _sha1(body: bytes) -> str:
    return base64.b32encode(hashlib.sha1(body, usedforsecurity=False).digest()).decode("ascii")

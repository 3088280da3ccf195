"""A group of captures of one body → its record fetched, and the observations of each of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from crawler.urls import origin
from optout.history.captures import ROBOTS, Capture
from optout.history.earlier import Earlier
from optout.history.host import Host
from optout.history.plan import Group
from optout.history.ranged import RangeError, fetch_range
from optout.history.record import RecordError, read_record

if TYPE_CHECKING:
    from crawler.archived import Archived

_TRIES = 3  # captures of one body that are tried
_WRONG = "its bytes do not have the digest that the index gives"

Line = dict[str, Any]
Row = tuple[str, dict[str, Any]]


@dataclass(slots=True)
class Read:
    """What came of a group: lines for the summary and (relation, row) pairs."""

    lines: list[Line]
    rows: list[Row]
    reason: str = ""  # why the body could not be had; "" where it was


def read_group(data: Host, group: Group, known: Earlier) -> Read:
    """Observations of those captures of `group` that are not known, with one fetch at most
    where that is enough. Raises FetchError when the server cannot be asked."""
    fresh = [one for one in group.captures if one.key not in known.keys]
    body = fresh[0].kind, fresh[0].digest
    sha256 = known.bodies.get(body)
    if sha256 and all(one.url in known.urls[body] for one in fresh):
        read = Read([], [])
        _list(read, fresh, sha256, "read before", data)
        return read
    read = Read([], [])
    while fresh and len(read.lines) < _TRIES:
        first = fresh.pop(0)
        try:
            kept, same = _fetch(data, first)
        except (RangeError, RecordError) as error:
            read.reason = error.message if isinstance(error, RangeError) else str(error)
            _fail(read, first, read.reason, data)
            continue
        read.reason = ""
        _keep(read, first, kept, None if same or not first.digest else _WRONG)
        if same:
            _keep_twins(read, first, fresh, kept, data)
        return read
    return read


def _fetch(data: Host, capture: Capture) -> tuple[Archived, bool]:
    packed, first, _ = fetch_range(data, capture.filename, capture.byte_range, capture.length)
    if first != capture.offset or len(packed) != capture.length:
        raise RangeError("it gave another part of the file than was asked for")
    return read_record(packed, capture, _place(data, capture))


def _place(data: Host, capture: Capture) -> str:
    return f"{data.base_url}/{capture.filename}#bytes={capture.byte_range}"


def _keep(read: Read, capture: Capture, kept: Archived, note: str | None) -> None:
    """The record's own observations."""
    rows = list(_rows(capture, kept, note))
    own = rows[0][1]
    read.rows += rows
    read.lines.append(_line(capture, own["outcome"], note, own["sha256"], read=not note))


def _rows(capture: Capture, kept: Archived, note: str | None) -> Iterator[Row]:
    from crawler.archived import page_rows, robots_rows

    return robots_rows(kept, note) if capture.kind == ROBOTS else page_rows(kept, note)


def _keep_twins(
    read: Read, first: Capture, others: list[Capture], kept: Archived, data: Host
) -> None:
    """The same body at other times, and at other addresses, where it may name other images."""
    sha256 = read.lines[-1]["sha256"]
    seen = {first.url}
    for one in others:
        if one.url in seen or one.kind == ROBOTS:
            _list(read, [one], sha256, f"that of {first.observed_at[:10]}", data)
            continue
        seen.add(one.url)
        moved = replace(
            kept, url=one.url, observed_at=one.observed_at, found_on=_place(data, one), headers=()
        )
        # The body is known to be the same; the headers of that answer are not.
        content_type = [line for line in kept.headers if line[0].lower() == "content-type"]
        moved = replace(moved, headers=tuple(content_type[:1]))
        note = f"same digest as the capture of {first.url} of {first.observed_at[:10]}"
        rows = [row for row in _rows(one, moved, note) if row[0] != "hops"]
        rows[0][1]["outcome"] = "listed"
        read.rows += rows
        read.lines.append(_line(one, "listed", note, sha256, read=True))


def _list(read: Read, captures: list[Capture], sha256: str | None, of: str, data: Host) -> None:
    """Captures whose body is known by the index's digest."""
    for one in captures:
        reason = f"same digest as a capture that was fetched: {of}"
        read.rows.append(_bare(one, "listed", reason, sha256, data))
        read.lines.append(_line(one, "listed", reason, sha256))


def _fail(read: Read, capture: Capture, reason: str, data: Host) -> None:
    read.rows.append(_bare(capture, "failed", reason, None, data))
    read.lines.append(_line(capture, "failed", reason, None))


def _bare(capture: Capture, outcome: str, reason: str, sha256: str | None, data: Host) -> Row:
    """The row of a capture whose bytes were not read."""
    row = {
        "observed_at": capture.observed_at,
        "url": capture.url,
        "final_url": capture.url,
        "outcome": outcome,
        "reason": reason,
        "status": capture.status,
        "hop_count": 0,
        "sha256": sha256,
        "truncated": False,
    }
    if capture.kind == ROBOTS:
        return "site_files", row | {"origin": origin(capture.url), "kind": ROBOTS}
    return "pages", row | {"found_on": _place(data, capture)}


def _line(
    capture: Capture, outcome: str, reason: str | None, sha256: str | None, *, read: bool = False
) -> Line:
    """A capture as the summary and --json name it. `read`: its body was read for its address."""
    return {
        "kind": capture.kind,
        "url": capture.url,
        "captured_at": capture.observed_at,
        "crawl": capture.crawl,
        "status": capture.status,
        "outcome": outcome,
        "reason": reason,
        "digest": capture.digest,
        "sha256": sha256,
        "read": read,
        "filename": capture.filename,
        "offset": capture.offset,
        "length": capture.length,
        "key": capture.key,
    }

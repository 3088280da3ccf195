"""What was looked at, and what the case knows → the files of a pack, by name.

Texts of strangers are data here: pages are kept as .txt, so that opening one runs nothing.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import ssl
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from crawler.sniff import pixel_size, sniff
from crawler.urls import origin, place_of
from optout.case import Case
from optout.errors import OptoutError
from optout.evidence_pack.fingerprints import fingerprints
from optout.evidence_pack.looking import Looking
from optout.evidence_pack.subjects import About, Subject
from optout.fetched import Exchange, Fetched

Row = dict[str, Any]
Files = dict[str, bytes]

MOST_PERIODS = 5_000  # of the ledger
_PICTURES = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/gif": "gif",
    "image/webp": "webp",
    "image/avif": "avif",
}


def addresses(
    about: About, looking: Looking, seen: dict[str, Row], shots: dict[str, str]
) -> tuple[list[Row], Files]:
    """What became of each address (addresses.json), and the files that were had of it.

    `seen`: columns of queries/pack_seen.sql by address; `shots`: why there is no screenshot.
    """
    told: list[Row] = []
    files: Files = {}
    listed = {row["match_id"]: listed_in(row) for row in about.rows}
    for number, subject in enumerate(about.subjects, 1):
        row: Row = {"number": number, "url": subject.url, "what": list(subject.roles)}
        row |= {"matches": list(subject.match_ids), "earlier": _earlier(seen.get(subject.url))}
        row["listed_in"] = [listed[i] for i in subject.match_ids if i in listed]
        got = looking.answers.get(subject.url)
        if subject.refused or got is None:
            told.append(row | {"outcome": "not looked at", "reason": subject.refused})
            continue
        name = f"{number:03}"
        files[f"headers/{name}.txt"] = _dump(got, looking.exchanges)
        body = _body(got)
        kept = f"files/{name}.{_suffix(got.body)}" if body else None
        if kept:
            files[kept] = got.body
        reason = shots.get(subject.url)
        told.append(row | _told(got) | {"file": kept, "no_screenshot_because": reason})
        told[-1]["in_words"] = in_words(subject, got, seen.get(subject.url))
    return told, files


def in_words(subject: Subject, got: Fetched, seen: Row | None) -> str:
    """What an address did, in one sentence: facts with their times, no conclusion."""
    at = f"{got.observed_at:%Y-%m-%d %H:%M:%S} UTC"
    if got.outcome != "fetched":
        return f"not had on {at}: {got.reason}"
    said = f"answered {got.status} on {at}"
    last = seen and seen["last_seen"]
    if got.status in (404, 410):
        return said + (f"; it was last seen to answer with content on {last:%Y-%m-%d}: gone since"
                       if last else "; no earlier run saw it")  # fmt: skip
    if last and seen and seen["sha256"] and not subject.page and got.status == 200:
        same = hashlib.sha256(got.body).hexdigest() == seen["sha256"]
        which = "the same bytes as" if same else "other bytes than"
        return f"{said}, {which} on {last:%Y-%m-%d}"
    return said


def site_files(looking: Looking) -> Files:
    """robots.txt and the files beside it: bodies as .txt, and the exchange of each."""
    files: Files = {}
    for place, answers in looking.files.items():
        folder = f"site_files/{_plain(place)}"
        for got in answers:
            name = _plain(got.url.removeprefix(place).strip("/"))
            files[f"{folder}/{name}.exchange.txt"] = _dump(got, looking.exchanges)
            if _body(got) and got.status == 200:
                files[f"{folder}/{name}.txt"] = got.body
    return files


def certificates(exchanges: Iterable[Exchange]) -> Files:
    """The TLS certificate of each server, as it stood when it answered."""
    found = {place_of(one.url): one.certificate for one in exchanges if one.certificate}
    return {
        f"certificates/{_plain(place)}.pem": ssl.DER_cert_to_PEM_cert(der).encode()
        for place, der in found.items()
    }


def listed_in(row: Row) -> str:
    """What can be said of a row of a data set: "listed in", never more."""
    edition, file = row["edition"] or row["dataset"], row["dataset_file"]
    return f"listed in edition {edition}, file {file}, row {row['dataset_row']}"


def rows(about: About, files: dict[tuple[str, str], Row]) -> list[Row]:
    """The data set rows with what is known of their edition, and of the file that was searched.

    `files`: data set and file → when it was searched, and its size (see searched_files).
    """
    from optout.datasets.editions import find

    told = []
    for row in about.rows:
        known = find(row["edition"] or "") or find(row["dataset"] or "")
        edition = known and {
            "homepage": known[0].homepage,
            "withdrawn": known[0].withdrawn,
            "checked": known[0].checked.isoformat(),
        }
        plain = {name: _number(value) for name, value in row.items()}
        told.append({"in_words": listed_in(row), "row": plain, "edition": edition})
        told[-1]["file"] = files.get((row["dataset"], row["dataset_file"]))
    return told


def searched_files(case: Case) -> dict[tuple[str, str], Row]:
    """What matches/summary.json says of each file searched; it only adds, so it may be absent."""
    try:
        said = json.loads((case.matches / "summary.json").read_text("utf-8"))
        return {
            (dataset["dataset"], file["file"]): {
                "searched_at": said["date"], "rows": file["rows"], "bytes": file["bytes"],
            }
            for dataset in said["datasets"]
            for file in dataset["files"]
        }  # fmt: skip
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return {}


def ledger(case: Case, looking: Looking, about: About) -> tuple[bytes | None, str]:
    """(the ledger's lines about these hosts and addresses, word for word; why there are none)."""
    from optout.ledger import export_lines

    urls = {subject.url for subject in about.subjects} | set(looking.answers)
    places = {origin(url) for url in urls if "://" in url}
    kept: list[str] = []
    try:
        for number, line in enumerate(export_lines(case)):
            if number == 0 or _concerns(json.loads(line), places, urls):
                kept.append(line)
            if len(kept) > MOST_PERIODS:
                break
    except OptoutError as error:
        return None, error.message
    return "".join(kept).encode("ascii"), ""


def requests(about: About) -> list[Row]:
    """The requests that the pack belongs to."""
    return [asdict(one) for one in about.requests]


def json_bytes(value: Any) -> bytes:
    """Readable JSON, ASCII, the same bytes for the same value."""
    text = json.dumps(value, indent=2, ensure_ascii=True, default=_plain_value, allow_nan=False)
    return f"{text}\n".encode("ascii")


def _number(value: Any) -> Any:
    """A number that is none (NaN, infinite) as words, since JSON has no place for it."""
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _plain_value(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _concerns(period: Row, places: set[str], urls: set[str]) -> bool:
    if period.get("origin") not in places:
        return False
    return period.get("subject") == "site" or period.get("place") in urls


def _told(got: Fetched) -> Row:
    told: Row = {
        "outcome": got.outcome,
        "reason": got.reason,
        "status": got.status,
        "final_url": got.final_url,
        "looked_at": got.observed_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "content_type": got.hops[-1].value("content-type") if got.hops else None,
        "addresses": [hop.address for hop in got.hops],
    }
    if _body(got):
        width, height = pixel_size(got.body)
        told |= {"size": len(got.body), "sha256": hashlib.sha256(got.body).hexdigest()}
        told |= {"is": sniff(got.body), "width": width, "height": height}
        told["md5"] = hashlib.md5(got.body, usedforsecurity=False).hexdigest()
        told |= fingerprints(got.body) if (told["is"] or "").startswith("image/") else {}
    return told


def _earlier(seen: Row | None) -> Row | None:
    names = ("first_seen", "last_seen", "sha256", "last_asked", "last_status")
    return {name: seen[name] for name in names} if seen else None


def _body(got: Fetched) -> bool:
    return got.outcome == "fetched" and bool(got.body)


def _suffix(body: bytes) -> str:
    kind = sniff(body)
    if kind in _PICTURES:
        return _PICTURES[kind]
    return "txt" if kind is None or kind in ("text/html", "image/svg+xml") else "bin"


def _dump(got: Fetched, exchanges: Sequence[Exchange]) -> bytes:
    """The questions and answers of a chain as text, header bytes as they came."""
    parts: list[bytes] = []
    for one in _chain(got, exchanges):
        sent = f"# {one.at.isoformat(timespec='milliseconds')} to {one.address}\n"
        parts.append(sent.encode() + f"{one.method} {one.url}\n".encode("ascii", "replace"))
        parts += [f"{name}: {value}\n".encode() for name, value in one.asked]
        parts.append(f"\n{one.status} {one.phrase}\n".encode("latin-1", "replace"))
        parts += [name + b": " + value + b"\n" for name, value in one.lines]
        state = "whole" if one.whole else "not read, or not to its end"
        parts.append(f"\n# body: {len(one.body)} bytes as sent, {state}\n\n".encode())
    if got.outcome != "fetched":
        parts.append(f"# {got.outcome}: {got.reason}\n".encode())
    return b"".join(parts)


def _chain(got: Fetched, exchanges: Sequence[Exchange]) -> Iterator[Exchange]:
    """The exchanges of one fetch: its hops, as they stand one after the other."""
    wanted = [hop.url for hop in got.hops]
    for one in exchanges:
        if wanted and one.url == wanted[0]:
            wanted.pop(0)
            yield one


def _plain(text: str) -> str:
    """A file name of what is a host or path of strangers."""
    name = re.sub(r"[^a-zA-Z0-9.-]+", "-", text).strip(".-")[:80]
    if name != text:
        name += "-" + hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:8]
    return name or "file"

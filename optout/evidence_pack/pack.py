"""A case and what a pack is about → addresses looked at anew, a folder and its zip."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import Any

from crawler.policy import MAX_IMAGE_BYTES, MAX_PAGE_BYTES, Reach
from optout.case import Case
from optout.control import proofs
from optout.evidence_pack import contents
from optout.evidence_pack.compare import side_by_side
from optout.evidence_pack.custody import TIMESTAMP, custody
from optout.evidence_pack.fingerprints import unable
from optout.evidence_pack.listing import MANIFEST, manifest_bytes
from optout.evidence_pack.looking import PAUSE, Looking
from optout.evidence_pack.page import FILE as VERIFY
from optout.evidence_pack.page import verify_page
from optout.evidence_pack.screenshots import screenshots
from optout.evidence_pack.subjects import IMAGE, LISTED, About, about
from optout.evidence_pack.warc import FILE as WARC
from optout.evidence_pack.warc import warc
from optout.evidence_pack.written import write

FOLDER = "evidence"
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Making:
    """How a pack is made. `by`: who makes it, in the user's own words."""

    by: str = ""
    command: str = "optout evidence"
    reach: Reach = field(default_factory=Reach)
    owned: frozenset[str] = frozenset()  # hosts whose robots.txt is recorded, not obeyed
    pause: float = PAUSE  # seconds between two requests to a host
    pictures: bool = True
    tell: Callable[[str], None] = lambda text: None
    now: Callable[[], datetime] = lambda: datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Pack:
    """What was written, and what became of each address."""

    folder: Path
    archive: Path
    manifest_sha256: str
    addresses: tuple[Row, ...]  # addresses.json
    left_out: tuple[str, ...]


def make_pack(
    case: Case, requests: Sequence[str], match_ids: Sequence[str] = (), making: Making | None = None
) -> Pack:
    """Look at what `requests` and `match_ids` name, and write evidence/<name>-<time>/ and its zip.

    Rows flagged as unsafe and withdrawn editions are never fetched. Raises RequestError for an
    unknown request or match, CaseError where the case cannot be read or the pack not written.
    """
    making = making or Making()
    what, began = about(case, requests, match_ids), making.now()
    refused = frozenset(subject.url for subject in what.subjects if subject.refused)
    looking = Looking(making.reach, making.now, making.owned, refused, making.pause)
    _look(looking, what, making.tell)
    told, left_out, files = _files(case, what, looking, making)
    files[WARC] = warc(looking.exchanges, began)
    log = custody(
        by=making.by or ", ".join(case.names) or "not stated",
        command=making.command,
        began=began,
        ended=making.now(),
        exchanges=looking.exchanges,
    )
    files["custody.json"] = contents.json_bytes(log)
    folder = case.folder / FOLDER / f"{what.name}-{began.astimezone(UTC):%Y-%m-%dT%H%M%SZ}"
    files[MANIFEST] = manifest_bytes(_head(case, folder.name, log), files)
    archive = write(folder, files, began)
    digest = hashlib.sha256(files[MANIFEST]).hexdigest()
    return Pack(folder, archive, digest, tuple(told), tuple(left_out))


def _files(
    case: Case, what: About, looking: Looking, making: Making
) -> tuple[list[Row], list[str], dict[str, bytes]]:
    """(addresses.json, left_out.json, all files but the WARC, the custody log and the manifest)."""
    shots, without = _shots(looking, what, making)
    told, files = contents.addresses(what, looking, _seen(case, what), without)
    files |= {name: body for name, body in _pictures(what, looking, shots, told).items() if body}
    ledger, no_ledger = contents.ledger(case, looking, what)
    left_out = _left_out(what, told, no_ledger, without)
    files |= contents.site_files(looking) | contents.certificates(looking.exchanges)
    files |= {"ledger.jsonl": ledger} if ledger is not None else {}
    return told, left_out, files | _records(case, what, told, left_out)


def _look(looking: Looking, what: About, tell: Callable[[str], None]) -> None:
    chosen = [subject for subject in what.subjects if not subject.refused]
    for subject in chosen:
        tell(f"looking at {subject.url}")
        looking.look(subject.url, MAX_PAGE_BYTES if subject.page else MAX_IMAGE_BYTES)
    looking.site_files(subject.url for subject in chosen)


def _shots(
    looking: Looking, what: About, making: Making
) -> tuple[dict[str, bytes], dict[str, str]]:
    """Pictures of the pages, then of what stands at the listed addresses."""
    urls = [
        subject.url
        for subject in sorted(what.subjects, key=lambda subject: not subject.page)
        if (got := looking.answers.get(subject.url)) and got.outcome == "fetched" and got.body
        if subject.page or LISTED in subject.roles
    ]
    if not making.pictures:
        return {}, dict.fromkeys(urls, "none was asked for")
    if urls:
        making.tell("making screenshots")
    return screenshots(looking, urls)


def _pictures(
    what: About, looking: Looking, shots: dict[str, bytes], told: list[Row]
) -> dict[str, bytes | None]:
    """Screenshots by the number of their address; each row's image beside the listed one."""
    number = {row["url"]: row["number"] for row in told}
    files: dict[str, bytes | None] = {
        f"screenshots/{number[url]:03}.png": body for url, body in shots.items()
    }
    by_match = {
        (role, match_id): subject.url
        for subject in what.subjects
        for role in subject.roles
        for match_id in subject.match_ids
    }
    for row in what.rows:
        ours, listed = (by_match.get((role, row["match_id"])) for role in (IMAGE, LISTED))
        bodies = [looking.answers[u].body for u in (ours, listed) if u and u in looking.answers]
        if ours != listed and len(bodies) == 2 and all(bodies):
            files[f"compare/{row['match_id']}.png"] = side_by_side(*bodies)
    return files


def _records(case: Case, what: About, told: list[Row], left_out: list[str]) -> dict[str, bytes]:
    return {
        "README.txt": resources.files(__package__).joinpath("templates/README.txt").read_bytes(),
        VERIFY: verify_page(),
        "addresses.json": contents.json_bytes(told),
        "rows.json": contents.json_bytes(contents.rows(what, contents.searched_files(case))),
        "requests.json": contents.json_bytes(contents.requests(what)),
        "left_out.json": contents.json_bytes(left_out),
        "proofs.json": contents.json_bytes([proof.sentence for proof in proofs(case)]),
    }


def _head(case: Case, name: str, log: Row) -> Row:
    return {
        "what": "optout evidence pack",
        "name": name,
        "case_id": case.case_id,
        "made_by": log["made_by"],
        "made_at": log["ended_at"],
        "tool": log["tool"],
        "independent_time_stamp": TIMESTAMP,
    }


def _left_out(
    what: About, told: Iterable[Row], no_ledger: str, without: dict[str, str]
) -> list[str]:
    """What a pack may hold and this one does not, one sentence each."""
    found = [f"{row['url']}: {row['outcome']}, {row['reason']}" for row in told if row["reason"]]
    found += [f"no screenshot of {url}: {why}" for url, why in sorted(without.items())]
    if why := unable():
        found.append(f"no perceptual fingerprints (pHash, PDQ): {why}")
    if no_ledger:
        found.append(f"no extract of the ledger: {no_ledger}")
    if what.left_out:
        found.append(f"{what.left_out} further rows: one pack takes {len(what.rows)}")
    return found


def _seen(case: Case, what: About) -> dict[str, Row]:
    from optout.requests.select import rows_of

    rows = rows_of(case, "pack_seen", urls=[subject.url for subject in what.subjects])
    return {row["url"]: row for row in rows}

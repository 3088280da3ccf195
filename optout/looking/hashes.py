"""The picture files that a case keeps → their picture hashes, each computed once.

looked_at/phashes.jsonl keeps them by the SHA-256 of the file. Needs the extra `vision`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from optout.case import Case
from optout.looking.journal import Record, add, read
from optout.looking.known import file_bytes, kept_file

if TYPE_CHECKING:
    import duckdb


def picture_hashes(connection: duckdb.DuckDBPyConnection, case: Case) -> dict[str, str]:
    """pHash (16 hex digits) → the first image address of the case that has it.

    Files that cannot be decoded and pictures with too little to see are left out (alike.toml).
    `connection` holds the case. Raises VisionError when what was computed cannot be kept.
    """
    from optout.database import relation
    from optout.matching.alike import limits

    journal = case.looked_at / "phashes.jsonl"
    known = {record.get("sha256"): record for record in read(journal)}
    found: dict[str, str] = {}
    for url, run_id, stored_as, sha256 in relation(connection, "kept_pictures").fetchall():
        record = known.get(sha256)
        if record is None:
            record = _record(file_bytes(kept_file(case, run_id, stored_as)))
            add(journal, record)
        phash, quality = record.get("phash"), record.get("quality")
        if isinstance(phash, str) and isinstance(quality, int) and quality >= limits().quality:
            found.setdefault(phash, url)
    return found


def _record(body: bytes) -> Record:
    from optout.vision.fingerprint import fingerprint

    print_ = fingerprint(body, iscc=False)
    return {"sha256": print_.sha256, "phash": print_.phash, "quality": print_.pdq_quality}

"""A stranger's file and the artist's pictures → the verdict, a record of compared.jsonl.

The picture is held to all works, not only to the one that the row names.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from optout.case import Case
from optout.looking.journal import Record, add, read
from optout.looking.known import Known, Work

if TYPE_CHECKING:
    from optout.vision.verify import Comparison, Seen

COPIES = ("same file", "same picture", "edited copy")
NOT_LOOKED_AT = "not looked at"
# Beside a copy, what is worth keeping a stranger's file for.
KEPT = (*COPIES, "similar only")


class Compared:
    """The verdicts of a case by file, so that a file is compared once with one set of pictures."""

    def __init__(self, case: Case) -> None:
        self._journal = case.looked_at / "compared.jsonl"
        self._found: dict[str, dict[str, Record]] = {}
        for record in read(self._journal):
            if isinstance(record.get("verdict"), str):
                self._add(record)

    def of(self, sha256: str, with_: str | None = None) -> Record | None:
        """The verdict on a file: that of the set `with_`, or the latest of any."""
        found = self._found.get(sha256, {})
        return found.get(with_) if with_ else next(reversed(found.values()), None)

    def add(self, record: Record) -> None:
        """Keep a verdict. Raises VisionError for a full disk."""
        add(self._journal, record)
        self._add(record)

    def _add(self, record: Record) -> None:
        by_set = self._found.setdefault(str(record.get("sha256")), {})
        by_set.pop(str(record.get("compared_with")), None)  # the latest comes last
        by_set[str(record.get("compared_with"))] = record


def held_to(body: bytes, known: Known, named: tuple[str, ...]) -> Record:
    """What a stranger's file is to the artist's pictures.

    Candidates are found among all works; those of the works `named` by rows that list the address
    are compared in any case.
    """
    from optout.vision.references import find
    from optout.vision.verify import Comparison, compare, look

    seen = look(body)
    sha256 = seen.fingerprint.sha256
    if sha256 in known.hashed:
        work = known.hashed[sha256]
        return _record(seen, Comparison("same file", 1.0, "sha256"), known, work)
    if seen.fingerprint.reason:
        return _record(seen, Comparison(NOT_LOOKED_AT, 0.0, "decoding"), known, None)
    found = find(seen, known.references)
    if not any(one.is_copy for _, one in found):
        wanted = [n for work_id in named for n in known.held(work_id)]
        found += [(n, compare(known.references.seen[n], seen)) for n in dict.fromkeys(wanted)]
    found = [(n, one) for n, one in found if one.verdict != NOT_LOOKED_AT]
    if not found:
        return _record(seen, Comparison("different", 0.0, "pdq"), known, None)
    n, best = max(found, key=lambda one: (one[1].is_copy, _near(one[1]), one[1].score, -one[0]))
    tied = best.is_copy or _near(best)
    return _record(seen, best, known, known.works[n] if tied else None)


def _near(found: Comparison) -> bool:
    return found.verdict == "similar only"


def _record(seen: Seen, found: Comparison, known: Known, work: Work | None) -> Record:
    """The columns of COMPARISONS that a file and its nearest picture decide."""
    from optout.vision.decode import reasons

    print_ = seen.fingerprint
    moved = found.movement if found.is_copy else None
    numbers: dict[str, Any] = dict.fromkeys(
        ("scale", "turn", "squash", "overlap", "covered", "mirrored", "inverted", "box")
    )
    if moved:
        numbers = {key: value for key, value in asdict(moved).items() if key in numbers}
        numbers = {
            key: round(value, 4) if isinstance(value, float) else value
            for key, value in numbers.items()
        }
        numbers["box"] = [round(side, 4) for side in moved.box]
    elif found.hash and found.is_copy:
        numbers |= {"mirrored": _mirrored(found.hash.form), "inverted": found.hash.inverted}
    return {
        "verdict": found.verdict,
        "reason": reasons()[print_.reason] if print_.reason else "",
        "work_id": work.work_id if work else None,
        "image_url": work.image_url if work else None,
        "stage": found.stage,
        "score": round(found.score, 4),
        "pdq_distance": found.hash.distance if found.hash else None,
        "inliers": found.inliers,
        "alike": round(found.alike, 4),
        "blocks": found.blocks,
        "spread": round(found.spread, 4),
        **numbers,
        "sha256": print_.sha256,
        "md5": print_.md5,
        "phash": print_.phash,
        "size": print_.size,
        "width": print_.width,
        "height": print_.height,
        "format": print_.format,
        "compared_with": known.name,
    }


def _mirrored(form: str) -> bool:
    return form in {"mirrored", "upside down", "transposed", "anti-transposed"}

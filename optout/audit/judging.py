"""Rows and what sites answered → one verdict per row and reader. Nothing is fetched here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from optout.audit.work import Row
from optout.readers.subject import UNKNOWN, SiteFile, Subject, undecided
from optout.readers.table import Reader
from optout.readers.verdicts import Verdict, verdict


class Judged(NamedTuple):
    """One line of the output; the names are its columns."""

    file: str  # of the list
    row: int  # in it, from zero
    url: str | None  # as it stands there
    reader: str
    purpose: str  # what it would take the image for; "; " between several
    verdict: str  # allowed, disallowed or unknown
    signal: str | None  # robots.txt or the header's name, where one decided
    where_found: str | None  # address of the file or answer looked at
    line: int | None  # of robots.txt, or which of the header's lines; from 1
    raw: str | None  # that line as served
    clause: str | None  # of the specification, documentation or source
    observed_at: datetime | None
    reason: str | None  # of unknown


def judged(
    rows: Sequence[Row], of: Sequence[Reader], files: Mapping[str, SiteFile], missing: str
) -> Iterator[Judged]:
    """Verdicts of the readers `of`, rows in order and readers in order within each.

    `files` are robots.txt by origin; `missing` says why a row has no answer of its own.
    """
    purposes = ["; ".join(reader.purposes) for reader in of]
    for row in rows:
        subject = _subject(row, files, missing)
        for reader, purpose in zip(of, purposes, strict=True):
            if row.address is None:
                found = undecided(reader, subject, UNKNOWN, "", subject.reason)
            else:
                found = verdict(reader, subject)
            yield _line(row, reader, purpose, found)


def _subject(row: Row, files: Mapping[str, SiteFile], missing: str) -> Subject:
    if row.address is None:
        reason = "it is no http(s) address" if row.text else "the row holds no address"
        return Subject(row.text or "", reason=reason)
    if row.answer is None:
        return Subject(row.address, (), files, missing)
    answer = row.answer
    return Subject(row.address, answer.hops, files, answer.reason, answer.observed_at)


def _line(row: Row, reader: Reader, purpose: str, found: Verdict) -> Judged:
    signal = None if found.signal == "none" else found.signal
    unknown = found.value == UNKNOWN
    return Judged(
        row.file,
        row.number,
        row.text,
        reader.name,
        purpose,
        found.value,
        signal,
        found.where or None,
        found.line,
        found.raw or None,
        found.clause if signal or not unknown else None,
        found.observed_at,
        found.why if unknown else None,
    )


def as_object(line: Judged) -> dict[str, Any]:
    """The line by column name, its time as text."""
    fields = line._asdict()
    if line.observed_at is not None:
        fields["observed_at"] = line.observed_at.isoformat(timespec="seconds").replace(
            "+00:00", "Z"
        )
    return fields

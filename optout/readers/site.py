"""A case's observations → what each origin says to each reader, image by image."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from crawler.signals import content_usage, robots_txt
from crawler.urls import clean, origin
from optout.readers.around import Around, pages_of
from optout.readers.table import Reader, reported
from optout.readers.verdicts import (
    ALLOWED,
    DISALLOWED,
    UNKNOWN,
    Hop,
    SiteFile,
    Subject,
    Verdict,
    answers,
    site_file,
    verdict,
)

if TYPE_CHECKING:
    import duckdb

_PATHS = 50  # of Content-Usage rules looked at in one file
_BATCH = 1000  # rows made into Python objects at a time
# Which of an origin's verdicts is shown as its reason: what forbids first, then what is open.
_TELLING = (DISALLOWED, UNKNOWN, ALLOWED)


@dataclass(frozen=True, slots=True)
class ReaderRow:
    """What one origin says to one reader, over the images whose address is there.

    An origin with a robots.txt and no image has zero counts; `deciding` is then about its root.
    """

    origin: str
    reader: Reader
    allowed: int
    disallowed: int
    unknown: int
    # The most frequent verdict of the most restrictive value there is.
    deciding: Verdict


def reader_summary(
    connection: duckdb.DuckDBPyConnection, of: Sequence[Reader] | None = None
) -> list[ReaderRow]:
    """Per origin, in alphabetical order, one row per reader in the order given.

    Without `of`, the readers that reports show.
    """
    of = reported() if of is None else of
    files = _site_files(connection)
    tallies: dict[str, list[_Tally]] = {}
    for subject in _subjects(connection, files, whole=_needs_all(of)):
        place = origin(subject.url)
        if place not in tallies:
            tallies[place] = [_Tally() for _ in of]
        for reader, tally in zip(of, tallies[place], strict=True):
            tally.add(verdict(reader, subject))
    rows = {
        place: [tally.row(place, reader) for reader, tally in zip(of, found, strict=True)]
        for place, found in tallies.items()
    }
    rows |= {place: _root_rows(place, files, of) for place in files.keys() - rows.keys()}
    return [row for place in sorted(rows) for row in rows[place]]


def image_verdicts(
    connection: duckdb.DuckDBPyConnection, of: Sequence[Reader] | None = None
) -> Iterator[tuple[str, Verdict]]:
    """(image address, verdict) for every image of the current runs and every reader.

    Images by address, readers in the order given; without `of`, those that reports show. A reader
    whose verdicts differ by purpose gives one for each.
    Addresses that were only listed, not asked for, are judged by what is known of their origin.
    """
    of = reported() if of is None else of
    for subject in _subjects(connection, _site_files(connection), whole=_needs_all(of)):
        for reader in of:
            for found in answers(reader, subject):
                yield subject.named, found


def _needs_all(of: Sequence[Reader]) -> bool:
    """Whether any of them looks at more than robots.txt and header lines."""
    return any(reader.families or reader.page_rules for reader in of)


def robots_rows(connection: duckdb.DuckDBPyConnection) -> Iterator[dict[str, Any]]:
    """Every line but comments of the current robots.txt files, with the columns of signals.sql.

    `raw` is the line; `line`, `agents`, `key` and `value` are added.
    """
    for row in _query(connection, "robots_files"):
        if row["body"] is None or row["status"] is None or row["status"] // 100 != 2:
            continue
        for found in robots_txt.parse(row["body"]).lines:
            if found.key or not found.raw.lstrip("\ufeff").lstrip().startswith("#"):
                yield {
                    "observed_at": row["observed_at"],
                    "signal": "robots.txt",
                    "subject": "site_file",
                    "url": row["url"],
                    "where_found": row["final_url"] or row["url"],
                    "raw": found.raw,
                    "run_id": row["run_id"],
                    "line": found.line,
                    "agents": list(found.agents),
                    "key": found.key,
                    "value": found.value,
                }


class _Tally:
    """Counts one origin's verdicts for one reader, alike ones together."""

    def __init__(self) -> None:
        self.values: Counter[str] = Counter()
        self.alike: Counter[tuple[object, ...]] = Counter()
        self.first: dict[tuple[object, ...], Verdict] = {}

    def add(self, found: Verdict) -> None:
        key = (found.value, found.signal, found.line, found.raw, found.why)
        self.values[found.value] += 1
        self.alike[key] += 1
        self.first.setdefault(key, found)

    def row(self, place: str, reader: Reader) -> ReaderRow:
        value = next(value for value in _TELLING if self.values[value])
        # Of equally frequent ones the first met: images come in the order of their addresses.
        key, _ = next(pair for pair in self.alike.most_common() if pair[0][0] == value)
        return ReaderRow(
            origin=place,
            reader=reader,
            allowed=self.values[ALLOWED],
            disallowed=self.values[DISALLOWED],
            unknown=self.values[UNKNOWN],
            deciding=self.first[key],
        )


def _root_rows(place: str, files: dict[str, SiteFile], of: Sequence[Reader]) -> list[ReaderRow]:
    """Readers of an image's own answer have nothing to go by where no image is."""
    root = Subject(f"{place}/", site_files=files)
    return [ReaderRow(place, r, 0, 0, 0, verdict(r, root)) for r in of if r.token]


def subjects(connection: duckdb.DuckDBPyConnection) -> Iterator[Subject]:
    """Everything a case knows an answer about, with what was served around it.

    Its images by address; origins with a robots.txt and no image; pages that say something.
    """
    files = _site_files(connection)
    places = set()
    for subject in _subjects(connection, files, whole=True):
        places.add(origin(subject.url))
        yield subject
    around = Around(_query, connection)
    for place in sorted(files.keys() - places):
        yield around.completed(Subject(f"{place}/", site_files=files))
    for page in pages_of(list(_query(connection, "signal_pages"))):
        yield Subject(page.url, observed_at=page.observed_at, pages=(page,))
    yield from _answered_pages(connection)
    yield from _preferred(files)


def _answered_pages(connection: duckdb.DuckDBPyConnection) -> Iterator[Subject]:
    """Pages whose answers have header lines of their own, alike ones of an origin once."""
    met = set()
    for row in _query(connection, "signal_answers"):
        hop = _hop(row)
        lines = (origin(hop.url), hop.headers)
        if lines not in met:
            met.add(lines)
            yield Subject(hop.url, hops=(hop,), observed_at=row["observed_at"])


def _preferred(files: dict[str, SiteFile]) -> Iterator[Subject]:
    """Paths that Content-Usage rules name: of no image perhaps, and found all the same."""
    for place, file in sorted(files.items()):
        rules = content_usage.parse_rules(file.rules) if file.rules else []
        paths = (rule.path.partition("*")[0].rstrip("$") for rule in rules if rule.path)
        for path in islice(dict.fromkeys(paths), _PATHS):
            yield Subject(f"{place}{path}", site_files=files)


def _subjects(
    connection: duckdb.DuckDBPyConnection, files: dict[str, SiteFile], *, whole: bool
) -> Iterator[Subject]:
    around = Around(_query, connection) if whole else None
    for row in _query(connection, "image_answers"):
        subject = Subject(
            url=clean(row["image_url"]) or row["image_url"],
            hops=tuple(_hop(hop) for hop in row["chain"] or ()),
            site_files=files,
            reason=row["reason"] or "",
            observed_at=row["observed_at"],
            named=row["image_url"],
        )
        yield around.completed(subject) if around else subject


def _hop(hop: dict[str, Any]) -> Hop:
    lines = tuple((line["name"], line["value"]) for line in hop["headers"] or ())
    return Hop(hop["url"], hop["status"], lines)


def _site_files(connection: duckdb.DuckDBPyConnection) -> dict[str, SiteFile]:
    return {
        row["origin"]: site_file(
            row["url"],
            outcome=row["outcome"],
            status=row["status"],
            body=row["body"],
            reason=row["reason"],
            observed_at=row["observed_at"],
        )
        for row in _query(connection, "robots_files")
    }


def _query(connection: duckdb.DuckDBPyConnection, name: str) -> Iterator[dict[str, Any]]:
    """Rows of a query. The result is complete before the first row is given out, since a later
    question on the same connection would silently end a streamed one."""
    from optout.database import relation

    for batch in relation(connection, name).to_arrow_table().to_batches(_BATCH):
        yield from batch.to_pylist()

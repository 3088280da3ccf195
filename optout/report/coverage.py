"""Runs of a case → how much of its sites was seen: what was not, why, and what of it could have
been captured by a LAION-type pipeline."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from optout.report.findings import Row
from optout.report.words import label, words

if TYPE_CHECKING:
    import duckdb

CAPTURED, NOT_KNOWN = "captured", "not_known"
_ORDER = ("pages", "images", "files")


@dataclass(frozen=True, slots=True)
class Coverage:
    """What some runs saw and did not see. The rows are in the order in which they are shown."""

    # Columns of report_coverage.sql, with `words`, `counted` (an unseen page of the artist's own
    # sites), `partial` (it makes the crawl a partial one) and `told` (the reason says more).
    unseen: tuple[Row, ...] = ()
    shapes: tuple[Row, ...] = ()  # columns of report_coverage_shape.sql, with `words`

    @property
    def partial(self) -> bool:
        """Whether pages of the sites were there to be read, and were not read (to their end)."""
        return any(row["partial"] for row in self.unseen)

    @property
    def pages_not_seen(self) -> int:
        """Page addresses of the sites that are known and were not read."""
        return sum(row["addresses"] or 0 for row in self.unseen if row["counted"])

    @property
    def images(self) -> int:
        """Distinct images of which it is known whether a pipeline could have captured them."""
        return sum(row["images"] for row in self.shapes if row["shape"] != NOT_KNOWN)

    @property
    def captured(self) -> int:
        """Those of `images` that a LAION-type pipeline could have captured."""
        return sum(row["images"] for row in self.shapes if row["shape"] == CAPTURED)

    @property
    def not_captured(self) -> tuple[Row, ...]:
        """Why it could not have captured the others, reason by reason."""
        return tuple(row for row in self.shapes if row["shape"] not in (CAPTURED, NOT_KNOWN))


def coverage(connection: duckdb.DuckDBPyConnection, run_ids: Sequence[str]) -> Coverage:
    """The coverage of the runs named, all together."""
    from optout.database import dictionaries, relation

    chosen = sorted(run_ids)
    unseen = dictionaries(relation(connection, "report_coverage", run_ids=chosen))
    shapes = dictionaries(relation(connection, "report_coverage_shape", run_ids=chosen))
    order = {why: place for place, why in enumerate(words()["unseen"])}
    return Coverage(
        unseen=tuple(
            sorted(
                (_in_words(row) for row in unseen if row["addresses"] != 0),
                key=lambda row: (
                    _ORDER.index(row["what"]) if row["what"] in _ORDER else len(_ORDER),
                    order.get(row["why"], len(order)),
                    row["asked"],
                ),
            )
        ),
        shapes=tuple(row | {"words": label("shape", row["shape"])} for row in shapes),
    )


def current(connection: duckdb.DuckDBPyConnection) -> Coverage:
    """The coverage of the runs that say how things are now."""
    rows = connection.execute("SELECT run_id FROM runs WHERE is_current").fetchall()
    return coverage(connection, [row[0] for row in rows])


def flat(seen: Coverage) -> Iterator[Row]:
    """All rows in one form: what, why, words, addresses, reason, example."""
    for row in seen.unseen:
        yield {key: row[key] for key in ("what", "why", "words", "addresses", "reason", "example")}
    for row in seen.shapes:
        yield {
            "what": "LAION shape",
            "why": row["shape"],
            "words": row["words"],
            "addresses": row["images"],
            "reason": None,
            "example": row["example"],
        }


def _in_words(row: Row) -> Row:
    known = words()["unseen"].get(row["why"], {})
    pages = row["what"] == "pages"
    return row | {
        "words": known.get("label", row["why"].replace("_", " ")),
        "told": bool(known.get("told") and row["reason"]),
        "counted": pages and bool(known.get("counted", True)),
        # An image that was asked for in vain is known all the same, by its address.
        # A kind that has no words yet is taken for a limit.
        "partial": bool(known.get("partial", not known))
        and (row["what"] != "images" or not row["asked"]),
    }

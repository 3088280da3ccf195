"""A case after its second run → what is new or gone: matches, hosts, signals, requests asked.

Matches are compared with the search of an earlier day of the crawl, hosts and signals with the
crawl before the latest. Nothing here is a verdict: a signal that was not seen is "not seen".
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from optout.case import Case, read_summary
from optout.decisions import decisions
from optout.matching.stored import file_names
from optout.register.again import told
from optout.runs import readable_crawls

if TYPE_CHECKING:
    import duckdb

Row = dict[str, Any]

_SHOWN = 3  # hosts or signals that one sentence names


@dataclass(frozen=True, slots=True)
class SecondRun:
    """What differs. Rows of matches have the columns of queries/match_changes.sql, of hosts those
    of host_changes.sql; a signal has change, origin, signal, subject, places, example, last_seen
    and since (days, ISO 8601)."""

    since: str  # the end of the crawl before, ISO 8601; "" where there is none
    searched_since: str  # the date of the search before; "" where there is none
    matches: tuple[Row, ...]
    hosts: tuple[Row, ...]
    signals: tuple[Row, ...]
    asked: tuple[str, ...]  # what was asked already, one line per recipient

    def matches_by(self, change: str, *, both_read: bool = True) -> list[Row]:
        """The new or gone ones in files that both searches read, or only one of them."""
        return [m for m in self.matches if m["change"] == change and m["both_read"] == both_read]

    def of(self, rows: Iterable[Row], change: str) -> list[Row]:
        """Those of `rows` with this change."""
        return [row for row in rows if row["change"] == change]

    @property
    def sentences(self) -> tuple[str, ...]:
        """The difference in a few words each; empty where nothing differs."""
        return tuple(_sentences(self))


def second_run(connection: duckdb.DuckDBPyConnection, case: Case) -> SecondRun | None:
    """What differs from the run before; None when nothing was read or searched twice.

    Raises CaseError for an unreadable summary or a damaged register.
    """
    crawls = readable_crawls([read_summary(run) for run in case.runs()])
    latest = crawls[-1] if crawls else {}
    same = [crawl for crawl in crawls[:-1] if crawl.get("sites") == latest.get("sites")]
    before = same[-1] if same else {}
    searched = _summary(case)
    searched_before = searched.get("before") or {}
    if not before and not searched_before:
        return None
    hosts: list[Row] = []
    signals: list[Row] = []
    if before:
        ids = {"run_id": latest["run_id"], "previous_id": before["run_id"]}
        hosts = _rows(connection, "host_changes", **ids)
        signals = list(_signals(case, latest["run_id"]))
    matches = _matches(connection, case, searched) if searched_before else []
    return SecondRun(
        since=str(before.get("finished_at", "")),
        searched_since=str(searched_before.get("date", "")),
        matches=tuple(matches),
        hosts=tuple(hosts),
        signals=tuple(signals),
        asked=tuple(told(case)),
    )


def second_run_of(case: Case) -> SecondRun | None:
    """As second_run, with a connection of its own."""
    from optout.database import open_case
    from optout.report.damage import damage_told

    with damage_told(case), open_case(case) as connection:
        return second_run(connection, case)


def flat(found: SecondRun) -> Iterator[Row]:
    """Every difference as one row: change, what, where, match_id, strength, last_seen, since."""
    blank = dict.fromkeys(("change", "what", "where", "match_id", "strength", "last_seen", "since"))
    for row in found.matches:
        more = {} if row["both_read"] else {"change": f"{row['change']}, file not read both times"}
        same = {name: row[name] for name in ("change", "match_id", "strength")}
        yield blank | same | {"what": "match", "where": row["url"]} | more
    for row in found.hosts:
        yield blank | {"change": row["change"], "what": "host", "where": row["host"]}
    for row in found.signals:
        same = {name: row[name] for name in ("change", "last_seen", "since")}
        yield blank | same | {"what": row["signal"], "where": row["example"]}
    for text in found.asked:
        yield blank | {"change": "left out", "what": "request", "where": text}


def _sentences(found: SecondRun) -> Iterator[str]:
    for change, words in (("new", "{} new {}"), ("gone", "{} {} gone")):
        if rows := found.matches_by(change):
            yield words.format(*_many(len(rows), "match").split(" "))
        if rows := found.matches_by(change, both_read=False):
            read = "read before" if change == "new" else "read this time"
            yield f"{_many(len(rows), 'match')} in files that were not {read}"
    others = [row["change"] for row in found.matches if row["change"].startswith("now ")]
    for change in dict.fromkeys(others):
        yield f"{_many(others.count(change), 'match')} {change}"
    for change in ("new", "gone"):
        if rows := found.of(found.hosts, change):
            yield f"{_many(len(rows), 'host')} {change} ({_some(row['host'] for row in rows)})"
    for row in found.signals[:_SHOWN]:
        yield _signal(row)
    if len(found.signals) > _SHOWN:
        yield f"{len(found.signals) - _SHOWN} more changes of signals"


def _signal(row: Row) -> str:
    """One change of a signal, with the day it was first seen to be so."""
    places = "" if row["subject"] == "site" else f" ({_many(row['places'], row['subject'])})"
    last = f", last seen {row['last_seen']}" if row["change"] == "lost" else ""
    return f"{row['signal']} of {row['origin']}{places} {row['change']} since {row['since']}{last}"


def _signals(case: Case, run_id: str) -> Iterator[Row]:
    """Changes of the ledger that the run `run_id` was the first to see."""
    from optout.ledger import groups, open_ledger

    with open_ledger(case) as connection:
        for group in groups(connection):
            last = group["periods"][-1]
            if group["archived"] or group["signal"] == "image" or last["changed_from"] is None:
                continue
            if last["state"] == "unknown" or last["runs"][0] != run_id:
                continue
            before = next(p for p in group["periods"] if p["number"] == last["changed_from"])
            yield {
                "change": _CHANGES.get((before["state"], last["state"]), "changed"),
                **{name: group[name] for name in ("origin", "signal", "subject", "places")},
                "example": group["example"],
                "last_seen": f"{before['last_at']:%Y-%m-%d}",
                "since": f"{last['first_at']:%Y-%m-%d}",
            }


_CHANGES = {("present", "absent"): "lost", ("absent", "present"): "new"}


def _matches(connection: duckdb.DuckDBPyConnection, case: Case, searched: Row) -> list[Row]:
    said = decisions(case)
    return _rows(
        connection,
        "match_changes",
        rejected=[match_id for match_id, last in said.items() if last.verdict == "rejected"],
        files_now=file_names(searched),
        files_before=list(searched["before"].get("files", [])),
    )


def _summary(case: Case) -> Row:
    """matches/summary.json; a damaged one says nothing, since it can be made again."""
    try:
        found = json.loads((case.matches / "summary.json").read_text("utf-8"))
        datetime.fromisoformat(found["before"]["date"])
        [str(name) for name in found["before"]["files"]]
        file_names(found)
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return {}
    present = (case.matches / "matches.parquet", case.matches / "matches_before.parquet")
    return found if all(file.is_file() for file in present) else {}


def _rows(connection: duckdb.DuckDBPyConnection, query: str, **variables: Any) -> list[Row]:
    from optout.database import dictionaries, relation

    return dictionaries(relation(connection, query, **variables))


def _some(names: Iterable[str]) -> str:
    listed = list(names)
    more = f" and {len(listed) - _SHOWN} more" if len(listed) > _SHOWN else ""
    return ", ".join(listed[:_SHOWN]) + more


def _many(count: int, what: str) -> str:
    plural = "es" if what.endswith("ch") else "s"
    return f"{count} {what}{'' if count == 1 else plural}"

"""Matches, decisions and observations of a case → what is asked of whom, row by row."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from optout import tables
from optout.case import Case
from optout.decisions import decisions, licensed_hosts
from optout.errors import CaseError
from optout.requests.hosts import Domains, OwnHosts, host_of, own_domains, own_hosts
from optout.requests.plain import clean
from optout.requests.recipients import Recipient, recipients

if TYPE_CHECKING:
    import duckdb

Row = dict[str, Any]  # the columns of queries/request_rows.sql, and `host`


@dataclass(frozen=True, slots=True)
class Material:
    """Everything a case holds that requests are made from."""

    searched: bool  # whether any data set has been searched
    searched_in: str  # what the search read, in words; "" where matches/ does not say
    rows: tuple[Row, ...]  # may enter a request, in order of data set, file and row
    counts: tuple[Row, ...]  # the columns of queries/request_waiting.sql
    own: OwnHosts
    seen: frozenset[str]  # hosts where the crawl found the artist's images
    licensed: frozenset[str]
    domains: Domains
    headers: tuple[Row, ...]  # the columns of queries/request_signals.sql
    robots: tuple[Row, ...]  # the columns of queries/request_robots.sql


@dataclass(frozen=True, slots=True)
class RequestList:
    """What is asked of one destination: rows of data sets, or domains."""

    recipient: Recipient
    host: str = ""  # of a repost; "" where the destination is one party
    rows: tuple[Row, ...] = ()
    domains: tuple[str, ...] = ()  # the artist's own


@dataclass(frozen=True, slots=True)
class Plan:
    """All request lists of a case, and why other destinations get none."""

    lists: tuple[RequestList, ...]
    empty: tuple[tuple[Recipient, str], ...]
    no_destination: tuple[tuple[str, int], ...]  # data set, rows


def gather(case: Case) -> Material:
    """Read the case. Raises CaseError where matches, observations or decisions are damaged."""
    said = decisions(case)
    verdicts = {
        verdict: [match_id for match_id, last in said.items() if last.verdict == verdict]
        for verdict in ("confirmed", "rejected")
    }
    today = case.as_of().date()
    with _opened(case) as connection:
        rows = _rows(connection, "request_rows", **verdicts)
        seen = _rows(connection, "request_seen_origins")
        return Material(
            searched=(case.matches / "matches.parquet").is_file(),
            searched_in=_searched_in(case),
            rows=tuple(row | {"host": host_of(row["url"])} for row in rows),
            counts=tuple(_rows(connection, "request_waiting", **verdicts)),
            own=own_hosts(case, today),
            seen=frozenset(host_of(row["origin"]) for row in seen) - {""},
            licensed=frozenset(licensed_hosts(case)),
            domains=own_domains(case, today),
            headers=tuple(_rows(connection, "request_signals")),
            robots=tuple(_rows(connection, "request_robots")),
        )


def plan(material: Material, *, shows_me: bool = False) -> Plan:
    """Who is asked for what. `shows_me`: the pictures or their addresses show the sender."""
    lists: list[RequestList] = []
    empty: list[tuple[Recipient, str]] = []
    for recipient in recipients().values():
        if recipient.kind is None:
            continue
        if recipient.kind.shows_me and not shows_me:
            why = "only when a picture or its address shows you: optout requests --shows-me"
            empty.append((recipient, why))
            continue
        made = list(_lists(recipient, material))
        lists += made
        if not made:
            empty.append((recipient, _why_empty(recipient, material)))
    return Plan(tuple(lists), tuple(empty), _without_destination(material.rows))


def rows_of(case: Case, query: str, **variables: Any) -> list[Row]:
    """All rows of a query over the case. Raises CaseError when its files cannot be read."""
    with _opened(case) as connection:
        return _rows(connection, query, **variables)


def _lists(recipient: Recipient, material: Material) -> Iterator[RequestList]:
    domains = material.domains.listed if "domains" in recipient.lists else ()
    if recipient.place:
        yield from _by_host(recipient, material)
    elif recipient.datasets:
        rows = [r for r in material.rows if recipient.covers(r["dataset"], r["edition"])]
        if rows:
            yield RequestList(recipient, rows=tuple(rows), domains=domains)
    elif domains:
        yield RequestList(recipient, domains=domains)


def _by_host(recipient: Recipient, material: Material) -> Iterator[RequestList]:
    by_host: dict[str, list[Row]] = {}
    for row in material.rows:
        if _at_place(recipient, row) and not _spared(row["host"], material):
            by_host.setdefault(row["host"], []).append(row)
    for host in sorted(by_host):
        yield RequestList(recipient, host, tuple(by_host[host]))


def _at_place(recipient: Recipient, row: Row) -> bool:
    """Whether a row shows a repost: its bytes do, or its address says whose picture it is."""
    if row["place"] != recipient.place or not row["host"]:
        return False
    evidence = set(row["evidence"] or ())
    return (
        row["strength"] == "same_image"
        or row["confirmed"]
        or bool(evidence & set(recipient.address_evidence))
    )


def _spared(host: str, material: Material) -> bool:
    """Hosts that no letter goes to: the artist's own, those they use, those they licensed."""
    return material.own.own(host) or host in material.seen or host in material.licensed


def _why_empty(recipient: Recipient, material: Material) -> str:
    if not recipient.datasets and not recipient.place:
        if material.domains.left_out:
            reasons = [f"{name}: {why}" for name, why in material.domains.left_out[:3]]
            return "no domain that is wholly yours (" + "; ".join(reasons) + ")"
        return "no site or host of yours is named in optout.toml"
    if not material.searched:
        return "no data set has been searched"
    if recipient.place:
        return "no confirmed row, same file or unwrapped address on somebody else's host"
    within = f" ({material.searched_in})" if material.searched_in else ""
    return f"no row of its data sets is at your addresses, has your files or was confirmed{within}"


def _without_destination(rows: Iterable[Row]) -> tuple[tuple[str, int], ...]:
    """Data sets whose maker no recipient stands for, with their number of rows."""
    makers = [r for r in recipients().values() if r.datasets and r.kind]
    count: Counter[str] = Counter()
    for row in rows:
        if not any(maker.covers(row["dataset"], row["edition"]) for maker in makers):
            count[row["dataset"] or ""] += 1
    return tuple(sorted(count.items()))


def _searched_in(case: Case) -> str:
    """What matches/summary.json says was read; it only adds to sentences, so it may be absent."""
    try:
        said = json.loads((case.matches / "summary.json").read_text("utf-8"))
        editions = sorted({clean(f"{d['dataset']} {d['edition']}"[:80]) for d in said["datasets"]})
        return f"{said['files']:,} files with {said['rows']:,} rows of {', '.join(editions[:5])}"
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return ""


@contextmanager
def _opened(case: Case) -> Iterator[duckdb.DuckDBPyConnection]:
    from optout.database import open_case

    with open_case(case) as connection:
        for name, schema in (("matches", tables.MATCHES), ("works", tables.WORKS)):
            if not (case.matches / f"{name}.parquet").is_file():
                connection.register(name, schema.empty_table())
        yield connection


def _rows(connection: duckdb.DuckDBPyConnection, query: str, **variables: Any) -> list[Row]:
    from optout.database import dictionaries, relation

    try:
        return dictionaries(relation(connection, query, **variables))
    except Exception as error:
        # Only optout.database knows DuckDB's exceptions; a damaged file shows itself when read.
        if "duckdb" not in type(error).__module__:
            raise
        raise CaseError(
            f"the case's tables cannot be read: {str(error).splitlines()[0]}",
            "make matches/ again: optout match --dataset SPEC",
        ) from error
